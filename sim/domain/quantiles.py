"""Quantile functions of the laws: what turns a point of a design, or correlated luck, into a figure."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.domain.distribution import Distribution


def quantile(law: Distribution, share: float) -> float:
    """Return the value below which ``share`` of the probability of a law lies."""
    p = law.parameters
    match law.law:
        case "constant":
            return p["value"]
        case "uniform":
            return p["low"] + share * (p["high"] - p["low"])
        case "triangular":
            return _triangular(p["low"], p["mode"], p["high"], share)
        case "exponential":
            return -p["mean"] * math.log1p(-share)
        case "geometric":
            return _geometric(p["mean"], share)
        case "discrete" | "empirical":
            return _listed(law, share)
    return _special(law, share)


def _triangular(low: float, mode: float, high: float, share: float) -> float:
    if share * (high - low) < mode - low:
        return low + math.sqrt(share * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - share) * (high - low) * (high - mode))


def _geometric(mean: float, share: float) -> float:
    if mean <= 1.0:
        return 1.0
    return max(1.0, math.ceil(math.log1p(-share) / math.log1p(-1.0 / mean) - 1e-12))


def _listed(law: Distribution, share: float) -> float:
    weights = law.weights or (1.0,) * len(law.values)
    pairs = sorted(zip(law.values, weights, strict=True))
    target = share * sum(weights)
    for (value, weight), seen in zip(pairs, accumulate(w for _, w in pairs), strict=True):
        if weight > 0.0 and seen >= target:
            return value
    return pairs[-1][0]


def _special(law: Distribution, share: float) -> float:
    """Return the quantile of a law that has no closed form."""
    from scipy import special

    p = law.parameters
    if law.law == "normal":
        return max(0.0, p["mean"] + p["sd"] * float(special.ndtri(share)))
    if law.law == "lognormal":
        variance = math.log1p(p["cv"] ** 2)
        middle = math.log(p["mean"]) - variance / 2.0
        return math.exp(middle + math.sqrt(variance) * float(special.ndtri(share)))
    if law.law == "gamma":
        shape = 1.0 / p["cv"] ** 2
        return p["mean"] / shape * float(special.gammaincinv(shape, share))
    if law.law == "beta":
        return p["low"] + (p["high"] - p["low"]) * float(special.betaincinv(p["alpha"], p["beta"], share))
    count = math.ceil(float(special.pdtrik(share, p["mean"])) - 1e-9)
    # The inverse is of a smooth curve through the steps; the step below may already suffice.
    return float(count - 1 if count > 0 and special.pdtr(count - 1, p["mean"]) >= share else max(count, 0))
