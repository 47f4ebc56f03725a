"""What the tables of a network may contain: columns, attributes, unit words. Data, no logic.

The prose of the same contract is `docs/tables.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FIGURE_COLUMNS = ("value", "low", "high", "unit", "source_id", "derived_from", "note")
DAYS_PER_YEAR = 365.0
"""Every year has 365 equal days."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its own columns, those that may not be empty, and whether its rows are figures."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    has_figure: bool = True
    optional: bool = False
    """The file may be missing."""
    key: tuple[str, ...] = ()
    """Columns that together are unique; empty: the required ones."""

    def header(self) -> tuple[str, ...]:
        """Return all columns that may stand in the header row."""
        return self.columns + (FIGURE_COLUMNS if self.has_figure else ())


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "network": Table(("key",), ("key",)),
        "materials": Table(
            ("material", "name", "form", "unit"), ("material", "form", "unit"), False, key=("material",)
        ),
        "contents": Table(("material", "element"), ("material", "element"), optional=True),
        "countries": Table(("country", "name", "blocs"), ("country", "name"), False, key=("country",)),
        "sites": Table(
            ("site", "name", "country", "latitude", "longitude", "unit", "operator", "parent", "stage",
             "end_use", "unknown_origin", "source_id", "note"),
            ("site", "country", "stage", "unit", "source_id"), False, key=("site",),
        ),
        "site_figures": Table(("site", "attribute"), ("site", "attribute"), optional=True),
        "lines": Table(
            ("line", "site", "kind", "drivers", "nameplate", "custody", "dormant", "is_sink", "priority",
             "parkable", "note"),
            ("line", "site", "kind"), False, key=("line",),
        ),
        "line_figures": Table(("line", "attribute"), ("line", "attribute")),
        "nameplates": Table(("site", "nameplate"), ("site", "nameplate"), optional=True),
        "recipes": Table(("line", "role", "material"), ("line", "role", "material")),
        "stocks": Table(("site", "material", "role"), ("site", "material", "role"), optional=True),
        "lanes": Table(
            ("lane", "supplier", "buyer", "material", "corridor", "is_pushed", "priority"),
            ("lane", "supplier", "buyer", "material", "corridor"), key=("lane",),
        ),
        "lane_figures": Table(("lane", "attribute"), ("lane", "attribute"), optional=True),
        "material_figures": Table(("material", "attribute"), ("material", "attribute"), optional=True),
        "prices": Table(("material", "date"), ("material", "date"), optional=True, key=("material",)),
        "routes": Table(("route", "name", "mode", "passes"), ("route", "mode"), False, key=("route",)),
        "route_figures": Table(("route", "attribute"), ("route", "attribute")),
        "corridors": Table(("corridor", "route"), ("corridor", "route")),
        "sources": Table(
            ("source_id", "title", "publisher", "url", "published", "kind", "note"),
            ("source_id", "title", "kind"), False, key=("source_id",),
        ),
        "assumptions": Table(
            ("assumption_id", "statement", "low", "high", "unit", "reason"),
            ("assumption_id", "statement", "reason"), False, optional=True, key=("assumption_id",),
        ),
        "claims": Table(
            ("claim_id", "source_id", "title", "claim", "value", "unit", "entity", "phrase", "check",
             "verdict_expected", "note"),
            ("claim_id", "source_id", "claim"), False, optional=True, key=("claim_id",),
        ),
        "beliefs": Table(
            ("belief", "path", "operation"), ("belief", "path", "operation"), optional=True,
        ),
    }
)  # fmt: skip

OTHER_FILES = ("destination", "history", "series")
"""Files beside the tables that other modules read: their names begin with one of these words."""

PER_YEAR = {"t/yr": 1.0 / DAYS_PER_YEAR, "unit/yr": 1.0 / DAYS_PER_YEAR, "t/d": 1.0, "unit/d": 1.0}
RATE = MappingProxyType(PER_YEAR)
DAYS = MappingProxyType({"d": 1.0})
SHARE = MappingProxyType({"share": 1.0})
TEXT: Mapping[str, float] = MappingProxyType({})
QUANTITY = MappingProxyType(
    {"t/t": 1.0, "kg/kg": 1.0, "kg REO/kg": 1.0, "t/unit": 1.0, "kg/unit": 1e-3, "unit/unit": 1.0}
)
PRICE = MappingProxyType({"USD/t": 1.0})
UNIT_WORDS = (
    "t/yr", "t/d", "unit/yr", "unit/d", "d", "share", "kg/kg", "kg REO/kg", "t/t", "t/unit", "kg/unit",
    "unit/unit", "USD/t", "degree", "text", "year", "unit", "t",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attribute:
    """A figure of a record: the record's field, the units it may be written in, whether it may vary."""

    field: str
    units: Mapping[str, float]
    """Unit word to the factor into tonnes, units and days; empty: text."""
    is_law_allowed: bool = True
    """Whether a distribution may stand in the record itself."""
    words: tuple[str, ...] = ()
    """Allowed words of a text attribute."""

    @property
    def is_text(self) -> bool:
        """Whether the value is a word, not a number."""
        return not self.units


YES_NO = ("yes", "no")
ORDERING = ("base_stock", "order_up_to", "min_max", "reorder_quantity", "fixed")
ORDERING_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "base_stock": (),
        "order_up_to": ("level",),
        "min_max": ("s", "S"),
        "reorder_quantity": ("r", "Q"),
        "fixed": ("quantity",),
    }
)
"""The figures each ordering policy cannot do without."""
ORDERING_PARAMETERS = ("level", "s", "S", "r", "Q", "quantity")
AMOUNT = MappingProxyType({"t": 1.0, "unit": 1.0})

SITE_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {
        "review_period": Attribute("review_period_days", DAYS, False),
        "review_offset": Attribute("review_offset_days", DAYS, False),
        "patience": Attribute("patience_days", DAYS, False),
        "licence_patience": Attribute("licence_patience_days", DAYS, False),
        "lead_time_learning": Attribute("lead_time_learning_days", DAYS, False),
        "share_half_life": Attribute("share_half_life_days", DAYS, False),
        "retained_share": Attribute("retained_share", SHARE, False),
        "forecast_days": Attribute("forecast_days", DAYS, False),
        "expedite_below_cover": Attribute("expedite_below_cover_days", DAYS, False),
        "allocation": Attribute(
            "allocation", TEXT, words=("pro_rata", "contract_priority", "domestic_first", "highest_bid")
        ),
        "ordering": Attribute("ordering", TEXT, words=ORDERING),
        "forecast": Attribute("forecast", TEXT, words=("fixed", "moving_average", "exponential")),
        "whole_orders": Attribute("whole_orders", TEXT, words=YES_NO),
        "double_ordering": Attribute("double_ordering", TEXT, words=YES_NO),
        **{
            f"ordering_{name}": Attribute(f"ordering_parameters.{name}", AMOUNT, False)
            for name in ORDERING_PARAMETERS
        },
    }
)
LINE_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {
        "plan": Attribute("plan_per_day", RATE),
        "capacity": Attribute("capacity_per_day", RATE),
        "overtime_share": Attribute("overtime_share", SHARE),
        "restart_ramp": Attribute("restart_ramp_days", DAYS),
        "park_limit": Attribute("park_limit_units", MappingProxyType({"unit": 1.0, "t": 1.0})),
        "ration_below_cover": Attribute("ration_below_cover_days", DAYS),
        "restart": Attribute("restart_days", DAYS),
        "yard_capacity": Attribute("yard_capacity_days", DAYS),
        "segregation_cost_share": Attribute("segregation_cost_share", SHARE, False),
        "lost_sales": Attribute("lost_sales", TEXT, words=YES_NO),
    }
)
LANE_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {
        "interchangeable_share": Attribute("interchangeable_share", SHARE, False),
        "qualification": Attribute("qualification_days", DAYS),
        "bid": Attribute("bid_usd_per_tonne", MappingProxyType({"USD/t": 1.0}), False),
    }
)
MATERIAL_ATTRIBUTES = MappingProxyType(
    {name: LANE_ATTRIBUTES[name] for name in ("interchangeable_share", "qualification")}
)
ROUTE_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {
        "days": Attribute("days", DAYS),
        "capacity": Attribute("capacity_per_day", RATE, False),
        "cost": Attribute("cost_usd_per_tonne", MappingProxyType({"USD/t": 1.0}), False),
        "shipment_size": Attribute("shipment_size", AMOUNT, False),
    }
)

FORMS = (
    "ore", "concentrate", "carbonate", "oxide", "metal", "alloy", "target", "swarf", "reagent", "magnet",
    "component", "goods", "compound",
)  # fmt: skip
STAGES = (
    "mining", "separation", "metal", "magnet", "tier1", "oem", "other_uses", "scrap", "source", "store",
    "customer",
)  # fmt: skip
MODES = ("sea", "air", "rail", "road", "on_site")
KINDS = ("source", "mine", "plant", "store", "build", "customer")
CUSTODY = ("mixed", "segregated", "mass_balance")
END_USES = ("civil", "military")
SURPLUS = ("store", "sell", "dispose", "choke")
STOCK_ROLES = ("input", "output", "opening")
SOURCE_KINDS = ("article", "government", "company", "trade_press", "study", "dataset")
OPERATIONS = ("set", "scale", "pin")
