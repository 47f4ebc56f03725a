"""The runways of the reference network against what perfect reallocation allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.analysis.bound import first_runway_bound, runway_bounds
from sim.analysis.potential import Potential
from sim.analysis.survival import final_lines, loss_of_site, stocks_of, time_to_survive
from sim.case import Case
from sim.engine import simulate
from sim.interventions import ExportBan, Intervention, Outage
from sim.metrics import site_values
from sim.results.manifest import describe
from sim.scenario import load
from sim.steady import solve


def check(case: Case) -> int:
    """Hold every runway against its bound; return how many sites have one."""
    trajectory = simulate(case)
    day = int(describe(case, (), ())["runway_from_day"])
    runways = site_values(trajectory, case.network, day)["realised_runway_days"]
    found = runway_bounds(case, trajectory, day)
    bounds = {site: bound for site, bound in found.items() if bound is not None}
    for site, bound in bounds.items():
        assert runways[site] <= bound, site
    together = first_runway_bound(case, trajectory, day)
    if together is not None:
        assert runways.min() <= together
    return len(bounds)


@pytest.mark.parametrize("name", ["india_halt", "japan_import_cut", "kazakhstan_transit_refused"])
def test_no_site_of_the_library_outlives_its_bound(name: str) -> None:
    check(load(name).case)


@pytest.mark.parametrize(
    ("shock", "least_bounded"),
    [
        (lambda start: ExportBan(id="shut", start=start, from_places=("China",)), 10),
        (lambda start: ExportBan(id="leak", start=start, from_places=("China",), leak=0.2), 1),
        (lambda start: Outage(id="out", start=start, sites=("China",)), 1),
    ],
)
def test_no_site_outlives_its_bound_without_china(shock: object, least_bounded: int) -> None:
    """A year without China's exports, or without its plants: here the bound is tight enough to be missed."""
    case = replace(load("baseline").case, horizon_days=365)
    intervention: Intervention = shock(case.start)  # type: ignore[operator]
    assert check(replace(case, interventions=(intervention,))) >= least_bounded


def test_time_to_survive_is_shorter_as_ordered_and_for_all_lines_together() -> None:
    network = load("baseline").case.network
    flow = solve(network).lane_flow
    trajectory = simulate(replace(load("baseline").case, horizon_days=1), in_detail=False)
    potential = Potential(network, stocks_of(trajectory, network))
    loss = loss_of_site(network, "tier1_de_steering_brake_motor")
    together = time_to_survive(potential, loss, flow)
    assert 0.0 < time_to_survive(potential, loss, flow, as_ordered=True) < together
    alone = [time_to_survive(potential, loss, flow, lines=[name]) for name in final_lines(network)]
    assert min(alone) >= together * (1.0 - 1e-6)
