"""What many replications say together: against values by hand, and intervals against their promise."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from sim.domain import Distribution
from sim.engine.draws import stream
from sim.errors import RunFailed
from sim.interventions import Branch
from sim.metrics import MEASURES
from sim.results.ensemble import Ensemble, mean_of, probability_of
from sim.results.run import Run
from sim.results.until import looks, target_of
from sim.testing import START, day
from tests.support.poison import chancy_case

HORIZON = 100


def frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return a table of replications with what is stated, and the rest empty."""
    empty = {name: None if item.unit in ("date", "name") else math.nan for name, item in MEASURES.items()}
    full = pd.DataFrame([{**empty, "weight": 1.0, "branches": "", "site": "works", **row} for row in rows])
    return full.set_index(["replication", "branches", "site"])


Rows = list[dict[str, object]]


def ensemble_of(scenario: Rows, baseline: Rows | None = None) -> Ensemble:
    manifest = {"start": START.isoformat(), "horizon_days": HORIZON, "runway_from_day": 20}
    return Ensemble(frame(scenario), frame(baseline or scenario), manifest)


def test_probability_and_survival_by_hand() -> None:
    stops = [day(10), day(30), None, day(30), None, None, None, None]
    found = ensemble_of([{"replication": i, "line_stop_date": when} for i, when in enumerate(stops)])
    chance = found.stop_probability("works", day(30))
    assert chance.value == 3 / 8
    assert chance.standard_error == pytest.approx(math.sqrt(3 / 8 * 5 / 8 / 7))
    assert found.stop_probability("works", day(29)).value == 1 / 8
    assert found.stop_probability("works").value == 3 / 8
    curve = found.survival().set_index("date")["building_share"]
    assert [curve.iloc[n] for n in (9, 10, 29, 30, 99)] == [1.0, 7 / 8, 7 / 8, 5 / 8, 5 / 8]
    with pytest.raises(RunFailed, match="outside the run, from 2025-01-01 to 2025-04-10"):
        found.stop_probability("works", day(HORIZON))
    with pytest.raises(RunFailed, match="did you mean 'works'"):
        found.stop_probability("wroks")


def test_a_certain_outcome_of_few_replications_has_an_interval() -> None:
    """Student's interval of ten zeros has no width; Wilson's says that 28 % is still possible."""
    assert probability_of(np.zeros(10)).high == pytest.approx(1.959964**2 / (10 + 1.959964**2))
    assert probability_of(np.ones(10)).low == pytest.approx(1 - probability_of(np.zeros(10)).high)


def test_paired_differences_by_hand() -> None:
    lost = [(10.0, 8.0), (20.0, 17.0), (30.0, 26.0)]
    one = [{"replication": i, "lost_units": a} for i, (a, _) in enumerate(lost)]
    other = [{"replication": i, "lost_units": b} for i, (_, b) in enumerate(lost)]
    found = ensemble_of(one, other)
    difference = found.difference("lost_units", "works")
    assert difference.value == 3.0
    assert difference.standard_error == pytest.approx(1.0 / math.sqrt(3))
    assert difference.high - 3.0 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    row = found.differences().set_index("measure").loc["lost_units"]
    assert row["variance_ratio"] == pytest.approx(1.0 / (100.0 + 81.0))


def test_a_runway_that_never_ends_counts_as_the_window() -> None:
    rows = [{"replication": i, "realised_runway_days": days} for i, days in enumerate([40.0, math.nan])]
    found = ensemble_of(rows)
    assert found.samples("realised_runway_days").tolist() == [[40.0], [80.0]]
    quantiles = found.quantiles().set_index("measure").loc["realised_runway_days"]
    assert quantiles["p25"] == 40.0
    assert math.isnan(quantiles["p95"])


def test_weighted_futures_share_the_luck_of_their_replication() -> None:
    """Two futures of a replication are one observation, their weighted mean; not two."""
    rows = [
        {"replication": i, "branches": name, "weight": weight, "lost_units": lost}
        for i, (short, long) in enumerate([(1.0, 5.0), (3.0, 7.0)])
        for name, weight, lost in (("long", 0.25, long), ("short", 0.75, short))
    ]
    found = ensemble_of(rows)
    assert found.count == 2
    assert found.samples("lost_units")[:, 0].tolist() == [2.0, 4.0]
    assert found.mean("lost_units", "works").standard_error == 1.0


def test_intervals_cover_a_known_mean_as_often_as_they_say() -> None:
    """1,000 ensembles of 30 replications with the engine's own streams: a skewed figure in two futures."""
    law = Distribution("gamma", {"mean": 50.0, "cv": 0.5})
    covered = 0
    for seed in range(1000):
        rows = [law.draw(stream(seed, "figure", i), 2) for i in range(30)]
        found = mean_of(np.array([0.3 * first + 0.7 * second for first, second in rows]))
        covered += found.low <= 50.0 <= found.high
    assert 930 <= covered <= 970


def test_intervals_of_a_probability_cover_it() -> None:
    covered = 0
    for seed in range(1000):
        stops = np.array([stream(seed, "stop", i).random() < 0.2 for i in range(60)], dtype=float)
        found = probability_of(stops)
        covered += found.low <= 0.2 <= found.high
    assert 930 <= covered <= 970


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "run"
    sim.run(chancy_case(12), out=folder, keep=["on_hand at works", "built at shop"])
    return folder


def test_tables_of_the_folder_are_what_the_run_says(kept: Path) -> None:
    loaded = sim.load_run(kept)
    for name, table in {
        "survival": loaded.ensemble.survival(),
        "differences": loaded.ensemble.differences(),
        "quantiles": loaded.ensemble.quantiles(),
        "probabilities": loaded.ensemble.probabilities().reset_index(),
    }.items():
        pd.testing.assert_frame_equal(pd.read_parquet(kept / f"{name}.parquet"), table, check_dtype=False)


def test_a_chosen_series_is_kept_of_every_replication(kept: Path) -> None:
    from sim.engine import simulate
    from sim.metrics import series_frame
    from sim.results.plan import with_ranges

    case = with_ranges(chancy_case(12))
    frame = sim.load_run(kept).replication_series
    assert set(frame["replication"]) == set(range(12))
    assert len(frame) == 12 * case.horizon_days * frame.groupby(["series", "column"], observed=True).ngroups
    alone = series_frame("built", simulate(case, 5), case.network)["shop"]
    rows = frame[(frame["series"] == "built") & (frame["replication"] == 5)]
    np.testing.assert_array_equal(rows["value"].to_numpy(), alone.to_numpy(dtype=np.float32))
    assert {column.split("|")[0] for column in frame.loc[frame["series"] == "on_hand", "column"]} == {"works"}
    assert "on_hand" in set(sim.load_run(kept).series_quantiles["series"])


def test_a_run_without_replications_has_no_ensemble() -> None:
    with pytest.raises(RunFailed, match="ask for --replications 100"):
        _ = sim.run(chancy_case(1)).ensemble


def width(result: Run) -> float:
    found = result.ensemble.difference("lost_units", "works")
    return (found.high - found.low) / 2.0


def test_until_ci_stops_at_the_first_look_that_is_narrow_enough() -> None:
    wide = width(sim.run(chancy_case(40)))
    enough = sim.run(chancy_case(90), until_ci=f"lost_units at works = {0.8 * wide:.6f}")
    stated = enough.manifest["until_ci"]
    count = enough.manifest["replications"]
    assert stated["is_reached"]
    assert count in (50, 70, 90)
    assert width(enough) == stated["reached_half_width"] <= 0.8 * wide
    pd.testing.assert_frame_equal(enough.metrics, sim.run(chancy_case(count)).metrics, check_exact=True)
    never = sim.run(chancy_case(50), until_ci="lost_units at works = 0.0001 %")
    assert (never.manifest["replications"], never.manifest["until_ci"]["is_reached"]) == (50, False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lost_units", "says no width of an interval; write 'MEASURE at SITE = HALF-WIDTH'"),
        ("lost_unit = 3", "did you mean 'lost_units'"),
        ("lost_units = 0", "must be above zero"),
        ("line_stop_date = 3", "is no measure of a number"),
    ],
)
def test_a_target_that_cannot_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(RunFailed, match=words):
        target_of(text)


def test_a_target_at_an_unknown_site_is_refused() -> None:
    with pytest.raises(RunFailed, match="'shp' is not a reported site; did you mean 'shop'"):
        sim.run(chancy_case(50), until_ci="lost_units at shp = 3")


def test_looks_are_the_same_whatever_the_end() -> None:
    assert looks(1000)[:9] == looks(200)[:6] + looks(1000)[6:9]
    assert looks(10) == [10]


def test_the_command_prints_chances_and_adds_to_its_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["run", "india_halt", "--replications", "3", "--no-plot", "--keep", "built at toyota_japan"]
    by = (sim.load("india_halt").case.start + timedelta(days=400)).isoformat()
    found = CliRunner().invoke(app, [*words, "--json", "--by", by])
    assert found.exit_code == 0, found.stderr
    document = json.loads(found.stdout)
    chances = {row["site"]: row for row in document["ensemble"]["stop_probabilities"]}
    assert chances["toyota_japan"]["by_date"] == by
    assert chances["toyota_japan"]["probability"] == 0.0
    assert document["ensemble"]["finished_replications"] == 3
    rows = {(row["site"], row["measure"]) for row in document["ensemble"]["differences"]}
    assert ("toyota_japan", "lost_units") in rows
    plain = CliRunner().invoke(app, ["run", "india_halt", "--json", "--no-plot"])
    assert "ensemble" not in json.loads(plain.stdout)


def test_branches_of_a_run_are_averaged_by_weight() -> None:
    from dataclasses import replace

    case = chancy_case(4)
    (ban,) = case.interventions
    short = Branch(name="short", weight=0.75, changes={"duration_days": 25.0})
    long = Branch(name="long", weight=0.25, changes={"duration_days": 60.0})
    result = sim.run(replace(case, interventions=(replace(ban, branches=(short, long)),)))
    lost = result.replications["lost_units"].xs("works", level="site").unstack("branches")
    assert (lost["long"] > lost["short"]).any()
    expected = (0.75 * lost["short"] + 0.25 * lost["long"]).to_numpy()
    column = result.ensemble.sites.index("works")
    np.testing.assert_allclose(result.ensemble.samples("lost_units")[:, column], expected, rtol=1e-12)


def test_pairs_vary_less_than_independent_runs() -> None:
    """NdPr cover of Japan's alloy makers after India's halt: at most a fifth of the variance.

    Cover is the stock of oxide over a use that is the same in all runs, so the stock has the same ratio.
    """
    from dataclasses import replace

    from sim.engine import simulate
    from sim.metrics import series_frame
    from sim.results.plan import plan_of, with_ranges

    case = replace(with_ranges(plan_of("india_halt", replications=12).case), horizon_days=260)
    first_day = (case.interventions[0].start - case.start).days  # type: ignore[operator]

    def stock_tonnes(one: object, number: int) -> np.ndarray:
        frame = series_frame("on_hand", simulate(one, number, in_detail=False), case.network)  # type: ignore[arg-type]
        return frame["japan_alloy"]["ndpr_oxide"].sum(axis=1).to_numpy()[first_day:]

    halted, before = (
        np.array([stock_tonnes(one, i) for i in range(12)]) for one in (case, case.baseline())
    )
    paired = halted - before
    independent = halted - np.roll(before, 1, axis=0)
    assert np.abs(paired.mean(axis=0)).max() > 1.0, "the halt shows"
    assert (independent.var(axis=0).min()) > 0.0
    assert (paired.var(axis=0) <= 0.2 * independent.var(axis=0)).all()
