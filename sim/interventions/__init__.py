"""Intervention kinds: one file each, standard dataclasses that yield plain instructions."""

from sim.interventions.alliance import Alliance
from sim.interventions.base import After, Branch, Intervention, Pause, Step, Timeline, World
from sim.interventions.content_rule import ContentRule
from sim.interventions.contract_freeze import ContractFreeze
from sim.interventions.demand_shift import DemandShift
from sim.interventions.export_ban import ExportBan
from sim.interventions.export_licence import ExportLicence
from sim.interventions.export_quota import ExportQuota
from sim.interventions.form_shift import FormShift
from sim.interventions.hoarding import Hoarding
from sim.interventions.new_capacity import NewCapacity, Stage
from sim.interventions.outage import Outage, Recovery
from sim.interventions.procurement_ban import ProcurementBan
from sim.interventions.production_quota import ProductionQuota
from sim.interventions.quota_windows import Window
from sim.interventions.recycling import Recycling
from sim.interventions.route_delay import RouteDelay
from sim.interventions.stockpile import Stockpile
from sim.interventions.substitution import Substitution
from sim.interventions.technology_ban import TechnologyBan
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
        Alliance,
        ContentRule,
        ContractFreeze,
        DemandShift,
        FormShift,
        Hoarding,
        ProcurementBan,
        Recycling,
        Stockpile,
        Substitution,
        TechnologyBan,
    )
}
"""Every kind a scenario may name. A new kind is one file and one line here."""

__all__ = [
    "KINDS",
    "After",
    "Alliance",
    "Branch",
    "ContentRule",
    "ContractFreeze",
    "DemandShift",
    "ExportBan",
    "ExportLicence",
    "ExportQuota",
    "FormShift",
    "Hoarding",
    "Intervention",
    "NewCapacity",
    "Outage",
    "Pause",
    "ProcurementBan",
    "ProductionQuota",
    "Recovery",
    "Recycling",
    "RouteDelay",
    "Stage",
    "Step",
    "Stockpile",
    "Substitution",
    "TechnologyBan",
    "Timeline",
    "TransitRefusal",
    "Window",
    "World",
]
