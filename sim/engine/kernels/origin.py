"""What travels with mass: how origin shares mix on receipt and follow the mass through a line.

A bin's entries are shares of the mass of one element: mined, separated, made into metal or magnet in
a jurisdiction; touched by a jurisdiction at any stage; under a class of custody. Mixing is weighted by
mass. A version number per blend lets an unchanged blend be skipped, bit for bit.
"""

from __future__ import annotations

from sim.engine.arrays import Floats, Ints, Net, State, Work
from sim.engine.jit import helper, kernel

NEGLIGIBLE = 1e-12
"""Blends this close are one blend: a settled stock stays settled, and the balance is far inside 1e-9."""


NO_MASS = 1e-200
"""Inputs that hold less of an element hold none (and have no reciprocal)."""


@helper
def blend_at(net: Net, state: State, out: int, version: int) -> int:
    """Return where a version of a sold stock's blend begins in `state.blend`."""
    count = net.bins.entry_end[out] - net.bins.entry_first[out]
    return state.outs.blend_first[out] + (version & state.outs.blend_mask[out]) * count


@helper
def remember_blends(net: Net, state: State) -> None:
    """Keep the blend of every sold stock that changed today, for the goods that leave from now on.

    What several lines make goes in one after the other; only a blend that differs at the end of it from
    the last version is a new one.
    """
    for out in range(net.outs.material.size):
        if state.outs.stirred[out] == 1:
            state.outs.stirred[out] = 0
            version, first = state.outs.version[out], net.bins.entry_first[out]
            last, new = blend_at(net, state, out, version), blend_at(net, state, out, version + 1)
            apart = 0
            for k in range(net.bins.entry_end[out] - first):
                share = state.share[first + k]
                apart = 1 if abs(state.blend[last + k] - share) > NEGLIGIBLE else apart
                state.blend[new + k] = share
            state.outs.version[out] = version + apart


@helper
def mix_into_lane(net: Net, state: State, lane: int, quantity: float, version: int) -> None:
    """Mix goods of a version of the seller's blend into the buyer's stock, before adding them."""
    bin_, source = net.lanes.bin[lane], net.lanes.source[lane]
    here, there = net.bins.entry_first[bin_], blend_at(net, state, source, version)
    book_at = net.bins.book[bin_]
    before = state.on_hand[bin_]
    weight = quantity / (before + quantity) if before > 0.0 else 1.0
    used = state.lanes.unbooked[lane]
    state.lanes.unbooked[lane] = 0.0
    apart = 0
    for k in range(net.bins.entry_end[bin_] - here):
        share = state.share[here + k]
        gap = state.blend[there + k] - share
        apart = 1 if abs(gap) > NEGLIGIBLE else apart
        state.lost[book_at + k] += used * share
        state.share[here + k] = share + weight * gap
    state.lanes.version[lane] = -1 if apart == 1 and before > 0.0 else version


@helper
def mix_into_out(net: Net, state: State, out: int, quantity: float, source: int, version: int) -> None:
    """Mix goods into a stock that is sold: a store's, or that of a seller whose goods came back."""
    here, there = net.bins.entry_first[out], blend_at(net, state, source, version)
    before = state.on_hand[out]
    weight = quantity / (before + quantity) if before > 0.0 else 1.0
    if is_apart(net, state, out, there):
        book(net, state, out)
        for k in range(net.bins.entry_end[out] - here):
            state.share[here + k] += weight * (state.blend[there + k] - state.share[here + k])
        state.outs.stirred[out] = 1


@helper
def is_apart(net: Net, state: State, bin_: int, there: int) -> bool:
    """Tell whether a stock's blend differs from one that is remembered."""
    here = net.bins.entry_first[bin_]
    for k in range(net.bins.entry_end[bin_] - here):
        if abs(state.blend[there + k] - state.share[here + k]) > NEGLIGIBLE:
            return True
    return False


@helper
def blend_group(net: Net, state: State, work: Work, group: int) -> None:
    """Blend what is drawn today from the lanes of a bought material."""
    first, got = net.groups.entry_first[group], work.groups.got[group]
    count = net.groups.entry_end[group] - first
    kept = 0.0
    for lane in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        if work.lanes.draw[lane] > 0.0:
            part = work.lanes.draw[lane] / got
            here = net.bins.entry_first[net.lanes.bin[lane]]
            for k in range(count):
                state.drawn[first + k] = kept * state.drawn[first + k] + part * state.share[here + k]
            kept = 1.0


@helper
def book_lane(net: Net, state: State, lane: int) -> None:
    """Book what was used of a lane's stock, by origin."""
    used, bin_ = state.lanes.unbooked[lane], net.lanes.bin[lane]
    if used > 0.0:
        state.lanes.unbooked[lane] = 0.0
        first, book_at = net.bins.entry_first[bin_], net.bins.book[bin_]
        for k in range(net.bins.entry_end[bin_] - first):
            state.lost[book_at + k] += used * state.share[first + k]


@helper
def gather(net: Net, state: State, work: Work, line: int) -> None:
    """Sum what a line takes today, by element and by origin, into `code_mass` and `element_mass`."""
    work.code_mass[:] = 0.0
    work.element_mass[:] = 0.0
    for i in range(net.lines.in_first[line], net.lines.in_end[line]):
        if work.takes[i] > 0.0:
            add_input(net, state, work, net.inputs.group[i], work.takes[i])


@helper
def add_input(net: Net, state: State, work: Work, group: int, quantity: float) -> None:
    """Add a quantity of a bought material, as drawn today, to the sums of `gather`."""
    bin_ = net.lanes.bin[net.groups.lane_first[group]]
    ahead = net.groups.entry_first[group] - net.bins.entry_first[bin_]
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        mass = quantity * net.elements.content[be]
        work.element_mass[net.elements.id[be]] += mass
        code, first = net.elements.code[be], net.elements.entry_first[be]
        for k in range(net.elements.entry_end[be] - first):
            work.code_mass[code + k] += mass * state.drawn[ahead + first + k]


@helper
def add_lane(net: Net, state: State, work: Work, bin_: int, quantity: float) -> None:
    """Add a quantity of a stock's blend to `code_mass` and `element_mass`."""
    if quantity <= 0.0:
        return
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        mass = quantity * net.elements.content[be]
        work.element_mass[net.elements.id[be]] += mass
        code, first = net.elements.code[be], net.elements.entry_first[be]
        for k in range(net.elements.entry_end[be] - first):
            work.code_mass[code + k] += mass * state.share[first + k]


@helper
def book(net: Net, state: State, out: int) -> None:
    """Book what a sold stock has gained and lost, by origin, before its origin changes."""
    made, used = state.outs.unbooked_made[out], state.outs.unbooked_used[out]
    first, book_at = net.bins.entry_first[out], net.bins.book[out]
    count = net.bins.entry_end[out] - first
    if made > 0.0:
        state.outs.unbooked_made[out] = 0.0
        for k in range(count):
            state.gained[book_at + k] += made * state.share[first + k]
    if used > 0.0:
        state.outs.unbooked_used[out] = 0.0
        for k in range(count):
            state.lost[book_at + k] += used * state.share[first + k]


@helper
def find_product(net: Net, state: State, work: Work, slot: int) -> bool:
    """Find the blend of today's product (`work.product`); tell whether it differs from the stock's.

    Where the inputs lack an element, what would be taken from them stays as the stock has it.
    """
    out = net.outputs.bin[slot]
    begin = net.bins.entry_first[out]
    for be in range(net.bins.element_first[out], net.bins.element_end[out]):
        first, code = net.elements.entry_first[be], net.elements.code[be]
        count = net.elements.entry_end[be] - first
        rule = net.outputs.entry_first[slot] + first - begin
        mass = work.element_mass[net.elements.id[be]]
        if mass > NO_MASS:
            per_mass = 1.0 / mass
            for k in range(count):
                taken = work.code_mass[code + k] * per_mass
                work.product[first - begin + k] = net.rules.take[rule + k] * taken + net.rules.own[rule + k]
        else:
            for k in range(count):
                taken = state.share[first + k]
                work.product[first - begin + k] = net.rules.take[rule + k] * taken + net.rules.own[rule + k]
    for c in range(net.outputs.claim_first[slot], net.outputs.claim_end[slot]):
        mass = work.element_mass[net.codes.element[net.claims.code[c]]]
        if mass > NO_MASS:
            work.product[net.claims.place[c]] += work.code_mass[net.claims.code[c]] / mass
    apart = 0
    for k in range(net.bins.entry_end[out] - begin):
        apart = 1 if abs(work.product[k] - state.share[begin + k]) > NEGLIGIBLE else apart
    return apart == 1


@helper
def mix_product(net: Net, state: State, work: Work, slot: int, made: float) -> bool:
    """Mix today's product into its stock, before adding it; tell whether that changed its origin."""
    out = net.outputs.bin[slot]
    if not find_product(net, state, work, slot):
        state.outs.unbooked_made[out] += made
        return False
    before = state.on_hand[out]
    weight = made / (before + made) if before > 0.0 else 1.0
    made_before, used_before = state.outs.unbooked_made[out], state.outs.unbooked_used[out]
    state.outs.unbooked_made[out] = 0.0
    state.outs.unbooked_used[out] = 0.0
    first, book_at = net.bins.entry_first[out], net.bins.book[out]
    for k in range(net.bins.entry_end[out] - first):
        share, product = state.share[first + k], work.product[k]
        state.gained[book_at + k] += made_before * share + made * product
        state.lost[book_at + k] += used_before * share
        state.share[first + k] = share + weight * (product - share)
    state.outs.stirred[out] = 1
    return True


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
    for group in range(net.groups.material.size):
        if net.groups.store[group] < 0:
            blend_group(net, state, work, group)
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
    find_product(net, state, work, slot)
    first = net.bins.entry_first[out]
    for k in range(net.bins.entry_end[out] - first):
        state.share[first + k] += weight * (work.product[k] - state.share[first + k])


@helper
def settle_store(net: Net, state: State, work: Work, out: int, draws: Floats) -> None:
    """Blend what a store receives in the steady state."""
    group = net.outs.store_group[out]
    received = 0.0
    for lane in range(net.groups.lane_first[group], net.groups.lane_end[group]):
        flow = max(draws[lane], 1e-300)
        received += flow
        there = net.bins.entry_first[net.lanes.source[lane]] - net.bins.entry_first[out]
        for k in range(net.bins.entry_first[out], net.bins.entry_end[out]):
            state.share[k] += flow / received * (state.share[there + k] - state.share[k])


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
