"""The facts conditions are checked on, read from the two trajectories of a run.

Owns sums over lanes, lines and shipments that no metric needs. Knows no condition; see `must_hold`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.names import countries_of, goods_of, materials_of, routes_of
from sim.domain import Lane, Line, LineKind, Network, central
from sim.interventions.scope import resolve_place

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.trajectory import Trajectory
    from sim.results.ensemble import Ensemble
    from sim.results.run import Run

DAYS_PER_YEAR = 365.0
MAKERS = (LineKind.MINE, LineKind.PLANT, LineKind.SOURCE)
RAW_FORMS = frozenset({"ore", "concentrate", "carbonate"})
"""Forms whose tonnes are counted by their contents, so that rich and lean ones add up."""


@dataclass(frozen=True)
class RunFacts:
    """A finished run beside its baseline, both still in memory."""

    network: Network
    trajectory: Trajectory
    baseline_trajectory: Trajectory
    metrics: pd.DataFrame
    baseline_metrics: pd.DataFrame
    headline: str
    runway_from: date
    ensemble: Ensemble | None = None

    @classmethod
    def of(cls, run: Run) -> RunFacts:
        """Return the facts of a run that was just made.

        Raises
        ------
        ValueError
            If the run was read from its folder, which keeps the verdicts but not the trajectories.
        """
        if run.case is None or run.trajectory is None or run.baseline_trajectory is None:
            raise ValueError(f"run {run.name!r} was read from its folder; its verdicts are in its manifest")
        return cls(
            network=run.case.network,
            trajectory=run.trajectory,
            baseline_trajectory=run.baseline_trajectory,
            metrics=run.metrics,
            baseline_metrics=run.baseline_metrics,
            headline=run.headline,
            runway_from=date.fromisoformat(str(run.manifest["runway_from"])),
            ensemble=None if run.replications.empty else run.ensemble,
        )

    @property
    def start(self) -> date:
        """Day 0."""
        return self.trajectory.start

    @property
    def runway_from_day(self) -> int:
        """Day number of `runway_from`."""
        return (self.runway_from - self.start).days

    def sites_in(self, place: str) -> frozenset[str]:
        """Return the sites of a site id, country, bloc or operator."""
        return resolve_place(self.network, place)

    def sites_of_use(self, end_use: str) -> frozenset[str]:
        """Return the sites of an end use."""
        return frozenset(name for name, site in self.network.sites.items() if site.end_use == end_use)

    def touched_share(self, element: str, site: str, jurisdiction: str) -> float:
        """Return the share of an element at a site touched in a jurisdiction, last before `runway_from`.

        A country that cannot have touched it has no record there: its share is 0.

        Raises
        ------
        ValueError
            If it is not recorded there, or the name stands for several countries.
        """
        run, codes = self.trajectory, countries_of(self.network, jurisdiction)
        kept = {key[2]: i for i, key in enumerate(run.touched_keys) if key[:2] == (site, element)}
        columns = [kept[code] for code in codes if code in kept]
        if kept and not columns:
            return 0.0
        if len(columns) != 1:
            raise ValueError(f"a condition asks what {jurisdiction} touched of {element} at {site}, "
                             f"which is not recorded as one share")  # fmt: skip
        earlier = np.flatnonzero(run.touched_days < self.runway_from_day)
        return float(run.touched[int(earlier[-1]) if earlier.size else 0, columns[0]])

    def touched(self, place: str, jurisdiction: str) -> tuple[float, float]:
        """Return the mean share of the place's inputs touched in a jurisdiction, before and at the end.

        The mean is over the recorded sites of the place and the elements in them; `before` is the last
        record before `runway_from`.
        """
        run, sites, codes = self.trajectory, self.sites_in(place), countries_of(self.network, jurisdiction)
        columns = [i for i, key in enumerate(run.touched_keys) if key[0] in sites and key[2] in codes]
        if not columns:
            asked = f"a condition asks what {jurisdiction} touched in {place}"
            raise ValueError(f"{asked}, which is not recorded")
        earlier = np.flatnonzero(run.touched_days < self.runway_from_day)
        first = int(earlier[-1]) if earlier.size else 0
        before, after = run.touched[first, columns], run.touched[-1, columns]
        there = np.isfinite(before) & np.isfinite(after)
        if not there.any():
            return float("nan"), float("nan")
        return float(before[there].mean()), float(after[there].mean())

    def leaving_tonnes_per_year(self, material: str, country: str, destination: str | None) -> float:
        """Return what a country ships across its border, over the horizon [t/yr]."""
        goods, origin = materials_of(self.network, material), countries_of(self.network, country)
        targets = None if destination is None else countries_of(self.network, destination)

        def counts(lane: Lane) -> bool:
            buyer = self.network.sites[lane.buyer].country
            return (
                lane.material in goods
                and self.network.sites[lane.supplier].country in origin
                and buyer not in origin
                and (targets is None or buyer in targets)
            )

        run = self.trajectory
        lanes = [i for i, lane_id in enumerate(run.lanes) if counts(self.network.lanes[lane_id])]
        return float(run.shipped[:, lanes].sum()) / run.n_days * DAYS_PER_YEAR

    def output_tonnes(self, material: str, country: str | None) -> tuple[float, float]:
        """Return what mines and plants made of a material or form, in baseline and run [t].

        Ores, concentrates and carbonates count by their contents.
        """
        goods = materials_of(self.network, material)
        places = None if country is None else countries_of(self.network, country)
        weights = np.zeros(len(self.trajectory.lines))
        for i, line_id in enumerate(self.trajectory.lines):
            line = self.network.lines[line_id]
            if line.kind in MAKERS and (places is None or self.network.sites[line.site].country in places):
                weights[i] = sum(
                    central(amount) * self._tonnes(item)
                    for item, amount in line.outputs.items()
                    if self._is_made(item, goods, line)
                )
        runs = (self.baseline_trajectory, self.trajectory)
        before, after = (float((run.line_made.sum(axis=0) * weights).sum()) for run in runs)
        return before, after

    def site_output_tonnes(
        self, material: str, site: str, first: date | None, last: date | None
    ) -> tuple[float, float]:
        """Return what a site made of a material or form in `[first, last)`, in baseline and run [t]."""
        goods = materials_of(self.network, material)
        days = slice(*(None if day is None else max((day - self.start).days, 0) for day in (first, last)))
        weights = np.zeros(len(self.trajectory.lines))
        for i, line_id in enumerate(self.trajectory.lines):
            line = self.network.lines[line_id]
            if line.site == site:
                made = ((item, amount) for item, amount in line.outputs.items() if item in goods)
                weights[i] = sum(central(amount) * self._tonnes(item) for item, amount in made)
        runs = (self.baseline_trajectory, self.trajectory)
        before, after = (float((run.line_made[days].sum(axis=0) * weights).sum()) for run in runs)
        return before, after

    def landed_share(
        self, material: str, origin: str, country: str, first: date | None, last: date | None
    ) -> float:
        """Return what part of what landed in a country in `[first, last)` came from another or itself."""
        everywhere = sorted({site.country for site in self.network.sites.values()})
        own, *others = (
            self.landed_tonnes(material, place, country, first, last)[1] for place in (origin, *everywhere)
        )
        return own / sum(others) if sum(others) > 0.0 else math.nan

    def exported_tonnes(self, goods: str, country: str, first: date, last: date) -> float:
        """Return what a country shipped of some goods to others in `[first, last)` [t]."""
        wanted, senders = goods_of(self.network, goods), countries_of(self.network, country)
        sites, run = self.network.sites, self.trajectory
        lanes = [
            i
            for i, lane in enumerate(self.network.lanes[name] for name in run.lanes)
            if lane.material in wanted
            and sites[lane.supplier].country in senders
            and sites[lane.buyer].country not in senders
        ]
        days = slice(*(max((day - self.start).days, 0) for day in (first, last)))
        return float(run.shipped[days, lanes].sum())

    def landed_tonnes(
        self, material: str, origin: str, country: str, first: date | None, last: date | None
    ) -> tuple[float, float]:
        """Return what landed in a country from another in `[first, last)`, in baseline and run [t]."""
        goods = materials_of(self.network, material)
        senders, buyers = countries_of(self.network, origin), countries_of(self.network, country)
        sites = self.network.sites
        days = slice(*(None if day is None else max((day - self.start).days, 0) for day in (first, last)))
        lanes = [
            i
            for i, lane in enumerate(self.network.lanes[name] for name in self.trajectory.lanes)
            if lane.material in goods
            and sites[lane.supplier].country in senders
            and sites[lane.buyer].country in buyers
        ]
        runs = (self.baseline_trajectory, self.trajectory)
        before, after = (float(run.received[days, lanes].sum()) for run in runs)
        return before, after

    def _is_made(self, material_id: str, goods: frozenset[str], line: Line) -> bool:
        # A plant that passes a concentrate on has not mined it.
        is_raw = self.network.materials[material_id].form in RAW_FORMS
        return material_id in goods and (line.kind is not LineKind.PLANT or not is_raw)

    def _tonnes(self, material_id: str) -> float:
        material = self.network.materials[material_id]
        if material.form in RAW_FORMS and material.contents:
            return sum(material.contents.values())
        return 1.0

    def transit_days(self, route: str) -> tuple[float, float]:
        """Return the mean days under way of goods that left by a route in force, baseline and run.

        `route` is a route id or a point that routes pass; goods that have not landed do not count.

        Raises
        ------
        ValueError
            If no route has this name or passes it.
        """
        run = self.trajectory
        wanted = routes_of(self.network, route)
        chosen = [i for i, route_id in enumerate(run.routes) if route_id in wanted]
        before, after = (self._mean_days(item, chosen) for item in (self.baseline_trajectory, run))
        return before, after

    def _mean_days(self, run: Trajectory, routes: list[int]) -> float:
        rows = run.shipments
        # Goods that leave in the last days land late by chance of the window, so the landed must be
        # comparable: only those that left early enough for the slowest to land.
        inside = np.isin(rows["route"], routes) & (rows["ship_day"] >= self.runway_from_day)
        days = rows["arrival_day"] - rows["ship_day"]
        landed = inside & (rows["arrival_day"] >= 0)
        if not landed.any():
            return float("nan")
        latest = run.n_days - int(days[landed].max())
        landed &= rows["ship_day"] < latest
        weights = rows["quantity"][landed]
        if weights.sum() <= 0.0:
            return float("nan")
        return float((days[landed] * weights).sum() / weights.sum())
