"""Days at rest: copied days are the simulated ones, and what differs by rounding stays a matter of rounding.

A run that copies its steady days meets the first event with other last bits than one that simulates them.
So every scenario is run both ways: no decision may hang on a last bit.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.case import Case, InitialState
from sim.domain import Distribution
from sim.engine import Trajectory, simulate
from sim.engine.arrays import Record, State
from sim.engine.rest import LOOKED_AT_DAYS, Rest
from sim.interventions import ExportBan
from sim.scenario import library, load
from sim.testing import Sketch, day, small_case

CROWDED = Path(__file__).parents[2] / "benchmarks" / "licensed.yaml"
SCENARIOS = sorted(path.stem for *_, path in library())
DAILY = ("line_made", "line_planned", "on_hand", "in_transit", "touched")


def assert_alike(one: Trajectory, other: Trajectory, *, room: float) -> None:
    """Require the series of two runs to be the same, beside what each lane, line or stock has at most."""
    for name in DAILY:
        here, there = getattr(one, name), getattr(other, name)
        # What a stock never holds more of than a thousand millionth of a day's use is rounding by itself.
        usual = one.use_planned if name == "on_hand" else 0.0
        most = np.maximum(np.abs(there).max(axis=0), 1e-3 * np.asarray(usual) + 1e-6)
        gap = np.abs(here - there) / most
        assert gap.max() < room, (name, np.unravel_index(gap.argmax(), gap.shape))
    np.testing.assert_array_equal(one.touched_days, other.touched_days)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_decision_hangs_on_the_last_bit(scenario: str) -> None:
    assert_no_edge(load(scenario).case, None)


@pytest.mark.parametrize("replication", [None, 1, 2])
def test_no_licence_hangs_on_the_last_bit(replication: int | None) -> None:
    """A desk at its limit: a single application more would put off all that come after it."""
    assert_no_edge(load(CROWDED).case, replication)


def assert_no_edge(case: Case, replication: int | None) -> None:
    copied = simulate(case, replication, in_detail=False)
    assert_alike(copied, simulate(case, replication, in_detail=False, day_by_day=True), room=1e-8)


CUT, HORIZON = 60, 200


def world(**customer: object) -> Case:
    """Return ore -> separator with a co-product that piles up -> works, cut off from day CUT on."""
    sketch = Sketch("piles", elements=("dysprosium",), tracked=("CN",))
    for material in ("ore", "oxide", "leftover"):
        sketch.material(material, form="oxide", unit="tonne", contents={"dysprosium": 0.1})
    sketch.source("mine", "ore", country="CN")
    sketch.plant(
        "separator", {"oxide": 1.0, "leftover": 0.5}, {"ore": 1.5}, drivers=("oxide",), cover=5.0,
        output_cover=2.0, country="CN", surplus={"leftover": "store"},
    )  # fmt: skip
    if customer:
        sketch.customer("works", "oxide", plan=4.0, country="JP", cover=30.0, **customer)
    else:
        sketch.builder("works", {"oxide": 1.0}, plan=4.0, cover=30.0, country="JP")
    sketch.lane("mine", "separator", "ore", days=7)
    sketch.lane("separator", "works", "oxide", days=20)
    ban = ExportBan(id="cut", start=day(CUT), from_places=("separator",), domestic=True)
    return small_case(sketch.network(), HORIZON, ban)


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Collect the days that are skipped: from, how many."""
    found: list[tuple[int, int]] = []
    skip = Rest.skip

    def noted(self: Rest, state: State, record: Record, row: int, days: int) -> None:
        found.append((row, days))
        skip(self, state, record, row, days)

    monkeypatch.setattr(Rest, "skip", noted)
    return found


def test_days_up_to_the_first_event_are_copied_and_piles_grow(skipped: list[tuple[int, int]]) -> None:
    case = world()
    run = simulate(case, in_detail=False)
    assert skipped == [(LOOKED_AT_DAYS, CUT - LOOKED_AT_DAYS)]
    assert_alike(run, simulate(case, in_detail=False, day_by_day=True), room=1e-10)
    pile = next(i for i, stock in enumerate(run.stocks) if stock.material == "leftover")
    np.testing.assert_allclose(np.diff(run.on_hand[:CUT, pile]), 2.0, rtol=1e-9)
    assert max(run.balance.values()) < 1e-12


def test_days_are_copied_only_where_nothing_can_happen(skipped: list[tuple[int, int]]) -> None:
    """Luck, a stated first day, a review of some days, and whoever wants all details: day by day."""
    quiet = world()
    law = Distribution("normal", {"mean": 4.0, "sd": 0.5})
    stated = InitialState(on_hand={("works", "oxide"): 50.0})
    simulate(world(demand=law), 1, in_detail=False)
    simulate(replace(quiet, initial_state=stated), in_detail=False)
    simulate(quiet, in_detail=False, day_by_day=True)
    simulate(quiet)
    assert skipped == []


@pytest.mark.parametrize("fault", ["bucket", "clock", "ship_day"])
def test_a_calendar_that_is_moved_wrongly_shows(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Rest._pass

    def wrong(self: Rest, state: State, days: int) -> None:
        bucket = state.bucket.copy()
        right(self, state, days)
        if fault == "bucket":
            state.bucket[:] = bucket
        elif fault == "clock":
            state.bucket[:] = np.roll(state.bucket, 1)
        else:
            state.pool.ship_day[:] -= days

    monkeypatch.setattr(Rest, "_pass", wrong)
    case = world()
    with pytest.raises(AssertionError):
        assert_alike(
            simulate(case, in_detail=False), simulate(case, in_detail=False, day_by_day=True), room=1e-10
        )
