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
from sim.engine.reference import Ref, ref_to
from sim.interventions.instructions import Examiner

BLOCK = 64
"""Applications of a lane whose luck is drawn at a time."""
WEEKS_PENDING = 4
"""Weeks of applications for which there is room at first."""


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
        # One application a week and lane; those that are refused and filed anew come on top.
        self._usual = BLOCK * (world.horizon_days // (7 * BLOCK) + 1)
        self._books = bookkeeping.with_luck(bookkeeping.blank(self._lanes), self._usual)
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
        for name, column in (("granted", "granted"), ("used_before", "used"), ("lapsed_before", "lapsed")):
            self._books.lanes[name][:] = state.lanes[column][self._lanes]
        places = {lane: place for place, lane in enumerate(self._lanes.tolist())}
        mine = [item for item in filed if item.lane in places]
        self._books = bookkeeping.with_rows(self._books, len(mine) + WEEKS_PENDING * len(places))
        lanes, pending, sums = self._books.lanes, self._books.pending, self._books.sums
        for row, item in enumerate(mine):
            place = places[item.lane]
            self._books.week.filed[0] += item.tonnes
            lanes.filed[place] += item.tonnes
            number = int(lanes.count[place])
            lanes.count[place] = number + 1
            pending.place[row], pending.number[row] = place, number
            pending.tonnes[row] = item.tonnes
            pending.ordered[row] = pending.prepared[row] = item.day
            pending.ready[row] = self._still_to_come(item, self.names[place], number)
            pending.round[row] = state.lanes.round[item.lane]
            pending.where[row] = bookkeeping.COMING
            pending.weight[row] = 1.0
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
        self._books.rule.per_week[0] = self._capacity(today)
        rows = int(self._books.sums.pending[0]) + len(self._lanes)
        self._keep(bookkeeping.with_rows(self._books, rows))
        roomy = factory.with_decisions(state, bookkeeping.MOST_DECISIONS * rows)
        if roomy is not state:
            state, state_ref = roomy, ref_to(roomy)
        while meet(self._ref, state_ref, today) == GROW_LUCK:
            lanes = self._books.lanes
            self._draw(np.flatnonzero(lanes.wanted > lanes.drawn).tolist())
        self.series.append(tuple(self._books.week.words[:, 0].view(np.float64).tolist()))
        return state

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

    def _draw(self, places: list[int]) -> None:
        """Draw the luck of lanes' next applications: the k-th has the k-th draws, whenever it comes."""
        drawn = self._books.lanes.drawn
        room = self._books.luck.words.shape[2]
        if int(drawn[places].max()) == room:
            self._keep(bookkeeping.with_luck(self._books, room))
        new = [place for place in places if place not in self._rngs]
        names = tuple(f"{self.examiner.name}/{self.names[place]}" for place in new)
        self._rngs.update(zip(new, self._world.rngs(names), strict=True))
        examiner, luck = self.examiner, self._books.luck
        block = np.empty((len(luck.kinds), BLOCK))  # in the order of the columns
        for place in places:
            rng, begin = self._rngs[place], int(drawn[place])
            end = begin + BLOCK if begin else self._usual
            for first in range(begin, end, BLOCK):
                block[0] = _values(examiner.preparing_days, rng)
                block[1] = _values(examiner.processing_days, rng)
                block[2] = _values(examiner.returned_days, rng)
                rng.random(out=block[3:])
                luck.words[:, place, first : first + BLOCK] = block.view(np.int64)
            drawn[place] = end


def _values(law: Number, rng: np.random.Generator) -> Floats | float:
    if not isinstance(law, Distribution):
        return float(law)
    # A crowd of applications shows the whole law, even where everything else is at its centre.
    return np.asarray(law.draw(rng, BLOCK), dtype=np.float64)
