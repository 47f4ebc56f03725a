"""Goods under way: they leave, land, are held at a refused border, and are returned.

A shipment is a row of a pool; a calendar of buckets, one per arrival day, chains the rows that land
that day. Nothing here decides anything; it only moves mass between the calendar and the stocks.
"""

from __future__ import annotations

import numpy as np

from sim.engine.arrays import Levers, Net, Record, State, Work
from sim.engine.jit import helper, kernel
from sim.engine.kernels.origin import mix_into_lane, mix_into_out

FREE = -1
"""Lane route of a row of the pool that holds no shipment."""
LANDS, RETURNS = 0, -1
"""Values of `pool_left` for goods under way: bound for the buyer, on the way back to the seller."""


@helper
def chain(state: State, slot: int, day: int) -> None:
    """Put a shipment into the bucket of an arrival day."""
    bucket = day & (state.bucket.size - 1)
    state.pool.next[slot] = state.bucket[bucket]
    state.bucket[bucket] = slot


@helper
def depart(
    net: Net, state: State, record: Record, lr: int, quantity: float, days: int, age: float, today: int
) -> None:
    """Put a shipment under way; it lands `days` after today."""
    slot = state.pool_free[0]
    while state.pool.lr[slot] >= 0:  # rows are taken in turn: what leaves together lies together
        slot = (slot + 1) & (len(state.pool) - 1)
    state.pool_free[0] = (slot + 1) & (len(state.pool) - 1)
    state.pool_free[1] -= 1
    state.pool.lr[slot] = lr
    state.pool.quantity[slot] = quantity
    state.pool.ship_day[slot] = today
    state.pool.age[slot] = age
    state.pool.left[slot] = LANDS
    state.pool.record[slot] = -1
    if record.shipments.lr.size > 0 and today >= state.clock[0]:
        row = record.shipment_count[0]
        record.shipment_count[0] = row + 1
        record.shipments.lr[row] = lr
        record.shipments.day[row] = today - state.clock[0]
        record.shipments.arrival[row] = -1
        record.shipments.quantity[row] = quantity
        state.pool.record[slot] = row
    state.lanes.in_transit[net.lane_routes.lane[lr]] += quantity
    chain(state, slot, today + days)


@helper
def receive(net: Net, state: State, work: Work, record: Record, today: int) -> None:
    """Land what arrives today."""
    work.lanes.received[:] = 0.0
    work.lanes.waited[:] = 0.0
    bucket = today & (state.bucket.size - 1)
    slot = state.bucket[bucket]
    state.bucket[bucket] = -1
    while slot >= 0:
        following = state.pool.next[slot]
        if state.pool.left[slot] == RETURNS:
            come_back(net, state, work, slot)
        else:
            land(net, state, work, slot, today)
        if state.pool.record[slot] >= 0:
            record.shipments.arrival[state.pool.record[slot]] = today - state.clock[0]
        state.pool.lr[slot] = FREE
        state.pool_free[1] += 1
        slot = following
    learn_lead_times(net, state, work)


@helper
def land(net: Net, state: State, work: Work, slot: int, today: int) -> None:
    """Add a shipment to the buyer's stock and to the lead time the buyer has experienced."""
    lane = net.lane_routes.lane[state.pool.lr[slot]]
    quantity, ship_day = state.pool.quantity[slot], state.pool.ship_day[slot]
    bin_ = net.lanes.bin[lane]
    if bin_ < net.outs.material.size:
        mix_into_out(net, state, work, bin_, quantity, lane, ship_day)
    else:
        mix_into_lane(net, state, lane, quantity, ship_day)
    state.on_hand[bin_] += quantity
    state.lanes.in_transit[lane] -= quantity
    work.lanes.received[lane] += quantity
    work.lanes.waited[lane] += quantity * (today - ship_day + state.pool.age[slot])


@helper
def learn_lead_times(net: Net, state: State, work: Work) -> None:
    """Move every buyer's experienced lead time towards that of the goods received today."""
    for lane in range(len(net.lanes)):
        group = net.lanes.group[lane]
        received = work.lanes.received[lane]
        if received <= 0.0 or net.lanes.pushed[lane] == 1 or np.isinf(net.groups.learning[group]):
            continue
        normal = max(net.lanes.flow[lane], 1e-3 * net.groups.planned_use[group])
        if normal > 0.0:
            weight = min(1.0, received / (normal * net.groups.learning[group]))
            days = work.lanes.waited[lane] / received
            state.lanes.lead_days[lane] += weight * (days - state.lanes.lead_days[lane])


@helper
def come_back(net: Net, state: State, work: Work, slot: int) -> None:
    """Add returned goods to the seller's stock."""
    lane = net.lane_routes.lane[state.pool.lr[slot]]
    quantity = state.pool.quantity[slot]
    source = net.lanes.source[lane]
    mix_into_out(net, state, work, source, quantity, lane, state.pool.ship_day[slot])
    state.on_hand[source] += quantity
    state.lanes.held[lane] -= quantity
    if net.outs.source[source]:
        state.on_hand[source] -= quantity
        state.unbooked_used[source] += quantity
        state.totals.used[net.outs.material[source]] += quantity


@kernel
def stop_under_way(net: Net, state: State, lr: int, is_returned: bool, today: int) -> None:
    """Hold every shipment of a lane route where it is, or turn it back, before today's receipts."""
    lane = net.lane_routes.lane[lr]
    days = state.bucket.size
    for ahead in range(days):
        bucket = (today + ahead) & (days - 1)
        slot = state.bucket[bucket]
        state.bucket[bucket] = -1
        while slot >= 0:
            following = state.pool.next[slot]
            if state.pool.lr[slot] != lr or state.pool.left[slot] == RETURNS:
                state.pool.next[slot] = state.bucket[bucket]
                state.bucket[bucket] = slot
            else:
                state.lanes.in_transit[lane] -= state.pool.quantity[slot]
                state.lanes.held[lane] += state.pool.quantity[slot]
                state.lanes.held_since[lane] = today
                state.pool.left[slot] = ahead
                state.pool.next[slot] = state.held_head[lr]
                state.held_head[lr] = slot
            slot = following
    if is_returned:
        turn_back(state, lr, today)


@helper
def turn_back(state: State, lr: int, today: int) -> None:
    """Send held goods home; they need as long as they had travelled."""
    slot = state.held_head[lr]
    state.held_head[lr] = -1
    while slot >= 0:
        following = state.pool.next[slot]
        travelled = max(today - state.pool.ship_day[slot], 1)
        state.pool.left[slot] = RETURNS
        chain(state, slot, today + travelled)
        slot = following


@kernel
def release_held(net: Net, state: State, lr: int, today: int) -> None:
    """Let held goods go on with the days they had left."""
    lane = net.lane_routes.lane[lr]
    slot = state.held_head[lr]
    state.held_head[lr] = -1
    while slot >= 0:
        following = state.pool.next[slot]
        left = state.pool.left[slot]
        state.pool.left[slot] = LANDS
        state.lanes.held[lane] -= state.pool.quantity[slot]
        state.lanes.in_transit[lane] += state.pool.quantity[slot]
        chain(state, slot, today + left)
        slot = following


@helper
def find_open_lanes(net: Net, levers: Levers, state: State, work: Work, today: int) -> None:
    """Say which lanes may ship today and how much (`lane_room`)."""
    for lane in range(net.lanes.source.size):
        room = np.inf
        if levers.lanes.flow_share[lane] < 1.0:
            room = levers.lanes.flow_share[lane] * net.lanes.flow[lane]
        is_open = room > 0.0 and state.lanes.qualified[lane] == 1
        if net.lanes.restart_line[lane] >= 0 and state.lines.awake[net.lanes.restart_line[lane]] != 1:
            is_open = False
        if is_open and stands_still(net, levers, state, net.lanes.source[lane]):
            is_open = False
        has_route = False
        for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
            carries = levers.routes.capacity_share[net.lane_routes.route[lr]] > 0.0
            if levers.lane_routes.open[lr] > 0.0 and carries:
                has_route = True
        work.lanes.open[lane] = 1 if is_open and has_route else 0
        work.lanes.room[lane] = room if is_open and has_route else 0.0


@helper
def stands_still(net: Net, levers: Levers, state: State, out: int) -> bool:
    """Tell whether a seller has nothing in stock and no line that could make any today."""
    if state.on_hand[out] > 0.0 or net.outs.store_group[out] >= 0:
        return False
    for j in range(net.outs.line_first[out], net.outs.line_end[out]):
        if levers.lines.availability[net.out_lines.line[j]] > 0.0:
            return False
    return True
