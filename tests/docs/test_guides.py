"""The tutorial and the guides: every command and snippet runs, in the order of the page and in one folder."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from tests.docs.reference_page import PAGE as REFERENCE
from tests.docs.reference_page import reference_page
from tests.docs.test_pages import FENCE, ROOT, squeezed

DOCS = ROOT / "docs"
FILES = {
    "tutorial.md": "my_ban.yaml",
    "guide_add_a_site.md": "kassel.yaml",
    "guide_own_network.md": "my_question.yaml",
}
"""Where the YAML of a page is saved."""
ELLIPSIS = "..."


def run_page(name: str) -> dict[str, object]:
    """Run the blocks of a page in order, in the folder that is current; return the names its Python made."""
    names: dict[str, object] = {"__name__": name}
    for match in FENCE.finditer((DOCS / name).read_text(encoding="utf-8")):
        language, text = match[1], match[2]
        if language == "python":
            exec(compile(text, name, "exec", dont_inherit=True), names)
        elif language == "yaml":
            Path(FILES[name]).write_text(text, encoding="utf-8")
        elif language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                run_command(*part.strip().split("\n"))
    return names


def run_command(command: str, *quoted: str) -> None:
    program, *words = shlex.split(command)
    if program == "cp":
        flag, source, target = words
        assert flag == "-r"
        shutil.copytree(source, target)
        return
    assert program == "sim"
    found = CliRunner().invoke(app, words, prog_name="sim")
    assert found.exit_code == 0, f"{command}: {found.output}"
    printed = iter(squeezed(line) for line in found.output.splitlines())
    for line in quoted:
        if line == ELLIPSIS:
            continue
        start = squeezed(line.removesuffix(ELLIPSIS))
        assert any(start in other for other in printed), f"{command} does not print, in this order: {line}"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs").symlink_to(DOCS, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_tutorial_runs(desk: Path) -> None:
    names = run_page("tutorial.md")
    assert isinstance(names["run"], sim.Run)
    assert (desk / "first" / "manifest.json").exists()
    assert (desk / "pictures" / "manufacturer.png").stat().st_size > 1000
    explorer = names["explorer"]
    assert isinstance(explorer, sim.Explorer)
    assert explorer.result["realised_runway_days"] > 0.0


def test_the_guide_to_a_site_runs(desk: Path) -> None:
    run_page("guide_add_a_site.md")
    more, less = (
        sim.run("kassel.yaml", sets=sets).metrics.loc["nagoya_cars", "lost_units"]
        for sets in ([], ["lanes.kassel_to_nagoya.sourcing_share=1%"])
    )
    assert more < less
    assert "kassel_magnets" in sim.load("kassel.yaml").case.network.sites
    # What the tables say for good is what the scenario said for once.
    tables, scenario = sim.load_network("with_kassel"), sim.load("kassel.yaml").case.network
    assert set(tables.sites) == set(scenario.sites)
    for lane in ("kassel_to_nagoya", "echizen_to_nagoya", "bay_to_kassel"):
        assert tables.lanes[lane].sourcing_share == pytest.approx(scenario.lanes[lane].sourcing_share)
    assert tables.lines["kassel_sinter"].capacity_per_day == scenario.lines["kassel_sinter"].capacity_per_day


def test_the_guide_to_a_kind_runs(desk: Path) -> None:
    names = run_page("guide_add_a_kind.md")
    run, strike = names["run"], names["strike"]
    assert isinstance(run, sim.Run)
    touched = strike.touches(run.case.network)  # type: ignore[attr-defined]
    assert touched == {"lane_flow_share": ("port_to_bay_dy", "port_to_bay_nd")}
    assert run.metrics.loc["nagoya_cars", "lost_units"] > 0.0


def test_the_guide_to_a_network_runs(desk: Path) -> None:
    run_page("guide_own_network.md")
    network = sim.load_network("my_chain")
    assert network.sites["nagoya_cars"].cover["magnet_heavy"] == 20.0
    assert sim.load_network(str(DOCS / "five_sites")).sites["nagoya_cars"].cover["magnet_heavy"] == 45.0


def test_the_reference_is_current() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference_page(), "python -m tests.docs.reference_page"


def test_every_page_of_the_docs_is_on_the_map() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in sorted(DOCS.glob("*.md")) if f"(docs/{path.name}" not in readme]
    assert missing == []
