"""Tonnes held by each gate over time: licence, ban, quota, route, transit, and the seller's want of goods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.metrics.gates import GATES, TONNE, waiting_at
from sim.plots.rules import mark_rules, room_for_rules, rules_between, rules_of
from sim.plots.style import (
    date_axis,
    legend_below,
    say_nothing,
    thousands,
    title_of,
)
from sim.results.replay import replayed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

LEGEND_INCHES = 0.55
SPECK_TONNES = 1e-6
"""Less than this waits only by rounding."""
COLOURS = {
    "licence": "#0072B2",
    "ban": "#B2182B",
    "quota": "#E69F00",
    "route": "#009E73",
    "transit": "#56B4E9",
    "seller": "#D9D9D9",
}
HATCHES = {"licence": "", "ban": "///", "quota": "...", "route": "\\\\\\", "transit": "xxx", "seller": ""}
WORDS = {
    "licence": "licence or test",
    "ban": "ban, or a buyer who refuses",
    "quota": "quota",
    "route": "closed route",
    "transit": "held on the way",
    "seller": "seller has no goods yet",
}


def prepare_gates(run: Run) -> pd.DataFrame:
    """Return the tonnes that wait at each gate at the end of each day; goods counted in units are left out.

    Columns are the gates at which anything waits, in the order goods meet them [tonnes].
    """
    import pandas as pd

    again = replayed(run)
    trajectory, network = again.trajectory, again.case.network
    lanes = (network.materials[network.lanes[lane].material].unit for lane in trajectory.lanes)
    is_mass = np.array([unit == TONNE for unit in lanes])
    days = pd.date_range(str(run.manifest["start"]), periods=trajectory.n_days, name="date")
    found = {gate: waiting_at(trajectory, gate)[:, is_mass].sum(axis=1) for gate in GATES}
    frame = pd.DataFrame(
        {gate: values for gate, values in found.items() if values.max() > SPECK_TONNES}, index=days
    )
    frame.attrs = {"title": title_of(run), "rules": rules_of(run)}
    return frame


def draw_gates(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw what waits at the gates above each other; returns ``ax``."""
    ax.set_title(f"Tonnes that wait at each gate\n{frame.attrs['title']}", fontsize=10)
    ax.set_ylabel("waiting at the end of the day [tonnes]")
    if frame.empty:
        ax.set_xlabel("date")
        say_nothing(ax, "nothing waits at any gate")
        return ax
    layers = ax.stackplot(
        frame.index.to_numpy(),
        *(frame[gate] for gate in frame.columns),
        colors=[COLOURS[gate] for gate in frame.columns],
        labels=[WORDS[gate] for gate in frame.columns],
    )
    for layer, gate in zip(layers, frame.columns, strict=True):
        layer.set_hatch(HATCHES[gate])
        layer.set_edgecolor("white")
        layer.set_linewidth(0.0)
    rules = rules_between(frame.attrs["rules"], frame.index[0], frame.index[-1])
    room_for_rules(ax, float(frame.sum(axis=1).max()), rules)
    ax.set_xlim(frame.index[0], frame.index[-1])
    date_axis(ax)
    thousands(ax)
    below = legend_below(ax, ax.get_legend_handles_labels()[0], LEGEND_INCHES, 3)
    mark_rules(ax, rules, frame.index[0], frame.index[-1], below)
    return ax
