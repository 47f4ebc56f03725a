"""The three runways of each site as horizontal bars and marks, shortest first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plots.style import title_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

SHORT, NEVER, DARK = "#D55E00", "#B8DCCF", "#222222"

TITLE_PAD = 24
"""Room for the legend between the bars and the title [points]."""


def prepare_runway(run: Run) -> pd.DataFrame:
    """Return the runways by site, shortest realised first; ``attrs["window_days"]`` is the longest countable.

    Columns: name, static, pipeline, realised, low, high [days]; NaN in realised means never, in low
    and high that there is no band or that it has no end.
    """
    metrics = run.metrics
    frame = metrics[["name"]].copy()
    for column, source in (
        ("static", "static_runway_days"),
        ("pipeline", "pipeline_runway_days"),
        ("realised", "realised_runway_days"),
        ("low", "realised_runway_p10_days"),
        ("high", "realised_runway_p90_days"),
    ):
        frame[column] = metrics[source].astype(float)
    frame = frame.sort_values(
        ["realised", "static", "name"], ascending=[True, True, True], na_position="last", kind="stable"
    )
    window = int(run.manifest["horizon_days"]) - int(run.manifest["runway_from_day"])
    frame.attrs = {
        "window_days": window,
        "counted_from": run.manifest["runway_from"],
        "title": title_of(run),
        "has_band": int(run.manifest["replications"]) > 1,
    }
    return frame


def draw_runway(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw realised runways as bars, static and pipeline as marks; returns ``ax``."""
    window = float(frame.attrs["window_days"])
    rows = np.arange(len(frame))
    realised = frame["realised"].to_numpy(dtype=float)
    is_short = np.isfinite(realised)
    # Bars nobody has would still put a swatch into the legend.
    if is_short.any():
        ax.barh(rows[is_short], realised[is_short], height=0.62, color=SHORT, label="realised", zorder=2)
    if not is_short.all():
        whole = np.full(int((~is_short).sum()), window)
        ax.barh(rows[~is_short], whole, height=0.62, color=NEVER, label="never short", zorder=2)
    mark: dict[str, Any] = {"linestyle": "", "markeredgecolor": "white", "markeredgewidth": 0.6, "zorder": 4}
    ax.plot(frame["static"], rows, "o", markersize=6, color=DARK, label="static: on hand", **mark)
    pipeline = "pipeline: and under way"
    ax.plot(frame["pipeline"], rows, "D", markersize=5.5, color="#0072B2", label=pipeline, **mark)
    if frame.attrs["has_band"]:
        _draw_band(frame, ax, rows, window)
    _label_rows(frame, ax, rows, window)
    ax.set_yticks(rows, list(frame["name"]))
    ax.set_ylim(len(frame) - 0.4, -0.6)
    reach = np.nanmax([window, *frame["static"], *frame["pipeline"]]) if len(frame) else window
    ax.set_xlim(0.0, 1.1 * float(reach))
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(f"runway from {frame.attrs['counted_from']} [days]")
    ax.set_ylabel("manufacturer [name]")
    ax.set_title(f"Runway\n{frame.attrs['title']}", fontsize=10, pad=TITLE_PAD)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=5, handletextpad=0.4, columnspacing=1.2)
    return ax


def _draw_band(frame: pd.DataFrame, ax: Axes, rows: np.ndarray, window: float) -> None:
    for row, (low, high) in zip(rows, frame[["low", "high"]].to_numpy(dtype=float), strict=True):
        if math.isnan(low):
            continue
        upper = window if math.isnan(high) else high
        ax.plot([low, upper], [row, row], color=DARK, linewidth=1.4, zorder=3, solid_capstyle="butt")
        for end in (low, upper):
            ax.plot([end, end], [row - 0.18, row + 0.18], color=DARK, linewidth=1.4, zorder=3)


def _label_rows(frame: pd.DataFrame, ax: Axes, rows: np.ndarray, window: float) -> None:
    """Write the realised runway to the right of everything else in its row."""
    columns = ["static", "pipeline", "realised", "low", "high"]
    for row, item in zip(rows, frame[columns].to_numpy(dtype=float), strict=True):
        static, pipeline, realised, low, high = (float(value) for value in item)
        never = math.isnan(realised)
        ends = [static, pipeline, high, window if never else realised]
        if frame.attrs["has_band"] and not math.isnan(low) and math.isnan(high):
            ends.append(window)
        right = max(end for end in ends if not math.isnan(end))
        text = f"> {window:.0f} d" if never else f"{realised:.0f} d"
        place: dict[str, Any] = {"xy": (right, row), "xytext": (7, 0), "textcoords": "offset points"}
        ax.annotate(text, va="center", fontsize=8, color=DARK, **place)
