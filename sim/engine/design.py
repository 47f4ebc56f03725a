"""How a replication's uncertain figures are drawn: alone, together, or spread evenly over all replications.

Without a design or correlations a figure is drawn from the stream of its name. Else it is the quantile of its
law at a number between 0 and 1: that of the design, made dependent by a Gaussian copula where figures are
correlated. Latin hypercube: McKay, Beckman and Conover (1979). Sobol sequence with a random digital shift:
Owen, "Randomized quasi-Monte Carlo" (1995); directions of Joe and Kuo (2008), as in SciPy.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from sim.case import Case, Design
from sim.engine.draws import stream, streams

OWN = "uncertain."
"""Before the path of a figure: the name of its stream."""
BITS = 30
"""Binary digits of a point of the Sobol sequence."""
BLOCK = 256
"""Points of the Sobol sequence that are made at once; a power of 2."""


def drawn_numbers(case: Case, replication: int) -> dict[str, float]:
    """Return a replication's uncertain figures by path.

    With random draws and with the Sobol design, replication i is the same for any number of replications;
    with a Latin hypercube it depends on the case's number of replications, since it is one of so many strata.
    """
    # A scenario, its baseline and the record of what was drawn ask for the same figures, one after the other.
    key = (case.seed, replication, case.design, case.replications, case.correlations)
    if _LAST and _LAST[0] is case.uncertain and _LAST[1] == key:
        return dict(_LAST[2])
    found = _drawn(case, replication)
    _LAST[:] = [case.uncertain, key, found]
    return dict(found)


_LAST: list[Any] = []
"""What was drawn last: the uncertain figures (the very tuple), the key, the numbers."""


def _drawn(case: Case, replication: int) -> dict[str, float]:
    laws = {item.path: item.distribution for item in case.uncertain}
    together = {path for item in case.correlations for path in item.paths}
    if case.design is Design.RANDOM and not together:
        own = streams(case.seed, tuple(f"{OWN}{path}" for path in laws), replication)
        return {path: float(law.draw(rng)) for (path, law), rng in zip(laws.items(), own, strict=True)}
    points = _points(case, tuple(laws), replication)
    points |= _dependent(case, points, sorted(together), replication)
    return {
        path: law.quantile(points[path]) if path in points else float(law.draw(_own(case, path, replication)))
        for path, law in laws.items()
    }


def _own(case: Case, path: str, replication: int) -> np.random.Generator:
    return stream(case.seed, f"{OWN}{path}", replication)


def _points(case: Case, paths: tuple[str, ...], replication: int) -> dict[str, float]:
    """Return the design's number between 0 and 1 for each path; none if draws are random."""
    if case.design is Design.LATIN_HYPERCUBE:
        return {path: _latin(case, path, replication) for path in paths}
    if case.design is Design.SOBOL:
        block, row = divmod(replication, BLOCK)
        digits = _sobol(len(paths), block)[row]
        return {
            path: ((int(digit) ^ shift) + 0.5) / 2**BITS
            for path, digit, shift in zip(paths, digits, _shifts(case.seed, paths), strict=True)
        }
    return {}


def _latin(case: Case, path: str, replication: int) -> float:
    """Return a point of one of as many strata as there are replications; each stratum has one point."""
    stratum = _strata(case.seed, path, case.replications)[replication % case.replications]
    within = _inside(float(_own(case, path, replication).random()))
    return (float(stratum) + within) / case.replications


@lru_cache(maxsize=1024)
def _strata(seed: int, path: str, count: int) -> np.ndarray:
    return stream(seed, f"design.{path}", 0).permutation(count)


@lru_cache(maxsize=4)
def _shifts(seed: int, paths: tuple[str, ...]) -> tuple[int, ...]:
    """Return the digital shift of each path, the same for all replications."""
    return tuple(int(stream(seed, f"design.{path}", 0).integers(2**BITS)) for path in paths)


@lru_cache(maxsize=4)
def _sobol(dimensions: int, block: int) -> np.ndarray:
    """Return a block of the unshifted Sobol sequence as integers, shape (point, dimension)."""
    from scipy.stats.qmc import Sobol

    sequence = Sobol(dimensions, scramble=False, bits=BITS)
    if block:
        sequence.fast_forward(block * BLOCK)
    found: np.ndarray = np.rint(sequence.random(BLOCK) * 2**BITS).astype(np.int64)
    return found


def _dependent(
    case: Case, points: dict[str, float], together: list[str], replication: int
) -> dict[str, float]:
    """Return the numbers of correlated figures, each uniform, dependent by the case's rank correlations."""
    if not together:
        return {}
    from scipy.special import ndtr, ndtri

    alone = [points.get(path) for path in together]
    normal = [
        float(_own(case, path, replication).standard_normal()) if point is None else float(ndtri(point))
        for path, point in zip(together, alone, strict=True)
    ]
    mixed = _factor(tuple((*item.paths, item.rank) for item in case.correlations)) @ np.array(normal)
    return {path: _inside(float(ndtr(value))) for path, value in zip(together, mixed, strict=True)}


@lru_cache(maxsize=16)
def _factor(pairs: tuple[tuple[str, str, float], ...]) -> np.ndarray:
    """Return the lower triangle that mixes independent normals, rows in the order of the names."""
    from sim.case import normal_correlations

    factor: np.ndarray = np.linalg.cholesky(normal_correlations(pairs)[1])
    return factor


def _inside(share: float) -> float:
    return min(max(share, math.ulp(0.5)), 1.0 - math.ulp(0.5))
