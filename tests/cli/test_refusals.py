"""What `sim validate` and a dry run refuse beyond the words of the file: names, places, day zero."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import sim
from sim.cli.app import app
from sim.errors import Problem, ScenarioError

HEAD = "title: T\nquestion: Q?\nnetwork: rare_earths_2024\nstart: 2025-01-01\nhorizon: 30 d\n"


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), prog_name="sim")


def validated(tmp_path: Path, text: str) -> list[dict[str, object]]:
    """Return the problems of a scenario that `sim validate` refuses with exit code 3."""
    file = tmp_path / "s.yaml"
    file.write_text(HEAD + text)
    found = call("validate", str(file), "--json")
    assert found.exit_code == 3, found.output
    problems: list[dict[str, object]] = json.loads(found.stdout)["files"][0]["problems"]
    return problems


def test_validate_refuses_an_unknown_output_at_its_place(tmp_path: Path) -> None:
    (problem,) = validated(tmp_path, "outputs: [on_hand, days_of_covr]\n")
    assert (problem["line"], problem["column"], problem["given"]) == (6, 20, "days_of_covr")
    assert problem["hint"] == "did you mean 'days_of_cover'?"
    assert "touched_share" in str(problem["allowed"])


def test_validate_places_a_wrong_condition(tmp_path: Path) -> None:
    text = "must_hold:\n  - no oem stops within 180 d\n  - no oem stps within 180 d\n"
    (problem,) = validated(tmp_path, text)
    assert (problem["line"], problem["column"], problem["key"]) == (8, 5, "must_hold[1]")
    assert str(problem["path"]).endswith("s.yaml")


def test_a_run_refuses_them_at_the_same_place(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(HEAD + "outputs: nonsense\nmust_hold: [no oem stps within 180 d]\n")
    with pytest.raises(ScenarioError, match="nonsense") as caught:
        sim.run(file)
    places = [(problem.line, problem.column, problem.key) for problem in caught.value.problems]
    assert places == [(6, 10, "outputs[0]"), (7, 13, "must_hold[0]")]


def test_an_overloaded_network_is_refused_before_it_is_run(tmp_path: Path) -> None:
    text = "lines: {china_metal_ndpr: {capacity: 1000 t/yr}}\n"
    problems = validated(tmp_path, text)
    first = next(item for item in problems if item["key"] == "lines.china_metal_ndpr.capacity")
    assert "china_metal is overloaded" in str(first["message"])
    assert first["line"] == 6
    found = call("run", str(tmp_path / "s.yaml"), "--dry-run")
    assert found.exit_code == 3
    assert "china_metal is overloaded" in found.stderr


def test_a_country_without_a_site_is_said_to_be_one(tmp_path: Path) -> None:
    text = "interventions: [{id: a, kind: export_ban, from: NO, start: 2025-01-05}]\n"
    (problem,) = validated(tmp_path, text)
    assert "Norway is a country without a site in rare_earths_2024" in str(problem["message"])
    assert problem["hint"] == ""


@pytest.mark.parametrize(("country", "hint"), [("ZZ", ""), ("Japna", "did you mean 'Japan'?")])
def test_a_site_cannot_move_to_a_country_that_is_none(tmp_path: Path, country: str, hint: str) -> None:
    (problem,) = validated(tmp_path, f"sites: {{toyota_japan: {{country: {country}}}}}\n")
    assert "does not exist" in str(problem["message"])
    assert (problem["line"], problem["hint"]) == (6, hint)


def test_a_problem_without_a_key_in_the_file_keeps_no_place() -> None:
    (problem,) = sim.load("india_halt").placed([Problem("odd", key="nowhere.at_all")])
    assert problem.line is None


def test_dates_are_never_distributions(tmp_path: Path) -> None:
    law = "{distribution: uniform, low: 1 d, high: 9 d}"
    problems = validated(tmp_path, f"interventions: [{{id: a, kind: export_ban, start: {law}}}]\n")
    assert any(str(item["key"]).startswith("interventions[0].start") for item in problems)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("lines.suzuki_japan_electrified.capacity=9 units/yr", "suzuki_japan is overloaded: line"),
        ("lines.china_metal_ndpr.capacity=500 t/yr", "china_metal is overloaded"),
        ("lines.toyota_japan_electrified.ration_below_cover=150 d", "would never build to plan"),
        ("sites.toyota_japan.ordering=min_max", "needs ordering_s and ordering_S"),
        ("sites.toyota_japan.ordering=fixed", "ordering_quantity is missing"),
        ("sites.china_metal.review_period=30 d", "but its buyer china_metal reviews every 30 d"),
    ],
)
def test_a_world_that_could_not_be_steady_is_refused_at_what_caused_it(setting: str, message: str) -> None:
    found = call("run", "india_halt", "--set", setting)
    assert found.exit_code == 3, found.output
    assert f"--set {setting}: " in found.stderr
    assert message in found.stderr


def test_a_faulty_network_is_placed_in_the_scenario_and_hides_nothing(tmp_path: Path) -> None:
    text = "outputs: nonsense\nsites:\n  toyota_japan: {ordering: reorder_quantity, ordering_r: 4 units}\n"
    problems = validated(tmp_path, text)
    assert [(item["line"], item["column"]) for item in problems] == [(6, 10), (8, 28)]
    assert "ordering_Q is missing" in str(problems[1]["message"])


def test_a_policy_that_holds_less_than_is_under_way_is_refused(tmp_path: Path) -> None:
    text = "sites: {toyota_japan: {ordering: min_max, ordering_s: 5 units, ordering_S: 50 units}}\n"
    problems = validated(tmp_path, text)
    assert problems
    for item in problems:
        assert "are always under way: it would never build to plan" in str(item["message"])
        assert item["line"] == 6


def test_a_site_can_be_given_the_figures_of_its_policy(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    given = "{ordering: min_max, ordering_s: 4000000 units, ordering_S: 9000000 units}"
    file.write_text(HEAD + f"sites: {{toyota_japan: {given}}}\n")
    network = sim.load(file).case.network
    assert network.sites["toyota_japan"].ordering_parameters == {"s": 4e6, "S": 9e6}
