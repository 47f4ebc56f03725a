"""Allocation and shipping: suppliers share their stock among open orders, through each lane's gates.

The gates of a lane, in order: is it open, how much may it ship today, is there a quota left, does a route
have room. What is not shipped stays ordered.
"""

from __future__ import annotations

import numpy as np

from sim.engine.arrays import PRO_RATA, SURPLUS_LEDGER, Draws, Levers, Net, Record, State, Work
from sim.engine.jit import helper
from sim.engine.kernels.goods import depart, transit_days
from sim.engine.kernels.licences import use_licence
from sim.engine.kernels.origin import remember_blends
from sim.engine.kernels.quotas import count_shipped, cut_to_quotas, reopen_lanes
from sim.interventions.levers import Fallback

LISTED, BY_DAYS, BY_CAPACITY, NO_FALLBACK = (
    int(rule) for rule in (Fallback.LISTED, Fallback.DAYS, Fallback.CAPACITY, Fallback.NONE)
)
SETTLED = 1e-12
"""A remainder this small beside the order is rounding."""


@helper
def ship(
    net: Net, levers: Levers, state: State, work: Work, draws: Draws, record: Record, today: int
) -> None:
    """Do phase 6 of the day."""
    remember_blends(net, state)
    work.lanes.shipped[:] = 0.0
    for route in range(net.routes.capacity.size):
        work.routes.left[route] = net.routes.capacity[route] * levers.routes.capacity_share[route]
    if len(state.quotas) > 0:
        reopen_lanes(state, work)
    allocate_all(net, levers, state, work, today)
    if len(state.quotas) > 0:
        keep_to_quotas(net, levers, state, work, today)
    for j in range(work.choosing_count[0]):
        choose_routes(net, levers, state, work, work.choosing[j])
    fit_capacities(net, levers, work)
    for lane in range(len(net.lanes)):
        send_lane(net, levers, state, work, draws, record, lane, today)
    for out in range(net.outs.material.size):
        clear_surplus(net, state, work, out)
    if len(state.quotas) > 0:
        count_shipped(state, work)


@helper
def keep_to_quotas(net: Net, levers: Levers, state: State, work: Work, today: int) -> None:
    """Cut allocations to the quotas; what a seller may not ship on one lane goes to its others."""
    work.outs.is_cut[:] = 0
    if cut_to_quotas(net, state, work):
        for out in range(net.outs.material.size):
            if work.outs.is_cut[out] == 1:
                allocate(net, levers, state, work, out, today)
        cut_to_quotas(net, state, work)


@helper
def allocate_all(net: Net, levers: Levers, state: State, work: Work, today: int) -> None:
    """Set what each lane may ship (`lane_give`), before routes."""
    work.outs.asked[:] = 0.0
    for lane in range(len(net.lanes)):
        ask = min(state.lanes.unshipped[lane] + state.lanes.stale[lane], work.lanes.room[lane])
        work.lanes.ask[lane] = ask if work.lanes.open[lane] == 1 else 0.0
        work.outs.asked[net.lanes.source[lane]] += work.lanes.ask[lane]
    for out in range(net.outs.material.size):
        asked, stock = work.outs.asked[out], stock_of(net, levers, state, out)
        work.outs.part[out] = 1.0 if asked <= stock else stock / asked
    for lane in range(len(net.lanes)):
        work.lanes.give[lane] = work.lanes.ask[lane] * work.outs.part[net.lanes.source[lane]]
    for out in range(net.outs.material.size):
        if work.outs.part[out] < 1.0 or net.outs.whole[out] == 1:
            share_out(net, levers, state, work, out, today)


@helper
def stock_of(net: Net, levers: Levers, state: State, out: int) -> float:
    """Return what there is to sell of a material."""
    if net.outs.source[out] == 0:
        return state.on_hand[out]
    line = net.out_lines.line[net.outs.line_first[out]]
    return np.inf if levers.lines.availability[line] > 0.0 else 0.0


@helper
def allocate(net: Net, levers: Levers, state: State, work: Work, out: int, today: int) -> None:
    """Set anew what each lane of a sold material may ship."""
    asked = 0.0
    for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
        lane = net.out_lane[j]
        ask = min(state.lanes.unshipped[lane] + state.lanes.stale[lane], work.lanes.room[lane])
        work.lanes.ask[lane] = ask if work.lanes.open[lane] == 1 else 0.0
        asked += work.lanes.ask[lane]
    stock = stock_of(net, levers, state, out)
    work.outs.asked[out] = asked
    work.outs.part[out] = 1.0 if asked <= stock else stock / asked
    for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
        lane = net.out_lane[j]
        work.lanes.give[lane] = work.lanes.ask[lane] * work.outs.part[out]
    share_out(net, levers, state, work, out, today)


@helper
def share_out(net: Net, levers: Levers, state: State, work: Work, out: int, today: int) -> None:
    """Share by rank and turn what is short where that is the rule, and cut to whole orders."""
    first, last = net.outs.lane_first[out], net.outs.lane_end[out]
    if work.outs.part[out] < 1.0:
        ranks = 0
        last_served = 0.0
        for j in range(first, last):
            ranks = max(ranks, net.lanes.rank[net.out_lane[j]])
            last_served = max(last_served, levers.lanes.served_after[net.out_lane[j]])
        left = stock_of(net, levers, state, out)
        if last_served > 0.0:
            left = serve_by_rank(net, levers, work, out, left, ranks, 0.0)
            serve_by_rank(net, levers, work, out, left, ranks, 1.0)
        elif net.outs.allocation[out] != PRO_RATA:
            serve_by_rank(net, levers, work, out, left, ranks, 0.0)
    if net.outs.whole[out] == 1:
        for j in range(first, last):
            whole_orders_only(net, state, work, net.out_lane[j], today)


@helper
def serve_by_rank(
    net: Net, levers: Levers, work: Work, out: int, stock: float, ranks: int, turn: float
) -> float:
    """Serve the lanes of a turn rank by rank, pro rata within a rank; return what is left of the stock.

    A seller that shares pro rata knows no ranks within a turn.
    """
    is_ranked = net.outs.allocation[out] != PRO_RATA
    for rank in range(ranks + 1 if is_ranked else 1):
        asked = 0.0
        for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
            if is_in_turn(net, levers, net.out_lane[j], rank, is_ranked, turn):
                asked += work.lanes.ask[net.out_lane[j]]
        part = 1.0 if asked <= stock else stock / asked
        for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
            lane = net.out_lane[j]
            if is_in_turn(net, levers, lane, rank, is_ranked, turn):
                work.lanes.give[lane] = work.lanes.ask[lane] * part
        stock = max(stock - asked * part, 0.0)
    return stock


@helper
def is_in_turn(net: Net, levers: Levers, lane: int, rank: int, is_ranked: bool, turn: float) -> bool:
    """Tell whether a lane is served now."""
    return levers.lanes.served_after[lane] == turn and (not is_ranked or net.lanes.rank[lane] == rank)


@helper
def whole_orders_only(net: Net, state: State, work: Work, lane: int, today: int) -> None:
    """Cut a lane's allocation to the orders, oldest first, that it covers completely."""
    if net.lanes.pushed[lane] == 1:
        return
    give = 0.0
    for day in range(state.lanes.order_oldest[lane], today + 1):
        part = state.order_ring[day & (state.order_ring.shape[0] - 1), lane]
        if give + part > work.lanes.give[lane] * (1.0 + SETTLED):
            break
        give += part
    work.lanes.give[lane] = min(give, work.lanes.give[lane])


@helper
def next_open(net: Net, levers: Levers, work: Work, lane: int, after: int) -> int:
    """Return the open route with room that takes what another cannot carry; -1 if none.

    Unless a rule says otherwise it is the next one of the lane's list, around to its first.
    """
    rule = int(levers.lanes.fallback[lane])
    best = -1
    first, last = net.lanes.lr_first[lane], net.lanes.lr_end[lane]
    for step in range(last - first):
        lr = first + (after - first + step) % (last - first)
        if levers.lane_routes.open[lr] > 0.0 and work.routes.left[net.lane_routes.route[lr]] > 0.0:
            if rule == LISTED:
                return lr
            if best < 0 or burden(net, levers, work, lr, rule) < burden(net, levers, work, best, rule):
                best = lr
    return -1 if rule == NO_FALLBACK else best


@helper
def burden(net: Net, levers: Levers, work: Work, lr: int, rule: int) -> float:
    """Return what speaks against a route, by the rule that chooses: its days, its want of room, its cost."""
    if rule == BY_DAYS:
        return float(work.lane_routes.days[lr])
    if rule == BY_CAPACITY:
        return -work.routes.left[net.lane_routes.route[lr]]
    return net.lane_routes.cost[lr]


@helper
def choose_routes(net: Net, levers: Levers, state: State, work: Work, lane: int) -> None:
    """Split a lane's goods over its routes: normal shares; a closed route's part takes the next open one."""
    give = work.lanes.give[lane]
    for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
        work.lane_routes.flow[lr] = 0.0
    if give <= 0.0:
        return
    if is_urgent(net, state, lane):
        best = -1
        for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
            carries = levers.lane_routes.open[lr] > 0.0 and work.routes.left[net.lane_routes.route[lr]] > 0.0
            if carries and (best < 0 or work.lane_routes.days[lr] < work.lane_routes.days[best]):
                best = lr
        if best >= 0:
            work.lane_routes.flow[best] += give
        return
    for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
        if net.lane_routes.share[lr] > 0.0:
            part = give * net.lane_routes.share[lr]
            if levers.lane_routes.open[lr] > 0.0 and work.routes.left[net.lane_routes.route[lr]] > 0.0:
                work.lane_routes.flow[lr] += part
                continue
            target = next_open(net, levers, work, lane, lr)
            if target >= 0:
                work.lane_routes.flow[target] += part


@helper
def is_urgent(net: Net, state: State, lane: int) -> bool:
    """Tell whether the buyer's stock has fallen to where it pays for the fastest route."""
    group = net.lanes.group[lane]
    if net.lanes.pushed[lane] == 1 or net.groups.expedite[group] <= 0.0:
        return False
    stock = 0.0
    for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        stock += state.on_hand[net.lanes.bin[j]]
    return stock < net.groups.expedite[group] * net.groups.planned_use[group]


@helper
def fit_capacities(net: Net, levers: Levers, work: Work) -> None:
    """Share a full route in proportion; what does not fit takes the next open route or stays ordered."""
    for _attempt in range(3):
        work.routes.asked[:] = 0.0
        for j in range(work.choosing_count[0]):
            lane = work.choosing[j]
            for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
                work.routes.asked[net.lane_routes.route[lr]] += work.lane_routes.flow[lr]
        full = -1
        for route in range(net.routes.capacity.size):
            capacity = net.routes.capacity[route] * levers.routes.capacity_share[route]
            if work.routes.asked[route] > capacity * (1.0 + SETTLED):
                full = route
                work.routes.left[route] = 0.0
        if full < 0:
            return
        for j in range(work.choosing_count[0]):
            lane = work.choosing[j]
            for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
                move_over(net, levers, work, lane, lr, _attempt < 2)


@helper
def move_over(net: Net, levers: Levers, work: Work, lane: int, lr: int, may_move: bool) -> None:
    """Take what a full route cannot carry off it, to the next open one if it may still move."""
    route = net.lane_routes.route[lr]
    capacity = net.routes.capacity[route] * levers.routes.capacity_share[route]
    if work.lane_routes.flow[lr] > 0.0 and work.routes.asked[route] > capacity * (1.0 + SETTLED):
        over = work.lane_routes.flow[lr] * (1.0 - capacity / work.routes.asked[route])
        work.lane_routes.flow[lr] -= over
        target = next_open(net, levers, work, lane, lr)
        if target >= 0 and may_move:
            work.lane_routes.flow[target] += over


@helper
def take_from_book(net: Net, state: State, lane: int, quantity: float, today: int) -> float:
    """Take shipped goods off the order book, oldest first; return their mean age at shipping [days]."""
    length = state.order_ring.shape[0]
    waited = use_licence(state, lane, quantity) if state.lanes.cleared[lane] > 0.0 else 0.0
    if state.lanes.order_oldest[lane] == today and quantity == state.lanes.unshipped[lane]:
        state.order_ring[today & (length - 1), lane] = 0.0
        state.lanes.unshipped[lane] = 0.0
        return waited
    left = quantity
    late = 0.0
    if state.lanes.stale[lane] > 0.0:
        late = min(left, state.lanes.stale[lane])
        state.lanes.stale[lane] -= late
        left -= late
    aged = 0.0
    day = state.lanes.order_oldest[lane]
    while left > 0.0 and day <= today:
        part = min(left, state.order_ring[day & (length - 1), lane])
        aged += part * (today - day)
        left -= part
        rest = state.order_ring[day & (length - 1), lane] - part
        if rest > SETTLED * quantity:
            state.order_ring[day & (length - 1), lane] = rest
            break
        state.order_ring[day & (length - 1), lane] = 0.0
        day += 1
    state.lanes.order_oldest[lane] = min(day, today)
    state.lanes.unshipped[lane] = max(state.lanes.unshipped[lane] - (quantity - late), 0.0)
    if state.lanes.unshipped[lane] <= SETTLED * quantity:
        state.lanes.unshipped[lane] = 0.0
    return waited + aged / quantity if aged > 0.0 else waited


@helper
def send_lane(
    net: Net,
    levers: Levers,
    state: State,
    work: Work,
    draws: Draws,
    record: Record,
    lane: int,
    today: int,
) -> None:
    """Ship a lane's goods on the routes chosen for them."""
    is_plain = work.lanes.plain[lane] == 1
    total = 0.0
    if is_plain:
        total = work.lanes.give[lane]
    else:
        for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
            total += work.lane_routes.flow[lr]
    if total <= 0.0:
        return
    age = take_from_book(net, state, lane, total, today)
    source = net.lanes.source[lane]
    if net.outs.source[source] == 1:
        state.totals.made[net.outs.material[source]] += total
        state.outs.unbooked_made[source] += total
    else:
        state.on_hand[source] = max(state.on_hand[source] - total, 0.0)
    work.lanes.shipped[lane] = total
    for lr in range(net.lanes.lr_first[lane], net.lanes.lr_end[lane]):
        left = total * net.lane_routes.share[lr] if is_plain else work.lane_routes.flow[lr]
        while left > 0.0:
            part = min(left, net.lane_routes.parcel[lr])
            left -= part
            if left < SETTLED * part:
                part += left
                left = 0.0
            days = work.lane_routes.days[lr]
            if net.lane_routes.draw_row[lr] >= 0 and today >= state.clock[0]:
                row = net.lane_routes.draw_row[lr]
                drawn = draws.transit[row, state.draw_count[row] % draws.transit.shape[1]]
                days = transit_days(levers, lr, drawn)
                state.draw_count[row] += 1
            around = part * levers.lane_routes.detour_share[lr]
            if around > 0.0:
                later = days + int(levers.lane_routes.detour_days[lr] + 0.5)
                depart(net, state, record, lr, around, later, age, today)
                part -= around
            if part > 0.0:
                depart(net, state, record, lr, part, days, age, today)


@helper
def clear_surplus(net: Net, state: State, work: Work, out: int) -> None:
    """Book pushed goods that no lane took out of the world, where the plant sells or disposes of them."""
    if net.outs.pushed[out] == 0 or net.outs.surplus[out] != SURPLUS_LEDGER:
        return
    rest = state.on_hand[out]
    for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
        lane = net.out_lane[j]
        rest -= state.lanes.stale[lane] + state.lanes.waiting[lane] + state.lanes.overdue[lane]
    if rest > 0.0:
        state.totals.used[net.outs.material[out]] += rest
        state.outs.unbooked_used[out] += rest
        state.on_hand[out] = max(state.on_hand[out] - rest, 0.0)
