"""What each loss costs, as two heat maps that share their rows: by duration, and by manufacturer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.stress import Verdict, planned_a_day, ranked
from sim.plots.style import sheet

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.domain import Network

MOST_ROWS, MOST_COLUMNS = 25, 30
NAME_WIDTH, MAKER_WIDTH = 46, 30
DARK = 0.75
"""Share of the scale above which numbers are written in white."""


def prepare_stress(
    verdicts: Sequence[Verdict], network: Network
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the costliest nodes as two frames with the same rows, at the largest severity asked for.

    Returns
    -------
    Time to survive [days] by duration (NaN: nobody is short), and days of plan lost by manufacturer at the
    longest duration. A node that costs nothing has no row.
    """
    import pandas as pd

    table = ranked(verdicts)
    table = table[table.severity == table.groupby("rank").severity.transform("max")]
    ranks = sorted(set(table["rank"][table.lost_plan_days > 0.0]))[:MOST_ROWS]
    table = table[table["rank"].isin(ranks)]
    times = table.pivot(index="rank", columns="duration_days", values="time_to_survive_days")
    names = table.drop_duplicates("rank").set_index("rank")
    labels = [_label(names.loc[rank]) for rank in times.index]
    by_node = {(item.node.kind, item.node.node_id): item for item in verdicts}
    rows = []
    for rank in times.index:
        found = by_node[names.loc[rank, "kind"], names.loc[rank, "node"]]
        worst = max(found.outcomes, key=lambda item: (item.severity, item.duration_days))
        lost = worst.lost_units.items()
        rows.append({site: units / planned_a_day(network, site) for site, units in lost})
    makers = pd.DataFrame(rows, index=times.index).fillna(0.0)
    makers = makers.loc[:, makers.sum().sort_values(ascending=False, kind="stable").index[:MOST_COLUMNS]]
    makers.columns = pd.Index([_short(network.sites[site].name) for site in makers.columns])
    for frame in (times, makers):
        frame.index = pd.Index(labels, name="node")
    return times, makers


def _short(name: str) -> str:
    return shorten(name, MAKER_WIDTH, placeholder=" ...")


def _label(row: Any) -> str:
    return f"{shorten(str(row['name']), NAME_WIDTH, placeholder=' ...')} ({row['kind']})"


def draw_stress(times: pd.DataFrame, makers: pd.DataFrame, left: Axes, right: Axes) -> None:
    """Draw times to survive by duration, dark if short, and plan lost by manufacturer, dark if much."""
    values = times.to_numpy(dtype=float)
    longest = float(np.nanmax(values, initial=1.0))
    _map(left, np.where(np.isnan(values), 0.0, longest + 1.0 - values), values, "Blues")
    left.set_xticks(range(times.shape[1]), [f"{days:.0f}" for days in times.columns])
    left.set_yticks(range(times.shape[0]), list(times.index))
    left.set_xlabel("out for [days]")
    left.set_title("survives [days]", pad=8)
    image = _map(right, makers.to_numpy(dtype=float), makers.to_numpy(dtype=float), "YlOrBr")
    right.set_xticks(range(makers.shape[1]), list(makers.columns), rotation=90)
    right.set_yticks([])
    right.set_xlabel("manufacturer [name]")
    right.set_title("plan lost [days] by each manufacturer, longest time out", pad=8)
    bar = right.figure.colorbar(image, ax=right, fraction=0.025, pad=0.02)
    bar.set_label("plan lost [days]")
    bar.outline.set_visible(False)


def _map(axes: Axes, shades: np.ndarray, numbers: np.ndarray, colours: str) -> Any:
    """Draw one map; colours go by the square root, so that small losses show beside large ones."""
    from matplotlib.colors import PowerNorm

    most = max(float(shades.max(initial=0.0)), 1.0)
    image = axes.imshow(shades, cmap=colours, norm=PowerNorm(0.5, 0.0, most), aspect="auto")
    for (row, column), number in np.ndenumerate(numbers):
        text = "" if np.isnan(number) or number < 0.5 else f"{number:.0f}"
        colour = "white" if (shades[row, column] / most) ** 0.5 > DARK else "#222222"
        axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=colour)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def stress_figure(verdicts: Sequence[Verdict], network: Network, title: str) -> Figure:
    """Return the picture of a stress test; it belongs to no window."""
    from matplotlib import rc_context

    from sim.plots.picture import Picture

    times, makers = prepare_stress(verdicts, network)
    with rc_context(sheet()):
        if times.empty:
            figure = Picture(figsize=(8.0, 1.6))
            figure.text(0.02, 0.5, f"{title}\nNobody loses anything.", va="center")
            return figure
        across = max(0.34 * times.shape[1], 1.2), max(0.34 * makers.shape[1], 4.2) + 0.6
        figure = Picture(figsize=(4.8 + sum(across), 3.4 + 0.27 * len(times)), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=across)
        draw_stress(times, makers, left, right)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5)
    return figure


def save_stress(path: Path, verdicts: Sequence[Verdict], network: Network, title: str) -> None:
    """Write the picture as a PNG."""
    from matplotlib import rc_context

    figure = stress_figure(verdicts, network, title)
    with rc_context(sheet()):
        figure.savefig(path, format="png", pil_kwargs={"compress_level": 2})
