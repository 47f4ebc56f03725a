"""Every notebook runs top to bottom, opens with a question, and its answer says what the cells printed.

All run in one kernel, whose names are cleared between them: it is the start that costs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))
FACT = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)")
PATIENCE_SECONDS = 300
"""Of one cell, with all kernels to compile."""

pytestmark = pytest.mark.xdist_group("notebooks")


@pytest.fixture(scope="module")
def client() -> Iterator[NotebookClient]:
    """One kernel for all, in the folder of the notebooks."""
    one = NotebookClient(nbformat.v4.new_notebook(), kernel_name="python3", timeout=PATIENCE_SECONDS)
    with one.setup_kernel(cwd=str(FOLDER), env={**os.environ, "PYTHONPATH": str(ROOT)}):
        yield one


def read(name: str) -> Any:
    return nbformat.read(FOLDER / name, as_version=4)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_there_are_six() -> None:
    assert [name[:2] for name in NAMES] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_its_answer_is_what_it_printed(name: str, client: NotebookClient) -> None:
    book = read(name)
    client.reset_execution_trackers()
    client.nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%reset -f"), *book.cells])
    for number, cell in enumerate(client.nb.cells):
        client.execute_cell(cell, number)
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    shown = [output.get("data", {}) for output in outputs]
    drawn = [cell for cell in book.cells if cell.cell_type == "code" and ".plot." in cell.source]
    assert sum("image/png" in item for item in shown) == len(drawn) >= 1
    texts = [output.get("text", "") for output in outputs] + [item.get("text/plain", "") for item in shown]
    printed = squeezed("\n".join(texts))
    facts = [squeezed(fact) for fact in FACT.findall(book.cells[-1].source)]
    assert facts, "an answer without a figure"
    for fact in facts:
        assert fact in printed, f"{name} answers {fact!r}, which no cell printed"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_stored_without_outputs_and_asks_and_answers(name: str) -> None:
    book = read(name)
    nbformat.validate(book)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert book.cells[0].source.startswith(f"# {name[:2]} ")
    assert "**Question:**" in book.cells[0].source
    assert book.cells[-1].source.startswith("## Answer")


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_somewhere(name: str) -> None:
    for cell in read(name).cells:
        if cell.cell_type == "markdown":
            for target in LINK.findall(cell.source):
                assert (FOLDER / target).exists(), target


def test_running_them_leaves_nothing_behind() -> None:
    assert sorted(path.name for path in FOLDER.iterdir() if path.name != ".ipynb_checkpoints") == NAMES
