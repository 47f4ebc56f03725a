"""The authority: an office that meets week by week. Only the engine's kernels move orders.

An application covers what was ordered on one lane since the office last looked, and its clock starts
on the mean day of these orders: looking once a week delays nothing. What a week brings is decided by
`kernels.office`; here are its rule, its luck, and the series of what it does.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.domain import Distribution, Number
from sim.engine import books as bookkeeping
from sim.engine import state as factory
from sim.engine.arrays import Floats, State, ints
from sim.engine.index import Index
from sim.engine.kernels.office import GROW_LUCK, meet
from sim.engine.opening import Filed
from sim.engine.realise import CaseWorld
from sim.engine.reference import Ref
from sim.interventions.instructions import Examiner

BLOCK = 64
"""Applications of a lane whose luck is drawn at a time."""


class Authority:
    """One office during one replication."""

    def __init__(self, examiner: Examiner, world: CaseWorld, index: Index, first_day: int) -> None:
        self.examiner = examiner
        self.names = sorted(examiner.approval)
        self.series: list[tuple[float, ...]] = []
        self._world = world
        self._first = first_day
        self._rngs: dict[int, np.random.Generator] = {}
        self._lanes = ints(index.lane[name] for name in self.names)
        self._before: tuple[Floats, Floats] | None = None
        self._books = bookkeeping.blank(self._lanes)
        self._ref: Any = None
        self._write_rule()

    def _write_rule(self) -> None:
        examiner, network = self.examiner, self._world.network
        lanes, rule = self._books.lanes, self._books.rule
        lanes.approval[:] = [examiner.approval[name] for name in self.names]
        lanes.slowness[:] = [examiner.slowness[name] for name in self.names]
        lanes.rank[:] = [examiner.rank[name] for name in self.names]
        buyers = [network.sites[network.lanes[name].buyer] for name in self.names]
        lanes.patience[:] = [buyer.licence_patience_days for buyer in buyers]
        rule.licence_tonnes[0] = examiner.licence_tonnes
        rule.returned_share[0] = examiner.returned_share
        rule.is_final[0] = examiner.is_final
        rule.validity[0] = examiner.validity_days
        rule.is_certain[0] = self._world.deterministic
        rule.first_day[0] = self._first
        self._books.sums.free_from[0] = -math.inf

    def open_books(self, state: State, filed: Sequence[Filed]) -> bool:
        """Take over what was granted and filed before the scenario; tell whether anything waits."""
        self._books.lanes.granted[:] = state.lanes.granted[self._lanes]
        self._before = state.lanes.used[self._lanes], state.lanes.lapsed[self._lanes]
        places = {lane: place for place, lane in enumerate(self._lanes.tolist())}
        mine = [item for item in filed if item.lane in places]
        self._books = bookkeeping.with_rows(self._books, len(mine) + len(places))
        lanes, pending, sums = self._books.lanes, self._books.pending, self._books.sums
        for row, item in enumerate(mine):
            place = places[item.lane]
            sums.filed[0] += item.tonnes
            lanes.filed[place] += item.tonnes
            number = int(lanes.count[place])
            lanes.count[place] = number + 1
            pending.place[row], pending.number[row] = place, number
            pending.tonnes[row] = item.tonnes
            pending.ordered[row] = pending.prepared[row] = item.day
            pending.ready[row] = self._still_to_come(item, self.names[place], number)
            pending.round[row] = state.lanes.round[item.lane]
            pending.where[row] = bookkeeping.COMING
        sums.pending[0] = len(mine)
        return bool(mine)

    def _still_to_come(self, item: Filed, name: str, number: int) -> float:
        """Return when an application is examined that is known to be open on day 0.

        Its examination takes longer than its age: the law is drawn until it does. One that is older than
        anything the law gives comes before the desk at once.
        """
        slowness, law = self.examiner.slowness[name], self.examiner.processing_days
        if not isinstance(law, Distribution):
            return max(item.day + float(law) * slowness, 0.0)
        rng = self._world.rng(f"{self.examiner.name}/{name}/open/{number}")
        ready = item.day + slowness * np.asarray(law.draw(rng, BLOCK), dtype=np.float64)
        later = ready[ready > 0.0]
        return float(later[0]) if later.size else 0.0

    def work(self, state: State, state_ref: Any, today: int) -> State:
        """Take in what was ordered and decide until a week from today; return the state.

        `today` counts from the first day of the scenario; `state_ref` is a reference to the state.
        """
        sums = self._books.sums
        granted = float(sums.granted[0])
        self._books.rule.per_week[0] = self._capacity(today)
        self._keep(bookkeeping.with_rows(self._books, int(sums.pending[0]) + len(self._lanes)))
        while meet(self._ref, state_ref, today) == GROW_LUCK:
            lanes = self._books.lanes
            for place in np.flatnonzero(lanes.wanted > lanes.drawn):
                self._draw(int(place))
        self._note(state, today, float(sums.granted[0]) - granted)
        return self._written(state)

    def filed(self) -> dict[str, float]:
        """Return what was applied for on each lane [unit of material]."""
        rows = zip(self.names, self._books.lanes.filed.tolist(), strict=True)
        return {name: tonnes for name, tonnes in rows if tonnes > 0.0}

    def _keep(self, books: bookkeeping.Books) -> None:
        if books is not self._books or self._ref is None:
            self._books, self._ref = books, Ref(books)

    def _capacity(self, today: int) -> float:
        steps = self.examiner.decisions_per_week
        return steps[bisect_right(steps, float(today), key=lambda step: step[0]) - 1][1]

    def _draw(self, place: int) -> None:
        """Draw the luck of a lane's next applications: the k-th has the k-th draws, whenever it comes."""
        drawn = int(self._books.lanes.drawn[place])
        if drawn + BLOCK > self._books.luck.words.shape[2]:
            self._keep(bookkeeping.with_luck(self._books, max(drawn, BLOCK)))
        if place not in self._rngs:
            self._rngs[place] = self._world.rng(f"{self.examiner.name}/{self.names[place]}")
        rng, examiner, luck = self._rngs[place], self.examiner, self._books.luck
        rows = slice(drawn, drawn + BLOCK)
        luck.preparing[place, rows] = _values(examiner.preparing_days, rng)
        luck.processing[place, rows] = _values(examiner.processing_days, rng)
        luck.returned[place, rows] = _values(examiner.returned_days, rng)
        luck.chance_returned[place, rows] = rng.random(BLOCK)
        luck.chance_granted[place, rows] = rng.random(BLOCK)
        self._books.lanes.drawn[place] = drawn + BLOCK

    def _note(self, state: State, today: int, granted: float) -> None:
        """Add the week's row of LICENCE_COLUMNS."""
        assert self._before is not None, "the books are open"
        mine, lanes, sums = self._lanes, state.lanes, self._books.sums
        used = float((lanes.used[mine] - self._before[0]).sum())
        lapsed = float((lanes.lapsed[mine] - self._before[1]).sum())
        waiting = float((lanes.waiting[mine] + lanes.overdue[mine]).sum())
        delay = float(sums.waited[0]) / granted if granted > 0.0 else math.nan
        totals = ("filed", "preparing", "in_queue", "returned", "granted", "refused")
        counted = [float(sums[name][0]) for name in totals]
        self.series.append((float(today), *counted, lapsed, used - lapsed, waiting, delay))

    def _written(self, state: State) -> State:
        """Put the decisions where the kernel carries them out."""
        count = int(self._books.sums.decided[0])
        state = factory.with_decisions(state, count)
        first = int(state.decision_count[0])
        state.decisions.words[:, first : first + count] = self._books.decided.words[:, :count]
        state.decisions.day[first : first + count] += self._first
        state.decision_count[0] = first + count
        return state


def _values(law: Number, rng: np.random.Generator) -> Floats | float:
    if not isinstance(law, Distribution):
        return float(law)
    # A crowd of applications shows the whole law, even where everything else is at its centre.
    return np.asarray(law.draw(rng, BLOCK), dtype=np.float64)
