"""How goods travelled: which were longer under way than in the baseline, and which took other routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.analysis.evidence import Evidence
    from sim.engine.trajectory import Trajectory

LATE_DAYS = 0.5
"""Goods this much longer under way are late [days]."""
DIVERTED_SHARE = 0.05
"""A lane that sends more than this share of its goods by other routes than normally was diverted."""


@dataclass(frozen=True, slots=True)
class Diversion:
    """A lane whose goods took other routes than normally."""

    lane: int
    share: float
    """Share of its goods that did."""
    taken: str
    """The route they took most."""
    left: str
    """The route they left most."""


def late_lanes(evidence: Evidence) -> list[tuple[int, float]]:
    """Return the lanes whose goods were longer under way than in the baseline, and by how many days.

    Longest first. What left from the start of the count on and landed counts, so a lane that only
    brought less is not late.
    """
    before, after = (_days_under_way(run, evidence.day) for run in (evidence.base, evidence.run))
    late = [(i, after[i] - before[i]) for i in after if i in before and after[i] > before[i] + LATE_DAYS]
    return sorted(late, key=lambda item: (-item[1], item[0]))


def diverted_lanes(evidence: Evidence) -> list[Diversion]:
    """Return the lanes that took other routes than normally, the largest shares first.

    Normal is the baseline or, for a lane that shipped nothing there, the network.
    """
    run = evidence.run
    taken, normal = _by_route(run), _by_route(evidence.base)
    found = []
    for lane, amounts in taken.items():
        planned = {run.routes.index(part.route): part.share for part in evidence.lane(lane).routes}
        now, then = _shares(amounts), _shares(normal.get(lane, planned))
        gain = {route: now.get(route, 0.0) - then.get(route, 0.0) for route in now | then}
        share = sum(more for more in gain.values() if more > 0.0)
        if share > DIVERTED_SHARE:
            most, least = max(gain, key=lambda i: gain[i]), min(gain, key=lambda i: gain[i])
            found.append(Diversion(lane, share, run.routes[most], run.routes[least]))
    return sorted(found, key=lambda item: (-item.share, item.lane))


def _days_under_way(run: Trajectory, day: int) -> dict[int, float]:
    """Return by lane the mean days under way of what left from a day on and landed."""
    rows = run.shipments[(run.shipments["ship_day"] >= day) & (run.shipments["arrival_day"] >= 0)]
    amounts = np.bincount(rows["lane"], rows["quantity"], minlength=len(run.lanes))
    days = rows["quantity"] * (rows["arrival_day"] - rows["ship_day"])
    total = np.bincount(rows["lane"], days, minlength=len(run.lanes))
    return {int(i): float(total[i] / amounts[i]) for i in np.flatnonzero(amounts > 0.0)}


def _by_route(run: Trajectory) -> dict[int, dict[int, float]]:
    """Return by lane what it shipped by each route."""
    rows = run.shipments[run.shipments["route"] >= 0]
    codes = rows["lane"].astype(np.int64) * len(run.routes) + rows["route"]
    amounts = np.bincount(codes, rows["quantity"], minlength=0)
    found: dict[int, dict[int, float]] = {}
    for code in np.flatnonzero(amounts > 0.0):
        lane, route = divmod(int(code), len(run.routes))
        found.setdefault(lane, {})[route] = float(amounts[code])
    return found


def _shares(amounts: dict[int, float]) -> dict[int, float]:
    total = sum(amounts.values())
    return {key: amount / total for key, amount in amounts.items()}
