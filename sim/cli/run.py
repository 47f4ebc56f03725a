"""``sim run``: scenarios in, runways out."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import (
    FAILED,
    INTERRUPTED,
    SOME_FAILED,
    guarded,
    note,
    open_files,
    reader_may_leave,
    say,
    say_json,
)
from sim.cli.fail_if import any_holds, refuse_unknown
from sim.cli.forecast import forecast, print_dry
from sim.cli.options import (
    DRY_RUN,
    AsJson,
    By,
    ClusterAddress,
    FailIf,
    Jobs,
    Keep,
    Quiet,
    Sets,
    UntilCi,
    Verbose,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sim.errors import StoreError
    from sim.results.execute import Progress
    from sim.results.plan import Source
    from sim.results.run import Run

PICTURE = "runway.png"
"""The picture in a run folder."""
MOST_SEED = 2**63 - 1
"""Largest seed a scenario file takes; its reader is too heavy to import for ``--help``."""


@guarded
def run(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Files or library names.")],
    replications: Annotated[int | None, typer.Option(min=1, help="Random histories.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="In place of the scenario's seed.")
    ] = None,
    sets: Sets = None,
    jobs: Jobs = 1,
    cluster: ClusterAddress = None,
    until_ci: UntilCi = None,
    keep: Keep = None,
    by: By = None,
    fail_if: FailIf = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default runs/<name>-<hash>.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Run folder to go on in; what it finished is not done again.")
    ] = None,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=DRY_RUN)] = False,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Leave out runway.png.")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open runway.png when done.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run scenarios beside their baseline and print how long each manufacturer keeps building."""
    from sim.results.plan import plan_of

    if out is not None and len(scenarios) > 1:
        raise typer.BadParameter("--out names one run folder; run the scenarios one by one")
    if show and no_plot:
        raise typer.BadParameter("--open shows the picture that --no-plot leaves out")
    if cluster is not None and jobs != 1:
        raise typer.BadParameter("--cluster has its own workers; leave out --jobs")
    if resume is not None:
        replications = _resumed(resume, scenarios, out, replications)
        out = resume
    plans = [
        plan_of(name, replications=replications, seed=seed, sets=sets or (), keep=keep or ())
        for name in scenarios
    ]
    for plan in plans:
        for warning in plan.warnings:
            note(f"warning: {warning}")
    for plan in plans:
        refuse_unknown(fail_if or (), plan.case)
    if dry_run:
        forecasts = []
        tell_of_compiling()
        for plan in plans:
            with _placing(plan):  # a network that cannot carry its own demand would not run
                forecasts.append(forecast(plan, jobs, picture=not no_plot))
        print_dry(forecasts, as_json=as_json)
        return
    date_of_stops = None if by is None else by.date()
    asked = Asked(seed, jobs, out, until_ci, tuple(keep or ()), date_of_stops, cluster, tuple(fail_if or ()))
    for plan in plans:
        _check(plan, asked)
    runs = [_run_one(plan, asked, picture=not no_plot, quiet=quiet or as_json) for plan in plans]
    with reader_may_leave():
        _print(runs, as_json=as_json, quiet=quiet, verbose=verbose, by=asked.by)
    if show:
        open_files(item.folder / PICTURE for item in runs if item.folder is not None)
    _finish(runs, asked)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the command is not in the run's manifest."""

    seed: int | None
    jobs: int
    out: Path | None
    until_ci: str | None = None
    keep: tuple[str, ...] = ()
    by: date | None = None
    cluster: str | None = None
    fail_if: tuple[str, ...] = ()


def _check(plan: Source, asked: Asked) -> None:
    """Refuse what would fail once all is simulated, and say what a single history has no use for."""
    from datetime import timedelta

    case = plan.case
    last = case.start + timedelta(days=case.horizon_days - 1)
    if asked.by is not None and not case.start <= asked.by <= last:
        message = f"--by: {asked.by} lies outside {case.name}, from {case.start} to {last}"
        raise typer.BadParameter(message)
    unused = [name for name, value in (("--by", asked.by), ("--cluster", asked.cluster)) if value is not None]
    if unused and case.replications == 1:
        note(f"no use for {' and '.join(unused)}: {case.name} is a single history; add --replications")


def _resumed(folder: Path, scenarios: list[str], out: Path | None, replications: int | None) -> int:
    """Return the replications of the run to resume, if the command states no other number."""
    from sim.results.unfinished import planned

    if out is not None:
        raise typer.BadParameter("--resume names the folder to go on in; leave out --out")
    if len(scenarios) > 1:
        raise typer.BadParameter("--resume goes on with one run; name its scenario alone")
    stated = planned(folder)["replications"]
    return int(stated) if replications is None else replications


def _run_one(plan: Source, asked: Asked, *, picture: bool, quiet: bool) -> Run:
    import time

    from sim.errors import StoreError
    from sim.results.execute import execute
    from sim.results.plan import place_of

    folder = place_of(plan, asked.out)
    started = time.perf_counter()
    tell_of_compiling()
    try:
        with progress_bar(plan.case.name, quiet=quiet) as progress, _placing(plan):
            result = execute(
                plan,
                progress=progress,
                jobs=asked.jobs,
                folder=folder,
                until_ci=asked.until_ci,
                cluster=asked.cluster,
            )
        result.manifest["timing"]["total_seconds"] = time.perf_counter() - started
        result.save(folder, picture=picture)
        _tell_of_spare(result)
    except StoreError as error:
        raise _with_the_way_on(error, plan, folder, asked) from error
    return result


def _tell_of_spare(run: Run) -> None:
    """Say which finished replications stay in the folder beside a run that asked for fewer."""
    from sim.results.store import spare_replications

    if run.folder is not None and run.is_complete and (spare := spare_replications(run, run.folder)):
        more = f"--resume {run.folder} --replications {max(spare) + 1}"
        note(f"{len(spare)} more finished replications are kept in {run.folder}; {more} takes them in")


def _with_the_way_on(error: StoreError, plan: Source, folder: Path | None, asked: Asked) -> StoreError:
    """Add the command that goes on, if finished chunks of this very run are kept."""
    from sim.errors import StoreError
    from sim.results.manifest import describe
    from sim.results.plan import with_ranges
    from sim.results.unfinished import holds_part_of

    if folder is None or not holds_part_of(folder, with_ranges(plan.case)):
        return error
    manifest = describe(plan.case, plan.sets, plan.warnings)
    return StoreError(f"{error}\n    to go on: {_again(manifest, folder, asked)}")


def tell_of_compiling() -> None:
    """Say why nothing happens for some seconds, where that is so."""
    from sim.engine import kernels_are_cached

    if not kernels_are_cached():
        note("compiling kernels once; later runs start at once")


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
def progress_bar(name: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Yield a progress function that draws a bar on stderr, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("-" if task.speed is None else f"{task.speed:.1f} simulations/s")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(runs: list[Run], *, as_json: bool, quiet: bool, verbose: bool, by: date | None) -> None:
    from sim.results.document import SCHEMA_VERSION, document

    if as_json:
        documents = [document(item, by) for item in runs]
        say_json(documents[0] if len(runs) == 1 else {"schema_version": SCHEMA_VERSION, "runs": documents})
        return
    for position, item in enumerate(runs):
        if quiet:
            say(item.headline)
            continue
        from sim.cli.report import print_run

        if position:
            say("")
        print_run(item, verbose=verbose, by=by)


def _finish(runs: list[Run], asked: Asked) -> None:
    """Leave with the code of the worst run, and say how to go on."""
    for item in runs:
        manifest = item.manifest
        finished, wanted = manifest["finished_replications"], manifest["replications"]
        if manifest["interrupted"]:
            note(f"interrupted: {finished} of {wanted} replications are kept in {item.folder}")
            note(f"    to have them all: {_again(manifest, item.folder, asked)}")
            raise typer.Exit(INTERRUPTED)
        for failure in manifest["failures"]:
            where = f"replication {failure['replication']}, seed {failure['seed']}"
            note(f"{where}, failed: {failure['type']}: {failure['message']}")
            if failure["type"] == "InvariantError":
                note("    this is a bug in sim, not in your scenario")
    # All of them are named, so no short cut.
    if any([any_holds(asked.fail_if, item) for item in runs]):  # noqa: C419
        raise typer.Exit(FAILED)
    if any(item.manifest["failures"] for item in runs):
        raise typer.Exit(SOME_FAILED)


def _again(manifest: dict[str, Any], folder: Path | None, asked: Asked) -> str:
    """Return the command that goes on with an interrupted run."""
    import shlex

    words = ["sim", "run", str(manifest["file"] or manifest["name"])]
    words += ["--replications", str(manifest["replications"])]
    words += [] if asked.seed is None else ["--seed", str(asked.seed)]
    words += [word for item in manifest["set"] for word in ("--set", item)]
    words += [word for item in asked.keep for word in ("--keep", item)]
    words += [] if asked.by is None else ["--by", asked.by.isoformat()]
    words += [word for item in asked.fail_if for word in ("--fail-if", item)]
    words += [] if asked.cluster is None else ["--cluster", asked.cluster]
    words += [] if asked.until_ci is None else ["--until-ci", asked.until_ci]
    words += [] if asked.jobs == 1 else ["--jobs", str(asked.jobs)]
    words += ["--resume", str(folder)]
    return shlex.join(words)
