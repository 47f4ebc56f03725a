"""``sim sweep``: a scenario at every point of a grid, or at points spread over ranges."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import INTERRUPTED, SOME_FAILED, guarded, note, reader_may_leave, say, say_json
from sim.cli.forecast import print_sweep
from sim.cli.options import DRY_RUN, AsJson, Jobs, Quiet, Sets
from sim.cli.run import progress_bar, tell_of_compiling

if TYPE_CHECKING:
    import pandas as pd


class Spread(StrEnum):
    """How points are spread."""

    sobol = "sobol"
    latin_hypercube = "latin_hypercube"


@guarded
def sweep(
    scenario: Annotated[str, typer.Argument(help="File or library name.")],
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            "-p",
            metavar="PATH=A,B,C",
            help="Values of a figure, or for --design a range 30 d..90 d; in place of `sweep:`.",
        ),
    ] = None,
    design: Annotated[
        Spread | None, typer.Option(help="Spread --n points evenly over values and ranges; no grid.")
    ] = None,
    count: Annotated[int | None, typer.Option("--n", min=2, help="Points of the design.")] = None,
    replications: Annotated[int | None, typer.Option(min=1, help="Random histories of each point.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the scenario's seed.")] = None,
    sets: Sets = None,
    jobs: Jobs = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder; default runs/<name>-sweep. Points it has are not run again.")
    ] = None,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=DRY_RUN)] = False,
    quiet: Quiet = False,
) -> None:
    """Run a scenario at every point of a grid, or of a design, and table runways, stops and losses."""
    from sim.case import Design
    from sim.results import sweep as sweeping
    from sim.results.points import PREFIX, grid_points
    from sim.results.store import ROOT
    from sim.scenario.sweep import grid_of

    if (design is None) != (count is None):
        raise typer.BadParameter("--design and --n belong together: --design sobol --n 512")
    points = grid_points(
        scenario,
        grid_of(grid or []),
        design=None if design is None else Design(design.value),
        count=count or 0,
        replications=replications,
        seed=seed,
        sets=sets or (),
    )
    case = points[0].plan.case
    folder = out if out is not None else ROOT / f"{case.name}-sweep"
    for warning in points[0].plan.warnings:
        note(f"warning: {warning}")
    if dry_run:
        tell_of_compiling()
        print_sweep(points, folder, jobs, as_json=as_json)
        return
    try:
        with progress_bar(f"{case.name}, points", quiet=quiet or as_json) as progress:
            table = sweeping.sweep(points, folder, jobs=jobs, progress=progress)
    except KeyboardInterrupt:
        words = ["sim", "sweep", scenario]
        words += [word for item in grid or [] for word in ("--grid", item)]
        words += [] if design is None else ["--design", design.value, "--n", str(count)]
        words += [] if replications is None else ["--replications", str(replications)]
        words += [] if seed is None else ["--seed", str(seed)]
        words += [word for item in sets or [] for word in ("--set", item)]
        words += [] if jobs == 1 else ["--jobs", str(jobs)]
        note(f"interrupted: finished points are kept in {folder}")
        note(f"    to go on: {shlex.join([*words, '--out', str(folder)])}")
        raise typer.Exit(INTERRUPTED) from None
    with reader_may_leave():
        if as_json:
            from sim.cli.frames import records

            rows = records(table)
            say_json({"schema_version": 1, "name": case.name, "folder": str(folder), "rows": rows})
        else:
            if not quiet:
                _print(table)
            say(f"{len(points)} points; table: {folder / sweeping.TABLE}")
    swept = [PREFIX + path for path in points[0].values]
    _finish(table, swept)


def _finish(table: pd.DataFrame, swept: list[str]) -> None:
    """Name the points that failed, count the failed replications of the others, and leave with the code."""
    from sim.results.points import PREFIX
    from sim.results.sweep import FAILURE

    ended = table.drop_duplicates(swept)
    lost = ended[ended[FAILURE].notna()] if FAILURE in table.columns else ended.iloc[:0]
    for row in lost.to_dict("records"):
        values = ", ".join(f"{name.removeprefix(PREFIX)}={row[name]}" for name in swept)
        note(f"point {values} failed: {row[FAILURE]}; the same command tries it again")
    failed = int(ended.drop(lost.index)["failed_replications"].sum())
    if failed:
        note(f"{failed} replications failed; the column failed_replications says at which points")
    if failed or len(lost):
        raise typer.Exit(SOME_FAILED)


def _print(table: pd.DataFrame) -> None:
    """Print a row per point: the first site to fall short, its runway, and the loss of all sites."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from sim.cli.console import tables
    from sim.results.points import PREFIX
    from sim.results.sweep import FAILURE

    swept = [name for name in table.columns if name.startswith(PREFIX)]
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in swept:
        shown.add_column(name.removeprefix(PREFIX), justify="right", overflow="fold")
    heads = ("first to fall short", "runway in days", "sites that stop", "sites that lose")
    with_chances = "stop_probability" in table.columns
    for head in (*heads, *(("largest P(stop)",) if with_chances else ())):
        shown.add_column(head, justify="left" if head == heads[0] else "right")
    for values, rows in table.groupby(swept, sort=False):
        short = rows.dropna(subset=["realised_runway_days"]).sort_values("realised_runway_days")
        cells = ["-", "-"] if short.empty else [
            str(short["name"].iloc[0]), f"{short['realised_runway_days'].iloc[0]:.0f}"
        ]  # fmt: skip
        cells += [str(int(rows["line_stop_date"].notna().sum()))]
        cells += [str(int((rows["lost_beyond_baseline_units"] >= 0.5).sum()))]
        cells += [f"{rows['stop_probability'].max():.2f}"] if with_chances else []
        if FAILURE in rows.columns and rows[FAILURE].notna().any():
            cells[0] = "failed"
        swept_values = values if isinstance(values, tuple) else (values,)
        shown.add_row(*(escape(str(cell)) for cell in (*swept_values, *cells)))
    tables().print(shown)
