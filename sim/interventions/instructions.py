"""The plain instructions an intervention's timeline yields. The engine's calendar carries them out."""

from __future__ import annotations

from dataclasses import dataclass


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
    """Go on at the start of this day (days from the scenario's start; may be negative or past)."""

    day: float


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


Instruction = Turn | WaitUntil | WaitFor | Reach | Note
