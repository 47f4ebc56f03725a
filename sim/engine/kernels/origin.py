"""What travels with mass: how origin shares mix on receipt and follow the mass through a line.

A bin's entries are shares of the mass of one element: mined, separated, made into metal or magnet in
a jurisdiction; touched by a jurisdiction at any stage; under a class of custody. Mixing is weighted by
mass. A version number per blend lets an unchanged blend be skipped, bit for bit.
"""

from __future__ import annotations

from sim.engine.arrays import CLAIM, ONE, TAKE, Floats, Ints, Net, State, Work
from sim.engine.jit import helper, kernel

NEGLIGIBLE = 1e-12
"""Blends this close are one blend: a settled stock stays settled, and the balance is far inside 1e-9."""


@helper
def remember_blends(net: Net, state: State, today: int) -> None:
    """Keep today's blend of every sold stock, for the goods that leave today.

    What several lines make goes in one after the other; only a blend that differs at the end of it from
    yesterday's is a new version.
    """
    row, last = today & (state.blend.shape[0] - 1), (today - 1) & (state.blend.shape[0] - 1)
    for out in range(net.outs.material.size):
        first, end = net.bins.entry_first[out], net.bins.entry_end[out]
        if state.outs.stirred[out] == 1:
            state.outs.stirred[out] = 0
            moved = 0
            for k in range(first, end):
                moved += abs(state.share[k] - state.blend[last, k]) > NEGLIGIBLE
            if moved > 0:
                state.outs.version[out] += 1
                state.blend_version[row, out] = state.outs.version[out]
                for k in range(first, end):
                    state.blend[row, k] = state.share[k]
        if state.blend_version[row, out] != state.outs.version[out]:
            state.blend_version[row, out] = state.outs.version[out]
            for k in range(first, end):
                state.blend[row, k] = state.blend[last, k]


@helper
def mix_into_lane(
    net: Net, state: State, lane: int, quantity: float, ship_day: int, version: int
) -> None:
    """Mix goods of a shipping day's blend into the buyer's stock of that lane, before adding them."""
    source, bin_ = net.lanes.source[lane], net.lanes.bin[lane]
    row = ship_day & (state.blend.shape[0] - 1)
    there, here = net.bins.entry_first[source], net.bins.entry_first[bin_]
    count = net.bins.entry_end[source] - there
    before = state.on_hand[bin_]
    book(net, state, bin_)
    if before <= 0.0:
        for k in range(count):
            state.share[here + k] = state.blend[row, there + k]
        state.lanes.version[lane] = version
        return
    weight = quantity / (before + quantity)
    moved = 0
    for k in range(count):
        apart = state.blend[row, there + k] - state.share[here + k]
        state.share[here + k] += weight * apart
        moved += abs(apart) > NEGLIGIBLE
    state.lanes.version[lane] = version if moved == 0 else -1


@helper
def mix_into_out(
    net: Net, state: State, work: Work, out: int, quantity: float, lane: int, ship_day: int
) -> None:
    """Mix goods into a stock whose entries may differ from the sender's: a store, or returned goods."""
    source = net.lanes.source[lane]
    row = ship_day & (state.blend.shape[0] - 1)
    for be in range(net.bins.element_first[out], net.bins.element_end[out]):
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            work.code_mass[net.entry_code[k]] = 0.0
    for k in range(net.bins.entry_first[source], net.bins.entry_end[source]):
        work.code_mass[net.entry_code[k]] = state.blend[row, k]
    before = state.on_hand[out]
    weight = quantity / (before + quantity) if before > 0.0 else 1.0
    changed = False
    book(net, state, out)
    for k in range(net.bins.entry_first[out], net.bins.entry_end[out]):
        apart = work.code_mass[net.entry_code[k]] - state.share[k]
        if abs(apart) > NEGLIGIBLE:
            state.share[k] += weight * apart
            changed = True
    if changed:
        state.outs.stirred[out] = 1


@helper
def gather(net: Net, state: State, work: Work, line: int) -> None:
    """Sum what a line takes today, by element and by origin, into `code_mass` and `element_mass`."""
    for c in range(net.lines.code_first[line], net.lines.code_end[line]):
        work.code_mass[net.line_code[c]] = 0.0
    work.element_mass[:] = 0.0
    for i in range(net.lines.in_first[line], net.lines.in_end[line]):
        group = net.inputs.group[i]
        if work.groups.got[group] <= 0.0 or work.takes[i] <= 0.0:
            continue
        part = work.takes[i] / work.groups.got[group]
        for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
            lane = net.group_lane[j]
            add_lane(net, state, work, net.lanes.bin[lane], work.lanes.draw[lane] * part)


@helper
def add_lane(net: Net, state: State, work: Work, bin_: int, quantity: float) -> None:
    """Add a quantity of a bin's blend to the sums of `gather`."""
    if quantity <= 0.0:
        return
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        mass = quantity * net.elements.content[be]
        work.element_mass[net.elements.id[be]] += mass
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            work.code_mass[net.entry_code[k]] += mass * state.share[k]


@helper
def book(net: Net, state: State, bin_: int) -> None:
    """Book what a stock has gained and lost, by origin, before its origin changes."""
    change_made, change_used = state.unbooked_made[bin_], state.unbooked_used[bin_]
    if change_made <= 0.0 and change_used <= 0.0:
        return
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        made, used = change_made * net.elements.content[be], change_used * net.elements.content[be]
        if made > 0.0:
            for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
                state.codes.created[net.entry_code[k]] += made * state.share[k]
        if used > 0.0:
            for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
                state.codes.destroyed[net.entry_code[k]] += used * state.share[k]
    state.unbooked_made[bin_] = 0.0
    state.unbooked_used[bin_] = 0.0


@helper
def product_share(work: Work, rule: int, code: int, mass: float, present: float) -> float:
    """Return an origin share of today's product."""
    if rule == ONE:
        return 1.0
    if rule == TAKE:
        return work.code_mass[code] / mass if mass > 0.0 else present
    if rule == CLAIM:
        return (work.code_mass[code] + work.code_mass[code - 1]) / mass if mass > 0.0 else present
    return 0.0


@helper
def mix_product(net: Net, state: State, work: Work, slot: int, made: float) -> bool:
    """Mix today's product into its stock, before adding it; tell whether that changed its origin."""
    out = net.outputs.bin[slot]
    before = state.on_hand[out]
    weight = made / (before + made) if before > 0.0 else 1.0
    changed = False
    book(net, state, out)
    r = net.outputs.entry_first[slot]
    for be in range(net.bins.element_first[out], net.bins.element_end[out]):
        mass = work.element_mass[net.elements.id[be]]
        created = made * net.elements.content[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            code = net.entry_code[k]
            value = product_share(work, net.out_rule[r], code, mass, state.share[k])
            r += 1
            state.codes.created[code] += created * value
            apart = value - state.share[k]
            if abs(apart) > NEGLIGIBLE:
                state.share[k] += weight * apart
                changed = True
    if changed:
        state.outs.stirred[out] = 1
    return changed


@kernel
def settle_blends(net: Net, state: State, work: Work, rates: Floats, draws: Floats, order: Ints) -> None:
    """Do one sweep of the steady state's origin: every sold stock takes its product's blend.

    `rates` are the lines' steady rates, `draws` the lanes' steady flows, `order` the lines to sweep.
    """
    work.groups.got[:] = 0.0
    for lane in range(net.lanes.group.size):
        if net.lanes.group[lane] >= 0:
            work.groups.got[net.lanes.group[lane]] += draws[lane]
            work.lanes.draw[lane] = draws[lane]
    work.outs.want[:] = 0.0
    for line in order:
        for i in range(net.lines.in_first[line], net.lines.in_end[line]):
            work.takes[i] = rates[line] * net.inputs.quantity[i]
        gather(net, state, work, line)
        for slot in range(net.lines.out_first[line], net.lines.out_end[line]):
            settle_product(net, state, work, slot, rates[line])
    for out in range(net.outs.material.size):
        if net.outs.store_group[out] >= 0:
            settle_store(net, state, work, out, draws)
    for lane in range(net.lanes.group.size):
        copy_to_lane(net, state, lane)


@helper
def settle_product(net: Net, state: State, work: Work, slot: int, rate: float) -> None:
    """Blend a line's steady product into its stock in proportion to the lines that share the stock."""
    out = net.outputs.bin[slot]
    made = max(rate, 1e-300) * net.outputs.quantity[slot]
    weight = made / (work.outs.want[out] + made)
    work.outs.want[out] += made
    r = net.outputs.entry_first[slot]
    for be in range(net.bins.element_first[out], net.bins.element_end[out]):
        mass = work.element_mass[net.elements.id[be]]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            value = product_share(work, net.out_rule[r], net.entry_code[k], mass, state.share[k])
            r += 1
            state.share[k] += weight * (value - state.share[k])


@helper
def settle_store(net: Net, state: State, work: Work, out: int, draws: Floats) -> None:
    """Blend what a store receives in the steady state."""
    group = net.outs.store_group[out]
    received = 0.0
    for j in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        lane = net.group_lane[j]
        flow = max(draws[lane], 1e-300)
        received += flow
        source = net.lanes.source[lane]
        for k in range(net.bins.entry_first[out], net.bins.entry_end[out]):
            work.code_mass[net.entry_code[k]] = 0.0
        for k in range(net.bins.entry_first[source], net.bins.entry_end[source]):
            work.code_mass[net.entry_code[k]] = state.share[k]
        for k in range(net.bins.entry_first[out], net.bins.entry_end[out]):
            state.share[k] += flow / received * (work.code_mass[net.entry_code[k]] - state.share[k])


@helper
def copy_to_lane(net: Net, state: State, lane: int) -> None:
    """Give the buyer's stock of a lane the sender's present blend (a store's lane has no own stock)."""
    source, bin_ = net.lanes.source[lane], net.lanes.bin[lane]
    if bin_ < net.outs.material.size:
        return
    there, here = net.bins.entry_first[source], net.bins.entry_first[bin_]
    for k in range(net.bins.entry_end[source] - there):
        state.share[here + k] = state.share[there + k]
    state.lanes.version[lane] = state.outs.version[source]
