"""A run beside its baseline: which flows fell, since when, and what stood behind them.

Owns comparisons only; the sentences are in `explain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.trajectory import Stock
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
DIRECT = 2
"""Match of an intervention that turns a lever of a lane itself, or of a route the lane uses."""
FALLEN_SHARE = 0.95
"""A cover below this share of the baseline's gave way."""


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
        row = self.input_row(site, material)
        if row is None:
            return "no stock"
        level = self.run.opening_on_hand[row] if self.day == 0 else self.run.on_hand[self.day - 1, row]
        use = self.run.use_planned[row]
        return f"{level / use:.0f} days" if use > 0.0 else "a stock it does not normally use"

    def transit_days(self, lane: int) -> float:
        """Return the lead time a lane had when runways began to count [days]."""
        return float(self.run.lead_time_days[max(self.day - 1, 0), lane])

    def first_shipped_less(self, lane: int) -> int | None:
        """Return the first day on which a lane has noticeably shipped less than in the baseline."""
        days = np.flatnonzero(self.shipped_missing[:, lane] > _noticed(self.base.shipped[:, lane]))
        return int(days[0]) if days.size else None

    def ships_less_from(self, lane: int, until: int) -> int | None:
        """Return the day from which a lane shipped less and less than in the baseline, up to a day."""
        return falls_from(self.shipped_missing[:, lane], _noticed(self.base.shipped[:, lane]), until)

    def lands_less_from(self, lane: int, until: int) -> int | None:
        """Return the day from which a lane landed less and less than in the baseline, up to a day."""
        return falls_from(self.received_missing[:, lane], _noticed(self.base.received[:, lane]), until)

    def lanes_into(self, buyer: str, material: str) -> list[int]:
        """Return the lanes into a stock."""
        return [
            i
            for i in range(len(self.run.lanes))
            if self.lane(i).buyer == buyer and self.lane(i).material == material
        ]

    def draining_from(self, buyer: str, material: str, until: int) -> int:
        """Return the day from which all lanes into a stock together landed less, up to a day."""
        lanes = self.lanes_into(buyer, material)
        normal = self.base.received[:, lanes].sum(axis=1)
        start = falls_from(self.received_missing[:, lanes].sum(axis=1), _noticed(normal), until)
        return until if start is None else start

    def landed_missing(self, lane: int, first: int, last: int) -> float:
        """Return the receipts missing against the baseline from one day to another, both included."""
        before = self.received_missing[first - 1, lane] if first > 0 else 0.0
        return float(self.received_missing[last, lane] - before)

    def lanes_by_missing(self, buyer: str, material: str, first: int, last: int) -> list[tuple[int, float]]:
        """Return (lane, missing receipts) of a stock within some days, what is missing most first."""
        found = [(i, self.landed_missing(i, first, last)) for i in self.lanes_into(buyer, material)]
        floor = {i: 1e-9 * max(1.0, float(self.base.received[:, i].sum())) for i, _ in found}
        return sorted(((i, m) for i, m in found if m > floor[i]), key=lambda item: (-item[1], item[0]))

    def cover_left(self, site: str, material: str, day: int) -> float:
        """Return the cover of an input at the end of a day, whatever lane it came by [days]."""
        row = self.input_row(site, material)
        if row is None or self.run.use_planned[row] <= 0.0:
            return 0.0
        return float(self.run.on_hand[day, row] / self.run.use_planned[row])

    def input_row(self, site: str, material: str) -> int | None:
        """Return the row of a bought material's stock, if the site has one."""
        for i, stock in enumerate(self.run.stocks):
            if (stock.site, stock.material, stock.role) == (site, material, "input"):
                return i
        return None

    def cut_lanes(self) -> list[int]:
        """Return the lanes that were cut first, those in an intervention's scope before all others."""
        found = []
        for lane in range(len(self.run.lanes)):
            day = self.first_shipped_less(lane)
            lost = float(self.shipped_missing[-1, lane])
            share = lost / max(float(self.base.shipped[:, lane].sum()), 1e-12)
            if day is not None and share > CUT_SHARE:
                found.append((-self._best_match(lane), day, -share, -lost, lane))
        if not found:
            return []
        best = min(found)[0]
        first = min(day for match, day, *_ in found if match == best)
        return [item[-1] for item in sorted(found) if item[0] == best and item[1] <= first + 7]

    def shipped_less_from(self, lanes: list[int], day: int) -> float:
        """Return what lanes shipped less from a day on, as a share of the baseline from that day on."""
        normal = float(self.base.shipped[day:, lanes].sum())
        lost = normal - float(self.run.shipped[day:, lanes].sum())
        return lost / normal if normal > 0.0 else 0.0

    def feeds(self, lane: int) -> bool:
        """Tell whether a lane brings goods in the baseline."""
        return bool(self.base.received[:, lane].sum() > 0.0)

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
        return max(self.own, key=lambda item: self._match(item, lane), default=None)

    def direct_on(self, lane: int) -> Intervention | None:
        """Return the case's own intervention that turns a lever of this very lane, if one does."""
        item = self.intervention_on(lane)
        return item if item is not None and self._match(item, lane) == DIRECT else None

    def acting_on(self, lane: int) -> Intervention | None:
        """Return the case's own intervention on a lane or on its supplier's lines, if there is one."""
        item = self.intervention_on(lane)
        return item if item is not None and self._match(item, lane) > 0 else None

    def closing(self, lane: int, route: str) -> Intervention | None:
        """Return the case's own intervention that turns a lever of a lane's route, if one does."""
        wanted = {route, f"{self.run.lanes[lane]}|{route}"}
        for item in self.own:
            if any(wanted & set(rows) for rows in item.touches(self.network).values()):
                return item
        return None

    @property
    def own(self) -> list[Intervention]:
        """The case's interventions that the baseline does not have."""
        return [item for item in self.case.interventions if item.id not in self.case.background]

    def _best_match(self, lane: int) -> int:
        item = self.intervention_on(lane)
        return 0 if item is None else self._match(item, lane)

    def _match(self, item: Intervention, lane: int) -> int:
        """Return 2 if an intervention turns a lever of the lane, 1 if one of its supplier's lines, else 0."""
        record = self.lane(lane)
        scope = self._scopes[item.id]
        routes = {part.route for part in record.routes}
        if record.lane_id in scope or routes & scope:
            return DIRECT
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


def _noticed(normal: FloatArray) -> float:
    """Return the amount of a flow that is noticed when it is missing."""
    return max(NOTICED_DAYS * float(normal.mean()), 1e-9)


def falls_from(missing: FloatArray, level: float, until: int) -> int | None:
    """Return the day by which ``level`` is missing since a flow last held its own, looking back from a day.

    Parameters
    ----------
    missing
        Cumulated shortfall against the baseline, shape (day,); it falls where the flow is ahead.

    Examples
    --------
    Half a unit was missing once; from day 4 on one unit is missing each day.

    >>> falls_from(np.array([0.5, 0.5, 0.0, 0.0, 1.0, 2.0]), 0.6, 5)
    4
    """
    total = np.concatenate(([0.0], missing[: until + 1]))
    lowest = total.size - 1 - int(np.argmin(total[::-1]))
    days = np.flatnonzero(total[lowest:] - total[lowest] > level)
    return lowest + int(days[0]) - 1 if days.size else None
