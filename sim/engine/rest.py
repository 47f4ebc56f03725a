"""A world at rest: days that repeat until something disturbs it are copied, not simulated anew.

Day zero is the steady state, so until the first event every day is like the one before, but for rounding
and for co-products that pile up. A few days are simulated and compared; if they are alike, the days up to
the next event follow from the last one. Once disturbed, a world is simulated day by day to its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.case import Case, InitialState
from sim.engine import faults
from sim.engine.arrays import SURPLUS_STORE, Draws, Floats, Net, Record, State
from sim.engine.kernels.day import WEEK

LOOKED_AT_DAYS = 8
"""Days that are simulated before a day is compared with the one before it."""
ALIKE = 1e-11
"""Two days are alike when no figure differs by more than this share of what passes there in a day."""


def may_rest(case: Case, initial: InitialState, net: Net, draws: Draws) -> bool:
    """Tell whether a case begins in its steady state and has no luck in it from day to day."""
    is_daily = bool((net.groups.review == 1).all())
    is_stated = bool(initial.on_hand or initial.in_transit or initial.licences)
    demand = draws.demand
    has_luck = draws.transit.shape[0] > 0 or bool((demand != demand[:, :1]).any())
    return is_daily and not is_stated and not has_luck and not faults.any_is_planted()


@dataclass(frozen=True, slots=True)
class Counters:
    """What grows from day to day even at rest."""

    arrays: tuple[Floats, ...]

    @classmethod
    def of(cls, state: State) -> Counters:
        """Return the counters of a state, as they are stored there."""
        outs = state.outs
        return cls(
            (
                state.on_hand, state.totals.made, state.totals.used, state.gained, state.lost,
                outs.unbooked_made, outs.unbooked_used, state.lanes.unbooked,
            )
        )  # fmt: skip

    def copy(self) -> Counters:
        """Return the counters as they are now, for later."""
        return Counters(tuple(array.copy() for array in self.arrays))


class Rest:
    """The steady days of one replication, which end with the first disturbance."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._daily: tuple[Floats, ...] | None = None
        self._before: Counters | None = None

    @property
    def is_known(self) -> bool:
        """Whether the days have been found to be alike."""
        return self._daily is not None

    def begin_to_look(self, state: State) -> None:
        """Note the counters on the morning of the day that will be compared."""
        self._before = Counters.of(state).copy()

    def look(self, state: State, record: Record, row: int) -> bool:
        """Tell whether the day of this row was like the one before; if so, days may be skipped."""
        assert self._before is not None, "the morning was noted"
        now = Counters.of(state).arrays
        daily = [after - before for after, before in zip(now, self._before.arrays, strict=True)]
        stocks = daily[0]
        piles = self._piles()
        stocks[~piles & (np.abs(stocks) <= ALIKE * np.maximum(state.on_hand, self._usual()))] = 0.0
        is_still = not stocks[~piles].any() and not (state.lanes.unshipped > 0.0).any()
        plans = record.lines.planned[row]
        if (
            is_still
            and _are_alike(record.lines, row, plans)
            and _are_alike(record.under_way, row, self._net.lanes.flow)
        ):
            self._daily = tuple(daily)
        return self.is_known

    def _usual(self) -> Floats:
        """Return what passes through every stock on a normal day."""
        usual = np.full(len(self._net.bins), 1e-300)
        usual[: len(self._net.outs)] += self._net.outs.planned
        np.maximum.at(usual, self._net.lanes.bin, self._net.lanes.flow)
        return usual

    def _piles(self) -> np.ndarray:
        """Tell which stocks may grow for ever: co-products that are stored."""
        outs = self._net.outs
        piles = np.zeros(len(self._net.bins), dtype=bool)
        piles[: len(outs)] = (outs.pushed == 1) & (outs.surplus == SURPLUS_STORE)
        return piles

    def skip(self, state: State, record: Record, row: int, days: int) -> None:
        """Let so many days go by that are like the last one; `row` is the first of them."""
        assert self._daily is not None
        for array, daily in zip(Counters.of(state).arrays, self._daily, strict=True):
            array += days * daily
        self._pass(state, days)
        for table in (record.lines, record.stocks, record.under_way):
            table.words[:, row : row + days] = table.words[:, row - 1 : row]
        self._pile_up(record.stocks.on_hand, row, days)
        _copy_touched(record, row, days)

    def _pile_up(self, on_hand: Floats, row: int, days: int) -> None:
        """Let the co-products that are stored grow from day to day."""
        assert self._daily is not None
        outs = len(self._net.outs)
        growing = np.flatnonzero(self._daily[0][:outs])
        growth = np.arange(1, days + 1)[:, None] * self._daily[0][None, growing]
        on_hand[row : row + days, on_hand.shape[1] - outs + growing] += growth

    def _pass(self, state: State, days: int) -> None:
        """Move the calendar of goods under way; no order is open that could have grown older."""
        state.clock[1] += days
        state.bucket[:] = np.roll(state.bucket, days % state.bucket.size)
        state.pool.ship_day[:] += days
        state.lanes.order_oldest[:] += days
        state.order_ring[:] = 0.0


def _are_alike(table: Any, row: int, usual: Floats) -> bool:
    """Tell whether two days in a row of some series are alike, beside what is usual."""
    for name, kind in table.kinds:
        one, other = table[name][row], table[name][row - 1]
        if kind == "i" and (one != other).any():
            return False
        if kind == "f" and (np.abs(one - other) > ALIKE * np.maximum(np.abs(one), usual)).any():
            return False
    return True


def _copy_touched(record: Record, row: int, days: int) -> None:
    """Fill the records of touched shares that fall into skipped days."""
    last = record.lines.made.shape[0] - 1
    for day in range(row, row + days):
        if day % WEEK == 0 or day == last:
            week = (day + WEEK - 1) // WEEK
            record.touched_days[week] = day
            record.touched[week] = record.touched[week - 1]
