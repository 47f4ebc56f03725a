"""What ``sim run`` prints for people: headline, why, the table by site, verdicts, the folder."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from sim.cli.console import say, tables
from sim.results.sentences import days_text, end_date, plain_name, units_text, window_days

if TYPE_CHECKING:
    from rich.table import Table

    from sim.results.run import Run

PROSE_WIDTH = 110
MARKS = {"passed": "holds", "failed": "DOES NOT HOLD", "not yet checked": "not yet checked"}


def print_run(run: Run, *, verbose: bool) -> None:
    """Print a run on stdout."""
    from rich.markup import escape

    console = tables()
    manifest = run.manifest
    console.print(f"[bold]{escape(run.headline)}[/bold]", soft_wrap=True)
    for item in manifest["branches"]:
        console.print(f"branch followed by the central run: {item['intervention']} -> {item['branch']}")
    console.print()
    say("\n".join(wrap(run.why, min(console.width, PROSE_WIDTH))))
    console.print()
    console.print(_table(run))
    console.print(escape(_baseline_line(run)), soft_wrap=True)
    for item in run.verdicts:
        mark = MARKS.get(item["verdict"], item["verdict"])
        console.print(escape(f"must hold: {item['condition']}: {mark} ({item['detail']})"), soft_wrap=True)
    if verbose:
        _print_more(run)
    say(f"run folder: {run.folder}")


def _table(run: Run) -> Table:
    from rich import box
    from rich.table import Table

    manifest = run.manifest
    has_goods = "touched by " + (manifest["tracked"][0] if manifest["tracked"] else "-")
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"runways from {manifest['runway_from']}, horizon to {end_date(manifest).isoformat()}",
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("site", no_wrap=True)
    for heading in ("static", "pipeline", "realised", "line stop"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("limiting component")
    for heading in ("units lost", "fill rate", "recovery", has_goods):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = run.metrics.to_dict("records")
    for row in sorted(rows, key=lambda row: (_never_last(row["realised_runway_days"]), row["name"])):
        table.add_row(*_cells(row, manifest))
    return table


def _never_last(days: float) -> float:
    return math.inf if math.isnan(days) else days


def _cells(row: dict[Any, Any], manifest: dict[str, Any]) -> list[str]:
    window = window_days(manifest)
    stop = row["line_stop_date"] or None
    missing = row["limiting_component"]
    recovery = "-"
    if not math.isnan(row["realised_runway_days"]):
        left = window - int(row["realised_runway_days"])
        recovery = days_text(row["time_to_recover_days"], left)
    return [
        str(row["name"]),
        days_text(row["static_runway_days"]),
        days_text(row["pipeline_runway_days"]),
        realised_text(row, window),
        "-" if stop is None else stop.isoformat(),
        "-" if missing is None else plain_name(missing, manifest["material_names"]),
        units_text(float(row["lost_units"])),
        "-" if math.isnan(row["fill_rate"]) else f"{100.0 * row['fill_rate']:.1f} %",
        recovery,
        touched_text(row["touched_start_share"], row["touched_end_share"]),
    ]


def realised_text(row: dict[Any, Any], window: int) -> str:
    """Write the realised runway with its band; never as ``> N d``."""
    text = days_text(row["realised_runway_days"], window)
    low, high = row["realised_runway_p10_days"], row["realised_runway_p90_days"]
    if math.isnan(low):
        return text
    upper = f"> {window}" if math.isnan(high) else f"{high:.0f}"
    return f"{text} ({low:.0f}-{upper})"


def touched_text(start: float, end: float) -> str:
    """Write a share at the start and at the end of the run.

    Examples
    --------
    >>> touched_text(0.4, 0.7256)
    '40.0 % -> 72.6 %'
    """
    if math.isnan(start) or math.isnan(end):
        return "-"
    return f"{100.0 * start:.1f} % -> {100.0 * end:.1f} %"


def _baseline_line(run: Run) -> str:
    lost = run.baseline_metrics["lost_units"]
    short = lost[lost > 5e-5 * run.baseline_metrics["planned_units"]]
    if short.empty:
        return f"baseline, with the same luck: all {len(lost)} build to plan"
    table = run.baseline_metrics.loc[short.index, ["name", "lost_units"]]
    losses = [f"{row['name']} {units_text(float(row['lost_units']))}" for row in table.to_dict("records")]
    return f"baseline, with the same luck, loses: {', '.join(losses)}"


def _print_more(run: Run) -> None:
    manifest = run.manifest
    touched = run.series("touched_share")
    columns: list[Any] = touched.columns.to_list()
    values = touched.to_numpy()
    for i, (site, element, place) in enumerate(columns):
        first, last = float(values[0, i]), float(values[-1, i])
        if site in run.metrics.index and (first > 0.0 or last > 0.0):
            say(f"touched: {site} {element} {place} {touched_text(first, last)}")
    for day, item, text in run.trajectory.log if run.trajectory is not None else ():
        say(f"log: day {day} {item}: {text}")
    timing = manifest["timing"]
    say(
        f"simulated in {1e3 * timing['simulate_seconds']:.1f} ms, all in {timing['total_seconds']:.2f} s; "
        f"largest relative error of a balance {manifest['mass_balance_max_relative_error']:.1e}"
    )
