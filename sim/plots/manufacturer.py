"""One manufacturer: its cover over time, whether it builds, and its runways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.metrics.measures import SHORTFALL_SHARE, STOP_SHARE
from sim.plots.fan import baseline_of
from sim.plots.registry import UnknownPlot
from sim.plots.rules import mark_rules, room_for_rules, rules_between, rules_of
from sim.plots.style import (
    BUILDING,
    DARK,
    GREY,
    SHORT,
    STOPPED,
    date_axis,
    legend_below,
    lost_share,
    title_of,
)
from sim.results.sentences import NOTHING_SHARE, days_text, units_text, window_days

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

STRIP_SHARE = 0.055
"""Height of the strip of building and standing, as a share of the height of the axes."""
LEGEND_INCHES = 0.5
RUNWAYS = {"static": "o", "pipeline": "D", "realised": "s"}


def prepare_manufacturer(run: Run, site: str = "") -> pd.DataFrame:
    """Return the days of one manufacturer.

    Parameters
    ----------
    site
        Manufacturer; empty: the one that loses the largest share of its plan.

    Returns
    -------
    DataFrame
        By date: cover, baseline [days of the thinnest component; the baseline NaN where the run kept none],
        share [output as a share of the day's plan, 1 on days without a plan].

    Raises
    ------
    UnknownPlot
        If there is no such manufacturer; the message has the nearest.
    """
    metrics = run.metrics
    chosen = site or str(lost_share(metrics).idxmax())
    if chosen not in metrics.index:
        import difflib

        near = difflib.get_close_matches(chosen, [str(name) for name in metrics.index], n=1)
        guess = f"; did you mean {near[0]!r}?" if near else ""
        raise UnknownPlot(f"site {chosen!r} is not a manufacturer{guess} sites: {', '.join(metrics.index)}")
    cover = run.series("days_of_cover")
    row = {str(key): value for key, value in metrics.loc[chosen].items()}
    return days_of(
        cover[chosen],
        baseline_of(run, "days_of_cover", chosen, cover.index),
        run.series("built")[chosen],
        run.series("planned")[chosen],
        row,
        title=title_of(run),
        rules=rules_of(run),
        counted_from=str(run.manifest["runway_from"]),
        window_days=window_days(run.manifest),
    )


def days_of(
    cover: pd.Series[float],
    baseline: pd.Series[float],
    built: pd.Series[float],
    planned: pd.Series[float],
    row: Mapping[str, Any],
    *,
    title: str,
    rules: list[tuple[str, str, str]],
    counted_from: str,
    window_days: int,
) -> pd.DataFrame:
    """Return the frame of the picture from series by date and a row of `run.metrics`.

    Parameters
    ----------
    cover, baseline
        Cover of the thinnest component [days].
    built, planned
        Output and plan [unit/day].
    rules
        As `rules.rules_of` gives them.
    counted_from, window_days
        The ISO date runways count from, and the days from there to the end of the run.
    """
    import pandas as pd

    share = (built / planned.where(planned > 0.0)).fillna(1.0)
    frame = pd.DataFrame({"cover": cover, "baseline": baseline, "share": share})
    frame.attrs = {
        "name": str(row["name"]),
        "title": title,
        "rules": rules,
        "counted_from": counted_from,
        "window_days": window_days,
        "lost": float(row["lost_beyond_baseline_units"]),
        "lost_anyway": float(row["lost_units"]) - float(row["lost_beyond_baseline_units"]),
        "planned": float(planned.sum()),
        "runways": {name: float(row[f"{name}_runway_days"]) for name in RUNWAYS},
    }
    return frame


def draw_manufacturer(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw cover over time, the strip of building, short and stopped, and the runways; returns ``ax``."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if frame["baseline"].notna().any():
        ax.plot(frame.index, frame["baseline"], color=GREY, linewidth=1.4, zorder=2)
        handles.append(Line2D([], [], color=GREY, linewidth=1.4, label="cover, baseline"))
    ax.plot(frame.index, frame["cover"], color="#0072B2", zorder=4)
    handles.append(Line2D([], [], color="#0072B2", label="cover, scenario"))
    first, last = frame.index[0], frame.index[-1]
    inside = rules_between(frame.attrs["rules"], first, last)
    room_for_rules(ax, float(frame[["cover", "baseline"]].max().max()), inside)
    ax.set_xlim(first, last)
    _draw_strip(frame, ax)
    handles += _draw_runways(frame, ax)
    handles += [
        Patch(color=colour, label=text)
        for text, colour in (("builds to plan", BUILDING), ("short", SHORT), ("stopped", STOPPED))
    ]
    date_axis(ax)
    ax.set_ylabel("cover of the thinnest component [days]")
    lost, runway = frame.attrs["lost"], frame.attrs["runways"]["realised"]
    fate = f"runway {days_text(runway, frame.attrs['window_days'])}, {units_text(lost)} units lost"
    if frame.attrs["lost_anyway"] > NOTHING_SHARE * frame.attrs["planned"]:
        fate += " beyond the baseline"
    ax.set_title(f"{frame.attrs['name']}: {fate}\n{frame.attrs['title']}", fontsize=10)
    mark_rules(ax, inside, first, last, legend_below(ax, handles, LEGEND_INCHES, 4))
    return ax


def _draw_strip(frame: pd.DataFrame, ax: Axes) -> None:
    """Draw a strip below zero cover: how the line builds day by day."""
    from matplotlib.dates import date2num

    top = ax.get_ylim()[1]
    depth = top * STRIP_SHARE
    ax.set_ylim(-1.5 * depth, top)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0.0 <= tick <= top])
    day = date2num(frame.index)
    share = frame["share"]
    kinds = {
        BUILDING: share >= SHORTFALL_SHARE,
        SHORT: (share < SHORTFALL_SHARE) & (share > STOP_SHARE),
        STOPPED: share <= STOP_SHARE,
    }
    for colour, chosen in kinds.items():
        spans = [(float(first), 1.0) for first in day[chosen.to_numpy()]]
        ax.broken_barh(spans, (-1.5 * depth, depth), facecolors=colour, linewidth=0, zorder=3)


def _draw_runways(frame: pd.DataFrame, ax: Axes) -> list[Any]:
    """Mark the ends of the runways on the line of zero cover; return what the legend says of them."""
    import pandas as pd
    from matplotlib.dates import date2num

    counted = pd.Timestamp(frame.attrs["counted_from"])
    handles: list[Any] = []
    for name, days in frame.attrs["runways"].items():
        if math.isnan(days) or days > frame.attrs["window_days"]:  # never, or after the last day
            continue
        (mark,) = ax.plot(
            [date2num(counted) + days],
            [0.0],
            RUNWAYS[name],
            color=DARK if name != "pipeline" else "#E69F00",
            markeredgecolor="white",
            markersize=6.5,
            linestyle="",
            clip_on=False,
            zorder=6,
            label=f"{name} runway",
        )
        handles.append(mark)
    return handles
