"""What every intervention has in common: when it acts, on what, and how strongly.

An intervention is a frozen dataclass. Its `timeline` is a generator of plain instructions; the engine
runs it as a process of its calendar. An intervention turns levers and never touches a tonne. It uses
the standard library only, so that it can be written, read and tested without an engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from sim.domain import Distribution, Network, Number, central
from sim.interventions.instructions import Instruction, Note, Reach, WaitFor, WaitUntil
from sim.interventions.profile import Profile, combined

if TYPE_CHECKING:
    import numpy as np

Answer = TypeVar("Answer")
Timeline = Generator[Instruction, float | None, None]
"""Yields instructions; the engine sends the day at which a `WaitFor` was answered."""


class World(Protocol):
    """What an intervention may know: the network, the window, and its own luck. Never the state."""

    @property
    def network(self) -> Network:
        """What is normal."""

    @property
    def horizon_days(self) -> int:
        """Days that are simulated."""

    @property
    def deterministic(self) -> bool:
        """Whether laws give their central value, and projects succeed if they probably do."""

    def day(self, when: date) -> float:
        """Return the day number of a date (day 0 is the scenario's start)."""

    def flow(self, lane_id: str) -> float:
        """Return what a lane ships on a normal day [unit of material/day]."""

    def rng(self, stream: str) -> np.random.Generator:
        """Return a fresh generator of the stream of this name, the case's seed and the replication.

        Two calls with one name draw the same numbers: draws depend on names, never on the order of calls.
        """

    def once(self, question: str, find: Callable[[], Answer]) -> Answer:
        """Return what is found to a question whose answer stays the same all through a run."""


REACHED = {"announced": "is announced", "start": "starts", "end": "ends"}
"""What an intervention does at a milestone, in a sentence about one that waits for it."""


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

    def __post_init__(self) -> None:
        """Check what no file position is needed for.

        Raises
        ------
        ValueError
            If the start is missing or given twice, the end is given twice, or a level is no share.
        """
        if self.start is not None and self.after is not None:
            raise ValueError(f"{self.id}: `start` and `after` both say when it begins; keep one")
        if self.start is None and self.after is None:
            raise ValueError(f"{self.id}: neither `start` nor `after` says when it begins")
        if self.end is not None and self.duration_days is not None:
            raise ValueError(f"{self.id}: `end` and `duration` both say when it ends; keep one")
        if self.announced is not None and self.start is not None and self.announced > self.start:
            raise ValueError(f"{self.id}: announced {self.announced} is after its start {self.start}")
        for step in self.steps:
            check_share(self.id, "level", step.level)

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the rows this intervention may turn, by lever.

        Raises
        ------
        ValueError
            If a place, material, line or route is not in the network.
        """
        raise TypeError(f"{type(self).__name__} does not say what it touches")

    def rows(self, world: World) -> dict[str, tuple[str, ...]]:
        """Return what this intervention touches in a world; a ramp asks on each of its days."""
        return world.once(f"{self.id}/rows", lambda: self.touches(world.network))

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Turn this kind's levers to a strength between 0 (as if absent) and 1."""
        raise TypeError(f"{type(self).__name__} does not say what it turns")

    def what(self) -> str:
        """Return the measure in words, without dates."""
        return f"{self.kind} {self.id}"

    def equip(self, network: Network) -> Network:
        """Return the network with what this kind brings into the world; most bring nothing."""
        return network

    def endows(self, network: Network) -> Mapping[tuple[str, str], float]:
        """Return stocks on the first day that it brings, by (site, material) [unit of material]."""
        return {}

    def problems(self, network: Network) -> tuple[str, ...]:
        """Return what stands in the way of this intervention on a network, in sentences."""
        try:
            touched = self.touches(network)
        except ValueError as error:
            return (str(error),)
        if not any(touched.values()):
            return (f"{self.id}: nothing in the network is in the scope of this {self.kind}",)
        return ()

    def describe(self) -> str:
        """Return one sentence with dates, for headlines and for the paragraph that says why."""
        parts = [self.what()]
        if self.start is not None:
            parts.append(f"from {self.start.isoformat()}")
        elif self.after is not None:
            lag = central(self.after.lag_days)
            then = REACHED.get(self.after.milestone, f"reaches {self.after.milestone}")
            parts.append(f"{f'{lag:g} days ' if lag else ''}after {self.after.intervention} {then}")
        if self.end is not None:
            parts.append(f"until {self.end.isoformat()}")
        elif self.duration_days is not None:
            parts.append(f"for {central(self.duration_days):g} days")
        if self.announced is not None and self.announced != self.start:
            parts.append(f"(announced {self.announced.isoformat()})")
        return " ".join(parts)

    def timeline(self, world: World) -> Timeline:
        """Yield this intervention's instructions in order of time.

        An intervention of no length, or one that begins after the horizon, is announced and nothing
        more. Nothing that is yielded before the end depends on when the end is.
        """
        start_day = yield from self._await_start(world)
        end_day = self.end_day(world, start_day)
        if start_day >= min(end_day, world.horizon_days):
            return
        for day, _, event in sorted(self._events(world, start_day, end_day), key=lambda item: item[:2]):
            yield self.wait_until(day, start_day, end_day)
            if isinstance(event, float):
                yield from self.apply(world, event)
            else:
                yield event

    def wait_until(self, day: float, start_day: float, end_day: float) -> WaitUntil:
        """Return how the intervention waits for one of its days."""
        return WaitUntil(day)

    def _events(
        self, world: World, start_day: float, end_day: float
    ) -> Iterator[tuple[float, int, float | Instruction]]:
        """Yield (day, rank within the day, level or instruction)."""
        yield start_day, 1, Reach("start")
        if end_day < math.inf:
            yield end_day, 1, Reach("end")
        for day, level in self.profile(world, start_day):
            yield day, 0, float(level)
        for day, text in self.notes(world, start_day):
            yield day, 2, Note(text)

    def notes(self, world: World, start_day: float) -> list[tuple[float, str]]:
        """Return dated sentences for the run's log beside the milestones; most kinds have none."""
        return []

    def _await_start(self, world: World) -> Generator[Instruction, float | None, float]:
        """Wait for the announcement and find the first day in force; the generator returns it."""
        if self.announced is not None:
            yield WaitUntil(world.day(self.announced))
            yield Reach("announced")
        if self.after is None:
            assert self.start is not None
            start_day = world.day(self.start)
            if self.announced is None:
                yield WaitUntil(start_day)
                yield Reach("announced")
            return start_day
        milestone_day = yield WaitFor(self.after.intervention, self.after.milestone)
        if milestone_day is None:
            raise ValueError(f"{self.id}: a WaitFor must be answered with the day of the milestone")
        start_day = milestone_day + self.whole_days(world, "lag", self.after.lag_days)
        if self.announced is None:
            yield WaitUntil(start_day)
            yield Reach("announced")
        return start_day

    def profile(self, world: World, start_day: float) -> Profile:
        """Return (day, level) pairs: ramp, steps, pauses and end, each level only when it changes.

        On day ``start + k`` a ramp of n days has reached ``(k + 1) / n``; steps multiply it; within a
        pause it is zero. A ramp goes on while it is paused.
        """
        ramp_days = self.whole_days(world, "enforced", self.enforced_days)
        return self.profile_between(world, start_day, self.end_day(world, start_day), ramp_days)

    def profile_between(self, world: World, start_day: float, end_day: float, ramp_days: int) -> Profile:
        """Return the levels of a ramp that begins on `start_day`, under the common steps and pauses."""
        n_days = max(ramp_days, 1)
        ramp = [(start_day + k, (k + 1) / n_days) for k in range(n_days)]
        window = [(start_day, 1.0), (end_day, 0.0)]
        factors: list[Profile] = [ramp, window]
        if self.steps:
            steps = sorted((world.day(step.start), step.level) for step in self.steps)
            factors.append([(-math.inf, 1.0), *steps])
        for pause in self.pauses:
            resume = math.inf if pause.end is None else world.day(pause.end)
            if resume > world.day(pause.start):
                factors.append([(-math.inf, 1.0), (world.day(pause.start), 0.0), (resume, 1.0)])
        return combined(factors, world.horizon_days)

    def end_day(self, world: World, start_day: float) -> float:
        """Return the first day free again; infinity if it never ends."""
        if self.end is not None:
            return world.day(self.end)
        if self.duration_days is not None:
            return start_day + self.whole_days(world, "duration", self.duration_days)
        return math.inf

    def whole_days(self, world: World, name: str, number: Number) -> int:
        """Return a duration in whole days, drawn from the stream ``id/name`` when it is a law."""
        if isinstance(number, Distribution):
            if not world.deterministic:
                number = float(number.draw(world.rng(f"{self.id}/{name}")))
            number = central(number)
        return max(0, math.floor(number + 0.5))

    def with_branch(self, name: str) -> Intervention:
        """Return this intervention as the named future has it.

        Raises
        ------
        ValueError
            If it has no branch of this name.
        """
        for branch in self.branches:
            if branch.name == name:
                return replace(self, branches=(), **dict(branch.changes))
        names = ", ".join(branch.name for branch in self.branches) or "none"
        raise ValueError(f"{self.id}: no branch {name!r}; branches: {names}")


def check_share(owner: str, name: str, value: float) -> None:
    """Refuse a share outside 0 to 1.

    Raises
    ------
    ValueError
        With the owner, the field and the value.
    """
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{owner}: {name} is {value:g}; a share lies between 0 and 1")
