"""Ten years in which nothing happens: every line builds to plan and every stock stands still."""

from __future__ import annotations

import numpy as np
import pytest

from sim.case import Case
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from tests.reference.tools import DAYS_PER_YEAR, case_of, oem_lines

pytestmark = pytest.mark.xdist_group("reference_baseline")
MOST_LANES = 600


@pytest.fixture(scope="module")
def case() -> Case:
    return case_of("baseline")


@pytest.fixture(scope="module")
def ten_years(case: Case) -> Trajectory:
    return simulate(case, in_detail=False, day_by_day=True)


def test_ten_years_are_simulated(case: Case, ten_years: Trajectory) -> None:
    assert ten_years.n_days == case.horizon_days
    assert ten_years.n_days >= 10 * DAYS_PER_YEAR


def test_every_manufacturer_builds_all_of_its_plan_every_day(case: Case, ten_years: Trajectory) -> None:
    lines = [ten_years.lines.index(line) for line in oem_lines(case.network)]
    assert len(lines) >= 31
    planned = ten_years.line_planned[:, lines]
    assert planned.min() > 0.0
    np.testing.assert_allclose(ten_years.line_made[:, lines], planned, rtol=1e-9)


def test_every_line_runs_as_on_its_first_day(ten_years: Trajectory) -> None:
    """Nobody upstream hunts around a mean either."""
    made = ten_years.line_made
    np.testing.assert_allclose(made, np.broadcast_to(made[0], made.shape), rtol=1e-9, atol=1e-12)


def test_every_stock_outside_sinks_is_periodic(case: Case, ten_years: Trajectory) -> None:
    """With a review of one day periodic means constant: today's stock is the opening stock, for ten years."""
    assert {site.review_period_days for site in case.network.sites.values()} == {1}
    stocks = ten_years.on_hand
    opening = np.broadcast_to(ten_years.opening_on_hand, stocks.shape)
    np.testing.assert_allclose(stocks, opening, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        ten_years.in_transit, np.broadcast_to(ten_years.in_transit[0], ten_years.in_transit.shape),
        rtol=1e-9, atol=1e-9,
    )  # fmt: skip


def test_stocks_are_those_of_the_tables(case: Case, ten_years: Trajectory) -> None:
    """The constant is the cover that the tables state, in days of planned use: no warm-up has moved it."""
    checked = 0
    for i, stock in enumerate(ten_years.stocks):
        cover = case.network.sites[stock.site].cover.get(stock.material)
        if stock.role != "input" or cover is None or ten_years.use_planned[i] <= 0.0:
            continue
        found = ten_years.on_hand[-1, i] / ten_years.use_planned[i]
        assert found == pytest.approx(float(cover), rel=1e-6), stock
        checked += 1
    assert checked > 100


def test_mass_balances(ten_years: Trajectory) -> None:
    assert len(ten_years.balance) >= 5
    assert max(ten_years.balance.values()) < 1e-9


def test_the_network_stays_small(case: Case) -> None:
    assert len(case.network.lanes) <= MOST_LANES
