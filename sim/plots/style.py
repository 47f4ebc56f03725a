"""What all pictures share: the style sheet, colours by meaning, axes of dates, labels that keep apart.

Colours are of Okabe and Ito (2008); where two meet, they differ in lightness too, so that a print in grey
can be read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

SHEET = Path(__file__).with_name("style.mplstyle")
DARK, GREY, PALE = "#222222", "#8A8A8A", "#BDBDBD"
STOPPED, SHORT, BUILDING, BACK = "#B2182B", "#F4A582", "#4393C3", "#00704F"
"""A stopped line, a short one, one that builds, and the day it is back."""
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F6000")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "ooo", "+++")
PLACES = {
    "CN": "#D55E00",
    "US": "#0072B2",
    "JP": "#CC79A7",
    "AU": "#009E73",
    "MY": "#F0E442",
    "IN": "#56B4E9",
    "MM": "#7F3B08",
    "KR": "#332288",
    "DE": "#E69F00",
    "RU": "#555555",
    "other": "#BDBDBD",
    "unknown": "#E0E0E0",
}
"""Colours of jurisdictions; all others are grey."""
UNIT_WORDS = {"d": "days", "unit": "units", "share": "share"}
LEGEND_ROW_INCHES = 0.175
LEADER: dict[str, Any] = {
    "arrowstyle": "-",
    "linewidth": 0.7,
    "shrinkA": 2,
    "shrinkB": 0,
    "relpos": (0.0, 0.5),
}


def sheet() -> Any:
    """Return the settings of the style sheet.

    matplotlib.style would read every style it ships with; only this one is needed.
    """
    from matplotlib import rc_params_from_file

    return rc_params_from_file(SHEET, use_default_template=False)


def title_of(run: Run) -> str:
    """Return the title of a run's scenario, or its name."""
    return str(run.manifest["title"] or run.name)


def lost_share(metrics: pd.DataFrame) -> pd.Series[float]:
    """Return the units each manufacturer loses beyond the baseline as a share of its plan."""
    return metrics["lost_beyond_baseline_units"] / metrics["planned_units"].clip(lower=1e-12)


def date_axis(ax: Axes, label: str = "date") -> None:
    """Make the horizontal axis one of dates, with few ticks."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    ax.set_xlabel(label)


def thousands(ax: Axes, axis: str = "y") -> None:
    """Write the ticks of an axis with grouped digits, never as a factor beside the axis."""
    from matplotlib.ticker import FuncFormatter

    formatter = FuncFormatter(lambda value, _: f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}")
    (ax.yaxis if axis == "y" else ax.xaxis).set_major_formatter(formatter)


DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
"""Patterns of lines that are too many to be told apart by colour, or in grey."""


def label_ends(
    ax: Axes,
    ends: list[tuple[float, str, Any]],
    x: float = 1.02,
    gap: float = 0.062,
    dashes: Sequence[Any] = (),
) -> None:
    """Name lines at their right end: (value, text, colour), moved apart so that no two names overlap.

    The lines from the ends to the names have the pattern of `dashes`, in the same order, where there are any.
    """
    low, high = ax.get_ylim()
    levels = spread([(value - low) / (high - low) for value, _, _ in ends], gap)
    patterns = [*dashes, *["-"] * (len(ends) - len(dashes))]
    for (value, text, colour), level, dash in zip(ends, levels, patterns, strict=True):
        ax.annotate(
            text,
            xy=(1.0, (value - low) / (high - low)),
            xytext=(x, level),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colour,
            fontsize=8.5,
            va="center",
            annotation_clip=False,
            arrowprops={**LEADER, "color": colour, "linestyle": dash, "linewidth": 1.4 if dashes else 0.7},
        )


def spread(levels: list[float], gap: float) -> list[float]:
    """Move levels apart so that neighbours are at least ``gap`` away, keeping their order.

    Examples
    --------
    >>> [round(level, 2) for level in spread([0.0, 0.0, 0.9], 0.1)]
    [0.0, 0.1, 0.9]
    """
    order = sorted(range(len(levels)), key=lambda i: (levels[i], i))
    out = list(levels)
    floor = -math.inf
    for i in order:
        out[i] = max(levels[i], floor)
        floor = out[i] + gap
    # What was pushed above the top is pushed back down from there.
    ceiling = 1.0
    for i in reversed(order):
        out[i] = min(out[i], ceiling)
        ceiling = out[i] - gap
    return out


def legend_below(ax: Axes, handles: list[Any], inches: float, columns: int) -> float:
    """Draw a legend so far below the axes, whatever their size; return how far below it ends [inches]."""
    from matplotlib.transforms import ScaledTranslation

    figure = ax.get_figure()
    if not handles or figure is None:
        return inches
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=ax.transAxes + ScaledTranslation(0.0, -inches, figure.dpi_scale_trans),
        ncols=columns,
        handletextpad=0.4,
        columnspacing=1.1,
        borderaxespad=0.0,
        fontsize=8,
    )
    return inches + LEGEND_ROW_INCHES * math.ceil(len(handles) / columns) + 0.06


def short_name(name: str, width: int = 34) -> str:
    """Return a name cut at a word so that it is no longer than ``width``.

    Examples
    --------
    >>> short_name("Toyotsu Rare Earths India, Vizag", 20)
    'Toyotsu Rare…'
    """
    if len(name) <= width:
        return name
    cut = name[: width - 1].rsplit(" ", 1)[0].rstrip(" ,;:")
    return f"{cut or name[: width - 1]}…"


def timestamps(frame: pd.DataFrame, column: str) -> list[float]:
    """Return a column of dates as the numbers matplotlib draws."""
    from matplotlib.dates import date2num

    return [float(date2num(value)) for value in frame[column]]


def say_nothing(ax: Axes, text: str) -> None:
    """Write why a picture has nothing to show in the middle of its axes."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=DARK, fontsize=9)


def place_colours(places: list[str]) -> dict[str, str]:
    """Return a colour for each jurisdiction, the same in all pictures; what has none of its own is grey."""
    return {place: PLACES.get(place, PALE) for place in places}
