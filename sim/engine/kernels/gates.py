"""Why goods that are ordered do not leave: the gate at which each lane's open orders wait today.

The order of gates is the order in which goods meet them: a licence (`licences`), a ban or refusal, a
quota, a route; what passes all and still waits, waits for its seller. A tonne waits in one place.
"""

from __future__ import annotations

from sim.engine.arrays import Levers, Net, Record, State, Work
from sim.engine.jit import helper
from sim.engine.trajectory import GATE_BAN, GATE_QUOTA, GATE_ROUTE, GATE_SELLER

NEARLY = 1.0 - 1e-9


@helper
def write_gates(net: Net, levers: Levers, state: State, work: Work, record: Record, row: int) -> None:
    """Write what waits for a licence, and which gate holds the rest."""
    for lane in range(len(net.lanes)):
        record.lanes.waiting[row, lane] = state.lanes.waiting[lane] + state.lanes.overdue[lane]
        record.lanes.cancelled[row, lane] = max(work.lanes.cancelled[lane] - work.lanes.given_up[lane], 0.0)
        if state.lanes.unshipped[lane] + state.lanes.stale[lane] > 0.0:
            record.lanes.gate[row, lane] = gate_of(net, levers, work, lane)


@helper
def gate_of(net: Net, levers: Levers, work: Work, lane: int) -> int:
    """Return the first gate that keeps a lane's orders."""
    shipped = work.lanes.shipped[lane]
    share = levers.lanes.flow_share[lane]
    if share < 1.0 and shipped >= share * net.lanes.flow[lane] * NEARLY:
        return GATE_BAN
    if work.lanes.rationed[lane] == 1 and shipped >= work.lanes.room[lane] * NEARLY:
        return GATE_QUOTA
    if not has_route(net, levers, lane) or shipped < work.lanes.give[lane] * NEARLY:
        return GATE_ROUTE
    return GATE_SELLER


@helper
def has_route(net: Net, levers: Levers, lane: int) -> bool:
    """Tell whether one of a lane's routes is open and carries anything."""
    for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
        carries = levers.routes.capacity_share[net.lane_routes.route[lr]] > 0.0
        if levers.lane_routes.open[lr] > 0.0 and carries:
            return True
    return False
