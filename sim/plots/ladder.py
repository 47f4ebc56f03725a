"""The runway ladder: product lines by the day they stop, what was missing, from whom, what it cost."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.causes import chain
from sim.analysis.evidence import Evidence
from sim.metrics import Reading
from sim.metrics.measures import (
    AFFECTED_SHARE,
    STOP_DAYS,
    STOP_SHARE,
    limiting_component,
    line_stop_date,
    pipeline_runway_days,
    realised_runway_days,
    shortfall_day,
    static_runway_days,
    stop_component,
    time_to_recover_days,
)
from sim.plots.style import BACK, BUILDING, DARK, SHORT, STOPPED, legend_below, short_name, title_of
from sim.results.replay import replayed
from sim.results.sentences import loses, units_text, window_days

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.metrics import SiteView
    from sim.results.run import Run

COLUMNS = (
    "name", "static", "pipeline", "realised", "low", "high", "stop", "back", "short", "stopped", "component",
    "supplier", "lost_units", "planned_units",
)  # fmt: skip
MOST_LINES = 30
HEIGHT = 0.6
BUILT_AGAIN = "#DCEAF3"
"""Days to plan after the first shortfall."""
COLUMN_HEADS = ((8.0, "missing first"), (112.0, "its supplier"), (338.0, "units lost (of plan)"))
"""Where the columns at the right begin, the last one ends [points from the axes]."""
HEAD_POINTS = 7.0
LEGEND_INCHES = 0.55
"""How far below the axes the legend stands, whatever their size."""
TEXT_WIDTHS = (25, 36, 24)
NAME_WIDTH, LEAST_NAME = 44, 20
"""Letters of a line's name beside the ladder; those of its site that are kept in any case."""


def prepare_ladder(run: Run, most: int = MOST_LINES) -> pd.DataFrame:
    """Return the product lines that fall short, by the day they stop, then by the first shortfall.

    Parameters
    ----------
    most
        Lines shown; the rest is counted in ``attrs["more"]``.

    Returns
    -------
    DataFrame
        A row per line, columns `COLUMNS`: runways, stop and back in days since runways count (NaN: never),
        `low` and `high` the 10 and 90 % points of its site's runway over the replications, on the line
        that falls short first there (NaN: none), `short` and `stopped` tuples of (first, last + 1) days,
        the component missing first, the supplier whose lane fell furthest behind, units lost beyond the
        baseline. ``attrs``: window_days, counted_from, title, held (lines that build to plan), more, beyond
        (what is said of losses if the baseline has some).
    """
    import pandas as pd

    again = replayed(run)
    day = int(run.manifest["runway_from_day"])
    evidence = Evidence(again.case, again.trajectory, again.baseline, day)
    reading = Reading(again.trajectory, again.case.network, day)
    twin = Reading(again.baseline, again.case.network, day)
    bands: dict[Any, Any] = run.metrics.to_dict("index")
    rows, held = {}, 0
    for site, other in zip(reading.sites, twin.sites, strict=True):
        first = shortfall_day(reading, site)
        for view, before in zip(_by_line(evidence, site), _by_line(evidence, other), strict=True):
            row = _row(evidence, reading, view, before)
            if row is None:
                held += 1
                continue
            if row["first"] == first and int(run.manifest["replications"]) > 1:
                row["low"] = bands[site.site]["realised_runway_p10_days"]
                row["high"] = bands[site.site]["realised_runway_p90_days"]
            rows[again.trajectory.lines[int(view.lines[0])]] = row
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    frame = frame.sort_values(["stop", "realised", "name"], na_position="last", kind="stable")
    more = max(len(frame) - most, 0)
    frame = frame.head(most)
    frame.index.name = "line"
    frame.attrs = {
        "window_days": window_days(run.manifest),
        "counted_from": str(run.manifest["runway_from"]),
        "title": title_of(run),
        "held": held,
        "beyond": " beyond the baseline" if loses(run.baseline_metrics).any() else "",
        "more": more,
        "has_band": bool(frame["low"].notna().any()),
    }
    return frame


def _by_line(evidence: Evidence, site: SiteView) -> list[SiteView]:
    """Return a view of each line of a site, with the components it uses."""
    run, views = evidence.run, []
    for line in site.lines:
        inputs = evidence.network.lines[run.lines[int(line)]].inputs
        kept = [i for i, stock in enumerate(site.components) if run.stocks[int(stock)].material in inputs]
        views.append(
            replace(
                site,
                lines=np.array([line], dtype=np.int32),
                components=site.components[kept],
                inbound=tuple(site.inbound[i] for i in kept),
            )
        )
    return views


def _row(evidence: Evidence, reading: Reading, view: SiteView, twin: SiteView) -> dict[str, Any] | None:
    """Return what the ladder shows of a line; None if it loses next to nothing beyond its baseline."""
    day, from_day = shortfall_day(reading, view), reading.runway_from_day
    lost = float((twin.made - view.made).sum())
    planned = float(view.planned.sum())
    if day is None or lost <= AFFECTED_SHARE * planned:
        return None
    back = time_to_recover_days(reading, view)
    stop = line_stop_date(reading, view)
    component = limiting_component(reading, view) or stop_component(reading, view)
    supplier = "" if component is None else _supplier(evidence, view.site, str(component), day)
    line = evidence.run.lines[int(view.lines[0])]
    stopped = (view.made <= STOP_SHARE * view.planned) & (view.planned > 0.0)
    below = (view.made < 0.999 * view.planned) & ~stopped
    return {
        "name": _line_name(evidence, view.site, line),
        "first": day,
        "static": static_runway_days(reading, view),
        "pipeline": pipeline_runway_days(reading, view),
        "realised": realised_runway_days(reading, view),
        "low": math.nan,
        "high": math.nan,
        "stop": float((stop - evidence.run.start).days - from_day) if isinstance(stop, date) else math.nan,
        "back": day - from_day + back if isinstance(back, float) and back > 0.0 else math.nan,
        "short": _spells(below, from_day, day, 1),
        "stopped": _spells(stopped, from_day, day, STOP_DAYS),
        "component": "" if component is None else str(component).replace("_", " "),
        "supplier": supplier,
        "lost_units": lost,
        "planned_units": planned,
    }


def _line_name(evidence: Evidence, site: str, line: str) -> str:
    name = evidence.site_name(site)
    if len(evidence.network.lines_at(site)) == 1:
        return name
    part = line.removeprefix(f"{site}_").replace("_", " ")
    # The part tells the lines of a site apart, so that it is the site's name that is cut.
    return f"{short_name(name, max(NAME_WIDTH - len(part) - 2, LEAST_NAME))}: {part}"


def _supplier(evidence: Evidence, site: str, component: str, day: int) -> str:
    links, _ = chain(evidence, site, component, day)
    return evidence.site_name(evidence.lane(links[0].lane).supplier) if links else "own use"


def _spells(hit: np.ndarray, from_day: int, first: int, least: int) -> tuple[tuple[int, int], ...]:
    """Return the spells of at least so many days from the first shortfall on, as days since runways count."""
    days = np.flatnonzero(hit[first:]) + first
    if not days.size:
        return ()
    parts = np.split(days, np.flatnonzero(np.diff(days) > 1) + 1)
    return tuple((int(p[0]) - from_day, int(p[-1]) + 1 - from_day) for p in parts if p.size >= least)


def draw_ladder(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the ladder; returns ``ax``. The horizontal axis is in days since runways count."""
    window = float(frame.attrs["window_days"])
    ax.set_title(f"Runway ladder — {frame.attrs['title']}", pad=20)
    ax.set_xlabel(f"days since {frame.attrs['counted_from']} [days]")
    ax.set_ylabel("product line [name]")
    ax.set_xlim(0.0, window)
    ax.grid(visible=False, axis="y")
    if frame.empty:
        _say_nothing_stops(frame, ax)
        return ax
    for row, item in enumerate(frame.to_dict("records")):
        _draw_line(ax, row, {str(key): value for key, value in item.items()}, window)
    _draw_marks(frame, ax)
    _write_columns(frame, ax)
    ax.set_yticks(range(len(frame)), [short_name(str(name), NAME_WIDTH) for name in frame["name"]])
    ax.set_ylim(len(frame) - 0.4, -0.6)
    _foot(frame, ax)
    _legend(ax, has_band=frame.attrs["has_band"])
    return ax


def _say_nothing_stops(frame: pd.DataFrame, ax: Axes) -> None:
    ax.set_yticks([])
    ax.set_ylim(0.0, 1.0)
    window, limit = frame.attrs["window_days"], 100.0 * AFFECTED_SHARE
    held = frame.attrs["held"]
    loses_more = f"loses more than {limit:g} % of its plan{_beyond(frame)}"
    text = f"none of {held} product lines {loses_more} in {window} days"
    ax.barh([0.5], [frame.attrs["window_days"]], height=0.3, color=BUILDING, alpha=0.35, zorder=2)
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=DARK, fontsize=9)


def _beyond(frame: pd.DataFrame) -> str:
    return str(frame.attrs.get("beyond", ""))


def _draw_line(ax: Axes, row: int, item: dict[str, Any], window: float) -> None:
    ax.barh([row], [window], height=HEIGHT, color=BUILT_AGAIN, zorder=1)
    ax.barh([row], [item["realised"]], height=HEIGHT, color=BUILDING, zorder=2)
    spans = [(first, last - first) for first, last in item["short"]]
    ax.broken_barh(spans, (row - HEIGHT / 2, HEIGHT), facecolors=SHORT, zorder=2)
    spans = [(first, last - first) for first, last in item["stopped"]]
    ax.broken_barh(spans, (row - HEIGHT / 2, HEIGHT), facecolors=STOPPED, zorder=3)
    if not math.isnan(item["low"]):
        high = window if math.isnan(item["high"]) else item["high"]
        ax.plot([item["low"], high], [row, row], color=DARK, linewidth=1.3, zorder=5, solid_capstyle="butt")
        ends = [item["low"]] if math.isnan(item["high"]) else [item["low"], high]
        ax.plot(ends, [row] * len(ends), linestyle="", marker="|", color=DARK, markersize=7, zorder=5)


def _draw_marks(frame: pd.DataFrame, ax: Axes) -> None:
    rows = np.arange(len(frame))
    mark: dict[str, Any] = {"linestyle": "", "markeredgecolor": "white", "markeredgewidth": 0.7}
    ax.plot(frame["static"], rows, "o", markersize=5.5, color=DARK, zorder=6, **mark)
    ax.plot(frame["pipeline"], rows, "D", markersize=5, color="#E69F00", zorder=6, **mark)
    is_back = frame["back"].notna().to_numpy()
    ax.plot(
        frame["back"][is_back], rows[is_back], linestyle="", marker="$\\checkmark$", markersize=10,
        color=BACK,
        markeredgewidth=0.8, zorder=6, clip_on=False,
    )  # fmt: skip


def _write_columns(frame: pd.DataFrame, ax: Axes) -> None:
    for points, head in COLUMN_HEADS:
        _write(ax, points, None, head, fontweight="bold")
    for row, item in enumerate(frame.to_dict("records")):
        share = 100.0 * item["lost_units"] / item["planned_units"]
        lost = f"{units_text(item['lost_units'])} ({share:.0f} %)"
        texts = (item["component"], item["supplier"], lost)
        for (points, _), text, width in zip(COLUMN_HEADS, texts, TEXT_WIDTHS, strict=True):
            _write(ax, points, row, short_name(text, width))


def _write(ax: Axes, points: float, row: float | None, text: str, **style: Any) -> None:
    """Write a cell right of the axes, a head if it has no row; places are in points, whatever the size."""
    last = points == COLUMN_HEADS[-1][0]
    place: dict[str, Any] = {"xy": (1.0, 1.0), "xycoords": ax.transAxes, "xytext": (points, HEAD_POINTS)}
    if row is not None:
        place = {"xy": (1.0, row), "xycoords": ax.get_yaxis_transform(), "xytext": (points, 0)}
    ax.annotate(
        text, **place, textcoords="offset points",
        ha="right" if last else "left", va="center", fontsize=7.5, color=DARK, annotation_clip=False, **style,
    )  # fmt: skip


def _foot(frame: pd.DataFrame, ax: Axes) -> None:
    more = f"{frame.attrs['more']} more lines fall short later; " if frame.attrs["more"] else ""
    held = f"{frame.attrs['held']} lines lose at most {100.0 * AFFECTED_SHARE:g} % of their plan"
    text = f"{more}{held}{_beyond(frame)}"
    ax.annotate(
        text, xy=(1.0, 0.0), xycoords="axes fraction", xytext=(8, -14), textcoords="offset points",
        fontsize=8, color="#555555", va="top", annotation_clip=False,
    )  # fmt: skip


def _legend(ax: Axes, *, has_band: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    mark: dict[str, Any] = {"linestyle": "", "markeredgecolor": "white"}
    handles: list[Any] = [
        Line2D([], [], marker="o", color=DARK, markersize=6, label="static: on hand", **mark),
        Line2D([], [], marker="D", color="#E69F00", markersize=5.5, label="pipeline: and under way", **mark),
        Patch(color=BUILDING, label="realised runway"),
        Patch(color=BUILT_AGAIN, label="to plan again"),
        Patch(color=SHORT, label="short"),
        Patch(color=STOPPED, label="stopped"),
        Line2D([], [], linestyle="", marker="$\\checkmark$", color=BACK, markersize=9, label="back for good"),
    ]
    if has_band:
        handles.append(Line2D([], [], color=DARK, marker="|", linewidth=1.3, label="10 to 90 %"))
    legend_below(ax, handles, LEGEND_INCHES, columns=4)
