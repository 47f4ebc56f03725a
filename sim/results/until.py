"""When an ensemble is large enough: ``--until-ci "lost_units at toyota_japan = 5 %"``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import RunFailed
from sim.results.ensemble import NUMERIC, Estimate
from sim.units import did_you_mean

if TYPE_CHECKING:
    from sim.results.ensemble import Ensemble

STOP = "stop"
"""In place of a measure: the probability that the line stops within the horizon."""
FIRST = 40
"""Replications before the first look: fewer say little about their own spread."""
GROWTH = 1.25
"""Each look comes after a quarter more; fixed, so that the end is the same for any number of jobs."""

_FORM = re.compile(
    r"^\s*(?P<measure>\w+)(\s+at\s+(?P<site>\w+))?\s*=\s*(?P<half>[0-9.]+)\s*(?P<percent>%)?\s*$"
)
FORM = "'MEASURE at SITE = HALF-WIDTH', such as 'lost_units at toyota_japan = 5 %' or 'stop = 0.02'"


@dataclass(frozen=True, slots=True)
class Target:
    """How narrow a 95 % interval must be.

    Attributes
    ----------
    measure
        Of which the mean difference to the baseline is estimated, or ``stop``.
    site
        Empty: every reported site.
    half_width
        In the unit of the measure, or as a share of the estimate if `is_relative`.
    """

    measure: str
    site: str
    half_width: float
    is_relative: bool

    def widest(self, ensemble: Ensemble) -> float:
        """Return the largest half width over the sites, in the terms of `half_width`."""
        sites = (self.site,) if self.site else ensemble.sites
        return max(self._half(self._estimate(ensemble, site)) for site in sites)

    def _estimate(self, ensemble: Ensemble, site: str) -> Estimate:
        if self.measure == STOP:
            return ensemble.stop_probability(site)
        return ensemble.difference(self.measure, site)

    def _half(self, found: Estimate) -> float:
        half = (found.high - found.low) / 2.0
        if not self.is_relative or half == 0.0:
            return half
        return half / abs(found.value) if found.value != 0.0 else math.inf


def target_of(text: str) -> Target:
    """Read a target.

    Raises
    ------
    RunFailed
        If it has another form, names no measure of a number, or no positive width.

    Examples
    --------
    >>> target_of("lost_units at toyota_japan = 5 %")
    Target(measure='lost_units', site='toyota_japan', half_width=0.05, is_relative=True)
    """
    match = _FORM.match(text)
    if match is None:
        raise RunFailed(f"{text!r} says no width of an interval; write {FORM}")
    known = (STOP, *NUMERIC)
    if match["measure"] not in known:
        near = did_you_mean(match["measure"], known) or f"allowed: {', '.join(known)}"
        raise RunFailed(f"{match['measure']!r} is no measure of a number; {near}")
    try:
        half = float(match["half"])
    except ValueError:
        half = 0.0
    if half <= 0.0:
        raise RunFailed(f"{text!r}: the half-width must be above zero; write {FORM}")
    share = match["percent"] is not None
    return Target(match["measure"], match["site"] or "", half / 100.0 if share else half, share)


def looks(most: int) -> list[int]:
    """Return the numbers of replications after which is looked, the last being `most`.

    Examples
    --------
    >>> looks(100)
    [40, 50, 70, 90, 100]
    """
    found, count = [], FIRST
    while count < most:
        found.append(count)
        count = 10 * math.ceil(count * GROWTH / 10.0)
    return [*found, most]
