"""Production: what the inputs of each line allow, and the mass that moves through it.

All lines decide on the stocks of the morning, so no line uses what another made the same day and the
order of lines does not matter. Lines that share an input share it in proportion to what each wants,
except build lines with priorities. What they want is in `wants`.
"""

from __future__ import annotations

from sim.engine.arrays import BUILD, CUSTOMER, MINE, PLANT, Draws, Levers, Net, State, Work
from sim.engine.jit import helper
from sim.engine.kernels.licences import file_for_licence
from sim.engine.kernels.origin import blend_group, gather, mix_product
from sim.engine.kernels.quotas import count_made, limit_lines
from sim.engine.kernels.wants import (
    note_spare,
    plan_of,
    room_of,
    share_nameplates,
    want_from_orders,
    want_of_line,
)

ENOUGH = 1.0 - 1e-12
"""A supply this close to the want is the want (shares sum to one only up to rounding)."""
SPECK = 1e-12
"""A supply this small beside the want is none: what rounding leaves of a stock would be halved for ever."""
STOPPED_SHARE = 0.05
"""A build line at this share of what its ramp allows or less stands still, and restarts by its ramp."""
ALL = 1e300
"""What an input offers of which nothing is needed any more."""
SAME = 1e-12
"""Lanes whose parts of a line's use differ by less are the same mix."""


@helper
def run_lines(net: Net, levers: Levers, state: State, work: Work, draws: Draws, today: int) -> None:
    """Do phase 4 of the day."""
    want_from_orders(net, state, work)
    for line in range(net.lines.kind.size):
        want_of_line(net, levers, state, work, draws, line, today)
    share_nameplates(net, levers, work)
    if len(state.quotas) > 0:
        limit_lines(state, work, today)
    note_spare(net, levers, state, work)
    supply_lines(net, state, work)
    if shift_to_siblings(net, levers, work):
        supply_lines(net, state, work)
    move_mass(net, levers, state, work, today)
    if len(state.quotas) > 0:
        count_made(state, work)
    for line in range(net.lines.kind.size):
        settle_books(net, levers, state, work, line)


@helper
def supply_groups(net: Net, state: State, work: Work) -> None:
    """Find what every bought material can supply of today's want, lane by lane (`lane_draw`).

    Each lane serves its own share of the use first. Where a lane's goods are gone, the others fill in
    with what they have left, each up to the share of the missing use that its goods fit.
    """
    work.groups.got[:] = 0.0
    work.groups.missing[:] = 0.0
    for lane in range(len(net.lanes)):
        group = net.lanes.group[lane]
        asked = state.lanes.share_now[lane] * work.groups.want[group]
        own = min(state.on_hand[net.lanes.bin[lane]], asked)
        work.lanes.draw[lane] = own
        work.groups.got[group] += own
        work.groups.missing[group] += asked - own
    for group in range(len(net.groups)):
        if work.groups.missing[group] > 1e-13 * work.groups.want[group]:
            fill_in(net, state, work, group)
        if work.groups.got[group] <= SPECK * work.groups.want[group]:
            work.groups.got[group] = 0.0
        work.groups.left[group] = work.groups.got[group]


@helper
def fill_in(net: Net, state: State, work: Work, group: int) -> None:
    """Let lanes that have goods left supply what others cannot."""
    first, last = net.groups.lane_first[group], net.groups.lane_end[group]
    missing = work.groups.missing[group]
    offered = 0.0
    for lane in range(first, last):
        left = state.on_hand[net.lanes.bin[lane]] - work.lanes.draw[lane]
        work.lanes.ask[lane] = min(left, net.lanes.fits[lane] * missing)
        offered += work.lanes.ask[lane]
    part = 1.0 if offered <= missing else missing / offered
    for lane in range(first, last):
        work.lanes.draw[lane] += work.lanes.ask[lane] * part
    work.groups.got[group] += offered * part


@helper
def supply_lines(net: Net, state: State, work: Work) -> None:
    """Turn wants into rates: every line runs at what its scarcest input allows."""
    work.groups.want[:] = 0.0
    work.groups.need[:] = 0.0
    for slot in range(len(net.inputs)):
        line, group = net.inputs.line[slot], net.inputs.group[slot]
        quantity = work.inputs.quantity[slot]
        work.groups.want[group] += wanted_units(net, state, work, line, slot) * quantity
        work.groups.need[group] += work.lines.need[line] * quantity
    supply_groups(net, state, work)
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
    if work.inputs.quantity[slot] <= 0.0:
        return ALL
    if in_order:
        return work.groups.left[group] / work.inputs.quantity[slot]
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
        work.takes[i] = rate * work.inputs.quantity[i]


@helper
def build(net: Net, state: State, work: Work, line: int, in_order: bool) -> None:
    """Build to plan; park incomplete units for want of a parkable component, complete parked ones."""
    want = work.lines.want[line]
    bare = want
    fitted = ALL
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
        work.takes[i] = (whole + late) * work.inputs.quantity[i]
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
def move_mass(net: Net, levers: Levers, state: State, work: Work, today: int) -> None:
    """Take the inputs, make the outputs, and carry their origin over."""
    take_inputs(net, state, work)
    follow_mixes(net, state, work)
    for line in range(len(net.lines)):
        kind = net.lines.kind[line]
        if work.lines.made[line] > 0.0 and (kind == PLANT or kind == MINE):
            make_outputs(net, levers, state, work, line, today)


@helper
def take_inputs(net: Net, state: State, work: Work) -> None:
    """Take what the lines use of every bought material."""
    work.groups.part[:] = 0.0
    for slot in range(len(net.inputs)):
        work.groups.part[net.inputs.group[slot]] += work.takes[slot]
    for group in range(len(net.groups)):
        got = work.groups.got[group]
        work.groups.part[group] = min(work.groups.part[group] / got, 1.0) if got > 0.0 else 0.0
        work.groups.got[group] = 0.0
    for lane in range(len(net.lanes)):
        group, bin_ = net.lanes.group[lane], net.lanes.bin[lane]
        draw = min(work.lanes.draw[lane] * work.groups.part[group], state.on_hand[bin_])
        work.lanes.draw[lane] = draw
        work.groups.got[group] += draw
        state.on_hand[bin_] -= draw
        state.lanes.unbooked[lane] += draw
    for group in range(len(net.groups)):
        state.totals.used[net.groups.material[group]] += work.groups.got[group]


@helper
def follow_mixes(net: Net, state: State, work: Work) -> None:
    """Blend what is drawn for products, where its mix is not yesterday's."""
    work.groups.same[:] = 1
    for lane in range(len(net.lanes)):
        group = net.lanes.group[lane]
        total = work.groups.got[group]
        mix = work.lanes.draw[lane] / total if total > 0.0 else 0.0
        before, version = state.lanes.mix[lane], state.lanes.version[lane]
        # Without branches: whether a blend has moved is what a processor cannot foresee.
        is_new = (abs(mix - before) > SAME) | (version < 0) | (version != state.lanes.seen[lane])
        is_drawn = (mix > 0.0) | (before > 0.0)
        work.groups.same[group] = 0 if is_new & is_drawn else work.groups.same[group]
        state.lanes.mix[lane] = mix if is_new else before
        state.lanes.seen[lane] = version
    for group in range(len(net.groups)):
        if work.groups.same[group] == 0 and net.groups.feeds[group] == 1:
            blend_group(net, state, work, group)
    for slot in range(len(net.inputs)):
        if work.groups.same[net.inputs.group[slot]] == 0:
            state.lines.settled[net.inputs.line[slot]] = 0


@helper
def make_outputs(net: Net, levers: Levers, state: State, work: Work, line: int, today: int) -> None:
    """Add what a line makes to its stocks; a settled blend from the same inputs is not mixed again."""
    settled = state.lines.settled[line] == 1
    if not settled:
        gather(net, state, work, line)
    state.lines.settled[line] = 1
    for slot in range(net.lines.out_first[line], net.lines.out_end[line]):
        made = work.lines.made[line] * net.outputs.quantity[slot]
        if made > 0.0:
            out = net.outputs.bin[slot]
            if settled:
                state.outs.unbooked_made[out] += made
            elif mix_product(net, state, work, slot, made):
                state.lines.settled[line] = 0
            state.on_hand[out] += made
            state.totals.made[net.outs.material[out]] += made
            if net.outs.pushes[out] == 1:
                push(net, levers, state, out, made, today)


@helper
def push(net: Net, levers: Levers, state: State, out: int, made: float, today: int) -> None:
    """Give each lane that takes goods unasked its share of what was made today."""
    for j in range(net.outs.lane_first[out], net.outs.lane_end[out]):
        lane = net.out_lane[j]
        if net.lanes.pushed[lane] == 1:
            part = made * net.lanes.share[lane]
            state.lanes.stale[lane] += file_for_licence(levers, state, lane, part, today)


@helper
def settle_books(net: Net, levers: Levers, state: State, work: Work, line: int) -> None:
    """Carry over what is owed, parked and how far a restart has come."""
    kind = net.lines.kind[line]
    if kind == CUSTOMER:
        if net.lines.lost_sales[line] == 0:
            owed = work.lines.need[line] + state.lines.owed[line] - work.lines.made[line]
            state.lines.owed[line] = max(owed, 0.0)
    elif kind == BUILD:
        plan = plan_of(net, levers, line)
        made = work.lines.made[line]
        state.lines.parked[line] = max(state.lines.parked[line] + work.lines.parked[line], 0.0)
        owed = state.lines.owed[line] + plan - made
        state.lines.owed[line] = owed if owed > 1e-9 * plan else 0.0
        if net.lines.ramp_days[line] > 0.0:
            if made <= STOPPED_SHARE * plan * state.lines.ramp[line]:
                state.lines.ramp[line] = 1.0 / net.lines.ramp_days[line]
            else:
                state.lines.ramp[line] = min(state.lines.ramp[line] + 1.0 / net.lines.ramp_days[line], 1.0)
