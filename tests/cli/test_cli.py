"""The command line: what goes to stdout and stderr, exit codes, and that help loads nothing heavy."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import sim
import sim.cli.export
import sim.cli.run as cli_run
import sim.engine
import sim.results.plan
from sim.case import Case
from sim.cli import main
from sim.cli.app import app
from sim.errors import InvariantError, Problem, ScenarioError
from sim.interventions import ExportBan
from sim.results import compare, execute
from sim.results.plan import MOST_SEED, Source
from sim.testing import day, small_case
from tests.support.stub import stub_engine, two_tier_network

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "pandas", "numba", "matplotlib", "pydantic", "scipy", "simpy", "ruamel", "rich")
COMMANDS = (
    "run", "compare", "diff", "plot", "report", "stress", "sweep", "validate", "show", "list", "claims",
    "schema", "new", "sources", "export",
)  # fmt: skip


LOADED = (compare, execute)
"""Modules that take `plan_of` over, loaded before a test puts its own in its place."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a scenario ``ban`` and a stand-in for the engine."""
    ban = ExportBan(id="april_ban", start=day(10), from_places=("CN",))

    def plan_of(
        source: str,
        *,
        replications: int | None = None,
        seed: int | None = None,
        sets: tuple[str, ...] = (),
        keep: tuple[str, ...] = (),
    ) -> Source:
        if source != "ban":
            raise ScenarioError(Problem("does not exist", path=source, line=3, column=1, excerpt="x: 1"))
        case = small_case(two_tier_network(), 180, ban, replications=replications or 1, seed=seed or 1)
        return Source(case, "title: ban\n", ("lane never used",), tuple(sets or ()))

    monkeypatch.setattr(sim.results.plan, "plan_of", plan_of)
    monkeypatch.setattr(sim.engine, "simulate", stub_engine(spread_days=2))
    monkeypatch.setattr(sim.engine, "kernels_are_cached", lambda: True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), prog_name="sim")


def test_run_prints_data_on_stdout_and_the_rest_on_stderr(here: Path) -> None:
    found = call("run", "ban")
    assert found.exit_code == 0
    assert found.stdout.startswith("works 1 builds to plan for 48 days; first stop 2025-02-28")
    for word in ("mill, 10 d away", "pipeline", "realised", "limiting component", "fill rate", "recovery"):
        assert word in found.stdout
    assert "40.0 % -> 70.0 %" in found.stdout
    assert "baseline, with the same luck: all 2 build to plan" in found.stdout
    assert "run folder: runs/two_tier-" in found.stdout
    assert found.stderr == "warning: lane never used\n"
    (folder,) = (here / "runs").iterdir()
    assert (folder / "runway.png").exists()


def test_run_json_is_one_document(here: Path) -> None:
    found = call("run", "ban", "--json", "--out", "kept", "--no-plot")
    document = json.loads(found.stdout)
    assert document["schema_version"] == 1
    assert document["run_dir"] == "kept"
    assert document["sites"][0]["realised_runway_days"] == 48.0
    assert not (here / "kept" / "runway.png").exists()


def test_quiet_prints_the_headline_only(here: Path) -> None:
    assert call("run", "ban", "-q").stdout.count("\n") == 1


def test_verbose_prints_elements_and_timing(here: Path) -> None:
    text = call("run", "ban", "-v").stdout
    assert "touched: works_1 dysprosium CN 40.0 % -> 70.0 %" in text
    assert "largest relative error of a balance" in text


def test_never_short_is_longer_than_the_window(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.engine, "simulate", stub_engine(length_days=0))
    assert "> 170 d" in call("run", "ban").stdout


def test_replications_print_the_band(here: Path) -> None:
    found = call("run", "ban", "--replications", "11")
    assert found.exit_code == 0
    assert "58 d (50-66)" in found.stdout


def test_dry_run_writes_nothing(here: Path) -> None:
    found = call("run", "ban", "--dry-run", "--replications", "4")
    assert "10 simulations with the baseline" in found.stdout
    assert list(here.iterdir()) == []


def test_the_estimate_of_a_dry_run_is_measured(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes longer over a day is told a longer time; no figure of it is a constant."""
    engine, pause_seconds = stub_engine(), 0.05

    def slow(*case: Any, **options: Any) -> object:
        time.sleep(pause_seconds)
        return engine(*case, **options)

    monkeypatch.setattr(sim.engine, "simulate", slow)
    words = ("run", "ban", "--dry-run", "--json", "--replications", "400")
    (one,) = json.loads(call(*words).stdout)["runs"]
    assert 2 * pause_seconds <= one["measured_replication_seconds"] <= 1.0
    expected = one["measured_central_seconds"] + 400 * one["measured_replication_seconds"]
    assert one["estimated_seconds"] == pytest.approx(expected, rel=0.01)
    assert one["estimated_memory_megabytes"] > 20
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    (two,) = json.loads(call(*words, "--jobs", "8").stdout)["runs"]
    assert two["processes"] == 2, "no more than there are cores"
    assert two["estimated_memory_megabytes"] > 2 * one["estimated_memory_megabytes"]
    (few,) = json.loads(call("run", "ban", "--dry-run", "--json").stdout)["runs"]
    assert few["measured_replication_seconds"] is None
    assert list(here.iterdir()) == []


def test_a_dry_run_estimates_the_room_that_the_run_takes(here: Path) -> None:
    (said,) = json.loads(call("run", "ban", "--dry-run", "--json").stdout)["runs"]
    assert call("run", "ban", "--out", "kept").exit_code == 0
    room = sum(path.stat().st_size for path in (here / "kept").iterdir()) / 1e6
    assert said["estimated_megabytes"] == pytest.approx(room, abs=0.06)


def test_cold_cache_says_so_on_stderr(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.engine, "kernels_are_cached", lambda: False)
    found = call("run", "ban", "-q")
    assert "compiling kernels once" in found.stderr
    assert "compiling" not in found.stdout


def test_a_wrong_scenario_is_code_3_and_writes_nothing(here: Path) -> None:
    found = call("run", "nothere.yaml")
    assert found.exit_code == 3
    assert found.stdout == ""
    assert "nothere.yaml:3:1: does not exist" in found.stderr
    assert "Traceback" not in found.stderr
    assert list(here.iterdir()) == []


def test_usage_is_code_2(here: Path) -> None:
    assert call("run").exit_code == 2
    assert call("run", "ban", "--replications", "0").exit_code == 2
    assert call("run", "ban", "ban", "--out", "x").exit_code == 2
    assert call("list", "everything").exit_code == 2
    assert call("runn").exit_code == 2


def test_lost_mass_is_code_1_and_called_a_bug(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(case: Case, replication: int | None = None, **fields: object) -> object:
        raise InvariantError("mass balance broken on day 63")

    monkeypatch.setattr(sim.engine, "simulate", lose)
    found = call("run", "ban")
    assert found.exit_code == 1
    assert "this is a bug in sim, not in your scenario" in found.stderr
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(("error", "code", "words"), [
    (RuntimeError("no luck"), 4, "replication 2, seed 1, failed: RuntimeError: no luck"),
    (KeyboardInterrupt(), 130, "interrupted: 2 of 5 replications are kept in kept"),
])  # fmt: skip
def test_partial_runs_keep_what_is_finished(
    here: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    good = stub_engine()

    def break_down(case: Case, replication: int | None = None, **fields: object) -> object:
        if replication == 2:
            raise error
        return good(case, replication)

    monkeypatch.setattr(sim.engine, "simulate", break_down)
    found = call("run", "ban", "--replications", "5", "--out", "kept")
    assert found.exit_code == code
    assert words in found.stderr
    assert (here / "kept" / "replications.parquet").exists()


def test_the_command_to_go_on_is_the_whole_command(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = stub_engine()

    def stop(case: Case, replication: int | None = None, **fields: object) -> object:
        if replication == 2:
            raise KeyboardInterrupt
        return good(case, replication)

    monkeypatch.setattr(sim.engine, "simulate", stop)
    cover = "sites.works_1.cover=30 d"
    words = ("--replications", "5", "--seed", "7", "--set", cover, "--by", "2025-03-01")
    words += ("--fail-if", "works_1 unchanged", "--out", "my runs/kept")
    found = call("run", "ban", *words)
    assert found.exit_code == 130
    (again,) = [line for line in found.stderr.splitlines() if "to have them all" in line]
    told = shlex.split(again.partition("all: ")[2])
    assert told == ["sim", "run", "two_tier", *words[:-2], "--resume", "my runs/kept"]
    monkeypatch.setattr(sim.engine, "simulate", good)
    assert call("run", "ban", *told[3:]).exit_code == 0
    finished = sim.load_run("my runs/kept")
    assert (finished.manifest["finished_replications"], finished.is_complete) == (5, True)
    assert not (here / "my runs/kept/chunks").exists()


@pytest.mark.parametrize("has_browser", [True, False])
def test_open_shows_the_picture_of_each_run(
    here: Path, monkeypatch: pytest.MonkeyPatch, has_browser: bool
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: shown.append(address) or has_browser)
    found = call("run", "ban", "--out", "kept", "--open", "--json")
    assert found.exit_code == 0
    assert shown == [(here / "kept" / "runway.png").as_uri()]
    assert (here / "kept" / "runway.png").exists()
    assert json.loads(found.stdout)["run_dir"] == "kept"
    assert ("no program opens kept/runway.png" in found.stderr) is not has_browser
    assert call("run", "ban", "--no-plot", "--open", "--out", "other").exit_code == 2
    assert not (here / "other").exists()


def test_a_condition_that_holds_is_code_1_and_named_and_the_run_is_kept(here: Path) -> None:
    held, other = "works_1 stops within 60 d", "lost_units at works_2 < 1"
    found = call("run", "ban", "--fail-if", other, "--fail-if", held, "--out", "kept", "--json")
    assert found.exit_code == 1
    assert f"failed: two_tier: --fail-if {held!r} holds: works_1 on 2025-02-28 (day 48)" in found.stderr
    assert other not in found.stderr
    assert json.loads(found.stdout)["run_dir"] == "kept"
    assert sim.load_run("kept").is_complete
    assert call("run", "ban", "--fail-if", other, "-q").exit_code == 0


def test_a_probability_is_held_to_with_replications(here: Path) -> None:
    words = ("run", "ban", "--replications", "3", "-q", "--fail-if")
    assert call(*words, "stop probability at works_1 by 2025-06-01 > 99 %").exit_code == 1
    assert call(*words, "stop probability at works_1 by 2025-01-10 > 0 %").exit_code == 0


@pytest.mark.parametrize(("condition", "said"), [
    ("works_3 stops", "did you mean 'works_"),
    ("mill stops", "which a run does not report"),
    ("works_1 stop", "is not in the language of conditions; did you mean"),
    ("lost_unit at works_1 > 5", "did you mean 'lost_units'"),
    ("lost_units at works_1 > 5 %", "write for example '1000'"),
    ("no oem in CN stops", "oems in CN, but there are none"),
    ("price floor holds", "this needs prices"),
    ("stop probability at works_1 > 5 %", "two_tier is a single history; add --replications"),
])  # fmt: skip
def test_a_condition_nobody_could_check_is_refused_before_the_run(
    here: Path, condition: str, said: str
) -> None:
    found = call("run", "ban", "--fail-if", condition)
    assert found.exit_code == 2
    assert said in " ".join(found.stderr.split())
    late = "stop probability at works_1 by 2031-01-01 > 5 %"
    assert call("run", "ban", "--replications", "3", "--fail-if", late).exit_code == 2
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("outside", ["2024-12-31", "2025-06-30"])
def test_a_date_outside_the_run_is_refused_before_it(here: Path, outside: str) -> None:
    found = call("run", "ban", "--replications", "3", "--by", outside)
    assert found.exit_code == 2
    assert "from 2025-01-01 to 2025-06-29" in " ".join(found.stderr.split())
    assert list(here.iterdir()) == []


def test_what_a_single_history_has_no_use_for_is_said(here: Path) -> None:
    found = call("run", "ban", "--by", "2025-03-01")
    assert found.exit_code == 0
    assert "no use for --by: two_tier is a single history; add --replications" in found.stderr
    found = call("run", "ban", "--until-ci", "stop = 0.02", "--out", "narrow")
    assert (found.exit_code, (here / "narrow").exists()) == (1, False)
    assert "--until-ci needs --replications" in found.stderr


@pytest.mark.parametrize("seed", ["-1", str(2**63), "one"])
def test_a_seed_has_the_bounds_of_the_file(here: Path, seed: str) -> None:
    found = call("run", "ban", "--seed", seed, "--dry-run")
    assert found.exit_code == 2
    assert "Traceback" not in found.stderr
    Path("s.yaml").write_text(f"title: T\nquestion: Q?\nnetwork: rare_earths_2024\nseed: {seed}\n")
    assert call("validate", "s.yaml").exit_code == 3


def test_the_largest_seed_is_one(here: Path) -> None:
    assert call("run", "ban", "--seed", str(2**63 - 1), "--dry-run").exit_code == 0
    assert (cli_run.MOST_SEED, call("run", "ban", "--seed", "0", "--dry-run").exit_code) == (MOST_SEED, 0)


def test_debug_shows_the_traceback(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.cli.console import STATE

    monkeypatch.setattr(STATE, "debug", False)
    with pytest.raises(ScenarioError, match="does not exist"):
        main(["run", "nothere", "--debug"])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_export_writes_metrics_series_and_shipments(here: Path, form: str) -> None:
    call("run", "ban", "--out", "kept")
    found = call("export", "kept", "--format", form)
    assert found.exit_code == 0
    names = {Path(line).name for line in found.stdout.split()}
    assert {f"metrics.{form}", f"shipments.{form}", f"series_days_of_cover.{form}"} <= names
    assert all(Path(line).exists() for line in found.stdout.split())


def test_export_of_no_run_is_code_1(here: Path) -> None:
    found = call("export", "nowhere")
    assert found.exit_code == 1
    assert "is not a run folder" in found.stderr


def test_new_writes_a_scenario_once(here: Path) -> None:
    assert call("new", "march_ban").stdout == "march_ban.yaml\n"
    before = Path("march_ban.yaml").read_text()
    assert call("new", "march_ban").exit_code == 1
    assert Path("march_ban.yaml").read_text() == before
    assert call("validate", "march_ban.yaml").exit_code == 0


@pytest.mark.parametrize("name", ["../x y", "sub/../../x", "/tmp/x"])
def test_new_stays_in_the_current_folder(here: Path, name: str) -> None:
    before = sorted(here.parent.iterdir())
    found = call("new", name, "--force")
    assert found.exit_code == 2
    assert "leads out of the current folder" in found.stderr
    assert sorted(here.parent.iterdir()) == before
    assert list(here.iterdir()) == []


def test_excel_without_its_package_says_what_to_install(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run", "ban", "--out", "kept")
    monkeypatch.setattr(sim.cli.export, "_has_excel", lambda: False)
    found = call("export", "kept", "--format", "xlsx")
    assert found.exit_code == 1
    assert "the extra 'excel' brings: pip install '.[excel]'" in found.stderr
    assert not (here / "kept" / "export").exists()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert any(item.startswith("openpyxl") for item in extras["excel"])


def test_validate_reports_each_file(here: Path) -> None:
    Path("bad.yaml").write_text("titel: x\n")
    found = call("validate", "bad.yaml", "--json")
    assert found.exit_code == 3
    (entry,) = json.loads(found.stdout)["files"]
    assert not entry["valid"]
    assert [item["line"] for item in entry["problems"] if item["given"] == "titel" or item["line"]] == [1]


@pytest.mark.parametrize("kind", ["scenarios", "sites", "materials", "interventions", "metrics", "networks",
                                  "distributions"])  # fmt: skip
def test_list_prints_names_and_json(kind: str) -> None:
    rows = json.loads(call("list", kind, "--json").stdout)[kind]
    assert rows
    assert next(iter(rows[0].values())) in call("list", kind).stdout


def test_an_example_of_a_kind_that_does_not_exist_is_wrong_usage() -> None:
    found = call("list", "interventions", "--example", "export_bann")
    assert found.exit_code == 2
    assert "did you mean 'export_ban'?" in " ".join(found.stderr.split())
    assert call("list", "sites", "--example", "export_ban").exit_code == 2


def test_schema_is_a_json_schema() -> None:
    assert json.loads(call("schema").stdout)["type"] == "object"


def test_show_gives_each_value_its_origin() -> None:
    text = call("show", "india_halt").stdout
    assert "interventions.irel_stop.kind" in text
    assert "india_halt.yaml:10" in text
    assert call("show", "india_halt", "--trace", "dysprosium").exit_code == 2


def test_help_names_every_command_and_every_command_has_help() -> None:
    text = call("--help").stdout
    for command in COMMANDS:
        assert f"  {command} " in text
        assert call(command, "--help").exit_code == 0


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['sim', '--help']\n"
        "from sim.cli import main\n"
        "try: main()\n"
        "except SystemExit as done: assert done.code == 0\n"
        f"print(','.join(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr.strip() == ""
    assert "Usage: sim" in found.stdout


def test_module_and_version_run_as_a_program() -> None:
    command = [sys.executable, "-m", "sim", "--version"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == f"sim {sim.__version__}\n"
    assert found.stderr == ""


def test_no_colour_in_a_pipe(here: Path) -> None:
    assert "\x1b[" not in call("run", "ban").stdout


def test_a_network_without_claims_says_so() -> None:
    found = call("claims", "--network", str(ROOT / "docs" / "five_sites"))
    assert (found.exit_code, found.stdout) == (0, "")
    assert "five_sites has no claims" in found.stderr


@pytest.mark.parametrize("command", ["stress", "sources"])
def test_a_misspelt_network_is_matched_with_networks_and_scenarios(command: str) -> None:
    found = call(command, "rare_earth_2024")
    assert (found.exit_code, found.stdout) == (3, "")
    assert "did you mean 'rare_earths_2024'" in found.stderr
    assert "did you mean 'india_halt'" in call(command, "india_hlt").stderr


def test_a_kept_series_of_a_single_history_is_in_its_folder(here: Path) -> None:
    scenario = (
        f"title: T\nquestion: Q?\nnetwork: {ROOT / 'docs' / 'five_sites'}\nstart: 2025-01-01\nhorizon: 30 d\n"
    )
    case = sim.load(_written(here / "five.yaml", scenario)).case
    run = sim.run(replace(case, outputs=("backorders at nagoya_cars",)), out=here / "kept")
    assert run.headline.startswith("no material effect: Nagoya cars build to plan until")
    assert len(sim.load_run(here / "kept").series("backorders")) == 30


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
