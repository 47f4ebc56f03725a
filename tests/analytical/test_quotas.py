"""Quotas against arithmetic: what is shipped or made within a window is what it allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.simulate import simulate
from sim.interventions import ExportQuota, Pause, ProductionQuota, Step, Window
from sim.testing.networks import Sketch, day, small_case

PLAN = 10.0
LENGTH = 100


def two_buyers():
    """Return a maker in AA that sells two goods to BB, one to CC, and the second also at home."""
    sketch = Sketch()
    for good in ("magnet", "oxide"):
        sketch.source(f"maker_of_{good}", good)
        sketch.builder(f"buyer_of_{good}", {good: 1.0}, plan=PLAN, cover=20.0, country="BB")
        sketch.lane(f"maker_of_{good}", f"buyer_of_{good}", good, days=5)
    sketch.builder("third", {"magnet": 1.0}, plan=PLAN / 2, cover=20.0, country="CC")
    sketch.lane("maker_of_magnet", "third", "magnet", days=5)
    sketch.builder("at_home", {"magnet": 1.0}, plan=PLAN, cover=20.0)
    sketch.lane("maker_of_magnet", "at_home", "magnet", days=5)
    habits = {"patience_days": 100_000, "lead_time_learning_days": np.inf}
    sketch.sites.update({name: replace(site, **habits) for name, site in sketch.sites.items()})
    return sketch.network()


def quota(**fields):
    given = {"id": "quota", "from_places": ("AA",), "start": day(0), "window_days": float(LENGTH)}
    given |= {"quantity": 1000.0}
    return ExportQuota(**(given | fields))


def shipped_by_window(run, lanes, first=0):
    columns = [run.lanes.index(lane) for lane in lanes]
    daily = run.shipped[first:, columns].sum(axis=1)
    return daily[: len(daily) // LENGTH * LENGTH].reshape(-1, LENGTH).sum(axis=1)


MAGNETS = ("maker_of_magnet_buyer_of_magnet_magnet", "maker_of_magnet_third_magnet")
OXIDE = "maker_of_oxide_buyer_of_oxide_oxide"
LINE_OF = {MAGNETS[0]: "buyer_of_magnet_line", MAGNETS[1]: "third_line", OXIDE: "buyer_of_oxide_line"}
HOME = "maker_of_magnet_at_home_magnet"


def test_what_is_shipped_in_a_window_is_the_quota_when_more_is_wanted():
    run = simulate(small_case(two_buyers(), 5 * LENGTH, quota()))
    shipped = shipped_by_window(run, (*MAGNETS, OXIDE))
    np.testing.assert_allclose(shipped, 1000.0, rtol=1e-12)


def test_the_home_market_is_not_touched():
    run = simulate(small_case(two_buyers(), 3 * LENGTH, quota()))
    np.testing.assert_allclose(run.shipped[:, run.lanes.index(HOME)], PLAN, rtol=1e-12)


def test_on_the_day_it_runs_out_lanes_share_in_proportion():
    run = simulate(small_case(two_buyers(), LENGTH, quota(quantity=1010.0)))
    lanes = [run.lanes.index(lane) for lane in (*MAGNETS, OXIDE)]
    # 25 a day: 40 days take 1,000, the last 10 go 4 : 2 : 4.
    np.testing.assert_allclose(run.shipped[39, lanes], [10.0, 5.0, 10.0])
    np.testing.assert_allclose(run.shipped[40, lanes], [4.0, 2.0, 4.0])
    assert np.all(run.shipped[41:, lanes] == 0.0)


def test_nothing_is_lost_when_a_window_ends():
    """Orders that found no quota are shipped when there is one again."""
    tight = quota(windows=(Window(start=day(0), end=day(LENGTH), quantity=1000.0),), window_days=None,
                  quantity=None)  # fmt: skip
    run = simulate(small_case(two_buyers(), 4 * LENGTH, tight))
    free = simulate(small_case(two_buyers(), 4 * LENGTH))
    for lane in (*MAGNETS, OXIDE):
        column = run.lanes.index(lane)
        # The buyer stood still from day 45 or so: what it then used less is what was shipped less.
        unused = (free.line_made - run.line_made).sum(axis=0)
        line = run.lines.index(LINE_OF[lane])
        missing = free.shipped[:, column].sum() - run.shipped[:, column].sum()
        assert missing == pytest.approx(unused[line], abs=1e-6)
        assert run.unshipped[-1, column] == pytest.approx(0.0, abs=1e-9)


def test_what_is_unused_lapses():
    lavish = (Window(start=day(0), end=day(LENGTH), quantity=9999.0),
              Window(start=day(LENGTH), end=day(2 * LENGTH), quantity=500.0))  # fmt: skip
    rule = quota(windows=lavish, window_days=None, quantity=None)
    run = simulate(small_case(two_buyers(), 2 * LENGTH, rule))
    np.testing.assert_allclose(shipped_by_window(run, (*MAGNETS, OXIDE)), [2500.0, 500.0], rtol=1e-12)


def test_a_window_that_had_begun_has_its_remaining_days_left():
    window = Window(start=day(-LENGTH), end=day(LENGTH), quantity=1000.0)
    rule = quota(start=day(-LENGTH), windows=(window,), window_days=None, quantity=None)
    run = simulate(small_case(two_buyers(), LENGTH, rule))
    np.testing.assert_allclose(shipped_by_window(run, (*MAGNETS, OXIDE)), [500.0], rtol=1e-12)


def test_per_material_each_good_has_the_quota_for_itself():
    run = simulate(small_case(two_buyers(), 2 * LENGTH, quota(basis="per_material", quantity=400.0)))
    np.testing.assert_allclose(shipped_by_window(run, MAGNETS), 400.0, rtol=1e-12)
    np.testing.assert_allclose(shipped_by_window(run, [OXIDE]), 400.0, rtol=1e-12)


def test_pro_rata_each_lane_has_its_part_by_normal_flow():
    run = simulate(small_case(two_buyers(), 2 * LENGTH, quota(rule="pro_rata")))
    for lane, part in zip((*MAGNETS, OXIDE), (400.0, 200.0, 400.0), strict=True):
        np.testing.assert_allclose(shipped_by_window(run, [lane]), part, rtol=1e-12)


def test_by_value_the_dearest_goods_go_first():
    rule = quota(rule="by_value", values={"magnet": 100.0, "oxide": 10.0}, quantity=1600.0)
    run = simulate(small_case(two_buyers(), 2 * LENGTH, rule))
    np.testing.assert_allclose(shipped_by_window(run, MAGNETS), 1500.0, rtol=1e-12)
    np.testing.assert_allclose(shipped_by_window(run, [OXIDE]), 100.0, rtol=1e-12)


def test_a_quota_above_the_trade_changes_no_bit():
    case = small_case(two_buyers(), 2 * LENGTH, quota(quantity=2600.0))
    with_quota, without = simulate(case), simulate(replace(case, interventions=()))
    assert np.array_equal(with_quota.shipped, without.shipped)
    assert np.array_equal(with_quota.line_made, without.line_made)


def test_while_paused_everything_ships_and_nothing_counts():
    pause = Pause(start=day(10), end=day(30))
    run = simulate(small_case(two_buyers(), LENGTH, quota(pauses=(pause,))))
    total = shipped_by_window(run, (*MAGNETS, OXIDE))
    np.testing.assert_allclose(total, 1000.0 + 20 * 25.0, rtol=1e-12)


def test_a_smaller_quota_never_ships_more():
    made = [
        simulate(small_case(two_buyers(), 3 * LENGTH, quota(quantity=given))).line_made.sum()
        for given in (2600.0, 2000.0, 1500.0, 900.0, 0.0)
    ]
    assert made == sorted(made, reverse=True)
    assert made[-1] < made[0]


def a_mine(capacity=20.0):
    sketch = Sketch()
    sketch.material("ore", form="concentrate", unit="tonne")
    sketch.mine("pit", "ore", plan=PLAN, capacity_per_day=capacity)
    sketch.plant("mill", {"oxide": 1.0}, {"ore": 2.0}, country="BB")
    sketch.builder("works", {"oxide": 1.0}, plan=PLAN / 2, cover=20.0, country="CC")
    sketch.lane("pit", "mill", "ore", days=5)
    sketch.lane("mill", "works", "oxide", days=5)
    return sketch.network()


@pytest.mark.parametrize(
    ("place", "stage", "per_unit"), [("pit", "mining", 1.0), ("mill", "separation", 2.0)]
)
def test_what_is_made_in_a_window_is_the_total(place, stage, per_unit):
    rule = ProductionQuota(
        id="total", from_places=(place,), stages=(stage,), start=day(0), window_days=LENGTH, quantity=700.0
    )
    run = simulate(small_case(a_mine(), 4 * LENGTH, rule))
    made = run.line_made[:, run.lines.index(f"{place}_line")] * per_unit
    np.testing.assert_allclose(made.reshape(-1, LENGTH).sum(axis=1)[1:], 700.0, rtol=1e-9)
    # It is rationed over the window: nobody stands still at its end.
    np.testing.assert_allclose(made[LENGTH : 2 * LENGTH], 7.0, rtol=1e-9)


def test_what_leaks_is_not_counted_and_goes_on_when_nothing_is_left():
    run = simulate(small_case(two_buyers(), LENGTH, quota(leak=0.2)))
    lanes = [run.lanes.index(lane) for lane in (*MAGNETS, OXIDE)]
    # 25 a day of which 5 are free: 50 days take 1,000; then the leak goes on.
    np.testing.assert_allclose(run.shipped[:50, lanes].sum(axis=1), 25.0, rtol=1e-12)
    np.testing.assert_allclose(run.shipped[50:, lanes], [[2.0, 1.0, 2.0]] * 50, rtol=1e-12)


@pytest.mark.parametrize("rule", ["pro_rata", "by_value"])
def test_a_leak_comes_on_top_of_each_lanes_part(rule):
    values = {"values": {"magnet": 100.0, "oxide": 10.0}} if rule == "by_value" else {}
    run = simulate(small_case(two_buyers(), LENGTH, quota(rule=rule, leak=0.2, quantity=1300.0, **values)))
    shipped = shipped_by_window(run, (*MAGNETS, OXIDE))
    np.testing.assert_allclose(shipped, 1300.0 + 500.0, rtol=1e-12)
    if rule == "by_value":
        # Magnets need 1,200 of the quota beside their 300 that leak; 100 are left for the oxide and its 200.
        np.testing.assert_allclose(shipped_by_window(run, [OXIDE]), 300.0, rtol=1e-12)


def test_a_leak_of_everything_is_no_quota():
    run = simulate(small_case(two_buyers(), 2 * LENGTH, quota(leak=1.0, quantity=1.0)))
    free = simulate(small_case(two_buyers(), 2 * LENGTH))
    np.testing.assert_allclose(run.shipped, free.shipped, rtol=1e-12)


def test_a_leak_is_a_share():
    with pytest.raises(ValueError, match="leak"):
        quota(leak=1.5)


def test_a_quota_that_is_over_does_not_bind_under_the_next():
    first = quota(quantity=1000.0, end=day(LENGTH))
    second = quota(id="second", start=day(LENGTH), quantity=1800.0)
    run = simulate(small_case(two_buyers(), 2 * LENGTH, first, second))
    np.testing.assert_allclose(shipped_by_window(run, (*MAGNETS, OXIDE)), [1000.0, 1800.0], rtol=1e-12)


def test_each_quota_has_its_own_level():
    """A quota that is paused does not bind because another one acts on the same lanes."""
    tight = quota(id="tight", quantity=500.0, pauses=(Pause(start=day(0), end=day(LENGTH)),))
    wide = quota(id="wide", quantity=2000.0)
    for rules in ((tight, wide), (replace(tight, id="x"), replace(wide, id="a"))):
        run = simulate(small_case(two_buyers(), 2 * LENGTH, *rules))
        np.testing.assert_allclose(shipped_by_window(run, (*MAGNETS, OXIDE)), [2000.0, 500.0], rtol=1e-12)


def test_a_total_of_production_has_its_own_level():
    given = {"from_places": ("pit",), "stages": ("mining",), "start": day(0), "window_days": LENGTH}
    tight = ProductionQuota(id="tight", quantity=300.0, pauses=(Pause(start=day(LENGTH)),), **given)
    wide = ProductionQuota(id="wide", quantity=700.0, **given)
    run = simulate(small_case(a_mine(), 4 * LENGTH, tight, wide))
    made = run.line_made[:, run.lines.index("pit_line")]
    np.testing.assert_allclose(made.reshape(-1, LENGTH).sum(axis=1), [300.0, 700.0, 700.0, 700.0], rtol=1e-9)


def test_half_a_level_lets_out_twice_the_quota():
    half = quota(quantity=700.0, steps=(Step(start=day(0), level=0.5),))
    run = simulate(small_case(two_buyers(), 2 * LENGTH, half, quota(id="wide", quantity=2400.0)))
    np.testing.assert_allclose(shipped_by_window(run, (*MAGNETS, OXIDE)), 1400.0, rtol=1e-12)
