"""Small networks by hand. Owns shorthand only: every record it makes is a plain `sim.domain` record.

A `Sketch` collects sites, lines and lanes; `network()` hands them over frozen. The ids it chooses are
predictable: the line of a site is ``<site>_line``, a lane ``<supplier>_<buyer>_<material>``, its route
``<lane>_route``, which passes the chokepoint ``<lane>_strait``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sim.case import Case
from sim.domain import (
    Country,
    Distribution,
    Lane,
    LaneRoute,
    Line,
    LineKind,
    Material,
    Network,
    Number,
    Route,
    Site,
)
from sim.interventions import Intervention

START = date(2025, 1, 1)
"""Day 0 of every case made here."""


def day(number: int) -> date:
    """Return the date of a day number.

    Examples
    --------
    >>> day(31)
    datetime.date(2025, 2, 1)
    """
    return START + timedelta(days=number)


def small_case(network: Network, horizon_days: int, *interventions: Intervention, **fields: Any) -> Case:
    """Return a case of a small network from day 0 on, with any other field of `Case` by name."""
    fields.setdefault("name", network.name)
    return Case(
        network=network,
        start=START,
        horizon_days=horizon_days,
        interventions=tuple(interventions),
        **fields,
    )


class Sketch:
    """A network under construction.

    Examples
    --------
    >>> sketch = Sketch()
    >>> sketch.source("mill", "motor")
    >>> sketch.builder("works", {"motor": 1.0}, plan=10.0, cover=20.0)
    >>> sketch.lane("mill", "works", "motor", days=30)
    'mill_works_motor'
    >>> sorted(sketch.network().sites)
    ['mill', 'works']
    """

    def __init__(
        self, name: str = "sketch", *, elements: Sequence[str] = (), tracked: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.elements = tuple(elements)
        self.tracked = tuple(tracked)
        self.materials: dict[str, Material] = {}
        self.sites: dict[str, Site] = {}
        self.lines: dict[str, Line] = {}
        self.lanes: dict[str, Lane] = {}
        self.routes: dict[str, Route] = {}
        self.countries: dict[str, Country] = {}

    def material(
        self,
        material_id: str,
        *,
        form: str = "component",
        unit: str = "unit",
        contents: Mapping[str, float] | None = None,
    ) -> None:
        """Add a material; one that a line or lane mentions first is added with these defaults."""
        self.materials[material_id] = Material(
            material_id, material_id.replace("_", " "), form, unit, dict(contents or {})
        )

    def site(self, site_id: str, *, stage: str = "tier1", country: str = "AA", **habits: Any) -> None:
        """Add a site; `habits` are fields of `Site`."""
        self.countries.setdefault(country, Country(country, country))
        habits.setdefault("review_offset_days", 0)
        self.sites[site_id] = Site(
            site_id, site_id.replace("_", " "), country, stage, latitude=0.0, longitude=0.0, **habits
        )

    def line(self, line: Line) -> None:
        """Add a line and the materials it mentions."""
        for material_id in (*line.inputs, *line.outputs):
            if material_id not in self.materials:
                self.material(material_id)
        self.lines[line.line_id] = line

    def source(self, site_id: str, material: str, *, country: str = "AA") -> None:
        """Add an unlimited outside supplier of one material."""
        self.site(site_id, stage="source", country=country)
        self.line(
            Line(f"{site_id}_line", site_id, LineKind.SOURCE, outputs={material: 1.0}, drivers=(material,))
        )

    def mine(
        self,
        site_id: str,
        material: str,
        *,
        plan: float,
        output_cover: float = 10.0,
        country: str = "AA",
        **line_fields: Any,
    ) -> None:
        """Add a mine [plan in units per day, output_cover in days]."""
        self.site(site_id, stage="mining", country=country, output_cover={material: output_cover})
        self.line(
            Line(
                f"{site_id}_line",
                site_id,
                LineKind.MINE,
                outputs={material: 1.0},
                drivers=(material,),
                plan_per_day=plan,
                **line_fields,
            )
        )

    def plant(
        self,
        site_id: str,
        outputs: Mapping[str, float],
        inputs: Mapping[str, float],
        *,
        cover: float = 10.0,
        output_cover: float = 5.0,
        drivers: Sequence[str] = (),
        habits: Mapping[str, Any] | None = None,
        country: str = "AA",
        **line_fields: Any,
    ) -> None:
        """Add a site with one PLANT line; covers hold for every input and every driver [days]."""
        chosen = tuple(drivers) or (next(iter(outputs)),)
        self.site(
            site_id,
            stage="metal",
            country=country,
            **{
                "cover": dict.fromkeys(inputs, cover),
                "output_cover": dict.fromkeys(chosen, output_cover),
                **(habits or {}),
            },
        )
        self.line(
            Line(
                f"{site_id}_line",
                site_id,
                LineKind.PLANT,
                inputs=dict(inputs),
                outputs=dict(outputs),
                drivers=chosen,
                **line_fields,
            )
        )

    def store(
        self, site_id: str, material: str, *, cover: float = 10.0, country: str = "AA", **habits: Any
    ) -> None:
        """Add a store that passes one material on [cover in days]."""
        self.site(site_id, country=country, cover={material: cover}, **habits)
        self.line(
            Line(
                f"{site_id}_line",
                site_id,
                LineKind.STORE,
                inputs={material: 1.0},
                outputs={material: 1.0},
                drivers=(material,),
            )
        )

    def builder(
        self,
        site_id: str,
        inputs: Mapping[str, float],
        *,
        plan: float | None,
        cover: float | Mapping[str, float],
        country: str = "AA",
        habits: Mapping[str, Any] | None = None,
        **line_fields: Any,
    ) -> None:
        """Add an OEM with one line that builds to plan [units per day; cover in days].

        With ``is_sink=True`` and no plan it is a residual buyer whose plan the solver sizes.
        """
        covers = dict(cover) if isinstance(cover, Mapping) else dict.fromkeys(inputs, cover)
        self.site(site_id, stage="oem", country=country, **{"cover": covers, **(habits or {})})
        goods = f"{site_id}_goods"
        self.material(goods, form="goods")
        self.line(
            Line(
                f"{site_id}_line",
                site_id,
                LineKind.BUILD,
                inputs=dict(inputs),
                outputs={goods: 1.0},
                drivers=(goods,),
                plan_per_day=plan,
                **line_fields,
            )
        )

    def customer(
        self,
        site_id: str,
        material: str,
        *,
        plan: float,
        demand: Distribution | tuple[float, ...] | None = None,
        lost_sales: bool = False,
        cover: float = 0.0,
        country: str = "AA",
        **habits: Any,
    ) -> None:
        """Add a site that serves a demand from its own stock [plan and demand in units per day]."""
        self.site(site_id, stage="oem", country=country, cover={material: cover}, **habits)
        self.line(
            Line(
                f"{site_id}_line",
                site_id,
                LineKind.CUSTOMER,
                inputs={material: 1.0},
                plan_per_day=plan,
                demand=demand,
                lost_sales=lost_sales,
            )
        )

    def lane(
        self,
        supplier: str,
        buyer: str,
        material: str,
        *,
        days: Number = 1.0,
        share: float = 1.0,
        shipment_size: float = math.inf,
        route_capacity_per_day: float = math.inf,
        passes: Sequence[str] = (),
        lane_id: str = "",
        **lane_fields: Any,
    ) -> str:
        """Add a lane with a route of its own and return the lane's id."""
        lane_id = lane_id or f"{supplier}_{buyer}_{material}"
        if material not in self.materials:
            self.material(material)
        route_id = f"{lane_id}_route"
        ends = (self.sites[supplier].country, self.sites[buyer].country)
        self.routes[route_id] = Route(
            route_id,
            route_id.replace("_", " "),
            "sea",
            tuple(passes) or (ends[0], f"{lane_id}_strait", ends[1]),
            days,
            capacity_per_day=route_capacity_per_day,
            shipment_size=shipment_size,
        )
        self.lanes[lane_id] = Lane(
            lane_id,
            supplier,
            buyer,
            material,
            (LaneRoute(route_id, 1.0),),
            sourcing_share=share,
            **lane_fields,
        )
        return lane_id

    def habit(self, site_id: str, **habits: Any) -> None:
        """Change fields of a site that was added before."""
        self.sites[site_id] = replace(self.sites[site_id], **habits)

    def network(self) -> Network:
        """Return the network as frozen records."""
        return Network(
            self.name,
            self.name,
            self.elements,
            self.tracked,
            dict(self.materials),
            dict(self.sites),
            dict(self.lines),
            dict(self.lanes),
            dict(self.routes),
            dict(self.countries),
        )


def serial_chain(
    cover_days: Sequence[float],
    lane_days: Sequence[int],
    *,
    plan: float = 10.0,
    habits: Mapping[str, Any] | None = None,
) -> Network:
    """Return a chain source -> stores -> works; all sites hold the same material.

    Parameters
    ----------
    cover_days, lane_days
        Stock of each tier and length of the lane into it, from the source down [days]; the last
        tier is the builder ``works``, those before it the stores ``tier_0``, ``tier_1``, ...
    plan
        What ``works`` builds [units/day].
    habits
        Fields of `Site` for every tier.
    """
    if len(cover_days) != len(lane_days):
        raise ValueError(f"{len(cover_days)} covers for {len(lane_days)} lanes; give one of each per tier")
    sketch = Sketch("serial_chain")
    sketch.source("source", "part", country="SS")
    before = "source"
    for tier, (cover, days) in enumerate(zip(cover_days, lane_days, strict=True)):
        if tier == len(cover_days) - 1:
            here = "works"
            sketch.builder(here, {"part": 1.0}, plan=plan, cover=cover, habits=habits)
        else:
            here = f"tier_{tier}"
            sketch.store(here, "part", cover=cover, **(habits or {}))
        sketch.lane(before, here, "part", days=days)
        before = here
    return sketch.network()


def two_suppliers(
    *,
    first_share: float,
    plan: float = 10.0,
    cover_days: float = 30.0,
    lane_days: int = 10,
    interchangeable_share: float = 1.0,
    second_capacity_per_day: float = math.inf,
    **habits: Any,
) -> Network:
    """Return a builder ``works`` that buys one part from the sources ``first`` and ``second``.

    Parameters
    ----------
    first_share
        Normal share of the lane ``first_works_part``; the other lane has the rest.
    second_capacity_per_day
        Limit of the second lane's route [units/day].
    habits
        Fields of `Site` for the builder.
    """
    sketch = Sketch("two_suppliers")
    sketch.source("first", "part", country="FF")
    sketch.source("second", "part", country="GG")
    sketch.builder("works", {"part": 1.0}, plan=plan, cover=cover_days, country="WW", habits=habits)
    for supplier, share in (("first", first_share), ("second", 1.0 - first_share)):
        sketch.lane(
            supplier,
            "works",
            "part",
            days=lane_days,
            share=share,
            interchangeable_share=interchangeable_share,
            route_capacity_per_day=second_capacity_per_day if supplier == "second" else math.inf,
        )
    return sketch.network()
