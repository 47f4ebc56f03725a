"""Run a case beside its baseline, here or in worker processes, and put the result together.

Replications go to chunk files (`replicate`, `pool`), and the result is read back from these (`gather`). It
knows neither how a day works (`sim.engine`) nor what is measured (`sim.metrics`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.case import Case, Design
from sim.errors import RunFailed, StoreError
from sim.metrics import (
    Reading,
    combined_table,
    mass_balance_max_relative_error,
    site_table,
    site_values,
)
from sim.results.band import band_of
from sim.results.branches import Future, futures, likeliest
from sim.results.chosen import chosen_of
from sim.results.chunks import batches, chunk_paths, read_chunk, sound_chunks, write_chunk
from sim.results.ensemble import Ensemble
from sim.results.gather import Gathered, failures_in, gather
from sim.results.manifest import describe
from sim.results.plan import Source, place_of, plan_of, with_ranges
from sim.results.pool import Pool, Work
from sim.results.replicate import Task, chunk_of
from sim.results.run import Run
from sim.results.tables import LiveTables
from sim.results.unfinished import chunk_folder, refuse_chunks_of_another
from sim.results.until import Target, looks, target_of
from sim.units import did_you_mean

if TYPE_CHECKING:
    from sim.engine.trajectory import Trajectory

Progress = Callable[[int, int], None]
"""Called with the simulations done and their number."""


class AllFailed(RunFailed):
    """No replication of a run has finished."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C between replications; `run` holds what was finished, its folder the chunks to go on with."""

    def __init__(self, run: Run) -> None:
        super().__init__("interrupted")
        self.run = run


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
    until_ci: str | None = None,
    cluster: str | None = None,
    keep: Sequence[str] = (),
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
    keep
        Series to keep of every replication, such as ``"built at toyota_japan"``, in `Run.replication_series`.
    until_ci
        Stop before all replications are done when the 95 % interval of a mean difference to the baseline is
        narrow enough: ``"lost_units at toyota_japan = 5 %"``, ``"stop = 0.02"`` (a probability, everywhere).
        Looked at after 40 replications and then after each quarter more.
    cluster
        Address of a Dask scheduler, ``tcp://host:port``, whose workers make the replications in place of
        processes here. The result is the same.
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
    plan = plan_of(source, replications=replications, seed=seed, sets=sets, keep=keep)
    folder = place_of(plan, out if resume is None else resume, write=write)
    result = execute(plan, progress=progress, jobs=jobs, folder=folder, until_ci=until_ci, cluster=cluster)
    if folder is not None:
        result.save(folder)
    if result.manifest["interrupted"]:
        raise Interrupted(result)
    return result


def execute(
    plan: Source,
    *,
    progress: Progress | None = None,
    jobs: int = 1,
    folder: Path | None = None,
    start_method: str | None = None,
    until_ci: str | None = None,
    cluster: str | None = None,
) -> Run:
    """Run a resolved plan: the central run first, then every replication of every future.

    Parameters
    ----------
    folder
        Run folder that keeps finished chunks while the run is under way; None: a temporary one.
    start_method
        How worker processes are started: ``fork``, ``spawn`` ...; None: Python's default on this system.
    until_ci, cluster
        As of `run`.
    """
    from sim.engine import simulate

    if jobs < 1:
        raise RunFailed(f"jobs is {jobs}; at least 1 is needed")
    target = None if until_ci is None else target_of(until_ci)
    if target is not None and plan.case.replications == 1:
        raise RunFailed("--until-ci needs --replications, the most it may take: one history has no interval")
    if target is not None and plan.case.design is Design.LATIN_HYPERCUBE:
        raise RunFailed("a Latin hypercube is of a stated number of replications; take sobol or random")
    started = time.perf_counter()
    case = plan.case
    central = likeliest(case)
    wanted = case.replications if case.replications > 1 else 0
    if folder is not None and not wanted:
        refuse_chunks_of_another(folder, with_ranges(case))
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
    day = manifest["runway_from_day"]
    task = Task(tuple(worlds), day, chosen_of(case.outputs, Reading(trajectory, central.case.network, day)))
    if target is not None and target.site not in ("", *task.sites):
        near = did_you_mean(target.site, task.sites) or f"reported are {', '.join(task.sites)}"
        raise RunFailed(f"--until-ci: {target.site!r} is not a reported site; {near}")
    work = Work()
    with chunk_folder(folder, with_ranges(case)) as place:
        for count in [wanted] if target is None else looks(wanted):
            some = _replicate(
                task, place, count, Hands(jobs, start_method, cluster), lambda n: tell(2 + each * n, total)
            )
            work.add(some)
            if work.interrupted or (target is not None and _is_narrow(target, task, place, count, manifest)):
                wanted = wanted if work.interrupted else count
                break
        gathered = gather(task, place, wanted)
        manifest["replications"] = wanted
        recorded = failures_in([read_chunk(path) for path in chunk_paths(place)], wanted)
    failures = sorted([*recorded, *work.lost.values()], key=lambda item: item["replication"])
    if gathered is None and failures and not work.interrupted:
        raise AllFailed(f"all {wanted} replications failed; the first: {failures[0]['message']}")
    return _assemble(plan, central, pair, gathered, failures, work, manifest, started)


@dataclass(frozen=True, slots=True)
class Hands:
    """Who makes the replications: processes here, or the workers of a cluster."""

    jobs: int
    start_method: str | None
    cluster: str | None


def _replicate(
    task: Task,
    folder: Path,
    wanted: int,
    hands: Hands,
    tell: Callable[[int], None],
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

    if hands.cluster is not None and todo:
        from sim.results.cluster import run_on_cluster

        return run_on_cluster(hands.cluster, task, folder, todo, more)
    if hands.jobs == 1 or not todo:
        return _here(task, folder, todo, more)
    return Pool(task, folder, min(hands.jobs, len(todo)), more, hands.start_method).run(todo)


def _is_narrow(target: Target, task: Task, place: Path, count: int, manifest: dict[str, Any]) -> bool:
    """Tell whether the first ``count`` replications suffice, and note in the manifest what they give."""
    gathered = gather(task, place, count, with_series=False)
    if gathered is None:
        return False
    ensemble = Ensemble(gathered.long(), gathered.long(baseline=True), manifest)
    widest = target.widest(ensemble)
    narrow = bool(widest <= target.half_width)
    manifest["until_ci"] = {
        "measure": target.measure,
        "site": target.site or None,
        "half_width": target.half_width,
        "is_relative": target.is_relative,
        "reached_half_width": widest if math.isfinite(widest) else None,
        "is_reached": narrow,
    }
    return narrow


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
        replication_series=None if gathered is None else gathered.replication_series,
        case=central.case,
        trajectory=pair[0],
        baseline_trajectory=pair[1],
        resolved_yaml=plan.resolved_yaml,
    )
