"""The network a scenario plays in: the packaged or own tables, beliefs, changed figures, new records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.data import (
    all_paths,
    faults,
    get_number,
    load_network,
    packaged_networks,
    path_unit,
    with_belief,
    with_numbers,
    with_values,
)
from sim.domain import Distribution, Figure, LaneRoute, Network, Number, central
from sim.errors import DataError
from sim.scenario.document import ENTRIES
from sim.scenario.fields import Closed
from sim.scenario.readings import Reading
from sim.scenario.records import NEEDS, SHARE_TOLERANCE, add_records, code_of, pending_names
from sim.scenario.syntax import Mark, Node, Problems
from sim.scenario.unit_of import figure_kinds
from sim.scenario.validate import Parts, locate
from sim.units import did_you_mean

DRAWN_LATER = ("days", "demand")
"""Laws that stay in the network's record: drawn for each shipment, or for each day."""
FIXED = {
    **dict.fromkeys(
        ("site", "supplier", "buyer", "material", "kind", "drivers", "form", "unit", "nameplate"), ""
    ),
    "nameplate_capacity": "set `nameplates:` of its site",
}
"""What an existing record is; a hint where there is another way."""
_WORDS = {"t": "tonne", "unit": "unit", "t or unit": ""}


@dataclass(slots=True)
class World:
    """A network with the laws that are drawn once per replication taken out of it."""

    network: Network
    laws: dict[str, Distribution] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    """Names of new records that could not be made: whoever uses one of them is not at fault."""


def make_world(parts: Parts, problems: Problems) -> World | None:
    """Load the network and change it as the scenario says; None if it cannot be loaded."""
    network = _load(parts, problems)
    if network is None:
        return None
    network = _beliefs(network, parts, problems)
    changes = _Changes(parts.root, problems)
    new = {
        section: {name: entry for name, entry in entries.items() if name not in getattr(network, section)}
        for section, entries in parts.entries.items()
    }
    network = add_records(network, new, parts.root, problems, parts.damaged)
    for section, entries in parts.entries.items():
        for name, entry in entries.items():
            if name in getattr(network, section):
                changes.collect(network, section, name, entry, is_new=name in new[section])
    world = changes.applied(network)
    world.pending = pending_names(network, parts.root)
    _uncertain(world, parts, problems)
    if not any(problems.speak_of(key) for key in (*ENTRIES, "beliefs", "uncertain")):
        _faults(world.network, changes.nodes, parts.root, problems)
    return world


def _faults(network: Network, nodes: Mapping[str, Node], root: Node, problems: Problems) -> None:
    """Apply the rules of the tables to the changed network; place what they find at the value that did it."""
    for fault in faults(network):
        section, name = fault.record
        key = next((path for path in fault.causes if path in nodes), "")
        if not key and fault.causes:
            key = next((path for path in nodes if path.startswith(fault.causes)), "")
        node = nodes.get(key) or locate(root, (section, name))
        is_found = bool(key) or root.get(section) is not None
        problems.add(
            fault.message,
            node.mark if is_found else Mark(root.mark.file),
            key=key or f"{section}.{name}",
            given=node.text or fault.given,
            allowed=fault.allowed,
            hint=fault.hint,
        )


def _load(parts: Parts, problems: Problems) -> Network | None:
    node = parts.root.get("network")
    if node is None or "network" not in parts.top:
        return None
    name = parts.top["network"]
    try:
        return load_network(network_folder(node, name))
    except DataError as error:
        for problem in error.problems:
            if problem.path:  # a fault inside the tables
                problems.add(
                    f"network {name!r} cannot be loaded: its tables are wrong",
                    node.mark, key="network", given=name, hint="each mistake of the tables is listed too",
                )  # fmt: skip
                problems.found.append(problem)
            else:
                problems.add(
                    problem.message,
                    node.mark,
                    key="network",
                    given=name,
                    hint=problem.hint,
                    allowed=problem.allowed,
                )
        return None


def network_folder(node: Node, name: str) -> str | Path:
    """Return a packaged name as it is, and a path relative to the file that says it."""
    if name in packaged_networks():
        return name
    beside = Path(node.mark.file).parent / name
    return beside.resolve() if node.mark.line and beside.exists() else name


def _beliefs(network: Network, parts: Parts, problems: Problems) -> Network:
    for number, name in enumerate(parts.top.get("beliefs", ())):
        try:
            network = with_belief(network, name)
        except DataError as error:
            node = parts.root.get("beliefs")
            at = locate(node, (number,)) if node is not None else parts.root
            for problem in error.problems:
                problems.add(
                    problem.message,
                    at.mark,
                    key="beliefs",
                    given=name,
                    hint=problem.hint,
                    allowed=problem.allowed,
                )
    return network


class _Changes:
    """Collects what the entries of a scenario change, and applies it in one go."""

    def __init__(self, root: Node, problems: Problems) -> None:
        self.root, self.problems = root, problems
        self.numbers: dict[str, Number] = {}
        self.laws: dict[str, Distribution] = {}
        self.values: dict[str, Any] = {}
        self.nodes: dict[str, Node] = {}
        self.units: dict[str, str] = {}

    def collect(self, network: Network, section: str, name: str, entry: Closed, is_new: bool) -> None:
        """Note every field of one entry under its path."""
        figures = figure_kinds(section)
        for key in entry.model_fields_set:
            value, path = getattr(entry, key), f"{section}.{name}.{key}"
            node = locate(self.root, (section, name, key))
            if isinstance(value, Reading) and key == "demand":
                self.values[path] = _demand(value)
            elif section == "materials" and key in ("interchangeable_share", "qualification"):
                self._for_all_lanes(network, name, key, value, node)
            elif key in figures and key != "nameplate_capacity":
                each = value if isinstance(value, Mapping) else {"": value}
                for part, reading in each.items():
                    self._figure(network, f"{path}.{part}" if part else path, reading, locate(node, (part,)))
            elif is_new or key == "sources":
                continue
            elif key in FIXED:
                self.problems.add(
                    f"{path} cannot be changed",
                    node.key_mark or node.mark,
                    key=path,
                    given=node.text,
                    hint=FIXED[key] or f"add a new entry under `{section}:`",
                )
            elif key == "routes":
                self._legs(network, path, value, node)
            else:
                self._value(network, path, key, value, node)

    def _legs(self, network: Network, path: str, value: Mapping[str, Reading], node: Node) -> None:
        shares = {name: central(reading.number()) for name, reading in value.items()}
        for name in shares:
            if name not in network.routes:
                at = locate(node, (name,)).key_mark or node.mark
                hint = did_you_mean(name, network.routes)
                self.problems.add(
                    f"{path}: route '{name}' does not exist", at, key=path, given=name, hint=hint
                )
        if abs(sum(shares.values()) - 1.0) > SHARE_TOLERANCE:
            message = f"{path}: the shares of its routes sum to {sum(shares.values()):g}, not 1"
            self.problems.add(message, node.key_mark or node.mark, key=path)
        self.nodes[path] = node
        self.values[path] = tuple(LaneRoute(name, share) for name, share in shares.items())

    def _for_all_lanes(self, network: Network, material: str, key: str, value: Reading, node: Node) -> None:
        for lane_id, lane in network.lanes.items():
            if lane.material == material:
                self._figure(network, f"lanes.{lane_id}.{key}", value, node)

    def _figure(self, network: Network, path: str, reading: Reading, node: Node) -> None:
        try:
            number = reading.number()
            get_number(network, path)
            unit = path_unit(network, path)
        except DataError as error:
            problem = error.problems[0]
            self.problems.add(
                problem.message,
                node.key_mark or node.mark,
                key=path,
                given=problem.given,
                hint=problem.hint,
                allowed=problem.allowed,
            )
            return
        except ValueError as error:
            self.problems.add(
                f"{path}: {error}", node.mark, key=path, given=node.text, hint="write calendar days here"
            )
            return
        word = _WORDS.get(unit.split("/")[0], "")
        if reading.of and word and word != reading.of and ".nameplates." not in path:
            self.problems.add(
                f"{path} is counted in {word}s, not in {reading.of}s",
                node.mark,
                key=path,
                given=node.text,
                allowed=f"a figure in {unit}",
            )
            return
        self.nodes[path], self.units[path] = node, unit
        if isinstance(number, Distribution) and path.split(".")[-1] not in DRAWN_LATER:
            self.laws[path] = number
            number = number.central()
        self.numbers[path] = number

    def _value(self, network: Network, path: str, key: str, value: Any, node: Node) -> None:
        if key == "country":
            code = code_of(network, value)
            if not code:
                known = [item.name for item in network.countries.values()]
                self.problems.add(
                    f"{path}: country {value!r} does not exist",
                    node.mark,
                    key=path,
                    given=value,
                    hint=did_you_mean(value, known),
                    allowed="a country of the network or of ISO 3166, by code or name",
                )
                return
            value = code
        self.nodes[path] = node
        self.values[path] = value

    def applied(self, network: Network) -> World:
        """Return the changed network; what it refuses is noted at its place."""
        for change, given in ((with_values, self.values), (with_numbers, self.numbers)):
            try:
                network = change(network, given)
            except DataError as error:
                for problem in error.problems:
                    node = self.nodes.get(problem.key, self.root)
                    self.problems.add(
                        problem.message,
                        node.mark,
                        key=problem.key,
                        given=problem.given,
                        hint=problem.hint,
                        allowed=problem.allowed,
                    )
        figures = dict(network.figures)
        for path, number in self.numbers.items():
            figures[path] = self._provenance(path, central(number))
        return World(replace(network, figures=figures), self.laws)

    def _provenance(self, path: str, value: float) -> Figure:
        node = self.nodes[path]
        source = node.get("source") or node.get("sources")
        name = source.plain() if source is not None else "scenario"
        text = " ".join(name) if isinstance(name, list) else str(name)
        return Figure(
            value,
            self.units[path],
            text,
            note="set by the scenario",
            file=node.mark.file,
            line=node.mark.line,
        )


def _demand(reading: Reading) -> Distribution:
    number = reading.number()
    return number if isinstance(number, Distribution) else Distribution("constant", {"value": number})


def _uncertain(world: World, parts: Parts, problems: Problems) -> None:
    """Take the laws of `uncertain:` that name figures of the network; their centre is the figure."""
    known: list[str] = []
    for path, reading in parts.uncertain.items():
        section = path.split(".")[0]
        if section not in NEEDS:
            continue
        if path.split(".")[1] in world.pending:
            continue
        node = locate(parts.root, ("uncertain", path))
        mark = node.key_mark or node.mark
        try:
            law = reading.number()
            world.network = with_numbers(world.network, {path: central(law)})
        except DataError as error:
            known = known or all_paths(world.network)
            problem = error.problems[0]
            hint = problem.hint or did_you_mean(path, known)
            problems.add(
                f"uncertain.{path}: {problem.message}",
                mark,
                key=f"uncertain.{path}",
                given=path,
                hint=hint,
                allowed=problem.allowed,
            )
            continue
        except ValueError as error:
            problems.add(
                f"uncertain.{path}: {error}", mark, key=f"uncertain.{path}", hint="write calendar days"
            )
            continue
        if isinstance(law, Distribution):
            world.laws[path] = law
