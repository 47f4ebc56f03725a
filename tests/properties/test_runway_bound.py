"""The realised runway never exceeds what perfect reallocation allows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sim.analysis.bound import first_runway_bound, runway_bounds
from sim.case import Case
from sim.domain import Network
from sim.engine import simulate
from sim.engine.realise import realise
from sim.interventions import ExportBan, Outage, Stockpile, Substitution
from sim.metrics import site_values
from sim.testing import day, serial_chain, small_case, two_suppliers
from sim.testing.strategies import cases


@settings(max_examples=40)
@given(cases())
def test_no_random_network_outlives_its_bound(case: Case) -> None:
    trajectory = simulate(case)
    runways = site_values(trajectory, case.network, 0)["realised_runway_days"]
    for site, bound in runway_bounds(case, trajectory).items():
        if bound is not None:
            assert runways[site] <= bound, site
    together = first_runway_bound(case, trajectory)
    if together is not None:
        assert runways.min() <= together


@pytest.mark.parametrize(("cover", "days"), [(0.0, 5), (12.0, 5), (40.0, 20)])
def test_a_single_lane_cut_for_good_meets_its_bound(cover: float, days: int) -> None:
    """Nothing can be reallocated, all goods under way come in time: the bound is what happens."""
    network = serial_chain([cover], [days])
    ban = ExportBan(id="cut", start=day(0), from_places=("source",), domestic=True)
    case = small_case(network, 200, ban)
    trajectory = simulate(case)
    realised = site_values(trajectory, network, 0)["realised_runway_days"]["works"]
    assert runway_bounds(case, trajectory) == {"works": int(realised)}


def test_the_bound_counts_from_the_day_runways_count_from() -> None:
    network = serial_chain([20.0], [10])
    ban = ExportBan(id="cut", start=day(50), from_places=("source",), domestic=True)
    case = small_case(network, 200, ban)
    trajectory = simulate(case)
    realised = site_values(trajectory, network, 50)["realised_runway_days"]["works"]
    assert runway_bounds(case, trajectory, 50) == {"works": int(realised)}


def test_a_second_source_without_limit_leaves_no_bound() -> None:
    """The bound is silent where a perfect planner is never short, whatever the site itself does."""
    network = two_suppliers(first_share=0.6, cover_days=3.0, lane_days=20)
    out = Outage(id="out", start=day(0), sites=("first",))
    case = small_case(network, 200, out)
    trajectory = simulate(case)
    assert site_values(trajectory, network, 0)["realised_runway_days"]["works"] < 200
    assert runway_bounds(case, trajectory) == {"works": None}


def cut_for_good() -> tuple[Network, ExportBan]:
    """Return a chain that holds 30 days of goods, and the ban that leaves it alone with them."""
    ban = ExportBan(id="cut", start=day(0), from_places=("source",), domestic=True)
    return serial_chain([20.0], [10]), ban


def test_what_substitution_saves_and_a_stockpile_releases_lengthens_the_bound() -> None:
    network, ban = cut_for_good()
    thrift = Substitution(id="thrift", materials=("part",), lines=("works_line",), saving=0.5, start=day(10))
    pile = Stockpile(
        id="pile", country="AA", materials=("part",), to_places=("works",), holds=100.0, start=day(0),
        release_below_days=15.0,
    )  # fmt: skip
    bounds = {}
    for name, helps in (("alone", ()), ("thrift", (thrift,)), ("pile", (pile,))):
        case = small_case(network, 200, ban, *helps)
        trajectory = simulate(case)
        realised = realise(case, None).network
        runway = site_values(trajectory, realised, 0)["realised_runway_days"]["works"]
        bounds[name] = runway_bounds(case, trajectory)["works"]
        assert bounds[name] is not None
        assert runway <= bounds[name], name
    assert bounds["alone"] < bounds["thrift"]
    assert bounds["alone"] < bounds["pile"]
