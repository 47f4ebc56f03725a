"""Rules that tie the tables together: one small function per rule."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from sim.data.context import Context
from sim.data.tables import Row
from sim.domain import Lane, Line, LineKind, Network, Number, central
from sim.steady.elements import content_as_metal

SHARE_TOLERANCE = 0.005
"""Rounded shares may miss 1 by this much; they are then normalised."""


def check(context: Context, network: Network) -> None:
    """Apply every rule; problems go to the context."""
    rows = {name: _rows_by(context, *name) for name in _ROW_KEYS}
    _shares(context, network, rows["lanes", "lane"])
    _ends(context, network, rows["lanes", "lane"])
    for line in network.lines.values():
        row = rows["lines", "line"][line.line_id]
        _plan(context, line, row)
        _lanes_in(context, network, line, row)
        _elements(context, network, line, row)
    _output_cover(context, network, rows["sites", "site"])


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


def _shares(context: Context, network: Network, rows: dict[str, Row]) -> None:
    for (buyer, material), group in share_groups(dict(network.lanes)).items():
        total = sum(lane.sourcing_share for lane in group)
        is_idle = total == 0.0 and (
            _is_pushed_to(network, buyer, material) or _is_asleep(network, buyer, material)
        )
        if abs(total - 1.0) > SHARE_TOLERANCE and not is_idle:
            context.problems.add(
                f"sourcing shares of {material} at {buyer} sum to {total:.4g}, not 1",
                rows[group[0].lane_id], key="value", given=f"{total:.4g}",
                hint="lanes: " + ", ".join(f"{lane.lane_id} {lane.sourcing_share:g}" for lane in group),
            )  # fmt: skip
    pushed: dict[tuple[str, str], list[Lane]] = defaultdict(list)
    for _, lane in sorted(network.lanes.items()):
        if lane.is_pushed:
            pushed[lane.supplier, lane.material].append(lane)
    for (supplier, material), group in pushed.items():
        total = sum(lane.sourcing_share for lane in group)
        if total > 1.0 + SHARE_TOLERANCE:
            context.problems.add(
                f"pushed shares of {material} from {supplier} sum to {total:.4g}, more than 1",
                rows[group[0].lane_id], key="value", given=f"{total:.4g}",
            )  # fmt: skip


def _is_asleep(network: Network, buyer: str, material: str) -> bool:
    """Whether nobody uses the material now, or nobody makes it: a project that has not begun."""
    makers = {lane.supplier for lane in network.lanes_into(buyer, material)}
    users = [line for line in network.lines_at(buyer) if material in line.inputs]
    sources = [line for line in network.lines.values() if line.site in makers and material in line.outputs]
    return all(line.dormant for line in users) or all(line.dormant for line in sources)


def _is_pushed_to(network: Network, buyer: str, material: str) -> bool:
    return any(
        lane.is_pushed and lane.buyer == buyer and lane.material == material
        for lane in network.lanes.values()
    )


def _ends(context: Context, network: Network, rows: dict[str, Row]) -> None:
    """A lane begins where its material is made and ends where it is used."""
    made = {(line.site, name) for line in network.lines.values() for name in line.outputs}
    used = {(line.site, name) for line in network.lines.values() for name in line.inputs}
    for name, lane in network.lanes.items():
        if lane.supplier in network.sites and (lane.supplier, lane.material) not in made:
            context.problems.add(
                f"{lane.supplier} makes no {lane.material}", rows[name], key="supplier", given=lane.supplier,
                allowed=", ".join(sorted({m for s, m in made if s == lane.supplier})),
            )  # fmt: skip
        if lane.buyer in network.sites and (lane.buyer, lane.material) not in used:
            context.problems.add(
                f"{lane.buyer} uses no {lane.material}", rows[name], key="buyer", given=lane.buyer,
                allowed=", ".join(sorted({m for s, m in used if s == lane.buyer})),
            )  # fmt: skip
        if not lane.routes:
            context.problems.add(
                f"lane {name} has no route", rows[name], key="corridor", given=rows[name]["corridor"],
                hint="give its corridor a row in corridors.csv",
            )  # fmt: skip


def _plan(context: Context, line: Line, row: Row) -> None:
    capacity = min(central(line.capacity_per_day), central(line.nameplate_capacity_per_day))
    plan = None if line.plan_per_day is None else central(line.plan_per_day)
    needs_plan = line.kind is LineKind.CUSTOMER or (line.kind is LineKind.BUILD and not line.is_sink)
    if plan is None:
        if needs_plan:
            context.problems.add(
                f"line {line.line_id} ({line.kind}) has no plan", row, hint="add a row to line_figures.csv"
            )
        return
    if plan > 0 and capacity <= 0:
        where = context.row_of(f"lines.{line.line_id}.capacity", row)
        context.problems.add(f"line {line.line_id} has a plan but zero capacity", where, key="capacity")
    elif needs_plan and plan > capacity * (1 + 1e-9):
        context.problems.add(
            f"line {line.line_id} plans {plan * 365:,.6g} a year, its capacity is {capacity * 365:,.6g}",
            context.row_of(f"lines.{line.line_id}.plan", row), key="plan",
        )  # fmt: skip


def _lanes_in(context: Context, network: Network, line: Line, row: Row) -> None:
    if line.dormant or line.site not in network.sites:
        return
    supplied = {
        lane.material
        for lane in network.lanes.values()
        if lane.buyer == line.site and (lane.sourcing_share > 0 or lane.is_pushed)
    }
    for name in line.inputs:
        if name not in supplied and not (
            network.lanes_into(line.site, name) and _is_asleep(network, line.site, name)
        ):
            context.problems.add(
                f"line {line.line_id} uses {name}, but no lane brings it to {line.site}", row,
                hint="add a row to lanes.csv",
            )  # fmt: skip


def _elements(context: Context, network: Network, line: Line, row: Row) -> None:
    """No recipe makes more of an element than goes in."""
    if line.kind in (LineKind.MINE, LineKind.SOURCE, LineKind.CUSTOMER) or not line.inputs:
        return
    for element in network.elements:
        inside = _element_mass(network, line.inputs, element)
        outside = _element_mass(network, line.outputs, element)
        if outside > inside * (1 + 1e-6) + 1e-12:
            context.problems.add(
                f"line {line.line_id} creates {element}: {inside:.6g} goes in, {outside:.6g} comes out "
                "per unit of its first driver (as metal)", row,
                hint="raise the input, or lower the output or its content",
            )  # fmt: skip


def _element_mass(network: Network, quantities: Mapping[str, Number], element: str) -> float:
    total = 0.0
    for name, quantity in quantities.items():
        material = network.materials.get(name)
        if material is not None and element in material.contents:
            total += central(quantity) * content_as_metal(network, material, element)
    return total


def _output_cover(context: Context, network: Network, rows: dict[str, Row]) -> None:
    """A stock of sold goods bridges its buyers' reviews, or orders in lumps find it empty."""
    longest: dict[tuple[str, str], int] = {}
    for lane in network.lanes.values():
        if lane.is_pushed or lane.sourcing_share <= 0 or lane.buyer not in network.sites:
            continue
        key = (lane.supplier, lane.material)
        review = network.sites[lane.buyer].review_period_days
        longest[key] = max(longest.get(key, 1), review)
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
            context.problems.add(
                f"{site} keeps {held} of {material}, but its buyers review every {review} d", rows[site],
                hint=f"give {site} an output stock of at least {review} d in stocks.csv",
            )  # fmt: skip
