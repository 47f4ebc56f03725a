"""A project: capacity that may come, late."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from sim.domain import Network, Number
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn, WaitUntil
from sim.interventions.levers import LEVERS
from sim.interventions.profile import Profile
from sim.interventions.scope import check_known
from sim.interventions.sourcing import SOURCING, moved_shares

CAPACITY, SHARE = "line_capacity_added", "line_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a project."""

    name: Literal["explore", "permit", "build", "qualify", "ramp"] = field(
        metadata={"doc": "explore, permit, build, qualify or ramp"}
    )
    duration_days: Number = field(
        metadata={"alias": "duration", "unit": "duration", "doc": "how long it takes"}
    )
    probability: float = field(
        default=1.0, metadata={"unit": "share", "doc": "chance that the stage succeeds"}
    )

    def __post_init__(self) -> None:
        check_share(f"stage {self.name}", "probability", self.probability)


class Course(NamedTuple):
    """How a project goes: first day of its ramp (infinity: never) and what to write down when."""

    first_day: float
    ramp_days: int
    notes: list[tuple[float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCapacity(Intervention):
    """Add capacity to a line once a project's stages are done.

    Work begins at `start`. Each stage takes its time and succeeds with its probability; a failed stage
    ends the project. `slip` delays what follows the last stage before the ramp. On day k of a ramp of n
    days ``(k + 1) / n`` of the capacity is there. In a deterministic run the project goes through while
    the product of its probabilities is at least one half. `offtake` moves lanes, in step with the ramp,
    from the share they have to a stated share of their buyer's need; `feeds` lets lines that stood still
    for want of the new material make a share of what their site makes.

    Examples
    --------
    ```yaml
    id: zhana_mine
    kind: new_capacity
    line: zhana_kazakhstan_mining
    capacity: 350 t/yr
    start: 2025-04-02
    stages:
      - {name: permit, duration: 60 d, probability: 90 %}
      - {name: build, duration: 90 d}
      - {name: ramp, duration: 30 d}
    slip: 10 d
    capex_usd: 110000000
    ore_grade: 0.07 %
    ```
    """

    kind: ClassVar[str] = "new_capacity"
    levers: ClassVar[tuple[str, ...]] = (CAPACITY, SOURCING, SHARE)

    line: str = field(metadata={"doc": "the line that grows"})
    capacity_per_day: Number = field(
        metadata={"alias": "capacity", "unit": "rate", "doc": "capacity added when all is done"}
    )
    stages: tuple[Stage, ...] = field(default=(), metadata={"doc": "what must be done, in order"})
    slip_days: Number = field(
        default=0.0, metadata={"alias": "slip", "unit": "duration", "doc": "delay against the plan"}
    )
    offtake: Mapping[str, float] = field(
        default_factory=dict, metadata={"unit": "share", "doc": "share of the buyer's need, by lane"}
    )
    feeds: Mapping[str, float] = field(
        default_factory=dict,
        metadata={"unit": "share", "doc": "share of its site's output that a line fed by the project makes"},
    )
    capex_usd: float | None = field(
        default=None, metadata={"unit": "count", "doc": "cost of the project [USD], recorded"}
    )
    ore_grade: float | None = field(
        default=None, metadata={"unit": "share", "doc": "rare earths in the rock, recorded"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        ramps = [index for index, stage in enumerate(self.stages) if stage.name == "ramp"]
        if ramps and ramps != [len(self.stages) - 1]:
            raise ValueError(f"{self.id}: `ramp` is the last stage and comes once")
        for lane_id, share in self.offtake.items():
            check_share(self.id, f"offtake.{lane_id}", share)
        for line_id, share in self.feeds.items():
            check_share(self.id, f"feeds.{line_id}", share)

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the line and the lanes of the offtake."""
        check_known(self.line, network.lines, "line")
        for lane_id in self.offtake:
            check_known(lane_id, network.lanes, "lane")
        for line_id in self.feeds:
            check_known(line_id, network.lines, "line")
        return {
            CAPACITY: (self.line,),
            SOURCING: tuple(sorted(self.offtake)),
            SHARE: tuple(sorted(self.feeds)),
        }

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Add the capacity that is there at this level, and its share of the buyers' need."""
        capacity = world.once(f"{self.id}/capacity", lambda: self._capacity(world))
        yield Turn(CAPACITY, (self.line,), level * capacity)
        yield from moved_shares(world, self.offtake, level)
        for line_id, share in sorted(self.feeds.items()):
            value = level * share if level > 0.0 else LEVERS[SHARE].neutral
            yield Turn(SHARE, (line_id,), value)

    def profile(self, world: World, start_day: float) -> Profile:
        """Return the ramp of a project that succeeds; nothing for one that fails."""
        course = self.course(world, start_day)
        end_day = self.end_day(world, start_day)
        if course.first_day >= end_day:
            return []
        return self.profile_between(world, course.first_day, end_day, course.ramp_days)

    def wait_until(self, day: float, start_day: float, end_day: float) -> WaitUntil:
        """Return a wait for a day of the plan: work may go on more slowly than planned."""
        return WaitUntil(day) if not start_day < day < end_day else WaitUntil(day, self.line, end_day)

    def notes(self, world: World, start_day: float) -> list[tuple[float, str]]:
        """Return a sentence per stage done or failed, dated, up to the project's end."""
        end_day = min(self.end_day(world, start_day), world.horizon_days)
        return [(day, text) for day, text in self.course(world, start_day).notes if day < end_day]

    def course(self, world: World, start_day: float) -> Course:
        """Return how the project goes with this replication's luck."""
        luck = world.rng(f"{self.id}/success").random(max(len(self.stages), 1))
        day, chance, ramp_days = start_day, 1.0, 0
        notes: list[tuple[float, str]] = []
        for index, stage in enumerate(self.stages):
            days = self.whole_days(world, f"stages/{index}", stage.duration_days)
            chance *= stage.probability
            passed = chance >= 0.5 if world.deterministic else bool(luck[index] < stage.probability)
            if stage.name == "ramp":
                ramp_days = days
            else:
                day += days
            if not passed:
                failure = f"{self.line}: {stage.name} failed, nothing is added"
                return Course(math.inf, 0, [*notes, (day, failure)])
            if stage.name != "ramp":
                notes.append((day, f"{self.line}: {stage.name} done"))
        day += self.whole_days(world, "slip", self.slip_days)
        return Course(day, ramp_days, [*notes, (day, f"{self.line}: new capacity begins to run")])

    def _capacity(self, world: World) -> float:
        number = self.capacity_per_day
        if isinstance(number, float | int):
            return float(number)
        if world.deterministic:
            return number.central()
        return float(number.draw(world.rng(f"{self.id}/capacity")))

    def what(self) -> str:
        """Return the project in words."""
        stages = " -> ".join(stage.name for stage in self.stages)
        return f"{self.line} gets new capacity" + (f" ({stages})" if stages else "")
