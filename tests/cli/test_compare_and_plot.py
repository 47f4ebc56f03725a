"""`sim compare`, `sim diff` and `sim plot` as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim.cli.app import app

CUT = "japan_import_cut"
BRIEF = ["--set", "horizon=200 d"]
"""Long enough for the first lines to stop."""


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), prog_name="sim")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("compare") / "out"
    words = [
        "compare",
        CUT,
        f"{CUT}_china_only",
        "--country",
        "JP",
        "--metric",
        "fill_rate",
        "--out",
        str(out),
    ]
    return out, call(*words, "--json")


def test_json_is_one_document_that_names_its_files(compared: tuple[Path, Result]) -> None:
    out, found = compared
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert {row["country"] for row in document["sites"]} == {"JP"}
    assert document["differences"]["metric"] == "fill_rate"
    assert {Path(path).name for path in document["files"]} == {path.name for path in out.iterdir()}
    assert (out / "forest_fill_rate.png").stat().st_size > 5000


def test_the_table_and_markdown_tell_the_same(tmp_path: Path) -> None:
    words = ["compare", CUT, *BRIEF, "--site", "sony", "--out", str(tmp_path / "one")]
    table, text = call(*words), call(*words, "--md")
    assert "Sony" in table.stdout
    assert "against one baseline" in table.stdout
    assert "| Sony |" in text.stdout
    assert text.stdout == (tmp_path / "one" / "comparison.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "india_halt", CUT], "--set horizon=730d"),
        (["compare", CUT, "--metric", "lost"], "metric 'lost' cannot be compared"),
        (["compare", CUT, "nowhere"], "does not exist"),
        (["plot", "lader", CUT], "did you mean 'ladder'"),
        (["plot", "shortfalls", CUT], "does not exist"),
        (["plot", "ladder", CUT, "--format", "gif"], "formats: png, svg"),
        (["plot", "ladder", CUT, "--with", "most"], "is not NAME=VALUE"),
        (["plot", "ladder", CUT, "--out", "x.png", "--format", "svg"], "says the format already"),
        (["compare", CUT, "--md", "--json"], "exclude each other"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = call(*words)
    assert found.exit_code in (1, 2, 3)
    assert said in " ".join(found.output.split())
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr("sim.results.compare.plan_of", lambda *_, **__: pytest.fail("something was run"))
    found = call("compare", CUT, "--out", str(tmp_path / "file" / "deeper"))
    assert found.exit_code == 1
    assert "cannot be written" in found.output


def test_plot_writes_beside_the_run_and_prints_where(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert (
        call("run", "null_set", "--set", "horizon=30 d", "--out", str(folder), "--no-plot", "-q").exit_code
        == 0
    )
    found = call("plot", "stages", str(folder), "--format", "png,svg", "--with", "element=dysprosium")
    assert found.exit_code == 0, found.output
    assert found.stdout.split() == [str(folder / "stages.png"), str(folder / "stages.svg")]
    assert "dysprosium" in (folder / "stages.svg").read_text(encoding="utf-8")
    named = call("plot", "stages", str(folder), "--out", str(tmp_path / "new" / "chain.svg"))
    assert named.stdout.split() == [str(tmp_path / "new" / "chain.svg")]
    assert (tmp_path / "new" / "chain.svg").read_text(encoding="utf-8").startswith("<?xml")
    same = call("diff", str(folder), str(folder))
    assert same.stdout.strip() == "the results are the same"


@pytest.mark.parametrize("has_browser", [True, False])
def test_open_shows_what_was_made_and_says_where_nothing_can(
    has_browser: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: shown.append(address) or has_browser)
    page, folder = tmp_path / "page.html", tmp_path / "compared"
    brief = ["--set", "horizon=40 d"]
    found = [
        call("report", "null_set", *brief, "--out", str(page), "--open"),
        call("compare", "null_set", *brief, "--out", str(folder), "--open"),
    ]
    assert [one.exit_code for one in found] == [0, 0], found[0].output + found[1].output
    pictures = sorted(folder.glob("*.png"))
    assert pictures
    assert shown[0] == page.resolve().as_uri()
    assert sorted(shown[1:]) == [path.resolve().as_uri() for path in pictures]
    said = "".join(one.output for one in found)
    assert said.count("no program opens") == (0 if has_browser else 1 + len(pictures))


def test_list_has_every_plot() -> None:
    from sim.plots import PLOTS

    names = [row["plot"] for row in json.loads(call("list", "plots", "--json").stdout)["plots"]]
    assert names == list(PLOTS)


@pytest.mark.parametrize(
    "code", ["import sim; dir(sim)", "import sim.cli.compare, sim.cli.plot, sim.cli.diff"]
)
def test_importing_loads_nothing_heavy(code: str) -> None:
    heavy = ["matplotlib", "pandas", "numba", "numpy", "scipy", "simpy"]
    program = f"{code}; import sys; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
