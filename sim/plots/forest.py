"""Paired differences of scenarios from their common baseline, as a forest of points with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.plots.registry import NoPicture
from sim.plots.style import CYCLE, GREY, short_name, thousands

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.compare import Comparison

MARKERS = "osD^vPX*"
MOST_SITES = 20
ROW_INCHES = 0.17
IN_WORDS = {"d": "days", "unit": "% of the plan", "share": "percentage points"}


def prepare_forest(
    comparison: Comparison,
    metric: str = "lost_units",
    sites: Sequence[str] = (),
    countries: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the paired differences of a metric, a row per manufacturer and scenario, hardest hit first.

    Units of cars and of devices share no axis, so they are percentages of the site's plan [%]; shares
    are percentage points; days stay days.

    Columns: scenario, site, name, difference, low95, low80, high80, high95.
    """
    import pandas as pd

    found = comparison.differences(metric)
    shown = comparison.table(sites, countries)
    order = [] if shown.empty else list(shown.attrs["sites"])[:MOST_SITES]
    if not order:
        raise NoPicture("no scenario of this comparison affects a manufacturer, so no difference is to show")
    columns = ["difference", "low95", "low80", "high80", "high95"]
    unit = str(found.attrs["unit"])
    frame = found[found["site"].isin(order)].copy()
    plan = {(label, site): value for label, run in comparison.runs.items()
            for site, value in run.metrics["planned_units"].items()}  # fmt: skip
    if unit == "unit":
        scale = [max(plan[key], 1e-12) for key in zip(frame["scenario"], frame["site"], strict=True)]
        frame[columns] = 100.0 * frame[columns].div(scale, axis=0)
    elif unit == "share":
        frame[columns] = 100.0 * frame[columns]
    frame["row"] = frame["site"].map({site: i for i, site in enumerate(order)})
    frame["place"] = frame["scenario"].map({label: i for i, label in enumerate(comparison.labels)})
    frame = pd.DataFrame(frame.sort_values(["row", "place"], ignore_index=True))
    count = len(comparison.labels)
    is_random = bool(frame["low80"].notna().any())
    frame.attrs = {
        "labels": list(comparison.labels),
        "names": dict(zip(frame["site"], frame["name"], strict=True)),
        "title": str(found.attrs["title"]),
        "unit": IN_WORDS[unit],
        "baseline": "the common baseline" if comparison.is_common else "the baseline of each",
        "is_random": is_random,
        "replications": int(comparison.manifest["replications"]),
        "censored": metric in ("realised_runway_days", "time_to_recover_days"),
        "size": (8.5, 1.9 + len(order) * max(ROW_INCHES * count, 0.3)),
    }
    return frame


def draw_forest(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw points with 80 % (thick) and 95 % (thin) intervals; returns ``ax``."""
    labels = frame.attrs["labels"]
    gap = 0.8 / max(len(labels), 1)
    for place, label in enumerate(labels):
        part = frame[frame["scenario"] == label]
        levels = part["row"] + (place - (len(labels) - 1) / 2.0) * gap
        colour = CYCLE[place % len(CYCLE)]
        ax.hlines(levels, part["low95"], part["high95"], color=colour, linewidth=1.0, zorder=2)
        ax.hlines(levels, part["low80"], part["high80"], color=colour, linewidth=3.2, zorder=3)
        ax.plot(
            part["difference"], levels, MARKERS[place % len(MARKERS)], color=colour, markersize=5.5,
            markeredgecolor="white", markeredgewidth=0.6, label=label.replace("_", " "), zorder=4,
        )  # fmt: skip
    ax.axvline(0.0, color=GREY, linewidth=1.2, zorder=1)
    sites = list(dict.fromkeys(frame["site"]))
    ax.set_yticks(range(len(sites)), [short_name(str(frame.attrs["names"][site]), 40) for site in sites])
    ax.set_ylim(len(sites) - 0.4, -0.6)
    ax.set_ylabel("manufacturer [name]")
    bound = "; a never counts as the rest of the window" if frame.attrs["censored"] else ""
    ax.set_xlabel(f"difference from {frame.attrs['baseline']} [{frame.attrs['unit']}]{bound}")
    luck = (
        f"thick 80 %, thin 95 % of {frame.attrs['replications']} paired replications"
        if frame.attrs["is_random"]
        else "deterministic"
    )
    head = frame.attrs["title"].split(":")[0]
    ax.set_title(f"{head[0].upper()}{head[1:]}; {luck}", pad=24 + 13 * ((len(labels) - 1) // 3))
    thousands(ax, "x")
    ax.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, handletextpad=0.3, columnspacing=1.2)
    return ax
