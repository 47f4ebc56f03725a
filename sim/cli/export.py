"""``sim export``: the tables of a run folder for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import FAILED, guarded, note, say

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.run import Run

EXCEL_ROWS = 1_048_575


class Format(StrEnum):
    """File formats a run can be exported to."""

    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


@guarded
def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    form: Annotated[Format, typer.Option("--format", help="csv, parquet or xlsx.")] = Format.csv,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default RUN/export.")] = None,
) -> None:
    """Write the metrics, each daily series and the shipments of a run as files."""
    from sim.results.folders import check_writable, whole_file
    from sim.results.store import load_run

    run = load_run(folder)
    if form is Format.xlsx and not _has_excel():
        note("xlsx needs the package openpyxl, which the extra 'excel' brings: pip install '.[excel]'")
        note("    or pip install openpyxl; csv opens in Excel too")
        raise typer.Exit(FAILED)
    target = out if out is not None else folder / "export"
    check_writable(target)
    target.mkdir(parents=True, exist_ok=True)
    frames = _frames(run)
    if form is Format.xlsx:
        say(str(_write_book(frames, target / f"{run.name}.xlsx")))
        return
    for name, frame in frames.items():
        path = target / f"{name}.{form.value}"
        with whole_file(path) as draft:
            if form is Format.csv:
                frame.to_csv(draft, index=False)
            else:
                frame.to_parquet(draft, compression="zstd", index=False)
        say(str(path))


def _has_excel() -> bool:
    from importlib.util import find_spec

    return find_spec("openpyxl") is not None


def _frames(run: Run) -> dict[str, pd.DataFrame]:
    from sim.results.store import series_names

    frames = {
        "metrics": run.metrics.reset_index(),
        "baseline_metrics": run.baseline_metrics.reset_index(),
        "shipments": run.shipments,
    }
    for name in series_names(run):
        frame = run.series(name).copy()
        frame.columns = [" | ".join(item) if isinstance(item, tuple) else str(item) for item in frame.columns]
        frames[f"series_{name}"] = frame.reset_index()
    for frame in frames.values():
        frame.attrs = {}
    return frames


def _write_book(frames: dict[str, pd.DataFrame], path: Path) -> Path:
    import pandas as pd

    from sim.results.folders import whole_file

    with whole_file(path) as draft, pd.ExcelWriter(draft, engine="openpyxl") as book:
        for name, frame in frames.items():
            if len(frame) > EXCEL_ROWS:
                note(f"{name} has {len(frame)} rows; a sheet holds {EXCEL_ROWS}, so it is cut there")
            frame.head(EXCEL_ROWS).to_excel(book, sheet_name=name[:31], index=False)
    return path
