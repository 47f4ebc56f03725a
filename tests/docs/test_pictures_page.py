"""The page of pictures is current, and its commands and snippets run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from tests.docs.plots_page import PAGE, plots_page
from tests.docs.test_pages import fenced, squeezed

CONSOLES = fenced(PAGE, "console")


def test_the_table_of_pictures_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == plots_page(), "python -m tests.docs.plots_page"


@pytest.mark.parametrize("block", CONSOLES, ids=[block.split("\n")[0] for block in CONSOLES])
def test_commands_print_what_is_quoted(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, *quoted = block.strip().splitlines()
    found = CliRunner().invoke(app, shlex.split(command.removeprefix("$ sim ")), prog_name="sim")
    assert found.exit_code == 0, found.output
    printed = iter(squeezed(line) for line in found.stdout.splitlines())
    for line in quoted:
        if line != "...":
            assert any(squeezed(line) in other for other in printed), line


def test_snippets_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in fenced(PAGE, "python"):
        exec(compile(block, PAGE.name, "exec"), names)
    assert isinstance(names["both"], sim.Comparison)
    assert (tmp_path / "ladder.png").stat().st_size > 1000


def test_options_that_the_page_sets_exist() -> None:
    from sim.plots import PLOTS

    text = PAGE.read_text(encoding="utf-8")
    for name, words in re.findall(r"`sim plot (\w+) RUN ([^`]+)`", text):
        for option in re.findall(r"--with \"?(\w+)=", words):
            assert option in PLOTS[name].options
