"""What governments really did, `policy/actual.yaml`, fitted to the scenario that includes it.

The list spans 2009 to 2026 and every network, a scenario a few years and one network. What was over before
the start, begins after the horizon, or touches nothing in the network is left out before anything is checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta

from sim.data import find_folder, load_network
from sim.domain import Network
from sim.errors import DataError
from sim.interventions.scope import lanes_in_scope
from sim.scenario.check import date_of, window_of
from sim.scenario.compose import is_actual_policy
from sim.scenario.names import CHECKS, names_of
from sim.scenario.readings import ReadingError, read_figure
from sim.scenario.syntax import Node
from sim.scenario.world import network_folder


def is_actual(item: Node) -> bool:
    """Tell whether an intervention comes from an included `policy/actual.yaml`."""
    node = item.get("id")
    return node is not None and is_actual_policy(node)


def leave_out(root: Node) -> tuple[str, ...]:
    """Take out of a composed tree the measures that do not concern its scenario.

    Returns
    -------
    tuple of str
        A sentence for each that was left out.
    """
    listed = root.get("interventions")
    if listed is None or not listed.is_list or not any(is_actual(item) for item in listed.value):
        return ()
    network = _network(root)
    kept, said = [], []
    for item in listed.value:
        why = _why_not(item, root, network) if is_actual(item) else ""
        if why:
            said.append(f"{item.value['id'].text} is left out: {why}")
        else:
            kept.append(item)
    root.value["interventions"] = Node(kept, listed.mark, listed.key_mark)
    return tuple(said)


def _network(root: Node) -> Network | None:
    """Return the network the scenario names; one that cannot be loaded is told elsewhere."""
    node = root.get("network")
    if node is None or not isinstance(node.value, str):
        return None
    try:
        return load_network(find_folder(network_folder(node, node.value)))
    except DataError:
        return None


def _why_not(item: Node, root: Node, network: Network | None) -> str:
    window = window_of(root)
    begin, end = date_of(item.get("start")), latest_end(item)
    if window is not None and begin is not None and begin >= window[1]:
        return f"it begins on {begin}, and the scenario ends on {window[1]}"
    if window is not None and end is not None and end <= window[0]:
        return f"it had ended by {end}, and the scenario starts on {window[0]}"
    if network is None:
        return ""
    missing = next(_unknown(item, network), "")
    if missing:
        return missing
    senders, buyers, materials, uses = (_words(item, key) for key in ("from", "to", "materials", "end_use"))
    found = lanes_in_scope(network, senders, buyers, materials, uses)
    return "" if found else f"it touches no lane of {network.name}"


def _words(item: Node, key: str) -> list[str]:
    node = item.get(key)
    return [] if node is None else [name for _, name in names_of(node)]


def latest_end(item: Node) -> date | None:
    """Return the last date an intervention may end on; None if it has none, or one without a bound."""
    begin, duration = date_of(item.get("start")), item.get("duration")
    if begin is None or duration is None:
        return date_of(item.get("end"))
    try:
        reading = read_figure(duration.plain(), "duration")
    except ReadingError:
        return None
    longest = reading.parameters.get("high" if reading.law else "value")
    return begin + timedelta(days=math.ceil(longest)) if isinstance(longest, float | int) else None


def _unknown(item: Node, network: Network) -> Iterator[str]:
    for key, check in CHECKS.items():
        node = item.get(key)
        for _, name in names_of(node) if node is not None else ():
            try:
                check(network, name)
            except ValueError:
                yield f"{network.name} has no {name}"
