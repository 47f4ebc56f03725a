"""Ordering: forecasts of wanted use, order-up-to levels per lane, patience, and re-sourcing.

Each lane of a bought material has its own level: its normal share of the buyer's target. An order not
shipped for `patience` is cancelled; from then on the lane's unmet need moves to open lanes that did not
fail, by spare capacity behind them, else by normal share, as far as their goods fit. A lane that works
again gets its share back with a half-life. Orders stuck at one supplier therefore never reduce what is
ordered from the others.
"""

from __future__ import annotations

import numpy as np

from sim.engine.arrays import (
    BASE_STOCK,
    CUSTOMER,
    FIXED_QUANTITY,
    FORECAST_AVERAGE,
    FORECAST_EXPONENTIAL,
    FORECAST_FIXED,
    MIN_MAX,
    ON_DEMAND,
    ORDER_UP_TO,
    QUALIFY,
    RESTART,
    Levers,
    Net,
    Signals,
    State,
    Work,
)
from sim.engine.jit import helper
from sim.engine.kernels.licences import file_for_licence, free_licence

RETURNED_SHARE = 0.01
"""A moved share smaller than this has returned."""
ROUNDING = 1e-12
"""An order this small beside the level it fills is rounding: no application must begin with it."""
NO_MOVE = 1e-9
"""Business this small beside a day's use is rounding: no alternative has stepped in because of it."""
RETURN_DAYS = 30.0
"""Time in which a lane that works again is asked to refill its own stock."""


@helper
def order(net: Net, levers: Levers, state: State, work: Work, signals: Signals, today: int) -> None:
    """Do phase 5 of the day."""
    for group in range(len(net.groups)):
        update_forecast(net, state, work, group)
        review = net.groups.review[group]
        is_due = review == 1 or (today - net.groups.offset[group]) % review == 0
        work.groups.due[group] = 1 if is_due else 0
        work.groups.moving[group] = 0
    work.lanes.cancelled[:] = 0.0
    for lane in range(len(net.lanes)):
        if net.lanes.pushed[lane] == 0:
            look_back(net, levers, state, work, signals, lane, today)
    find_claims(net, state, work)
    order_up_to_levels(net, levers, state, work, today)
    for group in range(len(net.groups)):
        move_orders(net, levers, state, work, group, today)
    for lane in range(len(net.lanes)):
        if levers.lanes.cover_kept[lane] > 0.0:
            work.lanes.order[lane] += gap_to_cover(net, levers, state, lane)
    state.outs.ordered_from[:] = 0.0
    for lane in range(len(net.lanes)):
        book_order(net, levers, state, work, lane, today)


@helper
def update_forecast(net: Net, state: State, work: Work, group: int) -> None:
    """Take today's wanted use into the forecast, which is never more than the lines could use.

    The mean is capped and not each day: orders that come once a week are more than a day's capacity.
    """
    use = work.groups.need[group]
    if net.groups.store[group] >= 0:
        use = state.outs.ordered_from[net.groups.store[group]]
    kind = net.groups.forecast[group]
    if kind == FORECAST_EXPONENTIAL:
        state.groups.forecast[group] += (use - state.groups.forecast[group]) / net.groups.forecast_days[group]
    elif kind == FORECAST_AVERAGE:
        window = int(net.groups.forecast_days[group])
        state.use_ring[group, state.groups.use_count[group] % window] = use
        state.groups.use_count[group] += 1
        total = 0.0
        for k in range(window):
            total += state.use_ring[group, k]
        state.groups.forecast[group] = total / window
    if kind != FORECAST_FIXED:
        state.groups.forecast[group] = min(state.groups.forecast[group], work.groups.most[group])


@helper
def look_back(
    net: Net, levers: Levers, state: State, work: Work, signals: Signals, lane: int, today: int
) -> None:
    """See what has become of a lane's earlier orders: cancelled, refused, or served again."""
    if state.lanes.unshipped[lane] <= 0.0 and work.lanes.given_up[lane] <= 0.0:
        state.lanes.order_oldest[lane] = today
    else:
        cancel_overdue(net, state, work, signals, lane, today)
    if levers.lanes.accepts[lane] < 1.0:
        turn_away(net, levers, state, signals, lane, today)
    if state.lanes.shifted[lane] > 0.0:
        give_share_back(net, state, work, lane, today)
        if state.lanes.shifted[lane] > 0.0:
            work.groups.moving[net.lanes.group[lane]] = 1


@helper
def cancel_overdue(net: Net, state: State, work: Work, signals: Signals, lane: int, today: int) -> None:
    """Cancel the parts of a lane's orders that have waited for the buyer's patience."""
    length = state.order_ring.shape[0]
    group = net.lanes.group[lane]
    if state.lanes.unshipped[lane] <= 0.0:
        state.lanes.order_oldest[lane] = today
        if work.lanes.given_up[lane] > 0.0:
            mark_failed(net, state, work, signals, lane, work.lanes.given_up[lane], today)
        return
    patience = net.groups.patience[group]
    cancelled = 0.0
    while state.lanes.order_oldest[lane] < today and today - state.lanes.order_oldest[lane] >= patience:
        slot = state.lanes.order_oldest[lane] & (length - 1)
        cancelled += state.order_ring[slot, lane]
        state.order_ring[slot, lane] = 0.0
        state.lanes.order_oldest[lane] += 1
    while today - state.lanes.order_oldest[lane] >= length - 1:
        slot = state.lanes.order_oldest[lane] & (length - 1)
        state.order_ring[(slot + 1) & (length - 1), lane] += state.order_ring[slot, lane]
        state.order_ring[slot, lane] = 0.0
        state.lanes.order_oldest[lane] += 1
    if cancelled > 0.0:
        left = max(state.lanes.unshipped[lane] - cancelled, 0.0)
        if state.lanes.cleared[lane] > 0.0:
            free_licence(state, lane, left / state.lanes.unshipped[lane])
        state.lanes.unshipped[lane] = left
    given_up = cancelled + work.lanes.given_up[lane]
    usual = state.groups.forecast[group] * net.groups.review[group]
    if given_up > NO_MOVE * usual and given_up > 0.0:
        if net.groups.double[group] == 1:
            state.lanes.stale[lane] += cancelled
        mark_failed(net, state, work, signals, lane, given_up, today)


@helper
def mark_failed(
    net: Net, state: State, work: Work, signals: Signals, lane: int, cancelled: float, today: int
) -> None:
    """Note that a lane has failed its buyer, and how much of its business looks elsewhere."""
    group = net.lanes.group[lane]
    usual = state.lanes.share_now[lane] * state.groups.forecast[group] * net.groups.review[group]
    state.lanes.last_cancelled[lane] = today
    work.lanes.cancelled[lane] = cancelled
    still_there = usual * (1.0 - state.lanes.shifted[lane])
    failed = min(cancelled / still_there, 1.0) if still_there > 0.0 else 1.0
    state.lanes.shifted[lane] = max(state.lanes.shifted[lane], failed)
    wake_alternatives(net, state, signals, lane, group, today)


@helper
def wake_alternatives(net: Net, state: State, signals: Signals, lane: int, group: int, today: int) -> None:
    """Signal that a failed order wants unqualified lanes qualified and dormant lines restarted."""
    for other in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if other == lane:
            continue
        if net.lanes.qualify[other] == ON_DEMAND and state.lanes.qualified[other] == 0:
            send(signals, today, QUALIFY, other)
            state.lanes.qualified[other] = 2
        line = net.lanes.restart_line[other]
        if line >= 0 and state.lines.awake[line] == 0 and net.lines.restart_days[line] < np.inf:
            send(signals, today, RESTART, line)
            state.lines.awake[line] = 2


@helper
def send(signals: Signals, today: int, code: int, index: int) -> None:
    """Write a signal; the kernel returns after the day so that a process can answer it."""
    row = signals.count[0]
    if row < signals.board.day.size:
        signals.board.day[row] = today
        signals.board.code[row] = code
        signals.board.index[row] = index
        signals.count[0] = row + 1


@helper
def turn_away(net: Net, levers: Levers, state: State, signals: Signals, lane: int, today: int) -> None:
    """Note that a seller takes no new orders: the buyer's business looks elsewhere at once."""
    refused = 1.0 - levers.lanes.accepts[lane]
    if state.lanes.shifted[lane] < refused:
        state.lanes.shifted[lane] = refused
        wake_alternatives(net, state, signals, lane, net.lanes.group[lane], today)
    state.lanes.last_cancelled[lane] = today


@helper
def gap_to_cover(net: Net, levers: Levers, state: State, lane: int) -> float:
    """Return what a lane that fills its buyer's stock is short of, with what it has under way and ordered."""
    group = net.lanes.group[lane]
    stock = state.lanes.in_transit[lane] + state.lanes.unshipped[lane] + state.lanes.stale[lane]
    stock += state.lanes.waiting[lane]
    for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        stock += state.on_hand[net.lanes.bin[j]]
    return max(levers.lanes.cover_kept[lane] * state.groups.forecast[group] - stock, 0.0)


@helper
def give_share_back(net: Net, state: State, work: Work, lane: int, today: int) -> None:
    """Let a moved share return with its half-life once the lane works; a second source keeps a part."""
    works = work.lanes.open[lane] == 1 and state.lanes.last_cancelled[lane] != today
    if not works:
        return
    group = net.lanes.group[lane]
    if state.lanes.retained[lane] == 1:
        keep_second_source(net, state, work, lane, group, today)
    state.lanes.shifted[lane] *= net.groups.decay[group]
    if state.lanes.shifted[lane] < RETURNED_SHARE:
        state.lanes.shifted[lane] = 0.0


@helper
def keep_second_source(net: Net, state: State, work: Work, lane: int, group: int, today: int) -> None:
    """Leave part of a failed lane's normal share with the alternatives that stepped in.

    An alternative keeps no more than its goods in stock can carry at the buyer's cover, so that a
    share never moves to a lane from which nothing has arrived yet.
    """
    total = 0.0
    for other in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if other != lane and net.lanes.share[other] <= 0.0 and can_step_in(net, state, work, other, today):
            total += net.lanes.fits[other]
    if total <= 0.0:
        return
    most = state.lanes.share_now[lane] * net.groups.retained[group]
    needed = state.groups.forecast[group] * (net.groups.cover[group] + 1.0)
    for other in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if other != lane and net.lanes.share[other] <= 0.0 and can_step_in(net, state, work, other, today):
            carried = state.on_hand[net.lanes.bin[other]] / needed if needed > 0.0 else 0.0
            kept = min(most * net.lanes.fits[other] / total, carried)
            if kept > NO_MOVE:
                state.lanes.share_now[lane] -= kept
                state.lanes.share_now[other] += kept
                state.lanes.retained[lane] = 0


@helper
def can_step_in(net: Net, state: State, work: Work, lane: int, today: int) -> bool:
    """Tell whether a lane is open, its goods fit and exist, and it has not failed of late."""
    recent = today - state.lanes.last_cancelled[lane] <= net.groups.patience[net.lanes.group[lane]]
    has_goods = state.outs.spare[net.lanes.source[lane]] > 0.0 or state.lanes.share_now[lane] > 0.0
    return work.lanes.open[lane] == 1 and net.lanes.fits[lane] > 0.0 and has_goods and not recent


@helper
def position_of(net: Net, state: State, work: Work, lane: int, today: int) -> float:
    """Return a lane's inventory position: stock, under way, and orders not yet shipped."""
    group = net.lanes.group[lane]
    store = net.groups.store[group]
    stock = state.on_hand[net.lanes.bin[lane]]
    if store >= 0:
        for j in range(net.outs.lane_first[store], net.outs.lane_end[store]):
            stock -= state.lanes.unshipped[net.out_lane[j]] + state.lanes.stale[net.out_lane[j]]
        stock *= state.lanes.share_now[lane]
    if net.groups.owes[group] == 1:
        stock -= work.groups.claimed[group] * state.lanes.share_now[lane]
    position = stock + state.lanes.in_transit[lane] + state.lanes.unshipped[lane] + state.lanes.waiting[lane]
    if today - state.lanes.held_since[lane] < net.groups.patience[group]:
        position += state.lanes.held[lane]
    return position


@helper
def find_claims(net: Net, state: State, work: Work) -> None:
    """Find how much of each bought material waiting customers and parked units will take."""
    work.groups.claimed[:] = 0.0
    for slot in range(len(net.inputs)):
        line = net.inputs.line[slot]
        units = 0.0
        if net.lines.kind[line] == CUSTOMER:
            units = state.lines.owed[line]
        elif net.inputs.parkable[slot] == 1:
            units = state.lines.parked[line]
        work.groups.claimed[net.inputs.group[slot]] += units * work.inputs.quantity[slot]


@helper
def order_up_to_levels(net: Net, levers: Levers, state: State, work: Work, today: int) -> None:
    """Order each lane up to its level, where its buyer reviews today; sum what lanes have above theirs."""
    work.groups.surplus[:] = 0.0
    for lane in range(len(net.lanes)):
        group = net.lanes.group[lane]
        policy = net.groups.policy[group]
        if policy == ORDER_UP_TO:
            level = net.groups.first[group]
            level += state.groups.forecast[group] * levers.groups.cover_added[group]
        else:
            cover = net.groups.cover[group] + levers.groups.cover_added[group]
            days = cover + state.lanes.lead_days[lane] + net.groups.review[group] - 1.0
            if net.groups.store[group] >= 0:
                days += 1.0  # a store orders before it sees the orders of the day
            level = state.groups.forecast[group] * days
        gap = state.lanes.share_now[lane] * level - position_of(net, state, work, lane, today)
        is_up_to = (policy == BASE_STOCK or policy == ORDER_UP_TO) and net.lanes.pushed[lane] == 0
        if not is_up_to or work.groups.due[group] == 0 or abs(gap) <= ROUNDING * level:
            gap = 0.0
        work.lanes.order[lane] = max(gap, 0.0)
        work.groups.surplus[group] += max(-gap, 0.0)


@helper
def move_orders(
    net: Net, levers: Levers, state: State, work: Work, group: int, today: int
) -> None:
    """Order by position where that is the policy, and move what lanes that failed do not get."""
    if work.groups.due[group] == 0:
        if work.groups.moving[group] == 1:
            split_cancelled(net, levers, state, work, group, today)
        return
    policy = net.groups.policy[group]
    if policy != BASE_STOCK and policy != ORDER_UP_TO:
        order_for_all(net, state, work, group, today)
    if work.groups.moving[group] == 0:
        return
    moved = 0.0
    for lane in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if state.lanes.shifted[lane] > 0.0 and work.lanes.order[lane] > 0.0:
            fits = fitting_elsewhere(net, state, work, lane, group, today)
            part = state.lanes.shifted[lane] * fits
            moved += work.lanes.order[lane] * part
            work.lanes.order[lane] = order_of_failed(net, state, work, lane, fits, part)
    surplus = work.groups.surplus[group]
    if moved - surplus > NO_MOVE * state.groups.forecast[group]:
        spread(net, levers, state, work, group, moved - surplus, today)


@helper
def order_for_all(net: Net, state: State, work: Work, group: int, today: int) -> None:
    """Order by the position over all lanes, as (s,S), (r,Q) and a fixed quantity do, and split by share."""
    position = 0.0
    for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        position += position_of(net, state, work, j, today)
    first, second = net.groups.first[group], net.groups.second[group]
    policy = net.groups.policy[group]
    quantity = 0.0
    if policy == FIXED_QUANTITY:
        quantity = first
    elif position <= first:
        if policy == MIN_MAX:
            quantity = second - position
        else:
            quantity = second * (1.0 + int((first - position) / second))
    for lane in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        work.lanes.order[lane] = state.lanes.share_now[lane] * quantity


@helper
def split_cancelled(
    net: Net, levers: Levers, state: State, work: Work, group: int, today: int
) -> None:
    """Split what was cancelled today over lanes that can step in, on a day without a review."""
    moved = 0.0
    for lane in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if work.lanes.cancelled[lane] > 0.0:
            fits = fitting_elsewhere(net, state, work, lane, group, today)
            moved += work.lanes.cancelled[lane] * fits
    if moved > NO_MOVE * state.groups.forecast[group]:
        spread(net, levers, state, work, group, moved, today)


@helper
def order_of_failed(net: Net, state: State, work: Work, lane: int, fits: float, part: float) -> float:
    """Return what a failed lane is still asked for: nothing while closed.

    What fits nowhere else is ordered in full. Of the rest the share that has come back is ordered at the
    usual rate and a thirtieth of the gap a day, so that a lane which still fails is only probed.
    """
    if work.lanes.open[lane] == 0:
        return 0.0
    group = net.lanes.group[lane]
    gap = work.lanes.order[lane]
    usual = state.lanes.share_now[lane] * state.groups.forecast[group] * net.groups.review[group]
    returned = min(gap, usual + gap / RETURN_DAYS) * (fits - part)
    return gap * (1.0 - fits) + returned


@helper
def fitting_elsewhere(net: Net, state: State, work: Work, lane: int, group: int, today: int) -> float:
    """Return the share of a lane's business that other lanes' goods can serve."""
    fits = 0.0
    for other in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if other != lane and net.lanes.pushed[other] == 0 and can_step_in(net, state, work, other, today):
            fits += net.lanes.fits[other]
    return fits if fits < 1.0 - ROUNDING else 1.0


@helper
def spread(
    net: Net, levers: Levers, state: State, work: Work, group: int, quantity: float, today: int
) -> None:
    """Share re-split orders over the lanes that can step in: by spare capacity, else by share.

    Where a preferred lane can step in and has goods to spare, the others are not asked.
    """
    first, last = net.groups.lane_first[group], net.groups.lane_end[group]
    for j in range(first, last):
        work.lanes.ask[j] = 0.0
    by_spare = 0.0
    by_share = 0.0
    is_preferred = False
    for lane in range(first, last):
        if net.lanes.pushed[lane] == 1 or not can_step_in(net, state, work, lane, today):
            continue
        spare = state.outs.spare[net.lanes.source[lane]] * net.lanes.fits[lane]
        if levers.lanes.preferred[lane] > 0.0 and spare > 0.0 and not is_preferred:
            is_preferred = True
            by_spare = 0.0
            for k in range(first, lane):
                work.lanes.ask[k] = 0.0
        if not is_preferred or levers.lanes.preferred[lane] > 0.0:
            work.lanes.ask[lane] = 1.0
            by_spare += spare
            by_share += state.lanes.share_now[lane] * net.lanes.fits[lane]
    for lane in range(first, last):
        if work.lanes.ask[lane] <= 0.0:
            continue
        if by_spare > 0.0:
            part = state.outs.spare[net.lanes.source[lane]] * net.lanes.fits[lane] / by_spare
        else:
            part = state.lanes.share_now[lane] * net.lanes.fits[lane] / by_share
        work.lanes.order[lane] += quantity * part
        if net.lanes.share[lane] <= 0.0 and part > NO_MOVE:
            mark_second_source(net, state, group)


@helper
def mark_second_source(net: Net, state: State, group: int) -> None:
    """Remember, for the failed lanes of a group, that an alternative has stepped in."""
    for lane in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if state.lanes.shifted[lane] > 0.0:
            state.lanes.retained[lane] = 1


@helper
def book_order(net: Net, levers: Levers, state: State, work: Work, lane: int, today: int) -> None:
    """Enter a new order into the supplier's book; what needs a licence waits and asks for no production."""
    quantity = work.lanes.order[lane] * min(levers.lanes.accepts[lane], 1.0) + levers.lanes.order_added[lane]
    work.lanes.order[lane] = quantity
    if levers.lanes.licensed_share[lane] > 0.0 and quantity > 0.0:
        quantity = file_for_licence(levers, state, lane, quantity, today)
    quantity = max(quantity, 0.0)
    unshipped, oldest = state.lanes.unshipped[lane], state.lanes.order_oldest[lane]
    state.lanes.order_oldest[lane] = today if unshipped <= 0.0 else oldest
    state.lanes.unshipped[lane] = unshipped + quantity
    state.order_ring[today & (state.order_ring.shape[0] - 1), lane] += quantity
    asked = work.lanes.granted[lane] + quantity
    state.outs.ordered_from[net.lanes.source[lane]] += asked if work.lanes.open[lane] == 1 else 0.0
