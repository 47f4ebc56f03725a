"""What ``sim run`` prints for people: headline, why, the table by site, verdicts, the folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from sim.cli.console import say, tables
from sim.results.sentences import builds, days_text, end_date, plain_name, units_text, window_days

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console, JustifyMethod
    from rich.table import Table

    from sim.results.ensemble import Estimate
    from sim.results.run import Run

PROSE_WIDTH = 110
COLUMNS = {
    "static": "static",
    "pipeline": "pipeline",
    "realised": "realised",
    "stop": "line stop",
    "component": "limiting component\non first short day",
    "lost": "units lost",
    "fill": "fill rate",
    "recovery": "recovery",
    "touched": "touched by",
}
"""Headings of the table, after the site."""
LEAST_SITE_WIDTH = 20
"""Columns are dropped before names of sites are cut to less than this [characters]."""
LEAST_UNITS = 0.5
"""A mean loss below this is printed as none [units]."""
LEAST_TONNES = 0.5
"""Less than this held at a gate is not worth a line."""
GATE_WORDS = {
    "licence": "licences and tests",
    "ban": "bans and refusals",
    "quota": "quotas",
    "route": "closed routes",
    "transit": "transit",
}
MARKS = {"passed": "holds", "failed": "DOES NOT HOLD", "not yet checked": "not yet checked"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table leaves out to fit a width."""

    full: bool
    """Components by their names; else by their ids."""
    dropped: tuple[str, ...] = ()


DROPPED_FIRST = ("touched", "recovery", "fill", "component", "lost")
"""Columns in the order in which a narrow table loses them. Runways and dates always stay."""
LAYOUTS = (Layout(full=True), *(Layout(full=False, dropped=DROPPED_FIRST[:n]) for n in range(6)))


def print_run(run: Run, *, verbose: bool, by: date | None = None) -> None:
    """Print a run on stdout; with replications also the stop probabilities by a date."""
    from rich.markup import escape

    console = tables()
    manifest = run.manifest
    console.print(f"[bold]{escape(run.headline)}[/bold]", soft_wrap=True)
    for item in manifest["branches"]:
        console.print(f"branch followed by the central run: {item['intervention']} -> {item['branch']}")
    console.print()
    say("\n".join(wrap(run.why, min(console.width, PROSE_WIDTH))))
    console.print()
    _print_table(run, console)
    console.print(escape(_baseline_line(run)), soft_wrap=True)
    waited = _gates_line(run)
    if waited:
        say("\n".join(wrap(waited, min(console.width, PROSE_WIDTH))))
    if not run.replications.empty:
        _print_ensemble(run, by)
    for item in run.verdicts:
        mark = MARKS.get(item["verdict"], item["verdict"])
        console.print(escape(f"must hold: {item['condition']}: {mark} ({item['detail']})"), soft_wrap=True)
    if verbose:
        _print_more(run)
    say(f"run folder: {run.folder}")


def _gates_line(run: Run) -> str:
    """Return what waited at the gates of rules, and for how long; empty where nothing did."""
    parts = [
        f"{units_text(row['tonnes'])} t for {GATE_WORDS[gate]}, {row['mean_days']:.0f} days on average"
        for gate, row in zip(run.gates.index, run.gates.to_dict("records"), strict=True)
        if gate in GATE_WORDS and row["tonnes"] >= LEAST_TONNES
    ]
    return f"waited: {'; '.join(parts)}; by lane: gates.parquet" if parts else ""


def _print_table(run: Run, console: Console) -> None:
    """Print the table as wide as the console allows, and name what had to be left out."""
    rows = run.metrics.to_dict("records")
    rows.sort(key=lambda row: (_never_last(row["realised_runway_days"]), row["name"]))
    names = max((len(str(row["name"])) for row in rows), default=0)
    for layout in LAYOUTS:
        too_wide = _width(console, _table(rows, run.manifest, layout, site_width=names)) - console.width
        if too_wide <= max(0, names - LEAST_SITE_WIDTH):
            break
    site_width = max(1, names - max(0, too_wide))
    console.print(_table(rows, run.manifest, layout, site_width=site_width))
    if layout.dropped:
        left_out = ", ".join(_heading(name, run.manifest).replace("\n", " ") for name in layout.dropped)
        text = f"not shown, for want of width: {left_out}; all is in metrics.csv"
        say("\n".join(wrap(text, console.width)))


def _table(
    rows: list[dict[Any, Any]], manifest: dict[str, Any], layout: Layout, *, site_width: int
) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"runways from {manifest['runway_from']}, horizon to {end_date(manifest).isoformat()}",
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("site", no_wrap=True, max_width=site_width)
    names = [name for name in COLUMNS if name not in layout.dropped]
    for name in names:
        # Every column but the names of sites keeps its width: half a date or runway is worse than none.
        width = max((len(_cell(name, row, manifest, layout)) for row in rows), default=0)
        justify: JustifyMethod = "left" if name == "component" else "right"
        table.add_column(_heading(name, manifest), justify=justify, no_wrap=True, min_width=width)
    for row in rows:
        table.add_row(str(row["name"]), *(_cell(name, row, manifest, layout) for name in names))
    return table


def _width(console: Console, table: Table) -> int:
    from rich.measure import Measurement

    unbounded = console.options.update(width=10_000)
    return Measurement.get(console, unbounded, table).maximum


def _heading(name: str, manifest: dict[str, Any]) -> str:
    if name == "touched":
        return "touched by " + (manifest["tracked"][0] if manifest["tracked"] else "-")
    return COLUMNS[name]


def _never_last(days: float) -> float:
    return math.inf if math.isnan(days) else days


def _cell(name: str, row: dict[Any, Any], manifest: dict[str, Any], layout: Layout) -> str:
    window = window_days(manifest)
    if name == "realised":
        return realised_text(row, window)
    if name == "stop":
        stop = row["line_stop_date"] or None
        return "-" if stop is None else str(stop.isoformat())
    if name == "component":
        missing = row["limiting_component"]
        # The id is what conditions and --set call it, and it is short.
        names = manifest["material_names"] if layout.full else {}
        return "-" if missing is None else plain_name(missing, names)
    if name == "lost":
        return units_text(float(row["lost_units"]))
    if name == "fill":
        return "-" if math.isnan(row["fill_rate"]) else f"{100.0 * row['fill_rate']:.1f} %"
    if name == "recovery":
        return _recovery(row, window)
    if name == "touched":
        return touched_text(row["touched_start_share"], row["touched_end_share"])
    return days_text(row[f"{name}_runway_days"])


def _recovery(row: dict[Any, Any], window: int) -> str:
    if math.isnan(row["realised_runway_days"]):
        return "-"
    return days_text(row["time_to_recover_days"], window - int(row["realised_runway_days"]))


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
        names = run.baseline_metrics["name"]
        who = f"all {len(names)} build" if len(names) != 1 else builds(str(names.iloc[0]))
        return f"baseline, with the same luck: {who} to plan"
    table = run.baseline_metrics.loc[short.index, ["name", "lost_units"]]
    losses = [f"{row['name']} {units_text(float(row['lost_units']))}" for row in table.to_dict("records")]
    return f"baseline, with the same luck, loses: {', '.join(losses)}"


def _print_ensemble(run: Run, by: date | None) -> None:
    """Print, for the sites the scenario may stop or cost units, how likely and how much, with errors."""
    ensemble = run.ensemble
    until = ensemble.last_day if by is None else by
    say(f"{ensemble.count} replications, each beside its baseline with the same luck:")
    calm = 0
    for site in ensemble.sites:
        stop, lost = ensemble.stop_probability(site, by), ensemble.difference("lost_units", site)
        if stop.value == 0.0 and abs(lost.value) < LEAST_UNITS:
            calm += 1
            continue
        name = str(run.metrics.at[site, "name"])
        say(
            f"  P({name} stops by {until.isoformat()}) = {stop.value:.2f} +- "
            f"{stop.standard_error:.2f}; loses {interval_text(lost)} units beyond the baseline"
        )
    if calm:
        say(f"  {calm} of {len(ensemble.sites)} never stop by then and lose nothing beyond the baseline")
    if calm < len(ensemble.sites):
        say("  +- is one standard error, brackets are 95 % intervals")
    if narrow := run.manifest.get("until_ci"):
        say(f"  {_until_text(narrow, ensemble.count)}")


def _until_text(narrow: dict[str, Any], count: int) -> str:
    reached, unit = narrow["reached_half_width"], " %" if narrow["is_relative"] else ""
    scale = 100.0 if narrow["is_relative"] else 1.0
    where = f" at {narrow['site']}" if narrow["site"] else ""
    width = "without bound" if reached is None else f"{scale * reached:.3g}{unit}"
    verdict = "narrow enough" if narrow["is_reached"] else "still too wide"
    return (
        f"half-width of {narrow['measure']}{where}: {width} after {count} replications, {verdict} "
        f"for {scale * narrow['half_width']:g}{unit}"
    )


def interval_text(found: Estimate) -> str:
    """Write a mean of units with its interval.

    Examples
    --------
    >>> from sim.results.ensemble import Estimate
    >>> interval_text(Estimate(1234.0, 10.0, 1210.0, 1258.0))
    '1,234 [1,210, 1,258]'
    """
    value, low, high = (f"{number:,.0f}" for number in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


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
