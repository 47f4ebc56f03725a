"""Ordering: forecasts of wanted use, order-up-to levels per lane, patience, and re-sourcing.

Each lane of a bought material has its own level: its normal share of the buyer's target. An order not
shipped for `patience` is cancelled; from then on the lane's unmet need moves to open lanes that did not
fail, by spare capacity behind them, else by normal share, as far as their goods fit. A lane that works
again gets its share back with a half-life. Orders stuck at one supplier therefore never reduce what is
ordered from the others.
"""

from __future__ import annotations

from sim.engine.arrays import (
    BASE_STOCK,
    CUSTOMER,
    FIXED_QUANTITY,
    FORECAST_AVERAGE,
    FORECAST_EXPONENTIAL,
    MIN_MAX,
    ORDER_UP_TO,
    QUALIFY,
    RESTART,
    Levers,
    Net,
    Signals,
    State,
    Work,
)
from sim.engine.jit import kernel

RETURNED_SHARE = 0.01
"""A moved share smaller than this has returned."""


@kernel
def order(net: Net, levers: Levers, state: State, work: Work, signals: Signals, today: int) -> None:
    """Do phase 5 of the day."""
    for group in range(net.group_material.size):
        update_forecast(net, state, work, group)
    work.lane_cancelled[:] = 0.0
    work.lane_order[:] = 0.0
    for lane in range(net.lane_source.size):
        if net.lane_pushed[lane] == 0:
            cancel_overdue(net, state, work, signals, lane, today)
            give_share_back(net, state, work, lane, today)
    for group in range(net.group_material.size):
        if (today - net.group_offset[group]) % net.group_review[group] == 0:
            raise_orders(net, state, work, group, today)
    state.ordered_from[:] = 0.0
    for lane in range(net.lane_source.size):
        book_order(net, state, work, lane, today)


@kernel
def update_forecast(net: Net, state: State, work: Work, group: int) -> None:
    """Take today's wanted use into the forecast of a bought material."""
    use = work.group_need[group]
    if net.group_store[group] >= 0:
        use = state.ordered_from[net.group_store[group]]
    kind = net.group_forecast[group]
    if kind == FORECAST_EXPONENTIAL:
        state.forecast[group] += (use - state.forecast[group]) / net.group_forecast_days[group]
    elif kind == FORECAST_AVERAGE:
        window = int(net.group_forecast_days[group])
        state.use_ring[group, state.use_count[group] % window] = use
        state.use_count[group] += 1
        total = 0.0
        for k in range(window):
            total += state.use_ring[group, k]
        state.forecast[group] = total / window


@kernel
def cancel_overdue(net: Net, state: State, work: Work, signals: Signals, lane: int, today: int) -> None:
    """Cancel the parts of a lane's orders that have waited for the buyer's patience."""
    length = state.order_ring.shape[1]
    group = net.lane_group[lane]
    if state.unshipped[lane] <= 0.0:
        state.order_oldest[lane] = today
        return
    patience = net.group_patience[group]
    cancelled = 0.0
    while state.order_oldest[lane] < today and today - state.order_oldest[lane] >= patience:
        slot = state.order_oldest[lane] % length
        cancelled += state.order_ring[lane, slot]
        state.order_ring[lane, slot] = 0.0
        state.order_oldest[lane] += 1
    while today - state.order_oldest[lane] >= length - 1:
        slot = state.order_oldest[lane] % length
        state.order_ring[lane, (slot + 1) % length] += state.order_ring[lane, slot]
        state.order_ring[lane, slot] = 0.0
        state.order_oldest[lane] += 1
    usual = state.share_now[lane] * state.forecast[group] * net.group_review[group]
    if cancelled <= 1e-9 * usual or cancelled <= 0.0:
        state.unshipped[lane] = max(state.unshipped[lane] - cancelled, 0.0)
        return
    state.unshipped[lane] = max(state.unshipped[lane] - cancelled, 0.0)
    if net.group_double[group] == 1:
        state.stale[lane] += cancelled
    work.lane_cancelled[lane] = cancelled
    state.last_cancelled[lane] = today
    failed = min(cancelled / usual, 1.0) if usual > 0.0 else 1.0
    state.shifted[lane] = max(state.shifted[lane], failed)
    wake_alternatives(net, state, signals, lane, group, today)


@kernel
def wake_alternatives(net: Net, state: State, signals: Signals, lane: int, group: int, today: int) -> None:
    """Signal that a failed order wants unqualified lanes qualified and dormant lines restarted."""
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        other = net.group_lane[j]
        if other == lane:
            continue
        if net.lane_qualify[other] == 1 and state.qualified[other] == 0:
            send(signals, today, QUALIFY, other)
            state.qualified[other] = 2
        line = net.lane_restart_line[other]
        if line >= 0 and state.line_awake[line] == 0 and net.line_restart_days[line] < float("inf"):
            send(signals, today, RESTART, line)
            state.line_awake[line] = 2


@kernel
def send(signals: Signals, today: int, code: int, index: int) -> None:
    """Write a signal; the kernel returns after the day so that a process can answer it."""
    row = signals.count[0]
    if row < signals.day.size:
        signals.day[row] = today
        signals.code[row] = code
        signals.index[row] = index
        signals.count[0] = row + 1


@kernel
def give_share_back(net: Net, state: State, work: Work, lane: int, today: int) -> None:
    """Let a moved share return with its half-life once the lane works; a second source keeps a part."""
    if state.shifted[lane] <= 0.0 or work.lane_open[lane] == 0 or state.last_cancelled[lane] == today:
        return
    group = net.lane_group[lane]
    if state.retained[lane] == 1:
        keep_second_source(net, state, work, lane, group, today)
    state.shifted[lane] *= net.group_decay[group]
    if state.shifted[lane] < RETURNED_SHARE:
        state.shifted[lane] = 0.0


@kernel
def keep_second_source(net: Net, state: State, work: Work, lane: int, group: int, today: int) -> None:
    """Leave part of a failed lane's normal share with the alternatives that stepped in."""
    total = 0.0
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        other = net.group_lane[j]
        if other != lane and net.lane_share[other] <= 0.0 and can_step_in(net, state, work, other, today):
            total += net.lane_fits[other]
    state.retained[lane] = 0
    if total <= 0.0:
        return
    kept = state.share_now[lane] * net.group_retained[group]
    state.share_now[lane] -= kept
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        other = net.group_lane[j]
        if other != lane and net.lane_share[other] <= 0.0 and can_step_in(net, state, work, other, today):
            state.share_now[other] += kept * net.lane_fits[other] / total


@kernel
def can_step_in(net: Net, state: State, work: Work, lane: int, today: int) -> bool:
    """Tell whether a lane is open, its goods fit and exist, and it has not failed of late."""
    recent = today - state.last_cancelled[lane] <= net.group_patience[net.lane_group[lane]]
    has_goods = state.spare[net.lane_source[lane]] > 0.0 or state.share_now[lane] > 0.0
    return work.lane_open[lane] == 1 and net.lane_fits[lane] > 0.0 and has_goods and not recent


@kernel
def position_of(net: Net, state: State, work: Work, lane: int, today: int) -> float:
    """Return a lane's inventory position: stock, under way, and orders not yet shipped."""
    group = net.lane_group[lane]
    store = net.group_store[group]
    stock = state.on_hand[net.lane_bin[lane]]
    if store >= 0:
        for j in range(net.out_lane_ptr[store], net.out_lane_ptr[store + 1]):
            stock -= state.unshipped[net.out_lane[j]] + state.stale[net.out_lane[j]]
        stock *= state.share_now[lane]
    for j in range(net.group_line_ptr[group], net.group_line_ptr[group + 1]):
        line = net.group_line[j]
        if net.line_kind[line] == CUSTOMER:
            owed = state.owed[line] * net.line_in_quantity[net.group_line_slot[j]]
            stock -= owed * state.share_now[lane]
    position = stock + state.in_transit[lane] + state.unshipped[lane]
    if today - state.held_since[lane] < net.group_patience[group]:
        position += state.held[lane]
    return position


@kernel
def raise_orders(net: Net, state: State, work: Work, group: int, today: int) -> None:
    """Raise the orders of one bought material on its review day."""
    policy = net.group_policy[group]
    if policy == BASE_STOCK or policy == ORDER_UP_TO:
        order_up_to_levels(net, state, work, group, today)
        return
    position = 0.0
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        position += position_of(net, state, work, net.group_lane[j], today)
    first, second = net.group_first[group], net.group_second[group]
    quantity = 0.0
    if policy == FIXED_QUANTITY:
        quantity = first
    elif position <= first:
        if policy == MIN_MAX:
            quantity = second - position
        else:
            quantity = second * (1.0 + int((first - position) / second))
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        lane = net.group_lane[j]
        work.lane_order[lane] = state.share_now[lane] * quantity


@kernel
def order_up_to_levels(net: Net, state: State, work: Work, group: int, today: int) -> None:
    """Order each lane up to its level; move what failed lanes cannot get to lanes that can."""
    moved = 0.0
    surplus = 0.0
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        lane = net.group_lane[j]
        if net.lane_pushed[lane] == 1:
            continue
        if net.group_policy[group] == ORDER_UP_TO:
            level = net.group_first[group]
        else:
            days = net.group_cover[group] + state.lead_days[lane] + net.group_review[group] - 1.0
            level = state.forecast[group] * days
        gap = state.share_now[lane] * level - position_of(net, state, work, lane, today)
        work.lane_order[lane] = max(gap, 0.0)
        if state.shifted[lane] > 0.0:
            part = state.shifted[lane] * fitting_elsewhere(net, state, work, lane, group, today)
            moved += work.lane_order[lane] * part
            work.lane_order[lane] *= 1.0 - part
            if work.lane_open[lane] == 0:
                work.lane_order[lane] = 0.0
        elif gap < 0.0:
            surplus -= gap
    if moved > surplus:
        spread(net, state, work, group, moved - surplus, today)


@kernel
def fitting_elsewhere(net: Net, state: State, work: Work, lane: int, group: int, today: int) -> float:
    """Return the share of a lane's business that other lanes' goods can serve."""
    fits = 0.0
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        other = net.group_lane[j]
        if other != lane and net.lane_pushed[other] == 0 and can_step_in(net, state, work, other, today):
            fits += net.lane_fits[other]
    return min(fits, 1.0)


@kernel
def spread(net: Net, state: State, work: Work, group: int, quantity: float, today: int) -> None:
    """Share re-split orders over the lanes that can step in: by spare capacity, else by share."""
    first, last = net.group_lane_ptr[group], net.group_lane_ptr[group + 1]
    by_spare = 0.0
    by_share = 0.0
    for j in range(first, last):
        lane = net.group_lane[j]
        if net.lane_pushed[lane] == 0 and can_step_in(net, state, work, lane, today):
            by_spare += state.spare[net.lane_source[lane]] * net.lane_fits[lane]
            by_share += state.share_now[lane] * net.lane_fits[lane]
    for j in range(first, last):
        lane = net.group_lane[j]
        if net.lane_pushed[lane] == 1 or not can_step_in(net, state, work, lane, today):
            continue
        if by_spare > 0.0:
            part = state.spare[net.lane_source[lane]] * net.lane_fits[lane] / by_spare
        else:
            part = state.share_now[lane] * net.lane_fits[lane] / by_share
        work.lane_order[lane] += quantity * part
        if net.lane_share[lane] <= 0.0 and part > 0.0:
            mark_second_source(net, state, group)


@kernel
def mark_second_source(net: Net, state: State, group: int) -> None:
    """Remember, for the failed lanes of a group, that an alternative has stepped in."""
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        lane = net.group_lane[j]
        if state.shifted[lane] > 0.0:
            state.retained[lane] = 1


@kernel
def book_order(net: Net, state: State, work: Work, lane: int, today: int) -> None:
    """Enter a new order into the supplier's book."""
    quantity = work.lane_order[lane]
    if quantity <= 0.0:
        return
    if state.unshipped[lane] <= 0.0:
        state.order_oldest[lane] = today
    state.unshipped[lane] += quantity
    state.order_ring[lane, today % state.order_ring.shape[1]] += quantity
    if work.lane_open[lane] == 1:
        state.ordered_from[net.lane_source[lane]] += quantity
