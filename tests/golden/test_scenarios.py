"""Every scenario of the library: its conditions hold, and its figures are those that were accepted.

The scenario is the parameter of a session fixture, so that pytest runs all tests of one scenario before
the next and each scenario is simulated once; under xdist the group keeps them in one worker.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from sim.data.policy import policy_sources
from sim.scenario import load
from tests.golden.results import SCENARIOS, Result, golden_file, is_same, names, read, result_of, text_of

MAY_WAIT = {
    "india_halt": {"ndpr price < +10 %"},
    "kazakhstan_transit_refused": {
        "ndpr price < +0.2 %",
        "netback of raw ore < 0",
        "netback of concentrate > netback of raw ore",
    },
    "quotas_2010": {"case B-D1 holds", "case B-D3 holds"},
}
"""The only conditions that may say "not yet checked": they need prices."""
MANY = 25
ALL = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names()]


@pytest.fixture(scope="session", params=ALL)
def scenario(request: pytest.FixtureRequest) -> tuple[str, Result]:
    name = str(request.param)
    return name, result_of(name)


def test_every_condition_holds(scenario: tuple[str, Result]) -> None:
    name, result = scenario
    wrong = [
        f"{condition}: {verdict} ({detail})"
        for condition, verdict, detail in result.verdicts
        if verdict != ("not yet checked" if condition in MAY_WAIT.get(name, ()) else "passed")
    ]
    assert not wrong, "\n".join(wrong)
    passed = [condition for condition, verdict, _ in result.verdicts if verdict == "passed"]
    assert len(passed) >= 3


def test_mass_is_conserved(scenario: tuple[str, Result]) -> None:
    assert scenario[1].mass_balance < 1e-9


def test_figures_are_those_accepted(scenario: tuple[str, Result]) -> None:
    """A difference is a changed model: if it is meant, ``python -m tests.golden.rewrite`` accepts it."""
    name, result = scenario
    golden = read(name)
    assert len(golden) >= MANY
    differences = [
        f"{metric}: {golden.get(metric, 'absent')} -> {text_of(result.rows.get(metric, 'absent'))}"
        for metric in sorted(golden.keys() | result.rows.keys())
        if metric not in golden
        or metric not in result.rows
        or not is_same(golden[metric], result.rows[metric])
    ]
    assert not differences, "\n".join(differences)


def test_each_scenario_has_its_golden_and_each_golden_its_scenario() -> None:
    assert [path.stem for path in sorted(golden_file("x").parent.glob("*.csv"))] == names()
    assert len(names()) >= 9


@pytest.mark.parametrize("name", names())
def test_a_scenario_asks_names_its_sources_and_promises(name: str) -> None:
    path = SCENARIOS / f"{name}.yaml"
    opening = path.read_text(encoding="utf-8").splitlines()[0]
    assert opening.startswith("# ")
    assert opening.endswith("?")
    case = load(path).case
    assert case.question.endswith("?")
    assert case.sources
    assert set(case.sources) <= _known(Path(case.network.folder)) | set(policy_sources())
    assert case.must_hold


def _known(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.glob("sources*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            found |= {row["source_id"] for row in csv.DictReader(file)}
    return found


@pytest.mark.parametrize(
    ("accepted", "value", "same"),
    [
        ("1.23456", 1.234564, True),
        ("1.23456", 1.234569, False),
        ("100", 100.00004, True),
        ("100", 100.001, False),
        ("2025-07-11", date(2025, 7, 11), True),
        ("2025-07-11", date(2025, 7, 12), False),
        ("", None, True),
        ("", float("nan"), True),
        ("", 12.0, False),
        ("0", 1e-12, False),
        ("sensor", "sensor", True),
    ],
)
def test_figures_are_compared_to_their_last_digit(accepted: str, value: object, same: bool) -> None:
    assert is_same(accepted, value) is same
