"""A run, its sentences, its folder: made with hand-made trajectories in place of the engine."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sim
import sim.engine
from sim.case import Case
from sim.errors import RunFailed, StoreError
from sim.interventions import Branch, ExportBan
from sim.results.branches import futures, likeliest
from sim.results.document import SITE_FIELDS, document
from sim.results.execute import Interrupted, run
from sim.results.identity import case_hash
from sim.results.manifest import runway_from
from sim.results.run import Run
from sim.results.store import load_run
from sim.results.tables import UnknownSeries
from sim.testing import day, small_case
from tests.support.stub import stub_engine, two_tier_network

CUT_DAY = 10
DRY_DAY = CUT_DAY + 25 + 3 + 20
"""First day without motors at works_1: 25 days at the maker, 3 on the way, 20 in stock."""


def make_case(**fields: object) -> Case:
    ban = ExportBan(id="april_ban", start=day(CUT_DAY), from_places=("CN",))
    return small_case(two_tier_network(), 180, ban, title="China closes the border", **fields)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.engine, "simulate", stub_engine(spread_days=2))


@pytest.fixture
def result(engine: None) -> Run:
    return run(make_case())


def test_metrics_count_from_the_first_intervention(result: Run) -> None:
    row = result.metrics.loc["works_1"]
    assert row["realised_runway_days"] == DRY_DAY - CUT_DAY
    assert row["first_shortfall_date"] == day(DRY_DAY)
    assert row["static_runway_days"] == pytest.approx(20.0)


def test_the_baseline_runs_without_the_intervention(result: Run) -> None:
    assert result.metrics["lost_units"].sum() > 0.0
    assert result.baseline_metrics["lost_units"].sum() == 0.0


def test_headline_names_runway_date_component_and_loss(result: Run) -> None:
    assert result.headline == (
        f"works 1 builds to plan for {DRY_DAY - CUT_DAY} days; first stop {day(DRY_DAY)} for motor; "
        "4,000 units lost by 2025-06-29; 2 of 2 manufacturers affected, 7,500 units of all kinds in all"
    )


def test_headline_without_effect_says_so(engine: None) -> None:
    calm = run(small_case(two_tier_network(), 100))
    assert calm.headline.startswith("no material effect: all 2 manufacturers build to plan")
    assert calm.why == "No line falls short, and every lane carries what it carries in the baseline."


def test_why_goes_back_to_the_intervention_with_dates(result: Run) -> None:
    text = result.why
    words = ("works 1 is the first", "maker, 3 d away", "mill, 10 d away", "CN stops")
    order = [text.index(word) for word in words]
    assert order == sorted(order)
    for number in (DRY_DAY, CUT_DAY + 25, CUT_DAY):
        assert day(number).isoformat() in text


def test_series_are_dates_by_sites(result: Run) -> None:
    cover = result.series("days_of_cover")
    assert cover.shape == (180, 2)
    assert cover["works_1"].iloc[DRY_DAY] == 0.0
    assert (result.series("days_of_cover", baseline=True)["works_1"] == 20.0).all()
    assert result.series("touched_share").columns.names == ["site", "element", "jurisdiction"]


def test_unknown_series_suggests_the_nearest(result: Run) -> None:
    with pytest.raises(UnknownSeries, match="did you mean 'days_of_cover'"):
        result.series("days_of_cove")


def test_replications_give_medians_and_a_band(engine: None) -> None:
    many = run(make_case(replications=11))
    row = many.metrics.loc["works_1"]
    first = DRY_DAY - CUT_DAY
    assert row["realised_runway_days"] == first + 2 * 5
    assert row["realised_runway_p10_days"] == first + 2 * 1
    assert row["realised_runway_p90_days"] == first + 2 * 9
    assert "(80 %: 50-66)" in many.headline
    assert len(many.replications) == 11 * 2
    assert many.why.startswith("In the central run: ")


def test_a_failed_replication_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    good = stub_engine()

    def sometimes(case: Case, replication: int | None = None, **fields: object) -> object:
        if replication == 2:
            raise RuntimeError("no luck")
        return good(case, replication)

    monkeypatch.setattr(sim.engine, "simulate", sometimes)
    partial = run(make_case(replications=4))
    assert [item["replication"] for item in partial.manifest["failures"]] == [2]
    assert partial.manifest["finished_replications"] == 3
    assert not partial.is_complete


def test_all_failed_replications_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    good = stub_engine()

    def never(case: Case, replication: int | None = None, **fields: object) -> object:
        if replication is not None:
            raise RuntimeError("no luck")
        return good(case, replication)

    monkeypatch.setattr(sim.engine, "simulate", never)
    with pytest.raises(RunFailed, match="all 3 replications failed; the first: no luck"):
        run(make_case(replications=3))


def test_interrupt_keeps_the_finished_replications(monkeypatch: pytest.MonkeyPatch) -> None:
    good = stub_engine()

    def stop(case: Case, replication: int | None = None, **fields: object) -> object:
        if replication == 3:
            raise KeyboardInterrupt
        return good(case, replication)

    monkeypatch.setattr(sim.engine, "simulate", stop)
    with pytest.raises(Interrupted) as caught:
        run(make_case(replications=10))
    assert caught.value.run.manifest["finished_replications"] == 3
    assert caught.value.run.manifest["interrupted"]


def branching_case(*weights: float) -> Case:
    names = ("stays", "goes", "shrinks")
    branches = tuple(Branch(name=name, weight=weight) for name, weight in zip(names, weights, strict=False))
    case = make_case()
    return replace(case, interventions=(replace(case.interventions[0], branches=branches),))


def test_futures_carry_their_weight_and_no_choice_is_left() -> None:
    found = futures(branching_case(2.0, 1.0, 1.0))
    assert [item.weight for item in found] == [0.5, 0.25, 0.25]
    assert found[0].branches == (("april_ban", "stays"),)
    assert all(not one.branches for item in found for one in item.case.interventions)


def test_a_deterministic_run_follows_the_likeliest_branch_the_first_if_tied() -> None:
    assert likeliest(branching_case(0.2, 0.5, 0.3)).branches == (("april_ban", "goes"),)
    assert likeliest(branching_case(0.4, 0.4, 0.2)).branches == (("april_ban", "stays"),)


def test_every_branch_runs_with_every_replication(engine: None) -> None:
    many = run(replace(branching_case(0.6, 0.4), replications=3))
    assert sorted(set(many.replications.index.get_level_values("branches"))) == ["goes", "stays"]
    assert many.manifest["branches"] == [{"intervention": "april_ban", "branch": "stays"}]


def test_runway_counts_from_the_start_without_interventions() -> None:
    assert runway_from(small_case(two_tier_network(), 10)) == day(0)
    assert runway_from(make_case()) == day(CUT_DAY)
    assert runway_from(make_case(runway_from=day(4))) == day(4)


def test_case_hash_knows_the_world_and_not_its_title() -> None:
    assert case_hash(make_case()) == case_hash(replace(make_case(), title="another", question="why"))
    assert case_hash(make_case()) != case_hash(make_case(seed=2))


def test_document_has_exactly_the_promised_shape(result: Run) -> None:
    found = json.loads(json.dumps(document(result), allow_nan=False))
    assert list(found) == [
        "schema_version",
        "scenario",
        "run_dir",
        "headline",
        "sites",
        "mass_balance_max_relative_error",
        "timing",
    ]
    assert list(found["scenario"]) == [
        "name", "title", "file", "network", "start", "horizon_days", "replications", "seed",
    ]  # fmt: skip
    assert list(found["timing"]) == ["simulate_seconds", "total_seconds"]
    (first, second) = found["sites"]
    assert list(first) == ["site", *SITE_FIELDS]
    assert first["first_shortfall_date"] == day(DRY_DAY).isoformat()
    assert first["time_to_survive_days"] is None
    assert first["realised_runway_p10_days"] is None
    assert second["site"] == "works_2"


def test_folder_round_trip(result: Run, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "kept")
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    assert sorted(item.name for item in folder.iterdir()) == listed
    back = load_run(folder)
    pd.testing.assert_frame_equal(back.metrics, result.metrics, check_dtype=False)
    pd.testing.assert_frame_equal(
        back.series("touched_share"), result.series("touched_share"), check_freq=False, check_index_type=False
    )
    for baseline in (False, True):
        one, other = (item.series("days_of_cover", baseline=baseline) for item in (back, result))
        assert one.columns.tolist() == other.columns.tolist()
        assert (one.to_numpy() == other.to_numpy()).all()
    assert (back.headline, back.why) == (result.headline, result.why)
    assert document(back)["sites"] == document(result)["sites"]
    assert len(back.shipments) == len(result.shipments)
    assert (folder / "runway.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UnknownSeries, match="did you mean 'built'"):
        back.series("buildt")


def test_nothing_is_half_written(result: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = result.save(tmp_path / "kept")
    before = (folder / "manifest.json").read_bytes()

    def fail(found: Run, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sim.results.hooks.HOOKS, "picture", fail)
    for target in ("kept", "fresh"):
        with pytest.raises(StoreError, match="No space left on device"):
            result.save(tmp_path / target)
    assert [item.name for item in tmp_path.iterdir()] == ["kept"]
    assert (folder / "manifest.json").read_bytes() == before


def test_a_folder_of_something_else_is_left_alone(result: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="is not a run folder; choose another --out"):
        result.save(tmp_path)
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.txt"]


def test_reading_what_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"it has no manifest\.json"):
        load_run(tmp_path)


def test_default_folder_is_name_and_hash(
    result: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = result.save()
    assert folder == Path("runs") / f"two_tier-{result.manifest['case_hash'][:10]}"
    assert result.save() == folder


def test_html_escapes_and_shows_every_site(engine: None) -> None:
    page = run(replace(make_case(), title="<script>alert(1)</script>"))._repr_html_()
    assert "<script>" not in page
    assert page.count("<tr>") == 1 + 2
    assert "works 1" in page


def test_a_run_shows_itself_and_its_picture(result: Run) -> None:
    assert repr(result).startswith("<Run two_tier: works 1")
    assert len(result.plot.runway().axes) == 2


def test_public_names_are_all_there() -> None:
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = sim.nothing_like_it


def test_time_to_survive_belongs_to_another_command(result: Run) -> None:
    assert all(math.isnan(value) for value in result.metrics["time_to_survive_days"])
