"""Goods under way: they leave, land, are held at a refused border, and are returned.

A shipment is a row of a pool. The rows of one arrival day are a stack, and so are the goods held on a
lane route. A stack takes the pool in blocks, so that what lands together lies together. Nothing here
decides anything; it only moves mass between the calendar and the stocks.
"""

from __future__ import annotations

import numpy as np

from sim.engine.arrays import PLANT, Ints, Levers, Net, Record, State, Work
from sim.engine.jit import helper, kernel
from sim.engine.kernels.gates import has_route
from sim.engine.kernels.origin import mix_into_lane, mix_into_out
from sim.engine.kernels.quotas import limit_lanes

BLOCK = 64
"""Rows in a block of the pool; the longer, the better the processor foresees what is read next."""
EMPTY = -1
"""Top of a stack without rows."""
LANDS, RETURNS = 0, -1
"""Values of `pool.left` for goods under way: bound for the buyer, on the way back to the seller."""


@helper
def blocks_of_a_day(state: State, shipments: int) -> int:
    """Return how many free blocks so many new shipments may take: each arrival day may begin one."""
    return min(shipments, shipments // BLOCK + state.bucket.size)


@helper
def above(state: State, top: int) -> int:
    """Return the row that comes on a stack's top row; a full block takes a free one on top."""
    slot = top + 1
    if top == EMPTY or slot & (BLOCK - 1) == 0:
        block = state.pool_free[0]
        state.pool_free[0] = state.pool_below[block]
        state.pool_free[1] -= 1
        state.pool_below[block] = top
        slot = block * BLOCK
    return slot


@helper
def below(state: State, slot: int) -> int:
    """Return the row under one of a stack's rows."""
    return state.pool_below[slot // BLOCK] if slot & (BLOCK - 1) == 0 else slot - 1


@helper
def drop(state: State, top: int) -> int:
    """Return the row under a stack's top row, which is free from now on."""
    under = below(state, top)
    if top & (BLOCK - 1) == 0:
        block = top // BLOCK
        state.pool_below[block] = state.pool_free[0]
        state.pool_free[0] = block
        state.pool_free[1] += 1
    return under


@helper
def bucket_of(state: State, day: int) -> int:
    """Return the stack of an arrival day."""
    return day & (state.bucket.size - 1)


@helper
def move_row(state: State, slot: int, to: int, left: int) -> None:
    """Copy a shipment to another row."""
    state.pool.lr[to] = state.pool.lr[slot]
    state.pool.quantity[to] = state.pool.quantity[slot]
    state.pool.ship_day[to] = state.pool.ship_day[slot]
    state.pool.age[to] = state.pool.age[slot]
    state.pool.left[to] = left
    state.pool.record[to] = state.pool.record[slot]
    state.pool.version[to] = state.pool.version[slot]


@helper
def put_under_way(
    net: Net, state: State, lr: int, quantity: float, ship_day: int, age: float, arrival: int
) -> int:
    """Put a shipment under way; return its row."""
    lane = net.lane_routes.lane[lr]
    bucket = bucket_of(state, arrival)
    slot = above(state, state.bucket[bucket])
    state.bucket[bucket] = slot
    state.pool.lr[slot] = lr
    state.pool.quantity[slot] = quantity
    state.pool.ship_day[slot] = ship_day
    state.pool.age[slot] = age
    state.pool.left[slot] = LANDS
    state.pool.version[slot] = state.outs.version[net.lanes.source[lane]]
    state.lanes.in_transit[lane] += quantity
    return slot


@helper
def depart(
    net: Net, state: State, record: Record, lr: int, quantity: float, days: int, age: float, today: int
) -> None:
    """Ship goods that land `days` after today; the calendar holds no later day than its last bucket."""
    days = min(days, state.bucket.size - 1)
    row = -1
    if record.shipments.lr.size > 0 and today >= state.clock[0]:
        row = record.shipment_count[0]
        record.shipment_count[0] = row + 1
        record.shipments.lr[row] = lr
        record.shipments.day[row] = today - state.clock[0]
        record.shipments.arrival[row] = -1
        record.shipments.quantity[row] = quantity
    slot = put_under_way(net, state, lr, quantity, today, age, today + days)
    if record.shipments.lr.size > 0:
        state.pool.record[slot] = row


@kernel
def enter(net: Net, state: State, lr: int, quantity: float, arrival: int, ship_day: int) -> None:
    """Enter goods that have been under way since before the run."""
    slot = put_under_way(net, state, lr, quantity, ship_day, 0.0, arrival)
    state.pool.record[slot] = -1


@kernel
def empty_lanes(net: Net, state: State, is_emptied: Ints) -> None:
    """Take all that some lanes have under way out of the calendar; one flag per lane."""
    for bucket in range(state.bucket.size):
        kept = EMPTY
        slot = state.bucket[bucket]
        while slot != EMPTY:
            if is_emptied[net.lane_routes.lane[state.pool.lr[slot]]] == 0:
                to = above(state, kept)
                move_row(state, slot, to, state.pool.left[slot])
                kept = to
            slot = drop(state, slot)
        state.bucket[bucket] = kept
    for lane in range(len(net.lanes)):
        if is_emptied[lane] == 1:
            state.lanes.in_transit[lane] = 0.0


@helper
def receive(net: Net, state: State, work: Work, record: Record, today: int) -> None:
    """Land what arrives today."""
    work.lanes.received[:] = 0.0
    work.lanes.waited[:] = 0.0
    bucket = bucket_of(state, today)
    slot = state.bucket[bucket]
    state.bucket[bucket] = EMPTY
    while slot != EMPTY:
        if state.pool.left[slot] == RETURNS:
            come_back(net, state, work, slot)
        else:
            land(net, state, work, slot, today)
        if record.shipments.lr.size > 0 and state.pool.record[slot] >= 0:
            record.shipments.arrival[state.pool.record[slot]] = today - state.clock[0]
        slot = drop(state, slot)
    learn_lead_times(net, state, work)


@helper
def land(net: Net, state: State, work: Work, slot: int, today: int) -> None:
    """Add a shipment to the buyer's stock and to the lead time the buyer has experienced."""
    lane = net.lane_routes.lane[state.pool.lr[slot]]
    quantity, ship_day = state.pool.quantity[slot], state.pool.ship_day[slot]
    bin_ = net.lanes.bin[lane]
    if bin_ < net.outs.material.size:
        mix_into_out(net, state, bin_, quantity, net.lanes.source[lane], state.pool.version[slot])
    elif state.pool.version[slot] != state.lanes.version[lane]:
        mix_into_lane(net, state, lane, quantity, state.pool.version[slot])
    state.on_hand[bin_] += quantity
    state.lanes.in_transit[lane] -= quantity
    work.lanes.received[lane] += quantity
    work.lanes.waited[lane] += quantity * (today - ship_day + state.pool.age[slot])


@helper
def learn_lead_times(net: Net, state: State, work: Work) -> None:
    """Move every buyer's experienced lead time towards that of the goods received today."""
    for lane in range(len(net.lanes)):
        received, lead_days = work.lanes.received[lane], state.lanes.lead_days[lane]
        weight = min(1.0, received / net.lanes.learnt_from[lane])
        days = work.lanes.waited[lane] / (received if received > 0.0 else 1.0)
        state.lanes.lead_days[lane] = lead_days + weight * (days - lead_days)


@helper
def come_back(net: Net, state: State, work: Work, slot: int) -> None:
    """Add returned goods to the seller's stock."""
    lane = net.lane_routes.lane[state.pool.lr[slot]]
    quantity = state.pool.quantity[slot]
    source = net.lanes.source[lane]
    mix_into_out(net, state, source, quantity, source, state.pool.version[slot])
    state.on_hand[source] += quantity
    state.lanes.held[lane] -= quantity
    if net.outs.source[source]:
        state.on_hand[source] -= quantity
        state.outs.unbooked_used[source] += quantity
        state.totals.used[net.outs.material[source]] += quantity


@kernel
def stop_under_way(net: Net, state: State, lr: int, is_returned: bool, today: int) -> None:
    """Hold every shipment of a lane route where it is, or turn it back, before today's receipts."""
    lane = net.lane_routes.lane[lr]
    for ahead in range(state.bucket.size):
        bucket = bucket_of(state, today + ahead)
        kept = EMPTY
        slot = state.bucket[bucket]
        while slot != EMPTY:
            if state.pool.lr[slot] != lr or state.pool.left[slot] == RETURNS:
                to = above(state, kept)
                move_row(state, slot, to, state.pool.left[slot])
                kept = to
            else:
                state.lanes.in_transit[lane] -= state.pool.quantity[slot]
                state.lanes.held[lane] += state.pool.quantity[slot]
                state.lanes.held_since[lane] = today
                to = above(state, state.held[lr])
                move_row(state, slot, to, ahead)
                state.held[lr] = to
            slot = drop(state, slot)
        state.bucket[bucket] = kept
    if is_returned:
        turn_back(state, lr, today)


@helper
def turn_back(state: State, lr: int, today: int) -> None:
    """Send held goods home; they need as long as they had travelled."""
    slot = state.held[lr]
    while slot != EMPTY:
        bucket = bucket_of(state, today + max(today - state.pool.ship_day[slot], 1))
        to = above(state, state.bucket[bucket])
        move_row(state, slot, to, RETURNS)
        state.bucket[bucket] = to
        slot = drop(state, slot)
    state.held[lr] = EMPTY


@kernel
def release_held(net: Net, state: State, lr: int, today: int) -> None:
    """Let held goods go on with the days they had left."""
    lane = net.lane_routes.lane[lr]
    slot = state.held[lr]
    while slot != EMPTY:
        state.lanes.held[lane] -= state.pool.quantity[slot]
        state.lanes.in_transit[lane] += state.pool.quantity[slot]
        bucket = bucket_of(state, today + state.pool.left[slot])
        to = above(state, state.bucket[bucket])
        move_row(state, slot, to, LANDS)
        state.bucket[bucket] = to
        slot = drop(state, slot)
    state.held[lr] = EMPTY


@helper
def set_gates(net: Net, levers: Levers, state: State, work: Work) -> None:
    """Say which lanes may ship and how much (`room`), as far as only events between days change it."""
    for out in range(len(net.outs)):
        work.outs.idle[out] = 1 if is_idle(net, levers, out) else 0
        stated = 0.0
        for j in range(net.outs.line_first[out], net.outs.line_end[out]):
            stated += max(levers.lines.share[net.out_lines.line[j]], 0.0)
        work.outs.stated[out] = min(stated, 1.0)
    work.choosing_count[0] = 0
    for lane in range(len(net.lanes)):
        room = np.inf
        if levers.lanes.flow_share[lane] < 1.0:
            room = levers.lanes.flow_share[lane] * net.lanes.flow[lane]
        is_ready = state.lanes.qualified[lane] == 1 or levers.lanes.released[lane] > 0.0
        is_open = room > 0.0 and is_ready
        if net.lanes.restart_line[lane] >= 0 and state.lines.awake[net.lanes.restart_line[lane]] != 1:
            is_open = False
        work.lanes.gate[lane] = room if is_open and has_route(net, levers, lane) else 0.0
        work.lanes.plain[lane] = 1 if is_plain(net, levers, lane) else 0
        if work.lanes.plain[lane] == 0:
            work.choosing[work.choosing_count[0]] = lane
            work.choosing_count[0] += 1
    work.groups.most[:] = 0.0
    for slot in range(len(net.inputs)):
        quantity = net.inputs.quantity[slot] * levers.inputs.factor[slot]
        if quantity != work.inputs.quantity[slot]:
            work.inputs.quantity[slot] = quantity
            state.lines.settled[net.inputs.line[slot]] = 0  # another mix of inputs, another product
        most = most_use(net, levers, state, work, slot)
        work.groups.most[net.inputs.group[slot]] += most
    for lr in range(len(net.lane_routes)):
        work.lane_routes.days[lr] = transit_days(levers, lr, net.lane_routes.days[lr])


@helper
def most_use(net: Net, levers: Levers, state: State, work: Work, slot: int) -> float:
    """Return what a line could use of an input a day at its nominal capacity."""
    line = net.inputs.line[slot]
    if net.lines.kind[line] != PLANT:
        return np.inf
    if state.lines.awake[line] != 1:
        return 0.0
    return (net.lines.capacity[line] + levers.lines.capacity_added[line]) * work.inputs.quantity[slot]


@helper
def is_plain(net: Net, levers: Levers, lane: int) -> bool:
    """Tell whether a lane's goods simply go by its normal shares: nothing to choose, nothing to fit."""
    if net.lanes.pushed[lane] == 0 and net.groups.expedite[net.lanes.group[lane]] > 0.0:
        return False
    for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
        if net.lane_routes.share[lr] > 0.0:
            route = net.lane_routes.route[lr]
            is_limited = net.routes.capacity[route] < np.inf or levers.routes.capacity_share[route] <= 0.0
            if is_limited or levers.lane_routes.open[lr] <= 0.0:
                return False
    return True


@helper
def transit_days(levers: Levers, lr: int, days: int) -> int:
    """Return whole days under way, at least one, as the levers stand."""
    return max(int(days * levers.lane_routes.days_factor[lr] + levers.lane_routes.days_added[lr] + 0.5), 1)


@helper
def is_idle(net: Net, levers: Levers, out: int) -> bool:
    """Tell whether a seller has no line that could make any, so that only its stock is left to sell."""
    if net.outs.store_group[out] >= 0:
        return False
    for j in range(net.outs.line_first[out], net.outs.line_end[out]):
        if levers.lines.availability[net.out_lines.line[j]] > 0.0:
            return False
    return True


@helper
def find_open_lanes(net: Net, levers: Levers, state: State, work: Work) -> None:
    """Say which lanes may ship today: a seller that makes nothing and has no stock closes its lanes."""
    for lane in range(len(net.lanes)):
        out = net.lanes.source[lane]
        room = work.lanes.gate[lane]
        if work.outs.idle[out] == 1 and state.on_hand[out] <= 0.0:
            room = 0.0
        work.lanes.room[lane] = room
        work.lanes.open[lane] = 1 if room > 0.0 else 0
    if len(state.quotas) > 0:
        limit_lanes(state, work)
