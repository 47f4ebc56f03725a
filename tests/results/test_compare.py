"""Comparisons are paired: one baseline, one luck; what cannot stand side by side is refused."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import sim
from sim.case import Case
from sim.cli.app import app
from sim.errors import StoreError
from sim.interventions import ExportBan
from sim.plots import NoPicture
from sim.plots.comparing import MARK, save_comparison
from sim.results.compare import Comparison, NotComparable, compare
from sim.results.differences import difference
from sim.results.folders import check_writable
from sim.results.pairing import UnknownMetric
from sim.results.run import Run
from sim.results.tabulate import UnknownPlace, cells, markdown
from sim.testing import day, small_case
from tests.support.stub import two_tier_network

REPLICATIONS = 5


def case(name: str, length: int, **fields: Any) -> Case:
    """Return a ban of so many days from day 10 on; none of zero days."""
    ban = ExportBan(id="ban", start=day(10), end=day(10) + timedelta(days=length), from_places=("CN",))
    made = small_case(two_tier_network(2), 240, *([ban] if length else []), **fields)
    return replace(made, name=name, runway_from=day(10))


@pytest.fixture(scope="module")
def two() -> Comparison:
    return compare(case("long", 120), case("brief", 60))


@pytest.fixture(scope="module")
def drawn() -> Comparison:
    return compare(case("long", 120, replications=REPLICATIONS), case("brief", 60, replications=REPLICATIONS))


def test_each_run_is_what_it_is_alone(two: Comparison) -> None:
    alone = sim.run(case("long", 120))
    assert two.runs["long"].metrics.equals(alone.metrics)
    assert two.labels == ("long", "brief")


def test_differences_are_those_of_the_runs(two: Comparison) -> None:
    found = two.differences("lost_units").set_index(["scenario", "site"])
    for label, run in two.runs.items():
        for site, row in run.metrics.iterrows():
            expected = row["lost_units"] - run.baseline_metrics.loc[site, "lost_units"]
            assert found.loc[(label, site), "difference"] == pytest.approx(expected)
    assert found[["low80", "high95"]].isna().all(axis=None)
    assert found["difference"].max() > 0.0


def test_intervals_are_of_pairs_with_the_same_luck(drawn: Comparison) -> None:
    found = drawn.differences("lost_units").set_index(["scenario", "site"])
    run = drawn.runs["long"]
    base = sim.run(case("nothing", 0, replications=REPLICATIONS))
    for site in run.metrics.index:
        after = run.replications["lost_units"].xs(site, level="site").to_numpy()
        before = base.replications["lost_units"].xs(site, level="site").to_numpy()
        assert found.loc[("long", site), "difference"] == pytest.approx(pd.Series(after - before).median())
    bounds = found[["low95", "low80", "difference", "high80", "high95"]]
    assert (bounds.diff(axis=1).iloc[:, 1:] >= 0.0).all(axis=None)


def test_a_comparison_with_itself_differs_in_nothing() -> None:
    found = compare(case("one", 60), case("one", 60))
    assert found.labels == ("one", "one (2)")
    frame = found.differences("realised_runway_days").pivot(
        index="site", columns="scenario", values="difference"
    )
    assert (frame["one"] == frame["one (2)"]).all()


def test_never_counts_as_the_rest_of_the_window(two: Comparison) -> None:
    found = two.differences("realised_runway_days").set_index(["scenario", "site"])
    runway = two.runs["long"].metrics.loc["works_1", "realised_runway_days"]
    assert found.loc[("long", "works_1"), "difference"] == runway - 230.0
    (row, *_) = [row for row in cells(two.table()) if row["scenario"] == "long"]
    assert row["runway vs baseline"].startswith("<= -")


def test_the_table_has_a_row_per_site_and_scenario_hardest_hit_first(two: Comparison) -> None:
    table = two.table()
    assert list(table["scenario"]) == ["long", "brief"] * (len(table) // 2)
    lost = (
        table[table["scenario"] == "long"]["lost_units"] / table[table["scenario"] == "long"]["planned_units"]
    )
    assert lost.is_monotonic_decreasing
    assert set(two.table(sites=["works_2"])["site"]) == {"works_2"}
    assert set(two.table(countries=["jp"])["country"]) == {"JP"}
    text = markdown(two, table)
    assert "| works_1 |" in text or "| works 1 |" in text
    assert "<table>" in two._repr_html_()


def test_unknown_names_have_the_nearest(two: Comparison) -> None:
    with pytest.raises(UnknownMetric, match="did you mean 'lost_units'"):
        two.differences("lost_unit")
    with pytest.raises(UnknownMetric, match="cannot be compared"):
        two.differences("line_stop_date")
    with pytest.raises(UnknownPlace, match="did you mean 'works_1'"):
        two.table(sites=["work_1"])
    with pytest.raises(UnknownPlace, match="countries: JP"):
        two.table(countries=["CN"])


def test_a_country_is_found_by_its_name_as_in_a_scenario() -> None:
    short = ["horizon=40 d"]
    both = compare("null_set", "null_set", sets=short)
    by_name = both.table(countries=["south korea", "Japan"])
    assert set(by_name["country"]) == {"KR", "JP"}
    assert by_name.equals(both.table(countries=["KR", "jp"]))
    with pytest.raises(UnknownPlace, match="did you mean 'Japan'"):
        both.table(countries=["Jappan"])
    assert markdown(both, by_name).count("2 scenarios of rare_earths_2024") == 1
    alone = compare("null_set", sets=short)
    assert "1 scenario of" in markdown(alone, alone.table())


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(case("b", 60), horizon_days=300), "--set horizon=300d"),
        (replace(case("b", 60), start=day(5)), "--set start="),
        (replace(case("b", 60), seed=7), "--seed 1"),
        (replace(case("b", 60), replications=3), "--replications 1"),
        (replace(case("b", 60), network=replace(two_tier_network(2), name="other")), "one network"),
    ],
)
def test_what_differs_in_the_frame_is_refused_before_anything_runs(
    other: Case, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("something was simulated")

    monkeypatch.setattr("sim.engine.simulate", never)
    with pytest.raises(NotComparable, match=said):
        compare(case("a", 60), other)
    with pytest.raises(NotComparable, match="at least one"):
        compare()


def test_a_scenario_that_changes_the_world_is_told_and_has_the_common_baseline() -> None:
    first = case("plain", 60)
    network = first.network
    richer = replace(network.sites["works_1"], cover={"motor": 90.0})
    other = replace(
        first, name="richer", network=replace(network, sites={**network.sites, "works_1": richer})
    )
    found = compare(first, other)
    (note,) = found.notes
    assert "richer changes the world itself (sites.works_1)" in note
    cover = found.baselines["richer"].loc["works_1", "days_of_cover_at_start"]
    assert cover == pytest.approx(first.baseline().network.sites["works_1"].cover["motor"])


def test_runs_from_folders_compare_as_those_in_memory(tmp_path: Path) -> None:
    run = sim.run("null_set", sets=["horizon=40 d"])
    read = sim.load_run(run.save(tmp_path / "one", picture=False))
    found, memory = compare(tmp_path / "one", read), compare(run, run)
    one, other = (item.differences("lost_units")["difference"] for item in (found, memory))
    assert one.to_numpy() == pytest.approx(other.to_numpy())


def test_a_folder_is_written_whole_or_not_at_all(
    two: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = save_comparison(two, two.table(), tmp_path / "out")
    assert {path.suffix for path in made} == {".csv", ".json", ".md", ".png"}
    assert {path.name for path in made} >= {
        "first_shortfalls.png",
        "forest_lost_units.png",
        "ladder_long.png",
    }
    document = json.loads((tmp_path / "out" / MARK).read_text(encoding="utf-8"))
    assert [item["label"] for item in document["scenarios"]] == ["long", "brief"]
    assert document["differences"]["unit"] == "unit"
    before = {path.name: path.stat().st_mtime_ns for path in made}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.plots.comparing.save_figure", full)
    with pytest.raises(StoreError, match="No space left"):
        save_comparison(two, two.table(), tmp_path / "out")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_something_else_is_left_alone(two: Comparison, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mine.txt").write_text("dear")
    with pytest.raises(StoreError, match="choose another --out"):
        save_comparison(two, two.table(), tmp_path / "letters")
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["mine.txt"]
    with pytest.raises(StoreError, match="is a file"):
        check_writable(tmp_path / "letters" / "mine.txt" / "out")


def test_pictures_of_a_comparison(two: Comparison, drawn: Comparison) -> None:
    assert dir(two.plot) == ["forest", "shortfalls"]
    for metric in ("lost_units", "realised_runway_days", "fill_rate"):
        drawn.plot.forest(metric=metric).canvas.draw()
    two.plot.shortfalls(sites=["works_1"]).canvas.draw()
    with pytest.raises(NoPicture, match="no scenario"):
        compare(case("nothing", 0)).plot.shortfalls()


def broken(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("manifest.json", '{"name": 3', "cannot be read"),
        ("manifest.json", "{}", "lacks name"),
        ("manifest.json", "[]", "holds no object"),
        ("metrics.csv", "site,name\nsony,Sony\n", "cut short"),
        ("scenario.resolved.yaml", "name: [", "cannot be run again"),
        ("series.parquet", "nothing", "series.parquet is damaged"),
    ],
)
def test_a_corrupted_run_folder_is_refused(
    saved: Path, tmp_path: Path, name: str, text: str, said: str
) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "bad"))
    broken(folder, name, text)
    with pytest.raises(StoreError, match=said):
        compare(folder).runs["null_set"].series("built")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("start", "soon", "start is 'soon', not a date"),
        ("start", 3, "start is 3, not a text"),
        ("horizon_days", "x", "horizon_days is 'x', not a number"),
        ("runway_from_day", -1, "runway_from_day is -1, not a number of 0 or more"),
        ("replications", None, "replications is None, not a number"),
        ("seed", [1], "seed is .1., not a number"),
        ("interventions", "x", "interventions is 'x', not a list"),
        ("interventions", [{"a": 1}], "which lacks id, kind, start, end"),
        ("files", {}, "files is .*, not a list"),
        ("files", [3], "files holds 3, not a text"),
    ],
)
def test_a_manifest_with_a_value_of_another_kind_is_refused(
    saved: Path, tmp_path: Path, key: str, value: object, said: str
) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "bad"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    broken(folder, "manifest.json", json.dumps({**manifest, key: value}))
    with pytest.raises(StoreError, match=said):
        sim.load_run(folder)


def test_a_resolved_scenario_that_is_no_text_is_refused(saved: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "bad"))
    (folder / "scenario.resolved.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(StoreError, match="cannot be read"):
        sim.load_run(folder)


def edited(text: str, column: str, value: str) -> str:
    """Return a table with another value in the first line of a column."""
    rows = list(csv.reader(StringIO(text)))
    rows[1][rows[0].index(column)] = value
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("name", ["metrics.csv", "baseline_metrics.csv"])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _: "", "it is empty"),
        (lambda text: text.splitlines()[0] + "\n", "csv alone"),
        (lambda text: text[: len(text) // 2], r"csv:\d+ is damaged \(it has \d+ cells, the head \d+"),
        (lambda text: text[:-4], "is_affected is 'Fa'"),
        (lambda text: text.rsplit("\n", 2)[0] + "\n", "site 'volkswagen' is in"),
        (lambda text: text + text.splitlines()[-1] + "\n", "site 'volkswagen' is there twice"),
        (lambda text: text.replace("country", "land", 1), "no country"),
        (lambda text: text.replace(",", ";"), "no site"),
        (lambda text: edited(text, "lost_units", "many"), "csv:2 is damaged .lost_units is 'many', not a nu"),
        (lambda text: edited(text, "planned_units", ""), "planned_units is '', not a number"),
        (lambda text: edited(text, "fill_rate", "inf"), "fill_rate is 'inf', not a number"),
        (lambda text: edited(text, "line_stop_date", "soon"), "line_stop_date is 'soon', not a date"),
        (lambda text: edited(text, "is_affected", ""), "is_affected is ''"),
        (lambda text: edited(text, "site", ""), "site is empty"),
    ],
)
def test_a_damaged_site_table_is_refused_where_it_is_damaged(
    saved: Path, tmp_path: Path, name: str, damage: Callable[[str], str], said: str
) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "bad"))
    broken(folder, name, damage((folder / name).read_text(encoding="utf-8")))
    with pytest.raises(StoreError, match=said) as told:
        sim.load_run(folder)
    assert "metrics.csv" in str(told.value)
    assert str(told.value).endswith("run the scenario again")


@pytest.mark.parametrize("command", ["plot", "compare", "report"])
def test_commands_refuse_a_damaged_site_table_and_write_nothing(
    saved: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(saved, "bad")
    broken(Path("bad"), "metrics.csv", edited(Path("bad/metrics.csv").read_text(), "planned_units", ""))
    before = sorted(tmp_path.rglob("*"))
    words = {"plot": ["ladder", "bad"], "compare": ["bad", "bad", "--out", "x"], "report": ["bad"]}
    done = CliRunner().invoke(app, [command, *words[command]])
    assert done.exit_code == 1
    assert "bug in sim" not in done.stderr
    assert "bad/metrics.csv:2 is damaged" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


TABLES = ("series", "shipments", "gates", "licences", "origin")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("damage", ["cut", "removed", "emptied"])
def test_a_table_that_was_cut_or_removed_is_refused_by_name(
    saved: Path, tmp_path: Path, table: str, damage: str
) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "bad"))
    path = folder / f"{table}.parquet"
    whole = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"")
    said = "is missing" if damage == "removed" else "is damaged"
    with pytest.raises(StoreError, match=rf"bad/{table}\.parquet {said}.*; run the scenario again$"):
        sim.load_run(folder)


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "bad", "bad", "--out", "x"],
        ["report", "bad"],
        ["diff", "bad", "bad"],
        ["plot", "gates", "bad"],
        ["plot", "river", "bad"],
        ["export", "bad"],
    ],
)
def test_every_command_refuses_a_folder_that_lost_a_table(
    saved: Path, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(saved, "bad")
    Path("bad/gates.parquet").unlink()
    before = sorted(tmp_path.rglob("*"))
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "bad/gates.parquet is missing; run the scenario again" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_whose_tables_are_whole_is_read(saved: Path) -> None:
    manifest = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))
    assert {f"{name}.parquet" for name in TABLES} <= set(manifest["files"])
    assert sim.load_run(saved).name == "null_set"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = sim.run("null_set", sets=["horizon=60 d"])
    return run.save(tmp_path_factory.mktemp("saved") / "run", picture=False)


def test_a_run_of_another_world_than_its_folder_says_is_not_replayed(saved: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "edited"))
    resolved = folder / "scenario.resolved.yaml"
    resolved.write_text(resolved.read_text().replace("2025-01-01", "2025-01-02"), encoding="utf-8")
    with pytest.raises(StoreError, match="no longer the world that was run"):
        sim.load_run(folder).plot.ladder()


def test_diff_names_settings_scenario_and_results(saved: Path) -> None:
    one: Run = sim.load_run(saved)
    assert difference(one, one).is_same
    other = sim.run("null_set", sets=["horizon=60 d", "sites.sony.cover=70 d"])
    found = difference(one, other)
    assert not found.is_same
    assert any(line.startswith("+") and "70 d" in line for line in found.scenario)
    rows = found.metrics.set_index(["site", "metric"])
    assert rows.loc[("sony", "days_of_cover_at_start"), "after"] == pytest.approx(70.0)
    assert {name for name, _, _ in found.settings} >= {"set", "case_hash"}
    json.dumps(found.document(), allow_nan=False)
    with pytest.raises(NotComparable, match="sim compare"):
        difference(one, sim.run(case("another", 0)))
