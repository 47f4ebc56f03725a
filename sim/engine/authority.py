"""The authority: applications as rows, decided week by week. Only the engine's kernels move orders.

An application covers what was ordered on one lane since the office last looked, and its clock starts
on the mean day of these orders: looking once a week delays nothing. The desk is one server: it takes
the applications that are examined, first by class of priority, then by day, and needs
``7 / decisions_per_week`` days for each licence.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.domain import Distribution, Number
from sim.engine import state as factory
from sim.engine.arrays import Floats, State
from sim.engine.index import Index
from sim.engine.kernels.licences import GRANT, GRANT_LATE, LAPSE, OVERDUE, REFUSE, REFUSE_LATE
from sim.engine.opening import Filed
from sim.engine.realise import CaseWorld
from sim.engine.trajectory import LICENCE_COLUMNS
from sim.interventions.instructions import Examiner

WEEK = 7.0
BLOCK = 64
"""Applications of a lane whose luck is drawn at a time."""


@dataclass(frozen=True, slots=True)
class Application:
    """What a seller asks for: tonnes ordered on a lane, and how far the examination is."""

    lane: int
    tonnes: float
    ordered: float
    """Mean day of the orders."""
    prepared: float
    """Day on which its papers are complete."""
    ready: float
    """Day on which it is examined and waits for the desk."""
    number: int
    """Running number of the lane's applications."""
    round: int
    is_overdue: bool = False
    is_returned: bool = False

    def stage(self, today: float) -> str:
        """Return how far it is: with the seller, with the office, or back for information."""
        if today < self.prepared:
            return "preparing"
        return "returned" if self.is_returned and today < self.ready else "in_queue"


@dataclass(frozen=True, slots=True)
class Luck:
    """What happens to one application."""

    preparing: float
    processing: float
    returned: float
    chance_returned: float
    chance_granted: float


class Dice:
    """The luck of a lane's applications in order: the k-th has the k-th draws, whenever it comes."""

    def __init__(self, examiner: Examiner, world: CaseWorld, lane: str) -> None:
        self._examiner = examiner
        self._rng = world.rng(f"{examiner.name}/{lane}")
        self._drawn: list[Floats] = []

    def luck(self, number: int) -> Luck:
        """Return the luck of an application."""
        while number >= BLOCK * len(self._drawn):
            self._drawn.append(self._block())
        return Luck(*self._drawn[number // BLOCK][number % BLOCK])

    def _block(self) -> Floats:
        laws = (self._examiner.preparing_days, self._examiner.processing_days, self._examiner.returned_days)
        columns = [self._values(law) for law in laws]
        columns += [self._rng.random(BLOCK), self._rng.random(BLOCK)]
        return np.column_stack(columns)

    def _values(self, law: Number) -> Floats:
        if not isinstance(law, Distribution):
            return np.full(BLOCK, float(law))
        # A crowd of applications shows the whole law, even where everything else is at its centre.
        return np.asarray(law.draw(self._rng, BLOCK), dtype=np.float64)


class Authority:
    """One office during one replication."""

    def __init__(self, examiner: Examiner, world: CaseWorld, index: Index, first_day: int) -> None:
        self.examiner = examiner
        self.lanes = {index.lane[name]: name for name in sorted(examiner.approval)}
        self.pending: list[Application] = []
        self.totals = {"filed": 0.0, "granted": 0.0, "refused": 0.0}
        self.series: list[tuple[float, ...]] = []
        self._filed = dict.fromkeys(self.lanes, 0.0)
        self._waited = 0.0
        self._before: tuple[Floats, Floats] | None = None
        self._world = world
        self._first = first_day
        self._patience = {
            lane: world.network.sites[world.network.lanes[name].buyer].licence_patience_days
            for lane, name in self.lanes.items()
        }
        self._dice: dict[int, Dice] = {}
        self._count = dict.fromkeys(self.lanes, 0)
        self._granted = dict.fromkeys(self.lanes, 0.0)
        self._round = dict.fromkeys(self.lanes, 0)
        self._free_from = -math.inf
        self._rows: list[tuple[int, int, int, float, float]] = []

    def open_books(self, state: State, filed: Sequence[Filed]) -> bool:
        """Take over what was granted and filed before the scenario; tell whether anything waits."""
        lanes = list(self.lanes)
        self._granted = dict(zip(lanes, state.lanes.granted[lanes].tolist(), strict=True))
        self._before = state.lanes.used[lanes].copy(), state.lanes.lapsed[lanes].copy()
        mine = [item for item in filed if item.lane in self.lanes]
        for item in mine:
            self.totals["filed"] += item.tonnes
            self._filed[item.lane] += item.tonnes
            number = self._count[item.lane]
            self._count[item.lane] = number + 1
            ready = self._still_to_come(item, number)
            round_ = int(state.lanes.round[item.lane])
            day = float(item.day)
            self.pending.append(Application(item.lane, item.tonnes, day, day, ready, number, round_))
        return bool(mine)

    def _still_to_come(self, item: Filed, number: int) -> float:
        """Return when an application is examined that is known to be open on day 0.

        Its examination takes longer than its age: the law is drawn until it does. One that is older than
        anything the law gives comes before the desk at once.
        """
        name = self.lanes[item.lane]
        slowness, law = self.examiner.slowness[name], self.examiner.processing_days
        if not isinstance(law, Distribution):
            return max(item.day + float(law) * slowness, 0.0)
        rng = self._world.rng(f"{self.examiner.name}/{name}/open/{number}")
        ready = item.day + slowness * np.asarray(law.draw(rng, BLOCK), dtype=np.float64)
        later = ready[ready > 0.0]
        return float(later[0]) if later.size else 0.0

    def work(self, state: State, today: int) -> State:
        """Take in what was ordered and decide until a week from today; return the state.

        `today` counts from the first day of the scenario.
        """
        granted, self._waited = self.totals["granted"], 0.0
        self._collect(state, today)
        self._decide(state, today, today + WEEK)
        self._give_up(today + WEEK)
        self._note(state, today, self.totals["granted"] - granted)
        return self._written(state)

    def filed(self) -> dict[str, float]:
        """Return what was applied for on each lane [unit of material]."""
        return {self.lanes[lane]: tonnes for lane, tonnes in self._filed.items() if tonnes > 0.0}

    def _collect(self, state: State, today: int) -> None:
        rounds = state.lanes.round
        for lane in self.lanes:
            if rounds[lane] != self._round[lane]:  # the rule was lifted: what was granted before is history
                self._round[lane] = int(rounds[lane])
                self._granted[lane] = float(state.lanes.granted[lane])
        self.pending = [item for item in self.pending if item.round == rounds[item.lane]]
        for lane in self.lanes:
            tonnes = float(state.lanes.unfiled[lane])
            if tonnes > 0.0:
                ordered = float(state.lanes.unfiled_days[lane]) / tonnes - self._first
                state.lanes.unfiled[lane] = 0.0
                state.lanes.unfiled_days[lane] = 0.0
                self.totals["filed"] += tonnes
                self._filed[lane] += tonnes
                self.pending.append(self._application(lane, tonnes, ordered, ordered, int(rounds[lane])))

    def _application(
        self, lane: int, tonnes: float, ordered: float, filed: float, round_: int, is_overdue: bool = False
    ) -> Application:
        number = self._count[lane]
        self._count[lane] = number + 1
        luck = self._luck(lane, number)
        slowness = self.examiner.slowness[self.lanes[lane]]
        prepared = filed + luck.preparing
        ready = prepared + luck.processing * slowness
        return Application(lane, tonnes, ordered, prepared, ready, number, round_, is_overdue)

    def _luck(self, lane: int, number: int) -> Luck:
        if lane not in self._dice:
            self._dice[lane] = Dice(self.examiner, self._world, self.lanes[lane])
        return self._dice[lane].luck(number)

    def _decide(self, state: State, today: int, until: float) -> None:
        per_week = self._capacity(today)
        if per_week <= 0.0:
            self._free_from = today + WEEK  # whoever waits now is not decided before reviews go on
            return
        coming = sorted(self.pending, key=lambda item: (item.ready, item.lane, item.number), reverse=True)
        ready: list[tuple[int, float, int, int, Application]] = []
        left: list[Application] = []
        while coming or ready:
            free = self._free_from if ready else max(self._free_from, coming[-1].ready)
            while coming and coming[-1].ready <= free:
                item = coming.pop()
                rank = self.examiner.rank[self.lanes[item.lane]]
                heapq.heappush(ready, (rank, item.ready, item.lane, item.number, item))
            item = heapq.heappop(ready)[-1]
            day = self._slot(item, per_week)
            if day >= until:
                left += [item, *(entry[-1] for entry in ready), *coming]
                break
            if per_week < math.inf:
                self._free_from = day
            left += self._outcome(item, max(day, float(today)))
        self.pending = left

    def _capacity(self, today: int) -> float:
        steps = self.examiner.decisions_per_week
        return steps[bisect_right(steps, float(today), key=lambda step: step[0]) - 1][1]

    def _slot(self, item: Application, per_week: float) -> float:
        """Return the day on which an application would be decided, were it the next one."""
        licences = max(math.ceil(item.tonnes / self.examiner.licence_tonnes), 1)
        return max(self._free_from, item.ready) + licences * WEEK / per_week

    def _outcome(self, item: Application, day: float) -> list[Application]:
        """Write down what is decided; return the applications that follow from it."""
        luck = self._luck(item.lane, item.number)
        if not item.is_returned and luck.chance_returned < self.examiner.returned_share:
            return [replace(item, is_returned=True, ready=day + luck.returned)]
        share = self.examiner.approval[self.lanes[item.lane]]
        granted = item.tonnes * (share if self._world.deterministic else float(luck.chance_granted < share))
        refused = item.tonnes - granted
        effect = math.ceil(day - 1e-9)
        waited = max(effect - item.ordered, 0.0)
        if granted > 0.0:
            self._grant(item, granted, effect, waited)
        if refused <= 0.0:
            return []
        self.totals["refused"] += refused
        if self.examiner.is_final:
            what = REFUSE_LATE if item.is_overdue else REFUSE
            self._rows.append((effect, item.lane, what, refused, waited))
            return []
        return [self._application(item.lane, refused, item.ordered, day, item.round, item.is_overdue)]

    def _grant(self, item: Application, granted: float, effect: int, waited: float) -> None:
        what = GRANT_LATE if item.is_overdue else GRANT
        self._rows.append((effect, item.lane, what, granted, waited))
        self.totals["granted"] += granted
        self._waited += granted * waited
        self._granted[item.lane] += granted
        if self.examiner.validity_days < math.inf:
            lapses = math.ceil(effect + self.examiner.validity_days)
            self._rows.append((lapses, item.lane, LAPSE, self._granted[item.lane], 0.0))

    def _give_up(self, until: float) -> None:
        """Note which applications outlast their buyer's patience before the office meets again."""
        for place, item in enumerate(self.pending):
            day = item.ordered + self._patience[item.lane]
            if not item.is_overdue and day < until:
                self._rows.append((math.ceil(day), item.lane, OVERDUE, item.tonnes, 0.0))
                self.pending[place] = replace(item, is_overdue=True)

    def _note(self, state: State, today: int, granted: float) -> None:
        lanes = list(self.lanes)
        assert self._before is not None, "the books are open"
        used = float((state.lanes.used[lanes] - self._before[0]).sum())
        lapsed = float((state.lanes.lapsed[lanes] - self._before[1]).sum())
        stages = dict.fromkeys(("preparing", "in_queue", "returned"), 0.0)
        for item in self.pending:
            stages[item.stage(today)] += item.tonnes
        row = self.totals | stages
        row |= {"day": today, "lapsed": lapsed, "shipped": used - lapsed}
        row["waiting"] = float((state.lanes.waiting[lanes] + state.lanes.overdue[lanes]).sum())
        row["delay_days"] = self._waited / granted if granted > 0.0 else math.nan
        self.series.append(tuple(float(row[name]) for name in LICENCE_COLUMNS))

    def _written(self, state: State) -> State:
        """Put the decisions where the kernel carries them out."""
        state = factory.with_decisions(state, len(self._rows))
        for day, lane, what, quantity, days in self._rows:
            row = int(state.decision_count[0])
            state.decisions.day[row] = day + self._first
            state.decisions.lane[row] = lane
            state.decisions.what[row] = what
            state.decisions.quantity[row] = quantity
            state.decisions.days[row] = days
            state.decision_count[0] = row + 1
        self._rows.clear()
        return state
