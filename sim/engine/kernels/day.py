"""The order of a day, written once, and the loop that advances whole days.

1 interventions (levers, turned by the calendar before the kernel is called)  2 decisions (likewise)
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
from sim.engine.jit import kernel
from sim.engine.kernels.goods import find_open_lanes, receive
from sim.engine.kernels.lines import run_lines
from sim.engine.kernels.orders import order
from sim.engine.kernels.shipping import ship

WEEK = 7


@kernel
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
) -> int:
    """Advance whole days from the clock until day `until`; return the reason for stopping.

    The state after any split of the same days is the same, bit for bit. `margin` is the number of
    shipments a day may add; with less room than that the kernel returns before the day begins.
    """
    while state.clock[1] < until:
        today = state.clock[1]
        if state.pool_free[1] < margin:
            return GROW_POOL
        rows = record.shipment_lr.size
        if rows > 0 and today >= state.clock[0] and rows - record.shipment_count[0] < margin:
            return GROW_SHIPMENTS
        for row in range(draws.transit.shape[0]):
            if draws.transit.shape[1] - state.draw_count[row] < margin:
                return GROW_DRAWS
        find_open_lanes(net, levers, state, work, today)
        receive(net, state, work, record, today)
        run_lines(net, levers, state, work, draws, today)
        order(net, levers, state, work, signals, today)
        ship(net, levers, state, work, draws, record, today)
        if today >= state.clock[0]:
            write_record(net, state, work, record, today - state.clock[0])
        state.clock[1] = today + 1
        if signals.count[0] > 0:
            return ANSWER
    return GO_ON


@kernel
def write_record(net: Net, state: State, work: Work, record: Record, row: int) -> None:
    """Write one day into the series."""
    groups = net.group_material.size
    for line in range(net.line_kind.size):
        record.line_wanted[row, line] = work.line_want[line]
        record.line_made[row, line] = work.line_made[line]
        record.line_planned[row, line] = net.line_plan[line]
        if net.line_demand_row[line] >= 0:
            record.line_planned[row, line] = work.line_need[line]
        record.line_limit[row, line] = work.line_limit[line]
        record.line_parked[row, line] = state.parked[line]
        record.line_owed[row, line] = state.owed[line]
    for group in range(groups):
        record.on_hand[row, group] = group_stock(net, state, group)
        record.use_wanted[row, group] = work.group_need[group]
    for out in range(net.out_material.size):
        record.on_hand[row, groups + out] = state.on_hand[out]
        record.use_wanted[row, groups + out] = state.ordered_from[out]
    if record.shipped.shape[0] > 0:
        for lane in range(net.lane_source.size):
            record.shipped[row, lane] = work.lane_shipped[lane]
            record.received[row, lane] = work.lane_received[lane]
            record.in_transit[row, lane] = state.in_transit[lane]
            record.held[row, lane] = state.held[lane]
            record.unshipped[row, lane] = state.unshipped[lane] + state.stale[lane]
            record.ordered[row, lane] = work.lane_order[lane]
            record.lead_days[row, lane] = state.lead_days[lane]
    if row % WEEK == 0 or row == record.line_made.shape[0] - 1:
        write_touched(net, state, record, row)


@kernel
def group_stock(net: Net, state: State, group: int) -> float:
    """Return the stock of a bought material over all its lanes (a store's: its one stock)."""
    if net.group_store[group] >= 0:
        return state.on_hand[net.group_store[group]]
    stock = 0.0
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        stock += state.on_hand[net.lane_bin[net.group_lane[j]]]
    return stock


@kernel
def write_touched(net: Net, state: State, record: Record, row: int) -> None:
    """Write the touched shares of what each site has in stock as input; keep the last where empty."""
    week = (row + WEEK - 1) // WEEK
    record.touched_days[week] = row
    for key in range(net.touched_site.size):
        site, element, code = net.touched_site[key], net.touched_element[key], net.touched_code[key]
        mass = 0.0
        touched = 0.0
        for g in range(net.site_group_ptr[site], net.site_group_ptr[site + 1]):
            group = net.site_group[g]
            for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
                bin_ = net.lane_bin[net.group_lane[j]]
                for be in range(net.bin_element_ptr[bin_], net.bin_element_ptr[bin_ + 1]):
                    if net.element_id[be] == element:
                        here = state.on_hand[bin_] * net.element_content[be]
                        mass += here
                        for k in range(net.element_entry_ptr[be], net.element_entry_ptr[be + 1]):
                            if net.entry_code[k] == code:
                                touched += here * state.share[k]
        if mass > 0.0:
            record.touched[week, key] = touched / mass
        elif week > 0:
            record.touched[week, key] = record.touched[week - 1, key]
