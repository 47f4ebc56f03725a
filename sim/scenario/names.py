"""Names in interventions against the network: places, materials, lines, lanes, routes, waypoints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from sim.data.loader import read_context
from sim.data.policy import policy_sources
from sim.data.schema import END_USES
from sim.domain import Network
from sim.errors import SimError
from sim.interventions import KINDS
from sim.interventions.scope import country_codes, resolve_materials, resolve_place, suggestion, waypoints
from sim.scenario.kinds import meant_kind
from sim.scenario.syntax import Node, Problems
from sim.scenario.validate import intervention_ids
from sim.units import did_you_mean

Check = Callable[[Network, str], object]


def _one_of(words: Callable[[Network], Iterable[str]], noun: str) -> Check:
    def look(network: Network, name: str) -> None:
        known = tuple(words(network))
        if name not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f"{noun} {name!r} does not exist" + (f"; {hint}" if hint else ""))

    return look


def _material(network: Network, name: str) -> None:
    resolve_materials(network, [name])


def _country(network: Network, name: str) -> None:
    if not country_codes(network, name):
        known = [item.name for item in network.countries.values()]
        raise ValueError(f"{name!r} is no country or bloc of {network.name}{suggestion(name, known)}")


CHECKS: Mapping[str, Check] = {
    "from": resolve_place,
    "to": resolve_place,
    "by": resolve_place,
    "sites": resolve_place,
    "members": resolve_place,
    "country": resolve_place,
    "technology_at": resolve_place,
    "covered": _country,
    "materials": _material,
    "elements": _one_of(lambda network: network.elements, "element"),
    "through": lambda network, name: waypoints(network, [name]),
    "line": _one_of(lambda network: network.lines, "line"),
    "lines": _one_of(lambda network: network.lines, "line"),
    "routes": _one_of(lambda network: network.routes, "route"),
    "modes": _one_of(lambda network: {route.mode for route in network.routes.values()}, "mode"),
    "end_use": _one_of(lambda network: END_USES, "end use"),
    "offtake": _one_of(lambda network: network.lanes, "lane"),
}
"""How the names under each key of an intervention are looked up."""

OF_A_KIND: Mapping[str, Mapping[str, Check]] = {"substitution": {"by": _material}}
"""The keys that mean something else in a kind."""

BELOW = ("screening", "deny", "collateral")
"""Keys with mappings below them that hold such names too."""


def check_names(
    root: Node, network: Network, problems: Problems, pending: Collection[str] = ()
) -> None:
    """Look up every name that the interventions and their branches use, but for those in `pending`."""
    listed = root.get("interventions")
    for number, item in enumerate(listed.value if listed is not None and listed.is_list else ()):
        where = f"interventions[{number}]"
        checks = _checks_of(item)
        for place, part in _parts(item, where):
            _in_mapping(part, place, checks, network, problems, pending)
    _background(root, problems)


def _checks_of(item: Node) -> Mapping[str, Check]:
    node = item.get("kind")
    kind = node.text if node is not None else ""
    kind = kind if kind in KINDS else meant_kind(kind)
    if not kind:
        return {key: check for key, check in CHECKS.items() if key != "by"}
    return {**CHECKS, **OF_A_KIND.get(kind, {})}


def _parts(item: Node, where: str) -> Iterator[tuple[str, Node]]:
    """Yield every mapping of an intervention that holds names, with its path."""
    yield where, item
    for key in (*BELOW, "branches"):
        node = item.get(key)
        if node is not None and node.is_mapping:
            yield f"{where}.{key}", node
        for number, part in enumerate(node.value if node is not None and node.is_list else ()):
            yield from _parts(part, f"{where}.{key}[{number}]")


def _in_mapping(
    item: Node,
    where: str,
    checks: Mapping[str, Check],
    network: Network,
    problems: Problems,
    pending: Collection[str],
) -> None:
    for key, check in checks.items():
        node = item.get(key)
        if node is None:
            continue
        for name, text in names_of(node):
            if text in pending:
                continue
            try:
                check(network, text)
            except ValueError as error:
                message, _, hint = str(error).partition("; did you mean ")
                problems.add(
                    f"{where}.{key}: {message}",
                    name.mark,
                    key=f"{where}.{key}",
                    given=text,
                    hint=f"did you mean {hint}" if hint else "",
                )


def names_of(node: Node) -> list[tuple[Node, str]]:
    """Return the names a value holds, one or a list or the keys of a mapping, each with its place."""
    if node.is_list:
        return [(item, item.value) for item in node.value if isinstance(item.value, str)]
    if node.is_mapping:
        return [(Node(key, item.key_mark or item.mark), key) for key, item in node.value.items()]
    return [(node, node.value)] if isinstance(node.value, str) else []


def _background(root: Node, problems: Problems) -> None:
    node = root.get("background")
    ids = [str(item.value) for item in intervention_ids(root)]
    for item, name in names_of(node) if node is not None else ():
        if name not in ids:
            problems.add(
                f"background: intervention '{name}' does not exist",
                item.mark,
                key="background",
                given=name,
                hint=did_you_mean(name, ids),
                allowed=", ".join(ids),
            )


def source_nodes(node: Node) -> list[tuple[Node, str]]:
    """Return every source id that stands anywhere in a scenario, with its place."""
    out: list[tuple[Node, str]] = []
    if node.is_mapping:
        for key, item in node.value.items():
            out += names_of(item) if key in ("source", "sources") else source_nodes(item)
    elif node.is_list:
        for item in node.value:
            out += source_nodes(item)
    return out


def check_sources(root: Node, network: Network, problems: Problems) -> None:
    """Refuse a source that neither the network's tables nor the list of actual policy name."""
    used = source_nodes(root)
    if not used or not network.folder:
        return
    known = _listed_sources(network)
    for item, name in used:
        if known and name not in known:
            problems.add(
                f"source '{name}' does not exist",
                item.mark,
                key="sources",
                given=name,
                hint=did_you_mean(name, known),
                allowed="a source_id of the network's sources.csv, or of the measures of `sim list policy`",
            )


def _listed_sources(network: Network) -> tuple[str, ...]:
    try:
        context = read_context(Path(network.folder))
    except SimError:
        return ()
    return (*context.sources, *context.assumptions, *policy_sources())
