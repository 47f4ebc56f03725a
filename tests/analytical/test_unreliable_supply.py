"""A supplier that fails and is repaired at random: OR20 (EOQ), OR21 (base stock), OR22 (age)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from sim.case import Case
from sim.domain import Distribution
from sim.engine.trajectory import Trajectory
from sim.interventions import Outage
from sim.testing import Sketch, day, small_case
from tests.analytical.theory import (
    assert_near,
    expected,
    lane_series,
    made_by,
    measure,
    row_of,
    stock_of,
)

WARM_UP_DAYS = 500


def shop_case(
    demand_per_day: float,
    up: Distribution,
    down: Distribution,
    horizon_days: int,
    *,
    lost_sales: bool,
    ordering: str,
    parameters: dict[str, float],
) -> Case:
    """Return a shop with steady demand whose only supplier fails again and again."""
    sketch = Sketch("unreliable_supply")
    sketch.source("source", "part")
    sketch.customer(
        "shop",
        "part",
        plan=demand_per_day,
        lost_sales=lost_sales,
        ordering=ordering,
        ordering_parameters=parameters,
        patience_days=math.inf,
    )
    sketch.lane("source", "shop", "part", days=1)
    failures = Outage(id="failures", start=day(0), sites=("source",), up_days=up, down_days=down)
    return small_case(sketch.network(), horizon_days, failures, seed=11)


STEPS_PER_YEAR = 520
FIXED_COST, HOLDING, PENALTY, DEMAND_PER_YEAR = 8.0, 0.225, 5.0, 1300.0
FAILURES_PER_YEAR, REPAIRS_PER_YEAR = 1.5, 14.0


def eoqd_cost(quantity: float) -> float:
    """Return the yearly cost of EOQ with exponential up and down times and lost sales."""
    both = FAILURES_PER_YEAR + REPAIRS_PER_YEAR
    is_down = FAILURES_PER_YEAR / both * (1.0 - math.exp(-both * quantity / DEMAND_PER_YEAR))
    waiting = is_down / REPAIRS_PER_YEAR
    cost = FIXED_COST + HOLDING * quantity**2 / (2.0 * DEMAND_PER_YEAR)
    return (cost + PENALTY * DEMAND_PER_YEAR * waiting) / (quantity / DEMAND_PER_YEAR + waiting)


def test_or20_formula_gives_the_published_figures() -> None:
    """OR20: the optimal quantity, its cost, and the costs at 700 and at the EOQ."""
    quantity, cost, cost_at_700, cost_at_eoq = expected("OR20")
    best = optimize.minimize_scalar(eoqd_cost, bounds=(300.0, 2000.0), method="bounded")
    assert best.x == pytest.approx(quantity, rel=1e-4)
    assert best.fun == pytest.approx(cost, rel=1e-5)
    assert eoqd_cost(700.0) == pytest.approx(cost_at_700, rel=1e-5)
    eoq = math.sqrt(2.0 * FIXED_COST * DEMAND_PER_YEAR / HOLDING)
    assert eoqd_cost(eoq) == pytest.approx(cost_at_eoq, rel=1e-5)


@pytest.mark.parametrize("quantity", [305.0, 700.0, 772.5])
def test_or20_eoq_with_disruptions(quantity: float) -> None:
    """OR20: K = 8, h = 0.225, p = 5, D = 1300, failures 1.5 and repairs 14 a year, no lead time.

    Time: an engine day is 1/520 year. The shop orders Q at the end of the day on which its stock is
    gone; over a lane of 1 day the goods are there before the next demand, which is a lead time of
    zero. While the supplier is down the order waits and demand is lost. Spells are geometric with the
    means of the case; quantities are whole days of demand, next to the optimum, 700 and the EOQ.
    """
    per_day = DEMAND_PER_YEAR / STEPS_PER_YEAR
    case = shop_case(
        per_day,
        Distribution("geometric", {"mean": STEPS_PER_YEAR / FAILURES_PER_YEAR}),
        Distribution("geometric", {"mean": STEPS_PER_YEAR / REPAIRS_PER_YEAR}),
        60_000,
        lost_sales=True,
        ordering="reorder_quantity",
        parameters={"r": per_day / 2.0, "Q": quantity},
    )

    def yearly_cost(trajectory: Trajectory) -> tuple[float]:
        stock = stock_of(trajectory, "shop")[WARM_UP_DAYS:]
        served = made_by(trajectory, "shop_line")[WARM_UP_DAYS:]
        orders = (lane_series(trajectory, "ordered", "source_shop_part")[WARM_UP_DAYS:] > 0.0).sum()
        years = len(stock) / STEPS_PER_YEAR
        held = (stock + served / 2.0).mean()
        lost = (per_day - served).sum()
        return (float(FIXED_COST * orders / years + HOLDING * held + PENALTY * lost / years),)

    assert_near(*measure(case, yearly_cost), [eoqd_cost(quantity)], [0.01])


ALPHA, BETA, UNIT_DEMAND = 0.04, 0.25, 2000.0
HOLD_COST, OWE_COST = 0.25, 3.0


def age_share(periods: int) -> float:
    """Return the share of periods in which supply has been down for so many periods."""
    if periods == 0:
        return BETA / (ALPHA + BETA)
    return ALPHA * BETA / (ALPHA + BETA) * (1.0 - BETA) ** (periods - 1)


def disrupted_cost(level: float) -> float:
    """Return the cost per period of base stock S under geometric disruptions."""
    cost = 0.0
    for periods in range(2_000):
        needed = (periods + 1) * UNIT_DEMAND
        cost += age_share(periods) * (
            HOLD_COST * max(0.0, level - needed) + OWE_COST * max(0.0, needed - level)
        )
    return cost


def disrupted_case(level: float) -> Case:
    """Return the base-stock shop of OR21; a lane of 1 day is a lead time of zero periods."""
    return shop_case(
        UNIT_DEMAND,
        Distribution("geometric", {"mean": 1.0 / ALPHA}),
        Distribution("geometric", {"mean": 1.0 / BETA}),
        12_000,
        lost_sales=False,
        ordering="order_up_to",
        parameters={"level": level},
    )


def test_or21_formula_gives_the_published_figures() -> None:
    """OR21: S* = 8000 and the costs at five levels."""
    best_level, best_cost, *others = expected("OR21")
    assert disrupted_cost(best_level) == pytest.approx(best_cost, abs=0.01)
    levels = (2000.0, 4000.0, 6000.0, 10_000.0)
    assert [disrupted_cost(level) for level in levels] == pytest.approx(others, abs=0.01)
    assert min((*levels, best_level), key=disrupted_cost) == best_level


@pytest.mark.parametrize("level", [4000.0, 8000.0])
def test_or21_base_stock_with_disruptions(level: float) -> None:
    """OR21: h = 0.25, p = 3, d = 2000, failure 0.04 and repair 0.25 per period, against the closed form.

    Time: a day is a period. Goods ordered at the end of day t and shipped that day are there before
    the demand of t + 1 (lead time zero), so after n periods down net stock is S - (n + 1) d.
    """

    def cost(trajectory: Trajectory) -> tuple[float]:
        held = stock_of(trajectory, "shop")[WARM_UP_DAYS:].mean()
        owed = trajectory.line_owed[WARM_UP_DAYS:, row_of(trajectory.lines, "shop_line")].mean()
        return (float(HOLD_COST * held + OWE_COST * owed),)

    assert_near(*measure(disrupted_case(level), cost), [disrupted_cost(level)], [0.02])


def test_or22_age_of_a_disruption_is_geometric() -> None:
    """OR22: pi_0 = beta/(alpha + beta), pi_n = alpha beta/(alpha + beta) (1 - beta)^(n - 1)."""
    assert age_share(0) == pytest.approx(0.8621, abs=5e-5)

    def shares(trajectory: Trajectory) -> list[float]:
        is_down = lane_series(trajectory, "shipped", "source_shop_part")[WARM_UP_DAYS:] <= 0.0
        age = np.zeros(len(is_down), dtype=int)
        for number in range(1, len(is_down)):
            age[number] = age[number - 1] + 1 if is_down[number] else 0
        return [float((age == periods).mean()) for periods in range(5)]

    means, errors = measure(disrupted_case(8000.0), shares)
    assert_near(means, errors, [age_share(periods) for periods in range(5)], [0.01] * 5)
