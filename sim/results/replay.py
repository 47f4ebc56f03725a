"""A run that was read from its folder, with its trajectories again: the central run takes milliseconds.

A run folder keeps tables, not trajectories. What looks deeper (the why of a line, a map) simulates the
resolved scenario once more and checks by its hash that it is the same world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import SimError, StoreError
from sim.results.branches import likeliest
from sim.results.identity import case_hash

if TYPE_CHECKING:
    from sim.case import Case
    from sim.engine.trajectory import Trajectory
    from sim.results.run import Run

RESOLVED = "scenario.resolved.yaml"


@dataclass(frozen=True)
class Replayed:
    """The case of a run with its central trajectories, with and without its interventions."""

    case: Case
    trajectory: Trajectory
    baseline: Trajectory


def replayed(run: Run) -> Replayed:
    """Return the case and the trajectories of a run, simulated again if it was read from its folder.

    Raises
    ------
    StoreError
        If the folder has no scenario to run again, or it no longer is the world that was run.
    """
    if run.case is None or run.trajectory is None or run.baseline_trajectory is None:
        from sim.engine import simulate

        case = likeliest(planned_case(run)).case
        run.trajectory, run.baseline_trajectory = simulate(case, None), simulate(case.baseline(), None)
        run.case = case
    return Replayed(run.case, run.trajectory, run.baseline_trajectory)


def planned_case(run: Run) -> Case:
    """Return the case of a run as its scenario states it, with all branches, from memory or its folder.

    Raises
    ------
    StoreError
        If the scenario is missing, cannot be read, or no longer is what was run.
    """
    if not run.resolved_yaml or run.folder is None:
        if run.case is not None:
            return run.case
        raise StoreError(f"{run.folder or run.name} keeps no {RESOLVED}, so it cannot be run again for this")
    from dataclasses import replace

    from sim.scenario import load

    path = run.folder / RESOLVED
    try:
        found = load(path).case
    except (SimError, OSError) as error:
        raise StoreError(f"{path} cannot be run again: {error}") from error
    case = replace(found, replications=int(run.manifest["replications"]), seed=int(run.manifest["seed"]))
    if case_hash(case) != run.manifest["case_hash"]:
        raise StoreError(
            f"{path} is no longer the world that was run: the network or the file has changed since; "
            f"run the scenario anew (sim run {run.manifest['file'] or run.name})"
        )
    return case
