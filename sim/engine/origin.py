"""Which origin shares can exist in which stock, and how a line's product gets its own.

Classes are, for each of the stages mined, separated, metal and magnet, a share per jurisdiction; then
touched, a share per jurisdiction; then the three classes of custody. A code is (element, class). An
element's codes lie together, those that occur in most stocks first, and a stock's entries are the first
so many of them: what adds up shares then runs along both. Only what some mine or plant upstream can
cause is given a code, and only once: where a jurisdiction does nothing but mine, what it mined and what it
touched are the same share of everything, and custody needs no code where all of it is mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
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
VECTOR = 4
"""Shares that a processor works on at once: an element's shares are a multiple of it, the last ones zero."""
LINE = 8
"""Shares in a line of the cache: those of a stock fill whole lines."""
NO_CLASS = -1
"""Stands in the list of an element's classes to fill it up."""


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
        for lane in network.lanes_into(line.site)
        if lane.material in line.inputs
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


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of every element, and how many of them each material's stocks carry."""

    numbers: dict[int, list[int]]
    """Classes by element, in the order of their codes."""
    carried: dict[str, dict[int, int]]
    """Number of entries by material and element."""
    twins: dict[int, dict[int, int]]
    """By element: classes without a code of their own, and the class whose code is theirs, too."""

    def first(self, element: int) -> int:
        """Return the code of an element's first class."""
        return sum(len(row) for other, row in self.numbers.items() if other < element)

    def code(self, element: int, number: int) -> int:
        """Return the code of a class."""
        return self.first(element) + self.numbers[element].index(self.twins[element].get(number, number))

    def also(self, element: int, number: int) -> int:
        """Return the other class that a class's code stands for, -1 if none."""
        return next((twin for twin, other in self.twins[element].items() if other == number), -1)


def _twins(network: Network, index: Index, classes: Classes, reach: Reach, element: int) -> dict[int, int]:
    """Return the classes "touched" that are, in every stock of an element, the share of one stage."""
    made = [
        (rules_of(network, classes, line, material), reach[out][element])
        for line in (network.lines[name] for name in index.lines)
        for material in sold_by(line)
        for out in (index.out[line.site, material],)
        if element in reach[out]
    ]

    def are_twins(number: int, other: int) -> bool:
        return all(
            (number in found) == (other in found) and (number not in found or rules[number] == rules[other])
            for rules, found in made
        )

    stages = range(len(STAGES))
    pairs = ((place, stage) for place in range(len(classes.jurisdictions)) for stage in stages)
    return {
        classes.touched(place): classes.stage(stage, place)
        for place, stage in pairs
        if any(classes.touched(place) in found for _, found in made)
        and are_twins(classes.touched(place), classes.stage(stage, place))
    }


def _needless(classes: Classes, reach: Reach, element: int) -> set[int]:
    """Return the classes of custody of an element where there is but the one, which is all of it."""
    custody = {classes.custody(kind) for kind in range(len(CUSTODY))}
    found = custody & set().union(*(row.get(element, set()) for row in reach))
    return found if len(found) == 1 else set()


def codes_of(network: Network, index: Index, classes: Classes, reach: Reach, stocks: Sequence[int]) -> Codes:
    """Return the codes of a network; `stocks` has the sold stock behind every stock there is."""
    n_elements = len(network.elements)
    twins = {element: _twins(network, index, classes, reach, element) for element in range(n_elements)}
    needless = {
        element: _needless(classes, reach, element) | set(twins[element]) for element in range(n_elements)
    }
    by_material: dict[str, dict[int, set[int]]] = {}
    for (_, material), row in zip(index.outs, reach, strict=True):
        known = by_material.setdefault(material, {})
        for element, numbers in row.items():
            known[element] = known.get(element, set()) | numbers - needless[element]
    times: dict[int, dict[int, int]] = {element: {} for element in range(n_elements)}
    for out in stocks:
        for element, numbers in by_material[index.outs[out][1]].items():
            for number in numbers:
                times[element][number] = times[element].get(number, 0) + 1
    order = {
        element: sorted(counted, key=lambda number: (-counted[number], number))
        for element, counted in times.items()
    }
    carried = {
        material: {
            element: _padded(1 + max((order[element].index(number) for number in numbers), default=-1))
            for element, numbers in sorted(row.items())
        }
        for material, row in by_material.items()
    }
    for counts in carried.values():
        if counts:
            counts[max(counts)] += -sum(counts.values()) % LINE
    for element, listed in order.items():
        most = max((counts.get(element, 0) for counts in carried.values()), default=0)
        listed.extend([NO_CLASS] * (_padded(max(len(listed), most), LINE) - len(listed)))
    return Codes(order, carried, twins)


def _padded(count: int, multiple: int = VECTOR) -> int:
    return -(-count // multiple) * multiple


def compile_origin(network: Network, index: Index, parts: dict[str, Any]) -> dict[str, Any]:
    """Return the arrays by which origin travels: entries of every stock, rules of every product."""
    classes = classes_of(network)
    reach = reachable(network, index, classes)
    n_outs = len(index.outs)
    own = [lane for lane in range(len(index.lanes)) if parts["lane_bin"][lane] >= n_outs]
    stocks = [*range(n_outs), *(int(parts["lane_source"][lane]) for lane in own)]
    codes = codes_of(network, index, classes, reach, stocks)
    materials = [index.outs[out][1] for out in stocks]
    element_ptr, element_id = ragged(list(codes.carried[material]) for material in materials)
    entries = [0]
    for material in materials:
        for count in codes.carried[material].values():
            entries.append(entries[-1] + count)
    first_stock = {material: materials.index(material) for material in dict.fromkeys(materials)}
    sizes = [sum(codes.carried[material].values()) for material in first_stock]
    book = dict(zip(first_stock, accumulate([0, *sizes]), strict=False))
    return {
        "bin_element_ptr": element_ptr,
        "element_id": element_id,
        "element_content": floats(
            network.materials[material].contents[network.elements[element]]
            for material in materials
            for element in codes.carried[material]
        ),
        "element_entry_ptr": ints(entries),
        "bin_book": ints(book[material] for material in materials),
        "book_bin": ints(first_stock.values()),
        "element_code": ints(codes.first(element) for element in element_id),
        "code_element": ints(element for element, row in codes.numbers.items() for _ in row),
        "code_number": ints(number for row in codes.numbers.values() for number in row),
        "code_also": ints(
            codes.also(element, number) for element, row in codes.numbers.items() for number in row
        ),
        "group_entry_ptr": _group_entries(index, parts, codes),
        **_line_rules(network, classes, codes, index),
        **_touched(network, index, classes, reach, codes),
    }


def _group_entries(index: Index, parts: dict[str, Any], codes: Codes) -> a.Ints:
    """Return where the entries of each bought material's blend begin, as drawn at the site."""
    pointers = [0]
    for _, material in index.groups:
        pointers.append(pointers[-1] + sum(codes.carried.get(material, {}).values()))
    return ints(pointers)


def _line_rules(network: Network, classes: Classes, codes: Codes, index: Index) -> dict[str, Any]:
    """Return, per entry of every product, what it takes from the inputs and what it has of its own."""
    take: list[float] = []
    own: list[float] = []
    first: list[int] = []
    claims: list[list[tuple[int, int]]] = []
    for name in index.lines:
        line = network.lines[name]
        for material in sold_by(line):
            rules = rules_of(network, classes, line, material)
            first.append(len(take))
            claims.append([])
            for element, count in codes.carried[material].items():
                for number in codes.numbers[element][:count]:
                    if rules.get(number) == a.CLAIM and number - 1 in codes.numbers[element]:
                        claims[-1].append((len(take) - first[-1], codes.code(element, number - 1)))
                    rule = rules.get(number, a.ZERO)
                    take.append(1.0 if rule in (a.TAKE, a.CLAIM) else 0.0)
                    own.append(1.0 if rule == a.ONE else 0.0)
    claim_ptr, claim_place = ragged([place for place, _ in row] for row in claims)
    return {
        "rule_take": floats(take),
        "rule_own": floats(own),
        "line_out_entry_first": ints(first),
        "line_out_claim_ptr": claim_ptr,
        "claim_place": claim_place,
        "claim_code": ints(code for row in claims for _, code in row),
    }


def _touched(
    network: Network, index: Index, classes: Classes, reach: Reach, codes: Codes
) -> dict[str, Any]:
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
                (index.site[site], element, codes.code(element, number))
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
