"""Counting everything there is, independently of the running totals, for the mass balance."""

from __future__ import annotations

from sim.engine.arrays import Floats, Net, State
from sim.engine.jit import helper, kernel
from sim.engine.kernels.origin import book


@kernel
def tally(net: Net, state: State, materials: Floats, codes: Floats, under_way: Floats) -> None:
    """Count all mass by material, all origin by code, and goods under way by lane."""
    for bin_ in range(len(net.bins)):
        book(net, state, bin_)
    materials[:] = 0.0
    codes[:] = 0.0
    under_way[:] = 0.0
    outs = net.outs.material.size
    for out in range(outs):
        materials[net.outs.material[out]] += state.on_hand[out]
        tally_bin(net, state, codes, out)
    for lane in range(net.lanes.source.size):
        if net.lanes.bin[lane] >= outs:
            materials[net.groups.material[net.lanes.group[lane]]] += state.on_hand[net.lanes.bin[lane]]
            tally_bin(net, state, codes, net.lanes.bin[lane])
    for bucket in range(state.bucket.size):
        tally_chain(net, state, materials, codes, under_way, state.bucket[bucket])
    for lr in range(net.lane_routes.lane.size):
        tally_chain(net, state, materials, codes, under_way, state.held_head[lr])


@helper
def tally_bin(net: Net, state: State, codes: Floats, bin_: int) -> None:
    """Add a stock's origin."""
    for be in range(net.bins.element_first[bin_], net.bins.element_end[bin_]):
        mass = state.on_hand[bin_] * net.elements.content[be]
        for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
            codes[net.entry_code[k]] += mass * state.share[k]


@helper
def tally_chain(
    net: Net, state: State, materials: Floats, codes: Floats, under_way: Floats, slot: int
) -> None:
    """Add the goods of a chain of shipments, at the blend of the day they left."""
    while slot >= 0:
        lane = net.lane_routes.lane[state.pool.lr[slot]]
        source = net.lanes.source[lane]
        quantity = state.pool.quantity[slot]
        under_way[lane] += quantity
        materials[net.outs.material[source]] += quantity
        row = state.pool.ship_day[slot] & (state.blend.shape[0] - 1)
        for be in range(net.bins.element_first[source], net.bins.element_end[source]):
            mass = quantity * net.elements.content[be]
            for k in range(net.elements.entry_first[be], net.elements.entry_end[be]):
                codes[net.entry_code[k]] += mass * state.blend[row, k]
        slot = state.pool.next[slot]
