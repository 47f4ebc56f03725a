"""Goods that are pushed leave by the solved share of what was made that day, and a steady state stays one."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engine import simulate
from sim.testing import Sketch, small_case
from tests.analytical.theory import lane_series, made_by


def by_product(surplus: str) -> Sketch:
    """Return a plant that makes 4 t of chips a day, of which a user takes 1 t."""
    sketch = Sketch()
    sketch.source("source", "feed", country="SS")
    sketch.plant(
        "plant",
        {"metal": 1.0, "chips": 0.4},
        {"feed": 2.0},
        drivers=("metal",),
        surplus={"chips": surplus},
        country="PP",
    )
    sketch.builder("works", {"metal": 1.0}, plan=10.0, cover=10.0, country="WW")
    sketch.builder("user", {"chips": 1.0}, plan=1.0, cover=5.0, country="WW")
    sketch.lane("source", "plant", "feed", days=8)
    sketch.lane("plant", "works", "metal", days=6)
    sketch.lane("plant", "user", "chips", days=3, is_pushed=True)
    return sketch


@pytest.mark.parametrize("surplus", ["dispose", "store"])
def test_a_pushed_lane_carries_the_solved_share_of_what_is_made(surplus: str) -> None:
    """What nobody takes is sold off or piles up; it is not pushed on the user a day later."""
    trajectory = simulate(small_case(by_product(surplus).network(), 200))
    np.testing.assert_allclose(lane_series(trajectory, "shipped", "plant_user_chips"), 1.0, rtol=1e-9)


def test_a_mine_that_pushes_its_product_is_steady_too() -> None:
    """Old scrap is collected at its plan, whatever stock its collectors hold."""
    sketch = Sketch()
    sketch.mine("scrap", "chips", plan=4.0, output_cover=10.0, capacity_per_day=8.0, country="SS")
    sketch.builder("user", {"chips": 1.0}, plan=4.0, cover=5.0, country="WW")
    sketch.lane("scrap", "user", "chips", days=3, is_pushed=True)
    trajectory = simulate(small_case(sketch.network(), 200))
    np.testing.assert_allclose(made_by(trajectory, "scrap_line"), 4.0, rtol=1e-9)
    np.testing.assert_allclose(lane_series(trajectory, "shipped", "scrap_user_chips"), 4.0, rtol=1e-9)
