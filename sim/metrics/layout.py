"""Where each reported site's rows are in the arrays of a trajectory.

All replications of a network have the same rows, so they are looked up once.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.domain import LineKind, Network

if TYPE_CHECKING:
    from sim.engine.trajectory import FloatArray, IntArray, Trajectory

STEADY_WEIGHT = 0.0
"""An input whose planned use is this or less is not a component the line depends on."""
KEPT = 4
"""Layouts kept for the next trajectory."""


@dataclass(frozen=True, slots=True)
class SiteRows:
    """The rows of one site.

    Attributes
    ----------
    lines
        Indices of its building or demanding lines, shape (line,).
    components
        Indices of the input stocks with a planned use, shape (component,).
    inbound
        For each component, the indices of the lanes that bring it.
    use_planned
        Planned use of each component, shape (component,) [unit of material/day].
    is_customer
        Whether it only demands.
    touched, touched_weights
        Columns of the shares touched in the first tracked place, one per element, and the planned use of
        each element, shape (element,) [tonne/day]; ones where none is used.
    """

    site: str
    lines: IntArray
    components: IntArray
    inbound: tuple[IntArray, ...]
    use_planned: FloatArray
    is_customer: bool
    touched: IntArray
    touched_weights: FloatArray


_layouts: OrderedDict[tuple[int, ...], tuple[tuple[object, ...], bytes, tuple[SiteRows, ...]]] = OrderedDict()


def layout_of(network: Network, run: Trajectory) -> tuple[SiteRows, ...]:
    """Return the rows of all reported sites, in the order of their ids.

    Networks that differ in covers alone share the very labels of their runs, and so their rows.
    """
    labels = (run.lines, run.stocks, run.lanes, run.touched_keys)
    key, use = tuple(map(id, labels)), run.use_planned.tobytes()
    if key not in _layouts or _layouts[key][1] != use:
        # The labels are kept with what was found by their addresses: nothing else can come to lie there.
        _layouts[key] = labels, use, _laid_out(network, run)
        while len(_layouts) > KEPT:
            _layouts.popitem(last=False)
    _layouts.move_to_end(key)
    return _layouts[key][2]


def reported_sites(network: Network) -> tuple[str, ...]:
    """Return the sites of the result table: builders that are not sinks, and customers, by id."""
    found = {line.site for line in network.lines.values() if _is_final(line.kind, line.is_sink)}
    return tuple(sorted(found))


def _is_final(kind: LineKind, is_sink: bool) -> bool:
    return kind is LineKind.CUSTOMER or (kind is LineKind.BUILD and not is_sink)


def _laid_out(network: Network, run: Trajectory) -> tuple[SiteRows, ...]:
    numbers = {line: i for i, line in enumerate(run.lines)}
    inputs, lanes = defaultdict(list), defaultdict(list)
    for i, stock in enumerate(run.stocks):
        if stock.role == "input" and run.use_planned[i] > STEADY_WEIGHT:
            inputs[stock.site].append(i)
    for i, lane_id in enumerate(run.lanes):
        lane = network.lanes[lane_id]
        lanes[lane.buyer, lane.material].append(i)
    touched = defaultdict(list)
    for i, (site, element, place) in enumerate(run.touched_keys):
        if network.tracked and place == network.tracked[0]:
            touched[site].append((i, element))
    found = []
    for site in reported_sites(network):
        final = [line for line in network.lines_at(site) if _is_final(line.kind, line.is_sink)]
        mine = sorted(numbers[line.line_id] for line in final if line.line_id in numbers)
        components = inputs[site]
        elements = touched[site]
        found.append(
            SiteRows(
                site=site,
                lines=_rows(mine),
                components=_rows(components),
                inbound=tuple(_rows(lanes[site, run.stocks[i].material]) for i in components),
                use_planned=np.asarray(run.use_planned[_rows(components)]),
                is_customer={line.kind for line in final} == {LineKind.CUSTOMER},
                touched=_rows([i for i, _ in elements]),
                touched_weights=_weights(network, run, components, [name for _, name in elements]),
            )
        )
    return tuple(found)


def _rows(numbers: list[int]) -> IntArray:
    return np.array(numbers, dtype=np.int32)


def _weights(network: Network, run: Trajectory, components: list[int], elements: list[str]) -> FloatArray:
    """Return the planned use of each element in some components [tonne/day]."""
    contents = {i: network.materials[run.stocks[i].material].contents for i in components}
    weights = np.array(
        [
            sum(float(run.use_planned[i]) * float(contents[i].get(element, 0.0)) for i in components)
            for element in elements
        ]
    )
    return weights if weights.sum() > 0.0 else np.ones(len(elements))
