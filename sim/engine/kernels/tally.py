"""Counting everything there is, independently of the running totals, for the mass balance."""

from __future__ import annotations

from sim.engine.arrays import Floats, Net, State
from sim.engine.jit import direct, helper
from sim.engine.kernels.goods import EMPTY, below
from sim.engine.kernels.origin import blend_at, book, book_lane

THERE, MADE, USED = range(3)
"""Rows of `origin`: what there is of each class, what was made and what was used up to now."""


@direct
def tally(
    net: Net, state: State, materials: Floats, under_way: Floats, shipped: Floats, origin: Floats
) -> None:
    """Count all mass by material, goods under way by lane, and all origin.

    `shipped` is room for what is under way of each version of each sold stock's blend (`blend_rows`);
    `origin` has a row for each of THERE, MADE and USED.
    """
    outs = net.outs.material.size
    for out in range(outs):
        materials[net.outs.material[out]] += state.on_hand[out]
        book(net, state, out)
    for lane in range(net.lanes.source.size):
        if net.lanes.bin[lane] >= outs:
            materials[net.groups.material[net.lanes.group[lane]]] += state.on_hand[net.lanes.bin[lane]]
            book_lane(net, state, lane)
    for bin_ in range(len(net.bins)):
        tally_bin(net, state, origin, bin_)
    for material in range(len(net.books)):
        tally_book(net, state, origin, net.books.bin[material])
    for bucket in range(state.bucket.size):
        tally_stack(net, state, under_way, shipped, state.bucket[bucket])
    for lr in range(net.lane_routes.lane.size):
        tally_stack(net, state, under_way, shipped, state.held[lr])
    row = 0
    for out in range(outs):
        for version in range(state.outs.blend_mask[out] + 1):
            if shipped[row] > 0.0:
                materials[net.outs.material[out]] += shipped[row]
                tally_shipped(net, state, origin, out, version, shipped[row])
            row += 1


@helper
def tally_bin(net: Net, state: State, origin: Floats, bin_: int) -> None:
    """Add the origin of a stock."""
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        mass = state.on_hand[bin_] * net.elements.content[be]
        ahead = net.elements.code[be] - net.elements.entry_first[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[THERE, ahead + k] += mass * state.share[k]


@helper
def tally_book(net: Net, state: State, origin: Floats, bin_: int) -> None:
    """Add the origin of what was made of a material, and of what was used of it or left for good."""
    ahead_of_stock = net.bins.book[bin_] - net.bins.entry_first[bin_]
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        content = net.elements.content[be]
        ahead = net.elements.code[be] - net.elements.entry_first[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[MADE, ahead + k] += content * state.gained[ahead_of_stock + k]
            origin[USED, ahead + k] += content * state.lost[ahead_of_stock + k]


@helper
def tally_stack(net: Net, state: State, under_way: Floats, shipped: Floats, top: int) -> None:
    """Add the goods of a stack of shipments."""
    slot = top
    while slot != EMPTY:
        lane = net.lane_routes.lane[state.pool.lr[slot]]
        under_way[lane] += state.pool.quantity[slot]
        source = net.lanes.source[lane]
        row = state.pool.version[slot] & state.outs.blend_mask[source]
        shipped[state.outs.blend_rows[source] + row] += state.pool.quantity[slot]
        slot = below(state, slot)


@helper
def tally_shipped(net: Net, state: State, origin: Floats, out: int, version: int, quantity: float) -> None:
    """Add the origin of goods under way, at the blend they left with."""
    ahead_of_stock = blend_at(net, state, out, version) - net.bins.entry_first[out]
    for be in range(net.bins.element_first[out], net.bins.element_end[out]):
        mass = quantity * net.elements.content[be]
        ahead = net.elements.code[be] - net.elements.entry_first[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            origin[THERE, ahead + k] += mass * state.blend[ahead_of_stock + k]
