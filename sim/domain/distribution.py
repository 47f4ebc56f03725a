"""A number that is not known exactly: a named law with its parameters.

Any figure of a network or a scenario may be a `Distribution`. It carries its own moments, so that a
sample can be checked against theory, and it never draws by itself: the caller hands it a generator
found by name (see `sim.engine.draws`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
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
        "beta": ("low", "high", "alpha", "beta"),
        "discrete": ("values", "weights"),
        "empirical": ("values",),
    }
)
"""Each law and the parameters it takes, in order."""
LISTS = ("values", "weights")
"""Parameters that are lists of numbers."""
PURE = ("cv", "alpha", "beta", "weights")
"""Parameters that are pure numbers; all others have the unit of the figure."""
ORDERED = MappingProxyType(
    {"uniform": ("low", "high"), "triangular": ("low", "mode", "high"), "beta": ("low", "high")}
)
"""Parameters that must not fall."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A law of chance with named parameters, in the unit of the figure it stands for.

    ``normal`` is clipped at zero when drawn: every figure of the model is non-negative.
    ``geometric`` counts whole periods from 1 (the spell lengths of a two-state process). ``beta`` lies
    between `low` and `high`. ``discrete`` takes one of `values` with probabilities in proportion to
    `weights`; ``empirical`` takes each of its observed `values` with the same probability.

    Examples
    --------
    >>> Distribution("triangular", {"low": 20.0, "mode": 30.0, "high": 45.0}).central()
    30.0
    >>> Distribution("gamma", {"mean": 12.0, "cv": 0.5}).mean()
    12.0
    >>> Distribution("discrete", values=(30.0, 90.0), weights=(3.0, 1.0)).mean()
    45.0
    """

    law: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    values: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.law not in PARAMETERS:
            allowed = ", ".join(PARAMETERS)
            raise ValueError(f"distribution {self.law!r} is not known; allowed: {allowed}")
        wanted = PARAMETERS[self.law]
        lists = {name for name in LISTS if getattr(self, name)}
        if {*self.parameters, *lists} != set(wanted):
            given = ", ".join([*self.parameters, *sorted(lists)]) or "none"
            raise ValueError(f"distribution {self.law} takes {', '.join(wanted)}; given: {given}")
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "values", tuple(map(float, self.values)))
        object.__setattr__(self, "weights", tuple(map(float, self.weights)))
        self._check_order()

    def _check_order(self) -> None:
        numbers = [*self.parameters.values(), *self.values, *self.weights]
        if not all(math.isfinite(value) for value in numbers):
            raise ValueError(f"distribution {self.law} has a parameter that is not finite")
        ordered = [self.parameters[name] for name in ORDERED.get(self.law, ())]
        if ordered != sorted(ordered):
            names = " <= ".join(ORDERED[self.law])
            raise ValueError(f"distribution {self.law} needs {names}; given {ordered}")
        if self.law not in ("uniform", "triangular", "constant", "beta") and min(numbers) < 0:
            raise ValueError(f"distribution {self.law} needs non-negative parameters")
        if self.law == "beta" and min(self.parameters["alpha"], self.parameters["beta"]) <= 0.0:
            raise ValueError("distribution beta needs alpha and beta above zero")
        if self.law == "discrete" and len(self.values) != len(self.weights):
            raise ValueError(
                f"distribution discrete needs a weight per value; given {len(self.values)} values and "
                f"{len(self.weights)} weights"
            )
        if self.law == "discrete" and sum(self.weights) <= 0.0:
            raise ValueError("distribution discrete needs a weight above zero")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Distribution, (self.law, dict(self.parameters), self.values, self.weights))

    def __hash__(self) -> int:
        return hash((self.law, tuple(sorted(self.parameters.items())), self.values, self.weights))

    def mean(self) -> float:
        """Return the expected value (before the clipping of ``normal`` at zero)."""
        p = self.parameters
        if self.law == "constant":
            return p["value"]
        if self.law == "uniform":
            return (p["low"] + p["high"]) / 2.0
        if self.law == "triangular":
            return (p["low"] + p["mode"] + p["high"]) / 3.0
        if self.law == "beta":
            return p["low"] + (p["high"] - p["low"]) * p["alpha"] / (p["alpha"] + p["beta"])
        if self.values:
            return sum(v * w for v, w in zip(self.values, self._shares(), strict=True))
        return p["mean"]

    def central(self) -> float:
        """Return the value a deterministic run uses: the mode of a triangle, else the mean.

        Of listed values it is the likeliest (the first of several), of observations the middle one: a mean of
        "14 days or a year" is neither.
        """
        if self.law == "discrete":
            return self.values[self.weights.index(max(self.weights))]
        if self.law == "empirical":
            return sorted(self.values)[(len(self.values) - 1) // 2]
        return self.parameters["mode"] if self.law == "triangular" else self.mean()

    def scaled(self, factor: float) -> Distribution:
        """Return the law of ``factor`` times the figure."""
        parameters = {name: p if name in PURE else p * factor for name, p in self.parameters.items()}
        return Distribution(self.law, parameters, tuple(v * factor for v in self.values), self.weights)

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
        elif self.law == "poisson":
            return np.asarray(rng.poisson(p["mean"], size), dtype=np.float64)
        elif self.law == "beta":
            out = p["low"] + (p["high"] - p["low"]) * rng.beta(p["alpha"], p["beta"], size)
        else:
            out = rng.choice(np.array(self.values), size, p=np.array(self._shares()))
        return np.asarray(out, dtype=np.float64)

    def quantile(self, share: float) -> float:
        """Return the value below which a share of the probability lies; increasing in the share.

        Parameters
        ----------
        share
            Strictly between 0 and 1.

        Examples
        --------
        >>> Distribution("uniform", {"low": 10.0, "high": 20.0}).quantile(0.25)
        12.5
        """
        from sim.domain.quantiles import quantile

        return self.mean() if self._is_degenerate() else quantile(self, share)

    def _shares(self) -> tuple[float, ...]:
        weights = self.weights or (1.0,) * len(self.values)
        total = sum(weights)
        return tuple(weight / total for weight in weights)

    def _is_degenerate(self) -> bool:
        p = self.parameters
        if self.law in ("uniform", "triangular", "beta"):
            return p["low"] == p["high"]
        if self.law in ("lognormal", "gamma"):
            return p["cv"] == 0.0 or p["mean"] == 0.0
        if self.values:
            return len(set(self.values)) == 1
        return self.law != "normal" and self.mean() == 0.0


Number = float | Distribution
"""A figure: known, or a law."""


def central(number: Number) -> float:
    """Return the figure itself, or the central value of its law."""
    return number.central() if isinstance(number, Distribution) else float(number)
