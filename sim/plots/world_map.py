"""The world map: sites by stage, lanes by what they carry, what closed and what took a detour. Offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plots.registry import UnknownPlot
from sim.plots.rules import log_dates
from sim.plots.style import DARK, title_of
from sim.results.replay import Replayed, replayed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

LAND = Path(__file__).with_name("land.txt")
"""Land of Natural Earth (public domain), rings in half degrees."""
STAGES = {
    "mining": ("^", "#7F3B08", "mine"),
    "scrap": ("v", "#999999", "scrap"),
    "separation": ("s", "#E08214", "separation"),
    "metal": ("D", "#FDB863", "metal and alloy"),
    "magnet": ("p", "#8073AC", "magnet"),
    "tier1": ("o", "#542788", "component"),
    "oem": ("*", "#111111", "manufacturer"),
}
"""Marker, colour and word of each stage; other stages are not drawn."""
CLOSED_SHARE, MORE_SHARE = 0.5, 1.25
"""A lane is closed below, and takes more above, this share of its baseline flow."""
ROUTE_SHARE = 0.25
"""A lane takes a detour if this share of its goods changes to other routes."""
COLOURS = {
    "as before": "#B4B4B4",
    "fallen by half or more": "#B2182B",
    "risen by a quarter or more": "#0B5394",
    "on other routes": "#00573F",
}
DASHES: dict[str, Any] = {
    "as before": "-",
    "fallen by half or more": (0, (4, 2)),
    "risen by a quarter or more": "-",
    "on other routes": (0, (6, 1.5, 1, 1.5)),
}
"""Lines of their own: in a print in grey dashes tell states apart, and darkness and width what grew."""
SCALE_PART = 0.05
"""The thinner line of the legend, as a share of the widest flow; what grew or moved is not drawn thinner."""
LEAST_SHARE, LEAST_TOLD_SHARE = 0.002, 1e-5
"""Lanes that carry less than this share of the busiest are left out; of those that changed, only specks."""


def prepare_world_map(run: Run, element: str = "") -> pd.DataFrame:
    """Return the lanes between sites at different places, with what they carried before and after.

    Parameters
    ----------
    element
        One of the network's, whose contained tonnes make the width; empty: its first.

    Returns
    -------
    DataFrame
        A row per pair of sites: supplier, buyer, coordinates [degrees], before and after [t/yr of the
        element] and state (`COLOURS`), over the days the rules are in force; ``attrs["sites"]`` has the
        sites.
    """
    import pandas as pd

    again = replayed(run)
    network = again.case.network
    chosen = element or network.elements[0]
    if chosen not in network.elements:
        raise UnknownPlot(
            f"element {chosen!r} is not in the network; elements: {', '.join(network.elements)}"
        )
    first, last = _window(run, again)
    days = max(last - first, 1)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    before = again.baseline.shipped[first:last].sum(axis=0) * 365.0 / days
    after = again.trajectory.shipped[first:last].sum(axis=0) * 365.0 / days
    moved = _moved(again, first, last)
    for i, lane_id in enumerate(again.trajectory.lanes):
        lane = network.lanes[lane_id]
        content = network.materials[lane.material].contents.get(chosen, 0.0)
        supplier, buyer = network.sites[lane.supplier], network.sites[lane.buyer]
        far = abs(supplier.longitude - buyer.longitude) + abs(supplier.latitude - buyer.latitude)
        if content <= 0.0 or not far > 0.5 or not {supplier.stage, buyer.stage} <= set(STAGES):
            continue
        row = rows.setdefault(
            (lane.supplier, lane.buyer),
            {
                "supplier": lane.supplier,
                "buyer": lane.buyer,
                "x0": supplier.longitude,
                "y0": supplier.latitude,
                "x1": buyer.longitude,
                "y1": buyer.latitude,
                "before": 0.0,
                "after": 0.0,
                "moved": 0.0,
            },
        )
        row["before"] += content * float(before[i])
        row["after"] += content * float(after[i])
        row["moved"] += content * float(after[i]) * moved[i]
    columns = ["supplier", "buyer", "x0", "y0", "x1", "y1", "before", "after", "moved"]
    frame = pd.DataFrame(list(rows.values()), columns=columns)
    frame["state"] = [
        _state(*row) for row in zip(frame["before"], frame["after"], frame["moved"], strict=True)
    ]
    busiest = float(frame[["before", "after"]].max().max()) if len(frame) else 0.0
    flow = frame[["before", "after"]].max(axis=1)
    is_told = (frame["state"] != "as before") & (flow > LEAST_TOLD_SHARE * busiest)
    frame = frame[(flow > LEAST_SHARE * busiest) | is_told].reset_index(drop=True)
    frame.attrs = {
        "element": chosen,
        "title": title_of(run),
        "window": (str(_date(run, first)), str(_date(run, last - 1))),
        "sites": [
            (site.longitude, site.latitude, site.stage)
            for site in network.sites.values()
            if site.stage in STAGES and np.isfinite(site.longitude)
        ],
        "size": (10.5, 6.4),
    }
    return frame


def _date(run: Run, day: int) -> Any:
    from datetime import date, timedelta

    return date.fromisoformat(str(run.manifest["start"])) + timedelta(days=day)


def _window(run: Run, again: Replayed) -> tuple[int, int]:
    """Return the days in which the scenario's own rules are in force; to the end if one goes on."""
    from datetime import date

    horizon = int(run.manifest["horizon_days"])
    first = int(run.manifest["runway_from_day"])
    logged = log_dates(run)
    own = [item for item in again.case.interventions if item.id not in again.case.background]
    ends = [item.end.isoformat() if item.end else logged.get((item.id, "end")) for item in own]
    days = [(date.fromisoformat(end) - again.case.start).days for end in ends if end is not None]
    if not days or len(days) < len(own):
        return first, horizon
    last = min(max(days), horizon)
    return (first, last) if last > first else (first, horizon)


def _moved(again: Replayed, first: int, last: int) -> np.ndarray:
    """Return the share of each lane's goods that took other routes than normally, shape (lane,).

    Normal are the shares of the network; where the baseline leaves them too, only what is beyond it counts.
    """
    run = again.trajectory
    normal = np.zeros((len(run.lanes), len(run.routes)))
    places = {route: i for i, route in enumerate(run.routes)}
    for i, lane in enumerate(run.lanes):
        for part in again.case.network.lanes[lane].routes:
            normal[i, places[part.route]] += part.share
    normal /= np.maximum(normal.sum(axis=1, keepdims=True), 1e-12)
    apart = []
    for item in (again.baseline, run):
        rows = item.shipments
        rows = rows[(rows["ship_day"] >= first) & (rows["ship_day"] < last)]
        flows = np.zeros_like(normal)
        np.add.at(flows, (rows["lane"], rows["route"]), rows["quantity"])
        total = flows.sum(axis=1, keepdims=True)
        shares = np.divide(flows, total, out=normal.copy(), where=total > 0.0)
        apart.append(0.5 * np.abs(shares - normal).sum(axis=1))
    return np.asarray(np.maximum(apart[1] - apart[0], 0.0))


def _state(before: float, after: float, moved: float) -> str:
    if after < CLOSED_SHARE * before:
        return "fallen by half or more"
    if after > 0.0 and moved > ROUTE_SHARE * after:
        return "on other routes"
    if after > MORE_SHARE * before:
        return "risen by a quarter or more"
    return "as before"


def draw_world_map(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw land, lanes and sites; returns ``ax``. Plate carree: degrees are degrees."""
    _draw_land(ax)
    widest = float(frame[["before", "after"]].max().max()) if len(frame) else 1.0
    order = list(COLOURS)
    for row in sorted(frame.to_dict("records"), key=lambda item: order.index(item["state"])):
        _draw_lane(ax, {str(key): value for key, value in row.items()}, widest)
    for stage, (marker, colour, _) in STAGES.items():
        places = [(x, y) for x, y, kind in frame.attrs["sites"] if kind == stage]
        if places:
            ax.plot(
                *zip(*places, strict=True),
                linestyle="",
                marker=marker,
                color=colour,
                markersize=7 if marker == "*" else 5,
                markeredgecolor="white",
                markeredgewidth=0.5,
                zorder=5,
            )
    ax.set_xlim(-180.0, 180.0)
    ax.set_ylim(-48.0, 75.0)
    ax.set_aspect("equal")
    ax.set_xlabel("longitude [degrees east]")
    ax.set_ylabel("latitude [degrees north]")
    first, last = frame.attrs["window"]
    ax.set_title(
        f"Lanes of {frame.attrs['element']}, {first} to {last} beside the baseline\n{frame.attrs['title']}",
        fontsize=10,
    )
    _legend(frame, ax, widest)
    return ax


def _draw_land(ax: Axes) -> None:
    from matplotlib.collections import PolyCollection

    lines = LAND.read_text(encoding="utf-8").splitlines()
    rings = [np.array(line.split(), dtype=float).reshape(-1, 2) / 2.0 for line in lines if line[0] != "#"]
    # The edges, in the colour of the land, close the seams between countries: no border is drawn.
    ax.add_collection(
        PolyCollection(rings, facecolor="#ECECE6", edgecolor="#ECECE6", linewidth=0.5, zorder=0)
    )


def _draw_lane(ax: Axes, row: dict[str, Any], widest: float) -> None:
    """Draw a lane as a bent line, so that there and back do not lie on each other."""
    t = np.linspace(0.0, 1.0, 30)
    dx, dy = row["x1"] - row["x0"], row["y1"] - row["y0"]
    if abs(dx) > 180.0:  # the shorter way is across the edge of the map
        dx -= 360.0 * float(np.sign(dx))
    bend = 0.14 * np.sin(np.pi * t)
    x, y = row["x0"] + dx * t - dy * bend, row["y0"] + dy * t + abs(dx) * bend
    state = row["state"]
    flow = row["before"] if state.startswith("fallen") else row["after"]
    as_before = state == "as before"
    more = state.startswith("risen") or state == "on other routes"
    least = _width(SCALE_PART * widest, widest) if more else 0.0
    for shift in (0.0, -360.0 * float(np.sign(x[-1]))) if abs(x[-1]) > 180.0 else (0.0,):
        ax.plot(
            x + shift,
            y,
            color=COLOURS[state],
            linewidth=max(_width(flow, widest), least),
            linestyle=DASHES[state],
            dash_capstyle="butt",
            alpha=0.45 if as_before else 0.95,
            zorder=2 if as_before else 3,
        )


def _width(flow: float, widest: float) -> float:
    return 0.5 + 3.5 * float(np.sqrt(max(flow, 0.0) / max(widest, 1e-9)))


def _legend(frame: pd.DataFrame, ax: Axes, widest: float) -> None:
    from matplotlib.lines import Line2D

    handles = []
    stages = {kind for _, _, kind in frame.attrs["sites"]}
    for stage, (marker, colour, word) in STAGES.items():
        if stage in stages:
            handles.append(
                Line2D(
                    [],
                    [],
                    linestyle="",
                    marker=marker,
                    color=colour,
                    markeredgecolor="white",
                    markersize=8,
                    label=word,
                )
            )
    for state, colour in COLOURS.items():
        if (frame["state"] == state).any():
            handles.append(
                Line2D([], [], color=colour, linewidth=2, linestyle=DASHES[state], label=f"lane {state}")
            )
    if len(frame):
        handles.append(
            Line2D([], [], color=DARK, linewidth=_width(widest, widest), label=f"{widest:,.0f} t/yr")
        )
        handles.append(
            Line2D(
                [],
                [],
                color=DARK,
                linewidth=_width(SCALE_PART * widest, widest),
                label=f"{SCALE_PART * widest:,.0f} t/yr",
            )
        )
    ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.11),
        ncols=5,
        handlelength=3.0,
        fontsize=8,
    )
