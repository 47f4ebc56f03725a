"""How much lines make: mines by yard and open orders, plants by their co-products and their forecast."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportBan, Outage
from sim.testing import Sketch, day, small_case
from tests.analytical.theory import lane_series, made_by, stock_of

CUT, PLAN = 30, 9.0
RETURN_DAYS = 30.0
"""A mine corrects its yard, and serves what stands open, within so many days (PRECISION 36)."""
STEADY = {"forecast": "fixed", "lead_time_learning_days": math.inf, "patience_days": math.inf}


def mine(*, output_cover: float, **line_fields: float) -> Sketch:
    """Return a mine that feeds a builder whose stock outlasts the test."""
    sketch = Sketch()
    sketch.mine("mine", "ore", plan=PLAN, output_cover=output_cover, country="MM", **line_fields)
    sketch.builder("works", {"ore": 1.0}, plan=PLAN, cover=300.0, country="WW", habits=STEADY)
    sketch.lane("mine", "works", "ore", days=10)
    return sketch


@pytest.mark.parametrize("length", [6, 25])
def test_a_mine_works_off_standing_orders_in_thirty_days(length: int) -> None:
    """Open orders raise a mine's output by orders/30 d: after a stop of D days they decay by 29/30 a day.

    Without a yard B = D d units stand open. On the k-th day after the stop the mine makes
    d + B (29/30)^k / 30, ships it, and B (29/30)^(k + 1) stay open.
    """
    outage = Outage(id="outage", start=day(CUT), end=day(CUT + length), sites=("mine",))
    run = simulate(small_case(mine(output_cover=0.0).network(), CUT + length + 90, outage))
    open_orders = length * PLAN * (1.0 - 1.0 / RETURN_DAYS) ** np.arange(91)
    made = made_by(run, "mine_line")[CUT + length :]
    np.testing.assert_allclose(made, PLAN + open_orders[:-1] / RETURN_DAYS, rtol=1e-9)
    waiting = lane_series(run, "unshipped", "mine_works_ore")[CUT + length :]
    np.testing.assert_allclose(waiting, open_orders[1:], rtol=1e-9)


def test_capacity_bounds_what_open_orders_ask_of_a_mine() -> None:
    """With a capacity of 1.1 d only a tenth of a day's orders is worked off each day."""
    outage = Outage(id="outage", start=day(CUT), end=day(CUT + 25), sites=("mine",))
    network = mine(output_cover=0.0, capacity_per_day=1.1 * PLAN).network()
    run = simulate(small_case(network, CUT + 25 + 60, outage))
    np.testing.assert_allclose(made_by(run, "mine_line")[CUT + 25 :], 1.1 * PLAN, rtol=1e-9)


@pytest.mark.parametrize("yard_capacity", [14.0, 22.0, math.inf])
def test_a_yard_behind_a_closed_border_fills_to_its_capacity(yard_capacity: float) -> None:
    """The mine slows as the yard fills, y_k = T + 30 d (1 - (29/30)^k), and stops at its capacity.

    Orders that cannot ship ask for nothing. A yard without limit ends 30 days above its target T.
    """
    target = 10.0
    ban = ExportBan(id="ban", start=day(CUT), from_places=("MM",))
    network = mine(output_cover=target, yard_capacity_days=yard_capacity).network()
    run = simulate(small_case(network, CUT + 120, ban))
    k = np.arange(1, 121)
    filling = target * PLAN + RETURN_DAYS * PLAN * (1.0 - (1.0 - 1.0 / RETURN_DAYS) ** k)
    yard = stock_of(run, "mine", "output")[CUT:]
    np.testing.assert_allclose(yard, np.minimum(filling, yard_capacity * PLAN), rtol=1e-9)
    made = made_by(run, "mine_line")[CUT:]
    np.testing.assert_allclose(made, np.diff(yard, prepend=target * PLAN), atol=1e-9)


def separation(surplus: str, *, residual_plan: float | None) -> Sketch:
    """Return a plant that makes 3 lanthanum for each dysprosium, and who takes them; plan of 10."""
    sketch = Sketch()
    sketch.source("source", "feed", country="SS")
    sketch.plant(
        "plant",
        {"dysprosium": 1.0, "lanthanum": 3.0},
        {"feed": 5.0},
        drivers=("dysprosium",),
        surplus={"lanthanum": surplus},
        habits=STEADY,
        country="PP",
    )
    sketch.builder("works", {"dysprosium": 1.0}, plan=10.0, cover=300.0, country="PP", habits=STEADY)
    sketch.builder(
        "glass",
        {"lanthanum": 1.0},
        plan=residual_plan,
        cover=5.0,
        country="GG",
        is_sink=residual_plan is None,
        habits=STEADY,
    )
    sketch.lane("source", "plant", "feed", days=8)
    sketch.lane("plant", "works", "dysprosium", days=2)
    sketch.lane("plant", "glass", "lanthanum", days=2, is_pushed=True)
    return sketch


def pile_of(run: Trajectory) -> np.ndarray:
    """Return the plant's stock of lanthanum, shape (day,)."""
    names = [(stock.site, stock.material, stock.role) for stock in run.stocks]
    return run.on_hand[:, names.index(("plant", "lanthanum", "output"))]


@pytest.mark.parametrize("leak", [0.0, 0.5])
def test_a_co_product_chokes_the_plant_at_sixty_days_of_planned_output(leak: float) -> None:
    """A pile of (1 - leak) 3 d a day reaches 60 x 3 d: the plant stops 60 days after the gate closed.

    Its rate is min(d, what still fits / 3). With a leak the pile grows by half as much; from the day
    on which less than a day's output fits the plant makes what leaves, half its plan.
    """
    ban = ExportBan(id="ban", start=day(CUT), to_places=("GG",), leak=leak)
    run = simulate(small_case(separation("choke", residual_plan=None).network(), CUT + 150, ban))
    made = made_by(run, "plant_line")
    np.testing.assert_allclose(made[:CUT], 10.0, rtol=1e-9)
    grows = 30.0 * (1.0 - leak)
    fits = (60.0 * 30.0 - grows * np.arange(150)) / 3.0
    np.testing.assert_allclose(made[CUT:], np.clip(fits, 10.0 * leak, 10.0), rtol=1e-9, atol=1e-8)
    if leak == 0.0:
        assert int((made <= 1e-8).argmax()) == CUT + 60
    # After the morning at which nothing more fits the pile stands at 60 days, less what leaves.
    assert pile_of(run)[-1] == pytest.approx(60.0 * 30.0 - 30.0 * leak)


@pytest.mark.parametrize("surplus", ["sell", "dispose", "store"])
def test_what_no_lane_takes_is_sold_disposed_of_or_stored(surplus: str) -> None:
    """Of 30 a day a lane takes 12: the other 18 leave by the ledger on the day, or pile up.

    What the lane was to take is never sold over its head: behind a closed gate its 12 a day wait.
    """
    ban = ExportBan(id="ban", start=day(CUT), to_places=("GG",))
    run = simulate(small_case(separation(surplus, residual_plan=12.0).network(), CUT + 60, ban))
    days = np.arange(CUT + 60)
    stored = 18.0 * (days + 1) if surplus == "store" else 0.0 * days
    waiting = 12.0 * np.maximum(days + 1 - CUT, 0)
    np.testing.assert_allclose(pile_of(run), stored + waiting, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(made_by(run, "plant_line"), 10.0, rtol=1e-9)
    shipped = lane_series(run, "shipped", "plant_glass_lanthanum")
    np.testing.assert_allclose(shipped, np.where(days < CUT, 12.0, 0.0), atol=1e-9)


def test_a_pushed_lane_gets_all_that_waited_when_its_gate_opens() -> None:
    """What was made for a closed lane leaves on the day it opens, D days at once."""
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + 20), to_places=("GG",))
    run = simulate(small_case(separation("sell", residual_plan=12.0).network(), CUT + 40, ban))
    shipped = lane_series(run, "shipped", "plant_glass_lanthanum")
    assert shipped[CUT + 20] == pytest.approx(21 * 12.0)
    np.testing.assert_allclose(shipped[CUT + 21 :], 12.0, rtol=1e-9)


@pytest.mark.parametrize("spare", [1.2, 1.5])
def test_the_forecast_is_capped_by_what_the_line_can_use(spare: float) -> None:
    """PRECISION 37: a plant of small capacity that gets D days of orders at once plans for its capacity.

    While its only lane is closed nobody may order, so the forecast fades. On the day it opens D days of
    orders come in; the need of the next day is D d, of which a thirtieth would be far above the
    capacity K. The level follows K, not the orders: the plant orders (K - d) q (C + L) to raise its
    stock and pipeline from d to K, and the K q it has just used.
    """
    cover, lane_days, per_part, length = 10, 8, 2.0, 90
    sketch = Sketch()
    sketch.source("source", "ore", country="SS")
    sketch.plant(
        "plant",
        {"part": 1.0},
        {"ore": per_part},
        cover=cover,
        output_cover=1.0,
        country="PP",
        capacity_per_day=spare * PLAN,
        habits={"lead_time_learning_days": math.inf, "forecast_days": 30.0},
    )
    buyer = {**STEADY, "patience_days": 30.0}
    sketch.builder("works", {"part": 1.0}, plan=PLAN, cover=400.0, country="WW", habits=buyer)
    sketch.lane("source", "plant", "ore", days=lane_days)
    sketch.lane("plant", "works", "part", days=3)
    opens = CUT + length
    ban = ExportBan(id="ban", start=day(CUT), end=day(opens), from_places=("plant",))
    run = simulate(small_case(sketch.network(), opens + 20, ban))
    most = spare * PLAN
    # A thirtieth of these orders alone is above the capacity.
    assert lane_series(run, "ordered", "plant_works_part")[opens] > 30.0 * most
    assert made_by(run, "plant_line")[opens + 1] == pytest.approx(most)
    ore = lane_series(run, "ordered", "source_plant_ore")
    raised = (most - PLAN) * per_part * (cover + lane_days) + most * per_part
    assert ore[opens + 1] == pytest.approx(raised, rel=1e-9)


@pytest.mark.parametrize(("custody", "lost"), [("segregated", 0.2), ("mixed", 0.0), ("mass_balance", 0.0)])
def test_segregated_campaigns_cost_a_share_of_capacity(custody: str, lost: float) -> None:
    """A plant of capacity K that keeps goods apart makes K (1 - cost) when asked for more than that."""
    sketch = Sketch()
    sketch.source("source", "ore", country="SS")
    sketch.plant(
        "plant",
        {"part": 1.0},
        {"ore": 1.0},
        cover=60.0,
        country="PP",
        capacity_per_day=2.0 * PLAN,
        custody=custody,
        segregation_cost_share=0.2,
        habits=STEADY,
    )
    sketch.builder("works", {"part": 1.0}, plan=PLAN, cover=300.0, country="WW", habits=STEADY)
    sketch.lane("source", "plant", "ore", days=8)
    sketch.lane("plant", "works", "part", days=3)
    outage = Outage(id="outage", start=day(CUT), end=day(CUT + 40), sites=("plant",))
    run = simulate(small_case(sketch.network(), CUT + 60, outage))
    np.testing.assert_allclose(made_by(run, "plant_line")[CUT + 40 :], 2.0 * PLAN * (1.0 - lost), rtol=1e-9)
