"""``sim report``: runs as one HTML file that opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.console import guarded, open_files, say
from sim.cli.options import Sets

MOST_SEED = 2**63 - 1


@guarded
def report(
    sources: Annotated[list[str], typer.Argument(metavar="RUN...", help="Scenarios or run folders.")],
    out: Annotated[Path | None, typer.Option(help="HTML file; default runs/report-<names>.html.")] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "",
    replications: Annotated[int | None, typer.Option(min=1, help="Random histories.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="In place of the scenarios' seed.")
    ] = None,
    sets: Sets = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page when done.")] = False,
) -> None:
    """Write runs or scenarios as one HTML file for readers: question, answer, doubt, pictures, sources."""
    from sim.reports import report as written

    path = written(
        sources,
        out if out is not None else _default(sources),
        replications=replications,
        seed=seed,
        sets=sets or (),
        title=title,
    )
    say(str(path))
    if show:
        open_files([path])


def _default(sources: list[str]) -> Path:
    from sim.results.store import ROOT

    names = "-".join(Path(name).stem for name in sources)
    return ROOT / f"report-{names[:80]}.html"
