"""A supplier that fails and is repaired at random: OR20 (EOQ), OR21 (base stock), OR22 (age)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

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
    mean_and_error,
    observations,
    row_of,
    stock_of,
)

# What is long to simulate is simulated once, for all tests that look at it.
pytestmark = pytest.mark.xdist_group("unreliable_supply")
WARM_UP_DAYS = 500


def shops_case(
    demand_per_day: float,
    up: Distribution,
    down: Distribution,
    horizon_days: int,
    *,
    lost_sales: bool,
    ordering: str,
    parameters: Sequence[dict[str, float]],
) -> Case:
    """Return shops with steady demand, one for each set of ordering parameters, that share one luck.

    Their only supplier fails again and again, and is unlimited while it works: no shop feels the others.
    """
    sketch = Sketch("unreliable_supply")
    sketch.source("source", "part")
    for number, chosen in enumerate(parameters):
        sketch.customer(
            f"shop_{number}",
            "part",
            plan=demand_per_day,
            lost_sales=lost_sales,
            ordering=ordering,
            ordering_parameters=chosen,
            patience_days=math.inf,
        )
        sketch.lane("source", f"shop_{number}", "part", days=1)
    failures = Outage(id="failures", start=day(0), sites=("source",), up_days=up, down_days=down)
    return small_case(sketch.network(), horizon_days, failures, seed=11)


STEPS_PER_YEAR = 130
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


@pytest.mark.slow
def test_or20_eoq_with_disruptions() -> None:
    """OR20: K = 8, h = 0.225, p = 5, D = 1300, failures 1.5 and repairs 14 a year, no lead time.

    Time: an engine day is 1/130 year. A shop orders Q at the end of the day on which its stock is
    gone; over a lane of 1 day the goods are there before the next demand, which is a lead time of
    zero. While the supplier is down the order waits and demand is lost. Spells are geometric with the
    means of the case; quantities are whole days of demand, next to the EOQ, 700 and the optimum.

    Fifty times 1,200 years, for three standard errors of two per cent at most: spells that are
    8 % too long raise the costs by 5 to 8 %.
    """
    quantities = (310.0, 700.0, 770.0)
    per_day = DEMAND_PER_YEAR / STEPS_PER_YEAR
    case = shops_case(
        per_day,
        Distribution("geometric", {"mean": STEPS_PER_YEAR / FAILURES_PER_YEAR}),
        Distribution("geometric", {"mean": STEPS_PER_YEAR / REPAIRS_PER_YEAR}),
        1200 * STEPS_PER_YEAR,
        lost_sales=True,
        ordering="reorder_quantity",
        parameters=[{"r": per_day / 2.0, "Q": quantity} for quantity in quantities],
    )

    def yearly_costs(trajectory: Trajectory) -> list[float]:
        costs = []
        for number in range(len(quantities)):
            shop = f"shop_{number}"
            stock = stock_of(trajectory, shop)[WARM_UP_DAYS:]
            served = made_by(trajectory, f"{shop}_line")[WARM_UP_DAYS:]
            orders = (np.diff(stock) > 0.0).sum()
            years = len(stock) / STEPS_PER_YEAR
            held = (stock + served / 2.0).mean()
            lost = (per_day - served).sum()
            costs.append(float(FIXED_COST * orders / years + HOLDING * held + PENALTY * lost / years))
        return costs

    means, errors = mean_and_error(observations(case, yearly_costs, 50, in_detail=False))
    assert_near(means, errors, [eoqd_cost(quantity) for quantity in quantities], [0.01] * 3)


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


LEVELS = (2000.0, 4000.0, 6000.0, 8000.0, 10_000.0)
AGES = 5


@cache
def disrupted_runs() -> dict[str, np.ndarray]:
    """Return what was seen in each replication: costs per level, shares of ages, failures per period.

    Time: a day is a period, a lane of 1 day is a lead time of zero periods. Goods ordered at the end of
    day t and shipped that day are there before the demand of t + 1, so after n periods down the net
    stock is S - (n + 1) d.
    """
    case = shops_case(
        UNIT_DEMAND,
        Distribution("geometric", {"mean": 1.0 / ALPHA}),
        Distribution("geometric", {"mean": 1.0 / BETA}),
        70_000,
        lost_sales=False,
        ordering="order_up_to",
        parameters=[{"level": level} for level in LEVELS],
    )

    def observe(trajectory: Trajectory) -> list[float]:
        figures = []
        for number in range(len(LEVELS)):
            held = stock_of(trajectory, f"shop_{number}")[WARM_UP_DAYS:].mean()
            owed = trajectory.line_owed[WARM_UP_DAYS:, row_of(trajectory.lines, f"shop_{number}_line")].mean()
            figures.append(float(HOLD_COST * held + OWE_COST * owed))
        is_down = lane_series(trajectory, "shipped", "source_shop_0_part")[WARM_UP_DAYS:] <= 0.0
        days = np.arange(len(is_down))
        age = days - np.maximum.accumulate(np.where(is_down, 0, days))
        figures += [float((age == periods).mean()) for periods in range(AGES)]
        return [*figures, float((is_down[1:] & ~is_down[:-1]).mean())]

    rows = observations(case, observe, 60)
    return {"costs": rows[:, :AGES], "ages": rows[:, AGES:-1], "failures": rows[:, -1]}


def test_or21_formula_gives_the_published_figures() -> None:
    """OR21: S* = 8000 and the costs at five levels."""
    best_level, best_cost, *others = expected("OR21")
    assert disrupted_cost(best_level) == pytest.approx(best_cost, abs=0.01)
    levels = (2000.0, 4000.0, 6000.0, 10_000.0)
    assert [disrupted_cost(level) for level in levels] == pytest.approx(others, abs=0.01)
    assert min((*levels, best_level), key=disrupted_cost) == best_level


@pytest.mark.slow
def test_or21_base_stock_with_disruptions() -> None:
    """OR21: h = 0.25, p = 3, d = 2000, failure 0.04 and repair 0.25 per period, at all five levels."""
    exact = [disrupted_cost(level) for level in LEVELS]
    means, errors = mean_and_error(disrupted_runs()["costs"])
    assert_near(means, errors, exact, [0.02] * len(LEVELS))
    assert (3.0 * errors / exact).max() <= 0.02


def test_or21_the_best_level_has_the_least_cost() -> None:
    """OR21: 8000 costs less than the other levels, 6000 by 0.16 % only, beyond three standard errors.

    Levels share their luck, and most of the luck in a difference of costs is how often and how long
    supply was down; both have known means, alpha beta/(alpha + beta) and alpha/(alpha + beta), so the
    differences are read at these by a regression over the replications.
    """
    runs = disrupted_runs()
    controls = np.column_stack(
        [
            np.ones(len(runs["failures"])),
            runs["failures"] - ALPHA * BETA / (ALPHA + BETA),
            (1.0 - runs["ages"][:, 0]) - ALPHA / (ALPHA + BETA),
        ]
    )
    spread = np.linalg.inv(controls.T @ controls)
    best = LEVELS.index(8000.0)
    for number, level in enumerate(LEVELS):
        if number == best:
            continue
        more = runs["costs"][:, number] - runs["costs"][:, best]
        fitted = spread @ controls.T @ more
        rest = more - controls @ fitted
        error = (rest @ rest / (len(more) - controls.shape[1]) * spread[0, 0]) ** 0.5
        exact = disrupted_cost(level) - disrupted_cost(LEVELS[best])
        assert fitted[0] > 3.0 * error, f"{level:.0f}: {fitted[0]:.3g} +-{error:.2g} more, theory {exact:.3g}"
        assert abs(fitted[0] - exact) <= 3.0 * error + 0.02 * exact


def test_or22_age_of_a_disruption_is_geometric() -> None:
    """OR22: pi_0 = beta/(alpha + beta), pi_n = alpha beta/(alpha + beta) (1 - beta)^(n - 1)."""
    assert age_share(0) == pytest.approx(0.8621, abs=5e-5)
    means, errors = mean_and_error(disrupted_runs()["ages"])
    assert_near(means, errors, [age_share(periods) for periods in range(AGES)], [0.01] * AGES)
