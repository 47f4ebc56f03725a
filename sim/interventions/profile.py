"""Levels over time: piecewise constant functions of the day, as sorted (day, level) pairs.

Owns how ramps, steps, pauses, ends, recoveries and spells combine. Knows no intervention.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

Profile = list[tuple[float, float]]
"""(first day, level from then on), sorted by day; before the first pair the level is 0."""


def level_at(profile: Sequence[tuple[float, float]], day: float) -> float:
    """Return the level on a day.

    Examples
    --------
    >>> level_at([(10.0, 0.5), (20.0, 1.0)], 19.0)
    0.5
    """
    index = bisect_right(profile, day, key=lambda pair: pair[0])
    return profile[index - 1][1] if index else 0.0


def combined(factors: Sequence[Profile], horizon_days: float) -> Profile:
    """Multiply profiles; keep only changes before the horizon.

    Examples
    --------
    A ban from day 10 to day 40 with a pause from day 20 to day 30:

    >>> ban, pause = [(10.0, 1.0), (40.0, 0.0)], [(-1.0, 1.0), (20.0, 0.0), (30.0, 1.0)]
    >>> combined([ban, pause], 100)
    [(10.0, 1.0), (20.0, 0.0), (30.0, 1.0), (40.0, 0.0)]
    """
    days = sorted({day for factor in factors for day, _ in factor})
    out: Profile = []
    last = 0.0
    for day in days:
        if day >= horizon_days:
            break
        level = 1.0
        for factor in factors:
            level *= level_at(factor, day)
        if level != last:
            out.append((day, level))
            last = level
    return out


def recovered_share(shape: str, done: float) -> float:
    """Return how much is back when a share `done` of the recovery time has passed.

    Linear; concave (fast at first): ``1 - (1 - x)^2``; s_curve: ``3 x^2 - 2 x^3``.

    Raises
    ------
    ValueError
        If the shape is not one of the three.

    Examples
    --------
    >>> [recovered_share(shape, 0.5) for shape in ("linear", "concave", "s_curve")]
    [0.5, 0.75, 0.5]
    """
    if shape == "linear":
        return done
    if shape == "concave":
        return 1.0 - (1.0 - done) ** 2
    if shape == "s_curve":
        return 3.0 * done**2 - 2.0 * done**3
    raise ValueError(f"recovery shape {shape!r} is not known; allowed: linear, concave, s_curve")
