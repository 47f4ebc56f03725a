"""Replications of a case in every future, each beside its baseline: from a number to a chunk.

What a replication gives depends on the case and its number alone, never on what ran before or beside it.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from sim.metrics import (
    MEASURES,
    SERIES,
    Columns,
    Reading,
    mass_balance_max_relative_error,
    measured,
    reported_sites,
)
from sim.results.branches import Future
from sim.results.chosen import Chosen
from sim.results.chunks import Chunk

KEPT = ("days_of_cover", "built")
"""Series of which every replication is kept until their quantiles are taken."""


@dataclass(frozen=True, slots=True)
class Task:
    """What all replications of a run have in common; goes to every worker."""

    worlds: tuple[Future, ...]
    runway_from_day: int
    chosen: tuple[Chosen, ...] = ()
    """Series of single sites that are kept of every replication for good."""

    @property
    def sites(self) -> tuple[str, ...]:
        """The reported sites, in the order of the arrays."""
        return reported_sites(self.worlds[0].case.network)

    @property
    def paths(self) -> tuple[str, ...]:
        """The uncertain figures, in the order of the arrays."""
        return tuple(item.path for item in self.worlds[0].case.uncertain)

    def label(self, world: int) -> str:
        """Return the branches of a future as one text."""
        return ", ".join(name for _, name in self.worlds[world].branches)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One replication in one future: the scenario (first in `values`) beside its baseline."""

    entry: tuple[int, int]
    values: np.ndarray
    series: dict[str, np.ndarray]
    numbers: list[float]
    worst_balance: float
    simulate_seconds: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one replication in all futures."""

    replication: int
    outcomes: list[Outcome]
    failures: list[dict[str, Any]]


@dataclass(slots=True)
class Draft:
    """A chunk as it grows, by whole replications: a Ctrl-C at any instruction leaves none by halves."""

    task: Task
    tried: list[Tried] = field(default_factory=list)

    def add(self, replication: int) -> None:
        """Run one replication in every future; what it raises is recorded."""
        outcomes, failures = [], []
        for number in range(len(self.task.worlds)):
            try:
                outcomes.append(_outcome(self.task, replication, number))
            except Exception as error:  # a failed replication is data: the rest goes on
                failures.append(_failure(self.task, replication, number, error))
        self.tried.append(Tried(replication, outcomes, failures))

    @property
    def simulate_seconds(self) -> float:
        """Seconds spent in the engine."""
        return sum(one.simulate_seconds for tried in self.tried for one in tried.outcomes)

    def chunk(self) -> Chunk:
        """Return what is done so far."""
        outcomes = [one for tried in self.tried for one in tried.outcomes]
        case, sites = self.task.worlds[0].case, len(self.task.sites)
        shape = (len(outcomes), 2, sites, len(MEASURES))
        columns = dict.fromkeys(KEPT, sites) | {str(one): len(one.labels) for one in self.task.chosen}
        return Chunk(
            replications=tuple(tried.replication for tried in self.tried),
            entries=[one.entry for one in outcomes],
            values=np.array([one.values for one in outcomes], dtype=np.float64).reshape(shape),
            numbers=np.array([one.numbers for one in outcomes], dtype=np.float64).reshape(
                len(outcomes), len(self.task.paths)
            ),
            series={
                name: np.array([one.series[name] for one in outcomes], dtype=np.float32).reshape(
                    len(outcomes), case.horizon_days, width
                )
                for name, width in columns.items()
            },
            failures=[failure for tried in self.tried for failure in tried.failures],
            worst_balance=max((one.worst_balance for one in outcomes), default=0.0),
        )


def _outcome(task: Task, replication: int, world: int) -> Outcome:
    from sim.engine import drawn, simulate

    case = task.worlds[world].case
    pair = [simulate(one, replication, in_detail=False) for one in (case, case.baseline())]
    readings = [Reading(run, case.network, task.runway_from_day) for run in pair]
    return Outcome(
        entry=(replication, world),
        values=np.stack([_coded(reading) for reading in readings]),
        series={
            **{name: _singles(readings[0], name) for name in KEPT},
            **{str(one): one.values(readings[0]) for one in task.chosen},
        },
        numbers=list(drawn(case, replication).values()),
        worst_balance=max(mass_balance_max_relative_error(run) for run in pair),
        simulate_seconds=sum(run.simulate_seconds for run in pair),
    )


def _failure(task: Task, replication: int, world: int, error: Exception) -> dict[str, Any]:
    return {
        "replication": replication,
        "branches": task.label(world),
        "seed": task.worlds[world].case.seed,
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }


def chunk_of(
    task: Task,
    replications: Sequence[int],
    begins: Callable[[int], bool],
) -> tuple[Chunk | None, float, BaseException | None]:
    """Run some replications one after the other.

    Parameters
    ----------
    begins
        Called with the number of each replication before it runs; False ends the chunk there.

    Returns
    -------
    The chunk of what was finished (None if nothing), the seconds in the engine, and the Ctrl-C that cut it
    short, if one did.
    """
    draft, cut = Draft(task), None
    try:
        for replication in replications:
            if not begins(replication):
                break
            draft.add(replication)
    except KeyboardInterrupt as interrupt:
        cut = interrupt
    return (draft.chunk() if draft.tried else None), draft.simulate_seconds, cut


def _singles(reading: Reading, name: str) -> np.ndarray:
    return SERIES[name].function(reading).to_numpy(dtype=np.float32)


def _coded(reading: Reading) -> np.ndarray:
    """Return every measure as numbers, shape (site, measure); never is NaN."""
    materials = {name: float(i) for i, name in enumerate(sorted(reading.network.materials))}

    def code(value: Any) -> float:
        if isinstance(value, float):
            return value
        if value is None:
            return math.nan
        return float(value.toordinal()) if isinstance(value, date) else materials[value]

    rows = [[code(value) for value in row.values()] for row in measured(reading)]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(MEASURES))


def decoded(values: np.ndarray, materials: Sequence[str]) -> Columns:
    """Return coded measures as what they stand for.

    Parameters
    ----------
    values
        Shape (entry, site, measure).
    materials
        All materials of the network, sorted.

    Returns
    -------
    One array per measure, shape (entry, site): dates and names as objects or None, else numbers or NaN.
    """
    found: dict[str, np.ndarray] = {}
    for i, (name, item) in enumerate(MEASURES.items()):
        column = values[:, :, i]
        if item.unit not in ("date", "name"):
            found[name] = column
            continue
        objects = np.full(column.shape, None, dtype=object)
        for place in zip(*np.nonzero(~np.isnan(column)), strict=True):
            number = int(column[place])
            objects[place] = date.fromordinal(number) if item.unit == "date" else materials[number]
        found[name] = objects
    return found
