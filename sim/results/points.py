"""The points of a sweep: every combination of a grid, or a number of them spread evenly over ranges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.case import Design, Uncertain
from sim.domain import Distribution
from sim.errors import RunFailed
from sim.results.plan import Source, plan_of, with_ranges
from sim.results.unfinished import record_of

if TYPE_CHECKING:
    from sim.case import Case
    from sim.domain import Network

PREFIX = "at:"
"""Before a swept path in the names of the table's columns."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a grid: the values by path, and what is run there."""

    values: Mapping[str, str]
    plan: Source

    @property
    def key(self) -> str:
        """A name that only this case, number of replications and version have."""
        record = record_of(with_ranges(self.plan.case)) | {"replications": str(self.plan.case.replications)}
        record |= {f"{PREFIX}{path}": value for path, value in self.values.items()}
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:20]


def grid_points(
    source: str | Path,
    grid: Mapping[str, Sequence[str]],
    *,
    design: Design | None = None,
    count: int = 0,
    replications: int | None = None,
    seed: int | None = None,
    sets: Sequence[str] = (),
) -> list[Point]:
    """Resolve a scenario at every point of a sweep; the scenario's own ``sweep:`` counts if no grid is given.

    Parameters
    ----------
    grid
        Values by path; in a design also a range, ``"30 d..90 d"``, in place of them.
    design, count
        How so many points are spread over all paths, by the seed of the scenario; None: every combination.

    Raises
    ------
    ScenarioError
        If a value is wrong at any point; nothing has been run then.
    RunFailed
        If there is nothing to sweep.
    """
    from sim.scenario import load
    from sim.scenario.sweep import axes, combinations

    stated = grid or load(source, sets=tuple(sets)).sweep
    if not stated:
        raise RunFailed(f"{source} has no `sweep:`; give --grid path=a,b,c")
    if design is None:
        values = combinations(stated)
    else:
        lines = axes(stated)
        base = plan_of(source, seed=seed, sets=sets).case
        values = [
            {path: line.at(shares[path]) for path, line in lines.items()}
            for shares in _spread(base, tuple(lines), design, count)
        ]
    points: list[Point] = []
    for at in values:
        here = [*sets, *(f"{path}={value}" for path, value in at.items())]
        plan = plan_of(source, replications=replications, seed=seed, sets=here)
        if points:
            network = _sharing(plan.case.network, points[0].plan.case.network)
            plan = replace(plan, case=replace(plan.case, network=network))
        points.append(Point(at, plan))
    return points


def _spread(base: Case, paths: tuple[str, ...], design: Design, count: int) -> list[dict[str, float]]:
    """Return numbers between 0 and 1 by path, a row per point, spread as replications are."""
    from sim.engine import drawn

    unit = Distribution("uniform", {"low": 0.0, "high": 1.0})
    uncertain = tuple(Uncertain(path, unit) for path in paths)
    case = replace(base, uncertain=uncertain, correlations=(), design=design, replications=count)
    return [drawn(case, number) for number in range(count)]


def _sharing(network: Network, other: Network) -> Network:
    """Return a network that holds the very records of another one where they are equal.

    Hundreds of points differ in a figure or two; each with records of its own would fill the memory.
    """
    shared: dict[str, Any] = {}
    for field in fields(network):
        mine, its = getattr(network, field.name), getattr(other, field.name)
        if mine == its:
            shared[field.name] = its
        elif isinstance(mine, Mapping):
            shared[field.name] = {
                key: its[key] if key in its and its[key] == value else value for key, value in mine.items()
            }
    return replace(network, **shared)
