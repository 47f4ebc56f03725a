"""Days of cover over time: the sites that run thinnest in colour and named, all others in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.plots.rules import mark_rules, room_for_rules, rules_between, rules_of
from sim.plots.style import DASHES, date_axis, label_ends, title_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

HIGHLIGHTED = 8
"""More lines than this cannot be told apart by colour."""
LABEL_GAP_SHARE = 0.062
"""Least distance of two labels as a share of the axis height."""
LABEL_X = 1.1
"""Where the names at the right end start, as a share of the axis width."""


def prepare_cover(run: Run) -> pd.DataFrame:
    """Return days of cover by date and site, the sites that lose most (then the thinnest) first.

    ``attrs`` carries the names, how many sites to name, the rules and the title.
    """
    frame = run.series("days_of_cover")
    frame = frame.loc[:, frame.notna().any(axis=0)]
    metrics = run.metrics
    start = frame.iloc[0]
    planned = metrics["planned_units"].clip(lower=1e-12)
    lost = (metrics["lost_units"] / planned).round(6).to_dict()
    order = sorted(
        frame.columns,
        key=lambda site: (
            -lost[site],
            float(frame[site].min() / start[site]) if start[site] > 0.0 else 0.0,
            site,
        ),
    )
    out = frame[order]
    falling = [site for site in order if float(out[site].min()) < 0.9 * float(start[site])]
    out.attrs = {
        "names": {site: str(metrics.loc[site, "name"]) for site in order},
        "highlighted": falling[:HIGHLIGHTED],
        "rules": rules_of(run),
        "title": title_of(run),
    }
    return out


def draw_cover(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw days of cover over time with direct labels; returns ``ax``."""
    named = list(frame.attrs["highlighted"])
    others = [site for site in frame.columns if site not in named]
    for site in others:
        ax.plot(frame.index, frame[site], color="#BDBDBD", linewidth=0.9, zorder=1)
    ends: list[tuple[float, str, Any]] = []
    patterns = [DASHES[i % len(DASHES)] for i in range(len(named))]
    for site, dash in zip(named, patterns, strict=True):
        (line,) = ax.plot(frame.index, frame[site], zorder=3, linestyle=dash)
        ends.append((float(frame[site].iloc[-1]), frame.attrs["names"][site], line.get_color()))
    top = float(frame.max().max()) if frame.size else 1.0
    room_for_rules(ax, max(top, 1.0), rules_between(frame.attrs["rules"], frame.index[0], frame.index[-1]))
    ax.set_xlim(frame.index[0], frame.index[-1])
    if others:
        level = float(frame[others].iloc[-1].median())
        count = len(others)
        text = f"{count} other{'s' if count > 1 else ''}" if named else f"all {count} sites hold their cover"
        ends.append((level, text, "#8A8A8A"))
    label_ends(ax, ends, LABEL_X, LABEL_GAP_SHARE, patterns)
    mark_rules(ax, frame.attrs["rules"], frame.index[0], frame.index[-1])
    ax.set_ylabel("cover of the thinnest component [days]")
    ax.set_title(f"Days of cover\n{frame.attrs['title']}", fontsize=10)
    date_axis(ax)
    return ax
