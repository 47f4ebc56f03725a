"""How far interventions turn each lever on each day, without a run.

Timelines are walked as the engine's calendar walks them: an instruction of day 3.5 holds from day 4 on. What
depends on the state of a run (the decisions of an authority) is left out.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.engine.board import combine
from sim.interventions import Intervention
from sim.interventions.base import Timeline, World
from sim.interventions.instructions import Reach, Turn, WaitFor, WaitUntil
from sim.interventions.levers import LEVERS


@dataclass(slots=True)
class Levels:
    """The lever values of a window.

    Attributes
    ----------
    horizon_days
        Length of the window from day 0 on [days].
    turned
        By lever and row: (first day, intervention, value), in order of time.
    """

    horizon_days: int
    turned: dict[tuple[str, str], list[tuple[int, str, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def daily(self, lever: str, row: str) -> NDArray[np.float64]:
        """Return the value of a lever's row on each day, shape (day,)."""
        rule = LEVERS[lever]
        days = np.full(self.horizon_days, rule.neutral)
        held: dict[str, float] = {}
        for first, owner, value in self.turned.get((lever, row), ()):
            if value == rule.neutral:
                held.pop(owner, None)
            else:
                held[owner] = value
            days[min(first, self.horizon_days) :] = combine(rule, held)
        return days

    def rows(self, lever: str) -> tuple[str, ...]:
        """Return the rows of a lever that anything turns, by id."""
        return tuple(sorted(row for name, row in self.turned if name == lever))


@dataclass(slots=True)
class _Waiting:
    """Timelines that wait for a day or for a milestone of another."""

    due: list[tuple[float, int, int]] = field(default_factory=list)
    """(day, order of arrival, timeline)"""
    reached: dict[tuple[str, str], float] = field(default_factory=dict)
    for_milestone: dict[tuple[str, str], list[tuple[int, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    count: int = 0

    def add(self, day: float, timeline: int) -> None:
        heapq.heappush(self.due, (day, self.count, timeline))
        self.count += 1


def levels_of(interventions: Iterable[Intervention], world: World) -> Levels:
    """Walk the timelines of some interventions and return what they turn within the world's horizon."""
    items = sorted(interventions, key=lambda item: item.id)
    found = Levels(world.horizon_days)
    timelines: list[Timeline] = [item.timeline(world) for item in items]
    answers: list[float | None] = [None] * len(items)
    waiting = _Waiting()
    for number in range(len(items)):
        waiting.add(0.0, number)
    while waiting.due:
        now, _, number = heapq.heappop(waiting.due)
        if now >= world.horizon_days:
            break
        _walk(items[number].id, timelines[number], number, now, answers, waiting, found)
    return found


def _walk(
    owner: str,
    timeline: Timeline,
    number: int,
    now: float,
    answers: list[float | None],
    waiting: _Waiting,
    found: Levels,
) -> None:
    """Follow one timeline until it waits or ends."""
    while True:
        try:
            instruction = timeline.send(answers[number])
        except StopIteration:
            return
        answers[number] = None
        if isinstance(instruction, WaitUntil):
            if instruction.day > now:
                waiting.add(instruction.day, number)
                return
        elif isinstance(instruction, WaitFor):
            key = (instruction.intervention, instruction.milestone)
            if key not in waiting.reached:
                waiting.for_milestone[key].append((number, instruction.lag_days))
                return
            answers[number] = waiting.reached[key]
            if instruction.lag_days > 0.0:
                waiting.add(now + instruction.lag_days, number)
                return
        elif isinstance(instruction, Reach):
            key = (owner, instruction.milestone)
            waiting.reached.setdefault(key, now)
            for other, lag in waiting.for_milestone.pop(key, ()):
                answers[other] = now
                waiting.add(now + lag, other)
        elif isinstance(instruction, Turn):
            for row in instruction.scope:
                found.turned[instruction.lever, row].append((math.ceil(now), owner, instruction.value))
