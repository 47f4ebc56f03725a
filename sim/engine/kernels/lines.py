"""Production: what every line wants, what its inputs allow, and the mass that moves through it.

All lines decide on the stocks of the morning, so no line uses what another made the same day and the
order of lines does not matter. Lines that share an input or a nameplate share it in proportion to what
each wants, except build lines with priorities.
"""

from __future__ import annotations

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
from sim.engine.jit import kernel
from sim.engine.kernels.origin import (
    destroy_bin,
    destroy_gathered,
    gather,
    mix_product,
)

ENOUGH = 1.0 - 1e-12
"""A supply this close to the want is the want (shares sum to one only up to rounding)."""
MINE_RETURN_DAYS = 30.0
"""Time in which a mine corrects its yard."""
STOPPED_SHARE = 0.05


@kernel
def run_lines(net: Net, levers: Levers, state: State, work: Work, draws: Draws, today: int) -> None:
    """Do phase 4 of the day."""
    want_from_stocks(net, state, work)
    for line in range(net.line_kind.size):
        want_of_line(net, levers, state, work, draws, line, today)
    share_nameplates(net, levers, work)
    note_spare(net, levers, state, work)
    supply_lines(net, state, work)
    if shift_to_siblings(net, levers, work):
        supply_lines(net, state, work)
    move_mass(net, state, work)
    for line in range(net.line_kind.size):
        settle_books(net, state, work, line)


@kernel
def want_from_stocks(net: Net, state: State, work: Work) -> None:
    """Sum, per sold material, what would refill the stock and serve the orders that may ship."""
    for out in range(net.out_material.size):
        asked = 0.0
        for j in range(net.out_lane_ptr[out], net.out_lane_ptr[out + 1]):
            lane = net.out_lane[j]
            if work.lane_open[lane] == 1:
                asked += min(state.unshipped[lane] + state.stale[lane], work.lane_room[lane])
        work.out_want[out] = asked


@kernel
def capacity_of(net: Net, levers: Levers, state: State, line: int) -> float:
    """Return what a line could run at today, without regard to inputs."""
    if state.line_awake[line] != 1 or levers.line_availability[line] <= 0.0:
        return 0.0
    return (net.line_capacity[line] + levers.line_capacity_added[line]) * levers.line_availability[line]


@kernel
def want_of_line(
    net: Net, levers: Levers, state: State, work: Work, draws: Draws, line: int, today: int
) -> None:
    """Set the rate a line wants and the rate that counts as its need for inputs."""
    kind = net.line_kind[line]
    capacity = capacity_of(net, levers, state, line)
    work.line_limit[line] = -1
    if kind == MINE:
        want = want_of_mine(net, levers, state, work, line)
        need = want
    elif kind == PLANT:
        want, need = want_of_plant(net, levers, state, work, line)
    elif kind == BUILD:
        want, need = want_of_build(net, levers, state, line)
    elif kind == CUSTOMER:
        need = net.line_plan[line]
        if net.line_demand_row[line] >= 0 and today >= state.clock[0]:
            need = draws.demand[net.line_demand_row[line], today - state.clock[0]]
        want = need + state.owed[line]
    else:
        want = 0.0
        need = 0.0
    if want > capacity:
        work.line_limit[line] = -2
        want = capacity
    work.line_want[line] = want
    work.line_need[line] = need


@kernel
def want_of_mine(net: Net, levers: Levers, state: State, work: Work, line: int) -> float:
    """Plan, corrected within thirty days by yard and open orders; a full yard stops the mine."""
    out = net.line_out_bin[net.line_out_ptr[line]]
    yard = state.on_hand[out]
    gap = net.out_target[out] - yard + work.out_want[out]
    want = net.line_plan[line] + levers.line_capacity_added[line] + gap / MINE_RETURN_DAYS
    limit = net.line_yard_limit[line]
    if net.line_plan[line] <= 0.0 and levers.line_capacity_added[line] > 0.0:
        limit = float("inf")
    return max(min(want, limit - yard + work.out_want[out]), 0.0)


@kernel
def want_of_plant(
    net: Net, levers: Levers, state: State, work: Work, line: int
) -> tuple[float, float]:
    """Return (want, need): the largest unmet driver governs both."""
    want = 0.0
    need = 0.0
    choke = float("inf")
    for slot in range(net.line_out_ptr[line], net.line_out_ptr[line + 1]):
        out = net.line_out_bin[slot]
        per_driver = net.line_out_quantity[slot]
        if net.out_surplus[out] == SURPLUS_CHOKE and per_driver > 0.0:
            choke = min(choke, max(net.out_choke[out] - state.on_hand[out], 0.0) / per_driver)
        if net.line_out_driver[slot] == 0 or per_driver <= 0.0:
            continue
        weight = net.line_out_weight[slot]
        gap = net.out_target[out] - state.on_hand[out] + work.out_want[out]
        want = max(want, weight * gap / per_driver)
        need = max(need, weight * state.ordered_from[out] / per_driver)
    nominal = net.line_capacity[line] + levers.line_capacity_added[line]
    if state.line_awake[line] != 1:
        nominal = 0.0
    return min(want, choke), min(need, nominal)


@kernel
def want_of_build(net: Net, levers: Levers, state: State, line: int) -> tuple[float, float]:
    """Return (want, need): the plan, overtime while units are owed, rationing, and a restart ramp."""
    plan = net.line_plan[line]
    need = plan + min(max(state.owed[line] - state.parked[line], 0.0), net.line_overtime[line] * plan)
    most = min(net.line_capacity[line], plan * (1.0 + net.line_overtime[line]))
    want = min(need, most)
    if levers.line_availability[line] < 1.0:
        want = min(want, plan * levers.line_availability[line])
    if net.line_ration_days[line] > 0.0:
        cover = thinnest_cover(net, state, line)
        if cover < net.line_ration_days[line]:
            want *= cover / net.line_ration_days[line]
    if net.line_ramp_days[line] > 0.0 and state.ramp[line] < 1.0:
        want = min(want, plan * state.ramp[line])
    return want, need


@kernel
def thinnest_cover(net: Net, state: State, line: int) -> float:
    """Return the days of planned use left of the scarcest input of a build line."""
    cover = float("inf")
    for i in range(net.line_in_ptr[line], net.line_in_ptr[line + 1]):
        group = net.line_in_group[i]
        use = net.group_planned_use[group]
        if use > 0.0:
            stock = 0.0
            for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
                stock += state.on_hand[net.lane_bin[net.group_lane[j]]]
            cover = min(cover, stock / use)
    return cover


@kernel
def share_nameplates(net: Net, levers: Levers, work: Work) -> None:
    """Cut lines that share a nameplate in proportion to what each wants."""
    for plate in range(net.nameplate_capacity.size):
        wanted = 0.0
        for j in range(net.nameplate_ptr[plate], net.nameplate_ptr[plate + 1]):
            line = net.nameplate_line[j]
            if work.line_want[line] > 0.0:
                wanted += work.line_want[line] / levers.line_availability[line]
        if wanted > net.nameplate_capacity[plate]:
            for j in range(net.nameplate_ptr[plate], net.nameplate_ptr[plate + 1]):
                line = net.nameplate_line[j]
                work.line_want[line] *= net.nameplate_capacity[plate] / wanted
                work.line_limit[line] = -2


@kernel
def room_of(net: Net, levers: Levers, work: Work, line: int, capacity: float) -> float:
    """Return how much more a line could run today, by its own capacity and its nameplate."""
    room = max(capacity - work.line_want[line], 0.0)
    plate = net.line_nameplate[line]
    if plate >= 0 and levers.line_availability[line] > 0.0:
        left = net.nameplate_capacity[plate]
        for j in range(net.nameplate_ptr[plate], net.nameplate_ptr[plate + 1]):
            other = net.nameplate_line[j]
            if work.line_want[other] > 0.0:
                left -= work.line_want[other] / levers.line_availability[other]
        room = min(room, max(left, 0.0) * levers.line_availability[line])
    return room


@kernel
def note_spare(net: Net, levers: Levers, state: State, work: Work) -> None:
    """Note the spare capacity behind each sold material, by which re-split orders are shared."""
    for out in range(net.out_material.size):
        spare = 0.0
        if net.out_source[out] == 1:
            spare = 1e30
        for j in range(net.out_line_ptr[out], net.out_line_ptr[out + 1]):
            line = net.out_line[j]
            quantity = net.line_out_quantity[net.out_line_slot[j]]
            if net.line_kind[line] == STORE:
                spare += state.on_hand[out]
            else:
                room = room_of(net, levers, work, line, capacity_of(net, levers, state, line))
                spare += min(room, 1e30) * quantity
        state.spare[out] = spare


@kernel
def supply_group(net: Net, state: State, work: Work, group: int) -> None:
    """Find what a bought material can supply of today's want, lane by lane (`lane_draw`).

    Each lane serves its own share of the use first. Where a lane's goods are gone, the others fill in
    with what they have left, each up to the share of the missing use that its goods fit.
    """
    want = work.group_want[group]
    first, last = net.group_lane_ptr[group], net.group_lane_ptr[group + 1]
    got = 0.0
    missing = 0.0
    for j in range(first, last):
        lane = net.group_lane[j]
        own = min(state.on_hand[net.lane_bin[lane]], state.share_now[lane] * want)
        work.lane_draw[lane] = own
        got += own
        missing += state.share_now[lane] * want - own
    if missing > 1e-13 * want:
        offered = 0.0
        for j in range(first, last):
            lane = net.group_lane[j]
            left = state.on_hand[net.lane_bin[lane]] - work.lane_draw[lane]
            work.lane_ask[lane] = min(left, net.lane_fits[lane] * missing)
            offered += work.lane_ask[lane]
        part = 1.0 if offered <= missing else missing / offered
        for j in range(first, last):
            lane = net.group_lane[j]
            work.lane_draw[lane] += work.lane_ask[lane] * part
        got += offered * part
    work.group_got[group] = got


@kernel
def supply_lines(net: Net, state: State, work: Work) -> None:
    """Turn wants into rates: every line runs at what its scarcest input allows."""
    groups = net.group_material.size
    for group in range(groups):
        want = 0.0
        need = 0.0
        for j in range(net.group_line_ptr[group], net.group_line_ptr[group + 1]):
            quantity = net.line_in_quantity[net.group_line_slot[j]]
            want += wanted_units(net, state, work, net.group_line[j], net.group_line_slot[j]) * quantity
            need += work.line_need[net.group_line[j]] * quantity
        work.group_want[group] = want
        work.group_need[group] = need
        if net.group_store[group] < 0:
            supply_group(net, state, work, group)
            work.group_left[group] = work.group_got[group]
    for j in range(net.build_order.size):
        line = net.build_order[j]
        if net.line_in_order[line] == 1:
            build(net, state, work, line, True)
    for line in range(net.line_kind.size):
        kind = net.line_kind[line]
        if kind == BUILD and net.line_in_order[line] == 0:
            build(net, state, work, line, False)
        elif kind == PLANT or kind == CUSTOMER or kind == MINE:
            convert(net, state, work, line)


@kernel
def wanted_units(net: Net, state: State, work: Work, line: int, slot: int) -> float:
    """Return the units a line could use one input for: new ones, and parked ones that lack it."""
    if net.line_in_parkable[slot] == 1:
        return work.line_want[line] + state.parked[line]
    return work.line_want[line]


@kernel
def offer_of(net: Net, state: State, work: Work, line: int, slot: int, in_order: bool) -> float:
    """Return how much of one input a line may take, as a rate of the line."""
    group = net.line_in_group[slot]
    if in_order:
        return work.group_left[group] / net.line_in_quantity[slot]
    want, got = work.group_want[group], work.group_got[group]
    units = wanted_units(net, state, work, line, slot)
    return units if got >= want * ENOUGH else units * got / want


@kernel
def convert(net: Net, state: State, work: Work, line: int) -> None:
    """Run a plant or serve a customer at the rate its scarcest input allows."""
    rate = work.line_want[line]
    if rate > 0.0:
        for i in range(net.line_in_ptr[line], net.line_in_ptr[line + 1]):
            offer = offer_of(net, state, work, line, i, False)
            if offer < rate:
                rate = offer
                work.line_limit[line] = net.group_material[net.line_in_group[i]]
    work.line_made[line] = rate
    for i in range(net.line_in_ptr[line], net.line_in_ptr[line + 1]):
        work.line_take[i] = rate * net.line_in_quantity[i]


@kernel
def build(net: Net, state: State, work: Work, line: int, in_order: bool) -> None:
    """Build to plan; park incomplete units for want of a parkable component, complete parked ones."""
    want = work.line_want[line]
    bare = want
    fitted = 1e300
    for i in range(net.line_in_ptr[line], net.line_in_ptr[line + 1]):
        offer = offer_of(net, state, work, line, i, in_order)
        if offer < want * ENOUGH and offer < min(bare, fitted):
            work.line_limit[line] = net.group_material[net.line_in_group[i]]
        if net.line_in_parkable[i] == 1:
            fitted = min(fitted, offer)
        else:
            bare = min(bare, offer)
    whole = min(bare, fitted)
    completed = min(state.parked[line], max(fitted - whole, 0.0))
    room = net.line_park_limit[line] - state.parked[line] + completed
    incomplete = min(bare - whole, max(room, 0.0))
    work.line_made[line] = whole + completed
    work.line_parked[line] = incomplete - completed
    for i in range(net.line_in_ptr[line], net.line_in_ptr[line + 1]):
        late = completed if net.line_in_parkable[i] == 1 else incomplete
        work.line_take[i] = (whole + late) * net.line_in_quantity[i]
        if in_order:
            group = net.line_in_group[i]
            work.group_left[group] = max(work.group_left[group] - work.line_take[i], 0.0)


@kernel
def shift_to_siblings(net: Net, levers: Levers, work: Work) -> bool:
    """Let lines with feed make what a sibling without feed leaves open; tell whether any does."""
    moved = False
    for out in range(net.out_material.size):
        first, last = net.out_line_ptr[out], net.out_line_ptr[out + 1]
        if last - first < 2:
            continue
        short = 0.0
        room = 0.0
        for j in range(first, last):
            line, slot = net.out_line[j], net.out_line_slot[j]
            if net.line_kind[line] != PLANT or net.line_out_driver[slot] == 0:
                continue
            gap = work.line_want[line] - work.line_made[line]
            if gap > 1e-12 * work.line_want[line]:
                short += gap * net.line_out_quantity[slot]
            else:
                capacity = net.line_capacity[line] + levers.line_capacity_added[line]
                capacity *= levers.line_availability[line]
                room += room_of(net, levers, work, line, capacity) * net.line_out_quantity[slot]
        if short <= 0.0 or room <= 0.0:
            continue
        part = min(short / room, 1.0)
        moved = True
        for j in range(first, last):
            line, slot = net.out_line[j], net.out_line_slot[j]
            if net.line_kind[line] != PLANT or net.line_out_driver[slot] == 0:
                continue
            if work.line_want[line] - work.line_made[line] <= 1e-12 * work.line_want[line]:
                capacity = net.line_capacity[line] + levers.line_capacity_added[line]
                capacity *= levers.line_availability[line]
                extra = room_of(net, levers, work, line, capacity) * part
                work.line_want[line] += extra
                work.line_need[line] += extra
    return moved


@kernel
def move_mass(net: Net, state: State, work: Work) -> None:
    """Take the inputs, make the outputs, and carry their origin over."""
    groups = net.group_material.size
    for group in range(groups):
        if net.group_store[group] >= 0:
            continue
        used = 0.0
        consumed = 0.0
        for j in range(net.group_line_ptr[group], net.group_line_ptr[group + 1]):
            line = net.group_line[j]
            used += work.line_take[net.group_line_slot[j]]
            if net.line_out_ptr[line + 1] == net.line_out_ptr[line]:
                consumed += work.line_take[net.group_line_slot[j]]
        got = work.group_got[group]
        part = min(used / got, 1.0) if got > 0.0 else 0.0
        total = 0.0
        for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
            lane = net.group_lane[j]
            bin_ = net.lane_bin[lane]
            work.lane_draw[lane] = min(work.lane_draw[lane] * part, state.on_hand[bin_])
            total += work.lane_draw[lane]
            state.on_hand[bin_] -= work.lane_draw[lane]
            if consumed > 0.0:
                destroy_bin(net, state, bin_, work.lane_draw[lane] * (consumed / used))
        work.group_got[group] = total
        state.used_total[net.group_material[group]] += total
    for line in range(net.line_kind.size):
        first, last = net.line_out_ptr[line], net.line_out_ptr[line + 1]
        kind = net.line_kind[line]
        if first == last or work.line_made[line] <= 0.0 or (kind != PLANT and kind != MINE):
            continue
        gather(net, state, work, line, work.group_got)
        destroy_gathered(net, state, work, line)
        for slot in range(first, last):
            made = work.line_made[line] * net.line_out_quantity[slot]
            if made > 0.0:
                out = net.line_out_bin[slot]
                mix_product(net, state, work, slot, made)
                state.on_hand[out] += made
                state.made_total[net.out_material[out]] += made


@kernel
def settle_books(net: Net, state: State, work: Work, line: int) -> None:
    """Carry over what is owed, parked and how far a restart has come."""
    kind = net.line_kind[line]
    if kind == CUSTOMER:
        if net.line_lost_sales[line] == 0:
            state.owed[line] = max(work.line_need[line] + state.owed[line] - work.line_made[line], 0.0)
    elif kind == BUILD:
        plan = net.line_plan[line]
        made = work.line_made[line]
        state.parked[line] = max(state.parked[line] + work.line_parked[line], 0.0)
        owed = state.owed[line] + plan - made
        state.owed[line] = owed if owed > 1e-9 * plan else 0.0
        if net.line_ramp_days[line] > 0.0:
            if made <= STOPPED_SHARE * plan:
                state.ramp[line] = 1.0 / net.line_ramp_days[line]
            else:
                state.ramp[line] = min(state.ramp[line] + 1.0 / net.line_ramp_days[line], 1.0)
