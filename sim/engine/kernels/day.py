"""The order of a day, written once, and the loop that advances whole days.

1 interventions (levers, turned by the calendar before the kernel is called)  2 decisions
3 receive  4 produce  5 order  6 allocate and ship  7 market (none yet)  8 record
"""

from __future__ import annotations

from sim.engine.arrays import (
    ANSWER,
    GO_ON,
    GROW_DRAWS,
    GROW_POOL,
    GROW_SHIPMENTS,
    Draws,
    Levers,
    Net,
    Record,
    Signals,
    State,
    Work,
)
from sim.engine.jit import direct, helper
from sim.engine.kernels.gates import write_gates
from sim.engine.kernels.goods import blocks_of_a_day, find_open_lanes, receive, set_gates
from sim.engine.kernels.licences import carry_out_decisions
from sim.engine.kernels.lines import run_lines
from sim.engine.kernels.orders import order
from sim.engine.kernels.origin import add_lane
from sim.engine.kernels.shipping import ship
from sim.engine.kernels.wants import plan_of

WEEK = 7
SPECK = 1e-9
"""A stock this small beside a day's use is rounding, and its origin says nothing."""


@direct
def advance(
    net: Net,
    levers: Levers,
    state: State,
    work: Work,
    draws: Draws,
    signals: Signals,
    record: Record,
    margin: int,
    until: int,
    is_turned: bool,
) -> int:
    """Advance whole days from the clock until day `until`; return the reason for stopping.

    The state after any split of the same days is the same, bit for bit. `margin` is the number of
    shipments a day may add; with less room than that the kernel returns before the day begins. `is_turned`
    tells whether a lever has been turned, a lane qualified or a line woken since the last call.
    """
    if is_turned:
        set_gates(net, levers, state, work)
    while state.clock[1] < until:
        today = state.clock[1]
        if state.pool_free[1] < blocks_of_a_day(state, margin):
            return GROW_POOL
        rows = record.shipments.lr.size
        if rows > 0 and today >= state.clock[0] and rows - record.shipment_count[0] < margin:
            return GROW_SHIPMENTS
        for row in range(draws.transit.shape[0]):
            if draws.transit.shape[1] - state.draw_count[row] < margin:
                return GROW_DRAWS
        carry_out_decisions(net, state, work, today)
        find_open_lanes(net, levers, state, work)
        receive(net, state, work, record, today)
        run_lines(net, levers, state, work, draws, today)
        order(net, levers, state, work, signals, today)
        ship(net, levers, state, work, draws, record, today)
        if today >= state.clock[0]:
            write_record(net, levers, state, work, record, today - state.clock[0])
        state.clock[1] = today + 1
        if signals.count[0] > 0:
            return ANSWER
    return GO_ON


@helper
def write_record(net: Net, levers: Levers, state: State, work: Work, record: Record, row: int) -> None:
    """Write one day into the series."""
    groups = net.groups.material.size
    for line in range(net.lines.kind.size):
        record.lines.made[row, line] = work.lines.made[line]
        record.lines.planned[row, line] = plan_of(net, levers, line)
        if net.lines.demand_row[line] >= 0:
            record.lines.planned[row, line] = work.lines.need[line]
        record.lines.limit[row, line] = work.lines.limit[line]
        record.lines.parked[row, line] = state.lines.parked[line]
        record.lines.owed[row, line] = state.lines.owed[line]
    for group in range(groups):
        store = net.groups.store[group]
        record.stocks.on_hand[row, group] = state.on_hand[store] if store >= 0 else 0.0
    for lane in range(len(net.lanes)):
        if net.lanes.bin[lane] >= net.outs.material.size:
            record.stocks.on_hand[row, net.lanes.group[lane]] += state.on_hand[net.lanes.bin[lane]]
    for out in range(net.outs.material.size):
        record.stocks.on_hand[row, groups + out] = state.on_hand[out]
    for lane in range(len(net.lanes)):
        record.under_way.quantity[row, lane] = state.lanes.in_transit[lane]
    if record.lanes.shipped.shape[0] > 0:
        for line in range(len(net.lines)):
            record.line_wants.rate[row, line] = work.lines.want[line]
        for group in range(groups):
            record.stock_wants.use[row, group] = work.groups.need[group]
        for out in range(len(net.outs)):
            record.stock_wants.use[row, groups + out] = state.outs.ordered_from[out]
        for lane in range(len(net.lanes)):
            record.lanes.shipped[row, lane] = work.lanes.shipped[lane]
            record.lanes.received[row, lane] = work.lanes.received[lane]
            record.lanes.held[row, lane] = state.lanes.held[lane]
            record.lanes.unshipped[row, lane] = state.lanes.unshipped[lane] + state.lanes.stale[lane]
            record.lanes.ordered[row, lane] = work.lanes.order[lane]
            record.lanes.lead_days[row, lane] = state.lanes.lead_days[lane]
        write_gates(net, levers, state, work, record, row)
    if row % WEEK == 0 or row == record.lines.made.shape[0] - 1:
        write_touched(net, state, work, record, row)


@helper
def write_touched(net: Net, state: State, work: Work, record: Record, row: int) -> None:
    """Write the touched shares of what each site has in stock as input; keep the last where empty."""
    week = (row + WEEK - 1) // WEEK
    record.touched_days[week] = row
    site = -1
    for key in range(len(net.touched)):
        if net.touched.site[key] != site:
            site = net.touched.site[key]
            gather_site(net, state, work, site)
        mass = work.element_mass[net.touched.element[key]]
        if mass > 0.0:
            record.touched[week, key] = work.code_mass[net.touched.code[key]] / mass
        elif week > 0:
            record.touched[week, key] = record.touched[week - 1, key]


@helper
def gather_site(net: Net, state: State, work: Work, site: int) -> None:
    """Sum the origin of all a site has in stock as input."""
    work.code_mass[:] = 0.0
    work.element_mass[:] = 0.0
    for g in range(net.sites.group_first[site], net.sites.group_end[site]):
        group = net.site_group[g]
        for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
            bin_ = net.lanes.bin[j]
            if state.on_hand[bin_] > SPECK * net.groups.planned_use[group]:
                add_lane(net, state, work, bin_, state.on_hand[bin_])
