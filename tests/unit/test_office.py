"""The desk from week to week: its heap stays, and decides as an office does that sorts everything anew."""

from __future__ import annotations

import heapq
import math
from typing import Any

import numpy as np
import pytest

from sim.engine import books as bookkeeping
from sim.engine import state as factory
from sim.engine.arrays import Table, ints
from sim.engine.kernels.licences import GRANT, GRANT_LATE, OVERDUE
from sim.engine.kernels.office import meet
from sim.engine.reference import Ref
from sim.engine.simulate import compiled, realise
from sim.testing import serial_chain, small_case

LANES, WEEKS, DRAWN = 2, 60, 4000
SPECK = 1e-9


class SortingOffice:
    """The same office in plain Python: each week every application is put in order anew."""

    def __init__(self, books: bookkeeping.Books) -> None:
        self.books = books
        self.pending: list[dict[str, Any]] = []
        self.free_from = -math.inf
        self.count = [0] * LANES

    def write(self, place: int, tonnes: float, ordered: float, filed: float) -> dict[str, Any]:
        number, luck = self.count[place], self.books.luck
        self.count[place] += 1
        prepared = filed + luck.preparing[place, number]
        return {
            "place": place, "tonnes": tonnes, "ordered": ordered, "number": number,
            "back": False, "late": False,
            "ready": prepared + luck.processing[place, number] * self.books.lanes.slowness[place],
        }  # fmt: skip

    def week(self, filed: dict[int, float], today: int) -> list[tuple[int, int, int, float]]:
        """Return what is decided: day, lane, what, tonnes."""
        until, lanes, luck = today + 7.0, self.books.lanes, self.books.luck
        gap = 7.0 / float(self.books.rule.per_week[0])
        self.pending += [self.write(place, tonnes, today, today) for place, tonnes in filed.items()]
        coming = sorted(self.pending, key=lambda one: (one["ready"], one["place"], one["number"]))
        desk: list[tuple[Any, ...]] = []
        stays, decided = [], []
        while coming or desk:
            free = self.free_from if desk else max(self.free_from, coming[0]["ready"])
            while coming and coming[0]["ready"] <= free:
                one = coming.pop(0)
                key = (lanes.rank[one["place"]], one["ready"], one["place"], one["number"])
                heapq.heappush(desk, (*key, one))
            day = max(self.free_from, desk[0][-1]["ready"]) + gap
            if day >= until - SPECK:
                break
            one = heapq.heappop(desk)[-1]
            self.free_from = day
            day = max(day, float(today))
            place, number = one["place"], one["number"]
            if not one["back"] and luck.chance_returned[place, number] < self.books.rule.returned_share[0]:
                stays.append(one | {"back": True, "ready": day + luck.returned[place, number]})
            elif luck.chance_granted[place, number] < lanes.approval[place]:
                what = GRANT_LATE if one["late"] else GRANT
                decided.append((math.ceil(day - SPECK), place, what, one["tonnes"]))
            else:
                again = self.write(place, one["tonnes"], one["ordered"], day)
                stays.append(again | {"late": one["late"]})
        self.pending = stays + coming + [entry[-1] for entry in desk]
        for one in self.pending:
            day = one["ordered"] + lanes.patience[one["place"]]
            if not one["late"] and day < until - SPECK:
                decided.append((math.ceil(day - SPECK), one["place"], OVERDUE, one["tonnes"]))
                one["late"] = True
        return sorted(decided)


@pytest.mark.parametrize("per_week", [2.0, 3.0, 9.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_desk_decides_as_one_that_sorts_everything_anew(per_week: float, seed: int) -> None:
    """With a backlog, at its limit, with time to spare; one lane goes first, some are returned or refused."""
    rng = np.random.default_rng(seed)
    case = small_case(serial_chain([20.0, 30.0], [8, 12]), 10)
    state = factory.copy_state(compiled(case.network, realise(case, None)).steady)
    books = bookkeeping.with_luck(bookkeeping.blank(ints(range(LANES))), DRAWN)
    books.lanes.rank[:] = [1, 0]
    books.lanes.slowness[:], books.lanes.approval[:] = [1.0, 1.5], [0.9, 0.7]
    books.lanes.patience[:], books.lanes.drawn[:] = [40.0, 25.0], DRAWN
    books.luck.preparing[:] = rng.uniform(0.0, 10.0, (LANES, DRAWN))
    books.luck.processing[:] = rng.uniform(0.0, 20.0, (LANES, DRAWN))
    books.luck.returned[:] = rng.uniform(0.0, 10.0, (LANES, DRAWN))
    books.luck.chance_returned[:] = rng.random((LANES, DRAWN))
    books.luck.chance_granted[:] = rng.random((LANES, DRAWN))
    rule = books.rule
    rule.per_week[0], rule.licence_tonnes[0], rule.returned_share[0] = per_week, 1e9, 0.2
    rule.validity[0] = math.inf
    books.sums.free_from[0] = -math.inf
    plain = SortingOffice(books)
    for week in range(WEEKS):
        today, filed = 7 * week, {}
        for place in range(LANES):
            filed[place] = float(rng.uniform(1.0, 5.0))
            state.lanes.unfiled[place] = filed[place]
            state.lanes.unfiled_days[place] = filed[place] * today
        books = bookkeeping.with_rows(books, int(books.sums.pending[0]) + LANES)
        plain.books = books
        state = factory.with_decisions(state, bookkeeping.MOST_DECISIONS * len(books.pending))
        meet(Ref(books), Ref(state), today)
        assert rows_of(state.decisions, int(state.decision_count[0])) == plain.week(filed, today)
        state.decision_count[0] = 0


def test_what_is_refused_on_average_is_that_part_of_an_application_and_comes_to_an_end() -> None:
    """Half of 8 t is granted each time: 4, 2, 1 ..., and the desk works 1, 1/2, 1/4 ... days on it."""
    case = small_case(serial_chain([20.0, 30.0], [8, 12]), 10)
    state = factory.copy_state(compiled(case.network, realise(case, None)).steady)
    state = factory.with_decisions(state, 200)
    books = bookkeeping.with_rows(bookkeeping.with_luck(bookkeeping.blank(ints([0])), DRAWN), 4)
    books.lanes.drawn[:], books.lanes.slowness[:], books.lanes.approval[:] = DRAWN, 1.0, 0.5
    books.lanes.patience[:] = math.inf
    rule = books.rule
    rule.per_week[0], rule.licence_tonnes[0], rule.validity[0] = 7.0, 1e9, math.inf
    rule.is_certain[0] = 1
    state.lanes.unfiled[0] = 8.0
    worked, granted = [], []
    for week in range(40):
        books.sums.free_from[0] = 7.0 * week
        meet(Ref(books), Ref(state), 7 * week)
        worked.append(float(books.sums.free_from[0]) - 7.0 * week)
        granted.append(state.decisions.quantity[: state.decision_count[0]].sum())
        state.decision_count[0] = 0
    rounds = 20  # what would be left after them, 2^-20 of the application, is less than a millionth
    np.testing.assert_allclose(granted[: rounds - 1], [4.0 / 2**k for k in range(rounds - 1)])
    assert sum(granted) == pytest.approx(8.0, rel=1e-14)
    assert granted[rounds:] == [0.0] * (40 - rounds)
    np.testing.assert_allclose(worked[:rounds], [1.0 / 2**k for k in range(rounds)], atol=1e-9)


def rows_of(decided: Table, count: int) -> list[tuple[int, int, int, float]]:
    """Return a week's decisions in order."""
    columns = (decided.day, decided.lane, decided.what, decided.quantity)
    return sorted(zip(*(column[:count].tolist() for column in columns), strict=True))
