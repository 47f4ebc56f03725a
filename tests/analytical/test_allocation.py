"""How a supplier that is short divides what it has: one test per rule, shares of a day by hand.

A mine of plan 30 keeps no stock and loses 40 % of its capacity: 18 a day for three buyers who go on
ordering 6, 9 and 15 a day. Their covers last longer than the test, so what they order does not change.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import Outage
from sim.testing import Sketch, day, small_case
from tests.analytical.theory import lane_series, stock_of

CUT, SHORT_DAYS = 20, 25
STEADY = {"patience_days": math.inf, "lead_time_learning_days": math.inf}
"""Habits of buyers who order their use day after day, whatever they receive."""
ORDERS = {"first": 6.0, "second": 9.0, "third": 15.0}
COUNTRY = {"first": "AA", "second": "BB", "third": "CC"}
SUPPLY = 18.0


def short_mine(allocation: str, **lane_fields: dict[str, float]) -> Trajectory:
    """Return a run in which 18 of the 30 units ordered each day are there from day CUT on."""
    sketch = Sketch()
    sketch.mine("mine", "ore", plan=30.0, output_cover=0.0, capacity_per_day=30.0, country="CC")
    sketch.habit("mine", allocation=allocation)
    for buyer, quantity in ORDERS.items():
        sketch.builder(
            buyer,
            {"ore": 1.0},
            plan=quantity,
            cover=60.0,
            country=COUNTRY[buyer],
            habits=STEADY,
        )
        fields = {name: values[buyer] for name, values in lane_fields.items()}
        sketch.lane("mine", buyer, "ore", days=4, **fields)
    outage = Outage(id="outage", start=day(CUT), sites=("mine",), loss=0.4)
    return simulate(small_case(sketch.network(), CUT + SHORT_DAYS, outage))


def assert_shipped_daily(trajectory: Trajectory, wanted: tuple[float, float, float]) -> None:
    """Require constant shipments to the three buyers, of what is there and no more."""
    assert sum(wanted) == pytest.approx(SUPPLY)
    for buyer, quantity in zip(ORDERS, wanted, strict=True):
        ordered = lane_series(trajectory, "ordered", f"mine_{buyer}_ore")
        np.testing.assert_allclose(ordered, ORDERS[buyer], rtol=1e-9)
        shipped = lane_series(trajectory, "shipped", f"mine_{buyer}_ore")[CUT:]
        np.testing.assert_allclose(shipped, quantity, rtol=1e-9, atol=1e-9, err_msg=buyer)


def test_pro_rata_cuts_every_lane_by_the_same_share() -> None:
    """Each lane gets ask x stock / asked: 18/30 of what it orders."""
    share = SUPPLY / sum(ORDERS.values())
    assert_shipped_daily(short_mine("pro_rata"), tuple(share * quantity for quantity in ORDERS.values()))


def test_contract_priority_serves_rank_after_rank() -> None:
    """Rank 0 and rank 1 get all they ask, rank 2 what is left: 18 - 6 - 9; ids and ranks disagree."""
    run = short_mine("contract_priority", priority={"first": 1, "second": 2, "third": 0})
    assert_shipped_daily(run, (SUPPLY - ORDERS["third"], 0.0, ORDERS["third"]))
    run = short_mine("contract_priority", priority={"first": 0, "second": 1, "third": 2})
    assert_shipped_daily(
        run, (ORDERS["first"], ORDERS["second"], SUPPLY - ORDERS["first"] - ORDERS["second"])
    )


def test_lanes_of_one_rank_share_pro_rata() -> None:
    """What rank 0 leaves (18 - 9) is divided 6 : 15 between the two lanes of rank 1."""
    run = short_mine("contract_priority", priority={"first": 1, "second": 0, "third": 1})
    left, asked = SUPPLY - ORDERS["second"], ORDERS["first"] + ORDERS["third"]
    assert_shipped_daily(
        run, (left * ORDERS["first"] / asked, ORDERS["second"], left * ORDERS["third"] / asked)
    )


def test_domestic_first_serves_its_own_country_before_all_others() -> None:
    """The buyer of the mine's country gets its 15; the rest, 3, is shared pro rata by those abroad."""
    left, asked = SUPPLY - ORDERS["third"], ORDERS["first"] + ORDERS["second"]
    assert_shipped_daily(
        short_mine("domestic_first"),
        (left * ORDERS["first"] / asked, left * ORDERS["second"] / asked, ORDERS["third"]),
    )


def test_highest_bid_serves_by_falling_bid() -> None:
    """Bids of 10, 30 and 20 dollars: 9 to the highest, the other 9 to the next, nothing to the lowest."""
    bids = {"first": 10.0, "second": 30.0, "third": 20.0}
    run = short_mine("highest_bid", bid_usd_per_tonne=bids)
    assert_shipped_daily(run, (0.0, ORDERS["second"], SUPPLY - ORDERS["second"]))


@pytest.mark.parametrize("whole_orders", [True, False])
def test_whole_orders_wait_until_they_are_covered(whole_orders: bool) -> None:
    """Orders of 8 a day, 6 a day to ship: whole orders leave oldest first when the sum of supply covers them.

    By the n-th day 6 n have been made, so floor(6 n / 8) orders have left and the rest is in stock.
    With part shipments 6 leave each day and no stock builds up.
    """
    sketch = Sketch()
    sketch.mine("mine", "ore", plan=8.0, output_cover=0.0, capacity_per_day=8.0, country="MM")
    sketch.habit("mine", whole_orders=whole_orders)
    sketch.builder("works", {"ore": 1.0}, plan=8.0, cover=60.0, habits=STEADY)
    sketch.lane("mine", "works", "ore", days=4)
    outage = Outage(id="outage", start=day(CUT), sites=("mine",), loss=0.25)
    run = simulate(small_case(sketch.network(), CUT + SHORT_DAYS, outage))
    made = 6.0 * np.arange(1, SHORT_DAYS + 1)
    left = 8.0 * np.floor(made / 8.0) if whole_orders else made
    shipped = lane_series(run, "shipped", "mine_works_ore")[CUT:]
    np.testing.assert_allclose(np.cumsum(shipped), left, rtol=1e-9)
    np.testing.assert_allclose(stock_of(run, "mine", "output")[CUT:], made - left, atol=1e-9)
