"""``sim stress`` and ``sim new network`` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim.analysis import stress_work
from sim.analysis.stress import Verdict
from sim.cli.app import app
from sim.data import load_network


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), prog_name="sim")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an invented network of 14 sites."""
    monkeypatch.chdir(tmp_path)
    found = call("new", "network", "--sites", "14", "--seed", "2", "--out", "net")
    assert found.exit_code == 0, found.output
    return tmp_path


ASKED = ("stress", "net", "--what", "site,country", "--durations", "20d,90d", "--severity", "0.5,1",
         "--after", "120d")  # fmt: skip


def test_stress_prints_the_ranking_and_writes_tables_and_picture(here: Path) -> None:
    found = call(*ASKED, "--out", "out", "--top", "4")
    assert found.exit_code == 0, found.output
    assert "each at its worst" in found.stdout
    assert "LP as ordered d" in found.stdout
    assert "out: ranking.csv, lost_units.csv, stress.png" in found.stdout
    assert (here / "out" / "stress.png").read_bytes().startswith(b"\x89PNG")
    assert (here / "out" / "ranking.csv").read_text().startswith("rank,kind,node,name,duration_days")
    assert len((here / "out" / "lost_units.csv").read_text().splitlines()) > 3


def test_stress_as_json_holds_every_turn(here: Path) -> None:
    found = call(*ASKED, "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["stress"]["durations_days"] == [20, 90]
    assert len(document["ranking"]) == 4 * document["nodes"]
    assert document["failures"] == []
    assert {row["kind"] for row in document["ranking"]} == {"site", "country"}
    for row in document["ranking"]:
        seen, bound = row["time_to_survive_days"], row["lp_days"]
        if bound is not None and bound < row["duration_days"]:
            # 0.1 % of a day's plan is no shortfall yet, and days are whole.
            assert seen is not None
            assert seen <= 1.001 * bound + 1.0


def test_a_dry_run_counts_and_writes_nothing(here: Path) -> None:
    before = set(here.rglob("*"))
    found = call(*ASKED, "--dry-run")
    assert found.exit_code == 0, found.output
    assert set(here.rglob("*")) == before
    said = json.loads(call(*ASKED, "--dry-run", "--json", "--out", "out").stdout)
    assert said["simulations"] == 4 * said["nodes"]
    assert f"{said['nodes']} nodes; 2 durations, {said['simulations']} simulations; about" in found.stdout
    assert said["estimated_seconds"] > 0.0
    assert set(here.rglob("*")) == before
    assert call(*ASKED, "--out", "out").exit_code == 0
    again = json.loads(call(*ASKED, "--dry-run", "--json", "--out", "out").stdout)
    assert (again["finished_nodes"], again["simulations"]) == (said["nodes"], 0)
    other = call(*ASKED[:-1], "60d", "--dry-run", "--out", "out")
    assert (other.exit_code, "holds another question" in other.stderr) == (1, True)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--what", "sites", "'sites' cannot be taken out; allowed: site, lane, chokepoint, country"),
        ("--durations", "3x", "'x' in '3x' is not a unit of a duration"),
        ("--durations", "0d", "'0d' is 0 days; allowed: 1 d to 3650 d"),
        ("--durations", ",", "--durations is empty"),
        ("--durations", "5 working days", "needs a calendar"),
        ("--severity", "1.5", "'1.5' is more than 1"),
        ("--severity", "0", "'0' lies outside 0 to 1, 0 excluded"),
    ],
)
def test_stress_refuses_what_makes_no_sense(here: Path, option: str, value: str, told: str) -> None:
    found = call("stress", "net", option, value)
    assert found.exit_code == 2
    # Typer wraps long messages.
    assert told in " ".join(found.stderr.replace("│", " ").split())


def test_an_interrupted_stress_prints_the_command_that_goes_on(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stress_work.take_out
    count = 0

    def cut(*asked: object) -> Verdict:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return whole(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(stress_work, "take_out", cut)
    found = call(*ASKED, "--out", "out")
    assert found.exit_code == 130
    assert "2 of" in found.stderr
    command = next(line for line in found.stderr.splitlines() if "to go on: sim " in line)
    monkeypatch.setattr(stress_work, "take_out", whole)
    import shlex

    again = call(*shlex.split(command.partition("to go on: sim ")[2]))
    assert again.exit_code == 0, again.output
    assert "each at its worst" in again.stdout


def test_a_node_that_fails_gives_code_4(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> Verdict:
        raise ArithmeticError("no such luck")

    monkeypatch.setattr(stress_work, "take_out", faulty)
    found = call("stress", "net", "--what", "country")
    assert found.exit_code == 4
    assert "failed: ArithmeticError: no such luck" in found.stderr


def test_new_network_guards_what_is_there(here: Path) -> None:
    assert len(load_network(here / "net").sites) == 14
    again = call("new", "network", "--sites", "14", "--out", "net")
    assert again.exit_code == 1
    assert "--force overwrites the tables of a network" in again.stderr
    assert call("new", "network", "--sites", "15", "--out", "net", "--force").exit_code == 0
    assert len(load_network(here / "net").sites) == 15
    (here / "net" / "letter.txt").write_text("dear", encoding="utf-8")
    assert "holds letter.txt" in call("new", "network", "--out", "net", "--force").stderr
    assert call("new", "network", "--sites", "5").exit_code == 2
    assert call("new", "network", "--out", "no/such").exit_code == 1
    assert call("new", "my_case", "--sites", "20").exit_code == 2
