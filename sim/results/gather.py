"""From chunk files to the results of all replications, in the order of their numbers.

The files are all that is read, so who made them, in which order and in how many sittings leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.metrics import Columns
from sim.results.chunks import Chunk, chunk_paths, read_chunk, read_series
from sim.results.ensemble import DAY_SHARES, share_name
from sim.results.replicate import KEPT, Task, decoded

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES = 16_000_000
"""Most values of daily series that are in memory at once [4 bytes each]."""


@dataclass(frozen=True)
class Gathered:
    """All replications that finished.

    Attributes
    ----------
    labels
        (replication, branches) of each entry, ascending.
    weights
        Weight of each entry: that of its future.
    columns, baseline_columns
        Every measure, shape (entry, site).
    numbers
        What was drawn for the uncertain figures, shape (entry, figure).
    series_quantiles
        Quantiles by day: series, site, date, p02.5 ... p97.5.
    replication_series
        The chosen series of every replication: series, column, replication, branches, date, value.
    """

    task: Task
    labels: list[tuple[int, str]]
    weights: list[float]
    columns: Columns
    baseline_columns: Columns
    numbers: np.ndarray
    worst_balance: float
    series_quantiles: pd.DataFrame | None
    replication_series: pd.DataFrame | None

    @property
    def finished(self) -> int:
        """Replications of which at least one future finished."""
        return len({replication for replication, _ in self.labels})

    def long(self, *, baseline: bool = False) -> pd.DataFrame:
        """Return a row per replication, branches and site with every measure and the weight."""
        import pandas as pd

        columns = self.baseline_columns if baseline else self.columns
        sites = self.task.sites
        index = pd.MultiIndex.from_tuples(
            [(*label, site) for label in self.labels for site in sites],
            names=["replication", "branches", "site"],
        )
        frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=index)
        return frame.assign(weight=np.repeat(np.array(self.weights), len(sites)))


def gather(task: Task, folder: Path, wanted: int, *, with_series: bool = True) -> Gathered | None:
    """Read the first ``wanted`` replications from the chunks of a folder; None if none has finished.

    Parameters
    ----------
    with_series
        Whether the daily series are read too, which is most of the work.

    Raises
    ------
    Damaged
        If a chunk cannot be read.
    """
    paths = chunk_paths(folder)
    chunks = [read_chunk(path) for path in paths]
    entries = [entry for chunk in chunks for entry in chunk.entries]
    order = sorted((i for i, one in enumerate(entries) if one[0] < wanted), key=lambda i: entries[i])
    if not order:
        return None
    values = np.concatenate([chunk.values for chunk in chunks])[order]
    materials = sorted(task.worlds[0].case.network.materials)
    weights = [task.worlds[entries[i][1]].weight for i in order]
    return Gathered(
        task=task,
        labels=[(entries[i][0], task.label(entries[i][1])) for i in order],
        weights=weights,
        columns=decoded(values[:, 0], materials),
        baseline_columns=decoded(values[:, 1], materials),
        numbers=np.concatenate([chunk.numbers for chunk in chunks])[order],
        worst_balance=max(chunk.worst_balance for chunk in chunks),
        series_quantiles=_series_quantiles(task, paths, order, weights) if with_series else None,
        replication_series=_replication_series(task, paths, order, entries) if with_series else None,
    )


def failures_in(chunks: Sequence[Chunk], wanted: int) -> list[dict[str, Any]]:
    """Return the failures of the first ``wanted`` replications, in order."""
    found = [item for chunk in chunks for item in chunk.failures if item["replication"] < wanted]
    return sorted(found, key=lambda item: (item["replication"], item["branches"]))


def _series_quantiles(
    task: Task, paths: Sequence[Path], order: Sequence[int], weights: Sequence[float]
) -> pd.DataFrame:
    """Return the quantiles of every kept series by day: columns series, site, date, p02.5 ... p97.5.

    Some sites at a time are in memory.
    """
    import pandas as pd

    dates = _dates(task)
    wanted = [(name, name, number, site) for name in KEPT for number, site in enumerate(task.sites)]
    wanted += [
        (str(one), one.series, number, label)
        for one in task.chosen
        if one.series not in KEPT
        for number, label in enumerate(one.labels)
    ]
    at_once = max(1, MOST_VALUES // (len(order) * len(dates)))
    some = (wanted[first : first + at_once] for first in range(0, len(wanted), at_once))
    read = (read_series(paths, [(stored, number) for stored, _, number, _ in batch]) for batch in some)
    parts = []
    for (_, name, _, site), days in zip(wanted, chain.from_iterable(read), strict=True):
        rows = day_quantiles(days[order], np.array(weights), DAY_SHARES)
        frame = pd.DataFrame(rows.T, columns=[share_name(share) for share in DAY_SHARES])
        frame.insert(0, "date", dates)
        frame.insert(0, "site", site)
        frame.insert(0, "series", name)
        parts.append(frame)
    if not parts:
        return pd.DataFrame(columns=["series", "site", "date", *map(share_name, DAY_SHARES)])
    return pd.concat(parts, ignore_index=True)


def _dates(task: Task) -> pd.DatetimeIndex:
    import pandas as pd

    case = task.worlds[0].case
    return pd.date_range(pd.Timestamp(case.start), periods=case.horizon_days, name="date")


def _replication_series(
    task: Task, paths: Sequence[Path], order: Sequence[int], entries: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    """Return the chosen series of every entry, long."""
    import pandas as pd

    dates, names = _dates(task), [task.label(world) for world in range(len(task.worlds))]
    labels = pd.Categorical.from_codes([entries[i][1] for i in order], pd.Index(names))
    parts = []
    for one in task.chosen:
        for number, label in enumerate(one.labels):
            days = read_series(paths, [(str(one), number)])[0][order]
            columns = {
                "series": pd.Categorical.from_codes(np.zeros(days.size, dtype=int), pd.Index([one.series])),
                "column": pd.Categorical.from_codes(np.zeros(days.size, dtype=int), pd.Index([label])),
                "replication": np.repeat([entries[i][0] for i in order], len(dates)),
                "branches": labels.repeat(len(dates)),
                "date": np.tile(dates.to_numpy(), len(order)),
                "value": days.ravel(),
            }
            parts.append(pd.DataFrame(columns))
    if not parts:
        return pd.DataFrame()
    whole = pd.concat(parts, ignore_index=True)
    return whole.astype({"series": "str", "column": "str"})


def day_quantiles(values: np.ndarray, weights: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return weighted quantiles of every day, as `sim.metrics.weighted_quantile` takes them of one.

    Parameters
    ----------
    values
        Shape (entry, day).
    weights
        Shape (entry,).

    Returns
    -------
    array, shape (share, day)

    Examples
    --------
    >>> day_quantiles(np.array([[1.0], [2.0], [3.0], [4.0]]), np.ones(4), [0.5]).tolist()
    [[2.5]]
    """
    if (weights == weights[0]).all():
        # One future: the ranks of all days have the same weights, and nothing need be known but the order.
        ranked = np.sort(np.ascontiguousarray(values.T), axis=1).T
        seen = np.cumsum(weights)[:, None]
    else:
        order = np.argsort(values, axis=0, kind="stable")
        ranked = np.take_along_axis(values, order, axis=0)
        seen = np.cumsum(weights[order], axis=0)
    columns = np.arange(values.shape[1])
    found = np.empty((len(shares), values.shape[1]), dtype=values.dtype)
    for row, share in enumerate(shares):
        target = share * float(weights.sum())
        ties = np.isclose(seen, target, rtol=1e-12, atol=0.0)
        above = np.minimum((seen <= target).sum(axis=0), len(values) - 1)
        found[row] = ranked[above, columns]
        is_tied = np.broadcast_to(ties[:-1].any(axis=0), columns.shape)
        first = np.broadcast_to(ties.argmax(axis=0), columns.shape)[is_tied]
        days = columns[is_tied]
        found[row, days] = (ranked[first, days] + ranked[first + 1, days]) / 2.0
    return found
