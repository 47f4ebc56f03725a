"""What the tests of the reference network share: cases read once, and figures of a trajectory."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np

from sim.case import Case
from sim.domain import LineKind, Network
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportBan
from sim.scenario import load

DAYS_PER_YEAR = 365.0
SAME = 1e-9
ALWAYS_DIFFERENT = {"name", "simulate_seconds", "log"}
"""Nothing here says anything about goods."""


@cache
def case_of(name: str, horizon_days: int = 0) -> Case:
    """Return a scenario of the library, over its own or another horizon."""
    case = load(name).case
    return replace(case, horizon_days=horizon_days) if horizon_days else case


def ban_of(case: Case) -> ExportBan:
    """Return the one intervention of a case that is an export ban."""
    (ban,) = case.interventions
    assert isinstance(ban, ExportBan)
    return ban


def with_ban(case: Case, **changes: object) -> Case:
    """Return the case with fields of its ban changed."""
    return replace(case, interventions=(replace(ban_of(case), **changes),))


def oem_lines(network: Network) -> list[str]:
    """Return the lines of manufacturers, sorted."""
    return sorted(
        line.line_id
        for line in network.lines.values()
        if line.kind is LineKind.BUILD and network.sites[line.site].stage == "oem"
    )


def lost_shares(case: Case, run: Trajectory) -> dict[str, float]:
    """Return the share of plan that each manufacturer's line lost over the horizon."""
    found = {}
    for line in oem_lines(case.network):
        column = run.lines.index(line)
        planned = float(run.line_planned[:, column].sum())
        found[line] = 1.0 - float(run.line_made[:, column].sum()) / planned
    return found


def first_short_day(case: Case, run: Trajectory, site: str) -> float:
    """Return the first day a site's line makes less than 99.9 % of plan; infinity if it never does."""
    days = [
        np.flatnonzero(run.line_made[:, i] < 0.999 * run.line_planned[:, i])
        for i, line in enumerate(run.lines)
        if case.network.lines[line].site == site
    ]
    return min((float(found[0]) for found in days if found.size), default=np.inf)


def differing(one: Trajectory, other: Trajectory, until: int | None = None) -> list[str]:
    """Return the names of the daily arrays that differ in any bit, before a day if one is given."""
    found = []
    for item in fields(Trajectory):
        first, second = getattr(one, item.name), getattr(other, item.name)
        if item.name in ALWAYS_DIFFERENT:
            continue
        if not isinstance(first, np.ndarray):
            if until is None and first != second:
                found.append(item.name)
            continue
        if until is not None:
            if first.ndim != 2 or first.shape[0] != one.n_days:
                continue
            first, second = first[:until], second[:until]
        if first.shape != second.shape or first.tobytes() != second.tobytes():
            found.append(item.name)
    return found


__all__ = [
    "DAYS_PER_YEAR",
    "SAME",
    "ban_of",
    "case_of",
    "differing",
    "first_short_day",
    "lost_shares",
    "oem_lines",
    "simulate",
    "with_ban",
]
