"""What can be taken out of a network: its nodes, and what taking each one out means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sim.analysis.survival import Loss, loss_of_site
from sim.domain import LineKind, Network
from sim.interventions import ExportBan, Intervention, Outage, TransitRefusal
from sim.interventions.scope import country_codes

KINDS = ("site", "lane", "chokepoint", "country")


@dataclass(frozen=True, slots=True)
class Node:
    """Something that can fail.

    Attributes
    ----------
    kind
        One of `KINDS`. A *site* loses its lines (a store its deliveries), what it has in stock is still sold;
        a *lane* and a *country* (over its borders) ship nothing new; a *chokepoint* lets nothing new pass.
    node_id
        Id of the site or lane, name of the chokepoint, code of the country.
    name
        What people call it.
    """

    kind: str
    node_id: str
    name: str

    @property
    def has_halves(self) -> bool:
        """Whether it can fail in part; a chokepoint is open or closed."""
        return self.kind != "chokepoint"


def nodes_of(network: Network, kinds: Sequence[str] = KINDS) -> tuple[Node, ...]:
    """Return the nodes of some kinds, in the order of `KINDS` and of their ids.

    Sites are those that deliver to somebody, countries those with a delivery over a border; lanes of the same
    ends and material count as one.

    Raises
    ------
    ValueError
        If a kind does not exist.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} cannot be taken out; allowed: {', '.join(KINDS)}")
    lanes = [lane for _, lane in sorted(network.lanes.items()) if lane.sourcing_share > 0.0]
    suppliers = {lane.supplier for lane in lanes}
    home = {name: site.country for name, site in network.sites.items()}
    exporters = {home[lane.supplier] for lane in lanes if home[lane.supplier] != home[lane.buyer]}
    found = []
    if "site" in kinds:
        found += [Node("site", name, network.sites[name].name) for name in sorted(suppliers)]
    if "lane" in kinds:
        ends = {(lane.supplier, lane.buyer, lane.material): lane.lane_id for lane in reversed(lanes)}
        for (supplier, buyer, material), lane_id in sorted(ends.items(), key=lambda item: item[1]):
            what = network.materials[material].name
            name = f"{network.sites[supplier].name} to {network.sites[buyer].name}: {what}"
            found.append(Node("lane", lane_id, name))
    if "chokepoint" in kinds:
        points = _chokepoints(network)
        found += [Node("chokepoint", point, point.replace("_", " ").capitalize()) for point in points]
    if "country" in kinds:
        known = network.countries
        found += [
            Node("country", code, known[code].name if code in known else code) for code in sorted(exporters)
        ]
    return tuple(found)


def _chokepoints(network: Network) -> list[str]:
    used = {use.route for lane in network.lanes.values() for use in lane.routes}
    points = {point for name in used for point in network.routes[name].passes}
    return sorted(point for point in points if not country_codes(network, point))


def intervention_of(
    network: Network, node: Node, start: date, days: int, severity: float
) -> tuple[Intervention, ...]:
    """Return what takes a node out from a date on for some days, by a share of what it does."""
    end = start + timedelta(days=days)
    common: dict[str, Any] = {"id": "out", "start": start, "end": end}
    ban = {**common, "leak": 1.0 - severity}
    if node.kind == "chokepoint":
        return (TransitRefusal(through=(node.node_id,), **common),)
    if node.kind == "country":
        return (ExportBan(from_places=(node.node_id,), **ban),)
    if node.kind == "lane":
        lane = network.lanes[node.node_id]
        ban |= {"from_places": (lane.supplier,), "to_places": (lane.buyer,), "materials": (lane.material,)}
        return (ExportBan(domestic=True, **ban),)
    if any(line.kind is LineKind.STORE for line in network.lines_at(node.node_id)):
        return (ExportBan(from_places=(node.node_id,), domestic=True, **ban),)
    return (Outage(sites=(node.node_id,), loss=severity, **common),)


def loss_of(network: Network, node: Node, severity: float) -> Loss:
    """Return what the linear programmes lose with a node; goods find another route where there is one."""
    left = 1.0 - severity
    if node.kind == "site":
        return loss_of_site(network, node.node_id, severity)
    if node.kind == "lane":
        own = network.lanes[node.node_id]
        twins = [
            lane.lane_id
            for lane in network.lanes_into(own.buyer, own.material)
            if lane.supplier == own.supplier
        ]
        return Loss(lanes=dict.fromkeys(twins, left))
    if node.kind == "country":
        home = {name: site.country for name, site in network.sites.items()}
        lost = [
            name
            for name, lane in network.lanes.items()
            if home[lane.supplier] == node.node_id != home[lane.buyer]
        ]
        return Loss(lanes=dict.fromkeys(lost, left))
    shut = [
        name
        for name, lane in network.lanes.items()
        if all(node.node_id in network.routes[use.route].passes for use in lane.routes)
    ]
    return Loss(lanes=dict.fromkeys(shut, 0.0))
