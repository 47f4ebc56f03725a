"""The page of reports: its commands and snippets run, and its table names the sections there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli.app import app
from sim.reports import pictures
from tests.docs.test_pages import ROOT, fenced

PAGE = ROOT / "docs" / "report.md"
CONSOLES = fenced(PAGE, "console")


@pytest.mark.parametrize("block", CONSOLES, ids=[block.split("\n")[0] for block in CONSOLES])
def test_commands_print_what_is_quoted(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, *quoted = block.strip().splitlines()
    found = CliRunner().invoke(app, shlex.split(command.removeprefix("$ sim ")), prog_name="sim")
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == quoted
    assert (tmp_path / quoted[-1]).stat().st_size > 50_000


def test_snippets_run_and_its_table_is_that_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in fenced(PAGE, "python"):
        exec(compile(block, PAGE.name, "exec"), {})
    assert capsys.readouterr().out.strip() == "True"
    made = (tmp_path / "both.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h2>(.*?)</h2>", made)
    rows = re.findall(r"^\| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = [row for row in rows if row not in ("section", "one per scenario")]
    assert [row for row in headings if row in named] == named


def test_it_names_every_picture_of_a_run() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").lower().split())
    for shown in (*pictures.OF_RUN, pictures.OF_REPLICATIONS):
        assert shown.caption.partition(":")[0].lower() in text
