"""The inspection of stocks: what rules of origin make of the goods on each lane, week by week."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress

import numpy as np

from sim.domain import Network
from sim.engine.arrays import Floats, Ints, Net, State, Table
from sim.engine.index import Index
from sim.engine.origin import STAGES, Classes, Reach, classes_of, reachable
from sim.interventions.instructions import Turn, Watch
from sim.interventions.levers import LEVERS

KEPT = 4
"""Networks whose possible origins are kept."""
GAUGES_KEPT = 16
ALMOST = 1.0 - 1e-12
"""A value this close to the threshold has reached it: sums of shares are exact to rounding only."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """The tests of a watch as arrays: terms of origin shares, by lane.

    Attributes
    ----------
    entry, weight, lane
        Of each term: the origin share it reads, what it is multiplied by, and whose value it adds to.
    threshold
        Of each lane: the value that trips it; minus infinity where it is tripped in any case.
    mined, mined_lane
        The origin shares that say where something was mined, and whose they are: a stock without any has
        never held anything.
    at_most
        Of each lane: the value of the worst goods that could come into that stock.
    """

    entry: Ints
    weight: Floats
    lane: Ints
    threshold: Floats
    mined: Ints
    mined_lane: Ints
    at_most: Floats

    def tripped(self, share: Floats) -> np.ndarray:
        """Return which lanes' goods are caught, one flag per lane; a stock without goods by what may come."""
        lanes = len(self.threshold)
        value = np.bincount(self.lane, self.weight * share[self.entry], minlength=lanes)
        is_empty = np.bincount(self.mined_lane, share[self.mined], minlength=lanes) <= 0.0
        return np.asarray(np.where(is_empty, self.at_most, value) >= self.threshold * ALMOST)


class Inspection:
    """What one rule holds against the stocks behind its lanes."""

    def __init__(self, watch: Watch, net: Net, index: Index, network: Network) -> None:
        self.watch = watch
        self._caught: frozenset[str] = frozenset()
        self._flags: bytes | None = None
        self._gauge = _gauge_of(watch, net, index, network)

    def turns(self, state: State) -> list[Turn]:
        """Return the turns that follow from what the stocks hold today."""
        flags = self._gauge.tripped(state.share)
        if flags.tobytes() == self._flags:
            return []
        self._flags = flags.tobytes()
        return self._change_to(frozenset(compress(self.watch.scope, flags)))

    def withdraw(self) -> list[Turn]:
        """Return the turns that end it; nothing may follow."""
        return self._change_to(frozenset())

    def taken_over(self, before: Inspection) -> list[Turn]:
        """Take the place of an earlier inspection of the same rule; return what must be turned anew."""
        self._caught = before._caught
        if before.watch.value == self.watch.value:
            return []
        return [Turn(self.watch.lever, tuple(sorted(self._caught)), self.watch.value)] if self._caught else []

    def _change_to(self, caught: frozenset[str]) -> list[Turn]:
        neutral = LEVERS[self.watch.lever].neutral
        parts = ((caught - self._caught, self.watch.value), (self._caught - caught, neutral))
        self._caught = caught
        return [Turn(self.watch.lever, tuple(sorted(rows)), value) for rows, value in parts if rows]


_gauges: list[tuple[Watch, Table, Gauge]] = []
"""The last gauges, with their tests and the list of elements they read: replications ask for the same."""


def _gauge_of(watch: Watch, net: Net, index: Index, network: Network) -> Gauge:
    """Return the gauge of a watch; networks that differ in covers alone share their list of elements."""
    for kept, elements, gauge in _gauges:
        if elements is net.elements and kept.scope == watch.scope and kept.tests == watch.tests:
            return gauge
    gauge = _gauge(watch, net, index, network)
    _gauges[:] = [(watch, net.elements, gauge), *_gauges[: GAUGES_KEPT - 1]]
    return gauge


def _gauge(watch: Watch, net: Net, index: Index, network: Network) -> Gauge:
    classes, reach = _reach_of(network, index)
    elements = {name: number for number, name in enumerate(network.elements)}
    outs = [int(net.lanes.source[index.lane[name]]) for name in watch.scope]
    terms: list[tuple[int, float, int]] = []
    mined: list[tuple[int, int]] = []
    mining = {classes.stage(0, place) for place in range(len(classes.jurisdictions))}
    thresholds, at_most = [], []
    for number, (name, out) in enumerate(zip(watch.scope, outs, strict=True)):
        test = watch.tests[name]
        thresholds.append(-np.inf if test is None else test.threshold)
        at_most.append(0.0)
        if test is None:
            continue
        wanted = {_class_number(classes, stage, place) for stage, place in test.classes}
        weights = {elements[name]: weight for name, weight in test.weights.items() if weight > 0.0}
        terms += [(entry, weight, number) for entry, weight in _terms(net, out, wanted, weights)]
        mined += [(entry, number) for entry, _ in _terms(net, out, mining, weights)]
        at_most[-1] = sum(
            weight for element, weight in weights.items() if wanted & reach[out].get(element, set())
        )
    entry, weight, lane = zip(*terms, strict=True) if terms else ((), (), ())
    source, source_lane = zip(*mined, strict=True) if mined else ((), ())
    return Gauge(
        np.array(entry, dtype=np.int64),
        np.array(weight, dtype=np.float64),
        np.array(lane, dtype=np.int64),
        np.array(thresholds, dtype=np.float64),
        np.array(source, dtype=np.int64),
        np.array(source_lane, dtype=np.int64),
        np.array(at_most, dtype=np.float64),
    )


_reaches: OrderedDict[int, tuple[Network, Classes, Reach]] = OrderedDict()


def _reach_of(network: Network, index: Index) -> tuple[Classes, Reach]:
    """Return what can be in each stock of a network; found once for all replications and rules."""
    if id(network) not in _reaches:
        classes = classes_of(network)
        _reaches[id(network)] = network, classes, reachable(network, index, classes)
        while len(_reaches) > KEPT:
            _reaches.popitem(last=False)
    return _reaches[id(network)][1:]


def _terms(net: Net, out: int, wanted: set[int], weights: Mapping[int, float]) -> list[tuple[int, float]]:
    """Return (origin share, weight) of what a test adds up in a sold stock."""
    found = []
    for row in range(net.bins.element_first[out], net.bins.element_end[out]):
        weight = weights.get(int(net.elements.id[row]), 0.0)
        first, end = int(net.elements.entry_first[row]), int(net.elements.entry_end[row])
        for entry in range(first, end):
            code = int(net.elements.code[row]) + entry - first
            if weight > 0.0 and wanted & {int(net.codes.number[code]), int(net.codes.also[code])}:
                found.append((entry, weight))
    return found


def _class_number(classes: Classes, stage: str, place: str) -> int:
    where = classes.jurisdictions.index(place)
    return classes.touched(where) if stage == "touched" else classes.stage(STAGES.index(stage), where)
