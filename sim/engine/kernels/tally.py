"""Counting everything there is, independently of the running totals, for the mass balance."""

from __future__ import annotations

from sim.engine.arrays import Floats, Net, State
from sim.engine.jit import helper, kernel
from sim.engine.kernels.goods import EMPTY, below
from sim.engine.kernels.origin import book


@kernel
def tally(
    net: Net, state: State, materials: Floats, under_way: Floats, shipped: Floats, origin: Floats
) -> None:
    """Count all mass by material, goods under way by lane, and all origin.

    `shipped` is room for what is under way of each shipping day and sold stock, shape (day, out);
    `origin` has a row for what there is of each class, one for what was made so far, one for what was used.
    """
    outs = net.outs.material.size
    for bin_ in range(len(net.bins)):
        book(net, state, bin_)
        tally_bin(net, state, origin, bin_)
    for out in range(outs):
        materials[net.outs.material[out]] += state.on_hand[out]
    for lane in range(net.lanes.source.size):
        if net.lanes.bin[lane] >= outs:
            materials[net.groups.material[net.lanes.group[lane]]] += state.on_hand[net.lanes.bin[lane]]
    for bucket in range(state.bucket.size):
        tally_stack(net, state, under_way, shipped, state.bucket[bucket])
    for lr in range(net.lane_routes.lane.size):
        tally_stack(net, state, under_way, shipped, state.held[lr])
    for day in range(shipped.shape[0]):
        for out in range(outs):
            if shipped[day, out] > 0.0:
                materials[net.outs.material[out]] += shipped[day, out]
                tally_shipped(net, state, origin, out, day, shipped[day, out])


@helper
def tally_bin(net: Net, state: State, origin: Floats, bin_: int) -> None:
    """Add the origin of what a stock is, and of what it has gained and lost."""
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        content = net.elements.content[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            code = net.entry_code[k]
            origin[0, code] += state.on_hand[bin_] * content * state.share[k]
            origin[1, code] += content * state.gained[k]
            origin[2, code] += content * state.lost[k]


@helper
def tally_stack(net: Net, state: State, under_way: Floats, shipped: Floats, top: int) -> None:
    """Add the goods of a stack of shipments."""
    slot = top
    while slot != EMPTY:
        lane = net.lane_routes.lane[state.pool.lr[slot]]
        under_way[lane] += state.pool.quantity[slot]
        day = state.pool.ship_day[slot] & (state.blend.shape[0] - 1)
        shipped[day, net.lanes.source[lane]] += state.pool.quantity[slot]
        slot = below(state, slot)


@helper
def tally_shipped(net: Net, state: State, origin: Floats, out: int, day: int, quantity: float) -> None:
    """Add the origin of goods under way, at the blend of the day they left."""
    for be in range(net.bins.element_first[out], net.bins.element_end[out]):
        mass = quantity * net.elements.content[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[0, net.entry_code[k]] += mass * state.blend[day, k]
