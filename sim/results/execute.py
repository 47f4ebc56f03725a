"""Run a case beside its baseline, in this process, and gather the result.

Owns the loop over replications and futures. It knows neither how a day works (`sim.engine`) nor what
is measured (`sim.metrics`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.case import Case
from sim.errors import InvariantError, RunFailed
from sim.metrics import mass_balance_max_relative_error, site_table, site_values
from sim.results.band import band_of
from sim.results.branches import Future, futures, likeliest
from sim.results.manifest import describe
from sim.results.run import Run
from sim.results.tables import LiveTables

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.trajectory import Trajectory

Progress = Callable[[int, int], None]
"""Called with the simulations done and their number."""


MOST_SEED = 2**63 - 1
"""Largest seed, that of a scenario file."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C between replications; `run` holds what was finished."""

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


@dataclass(slots=True)
class Gathered:
    """Results of the replications as they come in."""

    values: list[pd.DataFrame] = field(default_factory=list)
    baseline_values: list[pd.DataFrame] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    labels: list[tuple[int, str]] = field(default_factory=list)
    numbers: list[dict[str, float]] = field(default_factory=list)
    """What each replication drew for the uncertain figures, by path."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    worst_balance: float = 0.0
    simulate_seconds: float = 0.0
    interrupted: bool = False

    def note(self, trajectory: Trajectory) -> Trajectory:
        """Add up the time and keep the worst balance of a trajectory."""
        self.simulate_seconds += trajectory.simulate_seconds
        self.worst_balance = max(self.worst_balance, mass_balance_max_relative_error(trajectory))
        return trajectory


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
    out: str | Path | None = None,
    write: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Simulate a scenario and its baseline with the same luck.

    Parameters
    ----------
    source
        A scenario file, the name of a scenario of the library, or a `Case`.
    replications
        Random histories; 1 is the deterministic run, in which uncertain figures have their central
        value and the likeliest branch is followed. None: as the scenario says.
    seed, sets
        In place of the scenario's seed; overrides such as ``"sites.toyota_japan.cover=60 d"``.
    out, write
        Folder to write to; or write to ``runs/<name>-<hash>``.
    progress
        Called after each simulation with (done, all).

    Returns
    -------
    Run

    Raises
    ------
    ScenarioError, DataError
        If the input is wrong; nothing is written.
    Interrupted
        On Ctrl-C after the central run; carries the run of the finished replications.
    """
    plan = plan_of(source, replications=replications, seed=seed, sets=sets)
    result = execute(plan, progress=progress)
    if out is not None or write:
        result.save(out)
    if result.manifest["interrupted"]:
        raise Interrupted(result)
    return result


def with_ranges(case: Case) -> Case:
    """Return a case whose network figures with a stated range are drawn, beside its own uncertain ones."""
    from sim.case import Uncertain
    from sim.data import ranges

    laws = ranges(case.network, [item.path for item in case.uncertain])
    return replace(case, uncertain=(*case.uncertain, *(Uncertain(path, law) for path, law in laws.items())))


def execute(plan: Source, *, progress: Progress | None = None) -> Run:
    """Run a resolved plan: the central run first, then every replication of every future."""
    from sim.engine import simulate

    started = time.perf_counter()
    case = plan.case
    central = likeliest(case)
    gathered = Gathered()
    worlds = futures(with_ranges(case)) if case.replications > 1 else []
    total = 2 + 2 * len(worlds) * (case.replications if worlds else 0)
    tell = progress or (lambda done, of: None)
    manifest = describe(case, plan.sets, plan.warnings)
    trajectory = gathered.note(simulate(central.case, None))
    tell(1, total)
    baseline = gathered.note(simulate(central.case.baseline(), None))
    tell(2, total)
    _replicate(worlds, case.replications, manifest["runway_from_day"], gathered, lambda n: tell(2 + n, total))
    return _assemble(plan, central, trajectory, baseline, gathered, manifest, started)


def _replicate(
    worlds: list[Future], count: int, runway_from_day: int, gathered: Gathered, tell: Callable[[int], None]
) -> None:
    from sim.engine import drawn, simulate

    done = 0
    try:
        for replication in range(count if worlds else 0):
            for world in worlds:
                label = ", ".join(name for _, name in world.branches)
                try:
                    pair = [
                        gathered.note(simulate(one, replication, in_detail=False))
                        for one in (world.case, world.case.baseline())
                    ]
                except InvariantError:
                    raise
                except Exception as error:  # a failed replication is data: the rest goes on
                    gathered.failures.append(_failure(replication, label, error))
                    continue
                frames = [site_values(item, world.case.network, runway_from_day) for item in pair]
                gathered.values.append(frames[0])
                gathered.baseline_values.append(frames[1])
                gathered.weights.append(world.weight)
                gathered.labels.append((replication, label))
                gathered.numbers.append(drawn(world.case, replication))
                done += 2
                tell(done)
    except KeyboardInterrupt:
        gathered.interrupted = True
    if worlds and not gathered.values and not gathered.interrupted:
        first = gathered.failures[0]
        raise RunFailed(f"all {len(gathered.failures)} replications failed; the first: {first['message']}")


def _failure(replication: int, label: str, error: Exception) -> dict[str, Any]:
    return {
        "replication": replication,
        "branches": label,
        "type": type(error).__name__,
        "message": str(error),
    }


def _assemble(
    plan: Source,
    central: Future,
    trajectory: Trajectory,
    baseline: Trajectory,
    gathered: Gathered,
    manifest: dict[str, Any],
    started: float,
) -> Run:
    network, day = central.case.network, manifest["runway_from_day"]
    values = gathered.values or [site_values(trajectory, network, day)]
    baseline_values = gathered.baseline_values or [site_values(baseline, network, day)]
    weights = gathered.weights or [1.0]
    manifest |= {
        "branches": [{"intervention": item, "branch": name} for item, name in central.branches],
        "finished_replications": len({replication for replication, _ in gathered.labels}) or 1,
        "failures": gathered.failures,
        "interrupted": gathered.interrupted,
        "mass_balance_max_relative_error": gathered.worst_balance,
        "balance": dict(trajectory.balance),
        "timing": {
            "simulate_seconds": gathered.simulate_seconds,
            "total_seconds": time.perf_counter() - started,
        },
    }
    metrics = site_table(values, network, weights, baseline_values)
    baseline_metrics = site_table(baseline_values, network, weights)
    manifest["band"] = band_of(metrics, baseline_metrics, network, gathered.values, gathered.numbers)
    return Run(
        metrics=metrics,
        baseline_metrics=baseline_metrics,
        manifest=manifest,
        tables=LiveTables(network, trajectory, baseline, day),
        replications=_long(gathered),
        case=central.case,
        trajectory=trajectory,
        baseline_trajectory=baseline,
        resolved_yaml=plan.resolved_yaml,
    )


def _long(gathered: Gathered) -> pd.DataFrame:
    import pandas as pd

    if not gathered.values:
        return pd.DataFrame()
    parts = [
        frame.assign(replication=replication, branches=label, weight=weight)
        for frame, (replication, label), weight in zip(
            gathered.values, gathered.labels, gathered.weights, strict=True
        )
    ]
    return pd.concat(parts).reset_index().set_index(["replication", "branches", "site"])
