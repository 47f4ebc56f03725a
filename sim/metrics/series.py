"""The series over days, one function each: frames with dates as rows and named columns."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.metrics.reading import Reading, SiteView
from sim.metrics.registry import series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from sim.engine.trajectory import FloatArray


def _frame(
    reading: Reading,
    values: np.ndarray,
    columns: Sequence[Any],
    names: tuple[str, ...],
    days: np.ndarray | None = None,
) -> pd.DataFrame:
    import pandas as pd

    steps = tuple(range(values.shape[0]) if days is None else days.tolist())
    index = _dates(reading.trajectory.start, steps)
    if len(names) == 1:
        labels: pd.Index = pd.Index(list(columns), name=names[0])
    elif len(columns):
        labels = pd.MultiIndex.from_tuples(list(columns), names=list(names))
    else:
        labels = pd.MultiIndex.from_arrays([[] for _ in names], names=list(names))
    return pd.DataFrame(values, index=index, columns=labels)


@lru_cache(maxsize=8)
def _dates(start: date, days: tuple[int, ...]) -> pd.DatetimeIndex:
    """Return the dates of some days; many series of many replications share them."""
    import pandas as pd

    return pd.DatetimeIndex([start + timedelta(days=day) for day in days], name="date")


def _by_site(reading: Reading, value: Callable[[SiteView], FloatArray]) -> pd.DataFrame:
    views = reading.sites
    columns = [value(view) for view in views]
    values = np.column_stack(columns) if columns else np.empty((reading.trajectory.n_days, 0))
    return _frame(reading, values, [view.site for view in views], ("site",))


def cover_of_site(view: SiteView) -> FloatArray:
    """Return the cover of the thinnest component at the end of each day, shape (day,) [days]."""
    run = view.trajectory
    if view.components.size == 0:
        return np.full(run.n_days, np.nan)
    return np.asarray((run.on_hand[:, view.components] / view.use_planned).min(axis=1))


@series("days_of_cover", title="cover of the thinnest component", unit="d", columns=("site",))
def days_of_cover(reading: Reading) -> pd.DataFrame:
    """Return the end-of-day stock over planned use, least over each site's components."""
    return _by_site(reading, cover_of_site)


def days_of_site(reading: Reading, view: SiteView) -> pd.DataFrame:
    """Return what the series of these names say of one site, without reading the others."""
    import pandas as pd

    columns = {"days_of_cover": cover_of_site(view), "built": view.made, "planned": view.planned}
    index = _dates(reading.trajectory.start, tuple(range(reading.trajectory.n_days)))
    return pd.DataFrame(columns, index=index)


@series("component_cover", title="cover of each component", unit="d", columns=("site", "material"))
def component_cover(reading: Reading) -> pd.DataFrame:
    """Return the end-of-day stock over planned use of each component of each reported site."""
    run = reading.trajectory
    index = [int(i) for view in reading.sites for i in view.components]
    values = run.on_hand[:, index] / run.use_planned[index]
    columns = [(run.stocks[i].site, run.stocks[i].material) for i in index]
    return _frame(reading, values, columns, ("site", "material"))


@series("built", title="units made", unit="unit/d", columns=("site",))
def built(reading: Reading) -> pd.DataFrame:
    """Return what each reported site made."""
    return _by_site(reading, lambda view: view.made)


@series("planned", title="units planned, or demanded", unit="unit/d", columns=("site",))
def planned(reading: Reading) -> pd.DataFrame:
    """Return the plan of each reported site."""
    return _by_site(reading, lambda view: view.planned)


@series("parked", title="incomplete units waiting", unit="unit", columns=("site",))
def parked(reading: Reading) -> pd.DataFrame:
    """Return the incomplete units waiting at each reported site."""
    return _by_site(reading, lambda view: view.trajectory.line_parked[:, view.lines].sum(axis=1))


@series("backorders", title="units owed to customers", unit="unit", columns=("site",))
def backorders(reading: Reading) -> pd.DataFrame:
    """Return the backorders of each reported site."""
    return _by_site(reading, lambda view: view.trajectory.line_owed[:, view.lines].sum(axis=1))


@series("made", title="output of every line", unit="driver unit/d", columns=("line",))
def made(reading: Reading) -> pd.DataFrame:
    """Return the rate each line ran at."""
    run = reading.trajectory
    return _frame(reading, run.line_made, run.lines, ("line",))


@series("wanted", title="output of lines had its inputs been there", unit="driver unit/d", columns=("line",))
def wanted(reading: Reading) -> pd.DataFrame:
    """Return the rate each line would have run at had its inputs been there."""
    run = reading.trajectory
    return _frame(reading, run.line_wanted, run.lines, ("line",))


@series(
    "on_hand",
    title="stock at the end of the day",
    unit="unit of material",
    columns=("site", "material", "role"),
)
def on_hand(reading: Reading) -> pd.DataFrame:
    """Return every stock at the end of each day."""
    run = reading.trajectory
    columns = [(stock.site, stock.material, stock.role) for stock in run.stocks]
    return _frame(reading, run.on_hand, columns, ("site", "material", "role"))


def _register_lane_series(name: str, title: str, unit: str) -> None:
    @series(name, title=title, unit=unit, columns=("lane",))
    def read(reading: Reading) -> pd.DataFrame:
        run = reading.trajectory
        return _frame(reading, getattr(run, name), run.lanes, ("lane",))


for _name, _title, _unit in (
    ("shipped", "shipped on each lane", "unit of material/d"),
    ("received", "received on each lane", "unit of material/d"),
    ("ordered", "ordered on each lane", "unit of material/d"),
    ("in_transit", "under way on each lane", "unit of material"),
    ("held", "held by a refusal on each lane", "unit of material"),
    ("unshipped", "ordered and not shipped on each lane", "unit of material"),
    ("lead_time_days", "lead time experienced on each lane", "d"),
):
    _register_lane_series(_name, _title, _unit)


@series(
    "touched_share",
    title="share of an element that was touched in a jurisdiction",
    unit="share",
    columns=("site", "element", "jurisdiction"),
)
def touched_share(reading: Reading) -> pd.DataFrame:
    """Return the touched shares of the inputs of each site, weekly and on the last day."""
    run = reading.trajectory
    return _frame(
        reading, run.touched, run.touched_keys, ("site", "element", "jurisdiction"), run.touched_days
    )
