"""What every line wants to run at today: plans, stocks to refill, open orders, and capacity.

All lines decide on the stocks of the morning, so the order of lines does not matter. Lines that share
a nameplate share it in proportion to what each wants.
"""

from __future__ import annotations

import numpy as np

from sim.engine.arrays import (
    BUILD,
    CUSTOMER,
    MINE,
    PLANT,
    STORE,
    SURPLUS_CHOKE,
    Draws,
    Levers,
    Net,
    State,
    Work,
)
from sim.engine.jit import helper
from sim.engine.trajectory import LIMIT_CAPACITY, LIMIT_CHOKED, LIMIT_NONE

NO_ROOM = 1e-9
"""Room this small beside what the line can make is rounding: orders must not be split by it."""
ENDLESS = 1e30
"""Spare capacity of a source, which has no limit [unit of material/day]."""
MINE_RETURN_DAYS = 30.0
"""Time in which a mine corrects its yard."""


@helper
def want_from_orders(net: Net, state: State, work: Work) -> None:
    """Sum, per sold material, the orders that may ship."""
    work.outs.want[:] = 0.0
    for lane in range(len(net.lanes)):
        asked = min(state.lanes.unshipped[lane] + state.lanes.stale[lane], work.lanes.room[lane])
        work.outs.want[net.lanes.source[lane]] += asked if work.lanes.open[lane] == 1 else 0.0


@helper
def plan_of(net: Net, levers: Levers, line: int) -> float:
    """Return the plan of a build line or a customer, as demand stands now."""
    return net.lines.plan[line] * levers.lines.plan_factor[line]


@helper
def capacity_of(net: Net, levers: Levers, state: State, line: int) -> float:
    """Return what a line could run at today, without regard to inputs."""
    if state.lines.awake[line] != 1 or levers.lines.availability[line] <= 0.0:
        return 0.0
    return (net.lines.capacity[line] + levers.lines.capacity_added[line]) * levers.lines.availability[line]


@helper
def want_of_line(
    net: Net, levers: Levers, state: State, work: Work, draws: Draws, line: int, today: int
) -> None:
    """Set the rate a line wants and the rate that counts as its need for inputs."""
    kind = net.lines.kind[line]
    capacity = capacity_of(net, levers, state, line)
    work.lines.limit[line] = LIMIT_NONE
    if kind == MINE:
        want = want_of_mine(net, levers, state, work, line)
        need = want
    elif kind == PLANT:
        want, need = want_of_plant(net, levers, state, work, line)
        room = room_for_co_products(net, state, line)
        if want > room:
            want = room
            work.lines.limit[line] = LIMIT_CHOKED
    elif kind == BUILD:
        want, need = want_of_build(net, levers, state, line)
    elif kind == CUSTOMER:
        need = plan_of(net, levers, line)
        if net.lines.demand_row[line] >= 0 and today >= state.clock[0]:
            need = draws.demand[net.lines.demand_row[line], today - state.clock[0]]
            need *= levers.lines.plan_factor[line]
        want = need + state.lines.owed[line]
    else:
        want = 0.0
        need = 0.0
    if want > capacity:
        work.lines.limit[line] = LIMIT_CAPACITY
        want = capacity
    work.lines.want[line] = want
    work.lines.need[line] = need


@helper
def want_of_mine(net: Net, levers: Levers, state: State, work: Work, line: int) -> float:
    """Plan, corrected within thirty days by yard and open orders; a full yard stops the mine."""
    out = net.outputs.bin[net.lines.out_first[line]]
    yard = state.on_hand[out]
    gap = net.outs.target[out] - yard + work.outs.want[out]
    plan = net.lines.plan[line] + levers.lines.capacity_added[line]
    want = plan + gap / MINE_RETURN_DAYS
    limit = net.lines.yard_days[line] * plan if plan > 0.0 else 0.0
    return max(min(want, limit - yard + work.outs.want[out]), 0.0)


@helper
def want_of_plant(
    net: Net, levers: Levers, state: State, work: Work, line: int
) -> tuple[float, float]:
    """Return (want, need): the largest unmet driver governs both."""
    want = 0.0
    need = 0.0
    for slot in range(net.lines.out_first[line], net.lines.out_end[line]):
        out = net.outputs.bin[slot]
        per_driver = net.outputs.quantity[slot]
        if net.outputs.driver[slot] == 0 or per_driver <= 0.0:
            continue
        weight = net.outputs.weight[slot] * (1.0 - work.outs.stated[out])
        if levers.lines.share[line] >= 0.0:
            weight = levers.lines.share[line]
        gap = net.outs.target[out] - state.on_hand[out] + work.outs.want[out]
        want = max(want, weight * gap / per_driver)
        need = max(need, weight * state.outs.ordered_from[out] / per_driver)
    return want, need


@helper
def room_for_co_products(net: Net, state: State, line: int) -> float:
    """Return the rate at which a plant can still put away what nobody takes."""
    room = np.inf
    for slot in range(net.lines.out_first[line], net.lines.out_end[line]):
        out = net.outputs.bin[slot]
        quantity = net.outputs.quantity[slot]
        if net.outs.surplus[out] == SURPLUS_CHOKE and quantity > 0.0:
            room = min(room, max(net.outs.choke[out] - state.on_hand[out], 0.0) / quantity)
    return room


@helper
def want_of_build(net: Net, levers: Levers, state: State, line: int) -> tuple[float, float]:
    """Return (want, need): the plan, overtime while units are owed, rationing, and a restart ramp."""
    plan = plan_of(net, levers, line)
    late = max(state.lines.owed[line] - state.lines.parked[line], 0.0)
    need = plan + min(late, net.lines.overtime[line] * plan)
    most = min(net.lines.capacity[line], plan * (1.0 + net.lines.overtime[line]))
    want = min(need, most)
    if levers.lines.availability[line] < 1.0:
        want = min(want, plan * levers.lines.availability[line])
    if net.lines.ration_days[line] > 0.0:
        cover = thinnest_cover(net, state, line)
        if cover < net.lines.ration_days[line]:
            want *= cover / net.lines.ration_days[line]
    if net.lines.ramp_days[line] > 0.0 and state.lines.ramp[line] < 1.0:
        want = min(want, plan * state.lines.ramp[line])
    return want, need


@helper
def thinnest_cover(net: Net, state: State, line: int) -> float:
    """Return the days of planned use left of the scarcest input of a build line."""
    cover = np.inf
    for i in range(net.lines.in_first[line], net.lines.in_end[line]):
        group = net.inputs.group[i]
        use = net.groups.planned_use[group]
        if use > 0.0:
            stock = 0.0
            for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
                stock += state.on_hand[net.lanes.bin[j]]
            cover = min(cover, stock / use)
    return cover


@helper
def share_nameplates(net: Net, levers: Levers, work: Work) -> None:
    """Cut lines that share a nameplate in proportion to what each wants."""
    for plate in range(net.plates.capacity.size):
        wanted = 0.0
        for j in range(net.plates.line_first[plate], net.plates.line_end[plate]):
            line = net.plate_line[j]
            if work.lines.want[line] > 0.0:
                wanted += work.lines.want[line] / levers.lines.availability[line]
        if wanted > net.plates.capacity[plate]:
            for j in range(net.plates.line_first[plate], net.plates.line_end[plate]):
                line = net.plate_line[j]
                work.lines.want[line] *= net.plates.capacity[plate] / wanted
                work.lines.limit[line] = LIMIT_CAPACITY


@helper
def room_of(net: Net, levers: Levers, work: Work, line: int, capacity: float) -> float:
    """Return how much more a line could run today, by its own capacity and its nameplate."""
    room = max(capacity - work.lines.want[line], 0.0)
    most = capacity
    plate = net.lines.nameplate[line]
    if plate >= 0 and levers.lines.availability[line] > 0.0:
        left = net.plates.capacity[plate]
        most = min(most, left)
        for j in range(net.plates.line_first[plate], net.plates.line_end[plate]):
            other = net.plate_line[j]
            if work.lines.want[other] > 0.0:
                left -= work.lines.want[other] / levers.lines.availability[other]
        room = min(room, max(left, 0.0) * levers.lines.availability[line])
    return room if np.isinf(room) or room > NO_ROOM * most else 0.0


@helper
def note_spare(net: Net, levers: Levers, state: State, work: Work) -> None:
    """Note the spare capacity behind each sold material, by which re-split orders are shared.

    On a day on which nothing is owed anywhere no order can fail, and nobody asks.
    """
    trouble = False
    for lane in range(len(net.lanes)):
        if state.lanes.unshipped[lane] > 0.0 or state.lanes.shifted[lane] > 0.0:
            trouble = True
            break
    if not trouble:
        return
    for out in range(net.outs.material.size):
        state.outs.spare[out] = ENDLESS if net.outs.source[out] == 1 else 0.0
    for line in range(net.lines.kind.size):
        room = room_of(net, levers, work, line, capacity_of(net, levers, state, line))
        for slot in range(net.lines.out_first[line], net.lines.out_end[line]):
            out = net.outputs.bin[slot]
            is_store = net.lines.kind[line] == STORE
            spare = state.on_hand[out] if is_store else min(room, ENDLESS) * net.outputs.quantity[slot]
            state.outs.spare[out] += spare
