"""Network and steady flows in, flat arrays out. Decides nothing; only translates.

The result depends on the network alone: which interventions act, and what is drawn, comes later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sim.domain import Distribution, Lane, Line, LineKind, Network, Number, Site, central
from sim.engine import arrays as a
from sim.engine.arrays import Floats, flags, floats, ints
from sim.engine.index import Index, ragged, sold_by
from sim.engine.origin import compile_origin
from sim.steady import SteadyFlows
from sim.steady.flows import planned_rate

KINDS = {
    LineKind.SOURCE: a.SOURCE,
    LineKind.MINE: a.MINE,
    LineKind.PLANT: a.PLANT,
    LineKind.STORE: a.STORE,
    LineKind.BUILD: a.BUILD,
    LineKind.CUSTOMER: a.CUSTOMER,
}
POLICIES = {
    "base_stock": (a.BASE_STOCK, "", ""),
    "order_up_to": (a.ORDER_UP_TO, "level", ""),
    "min_max": (a.MIN_MAX, "s", "S"),
    "reorder_quantity": (a.REORDER_QUANTITY, "r", "Q"),
    "fixed": (a.FIXED_QUANTITY, "quantity", ""),
}
FORECASTS = {
    "fixed": a.FORECAST_FIXED,
    "moving_average": a.FORECAST_AVERAGE,
    "exponential": a.FORECAST_EXPONENTIAL,
}
SURPLUS = {
    "store": a.SURPLUS_STORE,
    "sell": a.SURPLUS_LEDGER,
    "dispose": a.SURPLUS_LEDGER,
    "choke": a.SURPLUS_CHOKE,
}
CHOKE_DAYS = 60.0
"""Days of planned output of a co-product that fit before they choke the plant."""


def compile_network(network: Network, flows: SteadyFlows, index: Index) -> a.Net:
    """Return the arrays of a network whose steady flows are known."""
    parts: dict[str, Any] = {}
    parts.update(_lines(network, flows, index))
    parts.update(_outs(network, flows, index))
    parts.update(_groups(network, flows, index, parts))
    parts.update(_lanes(network, flows, index, parts))
    parts.update(compile_origin(network, index, parts))
    return _tables(parts)


PREFIX = {
    "lines": "line",
    "inputs": "line_in",
    "outputs": "line_out",
    "plates": "nameplate",
    "groups": "group",
    "outs": "out",
    "lanes": "lane",
    "lane_routes": "lr",
    "routes": "route",
    "bins": "bin",
    "books": "book",
    "elements": "element",
    "sites": "site",
    "touched": "touched",
    "rules": "rule",
    "claims": "claim",
    "codes": "code",
}
"""How the columns of a table are called before it is put together."""


def _tables(parts: dict[str, Any]) -> a.Net:
    """Put columns together into tables; a list's pointers become where each row's part begins and ends."""
    for name in [name for name in parts if name.endswith("_ptr")]:
        stem, pointers = name.removesuffix("_ptr"), parts[name]
        parts[f"{stem}_first"], parts[f"{stem}_end"] = pointers[:-1], pointers[1:]
    elements = parts["element_entry_ptr"]
    parts["bin_entry_first"] = elements[parts["bin_element_ptr"][:-1]]
    parts["bin_entry_end"] = elements[parts["bin_element_ptr"][1:]]
    tables = {}
    for name, columns in a.NET_COLUMNS.items():
        if name in PREFIX:
            listed = [column.split(":")[0] for column in columns.split()]
            values = {column: parts[f"{PREFIX[name]}_{column}"] for column in listed}
            tables[name] = a.table(len(next(iter(values.values()))), columns, **values)
    for name, owner in (("group_lines", "group_line"), ("out_lines", "out_line")):
        values = {"line": parts[owner], "slot": parts[f"{owner}_slot"]}
        tables[name] = a.table(len(parts[owner]), a.NET_COLUMNS[name], **values)
    return a.Net(
        **tables,
        build_order=parts["build_order"],
        plate_line=parts["nameplate_line"],
        out_lane=parts["out_lane"],
        site_group=parts["site_group"],
    )


def _rate(flows: SteadyFlows, line: Line) -> float:
    return float(flows.line_rate.get(line.line_id, 0.0))


def _column(items: Sequence[Any], get: Callable[[Any], Any]) -> Floats:
    return floats(get(item) for item in items)


def _lines(network: Network, flows: SteadyFlows, index: Index) -> dict[str, Any]:
    lines = [network.lines[name] for name in index.lines]
    plates = {key: i for i, key in enumerate(index.nameplates)}
    inputs = [sorted(line.inputs) for line in lines]
    in_ptr, in_group = ragged(
        [index.group[line.site, material] for material in names]
        for line, names in zip(lines, inputs, strict=True)
    )
    # A dormant mine that restarts works by its own plan: day zero knows none for it.
    rates = [
        planned_rate(line) or 0.0 if line.dormant and line.kind is LineKind.MINE else _rate(flows, line)
        for line in lines
    ]
    by_plate: list[list[int]] = [[] for _ in index.nameplates]
    capacity = [math.inf] * len(index.nameplates)
    for i, line in enumerate(lines):
        if line.nameplate:
            plate = plates[line.site, line.nameplate]
            by_plate[plate].append(i)
            capacity[plate] = min(capacity[plate], central(line.nameplate_capacity_per_day))
    plate_ptr, plate_line = ragged(by_plate)
    builds = [i for i, line in enumerate(lines) if line.kind is LineKind.BUILD]
    customers = [i for i, line in enumerate(lines) if line.kind is LineKind.CUSTOMER]
    demand_row = {i: row for row, i in enumerate(customers)}
    order = sorted(builds, key=lambda i: (lines[i].site, lines[i].priority, i))
    return {
        "line_kind": ints(KINDS[line.kind] for line in lines),
        "line_plan": floats(rates),
        "line_capacity": _column(
            lines, lambda line: central(line.capacity_per_day)
            * (1.0 - (line.segregation_cost_share if line.custody == "segregated" else 0.0))
        ),
        "line_nameplate": ints(
            plates[line.site, line.nameplate] if line.nameplate else -1 for line in lines
        ),
        "line_in_ptr": in_ptr,
        "line_in_line": ints(i for i, names in enumerate(inputs) for _ in names),
        "line_in_group": in_group,
        "line_in_quantity": floats(
            central(line.inputs[material])
            for line, names in zip(lines, inputs, strict=True)
            for material in names
        ),
        "line_in_parkable": flags(
            central(line.park_limit_units) > 0.0 and material in line.parkable
            for line, names in zip(lines, inputs, strict=True)
            for material in names
        ),
        "line_in_order": flags(_has_priorities(network, line) for line in lines),
        "line_ration_days": _column(lines, lambda line: central(line.ration_below_cover_days)),
        "line_overtime": _column(lines, lambda line: central(line.overtime_share)),
        "line_ramp_days": _column(lines, lambda line: central(line.restart_ramp_days)),
        "line_park_limit": _column(lines, lambda line: central(line.park_limit_units)),
        "line_lost_sales": flags(line.lost_sales for line in lines),
        "line_demand_row": ints(demand_row.get(i, -1) for i in range(len(lines))),
        "line_yard_days": _column(lines, lambda line: central(line.yard_capacity_days)),
        "line_restart_days": _column(lines, lambda line: central(line.restart_days)),
        "build_order": ints(order),
        "nameplate_capacity": floats(capacity),
        "nameplate_line_ptr": plate_ptr,
        "nameplate_line": plate_line,
    }


def _has_priorities(network: Network, line: Line) -> bool:
    """Tell whether build lines of this line's site are served in order of priority."""
    if line.kind is not LineKind.BUILD:
        return False
    peers = {other.priority for other in network.lines_at(line.site) if other.kind is LineKind.BUILD}
    return len(peers) > 1


def _outs(network: Network, flows: SteadyFlows, index: Index) -> dict[str, Any]:
    lines = [network.lines[name] for name in index.lines]
    slots: list[list[tuple[int, float, bool]]] = []
    planned = [0.0] * len(index.outs)
    for line in lines:
        row = []
        for material in sold_by(line):
            out = index.out[line.site, material]
            quantity = central(line.outputs[material])
            row.append((out, quantity, material in line.drivers))
            if line.kind not in (LineKind.SOURCE, LineKind.STORE):
                planned[out] += quantity * _rate(flows, line)
        slots.append(row)
    for lane in network.lanes.values():
        out = index.out[lane.supplier, lane.material]
        if _is_passed_on(network, lane):
            planned[out] += flows.lane_flow.get(lane.lane_id, 0.0)
    ptr, out_bin = ragged([slot[0] for slot in row] for row in slots)
    flat = [(i, *slot) for i, row in enumerate(slots) for slot in row]
    by_out: list[list[tuple[int, int]]] = [[] for _ in index.outs]
    for position, (i, out, _, _) in enumerate(flat):
        by_out[out].append((i, position))
    line_ptr, out_line = ragged([i for i, _ in row] for row in by_out)
    pushed = [
        not any(flat[position][3] for _, position in row)
        and not any(lines[i].kind in (LineKind.SOURCE, LineKind.STORE) for i, _ in row)
        for row in by_out
    ]
    return {
        "line_out_ptr": ptr,
        "line_out_bin": out_bin,
        "line_out_quantity": floats(quantity for _, _, quantity, _ in flat),
        "line_out_driver": flags(driver for _, _, _, driver in flat),
        "line_out_weight": floats(_weights(flat, lines, flows, by_out)),
        "out_material": ints(index.material[material] for _, material in index.outs),
        "out_planned": floats(planned),
        "out_target": floats(_target(network, index, key, planned[i]) for i, key in enumerate(index.outs)),
        "out_allocation": ints(
            a.PRO_RATA if network.sites[site].allocation == "pro_rata" else a.RANKED for site, _ in index.outs
        ),
        "out_whole": flags(network.sites[site].whole_orders for site, _ in index.outs),
        "out_source": flags(_sellers(network, key, LineKind.SOURCE) for key in index.outs),
        "out_store_group": ints(
            index.group[key] if _sellers(network, key, LineKind.STORE) else -1 for key in index.outs
        ),
        "out_pushed": flags(pushed),
        "out_surplus": ints(
            max((_sink(lines[i], key[1], is_pushed) for i, _ in row), default=a.SURPLUS_STORE)
            for key, row, is_pushed in zip(index.outs, by_out, pushed, strict=True)
        ),
        "out_choke": floats(CHOKE_DAYS * value for value in planned),
        "out_line_ptr": line_ptr,
        "out_line": out_line,
        "out_line_slot": ints(position for row in by_out for _, position in row),
    }


def _sink(line: Line, material: str, is_pushed: bool) -> int:
    """Return what becomes of goods nobody takes: a co-product without a declared sink chokes its plant."""
    is_choking = line.kind is LineKind.PLANT and is_pushed
    return SURPLUS[line.surplus.get(material, "choke" if is_choking else "store")]


def _is_passed_on(network: Network, lane: Lane) -> bool:
    """Tell whether a lane's goods come from a source or a store, whose lines have no rate."""
    kinds = {line.kind for line in network.lines_at(lane.supplier) if lane.material in line.outputs}
    return bool(kinds & {LineKind.SOURCE, LineKind.STORE})


def _sellers(network: Network, key: tuple[str, str], kind: LineKind) -> bool:
    site, material = key
    return any(line.kind is kind and material in line.outputs for line in network.lines_at(site))


def _target(network: Network, index: Index, key: tuple[str, str], planned: float) -> float:
    """Return the stock that production refills: for plants on the morning, before today's sales."""
    site, material = key
    cover = central(network.sites[site].output_cover.get(material, 0.0))
    if _sellers(network, key, LineKind.MINE):
        return cover * planned
    if _sellers(network, key, LineKind.PLANT):
        return (cover + 1.0) * planned
    return 0.0


def _weights(
    flat: list[tuple[int, int, float, bool]],
    lines: list[Line],
    flows: SteadyFlows,
    by_out: list[list[tuple[int, int]]],
) -> list[float]:
    """Return each line's part in making a sold material, by its steady rate."""
    weights = []
    for i, out, quantity, _ in flat:
        total = sum(flat[p][2] * _rate(flows, lines[j]) for j, p in by_out[out] if flat[p][3])
        if total > 0.0:
            weights.append(quantity * _rate(flows, lines[i]) / total)
        else:
            weights.append(1.0 / max(sum(1 for _, p in by_out[out] if flat[p][3]), 1))
    return weights


def _groups(network: Network, flows: SteadyFlows, index: Index, parts: dict[str, Any]) -> dict[str, Any]:
    sites: list[Site] = [network.sites[site] for site, _ in index.groups]
    by_lane: list[list[int]] = [[] for _ in index.groups]
    for i, name in enumerate(index.lanes):
        lane = network.lanes[name]
        by_lane[index.group[lane.buyer, lane.material]].append(i)
    by_line: list[list[tuple[int, int]]] = [[] for _ in index.groups]
    for line in range(len(index.lines)):
        for slot in range(parts["line_in_ptr"][line], parts["line_in_ptr"][line + 1]):
            by_line[parts["line_in_group"][slot]].append((line, slot))
    stores = [index.out[key] if key in index.out and _sellers(network, key, LineKind.STORE) else -1
              for key in index.groups]  # fmt: skip
    planned = [
        float(parts["out_planned"][store])
        if store >= 0
        else sum(parts["line_plan"][line] * parts["line_in_quantity"][slot] for line, slot in row)
        for store, row in zip(stores, by_line, strict=True)
    ]
    lane_ptr, _ = ragged(by_lane)
    line_ptr, group_line = ragged([line for line, _ in row] for row in by_line)
    policies = [POLICIES[site.ordering] for site in sites]
    return {
        "group_material": ints(index.material[material] for _, material in index.groups),
        "group_lane_ptr": lane_ptr,
        "group_line_ptr": line_ptr,
        "group_line": group_line,
        "group_line_slot": ints(slot for row in by_line for _, slot in row),
        "group_store": ints(stores),
        "group_planned_use": floats(planned),
        "group_cover": _covers(network, index),
        "group_opening_cover": _opening_covers(network, index),
        "group_policy": ints(code for code, _, _ in policies),
        "group_first": floats(
            site.ordering_parameters.get(first, 0.0)
            for site, (_, first, _) in zip(sites, policies, strict=True)
        ),
        "group_second": floats(
            site.ordering_parameters.get(second, 0.0)
            for site, (_, _, second) in zip(sites, policies, strict=True)
        ),
        "group_review": ints(site.review_period_days for site in sites),
        "group_offset": ints(review_offset(site) for site in sites),
        "group_patience": _column(sites, lambda site: site.patience_days),
        "group_learning": _column(sites, lambda site: site.lead_time_learning_days),
        "group_forecast": ints(FORECASTS[site.forecast] for site in sites),
        "group_forecast_days": _column(sites, lambda site: site.forecast_days),
        "group_decay": _column(sites, lambda site: 0.5 ** (1.0 / site.share_half_life_days)),
        "group_retained": _column(sites, lambda site: site.retained_share),
        "group_feeds": flags(
            store < 0
            and any(parts["line_out_ptr"][line] < parts["line_out_ptr"][line + 1] for line, _ in row)
            for store, row in zip(stores, by_line, strict=True)
        ),
        "group_double": flags(site.double_ordering for site in sites),
        "group_owes": flags(
            any(
                parts["line_kind"][line] == a.CUSTOMER or parts["line_in_parkable"][slot]
                for line, slot in row
            )
            for row in by_line
        ),
        "group_expedite": _column(sites, lambda site: site.expedite_below_cover_days),
    }


def _covers(network: Network, index: Index) -> Floats:
    return floats(central(network.sites[site].cover.get(material, 0.0)) for site, material in index.groups)


def _opening_covers(network: Network, index: Index) -> Floats:
    """Return the cover each bought material starts with: its target, unless the network says otherwise."""
    return floats(
        central(network.sites[site].opening_cover.get(material, network.sites[site].cover.get(material, 0.0)))
        for site, material in index.groups
    )


def with_stock_figures(net: a.Net, network: Network, index: Index) -> a.Net:
    """Return the arrays with the covers and interchangeable shares of another network of the same flows."""
    cover = floats(
        central(network.sites[site].output_cover.get(material, 0.0)) for site, material in index.outs
    )
    target = np.zeros(len(index.outs))
    kind, out = net.lines.kind[net.out_lines.line], net.outputs.bin[net.out_lines.slot]
    plants, mines = out[kind == a.PLANT], out[kind == a.MINE]
    target[plants] = (cover[plants] + 1.0) * net.outs.planned[plants]
    target[mines] = cover[mines] * net.outs.planned[mines]
    fits = floats(network.lanes[name].interchangeable_share for name in index.lanes)
    return net._replace(
        groups=net.groups.replace(
            cover=_covers(network, index), opening_cover=_opening_covers(network, index)
        ),
        outs=net.outs.replace(target=target),
        lanes=net.lanes.replace(fits=fits),
    )


def review_offset(site: Site) -> int:
    """Return the day of a site's first review: stated, or a stable hash of its id."""
    if site.review_offset_days is not None:
        return site.review_offset_days
    import zlib

    return zlib.crc32(site.site_id.encode()) % site.review_period_days


def _lanes(network: Network, flows: SteadyFlows, index: Index, parts: dict[str, Any]) -> dict[str, Any]:
    lanes = [network.lanes[name] for name in index.lanes]
    source = [index.out[lane.supplier, lane.material] for lane in lanes]
    group = [index.group[lane.buyer, lane.material] for lane in lanes]
    flow = [float(flows.lane_flow.get(lane.lane_id, 0.0)) for lane in lanes]
    into = [0.0] * len(index.groups)
    for i, value in enumerate(flow):
        into[group[i]] += value
    bins, following = [], len(index.outs)
    for i in range(len(lanes)):
        store = int(parts["group_store"][group[i]])
        bins.append(store if store >= 0 else following)
        following += store < 0
    by_out: list[list[int]] = [[] for _ in index.outs]
    for i, out in enumerate(source):
        by_out[out].append(i)
    out_ptr, out_lane = ragged(by_out)
    uses = [use for lane in lanes for use in lane.routes]
    return {
        "lane_source": ints(source),
        "lane_bin": ints(bins),
        "lane_group": ints(group),
        "lane_pushed": flags(lane.is_pushed for lane in lanes),
        "lane_share": floats(
            _lane_share(lane, flow[i], into[group[i]], parts["out_planned"][source[i]])
            for i, lane in enumerate(lanes)
        ),
        "lane_fits": _column(lanes, lambda lane: lane.interchangeable_share),
        "lane_flow": floats(flow),
        "lane_learnt_from": floats(
            _learnt_from(lane, flow[i], parts["group_planned_use"][group[i]], network.sites[lane.buyer])
            for i, lane in enumerate(lanes)
        ),
        "lane_rank": ints(
            _rank(network, lane, [lanes[j] for j in by_out[out]])
            for lane, out in zip(lanes, source, strict=True)
        ),
        "lane_qualify": ints(
            _readiness(lane) if flow[i] <= 0.0 else a.READY for i, lane in enumerate(lanes)
        ),
        "lane_restart_line": ints(_dormant_line(network, index, lane) for lane in lanes),
        "lane_lr_ptr": ragged([0] * len(lane.routes) for lane in lanes)[0],
        "lr_lane": ints(i for i, lane in enumerate(lanes) for _ in lane.routes),
        "lr_route": ints(index.route[use.route] for use in uses),
        "lr_share": floats(_route_share(lane, use.share) for lane in lanes for use in lane.routes),
        "lr_days": ints(whole_days(network.routes[use.route].days) for use in uses),
        "lr_draw_row": ints(_draw_rows(network, uses)),
        "lr_cost": _column(uses, lambda use: network.routes[use.route].cost_usd_per_tonne),
        "lr_parcel": _column(uses, lambda use: network.routes[use.route].shipment_size),
        "route_capacity": floats(network.routes[name].capacity_per_day for name in index.routes),
        "out_pushes": flags(any(lanes[i].is_pushed for i in row) for row in by_out),
        "out_lane_ptr": out_ptr,
        "out_lane": out_lane,
    }


def _lane_share(lane: Lane, flow: float, into: float, made: float) -> float:
    """Return the share of the buyer's need, or of the seller's output for pushed goods."""
    if lane.is_pushed:
        return min(flow / made, 1.0) if made > 0.0 else lane.sourcing_share
    return flow / into if into > 0.0 else lane.sourcing_share


def _learnt_from(lane: Lane, flow: float, use: float, buyer: Site) -> float:
    """Return the goods from which a buyer learns a lane's lead time anew [unit]; infinity: it never does."""
    normal = max(flow, 1e-3 * use)
    if lane.is_pushed or normal <= 0.0:
        return math.inf
    return max(normal * buyer.lead_time_learning_days, 1e-300)


def _route_share(lane: Lane, share: float) -> float:
    total = sum(use.share for use in lane.routes)
    return share / total if total > 0.0 else 1.0 / len(lane.routes)


def _draw_rows(network: Network, uses: Sequence[Any]) -> list[int]:
    rows, following = [], 0
    for use in uses:
        is_drawn = isinstance(network.routes[use.route].days, Distribution)
        rows.append(following if is_drawn else -1)
        following += is_drawn
    return rows


def whole_days(days: Number) -> int:
    """Return a transit time in whole days, at least one (a law: its mean)."""
    value = days.mean() if isinstance(days, Distribution) else days
    return max(int(value + 0.5), 1)


def _rank(network: Network, lane: Lane, rivals: list[Lane]) -> int:
    rule = network.sites[lane.supplier].allocation
    if rule == "contract_priority":
        return lane.priority
    if rule == "domestic_first":
        return int(network.sites[lane.buyer].country != network.sites[lane.supplier].country)
    if rule == "highest_bid":
        return sum(1 for bid in {other.bid_usd_per_tonne for other in rivals} if bid > lane.bid_usd_per_tonne)
    return 0


def _readiness(lane: Lane) -> int:
    days = central(lane.qualification_days)
    if days <= 0.0:
        return a.READY
    return a.NEVER if math.isinf(days) else a.ON_DEMAND


def _dormant_line(network: Network, index: Index, lane: Lane) -> int:
    """Return the sleeping line behind a lane, -1 if any line for its material is awake."""
    sellers = [line for line in network.lines_at(lane.supplier) if lane.material in sold_by(line)]
    if all(line.dormant for line in sellers):
        return index.line[sellers[0].line_id]
    return -1
