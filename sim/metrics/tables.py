"""Frames made of the registered measures: by site for one replication, and over replications."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.metrics.measures import AFFECTED_SHARE
from sim.metrics.reading import Reading, SiteView
from sim.metrics.registry import MEASURES, SERIES, Value

if TYPE_CHECKING:
    import pandas as pd

    from sim.domain import Network
    from sim.engine.trajectory import Trajectory

DESCRIPTION = ("name", "country", "stage")
"""Columns that describe a site and are not measured."""
COLUMNS = (
    *DESCRIPTION,
    "days_of_cover_at_start",
    "static_runway_days",
    "pipeline_runway_days",
    "realised_runway_days",
    "realised_runway_p10_days",
    "realised_runway_p90_days",
    "first_shortfall_date",
    "first_below_half_date",
    "line_stop_date",
    "limiting_component",
    "stop_component",
    "time_to_survive_days",
    "time_to_recover_days",
    "planned_units",
    "lost_units",
    "lost_beyond_baseline_units",
    "fill_rate",
    "parked_units",
    "touched_start_share",
    "touched_end_share",
    "is_affected",
)
"""Columns of the site table, in order."""


def site_values(trajectory: Trajectory, network: Network, runway_from_day: int = 0) -> pd.DataFrame:
    """Return every measure of every reported site in one replication, one row per site.

    Never is None in the columns of dates and names, NaN in the columns of numbers.
    """
    import pandas as pd

    reading = Reading(trajectory, network, runway_from_day)
    rows = measured(reading)
    index = pd.Index([view.site for view in reading.sites], name="site")
    frame = pd.DataFrame(rows, index=index, columns=list(MEASURES), dtype=object)
    for name, item in MEASURES.items():
        if item.unit not in ("date", "name"):
            frame[name] = frame[name].astype(float)
    return frame


def measured(reading: Reading) -> list[dict[str, Value]]:
    """Return every measure of every reported site by name, in the order of `Reading.sites`."""
    return [measured_at(reading, view) for view in reading.sites]


def measured_at(reading: Reading, view: SiteView) -> dict[str, Value]:
    """Return every measure of one site by name."""
    return {name: item.function(reading, view) for name, item in MEASURES.items()}


def series_frame(
    name: str, trajectory: Trajectory, network: Network, runway_from_day: int = 0
) -> pd.DataFrame:
    """Return a registered series with its title and unit in ``attrs``."""
    item = SERIES[name]
    frame = item.function(Reading(trajectory, network, runway_from_day))
    frame.attrs = {"name": name, "title": item.title, "unit": item.unit}
    return frame


def weighted_quantile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the weight lies; infinity stands for never.

    Where the share falls between two values their mean is returned, unless the upper is infinite.

    Examples
    --------
    >>> weighted_quantile([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0], 0.5)
    2.5
    >>> weighted_quantile([1.0, math.inf], [1.0, 1.0], 0.5)
    1.0
    """
    pairs = sorted(zip(values, weights, strict=True))
    target = share * sum(weights)
    seen = 0.0
    for i, (value, weight) in enumerate(pairs):
        seen += weight
        if math.isclose(seen, target, rel_tol=1e-12) and i + 1 < len(pairs):
            upper = pairs[i + 1][0]
            return value if math.isinf(upper) else (value + upper) / 2.0
        if seen > target:
            return value
    return pairs[-1][0]


def site_table(
    replications: Sequence[pd.DataFrame],
    network: Network,
    weights: Sequence[float] | None = None,
    baselines: Sequence[pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Combine the tables of the replications: medians, and a band for the realised runway.

    Parameters
    ----------
    replications
        One frame of `site_values` per replication.
    weights
        Weight of each replication (its branch's); equal if missing.
    baselines
        The same of the baselines, in the same order; if missing, the baseline loses nothing.

    Returns
    -------
    DataFrame
        A row per site, columns `COLUMNS`. Never is None (dates, names) or NaN (numbers); a date or
        a runway is never when it is so in more than half of the weight. The band is NaN for one
        replication.
    """
    weights = [1.0] * len(replications) if weights is None else list(weights)
    lost_before = None if baselines is None else columns_of(baselines)["lost_units"]
    sites = [str(site) for site in replications[0].index]
    return combined_table(sites, columns_of(replications), network, weights, lost_before)


Columns = Mapping[str, np.ndarray]
"""Each measure of all replications by name, shape (replication, site)."""


def columns_of(replications: Sequence[pd.DataFrame]) -> Columns:
    """Return the frames of `site_values` as one array per measure."""
    return {name: np.stack([frame[name].to_numpy() for frame in replications]) for name in MEASURES}


def combined_table(
    sites: Sequence[str],
    columns: Columns,
    network: Network,
    weights: Sequence[float],
    lost_before: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return what `site_table` does, from one array per measure.

    Parameters
    ----------
    lost_before
        Units lost in the baselines, shape (replication, site); if missing, nothing.
    """
    import pandas as pd

    weights = list(weights)
    before = np.zeros(columns["lost_units"].shape) if lost_before is None else lost_before
    rows = []
    for i, site in enumerate(sites):
        record = network.sites[site]
        row: dict[str, Any] = {"name": record.name, "country": record.country, "stage": record.stage}
        for name, item in MEASURES.items():
            row[name] = _combine(columns[name][:, i].tolist(), weights, item.unit, name)
        row |= _band(columns["realised_runway_days"][:, i], weights)
        row["time_to_survive_days"] = math.nan
        # With the same luck: what a site loses beyond its baseline, never less than nothing.
        more = np.maximum(0.0, columns["lost_units"][:, i] - before[:, i])
        row["lost_beyond_baseline_units"] = weighted_quantile(more.tolist(), weights, 0.5)
        row["is_affected"] = bool(row["lost_beyond_baseline_units"] > AFFECTED_SHARE * row["planned_units"])
        rows.append(row)
    table = pd.DataFrame(rows, index=pd.Index(list(sites), name="site"))
    for name, item in MEASURES.items():
        if item.unit in ("date", "name"):
            table[name] = pd.Series([row[name] for row in rows], index=table.index, dtype=object)
    table = table.reindex(columns=list(COLUMNS))
    table.attrs = {"units": {name: item.unit for name, item in MEASURES.items()}}
    return table


def _combine(values: list[Any], weights: list[float], unit: str, name: str) -> Any:
    if unit == "name":
        return _most_frequent(values, weights)
    if unit == "date":
        days = [math.inf if value is None else float(value.toordinal()) for value in values]
        middle = weighted_quantile(days, weights, 0.5)
        return None if math.isinf(middle) else date.fromordinal(int(middle))
    never = name in ("realised_runway_days", "time_to_recover_days")
    known = [
        (math.inf if math.isnan(v) else v, w)
        for v, w in zip(values, weights, strict=True)
        if never or not math.isnan(v)
    ]
    if not known:
        return math.nan
    middle = weighted_quantile([v for v, _ in known], [w for _, w in known], 0.5)
    return math.nan if math.isinf(middle) else middle


def _most_frequent(values: list[str | None], weights: list[float]) -> str | None:
    tally: dict[str, float] = {}
    for value, weight in zip(values, weights, strict=True):
        if value is not None:
            tally[value] = tally.get(value, 0.0) + weight
    if not tally or sum(tally.values()) < 0.5 * sum(weights):
        return None
    return max(sorted(tally), key=lambda name: tally[name])


def _band(runways: np.ndarray, weights: list[float]) -> dict[str, float]:
    if len(runways) < 2:
        return {"realised_runway_p10_days": math.nan, "realised_runway_p90_days": math.nan}
    days = np.where(np.isnan(runways), math.inf, runways).tolist()
    out = {}
    for name, share in (("realised_runway_p10_days", 0.1), ("realised_runway_p90_days", 0.9)):
        value = weighted_quantile(days, weights, share)
        out[name] = math.nan if math.isinf(value) else value
    return out


def mass_balance_max_relative_error(trajectory: Trajectory) -> float:
    """Return the largest relative error of the balance of any material or element [share]."""
    return max(trajectory.balance.values(), default=0.0)
