"""The timeline of rules: when each is made known, in force, paused and over, and what it says."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from sim.plots.rules import pauses_of
from sim.plots.style import DARK, GREY, date_axis, legend_below, say_nothing, title_of
from sim.results.replay import replayed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.interventions import Intervention
    from sim.results.run import Run

OWN, BACKGROUND = "#0072B2", "#BDBDBD"
TEXT_WIDTH, TEXT_LINES = 112, 3
"""Letters of a sentence in a line, and lines of it that fit above its bar."""
MOST_RULES = 24
LEGEND_INCHES = 0.5
ROW_INCHES, LINE_INCHES = 0.28, 0.13
"""Height of a rule, and of each line of its sentence."""
HEIGHT = 0.28
PAUSED: dict[str, Any] = {"facecolor": "white", "hatch": "//////", "linewidth": 1.0}


def prepare_timeline(run: Run) -> pd.DataFrame:
    """Return a row per rule of the scenario, by its first day.

    Columns: id, kind, says (its measure in words), announced, start, end (NaT: unknown, never), pauses
    (pairs of first day and first day after, within the time in force), background (whether the baseline has
    it too); dates that depend on luck are those of the central run's log.
    """
    import pandas as pd

    again = replayed(run)
    first = pd.Timestamp(str(run.manifest["start"]))
    last = first + pd.Timedelta(days=int(run.manifest["horizon_days"]) - 1)
    logged = {
        (name, text): first + pd.Timedelta(days=day) for day, name, text in reversed(again.trajectory.log)
    }
    rows: list[dict[str, Any]] = [
        {
            "id": item.id,
            "kind": item.kind,
            "says": item.describe(),
            "announced": pd.Timestamp(item.announced) if item.announced else pd.NaT,
            "start": pd.Timestamp(item.start) if item.start else logged.get((item.id, "start"), pd.NaT),
            "end": pd.Timestamp(item.end) if item.end else logged.get((item.id, "end"), pd.NaT),
            "background": item.id in again.case.background,
        }
        for item in again.case.interventions
    ]
    for row, item in zip(rows, again.case.interventions, strict=True):
        row["pauses"] = _pauses(item, row["start"], row["end"])
    columns = ["id", "kind", "says", "announced", "start", "end", "pauses", "background"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.sort_values(["start", "id"], kind="stable", na_position="last", ignore_index=True)
    frame = frame.head(MOST_RULES)
    lines = max((min(len(wrap(text, TEXT_WIDTH)), TEXT_LINES) for text in frame["says"]), default=1)
    frame.attrs = {
        "first": first,
        "last": last,
        "title": title_of(run),
        "size": (8.5, 1.95 + (ROW_INCHES + LINE_INCHES * lines) * max(len(frame), 1)),
    }
    return frame


def _pauses(item: Intervention, start: Any, end: Any) -> list[tuple[Any, Any]]:
    import pandas as pd

    said = ["" if pd.isna(day) else day.date().isoformat() for day in (start, end)]
    spans = pauses_of(item, said[0], said[1])
    return [(pd.Timestamp(first), pd.Timestamp(after) if after else pd.NaT) for first, after in spans]


def draw_timeline(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw a bar per rule with its sentence above it; returns ``ax``."""
    from matplotlib.dates import date2num

    first, last = frame.attrs["first"], frame.attrs["last"]
    ax.set_title(f"Timeline of rules\n{frame.attrs['title']}", fontsize=10)
    ax.set_ylabel("rule [name]")
    ax.set_xlabel("date")
    if frame.empty:
        say_nothing(ax, "no rule: the world goes on as it is")
        return ax
    for row, record in enumerate(frame.to_dict("records")):
        _draw_rule(ax, row, {str(key): value for key, value in record.items()}, first, last)
    ax.set_yticks(range(len(frame)), [str(name).replace("_", " ") for name in frame["id"]])
    ax.set_ylim(len(frame) - 0.5, -0.85)
    ax.set_xlim(date2num(first), date2num(last))
    ax.grid(visible=False, axis="y")
    date_axis(ax)
    _legend(frame, ax)
    return ax


def _draw_rule(ax: Axes, row: int, item: dict[str, Any], first: Any, last: Any) -> None:
    import pandas as pd
    from matplotlib.dates import date2num

    start = item["start"] if not pd.isna(item["start"]) else last
    end = min(item["end"], last) if not pd.isna(item["end"]) else last
    begin = max(start, first)
    colour = BACKGROUND if item["background"] else OWN
    if begin <= end:
        ax.barh([row], [date2num(end) - date2num(begin)], left=date2num(begin), height=HEIGHT, color=colour)
    for pause, resumed in item["pauses"]:
        left, right = max(pause, first), end if pd.isna(resumed) else min(resumed, end)
        if left < right:
            width = date2num(right) - date2num(left)
            ax.barh([row], [width], left=date2num(left), height=HEIGHT, edgecolor=colour, **PAUSED)
    if pd.isna(item["end"]) or item["end"] > last:  # goes on after the window
        ax.plot([date2num(last)], [row], marker=">", color=colour, markersize=7, clip_on=False, zorder=4)
    if not pd.isna(item["announced"]) and item["announced"] < begin:
        ax.plot([date2num(item["announced"]), date2num(begin)], [row, row], color=GREY, linewidth=1.1)
        ax.plot([date2num(item["announced"])], [row], marker="|", color=DARK, markersize=9)
    says = wrap(str(item["says"]), TEXT_WIDTH)
    text = "\n".join(says[:TEXT_LINES]) + (" …" if len(says) > TEXT_LINES else "")
    across = ax.get_yaxis_transform()
    ax.text(0.005, row - 0.2, text, fontsize=7.5, color=DARK, va="bottom", linespacing=1.1, transform=across)


def _legend(frame: pd.DataFrame, ax: Axes) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if not frame["background"].all():
        handles.append(Patch(color=OWN, label="in force"))
    if frame["background"].any():
        handles.append(Patch(color=BACKGROUND, label="in force, baseline too"))
    if frame["pauses"].map(len).any():
        is_own = not frame.loc[frame["pauses"].map(len) > 0, "background"].all()
        handles.append(Patch(edgecolor=OWN if is_own else BACKGROUND, label="paused", **PAUSED))
    if (frame["announced"] < frame["start"]).any():
        handles.append(Line2D([], [], color=GREY, marker="|", markeredgecolor=DARK, label="announced"))
    legend_below(ax, handles, LEGEND_INCHES, columns=4)
