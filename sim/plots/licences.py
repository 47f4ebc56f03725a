"""The licence funnel: what becomes of what was filed, and how long a granted application had waited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.metrics.gates import licence_frame
from sim.plots.registry import UnknownPlot
from sim.plots.rules import mark_rules, room_for_rules, rules_between, rules_of
from sim.plots.style import (
    DARK,
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
LAYERS = {
    "shipped": "#2166AC",
    "granted, not shipped": "#92C5DE",
    "lapsed": "#4D4D4D",
    "in queue": "#FDDBC7",
    "preparing": "#FFF3E0",
    "returned": "#F4A582",
    "refused": "#B2182B",
}
"""Parts of what was filed and of what waits to be, from the bottom."""
HATCHES = {"lapsed": "xxx", "preparing": "....", "returned": "\\\\\\", "refused": "///"}
"""Parts that a print in grey would show as another one."""
DARK_LAYERS = ("lapsed", "refused")


def prepare_licence_funnel(run: Run, office: str = "") -> pd.DataFrame:
    """Return the books of one office by week [tonnes], with the delay of what the week's decisions grant.

    Parameters
    ----------
    office
        Name of the intervention; with ``/collateral``, that of its tests of look-alikes. Empty: the one
        at which most was filed, tests only where nothing else was.

    Returns
    -------
    DataFrame
        By date: the columns of an office's books, and `delay_days` [days]; empty without a licence.
    """
    books = licence_frame(replayed(run).trajectory)
    offices = sorted(set(books["office"]))
    if office and office not in offices:
        raise UnknownPlot(
            f"no office {office!r} kept books in this run; offices: {', '.join(offices) or 'none'}"
        )
    if not office and offices:
        filed = books.groupby("office")["filed"].max()
        licensing = filed[[name for name in filed.index if "/" not in str(name) and filed[name] > 0.0]]
        office = str((licensing if len(licensing) else filed).idxmax())
    frame = books[books["office"] == office].set_index("date")
    frame.attrs = {"office": office, "title": title_of(run), "rules": rules_of(run)}
    return frame


def draw_licence_funnel(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the parts of what was filed, and the effective delay on the right axis; returns ``ax``."""
    ax.set_title(
        f"Licences of {frame.attrs['office'].replace('_', ' ') or 'an authority'}\n{frame.attrs['title']}",
        fontsize=10,
    )
    ax.set_ylabel("applied for since the start [tonnes]")
    # An office may have been open without anybody applying.
    parts = _parts(frame)
    if not parts:
        ax.set_xlabel("date")
        say_nothing(ax, "no licence was applied for in this run")
        return ax
    layers = ax.stackplot(
        frame.index.to_numpy(),
        *parts.values(),
        colors=[LAYERS[name] for name in parts],
        linewidth=0.3,
        labels=list(parts),
    )
    for layer, name in zip(layers, parts, strict=True):
        layer.set_hatch(HATCHES.get(name, ""))
        layer.set_edgecolor("white" if name in DARK_LAYERS else "#777777")
    top = float(sum(parts.values()).max())
    room_for_rules(ax, top, rules_between(frame.attrs["rules"], frame.index[0], frame.index[-1]))
    ax.set_xlim(frame.index[0], frame.index[-1])
    date_axis(ax)
    thousands(ax)
    handles = ax.get_legend_handles_labels()[0]
    shown = frame["delay_days"].where(frame["delay_days"] > 0.0)
    if shown.notna().any():
        handles += _draw_delay(ax, shown)
    below = legend_below(ax, handles, LEGEND_INCHES, 4)
    mark_rules(ax, frame.attrs["rules"], frame.index[0], frame.index[-1], below)
    return ax


def _draw_delay(ax: Axes, shown: pd.Series[float]) -> list[Any]:
    """Draw the delay of what was granted on an axis of its own, and return what the legend shows of it."""
    delay = ax.twinx()
    delay.plot(shown.index, shown, color=DARK, linewidth=1.5, marker=".", markersize=3, label="delay (right)")
    delay.set_ylim(0.0, 1.25 * max(float(shown.max()), 1.0))
    delay.set_ylabel("effective delay of what was granted [days]")
    delay.spines["right"].set_visible(True)
    delay.grid(visible=False)
    delay.xaxis.set_visible(False)  # the dates stand there already
    return list(delay.get_legend_handles_labels()[0])


def _parts(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the layers that are anywhere more than nothing."""
    found = {
        "shipped": frame["shipped"],
        "granted, not shipped": (frame["granted"] - frame["shipped"] - frame["lapsed"]).clip(lower=0.0),
        "lapsed": frame["lapsed"],
        "in queue": frame["in_queue"],
        "preparing": frame["preparing"],
        "returned": frame["returned"],
        "refused": frame["refused"],
    }
    return {name: values for name, values in found.items() if float(values.max()) > 0.0}
