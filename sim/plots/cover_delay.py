"""Cover against delay: units lost on a grid of covers and licence delays, each cell a run of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.case import Case
from sim.domain import central
from sim.interventions import ExportLicence
from sim.interventions.scope import resolve_place
from sim.metrics import reported_sites
from sim.plots.registry import NoPicture, UnknownPlot
from sim.plots.style import DARK, lost_share, short_name, spread
from sim.results.execute import run as simulate_run
from sim.results.replay import replayed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.domain import Network
    from sim.results.run import Run

COVERS = (15, 30, 45, 60, 90, 120)
DELAYS = (21, 42, 63, 84, 126, 168)
"""Grid [days]; 63 and 126 calendar days are 45 and 90 working days."""
LEAST_SCALE = 1.0
"""Where the scale of colours ends at least [% of the plan]."""
WORKING_DAYS = {45: 63, 90: 126}
"""The statutory time of decision, and twice it: working days to calendar days, seven for five."""
WARM_UP_DAYS = 30
AFTER_DAYS = 120
MOST_POINTS = 12
TENTHS_BELOW = 10.0
"""Losses are written to a tenth of a percent if all are smaller than this [%]."""
LABEL_AT = 1.03
"""Where names of manufacturers begin [share of the width of the axes]."""
NUMBER_ROOM = (0.075, 0.065)
"""Width and height that a number of a cell wants with half a marker around it [share of the axes]."""


@dataclass(frozen=True)
class Mark:
    """A manufacturer in the picture [shares of the axes]."""

    name: str
    x: float
    y: float
    level: float
    """Height of its name, which others push aside."""
    is_out: bool
    """Its cover bridges more than the axis holds."""


def prepare_cover_delay(
    run: Run,
    site: str = "",
    by: str = "",
    covers: Sequence[float] = COVERS,
    delays: Sequence[float] = DELAYS,
) -> pd.DataFrame:
    """Run the grid through `sim.run` and return the units a manufacturer loses, as a share of its plan.

    Each cell is the run's network with one cover for all components of the manufacturer, and an export
    licence of one delay, granted in the end, on all it buys from abroad. Nothing else of the scenario
    takes part.

    Parameters
    ----------
    site
        Manufacturer; empty: of those that buy from the country the one that loses the largest share of its
        plan in the run, or, if none loses anything, has the highest licensed share.
    by
        Country whose exports are licensed; empty: that of the run's own licence, or the first tracked one.
    covers, delays
        The grid [calendar days].

    Returns
    -------
    DataFrame
        Rows by cover, columns by delay [days]: units lost while the delay lasts and 120 days on, as a share
        of the plan of those days [%]. ``attrs``: site, name, by, share (of the use of the most exposed
        component), points (name, cover, delay its cover bridges) of all exposed manufacturers.

    Raises
    ------
    UnknownPlot
        If there is no such manufacturer.
    NoPicture
        If it, or nobody, buys anything from the country across a border.
    """
    import pandas as pd

    case = replayed(run).case
    network = case.network
    licensor = by or _licensor(case)
    exposed = exposures(network, licensor)
    if site and site not in reported_sites(network):
        raise UnknownPlot(f"site {site!r} is not a manufacturer; sites: {', '.join(reported_sites(network))}")
    if not exposed or (site and site not in exposed):
        who = f"{site} buys nothing" if site else "no manufacturer buys anything"
        raise NoPicture(f"{who} from {licensor} across a border; choose another --with by=")
    lost = lost_share(run.metrics)
    chosen = site or max(exposed, key=lambda name: (lost[name], exposed[name], name))
    values = []
    for cover in covers:
        world = _with_cover(network, chosen, cover)  # one object a row, so that it is compiled once
        values.append([_lost(replace(case, network=world), chosen, licensor, delay) for delay in delays])
    frame = pd.DataFrame(values, index=pd.Index(covers, name="cover"), columns=pd.Index(delays, name="delay"))
    frame.attrs = {
        "site": chosen,
        "name": network.sites[chosen].name,
        "by": network.countries[licensor].name if licensor in network.countries else licensor,
        "share": exposed[chosen],
        "points": _points(network, exposed, chosen),
        "size": (8.6, 5.0),
    }
    return frame


def _licensor(case: Case) -> str:
    own = [item for item in case.interventions if isinstance(item, ExportLicence)]
    return own[0].by[0] if own else (case.network.tracked or ("CN",))[0]


def exposures(network: Network, licensor: str) -> dict[str, float]:
    """Return, by manufacturer abroad, the share of its most exposed component that comes from a country."""
    found: dict[str, float] = {}
    sellers = resolve_place(network, licensor)
    countries = {network.sites[site].country for site in sellers}
    for site in reported_sites(network):
        if network.sites[site].country in countries:
            continue
        shares: dict[str, float] = {}
        for lane in network.lanes_into(site):
            if lane.supplier in sellers:
                shares[lane.material] = shares.get(lane.material, 0.0) + lane.sourcing_share
        if shares and max(shares.values()) > 0.0:
            found[site] = min(max(shares.values()), 1.0)
    return found


def _with_cover(network: Network, site: str, cover: float) -> Network:
    """Return the network with one cover for all components of a site, also on the first day."""
    record = network.sites[site]
    changed = replace(record, cover=dict.fromkeys(record.cover, float(cover)), opening_cover={})
    return replace(network, sites={**network.sites, site: changed})


def _lost(case: Case, site: str, licensor: str, delay: float) -> float:
    """Return the share of the plan that a manufacturer loses at one delay [%]."""
    world = case.network
    materials = tuple(sorted({lane.material for lane in world.lanes_into(site)}))
    licence = ExportLicence(
        id="licence",
        by=(licensor,),
        to_places=(site,),
        materials=materials,
        start=case.start + timedelta(days=WARM_UP_DAYS),
        processing_days=float(delay),
    )
    horizon = WARM_UP_DAYS + round(delay) + AFTER_DAYS
    cell = Case("cover_delay", world, start=case.start, horizon_days=horizon, interventions=(licence,))
    rows: dict[Any, Any] = simulate_run(cell).metrics.to_dict("index")
    row = rows[site]
    return 100.0 * float(row["lost_beyond_baseline_units"]) / max(float(row["planned_units"]), 1e-12)


def _points(network: Network, exposed: dict[str, float], chosen: str) -> list[tuple[str, float, float]]:
    """Return name, least cover and the delay that cover bridges, the chosen manufacturer first."""
    found = []
    for site, share in exposed.items():
        covers = [central(value) for value in network.sites[site].cover.values()]
        if covers:
            cover = min(covers)
            found.append((site != chosen, cover / share, network.sites[site].name, cover))
    found.sort()
    return [(name, cover, bridged) for _, bridged, name, cover in found[:MOST_POINTS]]


def draw_cover_delay(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the heat map with the line cover = share x delay; returns ``ax``. Both axes are to scale."""
    from matplotlib.lines import Line2D

    delays, covers = (np.array(list(axis), dtype=float) for axis in (frame.columns, frame.index))
    values = frame.to_numpy(dtype=float)
    # Where next to nothing is lost the scale still ends at a per cent: rounding must not look like a loss.
    high = max(float(values.max()), LEAST_SCALE)
    mesh = ax.pcolormesh(
        _edges(delays), _edges(covers), values, cmap="cividis_r", vmin=0.0, vmax=high, edgecolors="white",
        linewidth=0.8,
    )  # fmt: skip
    digits = 0 if high >= TENTHS_BELOW else 1
    right, top = _edges(delays)[-1], _edges(covers)[-1]
    share = frame.attrs["share"]
    reach = np.array([0.0, min(right, top / share)])
    ax.plot(reach, share * reach, color="#D55E00", linewidth=2.0, zorder=4)
    marks = _placed(frame, right, top)
    drawn = _obstacles(marks, (reach[1] / right, share * reach[1] / top))
    for i, j in np.ndindex(*values.shape):
        x0, x1 = _edges(delays)[j : j + 2] / right
        y0, y1 = _edges(covers)[i : i + 2] / top
        x, y = _free_corner((x0, x1), (y0, y1), drawn)
        is_left, is_top = x == x0, y == y1
        ax.annotate(
            f"{values[i, j]:.{digits}f}",
            xy=(x, y),
            xycoords="axes fraction",
            xytext=(3 if is_left else -3, -3 if is_top else 3),
            textcoords="offset points",
            ha="left" if is_left else "right",
            va="top" if is_top else "bottom",
            fontsize=7.5,
            color="white" if values[i, j] > 0.55 * high else DARK,
        )
    _draw_points(marks, ax)
    for working, calendar in WORKING_DAYS.items():
        if calendar < right:
            ax.annotate(
                f"{working} working days",
                xy=(calendar, 1.0),
                xycoords=ax.get_xaxis_transform(),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
                arrowprops={"arrowstyle": "-|>", "color": DARK, "shrinkA": 0, "shrinkB": 0},
            )
    ax.set_xlim(0.0, right)
    ax.set_ylim(0.0, top)
    ax.grid(visible=False)
    ax.set_xlabel("delay of a licence [calendar days]")
    ax.set_ylabel("cover of every component [days]")
    ax.set_title(f"{frame.attrs['name']} under export licences of {frame.attrs['by']}", pad=24)
    ax.figure.colorbar(mesh, ax=ax, label="units lost [% of the plan]", fraction=0.04, pad=0.24)
    line = Line2D([], [], color="#D55E00", linewidth=2.0, label=f"cover = {100 * share:.0f} % x delay")
    point = Line2D(
        [],
        [],
        linestyle="",
        marker="o",
        color="#CC79A7",
        markeredgecolor=DARK,
        label="cover today, at the delay it bridges",
    )
    ax.legend(handles=[line, point], loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, fontsize=8)
    return ax


def _edges(middles: np.ndarray) -> np.ndarray:
    """Return the edges of cells around given middles, the first at 0."""
    between = (middles[1:] + middles[:-1]) / 2.0
    last = middles[-1] + (middles[-1] - between[-1] if between.size else middles[-1] / 2.0)
    return np.concatenate(([0.0], between, [last]))


def _placed(frame: pd.DataFrame, right: float, top: float) -> list[Mark]:
    """Return where manufacturers stand; those that bridge more than the axis holds stand at its edge."""
    points = frame.attrs["points"]
    levels = spread([min(cover / top, 1.0) for _, cover, _ in points], 0.052)
    return [
        Mark(name, min(bridged / right, 1.0), min(cover / top, 1.0), level, is_out=bridged > right)
        for (name, cover, bridged), level in zip(points, levels, strict=True)
    ]


def _obstacles(marks: Sequence[Mark], end: tuple[float, float]) -> list[tuple[np.ndarray, float]]:
    """Return what a number should not lie on, as points along it, and how much it would be hidden there."""
    along = np.linspace(0.0, 1.0, 200)[:, None]
    found = [(along * np.array(end), 2.0)]
    for mark in marks:
        start = np.array([mark.x, mark.y])
        found.append((start[None, :], 4.0))
        found.append((start + along * (np.array([LABEL_AT, mark.level]) - start), 1.0))
    return found


def _free_corner(
    across: tuple[float, float], up: tuple[float, float], drawn: Sequence[tuple[np.ndarray, float]]
) -> tuple[float, float]:
    """Return the corner of a cell where the least hides a number, the top left one if all are free."""
    wide, high = NUMBER_ROOM

    def hidden(corner: tuple[float, float]) -> float:
        middle = np.array([
            corner[0] + (wide / 2 if corner[0] == across[0] else -wide / 2),
            corner[1] + (high / 2 if corner[1] == up[0] else -high / 2),
        ])  # fmt: skip
        room = np.array([wide, high]) / 2.0
        return sum(weight for path, weight in drawn if (np.abs(path - middle) <= room).all(axis=1).any())

    return min(((x, y) for y in reversed(up) for x in across), key=hidden)


def _draw_points(marks: Sequence[Mark], ax: Axes) -> None:
    """Draw the manufacturers with their names beside the axes."""
    for mark in marks:
        ax.plot(
            [mark.x],
            [mark.y],
            ">" if mark.is_out else "o",
            transform=ax.transAxes,
            color="#CC79A7",
            markeredgecolor=DARK,
            markersize=7,
            zorder=6,
            clip_on=False,
        )
        ax.annotate(
            short_name(mark.name, 40),
            xy=(mark.x, mark.y),
            xycoords="axes fraction",
            xytext=(LABEL_AT, mark.level),
            textcoords="axes fraction",
            fontsize=7.5,
            va="center",
            annotation_clip=False,
            zorder=5,
            arrowprops={"arrowstyle": "-", "color": "#888888", "linewidth": 0.6, "relpos": (0.0, 0.5)},
        )
