"""First shortfalls of scenarios by manufacturer: a heat map, the hardest hit first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.plots.registry import NoPicture
from sim.plots.style import DARK, short_name
from sim.results.sentences import window_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.compare import Comparison

MOST_SITES = 30
ROW_INCHES, COLUMN_INCHES = 0.29, 1.35
DARK_SHARE = 0.45
"""Below this share of the scale a cell is dark, and its text white."""


def prepare_shortfalls(
    comparison: Comparison, sites: Sequence[str] = (), countries: Sequence[str] = ()
) -> pd.DataFrame:
    """Return days to the first shortfall: a row per manufacturer, a column per scenario, NaN for never.

    ``attrs``: names by site, window_days (the longest countable), the days from which each counts.
    """
    import pandas as pd

    table = comparison.table(sites, countries)
    if table.empty:
        raise NoPicture(
            "no scenario of this comparison affects a manufacturer, so there is no shortfall to show"
        )
    order = list(table.attrs["sites"])[:MOST_SITES]
    wide = table.pivot(index="site", columns="scenario", values="runway_days")
    labels = [label for label in comparison.labels if label in wide.columns]
    frame = pd.DataFrame(wide.loc[order, labels])
    names = dict(zip(table["site"], table["name"], strict=True))
    frame.attrs = {
        "names": {site: str(names[site]) for site in order},
        "windows": {label: window_days(comparison.runs[label].manifest) for label in labels},
        "counted_from": {label: str(comparison.runs[label].manifest["runway_from"]) for label in labels},
        "size": (4.4 + COLUMN_INCHES * len(labels), 1.9 + ROW_INCHES * len(order)),
    }
    return frame


def draw_shortfalls(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the heat map with the days in each cell, sooner is darker; returns ``ax``."""
    values = frame.to_numpy(dtype=float)
    window = float(max(frame.attrs["windows"].values()))
    # "cividis" is even in lightness, for colour-blind readers and prints in grey.
    shades = np.ma.masked_invalid(values)
    image = ax.imshow(shades, cmap="cividis", vmin=0.0, vmax=window, aspect="auto")
    for row, column in np.ndindex(*values.shape):
        days, label = values[row, column], str(frame.columns[column])
        never = math.isnan(days)
        text = f"> {frame.attrs['windows'][label]}" if never else f"{days:.0f}"
        dark = not never and days < DARK_SHARE * window
        ax.text(column, row, text, ha="center", va="center", fontsize=8.5, color="white" if dark else DARK)
    heads = [f"{_broken(str(label))}\nfrom {frame.attrs['counted_from'][label]}" for label in frame.columns]
    ax.set_xticks(range(len(heads)), heads, fontsize=8)
    ax.set_yticks(range(len(frame)), [short_name(frame.attrs["names"][site], 44) for site in frame.index])
    ax.grid(visible=False)
    for row in range(1, len(frame)):  # cells of one shade stay apart
        ax.axhline(row - 0.5, color="white", linewidth=1.5)
    for column in range(1, len(frame.columns)):
        ax.axvline(column - 0.5, color="white", linewidth=1.5)
    ax.tick_params(length=0)
    ax.set_xlabel("scenario [name, and the day its runways count from]")
    ax.set_ylabel("manufacturer [name]")
    ax.set_title("First shortfall; white: to plan until the end", x=0.0)
    ax.figure.colorbar(image, ax=ax, label="days to the first shortfall [days]", fraction=0.05, pad=0.03)
    return ax


def _broken(name: str) -> str:
    """Return a name over lines short enough for a column."""
    from textwrap import wrap

    return "\n".join(wrap(name.replace("_", " "), 17))
