"""What many replications say together: quantiles, probabilities, survival and paired differences.

A pure function of the two long tables of a run, so that a run that was read from its folder says the same.
Replications are independent of each other; the weighted futures within one share its luck. So each
replication is first averaged over its futures, and errors are taken over replications.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import RunFailed
from sim.metrics import MEASURES, weighted_quantile
from sim.units import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""Quantiles that are kept of everything."""
DAY_SHARES = (0.025, *SHARES, 0.975)
"""Quantiles that are kept of a series by day: those a fan shows, too."""
CONFIDENCE = 0.95
NORMAL_975 = 1.959963984540054
"""97.5 % quantile of the standard normal."""
NUMERIC = tuple(name for name, item in MEASURES.items() if item.unit not in ("date", "name"))
COMPARED = ("lost_units", "fill_rate", "realised_runway_days", "time_to_recover_days", "parked_units")
"""Measures whose difference to the baseline is tabled."""
NEVER = ("realised_runway_days", "time_to_recover_days")
"""Durations that may never end; a mean counts them as the days from the start of counting to the horizon."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications.

    Attributes
    ----------
    value, standard_error
        In the unit of what is estimated.
    low, high
        Its 95 % interval: Student's for a mean, Wilson's for a probability. NaN with one replication.
    """

    value: float
    standard_error: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return the four numbers by name."""
        return {
            "value": self.value,
            "standard_error": self.standard_error,
            "low": self.low,
            "high": self.high,
        }


def mean_of(values: np.ndarray) -> Estimate:
    """Return the mean of independent values with Student's interval.

    Examples
    --------
    >>> found = mean_of(np.array([1.0, 2.0, 3.0]))
    >>> found.value, round(found.standard_error, 4), round(found.high, 3)
    (2.0, 0.5774, 4.484)
    """
    count, value = len(values), float(np.mean(values))
    if count < 2:
        return Estimate(value, math.nan, math.nan, math.nan)
    from scipy.special import stdtrit

    error = float(np.std(values, ddof=1)) / math.sqrt(count)
    half = float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2.0)) * error
    return Estimate(value, error, value - half, value + half)


def probability_of(values: np.ndarray) -> Estimate:
    """Return the mean of independent shares (0 or 1, or a mean over futures) with Wilson's interval.

    The interval is also right where all or none of the values are 1, and Student's has no width.

    Examples
    --------
    >>> found = probability_of(np.array([0.0] * 10))
    >>> found.value, round(found.high, 3)
    (0.0, 0.278)
    """
    count, value = len(values), float(np.mean(values))
    if count < 2:
        return Estimate(value, math.nan, math.nan, math.nan)
    error = float(np.std(values, ddof=1)) / math.sqrt(count)
    squared = NORMAL_975**2
    middle = (value + squared / (2 * count)) / (1 + squared / count)
    spread = value * (1.0 - value) / count + squared / (4 * count**2)
    half = NORMAL_975 * math.sqrt(max(spread, 0.0)) / (1 + squared / count)
    return Estimate(value, error, max(0.0, middle - half), min(1.0, middle + half))


class Ensemble:
    """The replications of a run beside those of its baseline.

    Parameters
    ----------
    scenario, baseline
        A row per (replication, branches, site), as `Run.replications` and `Run.baseline_replications`.
    manifest
        Of the run: start, horizon and the day from which runways count.
    """

    def __init__(self, scenario: pd.DataFrame, baseline: pd.DataFrame, manifest: Mapping[str, Any]) -> None:
        if scenario.empty:
            raise RunFailed("a run without replications has no ensemble; ask for --replications 100")
        self.frames = {"scenario": scenario, "baseline": baseline}
        self.start = date.fromisoformat(manifest["start"])
        self.horizon_days = int(manifest["horizon_days"])
        self.window_days = self.horizon_days - int(manifest["runway_from_day"])
        numbers = scenario.index.get_level_values("replication").to_numpy()
        sites = scenario.index.get_level_values("site")
        self.sites = tuple(dict.fromkeys(str(site) for site in sites))
        self.weights = scenario["weight"].to_numpy().reshape(-1, len(self.sites))[:, 0]
        self._owner = np.unique(numbers.reshape(-1, len(self.sites))[:, 0], return_inverse=True)[1]

    @cached_property
    def count(self) -> int:
        """Number of replications."""
        return int(self._owner.max()) + 1

    def values(self, measure: str, *, baseline: bool = False) -> np.ndarray:
        """Return a measure as numbers, shape (entry, site); a date as its day number; never is infinite.

        Raises
        ------
        RunFailed
            If the measure does not exist or is a name.
        """
        item = MEASURES.get(measure)
        if item is None or item.unit == "name":
            known = [name for name, one in MEASURES.items() if one.unit != "name"]
            raise RunFailed(f"{measure!r} is no measure of a number; {did_you_mean(measure, known) or known}")
        column = self.frames["baseline" if baseline else "scenario"][measure]
        if item.unit == "date":
            days = [math.inf if when is None else float((when - self.start).days) for when in column]
            return np.array(days).reshape(-1, len(self.sites))
        found = column.to_numpy(dtype=float).reshape(-1, len(self.sites))
        return np.where(np.isnan(found), math.inf, found) if measure in NEVER else found

    def by_replication(self, values: np.ndarray) -> np.ndarray:
        """Return the weighted mean over the futures of each replication, shape (replication, ...)."""
        total = np.zeros((self.count, *values.shape[1:]))
        np.add.at(total, self._owner, values * self.weights.reshape(-1, *([1] * (values.ndim - 1))))
        weight = np.bincount(self._owner, weights=self.weights)
        return total / weight.reshape(-1, *([1] * (values.ndim - 1)))

    def samples(self, measure: str, *, baseline: bool = False) -> np.ndarray:
        """Return a measure per replication, shape (replication, site); never counts as the whole window."""
        found = self.values(measure, baseline=baseline)
        return self.by_replication(np.where(np.isinf(found), float(self.window_days), found))

    def stop_probability(self, site: str, by: date | None = None, *, baseline: bool = False) -> Estimate:
        """Return the probability that a site's line has stopped by the end of a date.

        Parameters
        ----------
        by
            None: the last day of the horizon.

        Raises
        ------
        RunFailed
            If the site is not reported or the date lies outside the run.
        """
        stops = self.values("line_stop_date", baseline=baseline)[:, self._column(site)]
        return probability_of(self.by_replication((stops <= self._day(by)).astype(float)))

    def mean(self, measure: str, site: str, *, baseline: bool = False) -> Estimate:
        """Return the mean of a measure at a site with its interval."""
        return mean_of(self.samples(measure, baseline=baseline)[:, self._column(site)])

    def difference(self, measure: str, site: str) -> Estimate:
        """Return the mean of scenario less baseline, replication by replication, with its interval."""
        i = self._column(site)
        return mean_of((self.samples(measure) - self.samples(measure, baseline=True))[:, i])

    def probabilities(self, by: date | None = None) -> pd.DataFrame:
        """Return `stop_probability` of every site: by_date, probability, standard_error, low, high."""
        import pandas as pd

        until = self.last_day if by is None else by
        rows = [{"by_date": until, **self.stop_probability(site, by).as_dict()} for site in self.sites]
        frame = pd.DataFrame(rows, index=pd.Index(self.sites, name="site"))
        return frame.rename(columns={"value": "probability"})

    def survival(self) -> pd.DataFrame:
        """Return the share of replications in which no line stop has happened yet, by site and day.

        Columns: site, date, building_share, standard_error, baseline_building_share.
        """
        import pandas as pd

        dates = pd.date_range(pd.Timestamp(self.start), periods=self.horizon_days, name="date")
        stops = [self.values("line_stop_date", baseline=baseline) for baseline in (False, True)]
        parts = []
        for i, site in enumerate(self.sites):
            shares = [self._building(one[:, i]) for one in stops]
            scenario = shares[0]
            error = scenario.std(axis=0, ddof=1) / math.sqrt(self.count) if self.count > 1 else math.nan
            columns = {
                "site": site,
                "date": dates,
                "building_share": scenario.mean(axis=0),
                "standard_error": error,
                "baseline_building_share": shares[1].mean(axis=0),
            }
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)

    def _building(self, stops: np.ndarray) -> np.ndarray:
        """Return whether no stop has come by each day, per replication, shape (replication, day)."""
        return self.by_replication((stops[:, None] > np.arange(self.horizon_days)[None, :]).astype(float))

    def differences(self) -> pd.DataFrame:
        """Return scenario less baseline by site and measure, pair by pair.

        Columns: site, measure, unit, scenario, baseline, difference, standard_error, low, high (95 %), and
        variance_ratio: the variance of the paired difference over that of independent runs; NaN where
        nothing varies.
        """
        import pandas as pd

        rows = []
        for measure in COMPARED:
            one, other = self.samples(measure), self.samples(measure, baseline=True)
            for i, site in enumerate(self.sites):
                found = mean_of(one[:, i] - other[:, i])
                rows.append({
                    "site": site,
                    "measure": measure,
                    "unit": MEASURES[measure].unit,
                    "scenario": float(one[:, i].mean()),
                    "baseline": float(other[:, i].mean()),
                    "difference": found.value,
                    "standard_error": found.standard_error,
                    "low": found.low,
                    "high": found.high,
                    "variance_ratio": variance_ratio(one[:, i], other[:, i]),
                })  # fmt: skip
        return pd.DataFrame(rows)

    def quantiles(self, *, baseline: bool = False) -> pd.DataFrame:
        """Return weighted quantiles by site and measure: p05 ... p95; NaN is never."""
        import pandas as pd

        rows = []
        for measure in NUMERIC:
            values = self.values(measure, baseline=baseline)
            for i, site in enumerate(self.sites):
                is_known = ~np.isnan(values[:, i])
                known, weights = values[is_known, i].tolist(), self.weights[is_known].tolist()
                row: dict[str, Any] = {"site": site, "measure": measure, "unit": MEASURES[measure].unit}
                for share in SHARES:
                    found = weighted_quantile(known, weights, share) if known else math.nan
                    row[share_name(share)] = found if math.isfinite(found) else math.nan
                rows.append(row)
        return pd.DataFrame(rows)

    @property
    def last_day(self) -> date:
        """Last day of the horizon."""
        return self.start + timedelta(days=self.horizon_days - 1)

    def _day(self, by: date | None) -> float:
        until = self.last_day if by is None else by
        if not self.start <= until <= self.last_day:
            raise RunFailed(f"{until} lies outside the run, from {self.start} to {self.last_day}")
        return float((until - self.start).days)

    def _column(self, site: str) -> int:
        if site not in self.sites:
            near = did_you_mean(site, self.sites) or f"reported are {', '.join(self.sites)}"
            raise RunFailed(f"{site!r} is not a reported site; {near}")
        return self.sites.index(site)


def variance_ratio(one: np.ndarray, other: np.ndarray) -> float:
    """Return the variance of paired differences over that of differences of independent draws."""
    alone = float(one.var() + other.var())
    return float((one - other).var()) / alone if alone > 0.0 else math.nan


def share_name(share: float) -> str:
    """Return the column of a quantile.

    Examples
    --------
    >>> share_name(0.05), share_name(0.975)
    ('p05', 'p97.5')
    """
    percent = round(100.0 * share, 1)
    return f"p{percent:02.0f}" if percent.is_integer() else f"p{percent:04.1f}"
