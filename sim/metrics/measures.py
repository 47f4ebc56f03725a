"""The measures of a site, one function each.

Dates and runways are looked for from the day runways count; losses are of the whole horizon. Where a
site has several lines, a *shortfall* is the first of any line; plan and output are sums.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import wraps

import numpy as np

from sim.metrics.reading import Reading, SiteView, first_day, first_run
from sim.metrics.registry import measure

SHORTFALL_SHARE = 0.999
"""A line that makes less than this share of its plan is short."""
HALF_SHARE = 0.5
STOP_SHARE = 0.05
STOP_DAYS = 5
RECOVERED_SHARE = 0.95
RECOVERED_DAYS = 14
AFFECTED_SHARE = 0.005
"""A site that loses more than this share of its plan beyond its baseline's loss is affected."""


def _date(reading: Reading, day: int | None) -> date | None:
    return None if day is None else reading.trajectory.start + timedelta(days=day)


Looking = Callable[[Reading, SiteView], int | None]


def _once(look: Looking) -> Looking:
    """Look for a day of a site once: four measures ask for the first shortfall."""

    @wraps(look)
    def found(reading: Reading, view: SiteView) -> int | None:
        key = (look.__name__, reading.runway_from_day)
        if key not in view.found:
            view.found[key] = look(reading, view)
        return view.found[key]

    return found


@_once
def shortfall_day(reading: Reading, view: SiteView) -> int | None:
    """Return the first day a line of the site makes < 99.9 % of plan for want of input."""
    return first_day(np.asarray(_short(view).any(axis=0)), reading.runway_from_day)


def _short(view: SiteView) -> np.ndarray:
    """Tell which lines were short for want of input on which days, shape (line, day)."""
    made, planned, wants_input = view.daily
    return np.asarray((made < SHORTFALL_SHARE * planned) & wants_input)


def _cover_days(view: SiteView, stock: np.ndarray) -> float | None:
    if view.components.size == 0:
        return None
    return float(np.min(stock / view.use_planned))


@measure("days_of_cover_at_start", title="cover of the thinnest component on day 0", unit="d")
def days_of_cover_at_start(reading: Reading, view: SiteView) -> float | None:
    """Return opening stock over planned use, least over the components."""
    return _cover_days(view, view.on_hand_at_start_of(0))


@measure("static_runway_days", title="static runway: components on hand over planned use", unit="d")
def static_runway_days(reading: Reading, view: SiteView) -> float | None:
    """Return the days the finished components on hand last at plan, least over the components."""
    return _cover_days(view, view.on_hand_at_start_of(reading.runway_from_day))


@measure("pipeline_runway_days", title="pipeline runway: with the goods under way to the site", unit="d")
def pipeline_runway_days(reading: Reading, view: SiteView) -> float | None:
    """Return the days the components on hand and under way last at plan, least over the components."""
    day = reading.runway_from_day
    return _cover_days(view, view.on_hand_at_start_of(day) + view.under_way_at_start_of(day))


@measure("realised_runway_days", title="realised runway: days to the first shortfall", unit="d")
def realised_runway_days(reading: Reading, view: SiteView) -> float | None:
    """Return the days from the start of the count to the first shortfall; None if never short."""
    day = shortfall_day(reading, view)
    return None if day is None else float(day - reading.runway_from_day)


@measure("first_shortfall_date", title="first day a line makes < 99.9 % of plan", unit="date")
def first_shortfall_date(reading: Reading, view: SiteView) -> date | None:
    """Return the date of the first shortfall for want of input."""
    return _date(reading, shortfall_day(reading, view))


@measure("first_below_half_date", title="first day below half of plan", unit="date")
def first_below_half_date(reading: Reading, view: SiteView) -> date | None:
    """Return the first date on which the site makes less than half of its plan."""
    return _date(reading, first_day(view.made < HALF_SHARE * view.planned, reading.runway_from_day))


@measure("line_stop_date", title="first of five days running at 5 % of plan or less", unit="date")
def line_stop_date(reading: Reading, view: SiteView) -> date | None:
    """Return the first of five consecutive days at 5 % of plan or less."""
    return _date(reading, _stop_day(reading, view))


@_once
def _stop_day(reading: Reading, view: SiteView) -> int | None:
    stopped = (view.made <= STOP_SHARE * view.planned) & (view.planned > 0.0)
    return first_run(stopped, STOP_DAYS, reading.runway_from_day)


@measure("limiting_component", title="what was missing at the first shortfall", unit="name")
def limiting_component(reading: Reading, view: SiteView) -> str | None:
    """Return the material that bound the line which lost most on the day of the first shortfall."""
    return _missing_on(reading, view, shortfall_day(reading, view))


@measure("stop_component", title="what was missing on the day of the line stop", unit="name")
def stop_component(reading: Reading, view: SiteView) -> str | None:
    """Return the material that bound the line which lost most on the first day of the line stop."""
    return _missing_on(reading, view, _stop_day(reading, view))


def _missing_on(reading: Reading, view: SiteView, day: int | None) -> str | None:
    """Return the material that bound the line which lost most on a day, if one bound any."""
    if day is None:
        return None
    run = reading.trajectory
    short = _short(view)[:, day]
    if not short.any():
        return None
    lost = run.line_planned[day, view.lines] - run.line_made[day, view.lines]
    worst = view.lines[int(np.argmax(np.where(short, lost, -np.inf)))]
    return run.materials[int(run.line_limit[day, worst])]


@measure("time_to_recover_days", title="from the first shortfall to 95 % of plan for 14 days", unit="d")
def time_to_recover_days(reading: Reading, view: SiteView) -> float | None:
    """Return the days from the first shortfall until 95 % of plan holds for good, 14 days at the least.

    Days of 95 % and more that another fall follows are no recovery. A site that never falls below 95 %
    recovers in 0 days; one that is not back 14 days before the horizon does not recover.
    """
    day = shortfall_day(reading, view)
    if day is None:
        return None
    low = np.flatnonzero(view.made[day:] < RECOVERED_SHARE * view.planned[day:])
    if low.size == 0:
        return 0.0
    back = int(low[-1]) + 1
    return float(back) if view.made.size - day - back >= RECOVERED_DAYS else None


@measure("planned_units", title="plan of the horizon", unit="unit")
def planned_units(reading: Reading, view: SiteView) -> float:
    """Return the sum of the plan over the horizon."""
    return view.planned_units


@measure("lost_units", title="plan less output, catch-up included", unit="unit")
def lost_units(reading: Reading, view: SiteView) -> float:
    """Return plan less output over the horizon, after catching up; never negative."""
    return max(0.0, view.planned_units - view.made_units)


@measure("parked_units", title="incomplete units waiting at the end", unit="unit")
def parked_units(reading: Reading, view: SiteView) -> float:
    """Return the incomplete units that still wait for a component on the last day."""
    return float(reading.trajectory.line_parked[-1, view.lines].sum())


@measure("fill_rate", title="share of plan made; for customers: of demand served on its day", unit="share")
def fill_rate(reading: Reading, view: SiteView) -> float | None:
    """Return output over plan; at a customer the share of demand served from stock on its day.

    Backorders are served first, so what a customer receives on a day counts for that day's demand
    only beyond what was owed the evening before.
    """
    planned = view.planned_units
    if planned <= 0.0:
        return None
    if not view.is_customer:
        return min(1.0, view.made_units / planned)
    run = reading.trajectory
    owed = run.line_owed[:, view.lines]
    owed_before = np.vstack([np.zeros((1, owed.shape[1])), owed[:-1]])
    demand = run.line_planned[:, view.lines]
    on_its_day = np.clip(run.line_made[:, view.lines] - owed_before, 0.0, demand)
    return float(on_its_day.sum()) / planned


@measure("touched_start_share", title="rare earths touched in the first tracked place, day 0", unit="share")
def touched_start_share(reading: Reading, view: SiteView) -> float | None:
    """Return the touched share of the site's inputs at the first record (see `touched_end_share`)."""
    return _touched_share(reading, view, 0)


@measure("touched_end_share", title="rare earths touched in the first tracked place, last day", unit="share")
def touched_end_share(reading: Reading, view: SiteView) -> float | None:
    """Return the touched share of the site's inputs at the last record.

    The mean over the elements of the site's inputs, weighted by their planned use.
    """
    return _touched_share(reading, view, -1)


def _touched_share(reading: Reading, view: SiteView, record: int) -> float | None:
    run, weights = reading.trajectory, view.touched_weights
    if not view.touched.size or run.touched.shape[0] == 0:
        return None
    shares = run.touched[record, view.touched]
    known = np.isfinite(shares) & (weights > 0.0)
    if not known.any():
        return None
    return float((shares[known] * weights[known]).sum() / weights[known].sum())
