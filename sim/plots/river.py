"""The origin river: contained tonnes from stage to stage by jurisdiction, before and after on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plots.registry import UnknownPlot
from sim.plots.style import DARK, PALE, place_colours, title_of
from sim.results.replay import replayed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

STAGES = ("mining", "separation", "metal", "magnet", "tier1", "oem")
HEADS = ("mined", "separated", "metal", "magnet", "component", "built in")
DAYS_PER_YEAR = 365.0
NODE_WIDTH, GAP_SHARE = 0.07, 0.025
SMALL_SHARE = 0.012
"""Jurisdictions below this share of a stage's throughput go into `others`."""
HAIR = 0.02
"""Flows thinner than this share of the gap between two nodes are not drawn."""
OTHERS = "others"


def prepare_river(run: Run, element: str = "") -> pd.DataFrame:
    """Return what flows between jurisdictions from stage to stage, before and after.

    Parameters
    ----------
    element
        One of the network's; empty: its first.

    Returns
    -------
    DataFrame
        A row per when (before: the baseline, after: the scenario), step and to (the stages a flow leaves and
        reaches, 0: mined; some skip one), source and target (country codes, small ones in
        `others`): tonnes of contained element a year, over the days since runways count.
    """
    import pandas as pd

    again = replayed(run)
    network = again.case.network
    chosen = element or network.elements[0]
    if chosen not in network.elements:
        raise UnknownPlot(
            f"element {chosen!r} is not in the network; elements: {', '.join(network.elements)}"
        )
    first = int(run.manifest["runway_from_day"])
    rows = []
    for when, trajectory in (("before", again.baseline), ("after", again.trajectory)):
        shipped = trajectory.shipped[first:].sum(axis=0) * DAYS_PER_YEAR / max(trajectory.n_days - first, 1)
        for i, lane_id in enumerate(trajectory.lanes):
            lane = network.lanes[lane_id]
            supplier, buyer = network.sites[lane.supplier], network.sites[lane.buyer]
            tonnes = float(shipped[i]) * network.materials[lane.material].contents.get(chosen, 0.0)
            if tonnes > 0.0 and supplier.stage in STAGES and buyer.stage in STAGES:
                step, to = STAGES.index(supplier.stage), STAGES.index(buyer.stage)
                if to > step:  # scrap that goes back is not a step forward
                    rows.append((when, step, to, supplier.country, buyer.country, tonnes))
    frame = pd.DataFrame(rows, columns=["when", "step", "to", "source", "target", "tonnes"])
    frame = _with_others(frame)
    frame.attrs = {
        "element": chosen,
        "title": title_of(run),
        "from": str(run.manifest["runway_from"]),
        "size": (9.5, 7.2),
    }
    return frame


def _with_others(frame: pd.DataFrame) -> pd.DataFrame:
    """Put jurisdictions that are small at every stage together."""
    import pandas as pd

    large: set[str] = set()
    for column, stage in (("source", "step"), ("target", "to")):
        by_place = frame.groupby(["when", stage, column])["tonnes"].sum()
        share = by_place / by_place.groupby(level=[0, 1]).transform("sum")
        large |= {str(key[-1]) for key in share.index[share > SMALL_SHARE]}
    out = frame.copy()
    for column in ("source", "target"):
        out[column] = [place if place in large else OTHERS for place in out[column]]
    grouped = out.groupby(["when", "step", "to", "source", "target"], as_index=False)["tonnes"].sum()
    return pd.DataFrame(grouped)


def draw_river(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw before above after, both with the same tonnes per height; returns ``ax``."""
    ax.set_title(f"Origin river of {frame.attrs['element']}\n{frame.attrs['title']}", fontsize=10)
    ax.set_xlabel("stage [name]; colour of a flow: the country it leaves (grey: other countries)")
    ax.set_ylabel(f"contained {frame.attrs['element']} [t/yr], since {frame.attrs['from']}")
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    nodes = {when: _nodes(frame[frame["when"] == when]) for when in ("before", "after")}
    tallest = max((sum(stage.values()) for part in nodes.values() for stage in part), default=1.0) or 1.0
    gap = GAP_SHARE * tallest
    places = sorted({str(name) for column in ("source", "target") for name in frame[column]})
    colours = {**place_colours(places), OTHERS: PALE}
    height = tallest + gap * max((len(stage) for part in nodes.values() for stage in part), default=1)
    for when, top in (("before", 0.0), ("after", -1.22 * height)):
        _draw_river(frame[frame["when"] == when], ax, nodes[when], top, gap, colours)
        ax.text(
            -0.12,
            top + 0.035 * height,
            {"before": "baseline", "after": "scenario"}[when],
            fontsize=9,
            fontweight="bold",
            ha="left",
            va="bottom",
        )
    ax.set_xlim(-0.15, len(STAGES) - 1 + 0.45)
    ax.set_ylim(-2.26 * height, 0.13 * height)
    ax.set_xticks(range(len(STAGES)), HEADS)
    ax.set_yticks([])
    _scale(ax, tallest, -2.2 * height)
    return ax


def _nodes(part: pd.DataFrame) -> list[dict[str, float]]:
    """Return for each stage the larger of what comes in and what goes out, by jurisdiction, largest first."""
    stages: list[dict[str, float]] = []
    for stage in range(len(STAGES)):
        come = part[part["to"] == stage].groupby("target")["tonnes"].sum().to_dict()
        go = part[part["step"] == stage].groupby("source")["tonnes"].sum().to_dict()
        sizes = {str(name): max(come.get(name, 0.0), go.get(name, 0.0)) for name in {*come, *go}}
        order = sorted(sizes, key=lambda name: (name == OTHERS, -sizes[name], name))
        stages.append({name: sizes[name] for name in order})
    return stages


def _draw_river(
    part: pd.DataFrame,
    ax: Axes,
    nodes: list[dict[str, float]],
    top: float,
    gap: float,
    colours: dict[str, str],
) -> None:
    starts: list[dict[str, float]] = []
    for stage, sizes in enumerate(nodes):
        level, place = top, {}
        labels = []
        for name, size in sizes.items():
            ax.bar(
                stage,
                -size,
                NODE_WIDTH,
                bottom=level,
                color=colours[name],
                edgecolor=DARK,
                linewidth=0.5,
                zorder=4,
            )
            place[name] = level
            if size > 1.2 * gap:
                labels.append((level - size / 2.0, name))
            level -= size + gap
        for middle, name in labels:
            ax.text(stage + NODE_WIDTH * 0.75, middle, name, fontsize=7.5, va="center", zorder=6)
        starts.append(place)
    leaves = [dict(place) for place in starts]
    arrives = [dict(place) for place in starts]
    rank = [{name: i for i, name in enumerate(sizes)} for sizes in nodes]
    for step in range(len(STAGES) - 1):
        rows = part[part["step"] == step].to_dict("records")
        ordered = sorted(
            rows, key=lambda row: (rank[step][row["source"]], row["to"], rank[row["to"]][row["target"]])
        )
        for row in ordered:
            flow = {str(key): value for key, value in row.items()}
            _ribbon(ax, leaves[step], arrives[flow["to"]], flow, colours, HAIR * gap)


def _ribbon(
    ax: Axes,
    leaves: dict[str, float],
    arrives: dict[str, float],
    row: dict[str, Any],
    colours: dict[str, str],
    least: float,
) -> None:
    """Draw one flow and move the places where the next leaves and arrives; hairs are not drawn."""
    x = np.linspace(0.0, 1.0, 25)
    ease = x * x * (3.0 - 2.0 * x)
    start, end, size = leaves[row["source"]], arrives[row["target"]], row["tonnes"]
    leaves[row["source"]] -= size
    arrives[row["target"]] -= size
    if size < least:
        return
    upper = start + (end - start) * ease
    across = row["step"] + NODE_WIDTH / 2 + x * (row["to"] - row["step"] - NODE_WIDTH)
    ax.fill_between(
        across, upper - size, upper, color=colours[row["source"]], alpha=0.55, linewidth=0, zorder=2
    )


def _scale(ax: Axes, tallest: float, bottom: float) -> None:
    """Draw a bar of a round number of tonnes, for both rivers."""
    import math

    step = 10.0 ** math.floor(math.log10(max(tallest, 1e-9)))
    size = step if tallest / step < 5.0 else 5.0 * step
    x = len(STAGES) - 1 + 0.3
    ax.plot([x, x], [bottom, bottom + size], color=DARK, linewidth=2.0, clip_on=False)
    ax.text(x + 0.05, bottom + size / 2, f"{size:,.6g} t/yr\nin both", fontsize=8, va="center", ha="left")
