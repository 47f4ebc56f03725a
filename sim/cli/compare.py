"""``sim compare``: scenarios or runs beside each other, against one baseline and with the same luck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import guarded, note, open_files, reader_may_leave, say, say_json
from sim.cli.options import AsJson, Sets

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.compare import Comparison

MOST_SEED = 2**63 - 1


@guarded
def compare(
    sources: Annotated[list[str], typer.Argument(metavar="A B...", help="Scenarios or run folders.")],
    metric: Annotated[str, typer.Option(help="Measure of the forest; sim list metrics.")] = "lost_units",
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be repeated.")] = None,
    country: Annotated[
        list[str] | None, typer.Option(help="Only this country, by code or name; may be repeated.")
    ] = None,
    replications: Annotated[int | None, typer.Option(min=1, help="Random histories.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="In place of the scenarios' seed.")
    ] = None,
    sets: Sets = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default runs/compare-<names>.")] = None,
    markdown: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
    as_json: AsJson = False,
    show: Annotated[bool, typer.Option("--open", help="Open the pictures when done.")] = False,
) -> None:
    """Compare scenarios, or runs, against one baseline with the same luck: a table and a folder of plots."""
    from sim.results.compare import compare as compared
    from sim.results.folders import check_writable
    from sim.results.pairing import check_metric

    if markdown and as_json:
        raise typer.BadParameter("--md and --json exclude each other")
    check_metric(metric)
    folder = out if out is not None else _default(sources)
    check_writable(folder)
    found = compared(*sources, replications=replications, seed=seed, sets=sets or ())
    frame = found.table(site or (), country or ())
    for text in found.notes:
        note(f"note: {text}")
    made = _write(found, frame, folder, metric, site or [], country or [])
    with reader_may_leave():
        _print(found, frame, metric, made, as_json=as_json, markdown=markdown)
    if show:
        open_files(path for path in made if path.suffix == ".png")


def _default(sources: list[str]) -> Path:
    from sim.results.store import ROOT

    names = "-".join(Path(name).stem for name in sources)
    return ROOT / f"compare-{names[:80]}"


def _write(
    found: Comparison, frame: pd.DataFrame, folder: Path, metric: str, sites: list[str], countries: list[str]
) -> list[Path]:
    """Write tables and pictures, all of them or none, and return their paths."""
    from sim.plots.comparing import save_comparison

    return save_comparison(found, frame, folder, metric, sites, countries)


def _print(
    found: Comparison, frame: pd.DataFrame, metric: str, made: list[Path], *, as_json: bool, markdown: bool
) -> None:
    from sim.results import tabulate

    if as_json:
        say_json(
            {**tabulate.comparison_document(found, frame, metric), "files": [str(path) for path in made]}
        )
        return
    if markdown:
        say(tabulate.markdown(found, frame).rstrip())
        return
    _print_table(found, frame)
    for label, run in found.runs.items():
        say(f"{label}: {run.headline}")
    say("")
    for path in made:
        say(str(path))


def _print_table(found: Comparison, frame: pd.DataFrame) -> None:
    import pandas as pd

    from sim.cli.frames import print_frame
    from sim.results.tabulate import cells, heading

    rows = cells(frame)
    if not rows:
        say(f"{heading(found)}\nno scenario affects a manufacturer\n")
        return
    names = [row["manufacturer"] for row in rows]
    for i in range(len(rows) - 1, 0, -1):  # a name once, above its scenarios
        if names[i] == names[i - 1]:
            rows[i]["manufacturer"] = ""
    print_frame(pd.DataFrame(rows), heading(found))
