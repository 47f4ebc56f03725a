"""A number that is not known exactly: a named law with its parameters.

Any figure of a network or a scenario may be a `Distribution`. It carries its own moments, so that a
sample can be checked against theory, and it never draws by itself: the caller hands it a generator
found by name (see `sim.engine.draws`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "constant": ("value",),
        "uniform": ("low", "high"),
        "triangular": ("low", "mode", "high"),
        "normal": ("mean", "sd"),
        "lognormal": ("mean", "cv"),
        "gamma": ("mean", "cv"),
        "exponential": ("mean",),
        "geometric": ("mean",),
        "poisson": ("mean",),
    }
)
"""Each law and the parameters it takes, in order."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A law of chance with named parameters, in the unit of the figure it stands for.

    ``normal`` is clipped at zero when drawn: every figure of the model is non-negative.
    ``geometric`` counts whole periods from 1 (the spell lengths of a two-state process).

    Examples
    --------
    >>> Distribution("triangular", {"low": 20.0, "mode": 30.0, "high": 45.0}).central()
    30.0
    >>> Distribution("gamma", {"mean": 12.0, "cv": 0.5}).mean()
    12.0
    """

    law: str
    parameters: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.law not in PARAMETERS:
            allowed = ", ".join(PARAMETERS)
            raise ValueError(f"distribution {self.law!r} is not known; allowed: {allowed}")
        wanted = PARAMETERS[self.law]
        if set(self.parameters) != set(wanted):
            given = ", ".join(self.parameters) or "none"
            raise ValueError(
                f"distribution {self.law} takes {', '.join(wanted)}; given: {given}"
            )
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        self._check_order()

    def _check_order(self) -> None:
        values = [self.parameters[name] for name in PARAMETERS[self.law]]
        if not all(math.isfinite(value) for value in values):
            raise ValueError(f"distribution {self.law} has a parameter that is not finite")
        ordered = {"uniform": values, "triangular": values}.get(self.law, [])
        if ordered != sorted(ordered):
            names = " <= ".join(PARAMETERS[self.law])
            raise ValueError(f"distribution {self.law} needs {names}; given {ordered}")
        if self.law not in ("uniform", "triangular", "constant") and min(values) < 0:
            raise ValueError(f"distribution {self.law} needs non-negative parameters")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Distribution, (self.law, dict(self.parameters)))

    def __hash__(self) -> int:
        return hash((self.law, tuple(sorted(self.parameters.items()))))

    def mean(self) -> float:
        """Return the expected value (before the clipping of ``normal`` at zero)."""
        p = self.parameters
        if self.law == "constant":
            return p["value"]
        if self.law == "uniform":
            return (p["low"] + p["high"]) / 2.0
        if self.law == "triangular":
            return (p["low"] + p["mode"] + p["high"]) / 3.0
        return p["mean"]

    def central(self) -> float:
        """Return the value a deterministic run uses: the mode of a triangle, else the mean."""
        return self.parameters["mode"] if self.law == "triangular" else self.mean()

    def draw(self, rng: np.random.Generator, size: int | None = None) -> NDArray[np.float64]:
        """Draw ``size`` values (or one, as a zero-dimensional array) from ``rng``."""
        p = self.parameters
        if self.law == "constant" or self._is_degenerate():
            return np.full(() if size is None else size, self.mean())
        if self.law == "uniform":
            out = rng.uniform(p["low"], p["high"], size)
        elif self.law == "triangular":
            out = rng.triangular(p["low"], p["mode"], p["high"], size)
        elif self.law == "normal":
            out = np.maximum(rng.normal(p["mean"], p["sd"], size), 0.0)
        elif self.law == "lognormal":
            variance = math.log1p(p["cv"] ** 2)
            out = rng.lognormal(math.log(p["mean"]) - variance / 2.0, math.sqrt(variance), size)
        elif self.law == "gamma":
            shape = 1.0 / p["cv"] ** 2
            out = rng.gamma(shape, p["mean"] / shape, size)
        elif self.law == "exponential":
            out = rng.exponential(p["mean"], size)
        elif self.law == "geometric":
            return np.asarray(rng.geometric(1.0 / p["mean"], size), dtype=np.float64)
        else:
            return np.asarray(rng.poisson(p["mean"], size), dtype=np.float64)
        return np.asarray(out, dtype=np.float64)

    def _is_degenerate(self) -> bool:
        p = self.parameters
        if self.law in ("uniform", "triangular"):
            return p["low"] == p["high"]
        if self.law in ("lognormal", "gamma"):
            return p["cv"] == 0.0 or p["mean"] == 0.0
        return self.mean() == 0.0


Number = float | Distribution
"""A figure: known, or a law."""


def central(number: Number) -> float:
    """Return the figure itself, or the central value of its law."""
    return number.central() if isinstance(number, Distribution) else float(number)
