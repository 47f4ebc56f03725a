"""A sweep: its rows are the runs at its points, and finished points are not run again."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import sim
import sim.engine
from sim.case import Design
from sim.cli.app import app
from sim.errors import RunFailed, ScenarioError, StoreError
from sim.results import sweep as sweeping
from sim.results.plan import Source
from sim.results.points import grid_points
from sim.results.run import Run
from sim.results.sweep import sweep

SMALL = Path(__file__).resolve().parents[1] / "scenario" / "small"
TEXT = f"""
title: T
question: Q?
network: {SMALL}
start: 2025-01-01
horizon: 10 months
interventions:
  - {{id: stop, kind: export_ban, from: Malaysia, materials: [neodymium_oxide], start: 2025-02-01}}
sweep:
  sites.nagoya_cars.cover: [20 d, 60 d]
  interventions.stop.start: [2025-02-01, 2025-04-01]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def bytes_of(folder: Path) -> str:
    return hashlib.sha256((folder / "sweep.parquet").read_bytes()).hexdigest()


def test_rows_are_the_runs_at_the_points(scenario: Path, tmp_path: Path) -> None:
    points = grid_points(scenario, {})
    table = sweep(points, tmp_path / "out")
    assert [dict(point.values) for point in points][1] == {
        "sites.nagoya_cars.cover": "20 d",
        "interventions.stop.start": "2025-04-01",
    }
    for point in points:
        alone = sim.run(scenario, sets=[f"{path}={value}" for path, value in point.values.items()])
        rows = table
        for path, value in point.values.items():
            rows = rows[rows[f"at:{path}"] == value]
        rows = rows.set_index("site")
        assert rows["realised_runway_days"].to_dict() == alone.metrics["realised_runway_days"].to_dict()
        assert rows["lost_units"].to_dict() == alone.metrics["lost_units"].to_dict()
    assert table["realised_runway_days"].nunique() > 1


def test_finished_points_are_not_run_again_and_jobs_do_not_show(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = grid_points(scenario, {}, replications=3)
    sweep(points, tmp_path / "two", jobs=2)
    good, calls = sim.engine.simulate, []

    def third_fails(case: object, replication: int | None = None, **options: object) -> object:
        calls.append(replication)
        if len(calls) > 20:
            raise KeyboardInterrupt
        return good(case, replication, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sim.engine, "simulate", third_fails)
    with pytest.raises(KeyboardInterrupt):
        sweep(points, tmp_path / "one")
    monkeypatch.setattr(sim.engine, "simulate", good)
    assert len(list((tmp_path / "one" / "points").glob("*.parquet"))) == 2
    told: list[int] = []
    table = sweep(points, tmp_path / "one", progress=lambda done, total: told.append(done))
    assert told == [2, 3, 4]
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert set(table["replications"]) == {3}
    assert (table["mean_loss_low_units"] <= table["mean_loss_units"]).all()


def test_deterministic_points_run_in_processes(scenario: Path, tmp_path: Path) -> None:
    points = grid_points(scenario, {"sites.nagoya_cars.cover": ("20 d", "60 d")})
    sweep(points, tmp_path / "two", jobs=2)
    sweep(points, tmp_path / "one")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def deadly_at(point: Any, monkeypatch: pytest.MonkeyPatch, flag: Path, *, always: bool) -> None:
    """Let a point kill its worker process, always or once; count the deaths in a file."""
    good, parent = sweeping.execute, os.getpid()

    def deadly(plan: Source, **options: Any) -> Run:
        if plan.sets == point.plan.sets and os.getpid() != parent and (always or not flag.exists()):
            with flag.open("a") as file:
                file.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return good(plan, **options)

    monkeypatch.setattr(sweeping, "execute", deadly)


def test_a_killed_worker_is_replaced(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = grid_points(scenario, {"sites.nagoya_cars.cover": ("20 d", "40 d", "60 d")})
    sweep(points, tmp_path / "one")
    deadly_at(points[1], monkeypatch, tmp_path / "killed", always=False)
    sweep(points, tmp_path / "out", jobs=2)
    assert (tmp_path / "killed").exists()
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "one")


@pytest.mark.parametrize("position", [0, 2, 4])
def test_a_point_that_kills_every_worker_is_left_out_and_the_others_go_on(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    covers = ("20 d", "30 d", "40 d", "50 d", "60 d")
    points = grid_points(scenario, {"sites.nagoya_cars.cover": covers})
    flag = tmp_path / "killed"
    deadly_at(points[position], monkeypatch, flag, always=True)
    grid = f"sites.nagoya_cars.cover={','.join(covers)}"
    words = ["sweep", str(scenario), "-p", grid, "--jobs", "2", "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 4, found.output
    told = f"point sites.nagoya_cars.cover={covers[position]} failed: its worker process died, 3 times"
    assert told in found.stderr
    assert [line.split()[2] for line in found.stdout.splitlines() if "failed" in line] == ["failed"]
    assert 3 <= len(flag.read_text()) <= 4, "once among others, three times alone"
    table = pd.read_parquet(tmp_path / "out" / "sweep.parquet").set_index("at:sites.nagoya_cars.cover")
    assert table["failure"].dropna().to_dict() == {covers[position]: "its worker process died, 3 times"}
    assert table["site"].notna().groupby(level=0, sort=False).any().tolist() == [
        cover != covers[position] for cover in covers
    ]
    monkeypatch.undo()
    sweep(points, tmp_path / "out")
    sweep(points, tmp_path / "one")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "one"), "tried again, with no trace"


def test_a_point_all_of_whose_replications_fail_is_left_out(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = grid_points(scenario, {"sites.nagoya_cars.cover": ("20 d", "60 d")}, replications=2)
    good = sim.engine.simulate

    def fails(case: Any, replication: int | None = None, **options: object) -> object:
        if replication is not None and case.network.sites["nagoya_cars"].cover == bad:
            raise RuntimeError("poison")
        return good(case, replication, **options)  # type: ignore[arg-type]

    bad = points[1].plan.case.network.sites["nagoya_cars"].cover
    monkeypatch.setattr(sim.engine, "simulate", fails)
    table = sweep(points, tmp_path / "out")
    (told,) = table["failure"].dropna()
    assert told == "all 2 replications failed; the first: poison"
    with pytest.raises(RunFailed, match="all 1 points failed; the first: all 2 replications failed"):
        sweep(points[1:], tmp_path / "none")


def test_workers_that_never_begin_end_a_sweep(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_begin", lambda: os._exit(1))
    points = grid_points(scenario, {"sites.nagoya_cars.cover": ("20 d", "60 d")})
    with pytest.raises(RunFailed, match="die before they begin"):
        sweep(points, tmp_path / "out", jobs=2)


def test_ctrl_c_lets_the_workers_of_a_sweep_finish_without_a_word(scenario: Path, tmp_path: Path) -> None:
    days = ",".join(f"{days} d" for days in range(20, 220))
    words = ["sweep", str(scenario), "-p", f"sites.nagoya_cars.cover={days}", "--jobs", "2"]
    command = [sys.executable, "-m", "sim", *words, "--out", str(tmp_path / "out")]
    asked = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wanted = time.monotonic() + 120
    while len(list((tmp_path / "out").glob("points/*.parquet"))) < 4 and time.monotonic() < wanted:
        time.sleep(0.02)
    os.killpg(asked.pid, signal.SIGINT)  # as a terminal does
    said, told = asked.communicate(timeout=120)
    assert (asked.returncode, said) == (130, "")
    told = told.removeprefix("compiling kernels once; later runs start at once\n")
    assert told.startswith("interrupted: finished points are kept in"), told
    assert "Traceback" not in told


def test_what_cannot_be_swept_is_refused_before_anything_runs(scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean 'nagoya_cars'"):
        grid_points(scenario, {"sites.nagoya_cars.cover": ("20 d",), "sites.nagoya_crs.cover": ("1 d",)})
    with pytest.raises(RunFailed, match="has no `sweep:`"):
        grid_points("baseline", {})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(StoreError, match="is not the folder of a sweep"):
        sweep(grid_points(scenario, {}), tmp_path / "mine")


def test_the_command_tables_the_grid(scenario: Path, tmp_path: Path) -> None:
    grid = "sites.nagoya_cars.cover=20 d,60 d"
    words = ["sweep", str(scenario), "--grid", grid, "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.stderr
    lines = [line.split() for line in found.stdout.splitlines()]
    assert [line[0] for line in lines if line[1:2] == ["d"]] == ["20", "60"]
    assert f"2 points; table: {tmp_path / 'out' / 'sweep.parquet'}" in found.stdout
    assert CliRunner().invoke(app, [*words, "--grid", "x"]).exit_code == 3


def test_a_list_among_the_values_is_shown(scenario: Path, tmp_path: Path) -> None:
    grid = "interventions.stop.materials=[neodymium_oxide],[dysprosium_oxide]"
    words = ["sweep", str(scenario), "-p", grid, "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.stderr
    assert "[neodymium_oxide]" in found.stdout


def test_failed_replications_of_a_point_are_code_4(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = sim.engine.simulate

    def second_fails(case: object, replication: int | None = None, **options: object) -> object:
        if replication == 1:
            raise RuntimeError("poison")
        return good(case, replication, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sim.engine, "simulate", second_fails)
    words = ["sweep", str(scenario), "-p", "sites.nagoya_cars.cover=20 d,60 d", "--replications", "3"]
    found = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")])
    assert found.exit_code == 4, found.output
    assert "2 replications failed" in found.stderr


COVER, START = "sites.nagoya_cars.cover", "interventions.stop.start"
RANGES = ("sites.nagoya_cars.cover=20 d..60 d", "interventions.stop.start=2025-02-01..2025-02-28")


@pytest.mark.parametrize("design", [Design.SOBOL, Design.LATIN_HYPERCUBE])
def test_a_design_puts_a_point_into_every_stratum_of_every_range(scenario: Path, design: Design) -> None:
    grid: dict[str, tuple[str, ...]] = {COVER: ("20 d..60 d",), START: ("2025-02-01..2025-02-28",)}
    grid |= {"replications": ("1", "2", "3", "4")}
    points = grid_points(scenario, grid, design=design, count=16)
    covers = sorted(float(point.values[COVER].removesuffix(" d")) for point in points)
    assert [int((cover - 20.0) / 40.0 * 16) for cover in covers] == list(range(16))
    days = {date.fromisoformat(point.values[START]) for point in points}
    assert date(2025, 2, 1) <= min(days) < date(2025, 2, 4)
    assert date(2025, 2, 25) < max(days) <= date(2025, 2, 28)
    assert Counter(point.values["replications"] for point in points) == dict.fromkeys("1234", 4)
    for point in points:
        stated = float(point.values[COVER].removesuffix(" d"))
        held = point.plan.case.network.sites["nagoya_cars"].cover
        assert held == pytest.approx(dict.fromkeys(held, stated))
    again = grid_points(scenario, grid, design=design, count=16)
    assert [point.values for point in again] == [point.values for point in points]
    other = grid_points(scenario, grid, design=design, count=16, seed=9)
    assert [point.values for point in other] != [point.values for point in points]


def test_more_points_of_a_sobol_design_go_on_from_fewer(scenario: Path, tmp_path: Path) -> None:
    grid = {"sites.nagoya_cars.cover": ("20 d..60 d",)}
    few = grid_points(scenario, grid, design=Design.SOBOL, count=4)
    sweep(few, tmp_path / "out")
    told: list[int] = []
    more = grid_points(scenario, grid, design=Design.SOBOL, count=6)
    table = sweep(more, tmp_path / "out", progress=lambda done, total: told.append(done))
    assert [point.values for point in more[:4]] == [point.values for point in few]
    assert told[0] == 4
    assert table["at:sites.nagoya_cars.cover"].nunique() == 6


def test_points_share_what_they_have_in_common(scenario: Path) -> None:
    points = grid_points(scenario, {COVER: ("20 d", "60 d")})
    one, other = (point.plan.case.network for point in points)
    assert one.lanes is other.lanes
    differing = [name for name, site in one.sites.items() if other.sites[name] is not site]
    assert differing == ["nagoya_cars"]


def test_the_command_spreads_a_design_and_says_how_to_go_on(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["sweep", str(scenario), "-p", RANGES[0], "-p", RANGES[1], "--design", "sobol", "--n", "4"]
    words += ["--out", str(tmp_path / "out")]

    def cut(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "execute", cut)
        stopped = CliRunner().invoke(app, words)
    assert stopped.exit_code == 130
    assert "--design sobol --n 4" in stopped.stderr
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert "4 points; table" in found.stdout


@pytest.mark.parametrize(("words", "code", "said"), [
    (["-p", RANGES[0]], 3, "--design sobol --n 64 spreads 64 points over the ranges"),
    (["-p", RANGES[0], "--design", "sobol"], 2, "--design and --n belong together"),
    (["-p", RANGES[0], "--n", "8"], 2, "--design and --n belong together"),
    (["-p", "sites.nagoya_cars.cover=20 d..x", "--design", "sobol", "--n", "4"], 3, "neither a number nor a"),
    (["-p", "sites.nagoya_cars.cover=60 d..20 d", "--design", "sobol", "--n", "4"], 3, "is not below the"),
    (["-p", "sites.nagoya_cars.cover=2 wk..60 d", "--design", "sobol", "--n", "4"], 3, "two units, 'wk' and"),
    (["-p", "sites.nagoya_cars.cover=1 d,2 d..60 d", "--design", "sobol", "--n", "4"], 3, "stands alone"),
    (["-p", "sites.nagoya_crs.cover=20 d..60 d", "--design", "sobol", "--n", "4"], 3, "did you mean"),
    (["-p", "sites.nagoya_cars.cover=20 kg..60 kg", "--design", "sobol", "--n", "4"], 3, "kg"),
])  # fmt: skip
def test_a_design_that_makes_no_sense_is_refused(
    scenario: Path, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    found = CliRunner().invoke(app, ["sweep", str(scenario), *words, "--out", str(tmp_path / "out")])
    assert (found.exit_code, (tmp_path / "out").exists()) == (code, False), found.output
    assert said in " ".join(found.stderr.split())
    assert "Traceback" not in found.stderr


def test_a_dry_run_of_a_sweep_counts_what_is_left_and_writes_nothing(scenario: Path, tmp_path: Path) -> None:
    words = ["sweep", str(scenario), "-p", f"{COVER}=20 d,40 d,60 d", "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, [*words, "--dry-run"])
    assert found.exit_code == 0, found.output
    assert "3 points; 1 replication each, 6 simulations with the baselines; about" in found.stdout
    assert not (tmp_path / "out").exists()
    assert CliRunner().invoke(app, [*words[:3], f"{COVER}=20 d", *words[4:]]).exit_code == 0
    said = json.loads(CliRunner().invoke(app, [*words, "--dry-run", "--json"]).stdout)
    assert (said["points"], said["finished_points"], said["simulations"]) == (3, 1, 4)
    assert said["estimated_seconds"] > 0.0
    more = [*words, "--replications", "5", "--design", "sobol", "--n", "8", "--dry-run", "--json"]
    assert json.loads(CliRunner().invoke(app, more).stdout)["simulations"] == 8 * 12
    assert len(list((tmp_path / "out" / "points").iterdir())) == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    refused = CliRunner().invoke(app, [*words[:-1], str(tmp_path / "mine"), "--dry-run"])
    assert (refused.exit_code, "is not the folder of a sweep" in refused.stderr) == (1, True)
