"""Scenarios whose rules look into goods: what they hold up, and what they must leave alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from sim.case import Case
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.scenario import load

pytestmark = pytest.mark.xdist_group("rules_of_origin")
RETURNS = date(2026, 11, 10)


def without(case: Case, *names: str) -> Case:
    left = tuple(item for item in case.interventions if item.id not in names)
    assert len(left) == len(case.interventions) - len(names)
    return replace(case, interventions=left)


@pytest.fixture(scope="module")
def returned() -> tuple[Case, Trajectory]:
    """Return the rule in force again, without the licences of April, whose orders wait too."""
    sets = ["start=2026-06-01", "horizon=10 months", "background="]
    case = without(load("content_rule_returns", sets=sets, strict=False).case, "april_licences")
    return case, simulate(case)


def waits(run: Trajectory, lane: str) -> np.ndarray:
    return run.waiting[:, run.lanes.index(lane)] > 1e-9


def test_the_suspended_rule_alone_changes_nothing() -> None:
    case = load("october_2025_content_rule", strict=True).case
    rule, nothing = (
        simulate(without(case, *names))
        for names in (("front_loading",), ("front_loading", "content_rule"))
    )
    assert np.array_equal(rule.shipped, nothing.shipped)
    assert np.array_equal(rule.line_made, nothing.line_made)
    assert rule.waiting.max() == 0.0


def test_listed_magnets_wait_from_the_day_the_suspension_ends(returned: tuple[Case, Trajectory]) -> None:
    _, run = returned
    waiting = waits(run, "shin_etsu_to_tier1_de_traction_motor_heavy")
    first = (RETURNS - run.start).days
    assert not waiting[:first].any()
    assert first <= int(np.flatnonzero(waiting)[0]) <= first + 7


def test_only_listed_goods_that_cross_a_border_wait(returned: tuple[Case, Trajectory]) -> None:
    case, run = returned
    lanes, sites = case.network.lanes, case.network.sites
    stopped = [lanes[name] for name in run.lanes if waits(run, name).any()]
    goods = {lane.material for lane in stopped}
    assert {"magnet_heavy", "magnet_smco"} <= goods
    assert goods <= {"magnet_heavy", "magnet_smco", "dysprosium_metal", "terbium_metal",
                     "samarium_metal", "dy_tb_diffusion_target"}  # fmt: skip
    for lane in stopped:
        assert sites[lane.supplier].country != sites[lane.buyer].country
        assert "CN" not in (sites[lane.supplier].country, sites[lane.buyer].country)


def test_magnets_without_chinese_value_pass(returned: tuple[Case, Trajectory]) -> None:
    """Nd and Dy of the segregated chain need no licence; the Chinese Dy of its neighbours does."""
    sets = ["start=2026-06-01", "horizon=10 months"]
    free = load("us_defence_ban_segregated", sets=sets, strict=False).case
    (rule,) = (item for item in returned[0].interventions if item.id == "content_rule")
    run = simulate(replace(free, interventions=(replace(rule, domestic=True),)))
    assert not waits(run, "free_magnets_to_defence").any()
    assert not waits(run, "free_smco_to_defence").any()
    assert waits(run, "us_magnet_makers_to_tier1_us_defence_actuator_heavy").any()


@pytest.mark.parametrize(("start", "stop"), [("2027-01-01", "2027-08-31"), ("2026-01-01", "2026-08-31")])
def test_the_defence_ban_bites_after_the_stock_whenever_it_begins(start: str, stop: str) -> None:
    case = load("us_defence_ban", sets=[f"interventions.defence_ban.start={start}"], strict=True).case
    run = simulate(case, in_detail=False)
    made = run.line_made[:, run.lines.index("us_defence_systems")]
    first = int(np.flatnonzero(made < 0.05 * 3500.0 / 365.0)[0])
    assert abs((date.fromisoformat(stop) - run.start).days - first) <= 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("pauses", "[{from: 2025-11-07, to: 2027-11-10}]"), ("general_licences_from", "2026-11-10")],
    ids=["extended", "general licences"],
)
def test_the_other_branches_hold_up_no_civil_goods(
    returned: tuple[Case, Trajectory], field: str, value: str
) -> None:
    sets = ["start=2026-06-01", "horizon=10 months", "background=", "interventions.content_rule.branches="]
    sets.append(f"interventions.content_rule.{field}={value}")
    case = without(load("content_rule_returns", sets=sets, strict=False).case, "april_licences")
    run = simulate(case)
    first = (RETURNS - run.start).days
    civil = [
        i for i, name in enumerate(run.lanes)
        if case.network.sites[case.network.lanes[name].buyer].end_use == "civil"
    ]  # fmt: skip
    assert returned[1].waiting[first + 30 :, civil].sum(axis=1).min() > 50.0
    assert run.waiting[first + 30 :, civil].max() == 0.0
