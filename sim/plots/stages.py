"""Stock by stage: tonnes of one element on hand along the chain and under way, beside the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plots.registry import UnknownPlot
from sim.plots.rules import mark_rules, room_for_rules, rules_between, rules_of
from sim.plots.style import (
    DARK,
    date_axis,
    label_ends,
    thousands,
    title_of,
)
from sim.results.replay import replayed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.domain import Network
    from sim.engine.trajectory import Trajectory
    from sim.results.run import Run

STAGES = ("mining", "scrap", "separation", "metal", "magnet", "tier1", "oem", "other_uses")
COLOURS = {
    "mining": "#7F3B08",
    "scrap": "#B35806",
    "separation": "#E08214",
    "metal": "#FDB863",
    "magnet": "#D8DAEB",
    "tier1": "#B2ABD2",
    "oem": "#8073AC",
    "other_uses": "#999999",
    "under way": "#542788",
}
"""From brown to violet along the chain; lightness changes from band to band."""
WORDS = {"tier1": "components", "oem": "manufacturers", "other_uses": "other uses", "mining": "mines"}
SMALL_SHARE = 0.004
"""A stage that never holds more than this share of the whole is left out."""


def prepare_stages(run: Run, element: str = "") -> pd.DataFrame:
    """Return tonnes of an element by stage at the end of each day, ``under way`` among them.

    Parameters
    ----------
    element
        One of the network's; empty: its first. Alloys, magnets and components count by their contents.

    Returns
    -------
    DataFrame
        By date: a column per stage, `under way`, and `baseline` (the whole without the rules) [tonnes].
    """
    import pandas as pd

    again = replayed(run)
    network = again.case.network
    chosen = element or network.elements[0]
    if chosen not in network.elements:
        raise UnknownPlot(
            f"element {chosen!r} is not in the network; elements: {', '.join(network.elements)}"
        )
    frame = _by_stage(again.trajectory, network, chosen)
    base = _by_stage(again.baseline, network, chosen).sum(axis=1)
    whole = float(frame.sum(axis=1).max())
    frame = frame.loc[:, frame.max() > SMALL_SHARE * whole]
    frame.index = pd.date_range(str(run.manifest["start"]), periods=len(frame), name="date")
    frame["baseline"] = base.to_numpy()
    frame.attrs = {"element": chosen, "title": title_of(run), "rules": rules_of(run)}
    return frame


def _by_stage(run: Trajectory, network: Network, element: str) -> pd.DataFrame:
    import pandas as pd

    contents = [network.materials[stock.material].contents.get(element, 0.0) for stock in run.stocks]
    held = run.on_hand * np.array(contents)
    stages = np.array([network.sites[stock.site].stage for stock in run.stocks])
    known = [*STAGES, *sorted(set(stages) - set(STAGES))]
    found: dict[str, Any] = {
        stage: held[:, stages == stage].sum(axis=1) for stage in known if stage in stages
    }
    carried = [
        network.materials[network.lanes[lane].material].contents.get(element, 0.0) for lane in run.lanes
    ]
    found["under way"] = (run.in_transit + run.held) @ np.array(carried)
    return pd.DataFrame(found)


def draw_stages(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the stages above each other with direct labels; returns ``ax``."""
    stages = [name for name in frame.columns if name != "baseline"]
    colours = [COLOURS.get(stage, "#BDBDBD") for stage in stages]
    days = frame.index.to_numpy()
    ax.stackplot(days, *(frame[stage] for stage in stages), colors=colours, edgecolor="white", linewidth=0.4)
    ax.plot(frame.index, frame["baseline"], color=DARK, linewidth=1.3, linestyle=(0, (4, 2)), zorder=4)
    top = float(np.nanmax([frame[stages].sum(axis=1).max(), frame["baseline"].max()]))
    room_for_rules(ax, top, rules_between(frame.attrs["rules"], frame.index[0], frame.index[-1]))
    ax.set_xlim(frame.index[0], frame.index[-1])
    last = frame[stages].iloc[-1]
    middles = last.cumsum() - last / 2.0
    ends: list[tuple[float, str, Any]] = [
        (float(middles[stage]), WORDS.get(stage, stage), DARK) for stage in stages
    ]
    ends.append((float(frame["baseline"].iloc[-1]), "baseline, all", DARK))
    label_ends(ax, ends)
    mark_rules(ax, frame.attrs["rules"], frame.index[0], frame.index[-1])
    date_axis(ax)
    thousands(ax)
    element = frame.attrs["element"]
    ax.set_ylabel(f"stock, contained {element} [tonnes]")
    ax.set_title(f"Stock by stage, {element}\n{frame.attrs['title']}", fontsize=10)
    return ax
