"""Base stock under random demand: Palm's theorem (OR07-OR09) and the normal loss function (OR12)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.case import Case
from sim.domain import Distribution
from sim.engine.trajectory import Trajectory
from sim.testing import Sketch, small_case
from tests.analytical.theory import (
    assert_near,
    expected,
    measure,
    normal_base_stock,
    palm,
    row_of,
    stock_of,
)

WARM_UP_DAYS = 200
HORIZON_DAYS, LONG_HORIZON_DAYS = 12_000, 100_000
"""Backorders are rare: a long run brings three standard errors of them to twice the stated share or less."""


def shop_case(
    demand: Distribution, level: float, days: float | Distribution, horizon_days: int, **lane: float
) -> Case:
    """Return a shop with a fixed order-up-to level that buys from an unlimited source."""
    sketch = Sketch("base_stock")
    sketch.source("source", "part")
    sketch.customer(
        "shop",
        "part",
        plan=demand.mean(),
        demand=demand,
        ordering="order_up_to",
        ordering_parameters={"level": level},
        patience_days=float("inf"),
    )
    sketch.lane("source", "shop", "part", days=days, **lane)
    return small_case(sketch.network(), horizon_days, seed=7)


def stock_and_backorders(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Return end-of-day stock and backorders after the warm-up."""
    owed = trajectory.line_owed[:, row_of(trajectory.lines, "shop_line")]
    return stock_of(trajectory, "shop")[WARM_UP_DAYS:], owed[WARM_UP_DAYS:]


def palm_figures(trajectory: Trajectory) -> tuple[float, float, float]:
    """Return mean backorders, mean stock and the share of days that end with stock."""
    stock, owed = stock_and_backorders(trajectory)
    return float(owed.mean()), float(stock.mean()), float((stock > 0.5).mean())


PALM = [("OR07", 60, 0.01), ("OR08", 65, 0.01), ("OR09", 70, 0.02)]


@pytest.mark.parametrize(("case_id", "level", "share"), PALM)
def test_base_stock_with_poisson_demand_and_constant_lead_time(
    case_id: str, level: int, share: float
) -> None:
    """OR07-OR09: units outstanding are Poisson(5 x 12), so E[B], E[I], P(I > 0) follow.

    Time: one engine day is one day of the case, L = 12 days is a lane of 12. Seen at the end of a day
    the orders of exactly the last 12 days are outstanding, whose sum is Poisson(60) as in continuous
    review; no rescaling is needed.
    """
    exact = palm(60.0, level)
    np.testing.assert_allclose(exact, expected(case_id), atol=5e-4)
    case = shop_case(Distribution("poisson", {"mean": 5.0}), level, 12.0, LONG_HORIZON_DAYS)
    assert_near(*measure(case, palm_figures, in_detail=False), exact, [share] * 3)


@pytest.mark.parametrize(("case_id", "level", "share"), PALM)
def test_base_stock_with_poisson_demand_and_drawn_lead_times(case_id: str, level: int, share: float) -> None:
    """OR07-OR09, any law of the lead time: gamma with mean 12 and cv 0.5, one shipment per unit.

    Each unit draws its own transit time, so units outstanding are a thinned Poisson stream. One draw
    for the batch of a day would keep the mean and widen the spread (E[B] 4.0 instead of 3.1). Whole
    days hardly move the mean of L: E[max(1, round(L))] is 12.00 to four digits.
    """
    gamma = stats.gamma(4.0, scale=3.0)
    mean_days = 1.0 + sum(gamma.sf(whole + 0.5) for whole in range(1, 400))
    assert mean_days == pytest.approx(12.0, rel=1e-3)
    case = shop_case(
        Distribution("poisson", {"mean": 5.0}),
        level,
        Distribution("gamma", {"mean": 12.0, "cv": 0.5}),
        LONG_HORIZON_DAYS,
        shipment_size=1.0,
    )
    assert_near(*measure(case, palm_figures, in_detail=False), palm(5.0 * mean_days, level), [share] * 3)


def test_periodic_base_stock_with_normal_demand() -> None:
    """OR12: N(50, 8) a period, L = 4, S = 267.8885; closed form of the normal loss.

    Time: one engine day is one period. Net stock at the end of a period is S less the last L + 1 = 5
    demands, because a textbook order raised after the demand of t first serves that of t + L + 1:
    a lane of 5 days.
    """
    level = 250.0 + 8.0 * 5.0**0.5
    exact = normal_base_stock(50.0, 8.0, 5, level)
    np.testing.assert_allclose(exact, expected("OR12"), atol=1e-4)

    def figures(trajectory: Trajectory) -> tuple[float, float, float, float]:
        stock, owed = stock_and_backorders(trajectory)
        served = trajectory.line_made[WARM_UP_DAYS:, row_of(trajectory.lines, "shop_line")]
        asked = trajectory.line_planned[WARM_UP_DAYS:, row_of(trajectory.lines, "shop_line")]
        at_once = np.maximum(served[1:] - owed[:-1], 0.0)
        return (
            float(owed.mean()),
            float(stock.mean()),
            float((owed <= 1e-9).mean()),
            float(at_once.sum() / asked[1:].sum()),
        )

    case = shop_case(Distribution("normal", {"mean": 50.0, "sd": 8.0}), level, 5.0, HORIZON_DAYS)
    assert_near(*measure(case, figures), exact, [0.02, 0.01, 0.01, 0.01])
