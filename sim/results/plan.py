"""What is to be run and where it goes: from a file, a name or a `Case` to a resolved plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.case import Case
from sim.errors import RunFailed, StoreError
from sim.results.chosen import fault_of

MOST_SEED = 2**63 - 1
"""Largest seed, that of a scenario file."""


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
    keep: Sequence[str] = (),
) -> Source:
    """Resolve what `run` would run, without running it.

    Parameters
    ----------
    keep
        Series of single sites to keep of every replication, beside those of the scenario's `outputs`.

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
    for item in keep:
        if fault := fault_of(item, plan.case.network):
            raise RunFailed(f"--keep {item!r}: {fault[0]}; {fault[1] or fault[2]}")
    case = replace(
        plan.case,
        replications=plan.case.replications if replications is None else replications,
        seed=plan.case.seed if seed is None else seed,
        outputs=(*plan.case.outputs, *(f"{item}" for item in keep if item not in plan.case.outputs)),
    )
    return replace(plan, case=case)


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
