"""The headline: who is short first of what, who stops first for what, and only beyond the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

import sim
from sim.analysis import check
from sim.analysis.must_hold import Outcome
from sim.domain import Network
from sim.engine.trajectory import Trajectory
from sim.metrics import site_table, site_values
from sim.results.sentences import headline_of
from sim.testing import day
from sim.testing.networks import Sketch
from tests.support.trajectories import steady_trajectory

N_DAYS = 100
MANIFEST = {
    "start": day(0).isoformat(),
    "horizon_days": N_DAYS,
    "runway_from_day": 0,
    "material_names": {"motor": "steering motors", "sensor": "sensors"},
}


@pytest.fixture
def network() -> Network:
    """Two works that need a motor and a sensor each."""
    sketch = Sketch("two_parts")
    sketch.material("motor")
    sketch.material("sensor")
    for part in ("motor", "sensor"):
        sketch.source(f"{part}_maker", part)
    for works in ("north", "south"):
        sketch.builder(works, {"motor": 1.0, "sensor": 1.0}, plan=100.0, cover=20.0)
        for part in ("motor", "sensor"):
            sketch.lane(f"{part}_maker", works, part, days=3)
    return sketch.network()


def short(run: Trajectory, works: str, first: int, last: int, share: float, part: str) -> None:
    """Let a works make a share of its plan for want of a part."""
    line = run.lines.index(f"{works}_line")
    run.line_made[first:last, line] = share * run.line_planned[first:last, line]
    run.line_limit[first:last, line] = run.materials.index(part)


def tables(run: Trajectory, base: Trajectory, network: Network) -> tuple[pd.DataFrame, pd.DataFrame]:
    values, before = [site_values(run, network)], [site_values(base, network)]
    return site_table(values, network, None, before), site_table(before, network)


def headline(run: Trajectory, base: Trajectory, network: Network) -> str:
    return headline_of(*tables(run, base, network), MANIFEST)


def test_shortfall_and_stop_each_have_their_own_component(network: Network) -> None:
    run, base = (steady_trajectory(network, N_DAYS) for _ in range(2))
    short(run, "north", 38, 60, 0.8, "motor")
    short(run, "north", 60, 80, 0.0, "sensor")
    metrics, _ = tables(run, base, network)
    assert metrics.at["north", "limiting_component"] == "motor"
    assert metrics.at["north", "stop_component"] == "sensor"
    assert headline(run, base, network) == (
        f"north builds to plan for 38 days; first shortfall {day(38)} for steering motors; "
        f"first stop {day(60)} for sensors; 2,440 units lost by {day(N_DAYS - 1)}; "
        "1 of 2 manufacturers affected, 2,440 units in all"
    )


def test_the_first_stop_is_that_of_all_sites(network: Network) -> None:
    run, base = (steady_trajectory(network, N_DAYS) for _ in range(2))
    short(run, "north", 38, 60, 0.8, "motor")
    short(run, "north", 60, 80, 0.0, "motor")
    short(run, "south", 57, 70, 0.0, "sensor")
    text = headline(run, base, network)
    assert f"north builds to plan for 38 days; first shortfall {day(38)} for steering motors" in text
    assert f"first stop {day(57)} at south for sensors" in text


def test_without_a_stop_only_the_shortfall_is_told(network: Network) -> None:
    run, base = (steady_trajectory(network, N_DAYS) for _ in range(2))
    short(run, "north", 38, 60, 0.8, "motor")
    text = headline(run, base, network)
    assert f"first shortfall {day(38)} for steering motors; 440 units lost" in text
    assert "stop" not in text


def test_what_the_baseline_loses_as_well_is_no_effect(network: Network) -> None:
    run, base = (steady_trajectory(network, N_DAYS) for _ in range(2))
    for one in (run, base):
        short(one, "north", 0, N_DAYS, 0.0, "motor")
    metrics, before = tables(run, base, network)
    assert headline_of(metrics, before, MANIFEST) == (
        f"no material effect: all 2 manufacturers build as much as in the baseline until {day(N_DAYS - 1)}"
    )
    assert not metrics["is_affected"].any()
    assert metrics.at["north", "lost_units"] == pytest.approx(100.0 * N_DAYS)


def test_one_manufacturer_is_spoken_of_as_one() -> None:
    sketch = Sketch("one_works")
    sketch.source("motor_maker", "motor")
    sketch.builder("north", {"motor": 1.0}, plan=100.0, cover=20.0)
    sketch.lane("motor_maker", "north", "motor", days=3)
    one = sketch.network()
    run, base = steady_trajectory(one, N_DAYS), steady_trajectory(one, N_DAYS)
    until = day(N_DAYS - 1).isoformat()
    assert headline(run, base, one) == (
        f"no material effect: north builds to plan until {until}"
    )
    short(run, "north", 10, 11, 0.6, "motor")
    said = headline(run, base, one)
    assert said.startswith("no material effect: north loses at most 0.5 % of its plan until")


def test_a_loss_on_top_of_the_baselines_is_counted_alone(network: Network) -> None:
    run, base = (steady_trajectory(network, N_DAYS) for _ in range(2))
    for one in (run, base):
        short(one, "north", 10, 20, 0.0, "motor")
    short(run, "north", 50, 60, 0.0, "sensor")
    text = headline(run, base, network)
    assert "1,000 units lost beyond the baseline" in text
    assert "builds to plan for 10 days, in the baseline for 10" in text
    assert "first stop" not in text


def test_the_condition_on_affected_makers_is_judged_against_the_baseline(network: Network) -> None:
    run, base = (steady_trajectory(network, N_DAYS) for _ in range(2))
    for one in (run, base):
        short(one, "north", 0, N_DAYS, 0.0, "motor")
    metrics, before = tables(run, base, network)

    @dataclass
    class Facts:
        metrics: pd.DataFrame
        baseline_metrics: pd.DataFrame
        runway_from: date
        headline: str = ""

    facts = Facts(metrics.assign(stage="oem"), before.assign(stage="oem"), day(0))
    (verdict,) = check(["no oem affected"], facts)  # type: ignore[arg-type]
    assert verdict.outcome is Outcome.PASSED


def test_replications_are_compared_with_their_own_baseline(network: Network) -> None:
    runs, bases = [], []
    for lost_days in (10, 30, 50):
        run = steady_trajectory(network, N_DAYS)
        short(run, "north", 20, 20 + lost_days, 0.0, "motor")
        runs.append(site_values(run, network))
        bases.append(site_values(run, network))
    table = site_table(runs, network, None, bases)
    assert (table["lost_beyond_baseline_units"] == 0.0).all()
    assert table.at["north", "lost_units"] == 3000.0


@pytest.mark.parametrize("name", ["japan_import_cut", "japan_import_cut_heavies_only"])
def test_stops_of_the_library_are_those_of_the_daily_series(name: str) -> None:
    run = sim.run(name)
    stops = run.metrics[run.metrics["line_stop_date"].notna()].sort_values("line_stop_date", kind="stable")
    site, row = str(stops.index[0]), stops.iloc[0]
    days = run.trajectory
    assert days is not None
    assert run.case is not None
    today = (row["line_stop_date"] - days.start).days
    limits = {
        days.materials[days.line_limit[today, i]]
        for i, line in enumerate(days.lines)
        if run.case.network.lines[line].site == site and days.line_limit[today, i] >= 0
    }
    assert row["stop_component"] in limits
    missing = run.manifest["material_names"][row["stop_component"]]
    assert f"first stop {row['line_stop_date'].isoformat()}" in run.headline
    assert f"for {missing}; " in run.headline.partition("first stop")[2]
