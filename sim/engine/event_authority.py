"""An authority whose applications are SimPy processes: `granularity: event` of a licence.

It knows the same rules as the weekly office (`authority`) and takes in the same applications, but lets
each go its way by itself: papers, examination, the desk with its examiners, a return for information, the
decision. That costs a hundred times as much, and is there to hold the weekly reckoning to account and for
offices of a few examiners whose decisions take a drawn time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from sim.domain import Distribution, Number
from sim.engine import state as factory
from sim.engine.arrays import Floats, State
from sim.engine.desk import Desk
from sim.engine.index import Index
from sim.engine.kernels.licences import GRANT, GRANT_LATE, LAPSE, OVERDUE, REFUSE, REFUSE_LATE
from sim.engine.opening import Filed
from sim.engine.realise import CaseWorld
from sim.interventions.instructions import Examiner

WEEK = 7.0
SPECK = 1e-9
Process = Generator[simpy.Event, Any, None]


@dataclass(slots=True)
class Application:
    """What one seller asks for, and where it is."""

    place: int
    tonnes: float
    ordered: float
    round: int
    stage: str = "preparing"
    is_overdue: bool = False
    is_decided: bool = False


class EventAuthority:
    """One office during one replication, application by application.

    `state_of` gives the state as it is now, `keep` takes it back when it has got more rows.
    """

    def __init__(
        self,
        examiner: Examiner,
        world: CaseWorld,
        index: Index,
        env: simpy.Environment,
        state_of: Callable[[], State],
        keep: Callable[[State], None],
        first_day: int,
    ) -> None:
        self.examiner = examiner
        self.names = sorted(examiner.approval)
        self.series: list[tuple[float, ...]] = []
        self.desk = Desk(env, examiner.examiners, self._service)
        self._world, self._env, self._first = world, env, first_day
        self._state_of, self._keep = state_of, keep
        self._lanes = [index.lane[name] for name in self.names]
        self._rngs = [world.rng(f"{examiner.name}/{name}") for name in self.names]
        self._desk_rng = world.rng(f"{examiner.name}/desk")
        self._filed = dict.fromkeys(self.names, 0.0)
        self._granted = [0.0] * len(self.names)
        self._open: list[Application] = []
        self._sums = dict.fromkeys(("filed", "granted", "refused", "waited", "of_week"), 0.0)
        self._before: tuple[Floats, Floats] | None = None

    def open_books(self, filed: Sequence[Filed]) -> None:
        """Take over what was granted and filed before the scenario."""
        state = self._state_of()
        self._granted = [float(state.lanes.granted[lane]) for lane in self._lanes]
        self._before = state.lanes.used[self._lanes], state.lanes.lapsed[self._lanes]
        for item in filed:
            if item.lane in self._lanes:
                self._take_in(self._lanes.index(item.lane), item.tonnes, float(item.day))

    def filed(self) -> dict[str, float]:
        """Return what was applied for on each lane [unit of material]."""
        return {name: tonnes for name, tonnes in self._filed.items() if tonnes > 0.0}

    def collect(self) -> None:
        """Take in what was ordered since the last time, an application a lane; note how the week went."""
        state = self._state_of()
        for place, lane in enumerate(self._lanes):
            tonnes = float(state.lanes.unfiled[lane])
            if tonnes > 0.0:
                ordered = float(state.lanes.unfiled_days[lane]) / tonnes - self._first
                state.lanes.unfiled[lane] = state.lanes.unfiled_days[lane] = 0.0
                self._take_in(place, tonnes, ordered)
        self._note(state)

    def _take_in(self, place: int, tonnes: float, ordered: float) -> None:
        round_ = int(self._state_of().lanes.round[self._lanes[place]])
        item = Application(place, tonnes, ordered, round_)
        self._sums["filed"] += tonnes
        self._filed[self.names[place]] += tonnes
        self._open.append(item)
        self._env.process(self._follow(item, ordered))
        self._env.process(self._lose_patience(item))

    def _follow(self, item: Application, begins: float) -> Process:
        """Take an application from its papers to its decision; a refused one begins anew."""
        examiner, rng, name = self.examiner, self._rngs[item.place], self.names[item.place]
        prepared = begins + _value(examiner.preparing_days, rng)
        ready = prepared + _value(examiner.processing_days, rng) * examiner.slowness[name]
        returned, chance, granted = _value(examiner.returned_days, rng), rng.random(), rng.random()
        yield self._env.timeout(max(prepared - self._env.now, 0.0))
        item.stage = "in_queue"
        yield self._env.timeout(max(ready - self._env.now, 0.0))
        yield from self._at_desk(item)
        if chance < examiner.returned_share:
            item.stage = "returned"
            yield self._env.timeout(returned)
            item.stage = "in_queue"
            yield from self._at_desk(item)
        if int(self._state_of().lanes.round[self._lanes[item.place]]) == item.round:
            self._decide(item, granted)
        else:
            self._open.remove(item)  # the rule was lifted: the application is void

    def _at_desk(self, item: Application) -> Process:
        while self._capacity() <= 0.0:  # reviews are stopped: nobody is taken before they go on
            yield self._env.timeout(WEEK)
        if math.isinf(self._capacity()) and self.examiner.decision_days is None:
            return
        yield from self.desk.decide(self.examiner.rank[self.names[item.place]])

    def _service(self) -> float:
        if self.examiner.decision_days is not None:
            return _value(self.examiner.decision_days, self._desk_rng)
        return WEEK * self.examiner.examiners / self._capacity()

    def _capacity(self) -> float:
        steps = self.examiner.decisions_per_week
        return steps[bisect_right(steps, float(self._env.now), key=lambda step: step[0]) - 1][1]

    def _decide(self, item: Application, luck: float) -> None:
        share = self.examiner.approval[self.names[item.place]]
        granted = item.tonnes * (share if self._world.deterministic else float(luck < share))
        refused = item.tonnes - granted
        effect = math.ceil(self._env.now - SPECK)
        waited = max(effect - item.ordered, 0.0)
        if granted > 0.0:
            self._write(effect, item, GRANT_LATE if item.is_overdue else GRANT, granted, waited)
            self._sums["granted"] += granted
            self._sums["of_week"] += granted
            self._sums["waited"] += granted * waited
            self._granted[item.place] += granted
            if self.examiner.validity_days < math.inf:
                lapses = math.ceil(effect + self.examiner.validity_days)
                self._write(lapses, item, LAPSE, self._granted[item.place], 0.0)
        item.tonnes = refused
        if refused <= 0.0 or self.examiner.is_final:
            item.is_decided = True
            self._open.remove(item)
        if refused > 0.0:
            self._sums["refused"] += refused
            if self.examiner.is_final:
                self._write(effect, item, REFUSE_LATE if item.is_overdue else REFUSE, refused, waited)
            else:
                item.stage = "preparing"
                self._env.process(self._follow(item, float(self._env.now)))

    def _lose_patience(self, item: Application) -> Process:
        """Note when an application outlasts its buyer's patience."""
        network = self._world.network
        buyer = network.sites[network.lanes[self.names[item.place]].buyer]
        if math.isinf(buyer.licence_patience_days):
            return
        yield self._env.timeout(max(item.ordered + buyer.licence_patience_days - self._env.now, 0.0))
        if not item.is_decided and item.tonnes > 0.0:
            self._write(math.ceil(self._env.now - SPECK), item, OVERDUE, item.tonnes, 0.0)
            item.is_overdue = True

    def _write(self, day: int, item: Application, what: int, quantity: float, days: float) -> None:
        """Put a decision where the kernel carries it out."""
        state = factory.with_decisions(self._state_of(), 1)
        row = int(state.decision_count[0])
        state.decisions.day[row] = day + self._first
        state.decisions.lane[row] = self._lanes[item.place]
        state.decisions.what[row] = what
        state.decisions.quantity[row] = quantity
        state.decisions.days[row] = days
        state.decision_count[0] = row + 1
        self._keep(state)

    def _note(self, state: State) -> None:
        """Add the week's row of LICENCE_COLUMNS."""
        assert self._before is not None, "the books are open"
        lanes, sums = self._lanes, self._sums
        used = float((state.lanes.used[lanes] - self._before[0]).sum())
        lapsed = float((state.lanes.lapsed[lanes] - self._before[1]).sum())
        waiting = float((state.lanes.waiting[lanes] + state.lanes.overdue[lanes]).sum())
        stages = {name: sum(item.tonnes for item in self._open if item.stage == name)
                  for name in ("preparing", "in_queue", "returned")}  # fmt: skip
        delay = sums["waited"] / sums["of_week"] if sums["of_week"] > 0.0 else math.nan
        sums["waited"] = sums["of_week"] = 0.0
        totals = (sums["filed"], *stages.values(), sums["granted"], sums["refused"])
        self.series.append((float(self._env.now), *totals, lapsed, used - lapsed, waiting, delay))


def _value(law: Number, rng: np.random.Generator) -> float:
    return float(law.draw(rng)) if isinstance(law, Distribution) else float(law)
