"""Where what a site has in stock was mined, separated, made into metal and into magnets, at one moment."""

from __future__ import annotations

import numpy as np

from sim.domain import Network
from sim.engine.arrays import Floats, Net, State
from sim.engine.index import Index
from sim.engine.origin import STAGES, classes_of

TOUCHED = "touched"
Key = tuple[str, str, str, str]
"""Site, element, stage, jurisdiction."""


def stage_shares(network: Network, index: Index, net: Net, state: State) -> dict[Key, float]:
    """Return the share of each element in the stock of inputs of a site, by stage and jurisdiction.

    The shares of the jurisdictions of a stage sum to 1, or to less where a form has not reached it. `touched`
    is any stage; its shares may sum to more. Shares of zero are left out.
    """
    classes = classes_of(network)
    count = (len(STAGES) + 1) * len(classes.jurisdictions)
    sums = np.zeros((len(index.sites), len(network.elements), count))
    mass = np.zeros((len(index.sites), len(network.elements)))
    for site, bin_ in _stocks(index, net):
        if state.on_hand[bin_] > 0.0:
            _add(net, state.share, bin_, float(state.on_hand[bin_]), sums[site], mass[site], count)
    found: dict[Key, float] = {}
    for site, element, number in zip(*np.nonzero(sums), strict=True):
        stage, place = divmod(int(number), len(classes.jurisdictions))
        share = float(sums[site, element, number] / mass[site, element])
        key = (index.sites[site], network.elements[element], (*STAGES, TOUCHED)[stage],
               classes.jurisdictions[place])  # fmt: skip
        found[key] = min(share, 1.0)
    return found


def _stocks(index: Index, net: Net) -> list[tuple[int, int]]:
    """Return (site, stock) of all that is bought; a store's one stock is there once."""
    pairs = {
        (index.site[index.groups[int(group)][0]], int(bin_))
        for group, bin_ in zip(net.lanes.group, net.lanes.bin, strict=True)
    }
    return sorted(pairs)


def _add(net: Net, share: Floats, bin_: int, stock: float, sums: Floats, mass: Floats, count: int) -> None:
    """Add one stock's elements to those of its site."""
    for row in range(int(net.bins.element_first[bin_]), int(net.bins.element_end[bin_])):
        element, weight = int(net.elements.id[row]), stock * float(net.elements.content[row])
        first, end = int(net.elements.entry_first[row]), int(net.elements.entry_end[row])
        code = int(net.elements.code[row])
        mass[element] += weight
        for numbers in (net.codes.number, net.codes.also):
            found = numbers[code : code + end - first]
            counted = (found >= 0) & (found < count)
            sums[element, found[counted]] += weight * share[first:end][counted]
