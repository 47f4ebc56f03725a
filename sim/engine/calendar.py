"""The calendar: everything that happens is a SimPy process; the days between are the kernel's.

One environment is one replication. Interventions, qualifications and restarts are processes; so is
the passing of days, which comes last on its day and hands whole stretches without events to the
compiled kernel.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from operator import is_
from typing import Any

import simpy

from sim.domain import Distribution, Number, central
from sim.engine import faults
from sim.engine import state as factory
from sim.engine.arrays import (
    ANSWER,
    GROW_DRAWS,
    GROW_POOL,
    GROW_SHIPMENTS,
    QUALIFY,
    Draws,
    Net,
    Record,
    State,
)
from sim.engine.authority import Authority
from sim.engine.board import Board
from sim.engine.draws import draw_transit, stream
from sim.engine.event_authority import EventAuthority
from sim.engine.index import Index
from sim.engine.inspection import Inspection
from sim.engine.kernels.day import advance
from sim.engine.ledger import Ledger
from sim.engine.opening import Filed
from sim.engine.realise import CaseWorld
from sim.engine.reference import ref_to
from sim.engine.rest import LOOKED_AT_DAYS, Rest
from sim.interventions import Intervention
from sim.interventions.instructions import (
    Allow,
    Examiner,
    Instruction,
    Note,
    Open,
    Reach,
    Turn,
    WaitFor,
    WaitUntil,
    Watch,
)
from sim.interventions.levers import LEVERS

Process = Generator[simpy.Event, Any, None]
LATE = 10
"""Priority of the passing of days: after everything else that is due today."""
WEEK_DAYS = 7
CHECK_DAYS = 365
"""Longest stretch between two checks of the mass balance."""


class Late(simpy.Event):
    """An event that fires today, after all that is already due today."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, priority=LATE)  # type: ignore[arg-type]


class Calendar:
    """One replication's processes around the kernel."""

    def __init__(
        self,
        world: CaseWorld,
        net: Net,
        index: Index,
        state: State,
        state_ref: Any,
        draws: Draws,
        record: Record,
        ledger: Ledger,
        filed: tuple[Filed, ...] = (),
        rest: Rest | None = None,
    ) -> None:
        self.env = simpy.Environment()
        self.world = world
        self.net = net
        self.index = index
        self.state = state
        self.draws = draws
        self.record = record
        self.ledger = ledger
        self.filed = filed
        self._rest = rest
        self.work = factory.work_space(net)
        self.signals = factory.no_signals()
        self.board = Board(net, index, factory.neutral_levers(net))
        self.first_day = int(state.clock[0])
        self.log: list[tuple[int, str, str]] = []
        self.authorities: list[Authority | EventAuthority] = []
        self._inspections: dict[str, Inspection] = {}
        self._is_inspecting = False
        self._is_turned = True
        self._pace_changes = self.env.event()
        self._parts: tuple[Any, ...] = (self.board.levers, state)
        self._held: tuple[Any, ...] = (self.board.levers_ref, state_ref)
        self._milestones: dict[tuple[str, str], simpy.Event] = {}
        self.margin = factory.most_shipments(net)

    @property
    def day(self) -> int:
        """Number of finished days of the scenario."""
        return int(self.state.clock[1]) - self.first_day

    def run(self, interventions: tuple[Intervention, ...]) -> None:
        """Run every process until the horizon."""
        for item in sorted(interventions, key=lambda item: item.id):
            self.env.process(self._act(item))
        self.env.process(self._pass_days())
        while self.day < self.world.horizon_days:
            self.env.step()
        # A failure of the last day would otherwise wait for a step that never comes.
        self.ledger.check(self._refs()[2], self.day)

    def let_go(self) -> None:
        """Drop the arrays: processes and calendar refer to each other and would keep them for long."""
        for name in ("state", "draws", "record", "ledger", "work", "signals", "board", "_parts", "_held"):
            delattr(self, name)

    def _act(self, item: Intervention) -> Process:
        """Carry out an intervention's instructions."""
        timeline = item.timeline(self.world)
        answer: float | None = None
        planned = 0.0  # the day that has been reached by plan, for work that goes on slowly
        while True:
            try:
                instruction = timeline.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(instruction, WaitUntil):
                if instruction.works_on:
                    yield from self._work(instruction, planned)
                elif instruction.day > self.env.now:
                    yield self.env.timeout(instruction.day - self.env.now)
                planned = instruction.day
            elif isinstance(instruction, WaitFor):
                answer = yield self._milestone(instruction.intervention, instruction.milestone)
                if instruction.lag_days > 0.0:
                    yield self.env.timeout(instruction.lag_days)
            else:
                self._do(item.id, instruction)

    def _work(self, instruction: WaitUntil, planned: float) -> Process:
        """Let work on a line go on until a day of its plan is reached, at the pace there is."""
        line = self.index.line[instruction.works_on]
        left = instruction.day - planned
        while left > 0.0 and self.env.now < instruction.latest:
            pace = float(self.board.levers.lines.pace[line])
            waits = [self._pace_changes]
            last = instruction.latest - self.env.now
            if pace > 0.0:
                waits.append(self.env.timeout(min(left / pace, last)))
            elif last < math.inf:
                waits.append(self.env.timeout(last))
            began = self.env.now
            yield self.env.any_of(waits)
            left -= (self.env.now - began) * pace
            if left < 1e-9:
                left = 0.0
        if self.env.now > math.floor(self.env.now):
            yield self.env.timeout(math.ceil(self.env.now) - self.env.now)

    def _do(self, owner: str, instruction: Instruction) -> None:
        today = int(self.env.now)
        if isinstance(instruction, Turn):
            self._turn(owner, [instruction])
        elif isinstance(instruction, Reach):
            self.log.append((today, owner, instruction.milestone))
            event = self._milestone(owner, instruction.milestone)
            if not event.triggered:
                event.succeed(float(today))
        elif isinstance(instruction, Open):
            self._rest = None
            self.env.process(self._examine(instruction.examiner))
        elif isinstance(instruction, Watch):
            self._rest = None
            self._watch(owner, instruction)
        elif isinstance(instruction, Allow):
            self._rest = None
            self.state = self.board.allow(owner, instruction, self.state, self.first_day)
        elif isinstance(instruction, Note):
            self.log.append((today, owner, instruction.text))

    def _turn(self, owner: str, turns: list[Turn]) -> None:
        self._is_turned = self._is_turned or bool(turns)
        for turn in turns:
            if turn.lever == "under_way":
                # Goods that are held or turned back move to other stacks, which may need blocks of their own.
                self.state = factory.with_room(self.state, self.margin)
            if self.board.turn(owner, turn, self._refs()[2], int(self.state.clock[1])):
                self._rest = None
            if turn.lever == "line_pace":
                self._pace_changes.succeed()
                self._pace_changes = self.env.event()

    def _watch(self, owner: str, watch: Watch) -> None:
        """Begin, change or end the inspection of stocks under a rule."""
        name = f"{owner}/{watch.name}"
        before = self._inspections.pop(name, None)
        if watch.value == LEVERS[watch.lever].neutral:
            self._turn(name, before.withdraw() if before is not None else [])
            return
        inspection = Inspection(watch, self.net, self.index, self.world.network)
        self._inspections[name] = inspection
        if before is not None:
            self._turn(name, inspection.taken_over(before))
        self._turn(name, inspection.turns(self.state))
        if not self._is_inspecting:
            self._is_inspecting = True
            self.env.process(self._inspect())

    def _inspect(self) -> Process:
        """Judge the stocks under all rules once a week."""
        while True:
            yield self.env.timeout(WEEK_DAYS)
            for name, inspection in sorted(self._inspections.items()):
                self._turn(name, inspection.turns(self.state))

    def _examine(self, examiner: Examiner) -> Process:
        """Let an authority deal with the applications of each week."""
        if examiner.by_event:
            yield from self._examine_by_event(examiner)
        authority = Authority(examiner, self.world, self.index, self.first_day)
        self.authorities.append(authority)
        filed = [item for item in self.filed if item.rule == examiner.name]
        if authority.open_books(self.state, filed):
            self.state = authority.work(self.state, self._refs()[2], int(self.env.now))
        while True:
            yield self.env.timeout(WEEK_DAYS)
            self.state = authority.work(self.state, self._refs()[2], int(self.env.now))

    def _examine_by_event(self, examiner: Examiner) -> Process:
        """Let an authority deal with each application by itself."""
        authority = EventAuthority(
            examiner, self.world, self.index, self.env, lambda: self.state, self._keep, self.first_day
        )
        self.authorities.append(authority)
        authority.open_books([item for item in self.filed if item.rule == examiner.name])
        while True:
            yield self.env.timeout(WEEK_DAYS)
            authority.collect()

    def _keep(self, state: State) -> None:
        self.state = state

    def _milestone(self, owner: str, name: str) -> simpy.Event:
        return self._milestones.setdefault((owner, name), self.env.event())

    def _pass_days(self) -> Process:
        """Let the kernel advance to the next day on which anything else is due."""
        last_check = 0
        while self.day < self.world.horizon_days:
            yield Late(self.env)
            due = min(float(self.world.horizon_days), float(last_check + CHECK_DAYS), self.env.peek())
            self._go_on(max(math.ceil(due), self.day + 1))
            if last_check + CHECK_DAYS <= self.day < self.world.horizon_days:
                self.ledger.check(self._refs()[2], self.day)
                last_check = self.day
            yield self.env.timeout(self.day - self.env.now)
            self._answer()

    def _go_on(self, until: int) -> None:
        """Reach a day: through the kernel, or past days that are alike."""
        look = max(self.day, LOOKED_AT_DAYS - 1)
        if self._rest is not None and not self._rest.is_known and until > look + 1:
            self._advance(look)
            self._rest.begin_to_look(self.state)
            self._advance(look + 1)
            is_quiet = self.day == look + 1 and self.signals.count[0] == 0
            if not (is_quiet and self._rest.look(self.state, self.record, look)):
                self._rest = None
        if self._rest is not None and self._rest.is_known:
            self._rest.skip(self.state, self.record, self.day, until - self.day)
        elif self.signals.count[0] == 0:
            self._advance(until)

    def _advance(self, until: int) -> None:
        """Let the kernel advance to a day."""
        while self.day < until:
            faults.distort(self.state)
            reason = advance(*self._refs(), self.margin, self.first_day + until, self._is_turned)
            self._is_turned = False
            if reason == GROW_POOL:
                self.state = factory.with_room(self.state, factory.day_blocks(self.margin))
            elif reason == GROW_SHIPMENTS:
                self.record = factory.grow_shipments(self.record)
            elif reason == GROW_DRAWS:
                count = 2 * self.draws.transit.shape[1] + self.margin
                transit = draw_transit(
                    self.world.network, self.index, self.world.seed, self.world.replication, count
                )
                self.draws = self.draws._replace(transit=transit)
            else:
                assert reason == ANSWER or self.day == until
                return

    def _refs(self) -> tuple[Any, ...]:
        """Return what the kernel works on, by reference; made anew for what has been replaced."""
        parts = (self.net, self.board.levers, self.state, self.work, self.draws, self.signals, self.record)
        if not all(map(is_, parts, self._parts)):
            held = dict(zip(map(id, self._parts), self._held, strict=True))
            self._held = tuple(held.get(id(part)) or ref_to(part) for part in parts)
            self._parts = parts
        return self._held

    def _answer(self) -> None:
        """Start a process for each signal the kernel has sent."""
        for row in range(int(self.signals.count[0])):
            index = int(self.signals.board.index[row])
            if self.signals.board.code[row] == QUALIFY:
                self.env.process(self._qualify(index))
            else:
                self.env.process(self._restart(index))
        self.signals.count[0] = 0

    def _duration(self, number: Number, name: str) -> int:
        if isinstance(number, Distribution):
            if not self.world.deterministic:
                rng = stream(self.world.seed, name, self.world.replication)
                number = float(number.draw(rng))
            number = central(number)
        return max(int(number + 0.5), 1)

    def _qualify(self, lane: int) -> Process:
        """Qualify a lane: from then on its goods may be ordered."""
        name = self.index.lanes[lane]
        record = self.world.network.lanes[name]
        self.log.append((int(self.env.now), name, "qualification begins"))
        yield self.env.timeout(self._duration(record.qualification_days, f"lanes.{name}.qualification"))
        self.state.lanes.qualified[lane] = 1
        self._is_turned = True
        self.log.append((int(self.env.now), name, "qualified"))

    def _restart(self, line: int) -> Process:
        """Wake a dormant line after its restart time."""
        name = self.index.lines[line]
        record = self.world.network.lines[name]
        self.log.append((int(self.env.now), name, "restart begins"))
        yield self.env.timeout(self._duration(record.restart_days, f"lines.{name}.restart"))
        self.state.lines.awake[line] = 1
        self._is_turned = True
        self.log.append((int(self.env.now), name, "runs again"))
