"""Which origin shares can exist in which stock, and how a line's product gets its own.

A code is (element, class). Classes are, for each of the stages mined, separated, metal and magnet, a
share per jurisdiction; then touched, a share per jurisdiction; then the three classes of custody.
Only codes that some mine or plant upstream can cause are given an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim.domain import Line, LineKind, Network
from sim.engine import arrays as a
from sim.engine.arrays import floats, ints
from sim.engine.index import Index, ragged, sold_by

STAGES = ("mined", "separated", "metal", "magnet")
STAGE_OF_FORM = {"oxide": 1, "metal": 2, "alloy": 2, "target": 2, "magnet": 3}
"""Stage reached by a product of this form; ores, concentrates and scrap have only been mined."""
UNPROCESSED = ("component", "goods")
"""Forms whose making does not touch a rare earth."""
CUSTODY = ("mixed", "segregated", "mass_balance")
OTHER, UNKNOWN = "other", "unknown"


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of one element, numbered."""

    jurisdictions: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of classes per element."""
        return (len(STAGES) + 1) * len(self.jurisdictions) + len(CUSTODY)

    def stage(self, stage: int, place: int) -> int:
        """Return the class of a stage done in a jurisdiction."""
        return stage * len(self.jurisdictions) + place

    def touched(self, place: int) -> int:
        """Return the class of having been touched by a jurisdiction."""
        return len(STAGES) * len(self.jurisdictions) + place

    def custody(self, kind: int) -> int:
        """Return a class of custody."""
        return (len(STAGES) + 1) * len(self.jurisdictions) + kind

    def name(self, number: int) -> str:
        """Return a class in words."""
        places = len(self.jurisdictions)
        if number >= (len(STAGES) + 1) * places:
            return f"custody {CUSTODY[number - (len(STAGES) + 1) * places]}"
        stage, place = divmod(number, places)
        return f"{(*STAGES, 'touched')[stage]} in {self.jurisdictions[place]}"


def classes_of(network: Network) -> Classes:
    """Return the classes of a network: its tracked jurisdictions, the rest, and the unknown."""
    tracked = tuple(name for name in network.tracked if name not in (OTHER, UNKNOWN))
    return Classes((*tracked, OTHER, UNKNOWN))


def _place(network: Network, classes: Classes, site_id: str) -> int:
    if site_id in network.unknown_origin:
        return classes.jurisdictions.index(UNKNOWN)
    country = network.sites[site_id].country
    return classes.jurisdictions.index(country if country in classes.jurisdictions else OTHER)


def rules_of(network: Network, classes: Classes, line: Line, material: str) -> dict[int, int]:
    """Return how a line's product gets each class: TAKE, ONE, ZERO or CLAIM (see `arrays`)."""
    here = _place(network, classes, line.site)
    form = network.materials[material].form
    is_origin = line.kind in (LineKind.MINE, LineKind.SOURCE)
    reached = STAGE_OF_FORM.get(form, 0 if is_origin else -1)
    rules = {}
    for stage in range(len(STAGES)):
        for place in range(len(classes.jurisdictions)):
            is_done_here = stage <= reached if is_origin else stage == reached
            if is_done_here:
                rule = a.ONE if place == here else a.ZERO
            else:
                rule = a.ZERO if is_origin or 0 <= reached < stage else a.TAKE
            rules[classes.stage(stage, place)] = rule
    for place in range(len(classes.jurisdictions)):
        touches = place == here and line.kind is not LineKind.STORE and form not in UNPROCESSED
        rules[classes.touched(place)] = a.ONE if touches else a.ZERO if is_origin else a.TAKE
    rules.update(_custody_rules(classes, line, is_origin))
    return rules


def _custody_rules(classes: Classes, line: Line, is_origin: bool) -> dict[int, int]:
    own = CUSTODY.index(line.custody)
    mixed, segregated, claimed = (classes.custody(kind) for kind in range(len(CUSTODY)))
    if is_origin or line.custody == "mixed":
        return {classes.custody(kind): a.ONE if kind == own else a.ZERO for kind in range(len(CUSTODY))}
    if line.custody == "segregated":
        return {mixed: a.TAKE, segregated: a.TAKE, claimed: a.TAKE}
    return {mixed: a.TAKE, segregated: a.ZERO, claimed: a.CLAIM}


Reach = list[dict[int, set[int]]]
"""Per sold stock, per element: the classes that can exist in it."""


def _inputs_of(network: Network, index: Index, line: Line) -> list[int]:
    """Return the sold stocks a line draws on, over all its lanes."""
    return [
        index.out[lane.supplier, lane.material]
        for lane in network.lanes.values()
        if lane.buyer == line.site and lane.material in line.inputs
    ]


def reachable(network: Network, index: Index, classes: Classes) -> Reach:
    """Return the classes that can exist in each sold stock, by element."""
    elements = {name: i for i, name in enumerate(network.elements)}
    contents = [
        {elements[name] for name, value in network.materials[material].contents.items() if value > 0.0}
        for _, material in index.outs
    ]
    reach: Reach = [{element: set() for element in row} for row in contents]
    lines = [
        (line, index.out[line.site, material], rules_of(network, classes, line, material), inputs)
        for name in index.lines
        for line in (network.lines[name],)
        for inputs in (_inputs_of(network, index, line),)
        for material in sold_by(line)
    ]
    changed = True
    while changed:
        changed = False
        for line, out, rules, inputs in lines:
            for element in contents[out]:
                fed: set[int] = set().union(*(reach[i].get(element, set()) for i in inputs))
                new = _product_classes(classes, line, rules, fed) - reach[out][element]
                if new:
                    reach[out][element] |= new
                    changed = True
    return reach


def _product_classes(classes: Classes, line: Line, rules: dict[int, int], fed: set[int]) -> set[int]:
    if line.kind is LineKind.STORE:
        return set(fed)
    new = {number for number, rule in rules.items() if rule == a.ONE}
    new |= {number for number in fed if rules[number] == a.TAKE}
    claim = {number for number, rule in rules.items() if rule == a.CLAIM}
    return new | {number for number in claim if fed & {number, number - 1}}


def alike(index: Index, reach: Reach) -> Reach:
    """Return for every sold stock what can exist in any stock of its material.

    Stocks of a material then have the same entries in the same order, and goods mix entry by entry.
    """
    union: dict[str, dict[int, set[int]]] = {}
    for (_, material), row in zip(index.outs, reach, strict=True):
        known = union.setdefault(material, {})
        for element, numbers in row.items():
            known[element] = known.get(element, set()) | numbers
    return [union[material] for _, material in index.outs]


def compile_origin(network: Network, index: Index, parts: dict[str, Any]) -> dict[str, Any]:
    """Return the arrays by which origin travels: entries of every stock, rules of every product."""
    classes = classes_of(network)
    exact = reachable(network, index, classes)
    reach = alike(index, exact)
    n_outs = len(index.outs)
    own = [lane for lane in range(len(index.lanes)) if parts["lane_bin"][lane] >= n_outs]
    sources = [*range(n_outs), *(int(parts["lane_source"][lane]) for lane in own)]
    element_rows: list[list[int]] = []
    contents: list[float] = []
    entry_rows: list[list[int]] = []
    for out in sources:
        material = network.materials[index.outs[out][1]]
        element_rows.append(sorted(reach[out]))
        for element in sorted(reach[out]):
            contents.append(float(material.contents[network.elements[element]]))
            entry_rows.append([element * classes.count + number for number in sorted(reach[out][element])])
    element_ptr, element_id = ragged(element_rows)
    entry_ptr, entry_code = ragged(entry_rows)
    return {
        "bin_element_ptr": element_ptr,
        "element_id": element_id,
        "element_content": floats(contents),
        "element_entry_ptr": entry_ptr,
        "entry_code": entry_code,
        **_line_rules(network, index, classes, reach),
        "group_entry_ptr": _group_entries(index, parts, reach),
        **_touched(network, index, classes, exact),
    }


def _group_entries(index: Index, parts: dict[str, Any], reach: Reach) -> a.Ints:
    """Return where the entries of each bought material's blend begin, as drawn at the site."""
    pointers = [0]
    for group in range(len(index.groups)):
        lane = parts["group_lane"][parts["group_lane_ptr"][group]]
        row = reach[parts["lane_source"][lane]]
        pointers.append(pointers[-1] + sum(len(numbers) for numbers in row.values()))
    return a.ints(pointers)


def _line_rules(network: Network, index: Index, classes: Classes, reach: Reach) -> dict[str, Any]:
    codes: list[Sequence[int]] = []
    rules: list[Sequence[int]] = []
    for name in index.lines:
        line = network.lines[name]
        seen: set[int] = set()
        stocks = [*_inputs_of(network, index, line), *(index.out[line.site, m] for m in sold_by(line))]
        for stock in stocks:
            for element, numbers in reach[stock].items():
                seen |= {element * classes.count + number for number in numbers}
                seen |= {element * classes.count + classes.custody(kind) for kind in range(len(CUSTODY))}
        codes.append(sorted(seen))
        for material in sold_by(line):
            out = index.out[line.site, material]
            rule = rules_of(network, classes, line, material)
            reached = reach[out]
            rules.append([rule[number] for element in sorted(reached) for number in sorted(reached[element])])
    code_ptr, line_code = ragged(codes)
    rule_ptr, line_rule = ragged(rules)
    return {
        "line_code_ptr": code_ptr,
        "line_code": line_code,
        "line_out_entry_ptr": rule_ptr,
        "line_out_rule": line_rule,
    }


def _touched(network: Network, index: Index, classes: Classes, reach: Reach) -> dict[str, Any]:
    by_site: list[list[int]] = [[] for _ in index.sites]
    for group, (site, _) in enumerate(index.groups):
        by_site[index.site[site]].append(group)
    keys: list[tuple[int, int, int]] = []
    for site in index.sites:
        seen: dict[int, set[int]] = {}
        for lane in network.lanes_into(site):
            for element, numbers in reach[index.out[lane.supplier, lane.material]].items():
                seen.setdefault(element, set()).update(numbers)
        for element in sorted(seen):
            touched = [classes.touched(place) for place in range(len(classes.jurisdictions))]
            keys.extend(
                (index.site[site], element, element * classes.count + number)
                for number in touched
                if number in seen[element]
            )
    group_ptr, site_group = ragged(by_site)
    return {
        "site_group_ptr": group_ptr,
        "site_group": site_group,
        "touched_site": ints(site for site, _, _ in keys),
        "touched_element": ints(element for _, element, _ in keys),
        "touched_code": ints(code for _, _, code in keys),
    }
