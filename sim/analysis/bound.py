"""The longest runway a site could have had in a run, if every tonne had gone where it helps most.

For the first n days of a run the goods at hand and under way, what lines may make and what lanes may ship are
known beforehand. If a linear programme without transit times cannot find n days of the site's plan in them,
no ordering policy can, and the realised runway is shorter than n. The formulation is in docs/survival.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.analysis.levels import Levels, levels_of
from sim.analysis.potential import Limits, Potential, capacity_of
from sim.analysis.survival import final_lines, stocks_of
from sim.case import Case
from sim.domain import Line, LineKind, Network, central
from sim.interventions.levers import UnderWay
from sim.metrics import reported_sites
from sim.metrics.measures import SHORTFALL_SHARE

if TYPE_CHECKING:
    from sim.engine.trajectory import Trajectory

Daily = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """What the days from the first counted one on allow; all arrays have shape (day,).

    Attributes
    ----------
    made
        What each line may make a day [first driver's unit/day]; lines that are not named: no limit.
    shipped
        What each lane may ship a day [unit/day]; lanes that are not named: no limit.
    asked
        What each final line must make a day so as not to be short [unit/day].
    """

    network: Network
    made: dict[str, Daily]
    shipped: dict[str, Daily]
    asked: dict[str, Daily]

    def limits(self, days: int) -> Limits:
        """Return what the first days allow in all."""
        lines = {name: float(rate[:days].sum()) for name, rate in self.made.items()}
        lanes = {name: float(rate[:days].sum()) for name, rate in self.shipped.items()}
        return Limits(lines, lanes, self._plates(days))

    def _plates(self, days: int) -> dict[tuple[str, str], float]:
        """Return what nameplates allow, with whatever capacity is added to their lines."""
        plates: dict[tuple[str, str], float] = {}
        for name, line in sorted(self.network.lines.items()):
            if line.nameplate:
                key = (line.site, line.nameplate)
                most = days * central(line.nameplate_capacity_per_day)
                plates.setdefault(key, most)
                own = self.made.get(name)
                nominal = days * capacity_of(line)
                if own is not None and nominal < math.inf:
                    plates[key] += max(float(own[:days].sum()) - nominal, 0.0)
        return plates


def runway_bounds(
    case: Case, trajectory: Trajectory, runway_from_day: int = 0, sites: Sequence[str] | None = None
) -> dict[str, int | None]:
    """Return for each site the largest realised runway that perfect reallocation allows.

    Parameters
    ----------
    case
        The case of the trajectory; its central run (no replication).
    trajectory
        In detail, if runways count from a later day than 0.
    runway_from_day
        Day from which runways count.
    sites
        None: all reported sites.

    Returns
    -------
    Whole days by site; None where nothing forbids a plan that is kept to the horizon. A site is taken alone:
    all others stand back for it.
    """
    potential, window, days = _question(case, trajectory, runway_from_day)
    chosen = reported_sites(potential.network) if sites is None else sites
    found = {}
    for site in chosen:
        names = [name for name in window.asked if window.network.lines[name].site == site]
        found[site] = _longest(potential, window, names, days)
    return found


def first_runway_bound(case: Case, trajectory: Trajectory, runway_from_day: int = 0) -> int | None:
    """Return the largest realised runway that the first site to run short can have; None: no limit.

    Nobody stands back here: all reported sites ask for their plan at once. Arguments as `runway_bounds`.
    """
    potential, window, days = _question(case, trajectory, runway_from_day)
    return _longest(potential, window, list(window.asked), days)


def _question(
    case: Case, trajectory: Trajectory, runway_from_day: int
) -> tuple[Potential, Window, int]:
    """Return the programme, what the counted days allow and ask, and their number."""
    from sim.engine.realise import CaseWorld, realise
    from sim.engine.simulate import compiled

    realised = realise(case, None)
    ready = compiled(case.network, realised)
    world = CaseWorld(ready.network, case.horizon_days, True, case.start, case.seed, 0, ready.flows.lane_flow)
    levels = levels_of(realised.interventions, world)
    window = _window(ready.network, ready.flows.lane_flow, levels, trajectory, runway_from_day)
    stocks = stocks_of(trajectory, ready.network, runway_from_day)
    returned = frozenset(
        row.partition("|")[0]
        for row in levels.rows("under_way")
        if (levels.daily("under_way", row) == float(UnderWay.RETURNED)).any()
    )
    # The least an input is ever used by: what substitution saves later is then not missed before.
    factors = {
        (line, material): float(levels.daily("input_factor", row)[runway_from_day:].min(initial=1.0))
        for row in levels.rows("input_factor")
        for line, _, material in (row.partition("|"),)
    }
    potential = Potential(ready.network, replace(stocks, returnable=returned), factors)
    return potential, window, case.horizon_days - runway_from_day


def _longest(potential: Potential, window: Window, names: Sequence[str], days: int) -> int | None:
    """Return the last number of days for which the plans of some lines are possible; None if all are."""

    def can(count: int) -> bool:
        totals = {name: float(window.asked[name][:count].sum()) for name in names}
        # A solver may miss by a billionth what a run has done.
        return potential.can(window.limits(count), {key: total * (1 - 1e-8) for key, total in totals.items()})

    if can(days):
        return None
    possible, impossible = 0, days
    while impossible - possible > 1:
        middle = (possible + impossible) // 2
        if can(middle):
            possible = middle
        else:
            impossible = middle
    return possible


def _window(
    network: Network, flow: Mapping[str, float], levels: Levels, trajectory: Trajectory, first: int
) -> Window:
    made, asked = {}, {}
    for name, line in network.lines.items():
        if line.kind is LineKind.STORE:
            continue
        available = levels.daily("line_availability", name)[first:]
        added = levels.daily("line_capacity_added", name)[first:]
        if line.kind is LineKind.SOURCE:
            made[name] = np.where(available > 0.0, np.inf, 0.0)
        elif capacity_of(line) < math.inf or (available < 1.0).any():
            with np.errstate(invalid="ignore"):  # an unlimited line that is out: infinity times nothing
                rate = np.where(available > 0.0, (capacity_of(line) + added) * available, 0.0)
            made[name] = rate
    for name in final_lines(network):
        asked[name] = _asked(network.lines[name], levels, trajectory, first)
        made.pop(name, None)  # what a line must make it has made
    return Window(network, made, _rooms(network, flow, levels, first), asked)


def _asked(line: Line, levels: Levels, trajectory: Trajectory, first: int) -> Daily:
    """Return what a line must make each day so as not to be short for want of an input.

    From the first day on which it makes less for another reason (it is out itself, it rations, it has stood
    still before and restarts by a ramp) nothing can be said, and it asks for nothing.
    """
    column = trajectory.lines.index(line.line_id)
    planned = trajectory.line_planned[:, column]
    asked = SHORTFALL_SHARE * planned[first:]
    if line.kind is LineKind.CUSTOMER:
        return asked
    hit = levels.daily("line_availability", line.line_id)[first:] < 1.0
    was_short = first > 0 and bool((trajectory.line_made[:first, column] < planned[:first]).any())
    is_restarting = was_short and central(line.restart_ramp_days) > 0.0
    if central(line.ration_below_cover_days) > 0.0 or is_restarting:
        return np.zeros_like(asked)
    if hit.any():
        asked[int(hit.argmax()) :] = 0.0
    return asked


def _rooms(network: Network, flow: Mapping[str, float], levels: Levels, first: int) -> dict[str, Daily]:
    """Return what each lane may ship a day: nothing without an open route, its flow share under a ban."""
    rooms: dict[str, Daily] = {}
    banned = set(levels.rows("lane_flow_share"))
    refused = {row.partition("|")[0] for row in levels.rows("route_open")}
    for name in sorted(banned | refused):
        share = levels.daily("lane_flow_share", name)[first:]
        room = np.where(share < 1.0, share * flow[name], np.inf)
        if name in refused:
            uses = [f"{name}|{use.route}" for use in network.lanes[name].routes]
            is_open = np.any([levels.daily("route_open", row)[first:] > 0.0 for row in uses], axis=0)
            room = np.where(is_open, room, 0.0)
        rooms[name] = room
    return rooms
