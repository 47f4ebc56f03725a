"""Counting everything there is, independently of the running totals, for the mass balance."""

from __future__ import annotations

from sim.engine.arrays import Floats, Net, State
from sim.engine.jit import helper, kernel
from sim.engine.kernels.goods import EMPTY, below
from sim.engine.kernels.origin import book, book_drawn

THERE, MADE, USED = range(3)
"""Rows of `origin`: what there is of each class, what was made and what was used up to now."""


@kernel
def tally(
    net: Net, state: State, materials: Floats, under_way: Floats, shipped: Floats, origin: Floats
) -> None:
    """Count all mass by material, goods under way by lane, and all origin.

    `shipped` is room for what is under way of each shipping day and sold stock, shape (day, out);
    `origin` has a row for each of THERE, MADE and USED.
    """
    outs = net.outs.material.size
    for bin_ in range(len(net.bins)):
        tally_bin(net, state, origin, bin_)
    for out in range(outs):
        materials[net.outs.material[out]] += state.on_hand[out]
        book(net, state, out)
        tally_booked(net, state, origin, out)
    for group in range(len(net.groups)):
        book_drawn(net, state, group)
        tally_drawn(net, state, origin, group)
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
    """Add the origin of a stock."""
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        mass = state.on_hand[bin_] * net.elements.content[be]
        ahead = net.elements.code[be] - net.elements.entry_first[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[THERE, ahead + k] += mass * state.share[k]


@helper
def tally_booked(net: Net, state: State, origin: Floats, out: int) -> None:
    """Add the origin of what a sold stock has gained and lost."""
    for be in range(net.bins.element_first[out], net.bins.element_end[out]):
        content = net.elements.content[be]
        ahead = net.elements.code[be] - net.elements.entry_first[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[MADE, ahead + k] += content * state.gained[k]
            origin[USED, ahead + k] += content * state.lost[k]


@helper
def tally_drawn(net: Net, state: State, origin: Floats, group: int) -> None:
    """Add the origin of what has been drawn of a bought material."""
    if net.groups.lane_first[group] == net.groups.lane_end[group]:
        return
    bin_ = net.lanes.bin[net.group_lane[net.groups.lane_first[group]]]
    drawn = net.groups.entry_first[group] - net.bins.entry_first[bin_]
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        content = net.elements.content[be]
        ahead = net.elements.code[be] - net.elements.entry_first[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[USED, ahead + k] += content * state.drawn_sum[drawn + k]


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
        ahead = net.elements.code[be] - net.elements.entry_first[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[THERE, ahead + k] += mass * state.blend[day, k]
