"""``sim run``: scenarios in, runways out."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import INTERRUPTED, SOME_FAILED, guarded, note, reader_may_leave, say, say_json
from sim.cli.options import AsJson, Quiet, Sets, Verbose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.results.execute import Progress, Source
    from sim.results.run import Run

MILLISECONDS_PER_SITE_YEAR = 0.35
"""Rough cost of a simulation, for ``--dry-run`` only."""
MOST_SEED = 2**63 - 1
"""Largest seed a scenario file takes; its reader is too heavy to import for ``--help``."""
BYTES_PER_VALUE = 1.5
"""Rough size of a stored daily value after compression, for ``--dry-run`` only."""


@guarded
def run(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Files or library names.")],
    replications: Annotated[int | None, typer.Option(min=1, help="Random histories.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="In place of the scenario's seed.")
    ] = None,
    sets: Sets = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default runs/<name>-<hash>.")] = None,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Resolve and count, run nothing.")] = False,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Leave out runway.png.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run scenarios beside their baseline and print how long each manufacturer keeps building."""
    from sim.results.execute import plan_of

    if out is not None and len(scenarios) > 1:
        raise typer.BadParameter("--out names one run folder; run the scenarios one by one")
    plans = [plan_of(name, replications=replications, seed=seed, sets=sets or ()) for name in scenarios]
    for plan in plans:
        for warning in plan.warnings:
            note(f"warning: {warning}")
    if dry_run:
        from sim.steady import solve

        for plan in plans:  # a network that cannot carry its own demand would not run
            with _placing(plan):
                solve(plan.case.network)
        _print_dry([_forecast(plan) for plan in plans], as_json=as_json)
        return
    runs = [_run_one(plan, out, picture=not no_plot, quiet=quiet or as_json) for plan in plans]
    with reader_may_leave():
        _print(runs, as_json=as_json, quiet=quiet, verbose=verbose)
    _finish(runs, seed, out)


def _run_one(plan: Source, out: Path | None, *, picture: bool, quiet: bool) -> Run:
    import time

    from sim.engine import kernels_are_cached
    from sim.results.execute import execute

    started = time.perf_counter()
    if not kernels_are_cached():
        note("compiling kernels once; later runs start at once")
    with _progress(plan.case.name, quiet=quiet) as progress, _placing(plan):
        result = execute(plan, progress=progress)
    result.manifest["timing"]["total_seconds"] = time.perf_counter() - started
    result.save(out, picture=picture)
    return result


@contextmanager
def _placing(plan: Source) -> Iterator[None]:
    """Point an overloaded network at the line of the scenario, or the ``--set``, that made it so."""
    from sim.errors import DataError
    from sim.scenario import load

    try:
        yield
    except DataError as error:
        if not plan.case.file:
            raise
        scenario = load(plan.case.file, sets=plan.sets)
        raise DataError(scenario.placed(error.problems)) from None


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Yield a progress function that draws a bar on stderr, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(runs: list[Run], *, as_json: bool, quiet: bool, verbose: bool) -> None:
    from sim.results.document import SCHEMA_VERSION, document

    if as_json:
        documents = [document(item) for item in runs]
        say_json(documents[0] if len(runs) == 1 else {"schema_version": SCHEMA_VERSION, "runs": documents})
        return
    for position, item in enumerate(runs):
        if quiet:
            say(item.headline)
            continue
        from sim.cli.report import print_run

        if position:
            say("")
        print_run(item, verbose=verbose)


def _finish(runs: list[Run], seed: int | None, out: Path | None) -> None:
    """Leave with the code of the worst run, and say how to go on."""
    for item in runs:
        manifest = item.manifest
        finished, wanted = manifest["finished_replications"], manifest["replications"]
        if manifest["interrupted"]:
            note(f"interrupted: {finished} of {wanted} replications are kept in {item.folder}")
            note(f"    to have them all: {_again(item, seed, out)}")
            raise typer.Exit(INTERRUPTED)
        for failure in manifest["failures"]:
            note(f"replication {failure['replication']} failed: {failure['type']}: {failure['message']}")
    if any(item.manifest["failures"] for item in runs):
        raise typer.Exit(SOME_FAILED)


def _again(run: Run, seed: int | None, out: Path | None) -> str:
    """Return the command that runs an interrupted scenario again, whole, into the same folder."""
    import shlex

    manifest = run.manifest
    words = ["sim", "run", str(manifest["file"] or run.name)]
    words += ["--replications", str(manifest["replications"])]
    words += [] if seed is None else ["--seed", str(seed)]
    words += [word for item in manifest["set"] for word in ("--set", item)]
    words += [] if out is None else ["--out", str(out)]
    return shlex.join(words)


def _forecast(plan: Source) -> dict[str, Any]:
    from sim.results.branches import futures
    from sim.results.store import ROOT

    case = plan.case
    network = case.network
    worlds = len(futures(case)) if case.replications > 1 else 0
    count = 2 + 2 * worlds * case.replications
    years = case.horizon_days / 365.0
    values = case.horizon_days * (4 * len(network.lanes) + 2 * len(network.lines) + 3 * len(network.sites))
    cost = years * len(network.sites) * MILLISECONDS_PER_SITE_YEAR / 1e3
    return {
        "name": case.name,
        "title": case.title,
        "network": network.name,
        "sites": len(network.sites),
        "lanes": len(network.lanes),
        "interventions": [item.id for item in case.interventions],
        "start": case.start.isoformat(),
        "horizon_days": case.horizon_days,
        "replications": case.replications,
        "futures": max(worlds, 1),
        "simulations": count,
        "estimated_seconds": round(1.0 + count * cost, 1),
        "estimated_megabytes": round(0.3 + values * BYTES_PER_VALUE / 1e6, 1),
        "folder": str(ROOT),
    }


def _print_dry(forecasts: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say_json({"schema_version": 1, "dry_run": True, "runs": forecasts})
        return
    for item in forecasts:
        say(
            f"{item['name']}: {item['network']} ({item['sites']} sites, {item['lanes']} lanes), "
            f"{item['horizon_days']} days from {item['start']}, "
            f"{len(item['interventions'])} interventions, {item['replications']} replications x "
            f"{item['futures']} futures = {item['simulations']} simulations with the baseline; "
            f"about {item['estimated_seconds']} s and {item['estimated_megabytes']} MB; nothing was run"
        )
