"""Intervention kinds: one file each, standard dataclasses that yield plain instructions."""

from sim.interventions.base import After, Branch, Intervention, Pause, Step, Timeline, World
from sim.interventions.export_ban import ExportBan
from sim.interventions.export_licence import ExportLicence
from sim.interventions.export_quota import ExportQuota
from sim.interventions.new_capacity import NewCapacity, Stage
from sim.interventions.outage import Outage, Recovery
from sim.interventions.production_quota import ProductionQuota
from sim.interventions.quota_windows import Window
from sim.interventions.route_delay import RouteDelay
from sim.interventions.transit_refusal import TransitRefusal

KINDS: dict[str, type[Intervention]] = {
    kind.kind: kind
    for kind in (
        ExportBan,
        ExportLicence,
        ExportQuota,
        ProductionQuota,
        TransitRefusal,
        RouteDelay,
        Outage,
        NewCapacity,
    )
}
"""Every kind a scenario may name. A new kind is one file and one line here."""

__all__ = [
    "KINDS",
    "After",
    "Branch",
    "ExportBan",
    "ExportLicence",
    "ExportQuota",
    "Intervention",
    "NewCapacity",
    "Outage",
    "Pause",
    "ProductionQuota",
    "Recovery",
    "RouteDelay",
    "Stage",
    "Step",
    "Timeline",
    "TransitRefusal",
    "Window",
    "World",
]
