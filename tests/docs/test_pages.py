"""What the pages say is true: commands print what is quoted, examples run, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sim
from sim.cli.app import app
from sim.interventions import KINDS
from sim.interventions.levers import LEVERS
from sim.metrics import MEASURES
from tests.docs.commands_page import PAGE, commands_page

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def fenced(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    text = page.read_text(encoding="utf-8")
    return [match[2] for match in FENCE.finditer(text) if match[1] == language]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def consoles() -> list[tuple[str, list[str]]]:
    """Return (command, quoted lines) of the README's console blocks."""
    found = []
    for block in fenced(README, "console"):
        command, *quoted = block.strip().splitlines()
        found.append((command.removeprefix("$ "), [squeezed(line) for line in quoted]))
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder to run in, where the README's relative paths lead into the checkout."""
    for name in ("scenarios", "docs"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    return tmp_path


@pytest.mark.parametrize(("command", "quoted"), consoles(), ids=[command for command, _ in consoles()])
def test_a_command_of_the_readme_prints_what_is_quoted(command: str, quoted: list[str], desk: Path) -> None:
    program, *words = shlex.split(command)
    assert program == "sim"
    found = subprocess.run(
        [sys.executable, "-m", "sim", *words],
        cwd=desk, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    printed = iter([squeezed(line) for line in found.stdout.splitlines()])
    for line in quoted:
        if line != "...":
            assert any(line in other for other in printed), f"{command} does not print, in this order: {line}"


def test_there_are_commands_with_quoted_output() -> None:
    assert sum(len(quoted) for _, quoted in consoles()) >= 15


def test_the_python_of_the_readme_runs(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(desk)
    blocks = fenced(README, "python")
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert isinstance(names["run"], sim.Run)


def test_the_scenario_of_the_readme_is_valid(tmp_path: Path) -> None:
    (block,) = fenced(README, "yaml")
    path = tmp_path / "readme.yaml"
    path.write_text(block, encoding="utf-8")
    assert sim.load(path, strict=True).case.interventions[0].id == "heavies"


def test_the_readme_names_every_scenario_of_the_library() -> None:
    (quoted,) = [lines for command, lines in consoles() if command == "sim list scenarios"]
    library = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
    assert [line.split()[0] for line in quoted] == library


def test_no_page_puts_off_a_kind_that_is_there() -> None:
    """What a page says is to come is no kind of intervention yet."""
    put_off = [
        sentence.lower()
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for sentence in re.split(r"(?<=[.:;])\s", squeezed(page.read_text(encoding="utf-8")))
        if re.search(r"\bcomes? (later|with)\b|\bnot kinds? yet\b", sentence)
    ]
    assert put_off
    words = {name.split("_")[-1] for name in KINDS} - {"capacity"}
    assert [(word, said) for said in put_off for word in words if re.search(rf"\b{word}s?\b", said)] == []


def test_the_readme_has_the_two_commands_and_ci_runs_the_second() -> None:
    lines = [line for line in README.read_text(encoding="utf-8").splitlines() if "-m venv" in line]
    main_job, tests = lines
    assert main_job.endswith("sim run scenarios/india_halt.yaml")
    assert "pytest" in tests
    pattern = re.search(r"grep -E '([^']+)' README\.md", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert pattern is not None
    assert [line for line in lines if re.match(pattern[1].replace(r"\$", "[$]"), line)] == [tests]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_page_of_commands_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(), "python -m tests.docs.commands_page"


def test_every_command_has_its_section() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(app.registered_commands) == page.count("\n## sim ")


def test_files_and_names_in_code_marks_exist() -> None:
    """`sim/...` paths that the pages name are there."""
    for page in PAGES:
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for path in re.findall(r"`((?:sim|tests|scenarios|docs|benchmarks)/[\w./]+)`", text):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_modules_and_measures_that_the_pages_name_exist() -> None:
    modules = {path.name for path in ROOT.glob("**/*.py") if ".venv" not in path.parts}
    for page in PAGES:
        for name in re.findall(r"`(\w+\.py)`", page.read_text(encoding="utf-8")):
            assert name in modules, f"{page.name}: {name}"
    measured = (ROOT / "docs" / "model.md").read_text(encoding="utf-8").partition("## What is measured")[2]
    missing = [name for name in MEASURES if f"`{name}`" not in measured]
    assert missing == []


def test_levers_that_the_model_combines_are_all_levers() -> None:
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    section = text.partition("## Levers")[2].partition("## Lanes")[0]
    for name, lever in LEVERS.items():
        rule = re.search(rf"\*(\w+)\*[^*]*`{name}`", section)
        assert rule is not None, f"docs/model.md does not combine {name}"
        assert rule[1] == lever.combine


def test_the_wheel_is_complete(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-c", f"import hatchling.build as b; b.build_wheel({str(tmp_path)!r})"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("rare_earth_runway-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for scenario in (ROOT / "scenarios").glob("*.yaml"):
        assert f"sim/library/{scenario.name}" in names
    for pattern in ("*.py", "*.csv", "*.mplstyle", "py.typed"):
        for path in (ROOT / "sim").rglob(pattern):
            assert path.relative_to(ROOT).as_posix() in names
    assert not any(name.startswith(("tests/", "docs/", "benchmarks/")) for name in names)
