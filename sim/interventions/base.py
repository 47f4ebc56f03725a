"""What every intervention has in common: when it acts, on what, and how strongly.

An intervention is a frozen dataclass. Its `timeline` is a generator of plain instructions; the engine
runs it as a process of its calendar. An intervention turns levers and never touches a tonne. It uses
the standard library only, so that it can be written, read and tested without an engine.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from sim.domain import Network, Number
from sim.interventions.instructions import Instruction, Reach, WaitFor, WaitUntil

if TYPE_CHECKING:
    import numpy as np

Timeline = Generator[Instruction, float | None, None]
"""Yields instructions; the engine sends the day at which a `WaitFor` was answered."""


class World(Protocol):
    """What an intervention may know: the network, the window, and its own luck. Never the state."""

    network: Network
    horizon_days: int

    def day(self, when: date) -> float:
        """Return the day number of a date (day 0 is the scenario's start)."""

    def rng(self, stream: str) -> np.random.Generator:
        """Return the generator of a stream named by this name, the case's seed and the replication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A window `[start, end)` in which the intervention does nothing."""

    start: date = field(metadata={"alias": "from", "doc": "first day of the pause"})
    end: date | None = field(
        default=None, metadata={"alias": "to", "doc": "first day after it; missing: for good"}
    )
    announced: date | None = field(default=None, metadata={"doc": "when it was made known"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From this day on the intervention acts at `level` (1: in full, 0: not at all)."""

    start: date = field(metadata={"alias": "from", "doc": "first day of the level"})
    level: float = field(metadata={"doc": "strength from then on", "unit": "share"})


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """Start as a reaction to another intervention instead of on a date."""

    intervention: str = field(metadata={"alias": "id", "doc": "id of the other intervention"})
    milestone: str = field(default="start", metadata={"doc": "announced, start or end"})
    lag_days: Number = field(
        default=0.0, metadata={"alias": "lag", "doc": "time from the milestone", "unit": "duration"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One possible future of the intervention: fields that replace its own."""

    name: str = field(metadata={"doc": "what the future is called"})
    weight: float = field(metadata={"doc": "its probability weight", "unit": "share"})
    changes: Mapping[str, Any] = field(default_factory=dict, metadata={"doc": "fields it replaces"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """The fields of all kinds. `metadata` carries the YAML name, the sentence and the unit of each."""

    kind: ClassVar[str] = ""
    levers: ClassVar[tuple[str, ...]] = ()
    """Names of the levers this kind may turn."""

    id: str = field(metadata={"doc": "name, unique in the scenario"})
    announced: date | None = field(default=None, metadata={"doc": "made known; missing: at the start"})
    start: date | None = field(default=None, metadata={"doc": "first day in force"})
    enforced_days: Number = field(
        default=0.0,
        metadata={"alias": "enforced", "unit": "duration", "doc": "linear ramp from nothing to full force"},
    )
    end: date | None = field(default=None, metadata={"doc": "first day free again; missing: never"})
    duration_days: Number | None = field(
        default=None, metadata={"alias": "duration", "unit": "duration", "doc": "instead of `end`"}
    )
    pauses: tuple[Pause, ...] = field(default=(), metadata={"doc": "windows without effect"})
    steps: tuple[Step, ...] = field(default=(), metadata={"doc": "levels over time"})
    after: After | None = field(default=None, metadata={"doc": "start as a reaction"})
    branches: tuple[Branch, ...] = field(default=(), metadata={"doc": "weighted futures"})
    from_places: tuple[str, ...] = field(
        default=(), metadata={"alias": "from", "doc": "suppliers: countries, blocs, sites or operators"}
    )
    to_places: tuple[str, ...] = field(
        default=(), metadata={"alias": "to", "doc": "buyers: countries, blocs, sites or operators"}
    )
    materials: tuple[str, ...] = field(
        default=(), metadata={"doc": "materials or elements (oxide, metal, alloy, target, compound)"}
    )
    end_use: tuple[str, ...] = field(default=(), metadata={"doc": "civil, military"})
    sources: tuple[str, ...] = field(default=(), metadata={"doc": "source ids"})

    def timeline(self, world: World) -> Timeline:
        """Yield this intervention's instructions in order of time."""
        start_day = yield from self._await_start(world)
        for day, level in self.profile(world, start_day):
            yield WaitUntil(day)
            yield from self.apply(world, level)
            if day == start_day:
                yield Reach("start")
        end_day = self.end_day(world, start_day)
        if end_day < math.inf:
            yield WaitUntil(end_day)
            yield Reach("end")

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Turn this kind's levers to a strength between 0 (as if absent) and 1."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it turns")

    def _await_start(self, world: World) -> Timeline:
        """Wait for the announcement and find the first day in force; the generator returns it."""
        raise NotImplementedError

    def profile(self, world: World, start_day: float) -> list[tuple[float, float]]:
        """Return (day, level) pairs: ramp, steps, pauses and end, each level only when it changes."""
        raise NotImplementedError

    def end_day(self, world: World, start_day: float) -> float:
        """Return the first day free again; infinity if it never ends."""
        raise NotImplementedError

    def with_branch(self, name: str) -> Intervention:
        """Return this intervention as the named future has it."""
        branch = next(item for item in self.branches if item.name == name)
        return replace(self, branches=(), **dict(branch.changes))
