"""What governments really did: a table that names its sources, and a file that any scenario can include."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sim.data import find_folder, load_network
from sim.data.policy import OTHER, Measure, measures, policy_sources
from sim.data.schema import SOURCE_KINDS
from sim.domain import Distribution
from sim.engine import simulate
from sim.interventions import KINDS
from sim.scenario import load
from sim.scenario.kinds import KINDS_TO_COME
from sim.scenario.library import find, folder
from sim.scenario.syntax import read

HEAD = "title: T\nquestion: Q?\nnetwork: {network}\nstart: {start}\nhorizon: {horizon}\n"
LIST = "include: policy/actual.yaml\n"
DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
IMPOSED: dict[str, list[Measure]] = {}
for _item in measures():
    if _item.intervention:
        IMPOSED.setdefault(_item.intervention, []).append(_item)
QUOTAS = {"actual_export_quotas", "actual_export_quotas_with_alloys"}
IN_2009 = QUOTAS | {"actual_embargo_2010"}


def scenario(
    folder: Path, network: str, start: str, horizon: str, more: str = "", name: str = "s.yaml"
) -> Path:
    path = folder / name
    path.write_text(HEAD.format(network=network, start=start, horizon=horizon) + LIST + more, "utf-8")
    return path


def entries() -> dict[str, dict]:
    root = read(folder() / "policy" / "actual.yaml")
    return {item["id"]: item for item in root.plain()["interventions"]}


def test_every_measure_has_a_date_a_known_kind_and_sources() -> None:
    found = measures()
    assert len(found) >= 40
    assert len({item.policy_id for item in found}) == len(found)
    kinds = {*KINDS, *KINDS_TO_COME, OTHER}
    for item in found:
        dates = [day for day in (item.announced, item.in_force, item.end) if day]
        assert dates, item.policy_id
        assert all(DATE.fullmatch(day) for day in dates), item.policy_id
        assert not item.end or not item.in_force or item.in_force <= item.end, item.policy_id
        assert item.kind in kinds, item.policy_id
        assert item.source_ids, item.policy_id
        assert set(item.source_ids) <= set(policy_sources()), item.policy_id
        assert item.reference, item.policy_id
        assert bool(item.quantity) == bool(item.unit), item.policy_id
    assert found[0].first_known.startswith("2009")
    assert list(found) == sorted(found, key=lambda item: item.first_known)


def test_sources_are_published_or_assumptions_and_each_is_used() -> None:
    used = {name for item in measures() for name in item.source_ids}
    used |= {name for item in entries().values() for name in item["sources"]}
    assert used == set(policy_sources())
    for name, row in policy_sources().items():
        assert row["title"], name
        if name.startswith("A_"):
            assert row["kind"] == "assumption", name
            assert row["note"], name
        else:
            assert row["kind"] in SOURCE_KINDS, name
            assert row["url"].startswith(("https://", "http://")), name


def test_half_years_of_quota_follow_each_other() -> None:
    quotas = [item for item in measures() if item.kind == "export_quota"]
    assert len(quotas) == 12
    assert all(earlier.end == later.in_force for earlier, later in pairwise(quotas))
    by_year = {year: sum(float(item.quantity) for item in quotas if item.in_force.startswith(year))
               for year in ("2009", "2010", "2011")}  # fmt: skip
    assert by_year == {"2009": 50_145.0, "2010": 30_258.0, "2011": 30_246.0}
    found = entries()
    windows = [window for name in sorted(QUOTAS) for window in found[name]["windows"]]
    assert [(str(w["from"]), str(w["to"]), w["quantity"]) for w in windows] == [
        (item.in_force, item.end, f"{item.quantity} t") for item in quotas
    ]
    with (find_folder("rare_earths_2009") / "series_china_exports.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["series_id"] == "export_quota"]
    halves = {
        f"{item.in_force[:4]}H{1 if item.in_force[5:7] == '01' else 2}": item.quantity for item in quotas
    }
    assert len(rows) == 6
    assert all(halves[row["date"]] == row["value"] for row in rows)


def test_what_can_be_imposed_is_what_the_table_says() -> None:
    found = entries()
    assert set(found) == set(IMPOSED)
    for name, item in found.items():
        rows = IMPOSED[name]
        assert {row.kind for row in rows} == {item["kind"]}
        assert str(item["start"]).startswith(rows[0].in_force)
        assert not item.get("end") or str(item["end"]).startswith(rows[-1].end)
        for row in rows:
            assert set(item["sources"]) & set(row.source_ids), row.policy_id


def test_an_entry_begins_and_is_announced_on_the_days_of_the_table() -> None:
    for name, item in entries().items():
        row = IMPOSED[name][0]
        assert str(item["start"]) == row.in_force, name
        if row.announced and row.kind != "export_quota":
            assert str(item["announced"]) == row.announced, name
    assert str(entries()["actual_us_defence_ban"]["announced"]) == "2024-05-30"
    (general,) = (row for row in IMPOSED["actual_april_licences"] if row.policy_id == "cn_general_licences")
    assert str(entries()["actual_april_licences"]["general_licences_from"]) == general.in_force


def test_what_is_not_imposed_has_no_kind_yet_or_says_why() -> None:
    for item in measures():
        if not item.intervention and item.kind in KINDS:
            assert item.note, item.policy_id


@pytest.mark.parametrize(
    ("network", "start", "horizon", "expected"),
    [
        ("rare_earths_2009", "2010-01-01", "24 months", IN_2009),
        ("rare_earths_2009", "2010-11-24", "12 months", QUOTAS),
        ("rare_earths_2009", "2010-11-23", "12 months", IN_2009),
        ("rare_earths_2024", "2024-07-01", "3 years", set(IMPOSED) - IN_2009),
        ("rare_earths_2024", "2025-04-15", "61 d",
         {"actual_mountain_pass_stops_china", "actual_irel_stop", "actual_april_licences",
          "actual_myanmar_border"}),
        ("rare_earths_2024", "2025-05-01", "43 d",
         {"actual_mountain_pass_stops_china", "actual_april_licences"}),
    ],
)  # fmt: skip
def test_a_scenario_gets_what_concerns_it_from_any_folder(
    network: str, start: str, horizon: str, expected: set[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    found = load(scenario(tmp_path, network, start, horizon), strict=True)
    assert {item.id for item in found.case.interventions} == expected
    assert found.case.background == expected
    assert {item.id for item in found.case.baseline().interventions} == expected
    assert {line.split()[0] for line in found.left_out} == set(IMPOSED) - expected


def test_every_entry_acts_on_some_network() -> None:
    networks = [load_network("rare_earths_2009"), load_network("rare_earths_2024")]
    acting = set()
    for network, year in zip(networks, ("2010-01-01", "2024-07-01"), strict=True):
        text = HEAD.format(network=network.name, start=year, horizon="3 years") + LIST
        acting |= {item.id for item in _case_of(text).interventions if item.touches(network)}
    assert acting == set(IMPOSED)


def _case_of(text: str):
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as where:
        path = Path(where) / "s.yaml"
        path.write_text(text, "utf-8")
        return load(path).case


def test_the_past_acts_on_run_and_baseline_alike(tmp_path: Path) -> None:
    case = load(scenario(tmp_path, "rare_earths_2009", "2010-07-01", "150 d")).case
    run, baseline = simulate(case), simulate(case.baseline())
    nothing = simulate(replace(case, interventions=()))
    assert np.array_equal(run.shipped, baseline.shipped)
    assert nothing.shipped.sum() - run.shipped.sum() > 1_000.0


def test_own_interventions_stay_out_of_the_baseline(tmp_path: Path) -> None:
    own = (
        "interventions:\n  - {id: own, kind: export_ban, from: China, to: Japan, materials: [magnet], "
        "start: 2025-07-01}\n"
    )
    case = load(scenario(tmp_path, "rare_earths_2024", "2025-06-01", "12 months", own)).case
    assert {item.id for item in case.interventions} == {
        "own", "actual_april_licences", "actual_irel_stop", "actual_kazakh_transit",
        "actual_mountain_pass_stops_china", "actual_contract_freeze_japan", "actual_content_rule",
    }  # fmt: skip
    assert {item.id for item in case.baseline().interventions} == case.background
    assert "own" not in case.background
    assert case.start == date(2025, 6, 1)


def test_a_field_can_be_changed_by_id(tmp_path: Path) -> None:
    more = "interventions:\n  - {id: actual_embargo_2010, leak: 0 %}\n"
    path = scenario(tmp_path, "rare_earths_2009", "2010-01-01", "24 months", more)
    (ban,) = (item for item in load(path).case.interventions if item.id == "actual_embargo_2010")
    assert ban.leak == 0.0
    assert isinstance(ban.duration_days, Distribution)
    assert load(path).case.background == QUOTAS


def test_a_resolved_scenario_stands_alone(tmp_path: Path) -> None:
    first = load(scenario(tmp_path, "rare_earths_2024", "2024-07-01", "3 years"))
    path = tmp_path / "alone.yaml"
    path.write_text(first.resolved_yaml(), "utf-8")
    again = load(path).case
    assert again.interventions == first.case.interventions
    assert again.background == first.case.background


def test_a_file_beside_the_scenario_wins_over_the_library(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    own = tmp_path / "policy" / "actual.yaml"
    own.write_text("seed: 7\n", "utf-8")
    assert find("policy/actual.yaml", tmp_path) == own
    assert load(scenario(tmp_path, "rare_earths_2009", "2010-01-01", "60 d")).case.seed == 7


@pytest.mark.parametrize("name", ["policy/actual", "policy/actual.yaml"])
def test_the_library_has_folders(name: str, tmp_path: Path) -> None:
    assert find(name, tmp_path) == folder() / "policy" / "actual.yaml"
    assert find("../scenarios/india_halt.yaml", tmp_path) == tmp_path / "../scenarios/india_halt.yaml"
