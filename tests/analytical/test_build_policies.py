"""How builders run out, stop, restart and catch up: rationing, ramp, overtime, parking, priorities.

A builder of plan d with a cover of C days buys over lanes of L days. After a cut on day CUT its stock
stays at C d until day CUT + L, from which nothing arrives.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.domain import Line, LineKind
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportBan
from sim.testing import Sketch, day, small_case
from tests.analytical.theory import made_by, row_of

CUT, PLAN, COVER, LANE = 30, 8.0, 12, 5
RUNS_DRY = CUT + LANE + COVER
"""First day of the morning of which the stock is gone."""
STEADY = {"forecast": "fixed", "lead_time_learning_days": math.inf, "patience_days": math.inf}


def cut_builder(length: int, horizon_days: int, **line_fields: float) -> Trajectory:
    """Return a run in which nothing is shipped for `length` days."""
    sketch = Sketch()
    sketch.source("source", "part", country="SS")
    sketch.builder("works", {"part": 1.0}, plan=PLAN, cover=COVER, country="WW", habits=STEADY, **line_fields)
    sketch.lane("source", "works", "part", days=LANE)
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + length), from_places=("source",))
    return simulate(small_case(sketch.network(), horizon_days, ban))


@pytest.mark.parametrize("ration_days", [4, 8])
def test_rationing_stretches_the_last_days_exponentially(ration_days: int) -> None:
    """Below a cover of R days the line builds plan x cover/R: each day takes 1/R of what is left.

    On the first morning below R the cover is R - 1, so output is d (R - 1)/R (1 - 1/R)^k; the stock
    never reaches nothing. Without rationing the line would run in full and stop R - 1 days later.
    """
    made = made_by(cut_builder(300, RUNS_DRY + 60, ration_below_cover_days=ration_days), "works_line")
    first = RUNS_DRY - (ration_days - 1)
    np.testing.assert_allclose(made[:first], PLAN, rtol=1e-9)
    since = np.arange(len(made) - first)
    kept = 1.0 - 1.0 / ration_days
    np.testing.assert_allclose(made[first:], PLAN * (ration_days - 1) / ration_days * kept**since, rtol=1e-9)


@pytest.mark.parametrize("ramp_days", [4, 8, 16])
def test_a_stopped_line_returns_to_plan_by_its_ramp(ramp_days: int) -> None:
    """On the n-th day with goods a line of ramp N builds the share min(n/N, 1) of its plan."""
    length = COVER + 20
    run = cut_builder(length, RUNS_DRY + 80, restart_ramp_days=ramp_days)
    made = made_by(run, "works_line")
    back = CUT + LANE + length
    np.testing.assert_allclose(made[:RUNS_DRY], PLAN, rtol=1e-9)
    np.testing.assert_allclose(made[RUNS_DRY:back], 0.0, atol=1e-9)
    share = np.minimum(np.arange(1, len(made) - back + 1) / ramp_days, 1.0)
    np.testing.assert_allclose(made[back:], PLAN * share, rtol=1e-9)


def test_without_a_ramp_a_line_is_back_at_once() -> None:
    """With a ramp of 0 the first day with goods builds the whole plan."""
    made = made_by(cut_builder(COVER + 20, RUNS_DRY + 60), "works_line")
    np.testing.assert_allclose(made[RUNS_DRY + 20 :], PLAN, rtol=1e-9)


@pytest.mark.parametrize(("overtime", "capacity"), [(0.25, math.inf), (0.25, 9.0), (0.3, math.inf)])
def test_lost_units_are_caught_up_by_overtime(overtime: float, capacity: float) -> None:
    """A stop of D days owes D d units; min(v d, capacity - d) come back a day until none is owed.

    Everything is recovered D d / min(v d, capacity - d) days after the goods return, and from then on
    the line builds its plan: over the whole run not a unit is lost.
    """
    stopped = 10
    run = cut_builder(COVER + stopped, RUNS_DRY + 120, overtime_share=overtime, capacity_per_day=capacity)
    made = made_by(run, "works_line")
    back, lost = RUNS_DRY + stopped, stopped * PLAN
    extra = min(overtime * PLAN, capacity - PLAN)
    since = np.arange(len(made) - back)
    np.testing.assert_allclose(made[back:], PLAN + np.clip(lost - since * extra, 0.0, extra), rtol=1e-9)
    owed = run.line_owed[:, row_of(run.lines, "works_line")]
    np.testing.assert_allclose(owed[back:], np.maximum(lost - (since + 1) * extra, 0.0), atol=1e-8)
    assert owed[back + math.ceil(lost / extra) - 2] > 0.0
    assert owed[back + math.ceil(lost / extra) - 1] == pytest.approx(0.0, abs=1e-8)
    assert made.sum() == pytest.approx(PLAN * len(made), rel=1e-9)


def parking_builder(park_limit: float, length: int) -> Trajectory:
    """Return a run of a builder whose chips stop for a while; bodies arrive all along."""
    sketch = Sketch()
    sketch.source("chip_maker", "chip", country="CC")
    sketch.source("body_maker", "body", country="BB")
    sketch.builder(
        "works",
        {"chip": 1.0, "body": 2.0},
        plan=PLAN,
        cover=COVER,
        country="WW",
        habits=STEADY,
        park_limit_units=park_limit,
        parkable=("chip",),
    )
    sketch.lane("chip_maker", "works", "chip", days=LANE)
    sketch.lane("body_maker", "works", "body", days=LANE)
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + length), from_places=("chip_maker",))
    return simulate(small_case(sketch.network(), RUNS_DRY + 60, ban))


@pytest.mark.parametrize("park_limit", [0.0, 20.0, 36.0])
def test_incomplete_units_wait_up_to_the_limit_and_are_completed_at_once(park_limit: float) -> None:
    """Without chips d units a day are parked until P wait; the day chips are back builds d + P.

    What is parked has its bodies: of the 2 d bodies that go on arriving, 2 min(n d, P) are used by the
    n-th day, as long as the pipeline of L days lasts.
    """
    stopped = 15
    run = parking_builder(park_limit, COVER + stopped)
    made, parked = made_by(run, "works_line"), run.line_parked[:, row_of(run.lines, "works_line")]
    back = RUNS_DRY + stopped
    waiting = np.minimum(PLAN * np.arange(1, stopped + 1), park_limit)
    np.testing.assert_allclose(parked[RUNS_DRY:back], waiting, rtol=1e-9)
    np.testing.assert_allclose(parked[:RUNS_DRY], 0.0, atol=1e-12)
    np.testing.assert_allclose(parked[back:], 0.0, atol=1e-9)
    np.testing.assert_allclose(made[RUNS_DRY:back], 0.0, atol=1e-9)
    assert made[back] == pytest.approx(PLAN + park_limit, rel=1e-9)
    np.testing.assert_allclose(made[back + 1 :], PLAN, rtol=1e-9)
    assert PLAN * len(made) - made.sum() == pytest.approx(stopped * PLAN - park_limit, rel=1e-9)
    bodies = run.on_hand[:, [(stock.material, stock.role) for stock in run.stocks].index(("body", "input"))]
    arrived = 2.0 * PLAN * (COVER + np.arange(1, LANE + 1))
    np.testing.assert_allclose(bodies[RUNS_DRY:][:LANE], arrived - 2.0 * waiting[:LANE], rtol=1e-9)


@pytest.mark.parametrize(
    ("priorities", "made"), [((1, 0), (2.5, 10.0)), ((0, 1), (10.0, 2.5)), ((0, 0), (5.0, 5.0))]
)
def test_product_lines_take_scarce_parts_by_priority(
    priorities: tuple[int, int], made: tuple[float, float]
) -> None:
    """Half of the parts of two lines that want 10 and 2 x 10: the first in rank gets all it wants.

    15 parts a day: rank 0 takes what it needs, the other builds from the rest; equal ranks share pro
    rata, each at one half.
    """
    sketch = Sketch()
    sketch.source("source", "part", country="SS")
    # The first line needs 2 parts a unit if it comes last, so that the rest is 5 parts either way.
    needs = {"line_a": 2.0 if priorities[0] > priorities[1] else 1.0}
    needs["line_b"] = 3.0 - needs["line_a"]
    sketch.site("works", stage="oem", country="WW", cover={"part": 0.0}, **STEADY)
    for name, priority in zip(needs, priorities, strict=True):
        goods = f"{name}_goods"
        sketch.material(goods, form="goods")
        sketch.line(
            Line(
                name,
                "works",
                LineKind.BUILD,
                inputs={"part": needs[name]},
                outputs={goods: 1.0},
                drivers=(goods,),
                plan_per_day=10.0,
                priority=priority,
            )
        )
    sketch.lane("source", "works", "part", days=LANE)
    ban = ExportBan(id="ban", start=day(CUT), from_places=("source",), leak=0.5)
    run = simulate(small_case(sketch.network(), CUT + 40, ban))
    for name, rate in zip(needs, made, strict=True):
        np.testing.assert_allclose(made_by(run, name)[: CUT + LANE], 10.0, rtol=1e-9)
        np.testing.assert_allclose(made_by(run, name)[CUT + LANE :], rate, rtol=1e-9)


def test_parking_is_measured_in_the_same_order_of_priority() -> None:
    """Bodies that rank 0 takes to park units are gone for rank 1, which then stands still.

    Chips are gone from day r. Bodies arrive for both lines, 2 d a day; with a limit of P rank 0 parks d
    a day for P/d days and takes its bodies; rank 1, which may park nothing, never touches its own.
    """
    sketch = Sketch()
    sketch.source("chip_maker", "chip", country="CC")
    sketch.source("body_maker", "body", country="BB")
    sketch.site("works", stage="oem", country="WW", cover={"chip": 0.0, "body": 0.0}, **STEADY)
    for name, priority, limit in (("line_a", 1, 0.0), ("line_b", 0, 24.0)):
        goods = f"{name}_goods"
        sketch.material(goods, form="goods")
        sketch.line(
            Line(
                name,
                "works",
                LineKind.BUILD,
                inputs={"chip": 1.0, "body": 1.0},
                outputs={goods: 1.0},
                drivers=(goods,),
                plan_per_day=PLAN,
                priority=priority,
                park_limit_units=limit,
                parkable=("chip",),
            )
        )
    for material in ("chip", "body"):
        sketch.lane(f"{material}_maker", "works", material, days=LANE)
    ban = ExportBan(id="ban", start=day(CUT), from_places=("chip_maker",), leak=0.25)
    run = simulate(small_case(sketch.network(), CUT + 40, ban))
    since = np.arange(40 - LANE)
    chips = 0.25 * 2.0 * PLAN
    np.testing.assert_allclose(made_by(run, "line_b")[CUT + LANE :], chips, rtol=1e-9)
    np.testing.assert_allclose(made_by(run, "line_a")[CUT + LANE :], 0.0, atol=1e-9)
    parked = run.line_parked[CUT + LANE :, row_of(run.lines, "line_b")]
    np.testing.assert_allclose(parked, np.minimum((PLAN - chips) * (since + 1), 24.0), rtol=1e-9)
