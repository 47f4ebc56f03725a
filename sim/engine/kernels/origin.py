"""What travels with mass: how origin shares mix on receipt and follow the mass through a line.

A bin's entries are shares of the mass of one element: mined, separated, made into metal or magnet in
a jurisdiction; touched by a jurisdiction at any stage; under a class of custody. Mixing is weighted by
mass. A version number per blend lets an unchanged blend be skipped, bit for bit.
"""

from __future__ import annotations

from sim.engine.arrays import CLAIM, ONE, TAKE, Floats, Ints, Net, State, Work
from sim.engine.jit import kernel

NEGLIGIBLE = 1e-15
"""A share that moves by less keeps its bits, so that a settled blend stays settled."""


@kernel
def first_entry(net: Net, bin_: int) -> int:
    """Return the first entry of a bin; the last is the one before the next bin's first."""
    return net.element_entry_ptr[net.bin_element_ptr[bin_]]


@kernel
def remember_blends(net: Net, state: State, today: int) -> None:
    """Keep today's blend of every sold stock, for the goods that leave today."""
    row = today % state.blend.shape[0]
    for out in range(net.out_material.size):
        if state.blend_version[row, out] != state.out_version[out]:
            for k in range(first_entry(net, out), first_entry(net, out + 1)):
                state.blend[row, k] = state.share[k]
            state.blend_version[row, out] = state.out_version[out]


@kernel
def mix_into_lane(net: Net, state: State, lane: int, quantity: float, ship_day: int) -> None:
    """Mix goods of a shipping day's blend into the buyer's stock of that lane, before adding them."""
    source, bin_ = net.lane_source[lane], net.lane_bin[lane]
    row = ship_day % state.blend.shape[0]
    version = state.blend_version[row, source]
    if version == state.lane_version[lane]:
        return
    there, here = first_entry(net, source), first_entry(net, bin_)
    count = first_entry(net, source + 1) - there
    before = state.on_hand[bin_]
    if before <= 0.0:
        for k in range(count):
            state.share[here + k] = state.blend[row, there + k]
        state.lane_version[lane] = version
        return
    weight = quantity / (before + quantity)
    for k in range(count):
        state.share[here + k] += weight * (state.blend[row, there + k] - state.share[here + k])
    state.lane_version[lane] = -1


@kernel
def mix_into_out(net: Net, state: State, work: Work, out: int, quantity: float, lane: int, ship_day: int) -> None:
    """Mix goods into a stock whose entries may differ from the sender's: a store, or returned goods."""
    source = net.lane_source[lane]
    row = ship_day % state.blend.shape[0]
    for be in range(net.bin_element_ptr[out], net.bin_element_ptr[out + 1]):
        for k in range(net.element_entry_ptr[be], net.element_entry_ptr[be + 1]):
            work.code_mass[net.entry_code[k]] = 0.0
    for k in range(first_entry(net, source), first_entry(net, source + 1)):
        work.code_mass[net.entry_code[k]] = state.blend[row, k]
    before = state.on_hand[out]
    weight = quantity / (before + quantity) if before > 0.0 else 1.0
    changed = False
    for k in range(first_entry(net, out), first_entry(net, out + 1)):
        step = weight * (work.code_mass[net.entry_code[k]] - state.share[k])
        if abs(step) > NEGLIGIBLE:
            state.share[k] += step
            changed = True
    if changed:
        state.out_version[out] += 1


@kernel
def gather(net: Net, state: State, work: Work, line: int, group_used: Floats) -> None:
    """Sum what a line takes today, by element and by origin, into `code_mass` and `element_mass`."""
    for c in range(net.line_code_ptr[line], net.line_code_ptr[line + 1]):
        work.code_mass[net.line_code[c]] = 0.0
    work.element_mass[:] = 0.0
    for i in range(net.line_in_ptr[line], net.line_in_ptr[line + 1]):
        group = net.line_in_group[i]
        if group_used[group] <= 0.0 or work.line_take[i] <= 0.0:
            continue
        part = work.line_take[i] / group_used[group]
        for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
            lane = net.group_lane[j]
            add_lane(net, state, work, net.lane_bin[lane], work.lane_draw[lane] * part)


@kernel
def add_lane(net: Net, state: State, work: Work, bin_: int, quantity: float) -> None:
    """Add a quantity of a bin's blend to the sums of `gather`."""
    if quantity <= 0.0:
        return
    for be in range(net.bin_element_ptr[bin_], net.bin_element_ptr[bin_ + 1]):
        mass = quantity * net.element_content[be]
        work.element_mass[net.element_id[be]] += mass
        for k in range(net.element_entry_ptr[be], net.element_entry_ptr[be + 1]):
            work.code_mass[net.entry_code[k]] += mass * state.share[k]


@kernel
def destroy_gathered(net: Net, state: State, work: Work, line: int) -> None:
    """Book what a line took out of the world, by origin."""
    for c in range(net.line_code_ptr[line], net.line_code_ptr[line + 1]):
        code = net.line_code[c]
        state.code_destroyed[code] += work.code_mass[code]


@kernel
def destroy_bin(net: Net, state: State, bin_: int, quantity: float) -> None:
    """Book a quantity of a bin's blend out of the world."""
    for be in range(net.bin_element_ptr[bin_], net.bin_element_ptr[bin_ + 1]):
        mass = quantity * net.element_content[be]
        for k in range(net.element_entry_ptr[be], net.element_entry_ptr[be + 1]):
            state.code_destroyed[net.entry_code[k]] += mass * state.share[k]


@kernel
def create_bin(net: Net, state: State, bin_: int, quantity: float) -> None:
    """Book a quantity of a bin's blend into the world."""
    for be in range(net.bin_element_ptr[bin_], net.bin_element_ptr[bin_ + 1]):
        mass = quantity * net.element_content[be]
        for k in range(net.element_entry_ptr[be], net.element_entry_ptr[be + 1]):
            state.code_created[net.entry_code[k]] += mass * state.share[k]


@kernel
def product_share(work: Work, rule: int, code: int, mass: float, present: float) -> float:
    """Return an origin share of today's product."""
    if rule == ONE:
        return 1.0
    if rule == TAKE:
        return work.code_mass[code] / mass if mass > 0.0 else present
    if rule == CLAIM:
        return (work.code_mass[code] + work.code_mass[code - 1]) / mass if mass > 0.0 else present
    return 0.0


@kernel
def mix_product(net: Net, state: State, work: Work, slot: int, made: float) -> None:
    """Mix today's product into its stock, before adding it, and book its origin as created."""
    out = net.line_out_bin[slot]
    before = state.on_hand[out]
    weight = made / (before + made) if before > 0.0 else 1.0
    changed = False
    r = net.line_out_entry_ptr[slot]
    for be in range(net.bin_element_ptr[out], net.bin_element_ptr[out + 1]):
        mass = work.element_mass[net.element_id[be]]
        created = made * net.element_content[be]
        for k in range(net.element_entry_ptr[be], net.element_entry_ptr[be + 1]):
            code = net.entry_code[k]
            value = product_share(work, net.line_out_rule[r], code, mass, state.share[k])
            r += 1
            state.code_created[code] += created * value
            step = weight * (value - state.share[k])
            if abs(step) > NEGLIGIBLE:
                state.share[k] += step
                changed = True
    if changed:
        state.out_version[out] += 1


@kernel
def settle_blends(net: Net, state: State, work: Work, rates: Floats, draws: Floats, order: Ints) -> None:
    """Do one sweep of the steady state's origin: every sold stock takes its product's blend.

    `rates` are the lines' steady rates, `draws` the lanes' steady flows, `order` the lines to sweep.
    """
    work.group_got[:] = 0.0
    for lane in range(net.lane_group.size):
        if net.lane_group[lane] >= 0:
            work.group_got[net.lane_group[lane]] += draws[lane]
            work.lane_draw[lane] = draws[lane]
    work.out_want[:] = 0.0
    for line in order:
        for i in range(net.line_in_ptr[line], net.line_in_ptr[line + 1]):
            work.line_take[i] = rates[line] * net.line_in_quantity[i]
        gather(net, state, work, line, work.group_got)
        for slot in range(net.line_out_ptr[line], net.line_out_ptr[line + 1]):
            settle_product(net, state, work, slot, rates[line])
    for out in range(net.out_material.size):
        if net.out_store_group[out] >= 0:
            settle_store(net, state, work, out, draws)
    for lane in range(net.lane_group.size):
        copy_to_lane(net, state, lane)


@kernel
def settle_product(net: Net, state: State, work: Work, slot: int, rate: float) -> None:
    """Blend a line's steady product into its stock in proportion to the lines that share the stock."""
    out = net.line_out_bin[slot]
    made = max(rate, 1e-300) * net.line_out_quantity[slot]
    weight = made / (work.out_want[out] + made)
    work.out_want[out] += made
    r = net.line_out_entry_ptr[slot]
    for be in range(net.bin_element_ptr[out], net.bin_element_ptr[out + 1]):
        mass = work.element_mass[net.element_id[be]]
        for k in range(net.element_entry_ptr[be], net.element_entry_ptr[be + 1]):
            value = product_share(work, net.line_out_rule[r], net.entry_code[k], mass, state.share[k])
            r += 1
            state.share[k] += weight * (value - state.share[k])


@kernel
def settle_store(net: Net, state: State, work: Work, out: int, draws: Floats) -> None:
    """Blend what a store receives in the steady state."""
    group = net.out_store_group[out]
    received = 0.0
    for j in range(net.group_lane_ptr[group], net.group_lane_ptr[group + 1]):
        lane = net.group_lane[j]
        flow = max(draws[lane], 1e-300)
        received += flow
        source = net.lane_source[lane]
        for k in range(first_entry(net, out), first_entry(net, out + 1)):
            work.code_mass[net.entry_code[k]] = 0.0
        for k in range(first_entry(net, source), first_entry(net, source + 1)):
            work.code_mass[net.entry_code[k]] = state.share[k]
        for k in range(first_entry(net, out), first_entry(net, out + 1)):
            state.share[k] += flow / received * (work.code_mass[net.entry_code[k]] - state.share[k])


@kernel
def copy_to_lane(net: Net, state: State, lane: int) -> None:
    """Give the buyer's stock of a lane the sender's present blend (a store's lane has no own stock)."""
    source, bin_ = net.lane_source[lane], net.lane_bin[lane]
    if bin_ < net.out_material.size:
        return
    there, here = first_entry(net, source), first_entry(net, bin_)
    for k in range(first_entry(net, source + 1) - there):
        state.share[here + k] = state.share[there + k]
    state.lane_version[lane] = state.out_version[source]
