"""At what grade China's refusal of transit would matter, and that goods on the way are turned back.

The scenario's rock holds 700 g/t. Five per cent is 71 times as much rare earth in the same 500,000 tonnes of
ore: 25,000 t a year, most of what the American refinery runs on. The refusal falls into the running project
here, and the project stands in the baseline too, so that only the refusal differs.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import pytest

import sim
from sim.analysis.facts import RunFacts
from sim.results.run import Run

LINE = "mountain_pass_refinery_zhana"
LANE = "zhana_kazakhstan__mountain_pass_refinery__concentrate_zhana"
REFUSED = date(2027, 9, 1)
MATTERS = 0.002
"""The scenario's own bound: a change of the world's NdPr that is felt [share]."""
LEAN: tuple[str, ...] = ()
RICH = (
    "interventions.zhana_mine.ore_grade=5 %",
    "interventions.zhana_mine.capacity=25000 t/yr",
    f"interventions.zhana_mine.feeds.{LINE}=90 %",
)


@cache
def run(grade: tuple[str, ...], under_way: str = "returned") -> Run:
    refusal = (f"start={REFUSED}", f"under_way={under_way}")
    sets = [*grade, "background=[zhana_mine]", *(f"interventions.transit_refused.{one}" for one in refusal)]
    return sim.run("kazakhstan_transit_refused", sets=sets)


def missing_share(result: Run, days: int) -> float:
    """Return the NdPr that the ore's refinery line makes less after the refusal, over the world's output."""
    trajectory, baseline = result.trajectory, result.baseline_trajectory
    assert trajectory is not None
    assert baseline is not None
    first = (REFUSED - trajectory.start).days
    line = list(trajectory.lines).index(LINE)
    before, after = (item.line_made[first : first + days, line].sum() for item in (baseline, trajectory))
    world = RunFacts.of(result).output_tonnes("ndpr_oxide", None)[0] / trajectory.n_days * days
    return float((before - after) / world)


def landed(result: Run, days: int) -> float:
    """Return the tonnes that reach the refinery in the days after the refusal."""
    trajectory = result.trajectory
    assert trajectory is not None
    first = (REFUSED - trajectory.start).days
    return float(trajectory.received[first : first + days, list(trajectory.lanes).index(LANE)].sum())


def test_at_700_grams_a_tonne_nobody_notices() -> None:
    assert 0.0 < missing_share(run(LEAN), 60) < MATTERS / 4
    assert "no material effect" in run(LEAN).headline


def test_at_five_per_cent_the_refusal_matters() -> None:
    assert missing_share(run(RICH), 60) > 2 * MATTERS
    assert missing_share(run(RICH), 60) > 10 * missing_share(run(LEAN), 60)


def test_a_detour_is_found_and_the_loss_stays_within_months() -> None:
    assert missing_share(run(RICH), 365) < MATTERS
    quarter = REFUSED + timedelta(days=180)
    before, after = RunFacts.of(run(RICH)).site_output_tonnes(
        "ndpr_oxide", "mountain_pass_refinery", quarter, quarter + timedelta(days=90)
    )
    assert after == pytest.approx(before, rel=1e-3)


@pytest.mark.parametrize("grade", [LEAN, RICH], ids=["lean", "rich"])
def test_goods_under_way_are_turned_back(grade: tuple[str, ...]) -> None:
    assert landed(run(grade), 30) == 0.0  # the next goods leave by the Caspian, 55 days away
    assert landed(run(grade, "let_through"), 30) > 20.0
    assert missing_share(run(grade), 60) > missing_share(run(grade, "let_through"), 60)
    trajectory = run(grade).trajectory
    assert trajectory is not None
    day, lane = (REFUSED - trajectory.start).days, list(trajectory.lanes).index(LANE)
    assert trajectory.in_transit[day, lane] < 0.2 * trajectory.in_transit[day - 1, lane]
