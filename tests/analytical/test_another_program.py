"""The engine against an independent program: the common workload in plain SimPy, same demand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import plain_simpy
from benchmarks.this_engine import site_id, workload_case
from benchmarks.workload import DEMAND_MEAN, DEMAND_SD, HORIZON_DAYS, Outcome
from sim.engine import simulate
from tests.analytical.theory import row_of


@pytest.mark.parametrize("seed", [1, 2])
def test_same_demand_gives_the_same_stock_outs_as_plain_simpy(seed: int) -> None:
    """Given the same demand of every day, both programs owe customers on the same days."""
    demands = [
        tuple(
            np.random.default_rng([seed, column])
            .normal(DEMAND_MEAN, DEMAND_SD, HORIZON_DAYS)
            .clip(min=0.0)
            .tolist()
        )
        for column in range(4)
    ]
    trajectory = simulate(workload_case(demands))
    owed = trajectory.line_owed[:, row_of(trajectory.lines, f"{site_id(3, 0)}_line")]
    assert Outcome.of((owed > 1e-6).tolist()) == plain_simpy.replicate(seed)
    for column in range(1, 4):
        line = row_of(trajectory.lines, f"{site_id(3, column)}_line")
        assert trajectory.line_owed[:, line].max() < 1e-6
