"""The solved day zero, and a first guess of it that gives the linear programme its scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.domain import Distribution, Line, LineKind, Network, central

Place = tuple[str, str]
"""(site, material)"""


@dataclass(frozen=True, slots=True)
class SteadyFlows:
    """What flows every day when nothing happens.

    Attributes
    ----------
    line_rate
        Rate of each line [first driver's unit/day]; a store's is what passes through.
    lane_flow
        Goods shipped on each lane [unit of the material/day].
    surplus
        What no lane takes, by (site, material), to the ledger account of its sink [unit/day].
    shares
        Solved share of each lane: of the buyer's ordered need, or of the supplier's output if pushed.
    plan_deviation
        Solved rate minus plan, over plan, of each line with a soft plan [share].
    """

    line_rate: Mapping[str, float]
    lane_flow: Mapping[str, float]
    surplus: Mapping[Place, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    plan_deviation: Mapping[str, float] = field(default_factory=dict)


def planned_rate(line: Line) -> float | None:
    """Return a line's plan per day; a customer's is the mean of its demand; None: solved."""
    if line.kind is LineKind.CUSTOMER and line.demand is not None:
        if isinstance(line.demand, Distribution):
            return line.demand.mean()
        return sum(line.demand) / len(line.demand) if line.demand else 0.0
    return None if line.plan_per_day is None else central(line.plan_per_day)


def is_fixed(line: Line) -> bool:
    """Whether the plan is an equation of day zero, not a target."""
    return line.kind is LineKind.CUSTOMER or (line.kind is LineKind.BUILD and not line.is_sink)


def nominal(network: Network, fixed: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Propagate demand upstream by the table's shares, without balancing anything.

    Parameters
    ----------
    fixed
        Rates that are given [first driver's unit/day].

    Returns
    -------
    tuple of dict
        Rates by line and flows by lane, good to an order of magnitude.
    """
    lines = [line for _, line in sorted(network.lines.items()) if not line.dormant]
    lanes = [lane for _, lane in sorted(network.lanes.items())]
    makers: dict[Place, list[Line]] = defaultdict(list)
    for line in lines:
        for name in line.drivers:
            makers[line.site, name].append(line)
    rate = {line.line_id: fixed.get(line.line_id, planned_rate(line) or 0.0) for line in lines}
    free = [line for line in lines if line.line_id not in fixed and planned_rate(line) is None]
    flow = dict.fromkeys((lane.lane_id for lane in lanes), 0.0)
    for _ in range(_longest_chain(network)):
        need: dict[Place, float] = defaultdict(float)
        made: dict[Place, float] = defaultdict(float)
        for line in lines:
            for name, quantity in line.inputs.items():
                need[line.site, name] += central(quantity) * rate[line.line_id]
            for name, quantity in line.outputs.items():
                made[line.site, name] += central(quantity) * rate[line.line_id]
        for lane in lanes:
            place = (lane.supplier if lane.is_pushed else lane.buyer, lane.material)
            flow[lane.lane_id] = lane.sourcing_share * (made if lane.is_pushed else need)[place]
        asked: dict[Place, float] = defaultdict(float)
        for lane in lanes:
            asked[lane.supplier, lane.material] += flow[lane.lane_id]
        before = dict(rate)
        for line in free:
            rate[line.line_id] = max(
                (
                    asked[line.site, name] / central(line.outputs[name]) / len(makers[line.site, name])
                    for name in line.drivers
                    if central(line.outputs[name]) > 0
                ),
                default=0.0,
            )
        if rate == before:
            break
    return rate, flow


def _longest_chain(network: Network) -> int:
    """Return enough passes for demand to reach every mine: no chain of stages is longer."""
    return min(len(network.sites) + 1, 30)
