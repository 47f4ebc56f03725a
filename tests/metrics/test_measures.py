"""Every measure against a value worked out by hand on a two-site trajectory."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from sim.domain import Network
from sim.engine.trajectory import LIMIT_CAPACITY, Trajectory
from sim.metrics import (
    COLUMNS,
    MEASURES,
    SERIES,
    Reading,
    mass_balance_max_relative_error,
    reported_sites,
    series_frame,
    site_table,
    site_values,
    weighted_quantile,
)
from sim.testing import START, Sketch, day
from tests.support.trajectories import steady_trajectory

PLAN = 10.0
COVER = 20.0
LANE_DAYS = 30
CUT = 5
"""First day without shipments."""
SHORT = CUT + LANE_DAYS + int(COVER)
"""First day without motors: the last goods land, then the stock is used."""
BACK = 100
N_DAYS = 160


def works_network() -> Network:
    sketch = Sketch(elements=("dysprosium",), tracked=("CN",))
    sketch.material("motor", contents={"dysprosium": 2e-6})
    sketch.source("mill", "motor")
    sketch.builder("works", {"motor": 1.0, "screw": 4.0}, plan=PLAN, cover={"motor": COVER, "screw": 90.0})
    sketch.source("forge", "screw")
    sketch.lane("mill", "works", "motor", days=LANE_DAYS)
    sketch.lane("forge", "works", "screw", days=2)
    return sketch.network()


def stopped(network: Network) -> Trajectory:
    """Cut the motors from day CUT; the works stands from SHORT until BACK."""
    run = steady_trajectory(network, N_DAYS, touched_keys=(("works", "dysprosium", "CN"),))
    line, motor = run.lines.index("works_line"), run.materials.index("motor")
    stock = next(i for i, item in enumerate(run.stocks) if (item.site, item.material) == ("works", "motor"))
    run.line_made[SHORT:BACK, line] = 0.0
    run.line_limit[SHORT:BACK, line] = motor
    used = np.maximum(0.0, np.arange(N_DAYS) - (CUT + LANE_DAYS) + 1.0)
    run.on_hand[:, stock] = np.maximum(0.0, (COVER - used) * PLAN)
    run.touched[:, 0] = np.linspace(0.4, 0.9, len(run.touched_days))
    return run


@pytest.fixture
def network() -> Network:
    return works_network()


@pytest.fixture
def values(network: Network) -> dict[str, object]:
    return dict(site_values(stopped(network), network, runway_from_day=CUT).loc["works"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("days_of_cover_at_start", COVER),
        ("static_runway_days", COVER),
        ("pipeline_runway_days", COVER + LANE_DAYS),
        ("realised_runway_days", COVER + LANE_DAYS),
        ("first_shortfall_date", day(SHORT)),
        ("first_below_half_date", day(SHORT)),
        ("line_stop_date", day(SHORT)),
        ("limiting_component", "motor"),
        ("time_to_recover_days", float(BACK - SHORT)),
        ("planned_units", PLAN * N_DAYS),
        ("lost_units", PLAN * (BACK - SHORT)),
        ("parked_units", 0.0),
        ("fill_rate", 1.0 - (BACK - SHORT) / N_DAYS),
        ("touched_start_share", 0.4),
        ("touched_end_share", 0.9),
    ],
)
def test_measure_equals_the_value_by_hand(values: dict[str, object], name: str, expected: object) -> None:
    if isinstance(expected, float):
        assert values[name] == pytest.approx(expected)
    else:
        assert values[name] == expected


def test_every_registered_measure_has_a_value_by_hand(values: dict[str, object]) -> None:
    assert set(values) == set(MEASURES)
    for item in MEASURES.values():
        assert item.title
        assert item.unit in ("d", "unit", "share", "date", "name")


def test_static_runway_uses_the_stock_before_receipts_of_the_first_day(network: Network) -> None:
    run = stopped(network)
    day_late = CUT + LANE_DAYS + 4
    values = site_values(run, network, runway_from_day=day_late).loc["works"]
    assert values["static_runway_days"] == pytest.approx(COVER - 4)


def test_pipeline_on_day_zero_undoes_the_flows_of_the_day(network: Network) -> None:
    run = steady_trajectory(network, N_DAYS)
    lane = run.lanes.index("mill_works_motor")
    run.shipped[0, lane] = 0.0
    run.in_transit[0, lane] = PLAN * (LANE_DAYS - 1)
    values = site_values(run, network).loc["works"]
    assert values["pipeline_runway_days"] == pytest.approx(COVER + LANE_DAYS)


def test_never_short_is_null_everywhere(network: Network) -> None:
    table = site_table([site_values(steady_trajectory(network, N_DAYS), network)], network)
    row = table.loc["works"]
    for name in ("first_shortfall_date", "first_below_half_date", "line_stop_date", "limiting_component"):
        assert row[name] is None
    for name in ("realised_runway_days", "time_to_recover_days", "time_to_survive_days"):
        assert math.isnan(row[name])
    assert row["fill_rate"] == 1.0
    assert not row["is_affected"]


def test_held_back_by_its_own_capacity_is_no_shortfall(network: Network) -> None:
    run = stopped(network)
    run.line_limit[:, run.lines.index("works_line")] = LIMIT_CAPACITY
    values = site_values(run, network).loc["works"]
    assert values["first_shortfall_date"] is None
    assert values["line_stop_date"] == day(SHORT)


@pytest.mark.parametrize(("share", "short"), [(0.9985, True), (0.9995, False)])
def test_shortfall_threshold_is_999_per_mille(network: Network, share: float, short: bool) -> None:
    run = steady_trajectory(network, N_DAYS)
    line = run.lines.index("works_line")
    run.line_made[50, line] *= share
    run.line_limit[50, line] = run.materials.index("motor")
    assert (site_values(run, network).loc["works", "first_shortfall_date"] is not None) is short


@pytest.mark.parametrize(("length", "stops"), [(4, False), (5, True)])
def test_a_stop_is_five_days_running(network: Network, length: int, stops: bool) -> None:
    run = steady_trajectory(network, N_DAYS)
    run.line_made[50 : 50 + length, run.lines.index("works_line")] = 0.04 * PLAN
    date_of_stop = site_values(run, network).loc["works", "line_stop_date"]
    assert date_of_stop == (day(50) if stops else None)


def test_a_slow_beginning_is_not_the_recovery(network: Network) -> None:
    run = steady_trajectory(network, N_DAYS)
    line = run.lines.index("works_line")
    run.line_made[40:70, line] = 0.97 * PLAN
    run.line_made[70:80, line] = 0.0
    run.line_limit[40:80, line] = 0
    assert site_values(run, network).loc["works", "time_to_recover_days"] == 40.0


def test_catching_up_lowers_what_is_lost(network: Network) -> None:
    run = stopped(network)
    line = run.lines.index("works_line")
    run.line_made[BACK:, line] = 1.1 * PLAN
    lost = site_values(run, network).loc["works", "lost_units"]
    assert lost == pytest.approx(PLAN * (BACK - SHORT) - 0.1 * PLAN * (N_DAYS - BACK))


def test_a_site_with_two_lines_sums_plan_and_output() -> None:
    sketch = Sketch()
    sketch.source("mill", "motor")
    sketch.builder("works", {"motor": 1.0}, plan=10.0, cover=5.0)
    from dataclasses import replace

    second = replace(sketch.lines["works_line"], line_id="works_vans", plan_per_day=30.0)
    sketch.line(second)
    sketch.lane("mill", "works", "motor", days=2)
    network = sketch.network()
    run = steady_trajectory(network, 50)
    run.line_made[20:, run.lines.index("works_line")] = 0.0
    run.line_limit[20:, run.lines.index("works_line")] = 0
    values = site_values(run, network).loc["works"]
    assert values["first_shortfall_date"] == day(20)
    assert values["first_below_half_date"] is None
    assert values["planned_units"] == pytest.approx(2000.0)
    assert values["lost_units"] == pytest.approx(300.0)
    assert values["static_runway_days"] == pytest.approx(5.0)


def test_customer_fill_rate_counts_only_what_is_served_on_its_day() -> None:
    sketch = Sketch()
    sketch.source("mill", "part")
    sketch.customer("shop", "part", plan=10.0)
    sketch.lane("mill", "shop", "part", days=2)
    network = sketch.network()
    run = steady_trajectory(network, 10)
    line = run.lines.index("shop_line")
    run.line_made[4, line], run.line_owed[4, line] = 4.0, 6.0
    run.line_made[5, line], run.line_owed[5, line] = 16.0, 0.0
    assert site_values(run, network).loc["shop", "fill_rate"] == pytest.approx((100.0 - 6.0) / 100.0)
    assert site_values(run, network).loc["shop", "lost_units"] == 0.0


def test_sinks_and_suppliers_are_not_reported() -> None:
    sketch = Sketch()
    sketch.source("mill", "motor")
    sketch.builder("works", {"motor": 1.0}, plan=1.0, cover=5.0)
    sketch.builder("rest", {"motor": 1.0}, plan=1.0, cover=5.0, is_sink=True)
    assert reported_sites(sketch.network()) == ("works",)


def test_median_and_band_over_replications(network: Network) -> None:
    tables = []
    for shift in (0, 10, 20, 30):
        run = steady_trajectory(network, N_DAYS)
        run.line_made[60 + shift :, run.lines.index("works_line")] = 0.0
        run.line_limit[60 + shift :, run.lines.index("works_line")] = run.materials.index("motor")
        tables.append(site_values(run, network))
    row = site_table(tables, network).loc["works"]
    assert row["realised_runway_days"] == 75.0
    assert (row["realised_runway_p10_days"], row["realised_runway_p90_days"]) == (60.0, 90.0)
    assert row["line_stop_date"] == day(75)
    assert row["limiting_component"] == "motor"


def test_never_in_more_than_half_of_the_weight_is_null(network: Network) -> None:
    never = site_values(steady_trajectory(network, N_DAYS), network)
    short = site_values(stopped(network), network)
    light = site_table([never, short], network, [0.6, 0.4]).loc["works"]
    heavy = site_table([never, short], network, [0.4, 0.6]).loc["works"]
    assert light["line_stop_date"] is None
    assert light["limiting_component"] is None
    assert math.isnan(light["realised_runway_days"])
    assert heavy["line_stop_date"] == day(SHORT)
    assert heavy["realised_runway_days"] == SHORT
    assert math.isnan(heavy["realised_runway_p90_days"])


def test_weighted_quantile_ignores_the_order_and_the_scale_of_weights() -> None:
    assert weighted_quantile([3.0, 1.0, 2.0], [2.0, 2.0, 2.0], 0.5) == 2.0
    assert weighted_quantile([1.0, 9.0], [0.9, 0.1], 0.5) == 1.0
    assert math.isinf(weighted_quantile([1.0, math.inf], [0.4, 0.6], 0.5))


def test_site_table_has_its_columns_in_order(network: Network) -> None:
    table = site_table([site_values(stopped(network), network)], network)
    assert tuple(table.columns) == COLUMNS
    assert table.index.name == "site"


@pytest.mark.parametrize("name", sorted(SERIES))
def test_series_is_a_frame_of_dates_with_title_and_unit(network: Network, name: str) -> None:
    frame = series_frame(name, stopped(network), network)
    assert frame.attrs["title"]
    assert frame.attrs["unit"]
    assert frame.index[0].date() == START
    assert tuple(frame.columns.names) == SERIES[name].columns
    assert len(frame.columns) > 0


def test_days_of_cover_is_the_thinnest_component(network: Network) -> None:
    frame = series_frame("days_of_cover", stopped(network), network)
    assert frame["works"].iloc[0] == pytest.approx(COVER)
    assert frame["works"].iloc[SHORT] == 0.0


def test_touched_share_series_has_dates_of_its_records(network: Network) -> None:
    frame = series_frame("touched_share", stopped(network), network)
    assert frame.columns.tolist() == [("works", "dysprosium", "CN")]
    assert frame.index[-1].date() == day(N_DAYS - 1)
    assert frame.index[1].date() == date(2025, 1, 8)


def test_mass_balance_is_the_worst_of_all(network: Network) -> None:
    run = steady_trajectory(network, 3)
    run.balance.update({"motor": 3e-12, "screw": 1e-13})
    assert mass_balance_max_relative_error(run) == 3e-12


def test_reading_finds_lanes_of_components_only(network: Network) -> None:
    (view,) = Reading(steady_trajectory(network, 3), network).sites
    assert [view.trajectory.lanes[i] for lanes in view.inbound for i in lanes] == [
        "mill_works_motor",
        "forge_works_screw",
    ]
