"""Time to survive and least loss of the linear programmes, against cases solved by hand.

OR29 and OR30 (Simchi-Levi et al. 2015) are two plants A (60 a week) and B (40 a week) of one part, of which
40 lie in stock; two products that need one part each, 25 and 10 finished; customers ask for 50 and 30 a week.
The days of the programme stand for weeks.
"""

from __future__ import annotations

import math

import pytest

from sim.analysis.potential import Potential, Stocks
from sim.analysis.survival import Loss, least_lost_worth, loss_of_site, stocks_of, time_to_survive
from sim.domain import Network
from sim.engine import simulate
from sim.steady import solve
from sim.testing import Sketch, serial_chain, small_case


def two_plants() -> Network:
    """Return the network of OR29 and OR30."""
    sketch = Sketch("two_plants")
    for plant, most in (("plant_a", 60.0), ("plant_b", 40.0)):
        sketch.mine(plant, "part", plan=0.8 * most, capacity_per_day=most)
    sketch.store("hub", "part")
    sketch.lane("plant_a", "hub", "part", share=0.6)
    sketch.lane("plant_b", "hub", "part", share=0.4)
    for number, demand in ((1, 50.0), (2, 30.0)):
        sketch.plant(f"assembly_{number}", {f"product_{number}": 1.0}, {"part": 1.0})
        sketch.lane("hub", f"assembly_{number}", "part")
        sketch.customer(f"market_{number}", f"product_{number}", plan=demand)
        sketch.lane(f"assembly_{number}", f"market_{number}", f"product_{number}")
    return sketch.network()


STOCKS = Stocks(
    {
        ("hub", "part", "in"): 40.0,
        ("assembly_1", "product_1", "out"): 25.0,
        ("assembly_2", "product_2", "out"): 10.0,
    }
)


def test_or29_parts_that_survive_and_stocks_last_75_over_40_weeks() -> None:
    network = two_plants()
    loss = loss_of_site(network, "plant_a")
    weeks = time_to_survive(Potential(network, STOCKS), loss, solve(network).lane_flow)
    assert weeks == pytest.approx(75.0 / 40.0, abs=1e-9)


def test_or30_four_weeks_without_a_cost_85_units_of_the_product_with_the_small_margin() -> None:
    network = two_plants()
    loss, margins = loss_of_site(network, "plant_a"), {"market_1_line": 10.0, "market_2_line": 4.0}
    worth, lost = least_lost_worth(
        Potential(network, STOCKS), loss, solve(network).lane_flow, 4.0, margins
    )
    assert worth == pytest.approx(340.0, abs=1e-6)
    assert lost == pytest.approx({"market_1_line": 0.0, "market_2_line": 85.0}, abs=1e-6)


def test_one_line_alone_has_all_that_is_left() -> None:
    """Product 1 alone: 50 t = 40 t + 40 + 25, so 6.5 weeks; product 2 alone needs less than B makes."""
    network = two_plants()
    potential, loss = Potential(network, STOCKS), loss_of_site(network, "plant_a")
    flow = solve(network).lane_flow
    alone = [time_to_survive(potential, loss, flow, lines=[f"market_{n}_line"]) for n in (1, 2)]
    assert alone == [pytest.approx(6.5, abs=1e-9), math.inf]


def test_part_of_a_capacity_lost_lasts_longer() -> None:
    """With half of A, 70 a week come in for 80: 75 / 10 weeks. A fifth less (88 a week) never matters."""
    network = two_plants()
    potential, flow = Potential(network, STOCKS), solve(network).lane_flow
    days = [time_to_survive(potential, loss_of_site(network, "plant_a", s), flow) for s in (0.5, 0.2)]
    assert days == [pytest.approx(7.5, abs=1e-9), math.inf]


def test_nobody_orders_more_elsewhere() -> None:
    """As ordered on day zero, B ships 32 of the 80 a week, although it could make 40: 75 / 48 weeks."""
    network = two_plants()
    flow = solve(network).lane_flow
    days = time_to_survive(
        Potential(network, STOCKS), loss_of_site(network, "plant_a"), flow, as_ordered=True
    )
    assert flow["plant_b_hub_part"] == pytest.approx(32.0)
    assert days == pytest.approx(75.0 / 48.0, abs=1e-9)


def test_a_lane_that_is_lost_leaves_what_is_under_way() -> None:
    """A chain whose first lane is cut lasts as long as all it holds, ashore and at sea."""
    network = serial_chain([10.0, 20.0], [7, 5])
    trajectory = simulate(small_case(network, 1), in_detail=False)
    stocks = stocks_of(trajectory, network)
    potential, flow = Potential(network, stocks), solve(network).lane_flow
    days = time_to_survive(potential, Loss(lanes={"source_tier_0_part": 0.0}), flow)
    held = trajectory.opening_on_hand.sum() - trajectory.opening_on_hand[
        [i for i, stock in enumerate(trajectory.stocks) if stock.role == "output"]
    ].sum()
    assert days == pytest.approx((held + trajectory.opening_in_transit.sum()) / 10.0, rel=1e-9)


def test_a_site_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'plant_a'"):
        loss_of_site(two_plants(), "plant_aa")
    potential = Potential(two_plants(), STOCKS)
    with pytest.raises(ValueError, match="line 'market_3_line' does not exist"):
        time_to_survive(potential, Loss(), {}, lines=["market_3_line"])


def test_stocks_of_a_later_day_need_the_detail() -> None:
    network = serial_chain([10.0], [7])
    trajectory = simulate(small_case(network, 5), in_detail=False)
    with pytest.raises(ValueError, match="in detail"):
        stocks_of(trajectory, network, day=3)
