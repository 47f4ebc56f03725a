"""The models of a scenario's top-level keys. The language reference is generated from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, create_model

from sim.case import Design
from sim.data import schema as tables
from sim.data.schema import Attribute
from sim.scenario.correlated import correlated
from sim.scenario.fields import (
    Arrival,
    Closed,
    Date,
    Flag,
    Names,
    Text,
    choice,
    degrees,
    figure,
    figure_or_each,
    figures_by_name,
    texts_by_name,
    whole,
)
from sim.scenario.sweep import swept


def attribute_kind(attribute: Attribute) -> str:
    """Return the kind of figure that an attribute of the tables is."""
    words = set(attribute.units)
    for word, kind in (("d", "duration"), ("share", "share"), ("t/yr", "rate"), ("USD/t", "money per tonne")):
        if word in words:
            return kind
    return "quantity"


NEVER_ZERO = frozenset({"capacity", "review_period", "days", "shipment_size", "forecast_days"})


def _figures(attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """Return the fields of a record's attributes, as the tables name them."""
    columns: dict[str, Any] = {}
    for name, attribute in attributes.items():
        if not attribute.is_text:
            annotation = figure(attribute_kind(attribute), name in NEVER_ZERO)
        elif attribute.words == tables.YES_NO:
            annotation = Flag
        else:
            annotation = choice(attribute.words)
        columns[name] = (annotation, Field(default=None))
    return columns


def _optional(**annotations: Any) -> dict[str, Any]:
    return {name: (annotation, Field(default=None)) for name, annotation in annotations.items()}


SiteEntry = create_model(
    "SiteEntry",
    __base__=Closed,
    **_optional(
        name=Text,
        country=Text,
        stage=choice(tables.STAGES),
        latitude=degrees(90.0),
        longitude=degrees(180.0),
        operator=Text,
        parent=Text,
        end_use=choice(tables.END_USES),
        cover=figure_or_each("duration"),
        output_cover=figures_by_name("duration"),
        opening_cover=figures_by_name("duration"),
        nameplates=figures_by_name("rate"),
    ),
    **_figures(tables.SITE_ATTRIBUTES),
    **_optional(sources=Names),
)
LineEntry = create_model(
    "LineEntry",
    __base__=Closed,
    **_optional(
        site=Text,
        kind=choice(tables.KINDS),
        inputs=figures_by_name("content"),
        outputs=figures_by_name("content"),
        drivers=Names,
        nameplate=Text,
        nameplate_capacity=figure("rate", above_zero=True),
        surplus=texts_by_name(tables.SURPLUS),
        custody=choice(tables.CUSTODY),
        dormant=Flag,
        is_sink=Flag,
        priority=whole(0),
        parkable=Names,
        demand=figure("rate"),
    ),
    **_figures(tables.LINE_ATTRIBUTES),
    **_optional(sources=Names),
)
LaneEntry = create_model(
    "LaneEntry",
    __base__=Closed,
    **_optional(
        supplier=Text,
        buyer=Text,
        material=Text,
        routes=figures_by_name("share"),
        sourcing_share=figure("share"),
        is_pushed=Flag,
        priority=whole(0),
    ),
    **_figures(tables.LANE_ATTRIBUTES),
    **_optional(sources=Names),
)
RouteEntry = create_model(
    "RouteEntry",
    __base__=Closed,
    **_optional(name=Text, mode=choice(tables.MODES), passes=Names),
    **_figures(tables.ROUTE_ATTRIBUTES),
    **_optional(sources=Names),
)
MaterialEntry = create_model(
    "MaterialEntry",
    __base__=Closed,
    **_optional(
        name=Text,
        form=choice(tables.FORMS),
        unit=choice(("tonne", "unit")),
        contents=figures_by_name("content"),
    ),
    **_figures(tables.MATERIAL_ATTRIBUTES),
    **_optional(sources=Names),
)

ENTRIES: Mapping[str, type[Closed]] = {
    "sites": SiteEntry,
    "lines": LineEntry,
    "lanes": LaneEntry,
    "routes": RouteEntry,
    "materials": MaterialEntry,
}
"""The model of one entry under each key that changes the network."""


STATES = ("granted", "applied")
"""How far a licence that is open on day 0 has come."""


class Consignment(Closed):
    """Goods at sea on day 0."""

    arrives: Arrival
    quantity: figure("quantity")  # type: ignore[valid-type]


class OpenLicence(Closed):
    """A licence, or an application for one, that is open on day 0."""

    state: choice(STATES)  # type: ignore[valid-type]
    quantity: figure("quantity")  # type: ignore[valid-type]
    lane: Text = None
    from_: Names = Field(default=(), alias="from")
    to_: Names = Field(default=(), alias="to")
    materials_: Names = Field(default=(), alias="materials")
    date: Date = None
    until: Date = None
    rule: Text = None


class InitialStateEntry(Closed):
    """Stocks, goods at sea, licences and rules where they differ from the steady state."""

    children = {"in_transit": Consignment, "licences": OpenLicence}  # noqa: RUF012 - pydantic wants a plain class attribute
    on_hand: dict[str, figures_by_name("quantity")] = Field(default_factory=dict)  # type: ignore[valid-type]
    in_transit: dict[str, list[Consignment]] = Field(default_factory=dict)
    licences: list[OpenLicence] = Field(default_factory=list)
    rules_in_force: Names = Field(default=(), description="ids of measures that were in force before day 0")


class Document(Closed):
    """A scenario file. Interventions and uncertain figures are read apart, one by one."""

    title: Text = Field(description="one line, for lists and headlines")
    question: Text = Field(default=None, description="what the scenario answers")
    name: Text = Field(default=None, description="short name; missing: the file's")
    network: Text = Field(description="a packaged network, or a folder of tables relative to this file")
    start: Date = Field(description="day 0")
    horizon: figure("duration", above_zero=True) = Field(  # type: ignore[valid-type]
        description="how long is simulated"
    )
    replications: whole(1, 10_000_000) = Field(default=1, description="runs, each with its own luck")  # type: ignore[valid-type]
    seed: whole(0) = Field(default=1, description="whole number that names the luck")  # type: ignore[valid-type]
    design: choice(tuple(item.value for item in Design)) = Field(  # type: ignore[valid-type]
        default=Design.RANDOM.value, description="how uncertain figures are spread over the replications"
    )
    correlations: correlated() = Field(  # type: ignore[valid-type]
        default=(), description="uncertain figures that are high together: {between: [a, b], rank: 0.6}"
    )
    sweep: swept() = Field(default=None, description="values by path, for sim sweep")  # type: ignore[valid-type]
    runway_from: Date = Field(default=None, description="day from which runways count")
    beliefs: Names = Field(default=(), description="named sets of alternative figures")
    outputs: Names = Field(default=(), description="what is written beside the usual")
    must_hold: Names = Field(default=(), description="conditions that the tests check")
    sources: Names = Field(default=(), description="ids of the sources of the whole scenario")
    background: Names = Field(default=(), description="ids of interventions that stay in the baseline")
    initial_state: InitialStateEntry | None = Field(
        default=None, description="stocks, goods at sea, open licences and rules in force on day 0"
    )


REQUIRED = tuple(name for name, info in Document.model_fields.items() if info.is_required())
FILES = ("extends", "include")
"""Keys that compose files."""
READ_APART = ("interventions", "uncertain", *ENTRIES)
TOP_LEVEL = (*Document.model_fields, *READ_APART, *FILES)
"""Every key a scenario file may have."""


def entry_model(section: str) -> type[BaseModel]:
    """Return the model of an entry of a section such as ``sites``."""
    return ENTRIES[section]
