"""Why a line stopped: the tiers upstream of it as rows, the cover of what was missing, and the steps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.causes import Link, chain
from sim.analysis.evidence import Evidence
from sim.analysis.explain import misfit
from sim.metrics import Reading
from sim.metrics.measures import AFFECTED_SHARE, limiting_component, shortfall_day
from sim.plots.registry import UnknownPlot
from sim.plots.rules import PAPER
from sim.plots.style import DARK, STOPPED, date_axis, say_nothing, short_name, title_of
from sim.results.replay import replayed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.metrics import SiteView
    from sim.results.run import Run

COVER, BASE, GAP = "#4393C3", "#8A8A8A", "#B35806"
ROW = 0.6
"""Height of the highest cover, as a share of the distance of two rows."""
GAP_LEVEL = 0.8
"""Where the gap of a step is drawn between two rows."""
LEFT_LEVEL = 0.13
"""Where stock that does not fit is spoken of, above its row."""
MARGIN_DAYS = 45
"""Days shown before the first cause and after the shortfall."""


def prepare_why_stopped(run: Run, site: str = "") -> pd.DataFrame:
    """Return the cover of what was missing at each tier, from the cause down to the line that fell short.

    Parameters
    ----------
    site
        Manufacturer; empty: the first to fall short beyond the baseline.

    Returns
    -------
    DataFrame
        By date; columns (tier, what) with tier 0 the manufacturer: cover, baseline [days], binding (1 on
        days the material bound the line). ``attrs["tiers"]`` has name, missing; ``attrs["links"]`` the
        dates of each step, what stood behind it, and why the lower tier starved with a stock in hand;
        both empty if nobody falls short.
    """
    import pandas as pd

    again = replayed(run)
    evidence = Evidence(again.case, again.trajectory, again.baseline, int(run.manifest["runway_from_day"]))
    view, day, component = _chosen(evidence, site)
    frame = pd.DataFrame(
        index=pd.date_range(str(run.manifest["start"]), periods=again.trajectory.n_days, name="date")
    )
    attrs: dict[Any, Any] = {"title": title_of(run), "tiers": [], "links": [], "size": (8.5, 2.6)}
    if view is None or day is None:
        frame.attrs = attrs
        return frame
    links, _ = chain(evidence, view.site, component, day)
    tiers = [(view.site, component), *((link.cause.supplier, link.cause.material) for link in links)]
    columns: dict[tuple[int, str], np.ndarray] = {}
    for tier, (place, material) in enumerate(tiers):
        attrs["tiers"].append(
            {"name": evidence.site_name(place), "missing": _said(evidence, links, tier, material)}
        )
        row = evidence.input_row(place, material) if material else None
        if row is not None and again.trajectory.use_planned[row] > 0.0:
            use = again.trajectory.use_planned[row]
            columns[tier, "cover"] = again.trajectory.on_hand[:, row] / use
            columns[tier, "baseline"] = again.baseline.on_hand[:, row] / use
        columns[tier, "binding"] = _binding(evidence, place, material)
    frame = pd.DataFrame(dict(columns), index=frame.index)
    attrs["links"] = [
        _link(evidence, link, *tiers[i], day if i == 0 else links[i - 1].cause.day)
        for i, link in enumerate(links)
    ]
    first = min([day, *(link.cause.shipped for link in links), *(link.cause.day for link in links)])
    start = again.trajectory.start
    attrs["from"] = start + timedelta(days=max(first - MARGIN_DAYS, 0))
    attrs["to"] = start + timedelta(days=min(day + 3 * MARGIN_DAYS, again.trajectory.n_days - 1))
    attrs["short"] = start + timedelta(days=day)
    attrs["size"] = (9.5, 1.9 + 1.15 * len(tiers))
    frame.attrs = attrs
    return frame


def _chosen(evidence: Evidence, site: str) -> tuple[SiteView | None, int | None, str]:
    """Return the manufacturer, the day of its shortfall and what was missing; the asked one, or the first."""
    reading = Reading(evidence.run, evidence.network, evidence.day)
    twin = Reading(evidence.base, evidence.network, evidence.day)
    if site and site not in {view.site for view in reading.sites}:
        known = ", ".join(view.site for view in reading.sites)
        raise UnknownPlot(f"site {site!r} is not a manufacturer of this network; sites: {known}")
    found = []
    for view, other in zip(reading.sites, twin.sites, strict=True):
        day = shortfall_day(reading, view)
        if day is None or (site and view.site != site):
            continue
        lost = float((other.made - view.made).sum() / max(other.planned.sum(), 1e-12))
        if site or lost > AFFECTED_SHARE:
            found.append((day, -lost, view.site, view))
    if not found:
        return None, None, ""
    day, _, _, view = min(found, key=lambda item: item[:3])
    return view, day, str(limiting_component(reading, view))


def _said(evidence: Evidence, links: list[Link], tier: int, material: str) -> str:
    """Say what was missing at a tier, or what stopped it."""
    if material:
        return f"cover of {material.replace('_', ' ')}"
    cause = links[tier - 1].cause
    rule = evidence.acting_on(links[tier - 1].lane)
    because = "" if rule is None else f" ({rule.id.replace('_', ' ')})"
    words = {
        "outage": "its line made less",
        "lane": "the lane was cut",
        "late": "the way took longer",
        "shared": "it served others",
    }
    return words.get(cause.kind, cause.kind) + because


def _binding(evidence: Evidence, place: str, material: str) -> np.ndarray:
    """Return on which days the material bound a line of the place."""
    run = evidence.run
    lines = [i for i, name in enumerate(run.lines) if evidence.network.lines[name].site == place]
    if not material or not lines:
        return np.zeros(run.n_days)
    code = run.materials.index(material)
    return np.asarray((run.line_limit[:, lines] == code).any(axis=1).astype(float))


def _link(evidence: Evidence, link: Link, place: str, material: str, starves: int) -> dict[str, Any]:
    """Return one step: the days the upper tier failed, shipped and landed less, and the lower starved."""
    unfit = misfit(evidence, place, material, starves, link.lane)
    start, cause = evidence.run.start, link.cause
    waits = evidence.run.waiting[:, link.lane] if evidence.run.waiting.size else np.zeros(1)
    rule = evidence.acting_on(link.lane)
    return {
        "fails": start + timedelta(days=cause.day),
        "ships_less": start + timedelta(days=cause.shipped),
        "lands_less": None if cause.landed is None else start + timedelta(days=cause.landed),
        "starves": start + timedelta(days=starves),
        "transit_days": evidence.transit_days(link.lane),
        "licence_wait": bool(waits.max() > 0.0) and rule is not None and rule.kind == "export_licence",
        "material": evidence.lane(link.lane).material.replace("_", " "),
        "left": _left(*unfit[:2]) if unfit is not None else "",
    }


def _left(days: float, fits: float) -> str:
    return f"{days:.0f} d left, from other suppliers, fit only {100.0 * fits:.0f} % of the missing use"


def draw_why_stopped(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the tiers as rows on one scale of days, the manufacturer lowest; returns ``ax``."""
    from matplotlib.dates import date2num

    tiers = frame.attrs["tiers"]
    who = f"{tiers[0]['name']} fell short on {frame.attrs['short']}" if tiers else ""
    ax.set_title(f"{'Why ' + who if tiers else 'Nobody stopped'}\n{frame.attrs['title']}", fontsize=10)
    ax.set_ylabel("tier [name], cover [days]")
    ax.set_xlabel("date")
    if not tiers:
        say_nothing(ax, "no manufacturer falls short beyond the baseline")
        return ax
    ax.set_xlim(date2num(frame.attrs["from"]), date2num(frame.attrs["to"]))
    shown = frame.loc[str(frame.attrs["from"]) : str(frame.attrs["to"])]
    covers = [key for key in frame.columns if key[1] in ("cover", "baseline")]
    most = float(shown[covers].max().max()) if covers else 1.0
    for tier in range(len(tiers)):
        _draw_tier(shown, ax, tier, most)
    for tier, link in enumerate(frame.attrs["links"]):
        _draw_link(ax, tier, link)
    date_axis(ax)
    ax.set_ylim(-0.18, len(tiers) - 0.35)
    names = [f"{short_name(tier['name'], 32)}\n{short_name(tier['missing'], 38)}" for tier in tiers]
    ax.set_yticks([row + 0.02 for row in range(len(tiers))], names, fontsize=8, va="bottom")
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    text = f"all rows on one scale: full height is {most:.0f} days; grey: baseline; red: binding"
    ax.annotate(
        text,
        xy=(1.0, 1.0),
        xycoords="axes fraction",
        xytext=(0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=7.5,
        color="#555555",
    )
    return ax


def _draw_tier(shown: pd.DataFrame, ax: Axes, tier: int, most: float) -> None:
    ax.axhline(tier, color="#BBBBBB", linewidth=0.8, zorder=1)
    binding = shown[tier, "binding"].to_numpy() > 0.0
    if (tier, "cover") in shown.columns:
        level = tier + ROW * shown[tier, "cover"] / most
        ax.fill_between(shown.index, tier, level, color=COVER, alpha=0.55, linewidth=0, zorder=2)
        ax.plot(shown.index, tier + ROW * shown[tier, "baseline"] / most, color=BASE, linewidth=1.0, zorder=3)
    if binding.any():
        line = np.where(binding, float(tier), np.nan)
        ax.plot(shown.index, line, color=STOPPED, linewidth=5.0, zorder=4, solid_capstyle="butt")


def _draw_link(ax: Axes, tier: int, link: dict[str, Any]) -> None:
    """Draw the step from the upper tier down: shipped less, on the way, landed less, starved."""
    from matplotlib.dates import date2num

    upper, lower = float(tier + 1), float(tier)
    leaves, starves = date2num(link["ships_less"]), date2num(link["starves"])
    lands = starves if link["lands_less"] is None else date2num(link["lands_less"])
    middle = lower + GAP_LEVEL
    ax.annotate(
        "",
        xy=(starves, lower),
        xytext=(leaves, upper),
        zorder=6,
        arrowprops={"arrowstyle": "-|>", "color": DARK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0},
    )
    if link["left"]:  # right of the arrow's tip, on the stock that does not help
        ax.annotate(
            link["left"], xy=(starves, lower + LEFT_LEVEL), xytext=(8, 0), textcoords="offset points",
            fontsize=7.5, color=DARK, va="center", bbox=PAPER, zorder=7,
        )  # fmt: skip
    ax.plot([leaves, lands], [middle, middle], color=GAP, linewidth=2.2, zorder=5, solid_capstyle="butt")
    wait = "waits for a licence, then " if link["licence_wait"] else ""
    rest = max(starves - lands, 0.0)
    text = f"{wait}{link['transit_days']:.0f} d on the way, then the stock lasts {rest:.0f} d"
    ax.annotate(
        text,
        xy=(lands, middle),
        xytext=(14, 0),
        textcoords="offset points",
        fontsize=7.5,
        color=GAP,
        va="center",
        bbox=PAPER,
        zorder=7,
    )
