"""The plain instructions an intervention's timeline yields. The engine's calendar carries them out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sim.domain import Number


@dataclass(frozen=True, slots=True)
class Turn:
    """Set this intervention's contribution to a lever, from this morning on.

    `scope` holds ids: lane ids, line ids, route ids, or ``"lane_id|route_id"`` for lane routes.
    Turning a row back to the lever's neutral value withdraws the contribution.
    """

    lever: str
    scope: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Go on at the start of this day (days from the scenario's start; may be negative or past).

    With `works_on`, the days since the instruction before are days of work on new capacity of a line: they
    pass at the pace of its lever `line_pace`, but for no longer than until `latest`.
    """

    day: float
    works_on: str = ""
    latest: float = math.inf


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Go on when another intervention reaches a milestone, plus a lag.

    The generator receives the milestone's day through ``send``.
    """

    intervention: str
    milestone: str = "start"
    """announced, start or end"""
    lag_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Announce that a milestone of this intervention is reached today."""

    milestone: str


@dataclass(frozen=True, slots=True)
class Note:
    """Write a dated sentence into the run's log of what happened."""

    text: str


@dataclass(frozen=True, slots=True)
class Examiner:
    """How an authority deals with the applications for some lanes.

    Attributes
    ----------
    name
        Of the office; its streams of luck are found by it.
    approval, slowness, rank
        By lane: the share of applications that is granted, what multiplies the examination, and the
        class of priority (0 first).
    preparing_days, processing_days, returned_days
        Papers before an application is filed; examination; time lost when it is returned [days].
    decisions_per_week
        (day, decisions a week from then on), by day; infinity: no limit, 0: reviews stopped.
    licence_tonnes
        What one decision covers at most [unit of material].
    returned_share
        Share of applications that is returned once for information.
    is_final
        A refusal is final; else the seller applies anew.
    validity_days
        Time from the grant until what is unused lapses [days].
    by_event, examiners, decision_days
        Each application is a process of its own; how many decide at the same time, and how long each takes
        [days] (None: as `decisions_per_week` has it).
    """

    name: str
    approval: Mapping[str, float]
    slowness: Mapping[str, float]
    rank: Mapping[str, int]
    preparing_days: Number
    processing_days: Number
    returned_days: Number
    decisions_per_week: tuple[tuple[float, float], ...]
    licence_tonnes: float
    returned_share: float
    is_final: bool
    validity_days: float
    by_event: bool = False
    examiners: int = 1
    decision_days: Number | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Open an office: from today it takes applications for its lanes, week by week."""

    examiner: Examiner


@dataclass(frozen=True, slots=True)
class Allow:
    """Begin a window of a quota: from this morning its members may together ship, or make, so much.

    What was left of the window before lapses. The levers `lane_quota_level` and `line_quota_level` say how
    strongly it binds.

    Attributes
    ----------
    quota
        Name of the quota, unique in the scenario.
    rows
        Lane ids, or line ids; the same at each window.
    weights
        What a line's unit counts for [unit of quantity per unit of driver output]; empty: 1 each.
    quantity
        Allowed within the window [unit of material].
    until
        First day after the window (days from the scenario's start).
    free
        What each lane may ship a day without counting [unit of material/day]; empty: nothing.
    """

    quota: str
    rows: tuple[str, ...]
    quantity: float
    until: float
    weights: tuple[float, ...] = ()
    free: tuple[float, ...] = ()
    of_lines: bool = False


@dataclass(frozen=True, slots=True)
class OriginTest:
    """What a rule asks of the goods on a lane: whether somebody had too much of a hand in them.

    Attributes
    ----------
    weights
        By element: what a share of 1 adds to the value that is compared.
    classes
        (stage, jurisdiction) whose shares count; the stage is mined, separated, metal, magnet or touched.
    threshold
        The value at which goods are caught.
    """

    weights: Mapping[str, float]
    classes: tuple[tuple[str, str], ...]
    threshold: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Judge the stocks behind some lanes, today and every week, and turn a lever where they are caught.

    A value that is neutral ends the watch of this name. `tests` has the test of each lane in `scope`; None
    catches it in any case.
    """

    lever: str
    scope: tuple[str, ...]
    value: float
    name: str
    tests: Mapping[str, OriginTest | None]


Instruction = Turn | WaitUntil | WaitFor | Reach | Note | Open | Allow | Watch
