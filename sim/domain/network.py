"""The network: materials, sites, lines, lanes and routes as frozen records.

Quantities are in the unit of their material (`tonne`, or `unit` for components and finished goods),
rates are per day, durations in days, shares between 0 and 1. A record holds what is *normal*; what a
scenario changes is a lever (`sim.interventions.levers`), never a record.
"""

from __future__ import annotations

import math
import weakref
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from sim.domain.distribution import Distribution, Number

Row = TypeVar("Row")


class LineKind(StrEnum):
    """What decides how much a line makes."""

    SOURCE = "source"
    """Unlimited outside supplier: ships whatever is ordered (exact cases, the benchmark)."""
    MINE = "mine"
    """Runs at its plan, corrected by its yard and its open orders (also: old scrap)."""
    PLANT = "plant"
    """Makes what its output stocks and open orders ask for."""
    STORE = "store"
    """Passes one material on unchanged; receipts and shipments share one stock."""
    BUILD = "build"
    """Builds units to a plan (an OEM) or uses material at a planned rate (other uses)."""
    CUSTOMER = "customer"
    """Faces a demand series or law; what it cannot serve is backordered or lost."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a table with its unit and where it comes from."""

    value: float
    unit: str
    source_id: str
    low: float | None = None
    high: float | None = None
    derived_from: str = ""
    note: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Country:
    """A country with the blocs it belongs to."""

    code: str
    name: str
    blocs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """What flows. `contents` is kg of each tracked element per kg (or kg per unit of a component)."""

    material_id: str
    name: str
    form: str
    """ore, concentrate, carbonate, oxide, metal, alloy, target, swarf, magnet, component, goods"""
    unit: str
    """`tonne` or `unit`."""
    contents: Mapping[str, float] = field(default_factory=dict)
    """Mass of each element in one unit of the material [tonne per tonne, or tonne per unit]."""
    price_usd_per_tonne: float = math.nan
    """Dated reference price, by which rules compare values; NaN: none."""


@dataclass(frozen=True, slots=True)
class Site:
    """A plant in a country, with the habits of its purchasing department."""

    site_id: str
    name: str
    country: str
    stage: str
    """mining, separation, metal, magnet, tier1, oem, other_uses, scrap"""
    latitude: float = math.nan
    longitude: float = math.nan
    operator: str = ""
    parent: str = ""
    end_use: str = "civil"
    cover: Mapping[str, Number] = field(default_factory=dict)
    """Target stock of each bought material [days of use at the end of the leanest day]."""
    output_cover: Mapping[str, Number] = field(default_factory=dict)
    """Stock of each sold material [days of planned sales at the end of the leanest day]."""
    opening_cover: Mapping[str, Number] = field(default_factory=dict)
    """Opening stock of a bought material where it differs from `cover` [days of use]."""
    review_period_days: int = 1
    review_offset_days: int | None = None
    """Day of the first review; None: a stable hash of the id."""
    patience_days: float = 30.0
    """Age at which an unshipped order is cancelled and re-split [days]; inf: never."""
    licence_patience_days: float = 90.0
    lead_time_learning_days: float = 200.0
    """Memory of the experienced lead time [days]; inf: the planned lead time for ever."""
    share_half_life_days: float = 60.0
    """Time in which half of a moved share returns once the lane works again [days]."""
    retained_share: float = 0.1
    """Least part of a moved share that a qualified second source keeps [share]."""
    ordering: str = "base_stock"
    """base_stock, order_up_to (fixed level), min_max (s,S), reorder_quantity (r,Q), fixed"""
    ordering_parameters: Mapping[str, float] = field(default_factory=dict)
    """order_up_to: level; min_max: s, S; reorder_quantity: r, Q; fixed: quantity [unit of material]."""
    forecast: str = "exponential"
    """fixed, moving_average, exponential"""
    forecast_days: float = 30.0
    """Window of the moving average, or memory of the smoothing [days]."""
    double_ordering: bool = False
    """A re-split order stays with the old supplier too."""
    expedite_below_cover_days: float = 0.0
    """Ship by the fastest open route while the buyer's stock is below this [days]."""
    allocation: str = "pro_rata"
    """How a short supplier shares: pro_rata, contract_priority, domestic_first, highest_bid."""
    whole_orders: bool = False
    """Ship an order only when all of it is there."""


@dataclass(frozen=True, slots=True)
class Line:
    """A recipe with a capacity and a plan, at a site.

    Rates are in units of the first driver's output per day; `inputs` and `outputs` are per unit of it,
    so ``outputs[drivers[0]] == 1``. Outputs that are not drivers are pushed: shipped the day they are
    made by the solved share; what no lane takes goes to `sink`.
    """

    line_id: str
    site: str
    kind: LineKind
    inputs: Mapping[str, Number] = field(default_factory=dict)
    outputs: Mapping[str, Number] = field(default_factory=dict)
    drivers: tuple[str, ...] = ()
    plan_per_day: Number | None = None
    """Planned rate; None: solved from demand. BUILD lines of OEMs and CUSTOMER lines state it."""
    capacity_per_day: Number = math.inf
    nameplate: str = ""
    """Lines of one site that name the same nameplate share its capacity."""
    nameplate_capacity_per_day: Number = math.inf
    surplus: Mapping[str, str] = field(default_factory=dict)
    """What becomes of an output nobody takes: store (default), sell, dispose, choke."""
    custody: str = "mixed"
    """mixed, segregated, mass_balance"""
    segregation_cost_share: float = 0.0
    """Utilisation lost to campaigns under `segregated` custody [share of capacity]."""
    dormant: bool = False
    restart_days: Number = math.inf
    """Time from the first order refused elsewhere until a dormant line runs again [days]."""
    yard_capacity_days: Number = math.inf
    """MINE: stock at which the mine stops [days of plan]."""
    priority: int = 0
    """BUILD: lines with a lower number get scarce components first."""
    ration_below_cover_days: Number = 0.0
    """BUILD: build slower when the thinnest component falls below this cover [days]."""
    overtime_share: Number = 0.0
    """BUILD: how far above plan the line may run to catch up [share of plan]."""
    restart_ramp_days: Number = 0.0
    """BUILD: days a stopped line takes to return to plan."""
    park_limit_units: Number = 0.0
    """BUILD: how many incomplete units may wait for a parkable component [unit]."""
    parkable: tuple[str, ...] = ()
    """BUILD: components that can be fitted later."""
    demand: Distribution | tuple[float, ...] | None = None
    """CUSTOMER: a law or a series per day [unit of material]; None: the plan."""
    lost_sales: bool = False
    """CUSTOMER: unmet demand is lost instead of backordered."""
    is_sink: bool = False
    """BUILD: a residual buyer whose plan the solver sizes."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way to travel: shared by every lane that lists it."""

    route_id: str
    name: str
    mode: str
    """sea, air, rail, road, on_site"""
    passes: tuple[str, ...]
    """Countries (ISO codes) and chokepoints on the way, origin and destination included."""
    days: Number
    """Transit time; a law is drawn per shipment [days, whole, at least 1]."""
    capacity_per_day: float = math.inf
    """Shared by all lanes on the route [tonne/day]."""
    cost_usd_per_tonne: float = 0.0
    shipment_size: float = math.inf
    """Largest quantity of one shipment; smaller ones draw their own transit time [unit]."""


@dataclass(frozen=True, slots=True)
class LaneRoute:
    """A lane's use of a route: `share` of its goods normally; 0 marks a fallback."""

    route: str
    share: float


@dataclass(frozen=True, slots=True)
class Lane:
    """Supplier to buyer, one material, one or more routes."""

    lane_id: str
    supplier: str
    buyer: str
    material: str
    routes: tuple[LaneRoute, ...]
    sourcing_share: float = 1.0
    """Normal share of the buyer's need; 0: an alternative. For pushed goods: share of the output."""
    is_pushed: bool = False
    interchangeable_share: float = 1.0
    """How much of this lane's goods fits where another lane's went without requalification [share]."""
    qualification_days: Number = 0.0
    """Time to qualify the lane; 0: qualified from the start [days]."""
    priority: int = 0
    """Rank under contract_priority, 0 first."""
    bid_usd_per_tonne: float = 0.0
    """Rank under highest_bid."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Network:
    """A complete supply chain. Every mapping is keyed by the record's own id."""

    name: str
    title: str
    elements: tuple[str, ...]
    tracked: tuple[str, ...]
    """Jurisdictions whose touch is followed; all others are `other`, unrecorded origin is `unknown`."""
    materials: Mapping[str, Material]
    sites: Mapping[str, Site]
    lines: Mapping[str, Line]
    lanes: Mapping[str, Lane]
    routes: Mapping[str, Route]
    countries: Mapping[str, Country] = field(default_factory=dict)
    unknown_origin: tuple[str, ...] = ()
    """Sites whose output has no recorded origin (old scrap)."""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    """Provenance by path, such as `sites.toyota_japan.cover.traction_motor`."""
    folder: str = ""
    pins: Mapping[str, float] = field(default_factory=dict)
    """Rates that day zero must meet exactly, by line: a belief's totals [first driver's unit/day]."""

    def lines_at(self, site_id: str) -> tuple[Line, ...]:
        """Return the lines of a site, by id."""
        return _rows_of(self).lines_at.get(site_id, ())

    def lanes_into(self, site_id: str, material_id: str | None = None) -> tuple[Lane, ...]:
        """Return the lanes that end at a site, by id."""
        return _of_material(_rows_of(self).lanes_into.get(site_id, ()), material_id)

    def lanes_from(self, site_id: str, material_id: str | None = None) -> tuple[Lane, ...]:
        """Return the lanes that begin at a site, by id."""
        return _of_material(_rows_of(self).lanes_from.get(site_id, ()), material_id)

    def _repr_html_(self) -> str:
        from sim.domain.page import network_html

        return network_html(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        # IPython would print every record.
        printer.text(f"<Network {self.name}: {len(self.sites)} sites, {len(self.lanes)} lanes>")


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a network by site, each list in order of id."""

    counts: tuple[int, int]
    """Lines and lanes when they were listed."""
    lines_at: Mapping[str, tuple[Line, ...]]
    lanes_into: Mapping[str, tuple[Lane, ...]]
    lanes_from: Mapping[str, tuple[Lane, ...]]


_rows: dict[int, tuple[weakref.ref[Network], _Rows]] = {}
"""By address of the network: a search through all rows for each site would take hours at 10,000 sites."""


def _rows_of(network: Network) -> _Rows:
    """Return a network's rows by site, listed once while it lives."""
    key, counts = id(network), (len(network.lines), len(network.lanes))
    found = _rows.get(key)
    if found is not None and found[0]() is network and found[1].counts == counts:
        return found[1]
    lines: dict[str, list[Line]] = defaultdict(list)
    into: dict[str, list[Lane]] = defaultdict(list)
    outof: dict[str, list[Lane]] = defaultdict(list)
    for _, line in sorted(network.lines.items()):
        lines[line.site].append(line)
    for _, lane in sorted(network.lanes.items()):
        into[lane.buyer].append(lane)
        outof[lane.supplier].append(lane)
    rows = _Rows(counts, _fixed(lines), _fixed(into), _fixed(outof))
    _rows[key] = (weakref.ref(network, lambda _: _rows.pop(key, None)), rows)
    return rows


def _fixed(lists: Mapping[str, list[Row]]) -> dict[str, tuple[Row, ...]]:
    return {site: tuple(rows) for site, rows in lists.items()}


def _of_material(lanes: tuple[Lane, ...], material_id: str | None) -> tuple[Lane, ...]:
    if material_id is None:
        return lanes
    return tuple(lane for lane in lanes if lane.material == material_id)
