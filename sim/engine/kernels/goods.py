"""Goods under way: they leave, land, are held at a refused border, and are returned.

A shipment is a row of a pool; a calendar of buckets, one per arrival day, chains the rows that land
that day. Nothing here decides anything; it only moves mass between the calendar and the stocks.
"""

from __future__ import annotations

from sim.engine.arrays import Levers, Net, Record, State, Work
from sim.engine.jit import kernel
from sim.engine.kernels.origin import mix_into_lane, mix_into_out

LANDS, RETURNS = 0, -1
"""Values of `pool_left` for goods under way: bound for the buyer, on the way back to the seller."""


@kernel
def chain(state: State, slot: int, day: int) -> None:
    """Put a shipment into the bucket of an arrival day."""
    bucket = day % state.bucket.size
    state.pool_next[slot] = state.bucket[bucket]
    state.bucket[bucket] = slot


@kernel
def depart(
    net: Net, state: State, record: Record, lr: int, quantity: float, days: int, age: float, today: int
) -> None:
    """Put a shipment under way; it lands `days` after today."""
    slot = state.pool_free[0]
    state.pool_free[0] = state.pool_next[slot]
    state.pool_free[1] -= 1
    state.pool_lr[slot] = lr
    state.pool_quantity[slot] = quantity
    state.pool_ship_day[slot] = today
    state.pool_age[slot] = age
    state.pool_left[slot] = LANDS
    state.pool_record[slot] = -1
    if record.shipment_lr.size > 0 and today >= state.clock[0]:
        row = record.shipment_count[0]
        record.shipment_count[0] = row + 1
        record.shipment_lr[row] = lr
        record.shipment_day[row] = today - state.clock[0]
        record.shipment_arrival[row] = -1
        record.shipment_quantity[row] = quantity
        state.pool_record[slot] = row
    state.in_transit[net.lr_lane[lr]] += quantity
    chain(state, slot, today + days)


@kernel
def receive(net: Net, state: State, work: Work, record: Record, today: int) -> None:
    """Land what arrives today."""
    work.lane_received[:] = 0.0
    bucket = today % state.bucket.size
    slot = state.bucket[bucket]
    state.bucket[bucket] = -1
    while slot >= 0:
        following = state.pool_next[slot]
        if state.pool_left[slot] == RETURNS:
            come_back(net, state, work, slot)
        else:
            land(net, state, work, slot, today)
        if state.pool_record[slot] >= 0:
            record.shipment_arrival[state.pool_record[slot]] = today - state.clock[0]
        state.pool_next[slot] = state.pool_free[0]
        state.pool_free[0] = slot
        state.pool_free[1] += 1
        slot = following


@kernel
def land(net: Net, state: State, work: Work, slot: int, today: int) -> None:
    """Add a shipment to the buyer's stock and to the lead time the buyer has experienced."""
    lane = net.lr_lane[state.pool_lr[slot]]
    quantity, ship_day = state.pool_quantity[slot], state.pool_ship_day[slot]
    bin_ = net.lane_bin[lane]
    if bin_ < net.out_material.size:
        mix_into_out(net, state, work, bin_, quantity, lane, ship_day)
    else:
        mix_into_lane(net, state, lane, quantity, ship_day)
    state.on_hand[bin_] += quantity
    state.in_transit[lane] -= quantity
    work.lane_received[lane] += quantity
    group = net.lane_group[lane]
    if net.lane_pushed[lane] or net.group_learning[group] == float("inf"):
        return
    normal = max(net.lane_flow[lane], 1e-3 * net.group_planned_use[group])
    if normal > 0.0:
        weight = min(1.0, quantity / (normal * net.group_learning[group]))
        lead = today - ship_day + state.pool_age[slot]
        state.lead_days[lane] += weight * (lead - state.lead_days[lane])


@kernel
def come_back(net: Net, state: State, work: Work, slot: int) -> None:
    """Add returned goods to the seller's stock."""
    lane = net.lr_lane[state.pool_lr[slot]]
    quantity = state.pool_quantity[slot]
    source = net.lane_source[lane]
    mix_into_out(net, state, work, source, quantity, lane, state.pool_ship_day[slot])
    state.on_hand[source] += quantity
    state.held[lane] -= quantity
    if net.out_source[source]:
        state.on_hand[source] -= quantity
        state.used_total[net.out_material[source]] += quantity


@kernel
def stop_under_way(net: Net, state: State, lr: int, is_returned: bool, today: int) -> None:
    """Hold every shipment of a lane route where it is, or turn it back, before today's receipts."""
    lane = net.lr_lane[lr]
    days = state.bucket.size
    for ahead in range(days):
        bucket = (today + ahead) % days
        slot = state.bucket[bucket]
        state.bucket[bucket] = -1
        while slot >= 0:
            following = state.pool_next[slot]
            if state.pool_lr[slot] != lr or state.pool_left[slot] == RETURNS:
                state.pool_next[slot] = state.bucket[bucket]
                state.bucket[bucket] = slot
            else:
                state.in_transit[lane] -= state.pool_quantity[slot]
                state.held[lane] += state.pool_quantity[slot]
                state.held_since[lane] = today
                state.pool_left[slot] = ahead
                state.pool_next[slot] = state.held_head[lr]
                state.held_head[lr] = slot
            slot = following
    if is_returned:
        turn_back(state, lr, today)


@kernel
def turn_back(state: State, lr: int, today: int) -> None:
    """Send held goods home; they need as long as they had travelled."""
    slot = state.held_head[lr]
    state.held_head[lr] = -1
    while slot >= 0:
        following = state.pool_next[slot]
        travelled = max(today - state.pool_ship_day[slot], 1)
        state.pool_left[slot] = RETURNS
        chain(state, slot, today + travelled)
        slot = following


@kernel
def release_held(net: Net, state: State, lr: int, today: int) -> None:
    """Let held goods go on with the days they had left."""
    lane = net.lr_lane[lr]
    slot = state.held_head[lr]
    state.held_head[lr] = -1
    while slot >= 0:
        following = state.pool_next[slot]
        left = state.pool_left[slot]
        state.pool_left[slot] = LANDS
        state.held[lane] -= state.pool_quantity[slot]
        state.in_transit[lane] += state.pool_quantity[slot]
        chain(state, slot, today + left)
        slot = following


@kernel
def find_open_lanes(net: Net, levers: Levers, state: State, work: Work, today: int) -> None:
    """Say which lanes may ship today and how much (`lane_room`)."""
    for lane in range(net.lane_source.size):
        room = float("inf")
        if levers.lane_flow_share[lane] < 1.0:
            room = levers.lane_flow_share[lane] * net.lane_flow[lane]
        is_open = room > 0.0 and state.qualified[lane] == 1
        if net.lane_restart_line[lane] >= 0 and state.line_awake[net.lane_restart_line[lane]] != 1:
            is_open = False
        has_route = False
        for lr in range(net.lane_lr_ptr[lane], net.lane_lr_ptr[lane + 1]):
            if levers.route_open[lr] > 0.0 and levers.route_capacity_share[net.lr_route[lr]] > 0.0:
                has_route = True
        work.lane_open[lane] = 1 if is_open and has_route else 0
        work.lane_room[lane] = room if is_open and has_route else 0.0
