"""Days of cover over time: the sites that run thinnest in colour and named, all others in grey."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from sim.plots.style import date_axis, label_ends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

HIGHLIGHTED = 8
"""More lines than this cannot be told apart by colour."""
LABEL_GAP_SHARE = 0.062
"""Least distance of two labels as a share of the axis height."""
HEADROOM = 0.05
"""Free height above the highest line, as a share of it."""
MARKS_NAMED = 3
"""Interventions that are named, each in a row of its own above all lines."""
MARK_SHARE = 0.075
"""Height of such a row as a share of the axis height."""
LABEL_X = 1.035
"""Where the names at the right end start, as a share of the axis width."""


def prepare_cover(run: Run) -> pd.DataFrame:
    """Return days of cover by date and site, the sites that lose most (then the thinnest) first.

    ``attrs`` carries the names, how many sites to name, and the dated interventions.
    """
    frame = run.series("days_of_cover")
    frame = frame.loc[:, frame.notna().any(axis=0)]
    metrics = run.metrics
    start = frame.iloc[0]
    planned = metrics["planned_units"].clip(lower=1e-12)
    lost = (metrics["lost_units"] / planned).round(6).to_dict()
    order = sorted(
        frame.columns,
        key=lambda site: (
            -lost[site],
            float(frame[site].min() / start[site]) if start[site] > 0.0 else 0.0,
            site,
        ),
    )
    out = frame[order]
    falling = [site for site in order if float(out[site].min()) < 0.9 * float(start[site])]
    out.attrs = {
        "names": {site: str(metrics.loc[site, "name"]) for site in order},
        "highlighted": falling[:HIGHLIGHTED],
        "interventions": _dated(run.manifest["interventions"]),
    }
    return out


def _dated(interventions: list[dict[str, Any]]) -> list[tuple[date, str]]:
    found = []
    for item in interventions:
        if item["start"] is not None:
            found.append((date.fromisoformat(item["start"]), f"{item['id'].replace('_', ' ')} starts"))
        if item["end"] is not None:
            found.append((date.fromisoformat(item["end"]), f"{item['id'].replace('_', ' ')} ends"))
    return sorted(found)


def draw_cover(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw days of cover over time with direct labels; returns ``ax``."""
    named = list(frame.attrs["highlighted"])
    others = [site for site in frame.columns if site not in named]
    for site in others:
        ax.plot(frame.index, frame[site], color="#BDBDBD", linewidth=0.9, zorder=1)
    ends: list[tuple[float, str, Any]] = []
    for site in named:
        (line,) = ax.plot(frame.index, frame[site], zorder=3)
        ends.append((float(frame[site].iloc[-1]), frame.attrs["names"][site], line.get_color()))
    top = float(frame.max().max()) if frame.size else 1.0
    rows = min(len(_inside(frame)), MARKS_NAMED)
    ax.set_ylim(0.0, max(top, 1.0) * (1.0 + HEADROOM) / (1.0 - MARK_SHARE * rows))
    ax.set_xlim(frame.index[0], frame.index[-1])
    if others:
        level = float(frame[others].iloc[-1].median())
        count = len(others)
        text = f"{count} other{'s' if count > 1 else ''}" if named else f"all {count} sites hold their cover"
        ends.append((level, text, "#8A8A8A"))
    label_ends(ax, ends, LABEL_X, LABEL_GAP_SHARE)
    _mark(ax, frame)
    ax.set_ylabel("cover of the thinnest component [days]")
    ax.set_title("Days of cover")
    date_axis(ax)
    return ax


def _inside(frame: pd.DataFrame) -> list[tuple[pd.Timestamp, str]]:
    """Return the dated interventions that the axis of dates holds."""
    import pandas as pd

    return [
        (pd.Timestamp(day), text)
        for day, text in frame.attrs["interventions"]
        if frame.index[0] <= pd.Timestamp(day) <= frame.index[-1]
    ]


def _mark(ax: Axes, frame: pd.DataFrame) -> None:
    """Mark the interventions; their names stand in rows above all lines."""
    from matplotlib.dates import date2num

    inside = _inside(frame)
    for day, _ in inside:
        ax.axvline(date2num(day), color="#444444", linewidth=0.9, linestyle=(0, (4, 3)), zorder=2)
    for row, (day, text) in enumerate(inside[:MARKS_NAMED]):
        late = (day - frame.index[0]) > 0.6 * (frame.index[-1] - frame.index[0])
        ax.annotate(
            f"{text} {day.date().isoformat()}",
            xy=(day, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if late else 4, -6 - 12 * row),
            textcoords="offset points",
            ha="right" if late else "left",
            va="top",
            fontsize=8,
            color="#444444",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
        )
