"""The bullwhip of a moving-average forecast (OR23, Chen et al. 2000)."""

from __future__ import annotations

import numpy as np
import pytest

from sim.domain import Distribution
from sim.engine.trajectory import Trajectory
from sim.testing import Sketch, small_case
from tests.analytical.theory import assert_near, expected, lane_series, measure, row_of

SETTINGS = [(1, 4), (2, 4), (4, 5), (2, 10), (5, 10)]


@pytest.mark.parametrize(("number", "lead", "window"), [(n, *pair) for n, pair in enumerate(SETTINGS)])
def test_variance_of_orders_over_variance_of_demand(number: int, lead: int, window: int) -> None:
    """OR23: Var(q)/Var(D) = 1 + 2 L/p + 2 L^2/p^2 for order-up-to L x moving average, iid demand.

    The target of a lane is forecast x (cover + lead + review - 1), so L of the case is that factor:
    a lane of 1 day with a cover of L - 1 days. Cover keeps the shop supplied (demand of small spread),
    orders never turn negative, and the lead time is the planned one for ever.
    """
    exact = 1.0 + 2.0 * lead / window + 2.0 * lead**2 / window**2
    assert exact == pytest.approx(expected("OR23")[number], abs=5e-3)
    sketch = Sketch("bullwhip")
    sketch.source("source", "part")
    sketch.customer(
        "shop",
        "part",
        plan=1000.0,
        demand=Distribution("normal", {"mean": 1000.0, "sd": 50.0}),
        cover=lead - 1.0,
        forecast="moving_average",
        forecast_days=float(window),
        lead_time_learning_days=float("inf"),
        patience_days=float("inf"),
    )
    sketch.lane("source", "shop", "part", days=1)

    def ratio(trajectory: Trajectory) -> tuple[float]:
        orders = lane_series(trajectory, "ordered", "source_shop_part")[200:]
        demand = trajectory.line_planned[200:, row_of(trajectory.lines, "shop_line")]
        assert orders.min() > 0.0
        return (float(np.var(orders) / np.var(demand)),)

    assert_near(*measure(small_case(sketch.network(), 4_000, seed=5), ratio), [exact], [0.01])
