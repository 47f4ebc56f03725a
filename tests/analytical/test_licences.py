"""Licences against theory: a queue is a delay, a short desk a growing backlog, a paused rule no rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from math import inf

import numpy as np
import pytest
from scipy import stats

from sim.domain import Distribution, Network
from sim.engine.simulate import simulate
from sim.engine.trajectory import LICENCE_COLUMNS
from sim.interventions import ExportBan, ExportLicence, Pause, Step
from sim.interventions.export_licence import Approval, Capacity, Collateral, Screening
from sim.scenario.workdays import calendar_days
from sim.testing.networks import Sketch, day, small_case
from sim.units import WorkingDays

RATE = 10.0
RULE_DAY = 50


def world(
    *, cover: float = 400.0, patience: float = inf, second: bool = False, end_use: str = "civil"
) -> Network:
    """One maker in CN, one user in JP who never despairs of a licence; a second source if asked for."""
    sketch = Sketch()
    habits = {
        "patience_days": 30.0 if second else inf,
        "licence_patience_days": patience,
        "lead_time_learning_days": inf,
        "end_use": end_use,
    }
    sketch.source("mill", "motor", country="CN")
    if second:
        sketch.source("forge", "motor", country="AU")
    sketch.builder("works", {"motor": 1.0}, plan=RATE, cover=cover, country="JP", habits=habits)
    sketch.lane("mill", "works", "motor", days=30, share=0.5 if second else 1.0)
    if second:
        sketch.lane("forge", "works", "motor", days=30, share=0.5)
    return sketch.network()


def licence(**fields: object) -> ExportLicence:
    return ExportLicence(**({"id": "rule", "by": ("CN",), "start": day(RULE_DAY)} | fields))


def lane(trajectory, supplier: str = "mill") -> int:
    return trajectory.lanes.index(f"{supplier}_works_motor")


def test_or06_a_licence_queue_without_limit_is_a_delay():
    law = Distribution("gamma", {"mean": 63.0, "cv": 0.4})
    case = small_case(world(), 500, licence(processing_days=law))
    runs = [simulate(case, number, in_detail=True) for number in range(60)]
    shipped = np.mean([run.shipped[:, lane(run)] for run in runs], axis=0)
    missing = RATE * np.arange(1, 451) - np.cumsum(shipped[RULE_DAY:])
    # Grants take effect in the morning after the decision's hour, half a day later on average; the batch
    # of a week keeps its mean day.
    expected = RATE * (63.0 + 0.5)
    assert missing[200:].mean() == pytest.approx(expected, rel=0.02)
    # M/G/inf: at time t after the start the flow is q F(t), smoothed over a month for want of daily draws.
    gamma = stats.gamma(1 / 0.16, scale=63.0 * 0.16)
    for first in (20, 50, 80, 110):
        ages = np.arange(first, first + 30)
        flow = shipped[RULE_DAY + first : RULE_DAY + first + 30].mean()
        assert flow == pytest.approx(RATE * gamma.cdf(ages - 0.5).mean(), abs=0.05 * RATE)


APRIL_2025 = date(2025, 4, 4)


def least_cover(network: Callable[[float], Network], rule: ExportLicence, horizon: int) -> float:
    """Return the least cover with which the line never falls short, halved down to a thousandth of a day."""
    short, enough = 0.0, 256.0
    while enough - short > 1e-3:
        cover = (short + enough) / 2.0
        run = simulate(small_case(network(cover), horizon, rule))
        if (run.line_made[:, run.lines.index("works_line")] < RATE * (1.0 - 1e-9)).any():
            short = cover
        else:
            enough = cover
    return enough


def partly_from(share: float) -> Callable[[float], Network]:
    """Return a user of two sellers by its cover; the one without a licence is too far to help in time."""

    def network(cover: float) -> Network:
        sketch = Sketch()
        sketch.source("mill", "motor", country="CN")
        sketch.source("forge", "motor", country="AU")
        habits = {"patience_days": inf, "licence_patience_days": inf, "lead_time_learning_days": inf}
        sketch.builder("works", {"motor": 1.0}, plan=RATE, cover=cover, country="JP", habits=habits)
        sketch.lane("mill", "works", "motor", days=30, share=share)
        sketch.lane("forge", "works", "motor", days=200, share=1.0 - share)
        return sketch.network()

    return network


@pytest.mark.parametrize("share", [0.25, 0.6])
@pytest.mark.parametrize(("working_days", "calendar"), [(45, 68), (90, 131)])
@pytest.mark.parametrize("way", ["a share of its orders", "one of two suppliers", "held look-alikes"])
def test_the_cover_needed_is_the_licensed_share_times_the_delay(way, working_days, calendar, share):
    delay = calendar_days(WorkingDays(working_days), APRIL_2025, "CN")
    assert delay == calendar
    rule = licence(start=APRIL_2025, processing_days=float(delay))
    horizon = 500

    def network(cover: float) -> Network:
        return world(cover=cover)

    if way == "a share of its orders":
        rule = replace(rule, steps=(Step(start=APRIL_2025, level=share),))
    elif way == "one of two suppliers":
        network = partly_from(share)
        # Until the first grants have landed: while its part of the stock was empty the mill got fewer orders.
        horizon = (APRIL_2025 - day(0)).days + 30 + delay + 30
    else:
        held = Collateral(materials=("motor",), share=share, hold_days=float(delay))
        rule = replace(rule, materials=("nothing_else",), collateral=held)

        def network(cover: float) -> Network:
            found = world(cover=cover)
            other = replace(found.materials["motor"], material_id="nothing_else")
            return replace(found, materials={**found.materials, "nothing_else": other})

    # The orders of a week are one application of their mean day, its fourth: what was ordered on the first
    # day of the rule comes three days later than if it stood alone, and the stock must bridge these too.
    half_a_week = 3
    assert least_cover(network, rule, horizon) == pytest.approx(share * (delay + half_a_week), abs=2e-3)


def test_above_its_capacity_the_backlog_grows_linearly():
    # An application a week of 70 motors, licences of 10: seven decisions a week wanted, five there.
    rule = licence(processing_days=10.0, licence_quantity=10.0, decisions_per_week=5.0)
    run = simulate(small_case(world(cover=4000.0), 800, rule))
    books = dict(zip(LICENCE_COLUMNS, run.licences["rule"].T, strict=True))
    weeks, granted, waiting = books["day"], books["granted"], books["waiting"]
    late = weeks > 150
    slope = np.polyfit(weeks[late] / 7.0, waiting[late], 1)[0]
    assert slope == pytest.approx(70.0 - 50.0, rel=0.02)
    assert np.polyfit(weeks[late] / 7.0, granted[late], 1)[0] == pytest.approx(50.0, rel=0.02)


def test_with_reviews_stopped_orders_on_healthy_lanes_do_not_fall():
    rule = licence(processing_days=10.0, decisions_per_week=0.0)
    network = world(second=True, cover=300.0, patience=90.0)
    calm = simulate(small_case(network, 400))
    run = simulate(small_case(network, 400, rule))
    healthy = lane(run, "forge")
    assert run.shipped[RULE_DAY:, lane(run)].sum() == 0.0
    more = np.cumsum(run.ordered[:, healthy]) - np.cumsum(calm.ordered[:, healthy])
    assert np.all(more >= -1e-9)
    before = RULE_DAY + 90
    np.testing.assert_allclose(run.ordered[:before, healthy], RATE / 2, atol=1e-9)
    # Once the licence patience is over the buyer turns to the other lane with all it needs.
    assert run.ordered[before:, healthy].sum() == pytest.approx(RATE * (400 - before), rel=0.2)
    assert run.ordered[before:, healthy].sum() > 1.5 * RATE / 2 * (400 - before)


def test_a_late_grant_ships_and_lowers_later_orders():
    steps = (Capacity(start=day(250), per_week=inf),)
    rule = licence(processing_days=10.0, decisions_per_week=0.0, capacity=steps)
    run = simulate(small_case(world(second=True, cover=300.0, patience=90.0), 700, rule))
    shipped = run.shipped.sum(axis=1)
    assert run.shipped[250:262, lane(run)].sum() > RATE / 2 * 80  # what had waited goes at once
    # In the end as much has been shipped as used, with the same stock on hand and under way.
    assert shipped.sum() == pytest.approx(RATE * 700, rel=0.02)


def test_while_paused_everything_ships_to_the_day():
    pause = Pause(start=day(100), end=day(300))
    rule = licence(processing_days=30.0, decisions_per_week=0.0, pauses=(pause,))
    run = simulate(small_case(world(), 400, rule))
    shipped = run.shipped[:, lane(run)]
    assert shipped[RULE_DAY:100].sum() == 0.0
    assert shipped[100] == pytest.approx(RATE * (100 - RULE_DAY + 1))
    np.testing.assert_allclose(shipped[101:300], RATE, atol=1e-9)
    assert shipped[300:].sum() == 0.0


def test_a_final_refusal_is_cancelled_and_ordered_elsewhere_the_same_day():
    rule = licence(processing_days=20.0, approval=Approval(civil=0.0, on_refusal="final"))
    run = simulate(small_case(world(second=True, cover=300.0), 300, rule))
    healthy = lane(run, "forge")
    assert run.shipped[RULE_DAY:, lane(run)].sum() == 0.0
    first = int(np.argmax(run.ordered[:, healthy] > RATE / 2 + 1e-6))
    # The first week's orders, mean day 53, are refused on day 73.
    assert first == RULE_DAY + 3 + 20
    assert run.ordered[first, healthy] == pytest.approx(RATE / 2 + 7 * RATE / 2, rel=0.2)


def test_military_orders_wait_for_ever_and_strict_destinations_longer():
    military = simulate(small_case(world(end_use="military"), 300, licence(processing_days=20.0)))
    assert military.shipped[RULE_DAY:, lane(military)].sum() == 0.0
    screening = (Screening(to_places=("JP",), slowness=2.0),)
    run = simulate(small_case(world(), 300, licence(processing_days=20.0, screening=screening)))
    assert int(np.argmax(run.shipped[RULE_DAY:, lane(run)] > 0.0)) == 3 + 40


def test_what_is_unused_lapses_and_its_orders_apply_anew():
    # The seller may ship nothing for 100 days; licences of day 63 lapse after 30, so a new one is needed.
    ban = ExportBan(id="ban", start=day(60), end=day(160), from_places=("CN",))
    rule = licence(processing_days=10.0, validity_days=30.0)
    kept = simulate(small_case(world(), 300, replace(rule, validity_days=inf), ban))
    run = simulate(small_case(world(), 300, rule, ban))
    first = 160
    assert kept.shipped[first, lane(run)] > run.shipped[first, lane(run)]
    assert run.shipped[160:, lane(run)].sum() <= kept.shipped[160:, lane(run)].sum() + 1e-9
    granted = LICENCE_COLUMNS.index("granted")
    assert run.licences["rule"][-1, granted] > kept.licences["rule"][-1, granted]  # granted twice


def test_general_licences_free_their_share_of_orders():
    rule = licence(decisions_per_week=0.0, general_licences_from=day(100), general_share=0.4)
    run = simulate(small_case(world(), 300, rule))
    shipped = run.shipped[:, lane(run)]
    assert shipped[RULE_DAY:100].sum() == 0.0
    np.testing.assert_allclose(shipped[101:], 0.4 * RATE, atol=1e-9)


def test_higher_classes_are_decided_first():
    sketch = Sketch()
    sketch.source("mill", "motor", country="CN")
    habits = {"licence_patience_days": inf, "lead_time_learning_days": inf}
    for site, country in (("first", "JP"), ("second", "US")):
        sketch.builder(site, {"motor": 1.0}, plan=RATE, cover=4000.0, country=country, habits=habits)
        sketch.lane("mill", site, "motor", days=10)
    screening = (Screening(to_places=("US",), priority=1),)
    rule = licence(processing_days=10.0, decisions_per_week=1.0, screening=screening)
    run = simulate(small_case(sketch.network(), 500, rule))
    served = run.shipped[RULE_DAY:].sum(axis=0)
    # Two applications a week come, one is decided: all of it for the first class.
    assert served[run.lanes.index("mill_second_motor")] <= 3 * 7 * RATE
    assert served[run.lanes.index("mill_first_motor")] == pytest.approx(RATE * 450, rel=0.1)


def test_a_longer_licence_never_loses_less():
    lost = []
    for days in (0.0, 20.0, 45.0, 68.0, 90.0, 131.0):
        run = simulate(small_case(world(cover=30.0), 400, licence(processing_days=days)))
        made = run.line_made[:, run.lines.index("works_line")]
        lost.append(RATE * 400 - made.sum())
    assert all(later >= sooner - 1e-9 for sooner, later in itertools.pairwise(lost)), lost
    assert lost[-1] > lost[0]


def test_before_the_office_first_meets_nothing_ships():
    run = simulate(small_case(world(), RULE_DAY + 3, licence()))
    assert run.shipped[:RULE_DAY].sum() == pytest.approx(RATE * RULE_DAY)
    assert run.shipped[RULE_DAY:].sum() == 0.0


def test_the_weekly_office_agrees_with_single_events():
    """Mean delay by weekly reckoning and by events within 2 %, when the examination takes weeks."""
    law = Distribution("gamma", {"mean": 42.0, "cv": 0.5})
    delays = {}
    for granularity in ("week", "event"):
        rule = licence(
            processing_days=law, preparing_days=7.0, decisions_per_week=1.25, returned=0.1,
            returned_days=14.0, granularity=granularity,
        )  # fmt: skip
        runs = [simulate(small_case(world(cover=2000.0), 1500, rule), number) for number in range(12)]
        books = [dict(zip(LICENCE_COLUMNS, run.licences["rule"].T, strict=True)) for run in runs]
        tonnes = [np.diff(book["granted"], prepend=0.0) for book in books]
        waited = sum(np.nansum(part * book["delay_days"]) for part, book in zip(tonnes, books, strict=True))
        delays[granularity] = waited / sum(part.sum() for part in tonnes)
    assert delays["week"] > 49.0
    assert delays["event"] == pytest.approx(delays["week"], rel=0.02)


@pytest.mark.parametrize("granularity", ["week", "event"])
def test_both_ways_stop_and_lapse_and_refuse(granularity):
    rules = {"processing_days": 21.0, "granularity": granularity}
    stopped = simulate(small_case(world(), 300, licence(decisions_per_week=0.0, **rules)))
    assert np.all(stopped.shipped[RULE_DAY:, lane(stopped)] == 0.0)
    never = Approval(civil=0.0, on_refusal="final")
    refused = simulate(small_case(world(), 300, licence(approval=never, **rules)))
    assert np.all(refused.shipped[RULE_DAY:, lane(refused)] == 0.0)
    free = simulate(small_case(world(), 300, licence(end=day(100), **rules)))
    assert free.shipped[:, lane(free)].sum() == pytest.approx(300 * RATE)


def test_three_examiners_with_drawn_decisions_hold_what_waits_at_the_gate():
    """Little's law on the whole: tonnes that wait are what is filed a day times the mean delay."""
    rule = licence(granularity="event", examiners=3, processing_days=14.0,
                   decision_days=Distribution("exponential", {"mean": 14.0}))  # fmt: skip
    run = simulate(small_case(world(cover=1000.0), 2500, rule), 3)
    books = dict(zip(LICENCE_COLUMNS, run.licences["rule"].T, strict=True))
    later = books["day"] > 500
    tonnes = np.diff(books["granted"], prepend=0.0)[later]
    delay = np.nansum(tonnes * books["delay_days"][later]) / tonnes.sum()
    waiting = run.waiting[500:, lane(run)].mean()
    assert waiting == pytest.approx(RATE * delay, rel=0.02)
