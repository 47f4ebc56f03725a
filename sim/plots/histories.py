"""The replications of a run once more, for pictures of days: a run keeps their outcome, not their days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.metrics import series_frame
from sim.results.branches import futures
from sim.results.plan import with_ranges
from sim.results.replay import planned_case

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

    from sim.results.run import Run

DETAILED = ("wanted", "lead_time_days", "ordered", "unshipped", "held", "backorders")
"""Series that only a run in detail has."""


def histories(run: Run, series: str, column: Any, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulate the first replications of a run again and return one column of a series.

    Returns
    -------
    (ndarray, ndarray)
        Values, shape (history, day), and the weight of each history, shape (history,) [share]; no rows
        for a deterministic run.
    """
    from sim.engine import simulate

    count = min(int(run.manifest["replications"]), most)
    if count < 2:
        return np.empty((0, 0)), np.empty(0)
    case = planned_case(run)
    day = int(run.manifest["runway_from_day"])
    rows, weights = [], []
    for world in futures(with_ranges(case)):
        for replication in range(count):
            trajectory = simulate(world.case, replication, in_detail=series in DETAILED)
            frame: pd.DataFrame = series_frame(series, trajectory, world.case.network, day)
            rows.append(frame[column].to_numpy(dtype=float))
            weights.append(world.weight / count)
    return np.array(rows), np.array(weights)


def quantiles(values: np.ndarray, weights: np.ndarray, shares: list[float]) -> np.ndarray:
    """Return weighted quantiles over histories, shape (share, day).

    Examples
    --------
    >>> quantiles(np.array([[1.0], [2.0], [9.0]]), np.ones(3), [0.5]).tolist()
    [[2.0]]
    """
    order = np.argsort(values, axis=0, kind="stable")
    ranked = np.take_along_axis(values, order, axis=0)
    reached = np.cumsum(weights[order], axis=0) / weights.sum()
    out = []
    for share in shares:
        row = np.argmax(reached >= share - 1e-12, axis=0)
        out.append(np.take_along_axis(ranked, row[None, :], axis=0)[0])
    return np.array(out)
