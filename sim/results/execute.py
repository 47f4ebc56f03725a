"""Run a case beside its baseline, here or in worker processes, and put the result together.

Replications go to chunk files (`replicate`, `pool`), and the result is read back from these (`gather`). It
knows neither how a day works (`sim.engine`) nor what is measured (`sim.metrics`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.case import Case
from sim.errors import RunFailed, StoreError
from sim.metrics import (
    combined_table,
    mass_balance_max_relative_error,
    site_table,
    site_values,
)
from sim.results.band import band_of
from sim.results.branches import Future, futures, likeliest
from sim.results.chunks import batches, chunk_paths, read_chunk, sound_chunks, write_chunk
from sim.results.gather import Gathered, failures_in, gather
from sim.results.manifest import describe
from sim.results.pool import Pool, Work
from sim.results.replicate import Task, chunk_of
from sim.results.run import Run
from sim.results.tables import LiveTables
from sim.results.unfinished import chunk_folder

if TYPE_CHECKING:
    from sim.engine.trajectory import Trajectory

Progress = Callable[[int, int], None]
"""Called with the simulations done and their number."""


MOST_SEED = 2**63 - 1
"""Largest seed, that of a scenario file."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C between replications; `run` holds what was finished, its folder the chunks to go on with."""

    def __init__(self, run: Run) -> None:
        super().__init__("interrupted")
        self.run = run


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be run, with what the scenario layer said of it."""

    case: Case
    resolved_yaml: str = ""
    warnings: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


def plan_of(
    source: str | Path | Case,
    *,
    replications: int | None = None,
    seed: int | None = None,
    sets: Sequence[str] = (),
) -> Source:
    """Resolve what `run` would run, without running it.

    Raises
    ------
    ScenarioError, DataError
        If the file, a ``--set`` or the network is wrong.
    """
    if isinstance(source, Case):
        if sets:
            raise RunFailed("sets= changes a scenario file; build the Case with other values instead")
        plan = Source(source)
    else:
        from sim.scenario import load

        scenario = load(source, sets=tuple(sets))
        warnings = tuple(str(item) for item in scenario.warnings)
        plan = Source(scenario.case, scenario.resolved_yaml(), warnings, tuple(sets))
    if replications is not None and replications < 1:
        raise RunFailed(f"replications is {replications}; at least 1 is needed")
    if seed is not None and not 0 <= seed <= MOST_SEED:
        raise RunFailed(f"seed is {seed}; it lies between 0 and {MOST_SEED}")
    case = replace(
        plan.case,
        replications=plan.case.replications if replications is None else replications,
        seed=plan.case.seed if seed is None else seed,
    )
    return replace(plan, case=case)


def run(
    source: str | Path | Case,
    *,
    replications: int | None = None,
    seed: int | None = None,
    sets: Sequence[str] = (),
    jobs: int = 1,
    out: str | Path | None = None,
    write: bool = False,
    resume: str | Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Simulate a scenario and its baseline with the same luck.

    Parameters
    ----------
    source
        A scenario file, the name of a scenario of the library, or a `Case`.
    replications
        Random histories; 1 is the deterministic run, in which uncertain figures have their central
        value and the likeliest branch is followed. None: as the scenario says, or as the run says that is
        resumed.
    seed, sets
        In place of the scenario's seed; overrides such as ``"sites.toyota_japan.cover=60 d"``.
    jobs
        Processes that share the replications. The result is the same for any number. With more than one, a
        script must call this under ``if __name__ == "__main__":`` where Python spawns its processes.
    out, write
        Folder to write to; or write to ``runs/<name>-<hash>``.
    resume
        Folder of a run that was interrupted or killed: what it finished is not done again.
    progress
        Called after each simulation with (done, all).

    Returns
    -------
    Run

    Raises
    ------
    ScenarioError, DataError
        If the input is wrong; nothing is written.
    StoreError
        If the folder cannot be written, or is of another scenario, network, seed or version.
    Interrupted
        On Ctrl-C after the central run; carries the run of the finished replications.
    """
    if resume is not None:
        if out is not None:
            raise RunFailed("resume= names the folder to go on in; leave out=")
        from sim.results.unfinished import planned

        stated = planned(Path(resume))["replications"]
        replications = stated if replications is None else replications
    plan = plan_of(source, replications=replications, seed=seed, sets=sets)
    folder = place_of(plan, out if resume is None else resume, write=write)
    result = execute(plan, progress=progress, jobs=jobs, folder=folder)
    if folder is not None:
        result.save(folder)
    if result.manifest["interrupted"]:
        raise Interrupted(result)
    return result


def place_of(plan: Source, out: str | Path | None, *, write: bool = True) -> Path | None:
    """Return the folder a run goes to: the one that is stated, ``runs/<name>-<hash>``, or none.

    Raises
    ------
    StoreError
        If it holds something else than a run.
    """
    from sim.results.identity import case_hash
    from sim.results.store import default_folder, holds_something_else

    if out is None and not write:
        return None
    folder = Path(out) if out is not None else default_folder(plan.case.name, case_hash(plan.case))
    if holds_something_else(folder):
        raise StoreError(f"{folder} exists and is not a run folder; choose another --out")
    return folder


def with_ranges(case: Case) -> Case:
    """Return a case whose network figures with a stated range are drawn, beside its own uncertain ones."""
    from sim.case import Uncertain
    from sim.data import ranges

    laws = ranges(case.network, [item.path for item in case.uncertain])
    return replace(case, uncertain=(*case.uncertain, *(Uncertain(path, law) for path, law in laws.items())))


def execute(
    plan: Source,
    *,
    progress: Progress | None = None,
    jobs: int = 1,
    folder: Path | None = None,
    start_method: str | None = None,
) -> Run:
    """Run a resolved plan: the central run first, then every replication of every future.

    Parameters
    ----------
    folder
        Run folder that keeps finished chunks while the run is under way; None: a temporary one.
    start_method
        How worker processes are started: ``fork``, ``spawn`` ...; None: Python's default on this system.
    """
    from sim.engine import simulate

    if jobs < 1:
        raise RunFailed(f"jobs is {jobs}; at least 1 is needed")
    started = time.perf_counter()
    case = plan.case
    central = likeliest(case)
    wanted = case.replications if case.replications > 1 else 0
    worlds = futures(with_ranges(case)) if wanted else []
    each = 2 * len(worlds)
    total = 2 + each * wanted
    tell = progress or (lambda done, of: None)
    manifest = describe(case, plan.sets, plan.warnings)
    trajectory = simulate(central.case, None)
    tell(1, total)
    baseline = simulate(central.case.baseline(), None)
    tell(2, total)
    pair = trajectory, baseline
    if not wanted:
        return _assemble(plan, central, pair, None, [], Work(), manifest, started)
    task = Task(tuple(worlds), manifest["runway_from_day"])
    with chunk_folder(folder, with_ranges(case)) as place:
        work = _replicate(task, place, wanted, jobs, lambda n: tell(2 + each * n, total), start_method)
        gathered = gather(task, place, wanted)
        recorded = failures_in([read_chunk(path) for path in chunk_paths(place)], wanted)
    failures = sorted([*recorded, *work.lost.values()], key=lambda item: item["replication"])
    if gathered is None and failures and not work.interrupted:
        raise RunFailed(f"all {wanted} replications failed; the first: {failures[0]['message']}")
    return _assemble(plan, central, pair, gathered, failures, work, manifest, started)


def _replicate(
    task: Task,
    folder: Path,
    wanted: int,
    jobs: int,
    tell: Callable[[int], None],
    start_method: str | None,
) -> Work:
    """Have all replications made that the folder lacks; `tell` gets the number of those it then has."""
    finished = [i for path in sound_chunks(folder) for i in read_chunk(path).replications if i < wanted]
    todo = batches(wanted, finished)
    done = len(finished)
    if done:
        tell(done)

    def more(count: int) -> None:
        nonlocal done
        done += count
        tell(done)

    if jobs == 1:
        return _here(task, folder, todo, more)
    return Pool(task, folder, min(jobs, max(len(todo), 1)), more, start_method).run(todo)


def _here(task: Task, folder: Path, todo: list[tuple[int, ...]], more: Callable[[int], None]) -> Work:
    """Make the chunks in this process."""
    work = Work()
    for batch in todo:

        def begins(replication: int, first: int = batch[0]) -> bool:
            if replication != first:
                more(1)
            return True

        chunk, seconds, cut = chunk_of(task, batch, begins)
        work.simulate_seconds += seconds
        if chunk is not None:
            try:
                write_chunk(chunk, folder)
            except OSError as error:
                reason = error.strerror or error
                message = f"a chunk of {folder} cannot be written: {reason}; those written are kept"
                raise StoreError(message) from error
        if cut is not None:
            work.interrupted = True
            return work
        more(1)
    return work


def _assemble(
    plan: Source,
    central: Future,
    pair: tuple[Trajectory, Trajectory],
    gathered: Gathered | None,
    failures: list[dict[str, Any]],
    work: Work,
    manifest: dict[str, Any],
    started: float,
) -> Run:
    network, day = central.case.network, manifest["runway_from_day"]
    balances = [mass_balance_max_relative_error(run) for run in pair]
    manifest |= {
        "branches": [{"intervention": item, "branch": name} for item, name in central.branches],
        "finished_replications": 1 if gathered is None else gathered.finished,
        "failures": failures,
        "interrupted": work.interrupted,
        "worker_deaths": work.deaths,
        "mass_balance_max_relative_error": max(
            [*balances, 0.0 if gathered is None else gathered.worst_balance]
        ),
        "balance": dict(pair[0].balance),
        "timing": {
            "simulate_seconds": sum(run.simulate_seconds for run in pair) + work.simulate_seconds,
            "total_seconds": time.perf_counter() - started,
        },
    }
    manifest["band"] = ""
    if gathered is None:
        values, before = ([site_values(run, network, day)] for run in pair)
        metrics, baseline_metrics = site_table(values, network, None, before), site_table(before, network)
    else:
        sites, weights = gathered.task.sites, gathered.weights
        columns, before_columns = gathered.columns, gathered.baseline_columns
        metrics = combined_table(sites, columns, network, weights, before_columns["lost_units"])
        baseline_metrics = combined_table(sites, before_columns, network, weights)
        runways = columns["realised_runway_days"]
        manifest["band"] = band_of(
            metrics, baseline_metrics, network, runways, gathered.numbers, gathered.task.paths
        )
    return Run(
        metrics=metrics,
        baseline_metrics=baseline_metrics,
        manifest=manifest,
        tables=LiveTables(network, *pair, day),
        replications=None if gathered is None else gathered.long(),
        baseline_replications=None if gathered is None else gathered.long(baseline=True),
        series_quantiles=None if gathered is None else gathered.series_quantiles,
        case=central.case,
        trajectory=pair[0],
        baseline_trajectory=pair[1],
        resolved_yaml=plan.resolved_yaml,
    )
