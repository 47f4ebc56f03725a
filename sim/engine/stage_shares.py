"""Where what a site has in stock was mined, separated, made into metal and into magnets, at one moment."""

from __future__ import annotations

import numpy as np

from sim.domain import Network
from sim.engine.arrays import Ints, Net, State
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
    owner, bins = _stocks(index, net, state)
    row_of, rows = _spread(net.bins.element_first[bins], net.bins.element_end[bins])
    weight = state.on_hand[bins][row_of] * net.elements.content[rows]
    sites, elements = owner[row_of], net.elements.id[rows]
    mass = np.zeros((len(index.sites), len(network.elements)))
    np.add.at(mass, (sites, elements), weight)
    of_row, entries = _spread(net.elements.entry_first[rows], net.elements.entry_end[rows])
    codes = entries - (net.elements.entry_first - net.elements.code)[rows][of_row]
    parts = weight[of_row] * state.share[entries]
    sums = np.zeros((len(index.sites), len(network.elements), count))
    for numbers in (net.codes.number[codes], net.codes.also[codes]):
        counted = (numbers >= 0) & (numbers < count)
        where = sites[of_row][counted], elements[of_row][counted], numbers[counted]
        np.add.at(sums, where, parts[counted])
    sites, elements, numbers = np.nonzero(sums)
    shares = np.minimum(sums[sites, elements, numbers] / mass[sites, elements], 1.0)
    kinds = [(stage, place) for stage in (*STAGES, TOUCHED) for place in classes.jurisdictions]
    return {
        (index.sites[site], network.elements[element], *kinds[number]): share
        for site, element, number, share in zip(
            *(column.tolist() for column in (sites, elements, numbers, shares)), strict=True
        )
    }


def _stocks(index: Index, net: Net, state: State) -> tuple[Ints, Ints]:
    """Return site and number of all stocks that are bought and not empty; a store's one stock counts once."""
    site_of_group = np.array([index.site[site] for site, _ in index.groups], dtype=np.int64)
    pairs = np.stack([site_of_group[net.lanes.group], net.lanes.bin])
    owner, bins = np.unique(pairs, axis=1)
    held = state.on_hand[bins] > 0.0
    return owner[held], bins[held]


def _spread(first: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the numbers from each first up to its end in one row, and which pair each is of.

    Examples
    --------
    >>> [part.tolist() for part in _spread(np.array([5, 9]), np.array([7, 10]))]
    [[0, 0, 1], [5, 6, 9]]
    """
    counts = end - first
    pair = np.repeat(np.arange(counts.size), counts)
    before = np.cumsum(counts) - counts
    return pair, np.arange(pair.size) - before[pair] + first[pair]
