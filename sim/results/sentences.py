"""The sentences of a result: the headline, and how a figure or a never is written."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


NEVER = 10**9
"""A day number later than all dates."""
NOTHING_SHARE = 5e-5
"""A loss of this share of the plan or less is rounding."""


def window_days(manifest: dict[str, Any]) -> int:
    """Return the days from the start of the runway count to the end of the run."""
    return int(manifest["horizon_days"]) - int(manifest["runway_from_day"])


def end_date(manifest: dict[str, Any]) -> date:
    """Return the last simulated day."""
    return date.fromisoformat(manifest["start"]) + timedelta(days=int(manifest["horizon_days"]) - 1)


def days_text(days: float | None, never_after_days: int | None = None) -> str:
    """Write a duration; a runway that never ends as ``> N d``.

    Examples
    --------
    >>> days_text(104.0), days_text(float("nan"), 365)
    ('104 d', '> 365 d')
    """
    if days is None or math.isnan(days):
        return "-" if never_after_days is None else f"> {never_after_days} d"
    return f"{days:.0f} d"


def units_text(units: float) -> str:
    """Write a number of units with three leading digits.

    Examples
    --------
    >>> units_text(212345.6), units_text(12.3), units_text(0.2)
    ('212,000', '12', '0')
    """
    if units < 1000.0:
        return f"{units:.0f}"
    step = 10 ** (math.floor(math.log10(units)) - 2)
    return f"{round(units / step) * step:,.0f}"


def loses(metrics: pd.DataFrame) -> pd.Series[bool]:
    """Tell by site whether it loses more than rounding."""
    return metrics["lost_units"] > NOTHING_SHARE * metrics["planned_units"]


def plain_name(material: str, names: dict[str, str]) -> str:
    """Return how people call a material."""
    return names.get(material, material.replace("_", " "))


def builds(name: str) -> str:
    """Return a manufacturer's name with its verb.

    Examples
    --------
    >>> builds("Indian car and two-wheeler makers"), builds("Honda, plants overseas"), builds("BMW")
    ('Indian car and two-wheeler makers build', 'Honda, plants overseas builds', 'BMW builds')
    """
    noun = re.split(r"[,(]", name)[0].split()[-1]
    is_many = noun.islower() and noun.endswith("s") and not noun.endswith(("ss", "us", "works"))
    return f"{name} {'build' if is_many else 'builds'}"


def headline_of(metrics: pd.DataFrame, baseline: pd.DataFrame, manifest: dict[str, Any]) -> str:
    """Return the one sentence that says who falls short first, who stops first, and what is lost.

    All is judged against the baseline: a loss, a shortfall or a stop that it has as well is not told.
    """
    affected = metrics[metrics["is_affected"]]
    if affected.empty:
        return _no_effect(metrics, baseline, manifest)
    first = first_affected(affected, baseline)
    parts = [
        f"{builds(str(first['name']))} to plan for {_runway(first, baseline, manifest)}",
        *_shortfall_and_stop(first, metrics, baseline, manifest),
        f"{_lost(first, baseline)} by {end_date(manifest).isoformat()}",
    ]
    if len(affected) > 1 or len(metrics) > 1:
        total = units_text(float(affected["lost_beyond_baseline_units"].sum()))
        # Cars, turbines and devices are all units; their sum says so.
        kinds = " of all kinds" if len(affected) > 1 else ""
        parts.append(f"{len(affected)} of {len(metrics)} manufacturers affected, {total} units{kinds} in all")
    if manifest.get("band"):
        parts.append(manifest["band"])
    return "; ".join(parts)


def first_affected(affected: pd.DataFrame, baseline: pd.DataFrame) -> pd.Series[Any]:
    """Return the manufacturer that falls short first, of several on one day the one that loses most.

    Who is short as early in the baseline comes last.
    """
    days = [_day_beyond(affected, baseline, site, "first_shortfall_date") for site in affected.index]
    order = affected.assign(when=days).sort_values(
        ["when", "lost_beyond_baseline_units"], ascending=[True, False], kind="stable"
    )
    return order.iloc[0]


def first_stopped(metrics: pd.DataFrame, baseline: pd.DataFrame) -> pd.Series[Any] | None:
    """Return the site whose line stops first, of several on one day the one that loses most."""
    days = [_day_beyond(metrics, baseline, site, "line_stop_date") for site in metrics.index]
    order = metrics.assign(when=days).sort_values(
        ["when", "lost_beyond_baseline_units"], ascending=[True, False], kind="stable"
    )
    return order.iloc[0] if order["when"].iloc[0] < NEVER else None


def _day_beyond(metrics: pd.DataFrame, baseline: pd.DataFrame, site: Any, column: str) -> int:
    """Return the day number of a date that the baseline does not have as early; else a day past all."""
    day, before = metrics[column].loc[site], baseline[column].loc[site]
    if day is None or (before is not None and before <= day):
        return NEVER
    return int(day.toordinal())


def _shortfall_and_stop(
    first: pd.Series[Any], metrics: pd.DataFrame, baseline: pd.DataFrame, manifest: dict[str, Any]
) -> list[str]:
    """Say when the first is short of what, and which line stops first for want of what."""
    names = manifest.get("material_names", {})
    short = (first["first_shortfall_date"], first["limiting_component"])
    stopped = first_stopped(metrics, baseline)
    stop = None if stopped is None else (stopped["line_stop_date"], stopped["stop_component"])
    parts = []
    if short[0] is not None and (stopped is None or stopped.name != first.name or stop != short):
        parts.append(f"first shortfall {_when_and_what(*short, names)}")
    if stopped is not None and stop is not None:
        whose = "" if stopped.name == first.name else f" at {stopped['name']}"
        parts.append(f"first stop {_when_and_what(*stop, names, whose)}")
    return parts


def _when_and_what(day: date, missing: str | None, names: dict[str, str], whose: str = "") -> str:
    return f"{day.isoformat()}{whose}" + (f" for {plain_name(missing, names)}" if missing else "")


def _runway(row: pd.Series[Any], baseline: pd.DataFrame, manifest: dict[str, Any]) -> str:
    window = window_days(manifest)
    days = float(row["realised_runway_days"])
    text = f"more than {window} days" if math.isnan(days) else f"{days:.0f} days"
    text += _band(row, window)
    before = float(baseline["realised_runway_days"].loc[str(row.name)])
    return text if math.isnan(before) else f"{text}, in the baseline for {before:.0f}"


def _band(row: pd.Series[Any], window: int) -> str:
    low, high = float(row["realised_runway_p10_days"]), float(row["realised_runway_p90_days"])
    if math.isnan(low) and math.isnan(high):
        return ""
    upper = f"> {window}" if math.isnan(high) else f"{high:.0f}"
    lower = f"> {window}" if math.isnan(low) else f"{low:.0f}"
    return f" (80 %: {lower}-{upper})"


def _lost(row: pd.Series[Any], baseline: pd.DataFrame) -> str:
    """Write the loss; if the baseline has one, say that it is counted on top."""
    before = float(baseline["lost_units"].loc[str(row.name)])
    beyond = " beyond the baseline" if before > NOTHING_SHARE * float(row["planned_units"]) else ""
    return f"{units_text(row['lost_beyond_baseline_units'])} units lost{beyond}"


def _no_effect(metrics: pd.DataFrame, baseline: pd.DataFrame, manifest: dict[str, Any]) -> str:
    count, until = len(metrics), end_date(manifest).isoformat()
    planned = metrics["planned_units"]
    share = (metrics["lost_beyond_baseline_units"] / planned.where(planned > 0.0)).fillna(0.0)
    losing = loses(baseline)
    plan = "to plan" if metrics.empty or not bool(losing.any()) else "as much as in the baseline"
    if metrics.empty or not bool((share > NOTHING_SHARE).any()):
        who = f"all {count} manufacturers build" if count != 1 else builds(str(metrics["name"].iloc[0]))
        return f"no material effect: {who} {plan} until {until}"
    worst = metrics.iloc[int(share.to_numpy().argmax())]
    loss = f"none of {count} manufacturers loses more than"
    if count == 1:
        loss = f"{worst['name']} loses at most"
    beyond = " beyond the baseline's loss" if bool(losing.any()) else ""
    return (
        f"no material effect: {loss} 0.5 % of its plan{beyond} until "
        f"{until} (most: {worst['name']}, {100.0 * float(share.max()):.2f} %)"
    )
