"""The chain of causes behind a shortfall: which lane brought less, since when, and why.

Owns the search; what it compares is in `evidence`, its words are in `explain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.trajectory import LIMIT_CAPACITY

if TYPE_CHECKING:
    from sim.analysis.evidence import Evidence

MAX_DEPTH = 9
"""Longest chain of suppliers that is told."""
MADE_SHARE = 0.99
"""A line that makes less than this share of the baseline made less."""
GAP_DAYS = 7
"""Two spells with fewer days between them are one."""
LEAST_WINDOW_DAYS = 14
"""Receipts are compared over at least so many days, longer than most review periods."""
CUT_OFF_SHARE = 0.05
"""A lane in the scope of a measure that ships no more than this share was cut, not starved."""
LIKEWISE_SHARE = 0.5
"""A second lane is told beside the worst if this share of the worst's amount is missing there."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a lane brought less."""

    kind: str
    """input: its line lacked a material; outage: the line itself; lane: the lane was cut; late: the way;
    shared: the supplier made as before and sent its goods elsewhere, or was asked for less."""
    supplier: str
    material: str
    """What was missing, for `input`."""
    line: int | None
    """The line that made less, for `input` and `outage`."""
    day: int
    """First day of the cause."""
    shipped: int
    """Day from which less was shipped."""
    landed: int | None
    """Day from which less landed; None if not yet."""
    until: int
    """Last day whose shipments could land in time."""


@dataclass(frozen=True, slots=True)
class Link:
    """One step up the chain: the lane into a stock that fell furthest behind, and why."""

    lane: int
    cause: Cause
    likewise: tuple[Cause, ...] = ()
    """Causes of other lanes into the stock that lacked the same material."""


@dataclass(frozen=True, slots=True)
class Spell:
    """Days on which a line made less for one kind of reason, with the output it lost in them."""

    first: int
    last: int
    lost: float


def chain(
    evidence: Evidence, site: str, component: str, day: int
) -> tuple[list[Link], tuple[str, str] | None]:
    """Follow a shortfall up the chain; return the links, and the stock that no lane starved, if any.

    A stock that was only just used up is explained by all receipts missing since it began to drain. A
    plant that ran from hand to mouth is explained by the receipts missing in that very spell: what was
    missing before, others made good.
    """
    links: list[Link] = []
    buyer, material, first, last = site, component, evidence.draining_from(site, component, day), day
    seen = {(site, component)}
    while len(links) < MAX_DEPTH:
        lanes = evidence.lanes_by_missing(buyer, material, first, last)
        if not lanes:
            return links, (buyer, material)
        cause = cause_of(evidence, lanes[0][0], first, last)
        others = [i for i, missing in lanes[1:] if missing >= LIKEWISE_SHARE * lanes[0][1]]
        alike = [cause_of(evidence, i, first, last) for i in others]
        likewise = tuple(item for item in alike if cause.kind == "input" and _is_alike(item, cause))
        links.append(Link(lanes[0][0], cause, likewise))
        if cause.kind != "input" or (cause.supplier, cause.material) in seen:
            return links, None
        seen.add((cause.supplier, cause.material))
        buyer, material, last = cause.supplier, cause.material, cause.until
        first = max(0, min(cause.day, last - LEAST_WINDOW_DAYS + 1))
    return links, None


def _is_alike(one: Cause, other: Cause) -> bool:
    return (one.kind, one.material) == (other.kind, other.material) and one.supplier != other.supplier


def cause_of(evidence: Evidence, lane: int, first: int, last: int) -> Cause:
    """Say why a lane landed less between two days."""
    record, run = evidence.lane(lane), evidence.run
    landed = evidence.lands_less_from(lane, last)
    until = max(0, last - round(float(run.lead_time_days[last, lane])))
    shipped = evidence.ships_less_from(lane, until)
    if shipped is None:
        day = first if landed is None else landed
        return Cause("late", record.supplier, "", None, day, day, landed, until)
    if not _is_cut_off(evidence, lane, shipped, until):
        for line, kind, spell in _spells_of(evidence, lane, until):
            if spell.last >= shipped:
                material, day = _binding(evidence, line, kind, spell, until)
                return Cause(kind, record.supplier, material, line, day, shipped, landed, until)
    kind = "lane" if evidence.acting_on(lane) is not None else "shared"
    return Cause(kind, record.supplier, "", None, shipped, shipped, landed, until)


def _is_cut_off(evidence: Evidence, lane: int, first: int, last: int) -> bool:
    days = slice(first, last + 1)
    normal = float(evidence.base.shipped[days, lane].sum())
    left = float(evidence.run.shipped[days, lane].sum())
    return left <= CUT_OFF_SHARE * normal and evidence.direct_on(lane) is not None


def _spells_of(evidence: Evidence, lane: int, until: int) -> list[tuple[int, str, Spell]]:
    """Return (line, kind, spell) of the lane's supplier until a day, the costliest first."""
    record, found = evidence.lane(lane), []
    for line, name in enumerate(evidence.run.lines):
        maker = evidence.network.lines[name]
        if maker.site != record.supplier or record.material not in maker.outputs:
            continue
        limit = evidence.run.line_limit[: until + 1, line]
        for kind, bound in (("input", limit >= 0), ("outage", limit == LIMIT_CAPACITY)):
            found += [(line, kind, spell) for spell in spells(evidence, line, np.asarray(bound), until)]
    return sorted(found, key=lambda item: (-item[2].lost, item[0], item[1]))


def spells(evidence: Evidence, line: int, bound: np.ndarray, until: int) -> list[Spell]:
    """Return the spells in which a line made less than in the baseline while something bound it."""
    made, normal = evidence.run.line_made[: until + 1, line], evidence.base.line_made[: until + 1, line]
    days = np.flatnonzero((made < MADE_SHARE * normal) & bound)
    if days.size == 0:
        return []
    parts = np.split(days, np.flatnonzero(np.diff(days) > GAP_DAYS) + 1)
    return [Spell(int(part[0]), int(part[-1]), float((normal - made)[part].sum())) for part in parts]


def _binding(evidence: Evidence, line: int, kind: str, spell: Spell, until: int) -> tuple[str, int]:
    """Return the material that cost a line most within a spell, with the first day it did."""
    if kind != "input":
        return "", spell.first
    days = np.arange(spell.first, min(spell.last, until) + 1)
    lost = np.maximum(evidence.base.line_made[days, line] - evidence.run.line_made[days, line], 0.0)
    limit = evidence.run.line_limit[days, line]
    cost = {int(code): float(lost[limit == code].sum()) for code in np.unique(limit[limit >= 0])}
    worst = max(cost, key=lambda code: cost[code])
    is_short = (limit == worst) & (lost > (1.0 - MADE_SHARE) * evidence.base.line_made[days, line])
    first = np.flatnonzero(is_short)
    return evidence.run.materials[worst], int(days[first[0]]) if first.size else spell.first
