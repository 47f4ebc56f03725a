"""``sim.report``: gather the runs, put the page together, write it whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import StoreError
from sim.reports import common
from sim.reports.gather import Subject, gathered
from sim.reports.markup import MARK, page
from sim.reports.sections import of_run
from sim.reports.words import title_of
from sim.results.compare import Comparison
from sim.results.folders import check_writable
from sim.results.run import Run

if TYPE_CHECKING:
    from sim.reports.gather import Source

ENDINGS = (".html", ".htm")
HEAD_CHARACTERS = 1000
"""Within these the mark of a report stands."""


def report(
    sources: Source | Sequence[Source],
    path: str | Path = "report.html",
    *,
    replications: int | None = None,
    seed: int | None = None,
    sets: Sequence[str] = (),
    title: str = "",
) -> Path:
    """Write runs as one HTML file that opens without a network, and return its path.

    Parameters
    ----------
    sources
        One, or several: scenario files, names of the library, cases, run folders or runs.
    path
        The file, ending in ``.html``; an older report of that name is replaced, no other file.
    replications, seed, sets
        As for `sim.run`, for all that is run; a run that is read keeps what it was made with.
    title
        Heading of the page; empty: the title of the scenario, or the names of several.

    Raises
    ------
    StoreError
        If the file cannot be written or is no report, or a run folder is wrong. Nothing is simulated then.
    NotComparable, ScenarioError, DataError
        If there is no source, or one is wrong. Nothing is written.
    """
    target = checked(path)
    is_one = isinstance(sources, str) or not isinstance(sources, Sequence)
    many: Any = [sources] if is_one else sources
    return _write(gathered(many, replications=replications, seed=seed, sets=sets), target, title)


def write_report(subject: Run | Comparison, path: str | Path, title: str = "") -> Path:
    """Write the report of a run or of a comparison; see `report`."""
    target = checked(path)
    if isinstance(subject, Comparison):
        return _write(Subject.of(subject), target, title)
    return _write(Subject({subject.name: subject}), target, title)


def checked(path: str | Path) -> Path:
    """Return the path of a report to be written.

    Raises
    ------
    StoreError
        If it does not end as HTML does, is something else than a report, or cannot be written.
    """
    target = Path(path).expanduser()
    if target.suffix.lower() not in ENDINGS:
        raise StoreError(f"{target} does not end in .html, which a report is; name it {target.name}.html")
    if target.is_dir():
        raise StoreError(f"{target} is a folder; name a file in it")
    if target.exists() and not _is_report(target):
        raise StoreError(f"{target} exists and is no report of sim; choose another --out")
    check_writable(target.parent)
    return target


def _is_report(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return MARK in file.read(HEAD_CHARACTERS)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def _write(subject: Subject, target: Path, title: str) -> Path:
    text = html(subject, title)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            beside.chmod(0o644)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


def html(subject: Subject, title: str = "") -> str:
    """Return the whole page."""
    runs = list(subject.runs.values())
    several = len(runs) > 1
    heading = title or (f"{len(runs)} scenarios" if several else title_of(runs[0]))
    if several and not title:
        heading += ": " + "; ".join(title_of(run) for run in runs)
    contents = [(common.BRIEF, "Question and answer"), (common.TERMS, "Words")]
    contents += [(common.BESIDE, "Beside each other")] if several else []
    contents += [(f"run{i}", title_of(run) if several else "In detail") for i, run in enumerate(runs, 1)]
    contents += [(common.FIGURES, "Where the figures come from"), (common.REPEAT, "How to repeat it")]
    parts = [common.brief(subject), common.terms(), common.beside(subject)]
    parts += [of_run(f"run{i}", run) for i, run in enumerate(runs, 1)]
    parts += [common.figures(subject), common.repeat(subject)]
    return page(heading, contents, parts)
