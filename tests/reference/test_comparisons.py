"""Pairs of runs on the reference network that must stand in a known relation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

import sim
from sim.case import Case, Uncertain
from sim.data import with_numbers
from sim.domain import Distribution, Network
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportBan, Outage
from sim.metrics import site_values
from sim.results.plan import with_ranges
from tests.reference.tools import (
    ban_of,
    case_of,
    differing,
    first_short_day,
    lost_shares,
    with_ban,
)

pytestmark = pytest.mark.xdist_group("reference_comparisons")
HORIZON_DAYS = 500
CUT_DAY = 90
CUT = "japan_import_cut"
CHINA_ONLY = "japan_import_cut_china_only"
NOTHING = "japan_import_cut_nothing_arrives"
NOISE = 1e-9


def run_of(case: Case) -> Trajectory:
    return simulate(case, in_detail=False, day_by_day=True)


@cache
def losses_of(case_name: str) -> Mapping[str, float]:
    """Return the losses of a library scenario over the short horizon."""
    case = case_of(case_name, HORIZON_DAYS)
    return lost_shares(case, run_of(case))


def runway(case: Case) -> float:
    """Return the days from the cut to Toyota's first shortfall."""
    return first_short_day(case, run_of(case), "toyota_japan") - CUT_DAY


def with_interchange(network: Network, share: float) -> Network:
    """Return the network with one interchangeable share on every lane into Japan."""
    lanes = [lane.lane_id for lane in network.lanes.values() if network.sites[lane.buyer].country == "JP"]
    assert len(lanes) > 50
    return with_numbers(network, {f"lanes.{lane}.interchangeable_share": share for lane in lanes})


# --- cuts that contain each other --------------------------------------------------------------------


def test_toyota_lives_longer_without_imports_than_without_any_arrival() -> None:
    """Japan's own stocks of oxide, metal, magnets and components carry it beyond its gate's 93 days."""
    gate, border = (runway(case_of(name, HORIZON_DAYS)) for name in (NOTHING, CUT))
    assert gate == 93.0
    assert border > gate
    assert border < 2.0 * gate


def test_a_cut_by_china_alone_is_no_worse_than_a_cut_by_all() -> None:
    everyone, china = losses_of(CUT), losses_of(CHINA_ONLY)
    japan = [line for line in everyone if line.startswith(("toyota_japan", "honda_japan", "nissan_japan"))]
    assert len(japan) >= 3
    for line in japan:
        assert china[line] <= everyone[line] + NOISE
    assert sum(china.values()) < sum(everyone.values())


def test_a_cut_by_china_lies_between_the_two_bounds_of_fungibility() -> None:
    """If nothing could replace anything Toyota would stop soonest, if all goods were alike latest.

    Alike for everybody: rivals in Japan then draw on the same goods, which may cost Toyota a few days.
    """
    case = case_of(CHINA_ONLY, HORIZON_DAYS)
    found = [
        runway(replace(case, network=with_interchange(case.network, share)))
        if share is not None
        else runway(case)
        for share in (0.0, None, 1.0)
    ]
    assert 90.0 <= found[0] < found[1] <= found[2] + RIVALRY_DAYS


@pytest.mark.parametrize("name", [CUT, CHINA_ONLY])
def test_those_who_buy_nothing_from_japan_build_on(name: str) -> None:
    losses = losses_of(name)
    outside = [line for line in losses if line.startswith(("hyundai_kia", "byd"))]
    assert len(outside) >= 2
    for line in outside:
        assert losses[line] == pytest.approx(0.0, abs=1e-9)


# --- more harm is never better -------------------------------------------------------------------------


RIVALRY_DAYS = 3.0
"""What competition for goods that have become alike may cost one buyer."""
HARSHER: Mapping[str, Mapping[str, Any]] = {
    "longer": {"end": date(2026, 1, 1)},
    "larger": {"leak": 0.2},
    "earlier": {"start": date(2025, 3, 1)},
}
MILDER: Mapping[str, Mapping[str, Any]] = {
    "longer": {"end": date(2025, 10, 1)},
    "larger": {"leak": 0.5},
    "earlier": {"start": date(2025, 5, 1)},
}
JAPAN = ("toyota_japan", "honda_japan", "nissan_japan", "suzuki_japan", "sony", "other_japan_industry")


def japans_loss(case: Case) -> float:
    """Return the sum of the shares of plan that Japan's makers lose.

    Makers compete for what is left, so each of them alone may gain from a harsher cut; all of them do not.
    """
    losses = lost_shares(case, run_of(case))
    return sum(share for line, share in losses.items() if line.startswith(JAPAN))


@pytest.mark.parametrize("way", sorted(HARSHER))
def test_a_longer_larger_or_earlier_cut_never_loses_less(way: str) -> None:
    case = case_of(CUT, HORIZON_DAYS)
    base = with_ban(case, announced=None)
    mild, harsh = (japans_loss(with_ban(base, **changes[way])) for changes in (MILDER, HARSHER))
    assert harsh >= mild - NOISE
    assert harsh > mild


def test_less_stock_never_loses_less() -> None:
    case = case_of(CUT, HORIZON_DAYS)
    losses = []
    for days in (120.0, 90.0, 45.0):
        changed = replace(case, network=with_numbers(case.network, {"sites.toyota_japan.cover": days}))
        found = lost_shares(changed, run_of(changed))
        losses.append(sum(share for line, share in found.items() if line.startswith("toyota_japan")))
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]


# --- what must not make a difference ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["india_halt", CUT, "lynas_power_cuts"])
def test_nothing_differs_before_it_is_announced(name: str) -> None:
    case = case_of(name, 300)
    (item,) = case.interventions
    first = item.announced or item.start
    assert first is not None
    day = (first - case.start).days
    assert day > 80
    run, baseline = run_of(case), run_of(case.baseline())
    assert not differing(run, baseline, until=day)
    assert differing(run, baseline)


NEUTRAL: Mapping[str, Mapping[str, Any]] = {
    "no length": {"end": date(2025, 4, 1)},
    "all leaks": {"leak": 1.0},
    "after the horizon": {"start": date(2025, 1, 1) + timedelta(days=200), "end": None},
}


@pytest.mark.parametrize("why", sorted(NEUTRAL))
def test_a_shock_of_no_size_or_length_is_the_baseline_bit_for_bit(why: str) -> None:
    case = case_of(CUT, 200)
    neutral = with_ban(case, **NEUTRAL[why])
    assert ban_of(neutral) != ban_of(case)
    assert not differing(run_of(neutral), run_of(case.baseline()))


def noisy() -> Case:
    """Return the reference network with drawn covers and a plant that fails at random."""
    case = case_of("lynas_power_cuts", 250)
    triangle = Distribution("triangular", {"low": 20.0, "mode": 30.0, "high": 45.0})
    again = Outage(
        id="again",
        start=date(2025, 8, 1),
        sites=("lynas_kuantan",),
        up_days=Distribution("exponential", {"mean": 30.0}),
        down_days=Distribution("exponential", {"mean": 10.0}),
    )
    return replace(
        case,
        interventions=(*case.interventions, again),
        uncertain=(Uncertain("sites.suzuki_japan.cover", triangle),),
    )


def test_a_replication_of_several_equals_the_same_alone_bit_for_bit() -> None:
    case = noisy()
    several = sim.run(case, replications=3)
    day = several.manifest["runway_from_day"]
    kept = several.replications.reset_index().set_index(["replication", "site"])
    # Several replications also draw every figure whose row states a range, and so must the one alone.
    case = with_ranges(case)
    alone = simulate(case, 2, in_detail=False)
    table = site_values(alone, case.network, day)
    for column in (
        "days_of_cover_at_start",
        "static_runway_days",
        "pipeline_runway_days",
        "lost_units",
        "fill_rate",
    ):
        first = kept.loc[2][column].reindex(table.index).to_numpy(dtype=float)
        assert first.tobytes() == table[column].to_numpy(dtype=float).tobytes(), column
    assert not differing(alone, simulate(case, 2, in_detail=False))
    assert differing(alone, simulate(case, 1, in_detail=False))


def test_the_order_of_the_tables_changes_no_bit() -> None:
    """The same records in the opposite order: materials, sites, lines, lanes, routes and what they hold."""
    case = case_of(CUT, 200)
    turned = replace(
        case.network,
        **{
            kind: dict(reversed(list(getattr(case.network, kind).items())))
            for kind in ("materials", "sites", "lines", "lanes", "routes", "countries", "figures")
        },
    )
    assert list(turned.lanes) != list(case.network.lanes)
    assert not differing(run_of(replace(case, network=turned)), run_of(case))


def test_the_ban_is_the_only_intervention_of_the_cut() -> None:
    assert isinstance(ban_of(case_of(CUT)), ExportBan)
