"""The sentences of a result: the headline, and how a figure or a never is written."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


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


def plain_name(material: str, names: dict[str, str]) -> str:
    """Return how people call a material."""
    return names.get(material, material.replace("_", " "))


def headline_of(metrics: pd.DataFrame, manifest: dict[str, Any]) -> str:
    """Return the one sentence that says what happens to the first manufacturer affected."""
    affected = metrics[metrics["is_affected"]]
    if affected.empty:
        return _no_effect(metrics, manifest)
    first = first_affected(affected)
    parts = [f"{first['name']} builds to plan for {_runway(first, manifest)}"]
    stop = first["line_stop_date"] or first["first_shortfall_date"]
    if stop is not None:
        word = "first stop" if first["line_stop_date"] is not None else "first shortfall"
        missing = first["limiting_component"]
        names = manifest.get("material_names", {})
        parts.append(f"{word} {stop.isoformat()}" + (f" for {plain_name(missing, names)}" if missing else ""))
    parts.append(f"{units_text(first['lost_units'])} units lost by {end_date(manifest).isoformat()}")
    if len(affected) > 1 or len(metrics) > 1:
        total = units_text(float(affected["lost_units"].sum()))
        parts.append(f"{len(affected)} of {len(metrics)} manufacturers affected, {total} units in all")
    if manifest.get("band"):
        parts.append(manifest["band"])
    return "; ".join(parts)


def first_affected(affected: pd.DataFrame) -> pd.Series[Any]:
    """Return the manufacturer that falls short first, of several on one day the one that loses most."""
    order = affected.assign(
        when=[day.toordinal() if day is not None else 10**9 for day in affected["first_shortfall_date"]]
    ).sort_values(["when", "lost_units"], ascending=[True, False], kind="stable")
    return order.iloc[0]


def _runway(row: pd.Series[Any], manifest: dict[str, Any]) -> str:
    window = window_days(manifest)
    days = float(row["realised_runway_days"])
    text = f"more than {window} days" if math.isnan(days) else f"{days:.0f} days"
    low, high = float(row["realised_runway_p10_days"]), float(row["realised_runway_p90_days"])
    if math.isnan(low) and math.isnan(high):
        return text
    upper = f"> {window}" if math.isnan(high) else f"{high:.0f}"
    lower = f"> {window}" if math.isnan(low) else f"{low:.0f}"
    return f"{text} (80 %: {lower}-{upper})"


def _no_effect(metrics: pd.DataFrame, manifest: dict[str, Any]) -> str:
    count, until = len(metrics), end_date(manifest).isoformat()
    planned = metrics["planned_units"]
    share = (metrics["lost_units"] / planned.where(planned > 0.0)).fillna(0.0)
    if metrics.empty or not bool((share > 5e-5).any()):
        return f"no material effect: all {count} manufacturers build to plan until {until}"
    worst = metrics.iloc[int(share.to_numpy().argmax())]
    return (
        f"no material effect: none of {count} manufacturers loses more than 0.5 % of its plan until {until} "
        f"(most: {worst['name']}, {100.0 * float(share.max()):.2f} %)"
    )
