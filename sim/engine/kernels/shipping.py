"""Allocation and shipping: suppliers share their stock among open orders, through each lane's gates.

The gates of a lane, in order: is it open, how much may it ship today, does a route have room. What is
not shipped stays ordered.
"""

from __future__ import annotations

from sim.engine.arrays import PRO_RATA, SURPLUS_LEDGER, Draws, Levers, Net, Record, State, Work
from sim.engine.jit import kernel
from sim.engine.kernels.goods import depart
from sim.engine.kernels.origin import create_bin, destroy_bin, remember_blends

SETTLED = 1e-12
"""A remainder this small beside the order is rounding."""


@kernel
def ship(
    net: Net, levers: Levers, state: State, work: Work, draws: Draws, record: Record, today: int
) -> None:
    """Do phase 6 of the day."""
    remember_blends(net, state, today)
    work.lane_shipped[:] = 0.0
    work.lr_flow[:] = 0.0
    for route in range(net.route_capacity.size):
        work.route_left[route] = net.route_capacity[route] * levers.route_capacity_share[route]
    for out in range(net.out_material.size):
        allocate(net, levers, state, work, out, today)
    for lane in range(net.lane_source.size):
        choose_routes(net, levers, state, work, lane)
    fit_capacities(net, levers, work)
    for out in range(net.out_material.size):
        for j in range(net.out_lane_ptr[out], net.out_lane_ptr[out + 1]):
            send_lane(net, levers, state, work, draws, record, net.out_lane[j], today)
        clear_surplus(net, state, work, out)


@kernel
def allocate(net: Net, levers: Levers, state: State, work: Work, out: int, today: int) -> None:
    """Set what each lane of a sold material may ship (`lane_give`), before routes."""
    first, last = net.out_lane_ptr[out], net.out_lane_ptr[out + 1]
    stock = state.on_hand[out]
    if net.out_source[out] == 1:
        line = net.out_line[net.out_line_ptr[out]]
        stock = float("inf") if levers.line_availability[line] > 0.0 else 0.0
    asked = 0.0
    ranks = 0
    for j in range(first, last):
        lane = net.out_lane[j]
        if net.lane_pushed[lane] == 1:
            ask = stock * net.lane_share[lane]
        else:
            ask = state.unshipped[lane] + state.stale[lane]
        work.lane_ask[lane] = min(ask, work.lane_room[lane]) if work.lane_open[lane] == 1 else 0.0
        asked += work.lane_ask[lane]
        ranks = max(ranks, net.lane_rank[lane])
    if asked <= stock:
        for j in range(first, last):
            work.lane_give[net.out_lane[j]] = work.lane_ask[net.out_lane[j]]
    elif net.out_allocation[out] == PRO_RATA:
        for j in range(first, last):
            lane = net.out_lane[j]
            work.lane_give[lane] = work.lane_ask[lane] * (stock / asked)
    else:
        serve_by_rank(net, work, out, stock, ranks)
    if net.out_whole[out] == 1:
        for j in range(first, last):
            whole_orders_only(net, state, work, net.out_lane[j], today)


@kernel
def serve_by_rank(net: Net, work: Work, out: int, stock: float, ranks: int) -> None:
    """Serve lanes rank by rank, pro rata within a rank."""
    for rank in range(ranks + 1):
        asked = 0.0
        for j in range(net.out_lane_ptr[out], net.out_lane_ptr[out + 1]):
            if net.lane_rank[net.out_lane[j]] == rank:
                asked += work.lane_ask[net.out_lane[j]]
        part = 1.0 if asked <= stock else stock / asked
        for j in range(net.out_lane_ptr[out], net.out_lane_ptr[out + 1]):
            lane = net.out_lane[j]
            if net.lane_rank[lane] == rank:
                work.lane_give[lane] = work.lane_ask[lane] * part
        stock = max(stock - asked * part, 0.0)


@kernel
def whole_orders_only(net: Net, state: State, work: Work, lane: int, today: int) -> None:
    """Cut a lane's allocation to the orders, oldest first, that it covers completely."""
    if net.lane_pushed[lane] == 1:
        return
    give = 0.0
    for day in range(state.order_oldest[lane], today + 1):
        part = state.order_ring[lane, day % state.order_ring.shape[1]]
        if give + part > work.lane_give[lane] * (1.0 + SETTLED):
            break
        give += part
    work.lane_give[lane] = min(give, work.lane_give[lane])


@kernel
def next_open(net: Net, levers: Levers, work: Work, lane: int, after: int) -> int:
    """Return the next open route with room behind a row of the lane's list, in its order; -1 if none."""
    first, last = net.lane_lr_ptr[lane], net.lane_lr_ptr[lane + 1]
    for step in range(last - first):
        lr = first + (after - first + step) % (last - first)
        if levers.route_open[lr] > 0.0 and work.route_left[net.lr_route[lr]] > 0.0:
            return lr
    return -1


@kernel
def transit_days(net: Net, levers: Levers, lr: int, days: int) -> int:
    """Return whole days under way, at least one, as the levers stand."""
    return max(int(days * levers.route_days_factor[lr] + levers.route_days_added[lr] + 0.5), 1)


@kernel
def choose_routes(net: Net, levers: Levers, state: State, work: Work, lane: int) -> None:
    """Split a lane's goods over its routes: normal shares; a closed route's part takes the next open one."""
    give = work.lane_give[lane]
    if give <= 0.0:
        return
    if is_urgent(net, state, lane):
        best = -1
        for lr in range(net.lane_lr_ptr[lane], net.lane_lr_ptr[lane + 1]):
            if levers.route_open[lr] > 0.0 and work.route_left[net.lr_route[lr]] > 0.0:
                days = transit_days(net, levers, lr, net.lr_days[lr])
                if best < 0 or days < transit_days(net, levers, best, net.lr_days[best]):
                    best = lr
        if best >= 0:
            work.lr_flow[best] += give
        return
    for lr in range(net.lane_lr_ptr[lane], net.lane_lr_ptr[lane + 1]):
        if net.lr_share[lr] > 0.0:
            target = next_open(net, levers, work, lane, lr)
            if target >= 0:
                work.lr_flow[target] += give * net.lr_share[lr]


@kernel
def is_urgent(net: Net, state: State, lane: int) -> bool:
    """Tell whether the buyer's stock has fallen to where it pays for the fastest route."""
    group = net.lane_group[lane]
    if net.lane_pushed[lane] == 1 or net.group_expedite[group] <= 0.0:
        return False
    stock = 0.0
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        stock += state.on_hand[net.lane_bin[net.group_lane[j]]]
    return stock < net.group_expedite[group] * net.group_planned_use[group]


@kernel
def fit_capacities(net: Net, levers: Levers, work: Work) -> None:
    """Share a full route in proportion; what does not fit takes the next open route or stays ordered."""
    for _attempt in range(3):
        work.route_asked[:] = 0.0
        for lr in range(net.lr_lane.size):
            work.route_asked[net.lr_route[lr]] += work.lr_flow[lr]
        full = -1
        for route in range(net.route_capacity.size):
            capacity = net.route_capacity[route] * levers.route_capacity_share[route]
            if work.route_asked[route] > capacity * (1.0 + SETTLED):
                full = route
                work.route_left[route] = 0.0
        if full < 0:
            return
        for lr in range(net.lr_lane.size):
            route = net.lr_route[lr]
            capacity = net.route_capacity[route] * levers.route_capacity_share[route]
            if work.lr_flow[lr] > 0.0 and work.route_asked[route] > capacity * (1.0 + SETTLED):
                over = work.lr_flow[lr] * (1.0 - capacity / work.route_asked[route])
                work.lr_flow[lr] -= over
                target = next_open(net, levers, work, net.lr_lane[lr], lr)
                if target >= 0 and _attempt < 2:
                    work.lr_flow[target] += over


@kernel
def take_from_book(net: Net, state: State, lane: int, quantity: float, today: int) -> float:
    """Take shipped goods off the order book, oldest first; return their mean age at shipping [days]."""
    length = state.order_ring.shape[1]
    left = quantity
    late = 0.0
    if state.stale[lane] > 0.0:
        late = min(left, state.stale[lane])
        state.stale[lane] -= late
        left -= late
    aged = 0.0
    day = state.order_oldest[lane]
    while left > 0.0 and day <= today:
        part = min(left, state.order_ring[lane, day % length])
        aged += part * (today - day)
        left -= part
        rest = state.order_ring[lane, day % length] - part
        if rest > SETTLED * quantity:
            state.order_ring[lane, day % length] = rest
            break
        state.order_ring[lane, day % length] = 0.0
        day += 1
    state.order_oldest[lane] = min(day, today)
    state.unshipped[lane] = max(state.unshipped[lane] - (quantity - late), 0.0)
    if state.unshipped[lane] <= SETTLED * quantity:
        state.unshipped[lane] = 0.0
    return aged / quantity


@kernel
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
    total = 0.0
    for lr in range(net.lane_lr_ptr[lane], net.lane_lr_ptr[lane + 1]):
        total += work.lr_flow[lr]
    if total <= 0.0:
        return
    age = 0.0
    if net.lane_pushed[lane] == 0:
        age = take_from_book(net, state, lane, total, today)
    source = net.lane_source[lane]
    if net.out_source[source] == 1:
        state.made_total[net.out_material[source]] += total
        create_bin(net, state, source, total)
    else:
        state.on_hand[source] = max(state.on_hand[source] - total, 0.0)
    work.lane_shipped[lane] = total
    for lr in range(net.lane_lr_ptr[lane], net.lane_lr_ptr[lane + 1]):
        left = work.lr_flow[lr]
        while left > 0.0:
            part = min(left, net.lr_size[lr])
            left -= part
            if left < SETTLED * part:
                part += left
                left = 0.0
            days = net.lr_days[lr]
            if net.lr_draw_row[lr] >= 0 and today >= state.clock[0]:
                row = net.lr_draw_row[lr]
                days = draws.transit[row, state.draw_count[row] % draws.transit.shape[1]]
                state.draw_count[row] += 1
            depart(net, state, record, lr, part, transit_days(net, levers, lr, days), age, today)


@kernel
def clear_surplus(net: Net, state: State, work: Work, out: int) -> None:
    """Book pushed goods that no lane took out of the world, where the plant sells or disposes of them."""
    if net.out_pushed[out] == 0 or net.out_surplus[out] != SURPLUS_LEDGER:
        return
    rest = state.on_hand[out]
    if rest > 0.0:
        state.used_total[net.out_material[out]] += rest
        destroy_bin(net, state, out, rest)
        state.on_hand[out] = 0.0
