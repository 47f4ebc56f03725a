"""How uncertain figures are drawn: alone by name, together by rank, evenly by a design."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.case import Case, Correlation, Design, Uncertain, normal_correlations
from sim.domain import Distribution
from sim.engine import drawn
from sim.errors import RunFailed, ScenarioError, StoreError
from sim.scenario import load
from sim.testing import serial_chain, small_case
from tests.support.poison import chancy_case

SMALL = Path(__file__).resolve().parents[1] / "scenario" / "small"
LAWS = {
    "a": Distribution("uniform", {"low": 0.0, "high": 1.0}),
    "b": Distribution("gamma", {"mean": 30.0, "cv": 0.5}),
    "c": Distribution("triangular", {"low": 0.0, "mode": 1.0, "high": 4.0}),
}


def make_case(names: str = "abc", **fields: object) -> Case:
    uncertain = tuple(Uncertain(f"sites.works.{name}", LAWS[name]) for name in names)
    return small_case(serial_chain([20.0], [10]), 30, uncertain=uncertain, seed=3, **fields)


def figures(case: Case, count: int, name: str) -> np.ndarray:
    return np.array([drawn(case, i)[f"sites.works.{name}"] for i in range(count)])


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


@pytest.mark.parametrize("design", list(Design))
@pytest.mark.parametrize("rank", [0.6, -0.8])
def test_correlated_figures_have_their_rank_correlation_and_their_laws(design: Design, rank: float) -> None:
    together = Correlation(("sites.works.a", "sites.works.b"), rank)
    count = 1024
    case = make_case(correlations=(together,), design=design, replications=count)
    a, b, c = (figures(case, count, name) for name in "abc")
    assert rank_correlation(a, b) == pytest.approx(rank, abs=0.06)
    assert rank_correlation(a, c) == pytest.approx(0.0, abs=0.13)
    assert a.mean() == pytest.approx(0.5, abs=0.04)
    assert b.mean() == pytest.approx(30.0, abs=2.0)
    assert b.std() == pytest.approx(15.0, abs=2.0)


def test_a_correlation_leaves_all_other_figures_as_they_were() -> None:
    together = Correlation(("sites.works.a", "sites.works.b"), 0.6)
    one, other = make_case(), make_case(correlations=(together,))
    assert drawn(one, 7)["sites.works.c"] == drawn(other, 7)["sites.works.c"]
    assert drawn(one, 7)["sites.works.b"] != drawn(other, 7)["sites.works.b"]


@pytest.mark.parametrize("design", [Design.LATIN_HYPERCUBE, Design.SOBOL])
def test_a_design_puts_one_point_into_every_stratum(design: Design) -> None:
    count = 256
    case = make_case(design=design, replications=count)
    strata = np.sort(np.floor(figures(case, count, "a") * count).astype(int))
    assert strata.tolist() == list(range(count))


@pytest.mark.parametrize("design", [Design.LATIN_HYPERCUBE, Design.SOBOL])
def test_a_design_needs_fewer_replications(design: Design) -> None:
    """The mean of a figure over 128 replications varies, over seeds, a quarter of random draws at most."""

    def spread(kind: Design) -> float:
        cases = [replace(make_case("b", design=kind, replications=128), seed=seed) for seed in range(12)]
        return float(np.std([figures(case, 128, "b").mean() for case in cases]))

    assert spread(design) < 0.25 * spread(Design.RANDOM)
    assert spread(Design.RANDOM) == pytest.approx(15.0 / math.sqrt(128), rel=0.6)


@pytest.mark.parametrize("design", [Design.RANDOM, Design.SOBOL])
def test_a_replication_does_not_know_how_many_there_are(design: Design) -> None:
    few, many = (make_case(design=design, replications=n) for n in (10, 1000))
    assert [drawn(few, i) for i in range(10)] == [drawn(many, i) for i in range(10)]


def test_a_latin_hypercube_is_of_a_stated_number(tmp_path: Path) -> None:
    few, many = (make_case(design=Design.LATIN_HYPERCUBE, replications=n) for n in (10, 1000))
    assert drawn(few, 0) != drawn(many, 0)
    case = replace(chancy_case(12, replication=3), design=Design.LATIN_HYPERCUBE)
    sim.run(case, out=tmp_path / "run")
    with pytest.raises(StoreError, match="replications of the Latin hypercube: 12 there, 13 now"):
        sim.run(case, replications=13, resume=tmp_path / "run")
    with pytest.raises(RunFailed, match="a Latin hypercube is of a stated number"):
        sim.run(case, until_ci="stop = 0.1")


def test_a_latin_hypercube_knows_figures_by_name() -> None:
    few, more = (make_case(names, design=Design.LATIN_HYPERCUBE, replications=20) for names in ("b", "ab"))
    assert drawn(few, 7)["sites.works.b"] == drawn(more, 7)["sites.works.b"]


def test_later_blocks_of_the_sobol_sequence_go_on() -> None:
    case = make_case("a", design=Design.SOBOL)
    strata = np.sort(np.floor(figures(case, 512, "a") * 512).astype(int))
    assert strata.tolist() == list(range(512))


def test_correlations_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="contradict each other"):
        normal_correlations([("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)])


SCENARIO = """
title: T
question: Q?
network: {network}
start: 2025-01-01
horizon: 12 months
replications: 8
design: sobol
uncertain:
  sites.nagoya_cars.cover: {{distribution: discrete, values: [20 d, 60 d], weights: [1, 1]}}
  sites.echizen_magnets.cover: {{distribution: beta, low: 10 d, high: 40 d, alpha: 2, beta: 3}}
correlations:
  - {{between: [sites.nagoya_cars.cover, sites.echizen_magnets.cover], rank: {rank}}}
{more}
"""


def scenario(folder: Path, more: str = "", rank: float = 0.9) -> Path:
    path = folder / "s.yaml"
    path.write_text(SCENARIO.format(network=SMALL, more=more, rank=rank), encoding="utf-8")
    return path


def test_a_scenario_states_designs_and_correlations(tmp_path: Path) -> None:
    case = load(scenario(tmp_path)).case
    assert case.design is Design.SOBOL
    assert case.correlations[0].rank == 0.9
    numbers = [drawn(case, i) for i in range(64)]
    cars, motors = (np.array([row[f"sites.{name}.cover"] for row in numbers]) for name in
                    ("nagoya_cars", "echizen_magnets"))  # fmt: skip
    assert set(cars) == {20.0, 60.0}
    assert motors[cars == 60.0].mean() > motors[cars == 20.0].mean() + 5.0
    assert sim.run(case).manifest["design"] == "sobol"


def test_a_contradiction_is_an_error_at_its_line(tmp_path: Path) -> None:
    twice = "  - {between: [sites.echizen_magnets.cover, sites.nagoya_cars.cover], rank: 0.1}"
    with pytest.raises(ScenarioError, match=r"correlations\[1\] says a pair twice"):
        load(scenario(tmp_path, twice))
