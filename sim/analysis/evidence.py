"""A run beside its baseline: which flows fell, since when, and what stood behind them.

Owns comparisons only; the sentences are in `explain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.trajectory import LIMIT_CAPACITY, Stock
from sim.metrics import Reading
from sim.metrics.series import cover_of_site

if TYPE_CHECKING:
    from sim.case import Case
    from sim.domain import Lane, Network
    from sim.engine.trajectory import FloatArray, Trajectory
    from sim.interventions import Intervention

NOTICED_DAYS = 0.5
"""A flow has fallen once this many days of its normal amount are missing."""
CUT_SHARE = 0.02
"""A lane that ships this much less than in the baseline was cut."""
CHANGED_DAYS = 1.0
"""A line that is this many days of output ahead of or behind its baseline made more or less."""
LINE_CHANGED = 0.01
"""A line that runs at a rate this much different was changed."""
FALLEN_SHARE = 0.95
"""A cover below this share of the baseline's gave way."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a lane brought less."""

    kind: str
    """input: its line lacked a material; outage: the line itself; lane: the lane; late: the way."""
    supplier: str
    material: str
    """What was missing, for `input`."""
    day: int
    """First day of the cause."""
    shipped: int
    """First day that less was shipped."""
    landed: int | None
    """First day that less landed; None if not yet."""


@dataclass(frozen=True)
class Evidence:
    """Two trajectories of the same world, with and without the case's interventions."""

    case: Case
    run: Trajectory
    base: Trajectory
    day: int
    """Day from which runways count."""

    @property
    def network(self) -> Network:
        """The network of the case."""
        return self.case.network

    @cached_property
    def shipped_missing(self) -> FloatArray:
        """Cumulated shipments missing against the baseline, shape (day, lane) [unit of material]."""
        return np.asarray(np.cumsum(self.base.shipped - self.run.shipped, axis=0))

    @cached_property
    def received_missing(self) -> FloatArray:
        """Cumulated receipts missing against the baseline, shape (day, lane) [unit of material]."""
        return np.asarray(np.cumsum(self.base.received - self.run.received, axis=0))

    def date(self, day: int) -> str:
        """Return a day number as an ISO date."""
        return (self.run.start + timedelta(days=int(day))).isoformat()

    def site_name(self, site: str) -> str:
        """Return the name of a site for people."""
        return self.network.sites[site].name

    def material_name(self, material: str) -> str:
        """Return the name of a material inside a sentence."""
        record = self.network.materials.get(material)
        return (record.name if record is not None else material).replace("_", " ")

    def unit(self, material: str) -> str:
        """Return the unit of a material."""
        return self.network.materials[material].unit

    def lane(self, index: int) -> Lane:
        """Return the record of a lane of the trajectory."""
        return self.network.lanes[self.run.lanes[index]]

    def changed_lines(self) -> list[tuple[int, float]]:
        """Return (line, most it was ahead of or behind the baseline), by days of output, largest first."""
        ahead = np.cumsum(self.run.line_made - self.base.line_made, axis=0)
        most = np.where(ahead.max(axis=0) > -ahead.min(axis=0), ahead.max(axis=0), ahead.min(axis=0))
        usual = np.maximum(self.base.line_made.mean(axis=0), 1e-9)
        rows = [
            (i, float(most[i]))
            for i, name in enumerate(self.run.lines)
            if self.network.lines[name].drivers and abs(most[i]) > CHANGED_DAYS * usual[i]
        ]
        return sorted(rows, key=lambda row: (-abs(row[1]) / usual[row[0]], row[0]))

    def first_made_differently(self, line: int) -> int:
        """Return the first day on which a line ran at another rate than in the baseline."""
        gap = np.abs(self.run.line_made[:, line] - self.base.line_made[:, line])
        days = np.flatnonzero(gap > LINE_CHANGED * np.maximum(self.base.line_made[:, line], 1e-12))
        return int(days[0]) if days.size else 0

    def lowest_stock(self, site: str, material: str) -> float:
        """Return the lowest stock of a sold material [days of planned sales]."""
        row = self.run.stocks.index(Stock(site, material, "output"))
        planned = float(self.run.use_planned[row])
        return float(self.run.on_hand[:, row].min()) / planned if planned > 0.0 else 0.0

    def cover_text(self, site: str, material: str) -> str:
        """Write the cover of an input when runways begin to count."""
        for i, stock in enumerate(self.run.stocks):
            if (stock.site, stock.material, stock.role) == (site, material, "input"):
                level = self.run.opening_on_hand[i] if self.day == 0 else self.run.on_hand[self.day - 1, i]
                use = self.run.use_planned[i]
                return f"{level / use:.0f} days" if use > 0.0 else "a stock it does not normally use"
        return "no stock"

    def transit_days(self, lane: int) -> float:
        """Return the lead time a lane had when runways began to count [days]."""
        return float(self.run.lead_time_days[max(self.day - 1, 0), lane])

    def first_shipped_less(self, lane: int) -> int | None:
        """Return the first day on which a lane has noticeably shipped less than in the baseline."""
        return self._first_missing(self.shipped_missing[:, lane], self.base.shipped[:, lane])

    def first_landed_less(self, lane: int) -> int | None:
        """Return the first day on which a lane has noticeably landed less than in the baseline."""
        return self._first_missing(self.received_missing[:, lane], self.base.received[:, lane])

    def _first_missing(self, missing: FloatArray, normal: FloatArray) -> int | None:
        level = max(NOTICED_DAYS * float(normal.mean()), 1e-9)
        days = np.flatnonzero(missing > level)
        return int(days[0]) if days.size else None

    def worst_lane(self, buyer: str, material: str, until: int) -> int | None:
        """Return the lane into a stock with the most missing receipts by a day, if any is missing."""
        lanes = [
            i
            for i in range(len(self.run.lanes))
            if self.lane(i).buyer == buyer and self.lane(i).material == material
        ]
        missing = {i: float(self.received_missing[: until + 1, i].max(initial=0.0)) for i in lanes}
        worst = max(missing, key=lambda i: missing[i], default=None)
        if worst is None or missing[worst] <= 1e-9 * max(1.0, float(self.base.received[:, worst].sum())):
            return None
        return worst

    def cause_of(self, lane: int, until: int) -> Cause:
        """Say why a lane brought less by a day."""
        record = self.lane(lane)
        shipped, landed = self.first_shipped_less(lane), self.first_landed_less(lane)
        if shipped is None or shipped > until:
            day = landed if landed is not None else until
            return Cause("late", record.supplier, "", day, day, landed)
        for line in self._lines_making(record.supplier, record.material):
            limit, fell = self.run.line_limit[: until + 1, line], self._made_less(line, until)
            short = np.flatnonzero(fell & (limit >= 0))
            if short.size:
                day = int(short[0])
                return Cause("input", record.supplier, self.run.materials[limit[day]], day, shipped, landed)
            down = np.flatnonzero(fell & (limit == LIMIT_CAPACITY))
            if down.size:
                return Cause("outage", record.supplier, "", int(down[0]), shipped, landed)
        return Cause("lane", record.supplier, "", shipped, shipped, landed)

    def _made_less(self, line: int, until: int) -> np.ndarray:
        made, normal = self.run.line_made[: until + 1, line], self.base.line_made[: until + 1, line]
        return np.asarray(made < 0.99 * normal)

    def _lines_making(self, site: str, material: str) -> list[int]:
        return [
            i
            for i, line in enumerate(self.run.lines)
            if self.network.lines[line].site == site and material in self.network.lines[line].outputs
        ]

    def shipped_less(self, lane: int) -> tuple[float, float]:
        """Return what a lane shipped less over the run: the amount, and as a share of the baseline."""
        normal = float(self.base.shipped[:, lane].sum())
        lost = normal - float(self.run.shipped[:, lane].sum())
        return lost, lost / normal if normal > 0.0 else 0.0

    def cut_lanes(self) -> list[int]:
        """Return the lanes that were cut first, those in an intervention's scope before all others."""
        found = []
        for lane in range(len(self.run.lanes)):
            lost, share = self.shipped_less(lane)
            day = self.first_shipped_less(lane)
            if day is not None and share > CUT_SHARE:
                found.append((-self._best_match(lane), day, -share, -lost, lane))
        if not found:
            return []
        best = min(found)[0]
        first = min(day for match, day, *_ in found if match == best)
        return [item[-1] for item in sorted(found) if item[0] == best and item[1] <= first + 7]

    def late_lanes(self) -> list[int]:
        """Return the lanes on which goods landed later, first ones first."""
        days = {lane: self.first_landed_less(lane) for lane in range(len(self.run.lanes))}
        return sorted((lane for lane, day in days.items() if day is not None), key=lambda i: (days[i], i))

    def alternatives(self, lane: int) -> list[tuple[int, float]]:
        """Return the other lanes into the same stock that brought more, with how much more."""
        record = self.lane(lane)
        more = -self.received_missing[-1]
        found = [
            (i, float(more[i]))
            for i in range(len(self.run.lanes))
            if i != lane
            and self.lane(i).buyer == record.buyer
            and self.lane(i).material == record.material
            and more[i] > 0.005 * max(self.shipped_less(lane)[0], 1e-12)
        ]
        return sorted(found, key=lambda item: (-item[1], item[0]))

    def drawn_from_stock(self, site: str, material: str) -> float:
        """Return how much less of an input is left at the end than in the baseline."""
        for i, stock in enumerate(self.run.stocks):
            if (stock.site, stock.material, stock.role) == (site, material, "input"):
                return max(0.0, float(self.base.on_hand[-1, i] - self.run.on_hand[-1, i]))
        return 0.0

    def thinnest(self) -> tuple[str, float, float, int] | None:
        """Return (site, normal cover, least cover, day) where cover fell most against the baseline."""
        worst: tuple[float, str, float, float, int] | None = None
        views = Reading(self.run, self.network).sites, Reading(self.base, self.network).sites
        for view, twin in zip(*views, strict=True):
            cover, normal = cover_of_site(view), cover_of_site(twin)
            if not np.isfinite(normal).all() or not (normal > 0.0).any():
                continue
            ratio = np.where(normal > 0.0, cover / np.where(normal > 0.0, normal, 1.0), 1.0)
            day = int(ratio.argmin())
            item = (float(ratio[day]), view.site, float(normal[day]), float(cover[day]), day)
            worst = item if worst is None else min(worst, item)
        if worst is None or worst[0] > FALLEN_SHARE:
            return None
        return worst[1], worst[2], worst[3], worst[4]

    def intervention_on(self, lane: int) -> Intervention | None:
        """Return the case's own intervention whose scope fits a lane best."""
        own = [item for item in self.case.interventions if item.id not in self.case.background]
        if not own:
            return None
        return max(own, key=lambda item: self._match(item, lane))

    def _best_match(self, lane: int) -> int:
        item = self.intervention_on(lane)
        return 0 if item is None else self._match(item, lane)

    def _match(self, item: Intervention, lane: int) -> int:
        """Return 2 if an intervention turns a lever of the lane, 1 if one of its supplier's lines, else 0."""
        record = self.lane(lane)
        scope = self._scopes[item.id]
        routes = {part.route for part in record.routes}
        if record.lane_id in scope or routes & scope:
            return 2
        lines = {line.line_id for line in self.network.lines_at(record.supplier)}
        return 1 if lines & scope else 0

    @cached_property
    def _scopes(self) -> dict[str, set[str]]:
        """Ids of the lanes, routes and lines each intervention may turn."""
        found: dict[str, set[str]] = {}
        for item in self.case.interventions:
            rows = [row for scope in item.touches(self.network).values() for row in scope]
            found[item.id] = {row.split("|")[0] for row in rows}
        return found
