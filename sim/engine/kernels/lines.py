"""Production: what every line wants, what its inputs allow, and the mass that moves through it.

All lines decide on the stocks of the morning, so no line uses what another made the same day and the
order of lines does not matter. Lines that share an input or a nameplate share it in proportion to what
each wants, except build lines with priorities.
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
from sim.engine.kernels.origin import gather, mix_product

ENOUGH = 1.0 - 1e-12
"""A supply this close to the want is the want (shares sum to one only up to rounding)."""
MINE_RETURN_DAYS = 30.0
"""Time in which a mine corrects its yard."""
STOPPED_SHARE = 0.05
SAME = 1e-13
"""Lanes whose parts of a line's use differ by less are the same mix."""


@helper
def run_lines(net: Net, levers: Levers, state: State, work: Work, draws: Draws, today: int) -> None:
    """Do phase 4 of the day."""
    want_from_stocks(net, levers, state, work)
    for line in range(net.lines.kind.size):
        want_of_line(net, levers, state, work, draws, line, today)
    share_nameplates(net, levers, work)
    note_spare(net, levers, state, work)
    supply_lines(net, state, work)
    if shift_to_siblings(net, levers, work):
        supply_lines(net, state, work)
    move_mass(net, state, work)
    for line in range(net.lines.kind.size):
        settle_books(net, state, work, line)


@helper
def want_from_stocks(net: Net, levers: Levers, state: State, work: Work) -> None:
    """Sum, per sold material, what would refill the stock and serve the orders that may ship."""
    for out in range(net.outs.material.size):
        asked = 0.0
        for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
            lane = net.out_lane[j]
            if work.lanes.open[lane] == 1:
                asked += min(state.lanes.unshipped[lane] + state.lanes.stale[lane], work.lanes.room[lane])
        work.outs.want[out] = asked
        stated = 0.0
        for j in range(net.outs.line_first[out], net.outs.line_end[out]):
            stated += max(levers.lines.share[net.out_lines.line[j]], 0.0)
        work.outs.stated[out] = min(stated, 1.0)


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
    work.lines.limit[line] = -1
    if kind == MINE:
        want = want_of_mine(net, levers, state, work, line)
        need = want
    elif kind == PLANT:
        want, need = want_of_plant(net, levers, state, work, line)
    elif kind == BUILD:
        want, need = want_of_build(net, levers, state, line)
    elif kind == CUSTOMER:
        need = net.lines.plan[line]
        if net.lines.demand_row[line] >= 0 and today >= state.clock[0]:
            need = draws.demand[net.lines.demand_row[line], today - state.clock[0]]
        want = need + state.lines.owed[line]
    else:
        want = 0.0
        need = 0.0
    if want > capacity:
        work.lines.limit[line] = -2
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
    choke = np.inf
    for slot in range(net.lines.out_first[line], net.lines.out_end[line]):
        out = net.outputs.bin[slot]
        per_driver = net.outputs.quantity[slot]
        if net.outs.surplus[out] == SURPLUS_CHOKE and per_driver > 0.0:
            choke = min(choke, max(net.outs.choke[out] - state.on_hand[out], 0.0) / per_driver)
        if net.outputs.driver[slot] == 0 or per_driver <= 0.0:
            continue
        weight = net.outputs.weight[slot] * (1.0 - work.outs.stated[out])
        if levers.lines.share[line] >= 0.0:
            weight = levers.lines.share[line]
        gap = net.outs.target[out] - state.on_hand[out] + work.outs.want[out]
        want = max(want, weight * gap / per_driver)
        need = max(need, weight * state.outs.ordered_from[out] / per_driver)
    nominal = net.lines.capacity[line] + levers.lines.capacity_added[line]
    if state.lines.awake[line] != 1:
        nominal = 0.0
    return min(want, choke), min(need, nominal)


@helper
def want_of_build(net: Net, levers: Levers, state: State, line: int) -> tuple[float, float]:
    """Return (want, need): the plan, overtime while units are owed, rationing, and a restart ramp."""
    plan = net.lines.plan[line]
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
                stock += state.on_hand[net.lanes.bin[net.group_lane[j]]]
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
                work.lines.limit[line] = -2


@helper
def room_of(net: Net, levers: Levers, work: Work, line: int, capacity: float) -> float:
    """Return how much more a line could run today, by its own capacity and its nameplate."""
    room = max(capacity - work.lines.want[line], 0.0)
    plate = net.lines.nameplate[line]
    if plate >= 0 and levers.lines.availability[line] > 0.0:
        left = net.plates.capacity[plate]
        for j in range(net.plates.line_first[plate], net.plates.line_end[plate]):
            other = net.plate_line[j]
            if work.lines.want[other] > 0.0:
                left -= work.lines.want[other] / levers.lines.availability[other]
        room = min(room, max(left, 0.0) * levers.lines.availability[line])
    return room


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
        spare = 0.0
        if net.outs.source[out] == 1:
            spare = 1e30
        for j in range(net.outs.line_first[out], net.outs.line_end[out]):
            line = net.out_lines.line[j]
            quantity = net.outputs.quantity[net.out_lines.slot[j]]
            if net.lines.kind[line] == STORE:
                spare += state.on_hand[out]
            else:
                room = room_of(net, levers, work, line, capacity_of(net, levers, state, line))
                spare += min(room, 1e30) * quantity
        state.outs.spare[out] = spare


@helper
def supply_group(net: Net, state: State, work: Work, group: int) -> None:
    """Find what a bought material can supply of today's want, lane by lane (`lane_draw`).

    Each lane serves its own share of the use first. Where a lane's goods are gone, the others fill in
    with what they have left, each up to the share of the missing use that its goods fit.
    """
    want = work.groups.want[group]
    first, last = net.groups.lane_first[group], net.groups.lane_end[group]
    got = 0.0
    missing = 0.0
    for j in range(first, last):
        lane = net.group_lane[j]
        own = min(state.on_hand[net.lanes.bin[lane]], state.lanes.share_now[lane] * want)
        work.lanes.draw[lane] = own
        got += own
        missing += state.lanes.share_now[lane] * want - own
    if missing > 1e-13 * want:
        offered = 0.0
        for j in range(first, last):
            lane = net.group_lane[j]
            left = state.on_hand[net.lanes.bin[lane]] - work.lanes.draw[lane]
            work.lanes.ask[lane] = min(left, net.lanes.fits[lane] * missing)
            offered += work.lanes.ask[lane]
        part = 1.0 if offered <= missing else missing / offered
        for j in range(first, last):
            lane = net.group_lane[j]
            work.lanes.draw[lane] += work.lanes.ask[lane] * part
        got += offered * part
    work.groups.got[group] = got


@helper
def supply_lines(net: Net, state: State, work: Work) -> None:
    """Turn wants into rates: every line runs at what its scarcest input allows."""
    groups = net.groups.material.size
    for group in range(groups):
        want = 0.0
        need = 0.0
        for j in range(net.groups.line_first[group], net.groups.line_end[group]):
            line, slot = net.group_lines.line[j], net.group_lines.slot[j]
            quantity = net.inputs.quantity[slot]
            want += wanted_units(net, state, work, line, slot) * quantity
            need += work.lines.need[line] * quantity
        work.groups.want[group] = want
        work.groups.need[group] = need
        if net.groups.store[group] < 0:
            supply_group(net, state, work, group)
            work.groups.left[group] = work.groups.got[group]
    for j in range(net.build_order.size):
        line = net.build_order[j]
        if net.lines.in_order[line] == 1:
            build(net, state, work, line, True)
    for line in range(net.lines.kind.size):
        kind = net.lines.kind[line]
        if kind == BUILD and net.lines.in_order[line] == 0:
            build(net, state, work, line, False)
        elif kind == PLANT or kind == CUSTOMER or kind == MINE:
            convert(net, state, work, line)


@helper
def wanted_units(net: Net, state: State, work: Work, line: int, slot: int) -> float:
    """Return the units a line could use one input for: new ones, and parked ones that lack it."""
    if net.inputs.parkable[slot] == 1:
        return work.lines.want[line] + state.lines.parked[line]
    return work.lines.want[line]


@helper
def offer_of(net: Net, state: State, work: Work, line: int, slot: int, in_order: bool) -> float:
    """Return how much of one input a line may take, as a rate of the line."""
    group = net.inputs.group[slot]
    if in_order:
        return work.groups.left[group] / net.inputs.quantity[slot]
    want, got = work.groups.want[group], work.groups.got[group]
    units = wanted_units(net, state, work, line, slot)
    return units if got >= want * ENOUGH else units * got / want


@helper
def convert(net: Net, state: State, work: Work, line: int) -> None:
    """Run a plant or serve a customer at the rate its scarcest input allows."""
    rate = work.lines.want[line]
    if rate > 0.0:
        for i in range(net.lines.in_first[line], net.lines.in_end[line]):
            offer = offer_of(net, state, work, line, i, False)
            if offer < rate:
                rate = offer
                work.lines.limit[line] = net.groups.material[net.inputs.group[i]]
    work.lines.made[line] = rate
    for i in range(net.lines.in_first[line], net.lines.in_end[line]):
        work.takes[i] = rate * net.inputs.quantity[i]


@helper
def build(net: Net, state: State, work: Work, line: int, in_order: bool) -> None:
    """Build to plan; park incomplete units for want of a parkable component, complete parked ones."""
    want = work.lines.want[line]
    bare = want
    fitted = 1e300
    for i in range(net.lines.in_first[line], net.lines.in_end[line]):
        offer = offer_of(net, state, work, line, i, in_order)
        if offer < want * ENOUGH and offer < min(bare, fitted):
            work.lines.limit[line] = net.groups.material[net.inputs.group[i]]
        if net.inputs.parkable[i] == 1:
            fitted = min(fitted, offer)
        else:
            bare = min(bare, offer)
    whole = min(bare, fitted)
    completed = min(state.lines.parked[line], max(fitted - whole, 0.0))
    room = net.lines.park_limit[line] - state.lines.parked[line] + completed
    incomplete = min(bare - whole, max(room, 0.0))
    work.lines.made[line] = whole + completed
    work.lines.parked[line] = incomplete - completed
    for i in range(net.lines.in_first[line], net.lines.in_end[line]):
        late = completed if net.inputs.parkable[i] == 1 else incomplete
        work.takes[i] = (whole + late) * net.inputs.quantity[i]
        if in_order:
            group = net.inputs.group[i]
            work.groups.left[group] = max(work.groups.left[group] - work.takes[i], 0.0)


@helper
def shift_to_siblings(net: Net, levers: Levers, work: Work) -> bool:
    """Let lines with feed make what a sibling without feed leaves open; tell whether any does."""
    moved = False
    for out in range(net.outs.material.size):
        first, last = net.outs.line_first[out], net.outs.line_end[out]
        if last - first < 2:
            continue
        short = 0.0
        room = 0.0
        for j in range(first, last):
            line, slot = net.out_lines.line[j], net.out_lines.slot[j]
            if net.lines.kind[line] != PLANT or net.outputs.driver[slot] == 0:
                continue
            gap = work.lines.want[line] - work.lines.made[line]
            if gap > 1e-12 * work.lines.want[line]:
                short += gap * net.outputs.quantity[slot]
            else:
                capacity = net.lines.capacity[line] + levers.lines.capacity_added[line]
                capacity *= levers.lines.availability[line]
                room += room_of(net, levers, work, line, capacity) * net.outputs.quantity[slot]
        if short <= 0.0 or room <= 0.0:
            continue
        part = min(short / room, 1.0)
        moved = True
        for j in range(first, last):
            line, slot = net.out_lines.line[j], net.out_lines.slot[j]
            if net.lines.kind[line] != PLANT or net.outputs.driver[slot] == 0:
                continue
            if work.lines.want[line] - work.lines.made[line] <= 1e-12 * work.lines.want[line]:
                capacity = net.lines.capacity[line] + levers.lines.capacity_added[line]
                capacity *= levers.lines.availability[line]
                extra = room_of(net, levers, work, line, capacity) * part
                work.lines.want[line] += extra
                work.lines.need[line] += extra
    return moved


@helper
def move_mass(net: Net, state: State, work: Work) -> None:
    """Take the inputs, make the outputs, and carry their origin over."""
    for group in range(len(net.groups)):
        if net.groups.store[group] < 0:
            take_inputs(net, state, work, group)
    for line in range(len(net.lines)):
        kind = net.lines.kind[line]
        if work.lines.made[line] > 0.0 and (kind == PLANT or kind == MINE):
            make_outputs(net, state, work, line)


@helper
def take_inputs(net: Net, state: State, work: Work, group: int) -> None:
    """Take what the lines use of one bought material, and note whether its blend is yesterday's."""
    used = 0.0
    for j in range(net.groups.line_first[group], net.groups.line_end[group]):
        used += work.takes[net.group_lines.slot[j]]
    got = work.groups.got[group]
    part = min(used / got, 1.0) if got > 0.0 else 0.0
    total = 0.0
    for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        lane = net.group_lane[j]
        bin_ = net.lanes.bin[lane]
        work.lanes.draw[lane] = min(work.lanes.draw[lane] * part, state.on_hand[bin_])
        total += work.lanes.draw[lane]
        state.on_hand[bin_] -= work.lanes.draw[lane]
        state.unbooked_used[bin_] += work.lanes.draw[lane]
    work.groups.got[group] = total
    state.totals.used[net.groups.material[group]] += total
    same = 1
    for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        lane = net.group_lane[j]
        mix = work.lanes.draw[lane] / total if total > 0.0 else 0.0
        version = state.lanes.version[lane]
        if abs(mix - state.lanes.mix[lane]) > SAME or version < 0 or version != state.lanes.seen[lane]:
            if mix > 0.0 or state.lanes.mix[lane] > 0.0:
                same = 0
            state.lanes.mix[lane] = mix
            state.lanes.seen[lane] = version
    work.groups.same[group] = same


@helper
def make_outputs(net: Net, state: State, work: Work, line: int) -> None:
    """Add what a line makes to its stocks; a settled blend from the same inputs is not mixed again."""
    settled = state.lines.settled[line] == 1
    for i in range(net.lines.in_first[line], net.lines.in_end[line]):
        if work.groups.same[net.inputs.group[i]] == 0:
            settled = False
    if not settled:
        gather(net, state, work, line)
    state.lines.settled[line] = 1
    for slot in range(net.lines.out_first[line], net.lines.out_end[line]):
        made = work.lines.made[line] * net.outputs.quantity[slot]
        if made > 0.0:
            out = net.outputs.bin[slot]
            if settled:
                state.unbooked_made[out] += made
            elif mix_product(net, state, work, slot, made):
                state.lines.settled[line] = 0
            state.on_hand[out] += made
            state.totals.made[net.outs.material[out]] += made
            push(net, state, out, made)


@helper
def push(net: Net, state: State, out: int, made: float) -> None:
    """Give each lane that takes goods unasked its share of what was made today."""
    for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
        lane = net.out_lane[j]
        if net.lanes.pushed[lane] == 1:
            state.lanes.stale[lane] += made * net.lanes.share[lane]


@helper
def settle_books(net: Net, state: State, work: Work, line: int) -> None:
    """Carry over what is owed, parked and how far a restart has come."""
    kind = net.lines.kind[line]
    if kind == CUSTOMER:
        if net.lines.lost_sales[line] == 0:
            owed = work.lines.need[line] + state.lines.owed[line] - work.lines.made[line]
            state.lines.owed[line] = max(owed, 0.0)
    elif kind == BUILD:
        plan = net.lines.plan[line]
        made = work.lines.made[line]
        state.lines.parked[line] = max(state.lines.parked[line] + work.lines.parked[line], 0.0)
        owed = state.lines.owed[line] + plan - made
        state.lines.owed[line] = owed if owed > 1e-9 * plan else 0.0
        if net.lines.ramp_days[line] > 0.0:
            if made <= STOPPED_SHARE * plan:
                state.lines.ramp[line] = 1.0 / net.lines.ramp_days[line]
            else:
                state.lines.ramp[line] = min(state.lines.ramp[line] + 1.0 / net.lines.ramp_days[line], 1.0)
