"""Values of a run and of its baseline, replication by replication, and intervals of their differences."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import SimError
from sim.metrics import MEASURES, weighted_quantile
from sim.results.sentences import window_days

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.run import Run

NUMBERS = ("d", "unit", "share")
"""Units of the measures that can be subtracted."""
LEVELS = {"low95": 0.025, "low80": 0.1, "high80": 0.9, "high95": 0.975}


class UnknownMetric(SimError, KeyError):  # noqa: N818 - reads as what happened
    """No measure of numbers has this name; the message has the nearest."""

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def numeric_metrics() -> list[str]:
    """Return the measures that can be compared as numbers, in the order of the site table."""
    return [name for name, item in MEASURES.items() if item.unit in NUMBERS]


def check_metric(metric: str) -> str:
    """Return the metric.

    Raises
    ------
    UnknownMetric
        If it is not a measure of numbers; the message has the nearest.
    """
    known = numeric_metrics()
    if metric not in known:
        near = difflib.get_close_matches(metric, known, n=1)
        guess = f"; did you mean {near[0]!r}?" if near else ";"
        raise UnknownMetric(f"metric {metric!r} cannot be compared{guess} metrics: {', '.join(known)}")
    return metric


@dataclass(frozen=True)
class Pairs:
    """One row per replication, branch and site of a run, and per replication and site of the baseline.

    Attributes
    ----------
    values
        Frame with the columns replication, weight, site and all measures.
    baseline
        Frame with all measures, indexed by (replication, branches, site), or without the branches where one
        baseline stands for all.
    window_days
        Days from the start of the count to the end of the run.
    is_random
        Whether there are replications, and so intervals.
    """

    values: pd.DataFrame
    baseline: pd.DataFrame
    window_days: int
    is_random: bool

    def differences(self, metric: str) -> pd.DataFrame:
        """Return site, replication, weight and the difference from the baseline with the same luck."""
        import pandas as pd

        after = self._finite(self.values, metric)
        before = self._finite(self.baseline.reset_index(), metric)
        before.index = self.baseline.index
        keys = pd.MultiIndex.from_frame(self.values[list(self.baseline.index.names)])
        frame = self.values[["site", "replication", "weight"]].copy()
        frame["difference"] = after.to_numpy() - before.reindex(keys).to_numpy()
        return frame.dropna(subset=["difference"])

    def _finite(self, frame: pd.DataFrame, metric: str) -> pd.Series[float]:
        """Return a metric with never as the rest of the window: a least difference, never a made-up one."""
        values = frame[metric].astype(float)
        runway = frame["realised_runway_days"].astype(float)
        if metric == "realised_runway_days":
            return values.fillna(self.window_days)
        if metric == "time_to_recover_days":
            rest = (self.window_days - runway).where(runway.notna(), 0.0)
            return values.where(values.notna(), rest)
        return values


def pairs_of(run: Run, baseline_metrics: pd.DataFrame, baseline: pd.DataFrame) -> Pairs:
    """Return the pairs of a run and its baseline.

    Parameters
    ----------
    baseline_metrics
        The baseline's measures in the central run.
    baseline
        Its replications with the same luck, as `Run.baseline_replications`; empty for a deterministic run.
    """
    if int(run.manifest["replications"]) > 1 and len(run.replications) and len(baseline):
        return Pairs(run.replications.reset_index(), baseline, window_days(run.manifest), is_random=True)
    values = run.metrics.reset_index().assign(replication=0, weight=1.0)
    before = baseline_metrics.reset_index().assign(replication=0).set_index(["replication", "site"])
    return Pairs(values, before, window_days(run.manifest), is_random=False)


def interval(values: list[float], weights: list[float]) -> dict[str, float]:
    """Return median and the bounds of the 80 % and 95 % intervals over replications.

    Examples
    --------
    >>> interval([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])["difference"]
    2.0
    """
    out = {"difference": weighted_quantile(values, weights, 0.5)}
    for name, share in LEVELS.items():
        out[name] = weighted_quantile(values, weights, share) if len(values) > 1 else math.nan
    return out
