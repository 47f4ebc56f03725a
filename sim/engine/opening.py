"""What a case says of day 0 in the place of the steady state: stocks, goods under way, open licences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.case import InitialState, OpenLicence
from sim.engine import state as factory
from sim.engine.arrays import Net, State, flags
from sim.engine.index import Index
from sim.engine.kernels.goods import empty_lanes, enter
from sim.engine.kernels.licences import LAPSE
from sim.engine.reference import ref_to


@dataclass(frozen=True, slots=True)
class Filed:
    """An application that an authority has before it on day 0.

    Attributes
    ----------
    rule
        Id of the `export_licence`.
    lane
        Row of the lane.
    tonnes
        Applied for [unit of material].
    day
        Day on which it was filed (days from the start, at most 0).
    """

    rule: str
    lane: int
    tonnes: float
    day: int


def with_initial_state(net: Net, net_ref: Any, index: Index, state: State, initial: InitialState) -> State:
    """Put the stated stocks, goods under way and licences in the place of the steady ones."""
    for (site, material), quantity in sorted(initial.on_hand.items()):
        if (site, material) in index.group and net.groups.store[index.group[site, material]] < 0:
            group = index.group[site, material]
            for lane in range(net.groups.lane_first[group], net.groups.lane_end[group]):
                state.on_hand[net.lanes.bin[lane]] = quantity * state.lanes.share_now[lane]
        else:
            state.on_hand[index.out[site, material]] = quantity
    state = factory.with_room(state, sum(len(goods) for goods in initial.in_transit.values()))
    refs = net_ref, ref_to(state)
    if initial.in_transit:
        empty_lanes(*refs, flags(name in initial.in_transit for name in index.lanes))
    for lane_id, goods in sorted(initial.in_transit.items()):
        first = int(net.lanes.lr_first[index.lane[lane_id]])
        for arrival, quantity in goods:
            day = int(state.clock[0]) + arrival
            enter(*refs, first, quantity, day, day - int(net.lane_routes.days[first]))
    return _with_licences(net, index, state, initial.licences) if initial.licences else state


def applications(net: Net, index: Index, initial: InitialState) -> tuple[Filed, ...]:
    """Return what is filed and not yet decided on day 0."""
    return tuple(
        Filed(item.rule, lane, part, item.day)
        for item in initial.licences
        if not item.is_granted
        for lane, part in _parts(net, index, item)
    )


def _parts(net: Net, index: Index, item: OpenLicence) -> Iterator[tuple[int, float]]:
    """Share a licence among its lanes by their normal flow; evenly where nothing flows."""
    lanes = [index.lane[name] for name in item.lanes]
    total = float(net.lanes.flow[lanes].sum())
    for lane in lanes:
        share = float(net.lanes.flow[lane]) / total if total > 0.0 else 1.0 / len(lanes)
        if share > 0.0:
            yield lane, item.quantity * share


def _with_licences(net: Net, index: Index, state: State, licences: Sequence[OpenLicence]) -> State:
    today = int(state.clock[0])
    ends: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for item in licences:
        for lane, part in _parts(net, index, item):
            if not item.is_granted:
                state.lanes.waiting[lane] += part
                state.lanes.waiting_days[lane] += part * (today + item.day)
                continue
            state.lanes.granted[lane] += part
            if item.until is not None:
                ends[lane].append((item.until, part))
    # An order that is on the book already is the first that a licence covers.
    np.minimum(state.lanes.granted, state.lanes.unshipped + state.lanes.stale, out=state.lanes.cleared)
    return _lapsing(state, ends)


def _lapsing(state: State, ends: dict[int, list[tuple[int, float]]]) -> State:
    """Write down when licences lapse; they are used in the order in which they end."""
    state = factory.with_decisions(state, sum(len(found) for found in ends.values()))
    for lane in sorted(ends):
        covered = 0.0
        for until, part in sorted(ends[lane]):
            covered += part
            row = int(state.decision_count[0])
            state.decisions.day[row] = int(state.clock[0]) + until
            state.decisions.lane[row] = lane
            state.decisions.what[row] = LAPSE
            state.decisions.quantity[row] = covered
            state.decisions.days[row] = 0.0
            state.decision_count[0] = row + 1
    return state
