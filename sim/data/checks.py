"""Rules that tie the records of a network together: one small function per rule.

A rule yields faults and knows no file. The loader places them at the rows of the tables, the scenario at
the values that it set.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sim.data.context import Context
from sim.data.schema import ORDERING_NEEDS
from sim.data.tables import Row
from sim.domain import Lane, Line, LineKind, Network, Number, central
from sim.steady.elements import content_as_metal

SHARE_TOLERANCE = 0.005
"""Rounded shares may miss 1 by this much; they are then normalised."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit together.

    Attributes
    ----------
    record
        Where it shows, such as ``("lines", "toyota_japan_electrified")``.
    causes
        Paths of the figures that may be at fault, the likeliest first.
    """

    message: str
    record: tuple[str, str]
    causes: tuple[str, ...] = ()
    key: str = ""
    given: str = ""
    allowed: str = ""
    hint: str = ""


def check(context: Context, network: Network) -> None:
    """Apply every rule; problems go to the context, each at its row."""
    rows = {name: _rows_by(context, *name) for name in _ROW_KEYS}
    tables = {table: rows[table, column] for table, column in _ROW_KEYS}
    for fault in faults(network):
        table, name = fault.record
        row = tables[table][name]
        first = fault.causes[0] if fault.causes else ""
        context.problems.add(
            fault.message, context.row_of(first, row), key=fault.key, given=fault.given,
            allowed=fault.allowed, hint=fault.hint,
        )  # fmt: skip


def faults(network: Network) -> Iterator[Fault]:
    """Yield everything that does not fit together in a network."""
    yield from _shares(network)
    yield from _ends(network)
    for _, line in sorted(network.lines.items()):
        yield from _plan(line)
        yield from _rationing(network, line)
        yield from _lanes_in(network, line)
        yield from _elements(network, line)
    yield from _output_cover(network)
    yield from _ordering(network)
    yield from _throughput(network)


_ROW_KEYS = (("lanes", "lane"), ("lines", "line"), ("sites", "site"))


def _rows_by(context: Context, table: str, column: str) -> dict[str, Row]:
    return {row[column]: row for row in context.tables[table]}


def share_groups(lanes: dict[str, Lane]) -> dict[tuple[str, str], list[Lane]]:
    """Return the ordering lanes of each (buyer, material)."""
    groups: dict[tuple[str, str], list[Lane]] = defaultdict(list)
    for _, lane in sorted(lanes.items()):
        if not lane.is_pushed:
            groups[lane.buyer, lane.material].append(lane)
    return groups


def normalised(lanes: dict[str, Lane]) -> dict[str, Lane]:
    """Return the lanes with shares that were rounded brought to a sum of exactly 1."""
    out = dict(lanes)
    for group in share_groups(lanes).values():
        total = sum(lane.sourcing_share for lane in group)
        if total != 1.0 and abs(total - 1.0) <= SHARE_TOLERANCE:
            for lane in group:
                out[lane.lane_id] = replace(lane, sourcing_share=lane.sourcing_share / total)
    return out


def _shares(network: Network) -> Iterator[Fault]:
    for (buyer, material), group in share_groups(dict(network.lanes)).items():
        total = sum(lane.sourcing_share for lane in group)
        is_idle = total == 0.0 and (
            _is_pushed_to(network, buyer, material) or _is_asleep(network, buyer, material)
        )
        if abs(total - 1.0) > SHARE_TOLERANCE and not is_idle:
            yield Fault(
                f"sourcing shares of {material} at {buyer} sum to {total:.4g}, not 1",
                ("lanes", group[0].lane_id), _of_lanes(group), key="value", given=f"{total:.4g}",
                hint="lanes: " + ", ".join(f"{lane.lane_id} {lane.sourcing_share:g}" for lane in group),
            )  # fmt: skip
    pushed: dict[tuple[str, str], list[Lane]] = defaultdict(list)
    for _, lane in sorted(network.lanes.items()):
        if lane.is_pushed:
            pushed[lane.supplier, lane.material].append(lane)
    for (supplier, material), group in pushed.items():
        total = sum(lane.sourcing_share for lane in group)
        if total > 1.0 + SHARE_TOLERANCE:
            yield Fault(
                f"pushed shares of {material} from {supplier} sum to {total:.4g}, more than 1",
                ("lanes", group[0].lane_id), _of_lanes(group), key="value", given=f"{total:.4g}",
            )  # fmt: skip


def _of_lanes(group: list[Lane]) -> tuple[str, ...]:
    return tuple(f"lanes.{lane.lane_id}.sourcing_share" for lane in group)


def _is_asleep(network: Network, buyer: str, material: str) -> bool:
    """Whether nobody uses the material now, or nobody makes it: a project that has not begun."""
    makers = {lane.supplier for lane in network.lanes_into(buyer, material)}
    users = [line for line in network.lines_at(buyer) if material in line.inputs]
    sources = [
        line for site in sorted(makers) for line in network.lines_at(site) if material in line.outputs
    ]
    return all(line.dormant for line in users) or all(line.dormant for line in sources)


def _is_pushed_to(network: Network, buyer: str, material: str) -> bool:
    return any(lane.is_pushed for lane in network.lanes_into(buyer, material))


def _ends(network: Network) -> Iterator[Fault]:
    """A lane begins where its material is made and ends where it is used."""
    made = {(line.site, name) for line in network.lines.values() for name in line.outputs}
    used = {(line.site, name) for line in network.lines.values() for name in line.inputs}
    for name, lane in network.lanes.items():
        if lane.supplier in network.sites and (lane.supplier, lane.material) not in made:
            yield Fault(
                f"{lane.supplier} makes no {lane.material}", ("lanes", name), key="supplier",
                given=lane.supplier,
                allowed=", ".join(sorted({m for s, m in made if s == lane.supplier})),
            )  # fmt: skip
        if lane.buyer in network.sites and (lane.buyer, lane.material) not in used:
            yield Fault(
                f"{lane.buyer} uses no {lane.material}", ("lanes", name), key="buyer", given=lane.buyer,
                allowed=", ".join(sorted({m for s, m in used if s == lane.buyer})),
            )  # fmt: skip
        if not lane.routes:
            yield Fault(
                f"lane {name} has no route", ("lanes", name), key="corridor",
                hint="give its corridor a row in corridors.csv",
            )  # fmt: skip


def _plan(line: Line) -> Iterator[Fault]:
    capacity = min(central(line.capacity_per_day), central(line.nameplate_capacity_per_day))
    plan = None if line.plan_per_day is None else central(line.plan_per_day)
    needs_plan = line.kind is LineKind.CUSTOMER or (line.kind is LineKind.BUILD and not line.is_sink)
    record, path = ("lines", line.line_id), f"lines.{line.line_id}"
    plate = (f"sites.{line.site}.nameplates.{line.nameplate}",) if line.nameplate else ()
    if plan is None:
        if needs_plan:
            yield Fault(
                f"line {line.line_id} ({line.kind}) has no plan", record,
                hint="add a row to line_figures.csv, or `plan:` to its entry",
            )  # fmt: skip
        return
    if plan > 0 and capacity <= 0:
        yield Fault(
            f"line {line.line_id} has a plan but zero capacity", record,
            (f"{path}.capacity", *plate, f"{path}.plan"), key="capacity",
        )  # fmt: skip
    elif needs_plan and plan > capacity * (1 + 1e-9):
        yield Fault(
            f"{line.site} is overloaded: line {line.line_id} plans {plan * 365:,.6g} a year, "
            f"its capacity is {capacity * 365:,.6g}", record,
            (f"{path}.plan", f"{path}.capacity", *plate), key="plan",
            hint="raise its capacity, or lower its plan",
        )  # fmt: skip


def _rationing(network: Network, line: Line) -> Iterator[Fault]:
    """A line that rations from more stock than it is to keep would never build to plan."""
    threshold = central(line.ration_below_cover_days)
    site = network.sites.get(line.site)
    if threshold <= 0 or line.dormant or site is None:
        return
    cover = {name: central(site.cover[name]) for name in sorted(line.inputs) if name in site.cover}
    if not cover:
        return
    thinnest = min(cover, key=lambda name: cover[name])
    if threshold > cover[thinnest] * (1 + 1e-9):
        yield Fault(
            f"line {line.line_id} rations below {threshold:g} d of cover, but {line.site} keeps only "
            f"{cover[thinnest]:g} d of {thinnest}: it would never build to plan", ("lines", line.line_id),
            (f"lines.{line.line_id}.ration_below_cover", f"sites.{line.site}.cover.{thinnest}",
             f"sites.{line.site}.cover"),
            key="ration_below_cover", given=f"{threshold:g} d", allowed=f"up to {cover[thinnest]:g} d",
        )  # fmt: skip


def _lanes_in(network: Network, line: Line) -> Iterator[Fault]:
    if line.dormant or line.site not in network.sites:
        return
    supplied = {
        lane.material
        for lane in network.lanes_into(line.site)
        if lane.sourcing_share > 0 or lane.is_pushed
    }
    for name in line.inputs:
        if name not in supplied and not (
            network.lanes_into(line.site, name) and _is_asleep(network, line.site, name)
        ):
            yield Fault(
                f"line {line.line_id} uses {name}, but no lane brings it to {line.site}",
                ("lines", line.line_id), (f"lines.{line.line_id}.inputs.{name}",),
                hint="add a row to lanes.csv",
            )  # fmt: skip


def _elements(network: Network, line: Line) -> Iterator[Fault]:
    """No recipe makes more of an element than goes in."""
    if line.kind in (LineKind.MINE, LineKind.SOURCE, LineKind.CUSTOMER) or not line.inputs:
        return
    for element in network.elements:
        inside = _element_mass(network, line.inputs, element)
        outside = _element_mass(network, line.outputs, element)
        if outside > inside * (1 + 1e-6) + 1e-12:
            yield Fault(
                f"line {line.line_id} creates {element}: {inside:.6g} goes in, {outside:.6g} comes out "
                "per unit of its first driver (as metal)", ("lines", line.line_id),
                hint="raise the input, or lower the output or its content",
            )  # fmt: skip


def _element_mass(network: Network, quantities: Mapping[str, Number], element: str) -> float:
    total = 0.0
    for name, quantity in quantities.items():
        material = network.materials.get(name)
        if material is not None and element in material.contents:
            total += central(quantity) * content_as_metal(network, material, element)
    return total


def _output_cover(network: Network) -> Iterator[Fault]:
    """A stock of sold goods bridges its buyers' reviews, or orders in lumps find it empty."""
    longest: dict[tuple[str, str], int] = {}
    slowest: dict[tuple[str, str], str] = {}
    for lane in network.lanes.values():
        if lane.is_pushed or lane.sourcing_share <= 0 or lane.buyer not in network.sites:
            continue
        key = (lane.supplier, lane.material)
        review = network.sites[lane.buyer].review_period_days
        if review > longest.get(key, 0):
            longest[key], slowest[key] = review, lane.buyer
    stored = {
        (line.site, name)
        for line in network.lines.values()
        if line.kind in (LineKind.SOURCE, LineKind.STORE)
        for name in line.outputs
    }
    for (site, material), review in sorted(longest.items()):
        if site not in network.sites or (site, material) in stored:
            continue
        cover = network.sites[site].output_cover.get(material)
        days = math.nan if cover is None else central(cover)
        if cover is None and review <= 1:
            continue
        if not days >= review:
            held = "no stock" if cover is None else f"{days:g} d of stock"
            buyer = slowest[site, material]
            yield Fault(
                f"{site} keeps {held} of {material}, but its buyer {buyer} reviews every {review} d",
                ("sites", site),
                (f"sites.{site}.output_cover.{material}", f"sites.{site}.output_cover",
                 f"sites.{buyer}.review_period"),
                hint=f"give {site} an output stock of at least {review} d: stocks.csv, or `output_cover:`",
            )  # fmt: skip


def _ordering(network: Network) -> Iterator[Fault]:
    """A policy without its figures would order nothing."""
    for name, site in sorted(network.sites.items()):
        needs = ORDERING_NEEDS[site.ordering]
        missing = [word for word in needs if word not in site.ordering_parameters]
        if missing:
            yield Fault(
                f"{name} orders by {site.ordering}, which needs {_and(needs)}; {_and(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing", ("sites", name),
                (f"sites.{name}.ordering",), key="ordering", given=site.ordering,
                hint=f"give {name} {' and '.join(f'`ordering_{word}: ...`' for word in missing)}",
            )  # fmt: skip


MOST_ON_ORDER: Mapping[str, tuple[str, ...]] = {
    "order_up_to": ("level",), "min_max": ("S",), "reorder_quantity": ("r", "Q"),
}  # fmt: skip
"""The figures whose sum is the most a policy ever has, on hand and under way."""


def _throughput(network: Network) -> Iterator[Fault]:
    """Use times transit is always under way: a builder that may have less in all never meets its plan."""
    for name, site in sorted(network.sites.items()):
        words = MOST_ON_ORDER.get(site.ordering, ())
        if not words or any(word not in site.ordering_parameters for word in words):
            continue
        most = sum(site.ordering_parameters[word] for word in words)
        for material, use in _planned_use(network, name).items():
            lanes = [lane for lane in network.lanes_into(name, material) if not lane.is_pushed]
            needed = use * sum(lane.sourcing_share * _transit_days(network, lane) for lane in lanes)
            if most < needed * (1 - 1e-9):
                yield Fault(
                    f"{name} orders {material} up to {most:,.6g}, but at its plan {needed:,.6g} are always "
                    "under way: it would never build to plan", ("sites", name),
                    (f"sites.{name}.ordering_{words[0]}", f"sites.{name}.ordering"),
                    key="ordering", given=f"{most:g}", allowed=f"{needed:,.6g} or more",
                )  # fmt: skip


def _planned_use(network: Network, site: str) -> dict[str, float]:
    """Return what the builders of a site use a day at their plans, by material."""
    use: dict[str, float] = defaultdict(float)
    for line in network.lines_at(site):
        if line.kind is LineKind.BUILD and not line.is_sink and line.plan_per_day is not None:
            for material, quantity in sorted(line.inputs.items()):
                use[material] += central(line.plan_per_day) * central(quantity)
    return use


def _transit_days(network: Network, lane: Lane) -> float:
    return sum(leg.share * central(network.routes[leg.route].days) for leg in lane.routes)


def _and(words: tuple[str, ...] | list[str]) -> str:
    return " and ".join(f"ordering_{word}" for word in words)
