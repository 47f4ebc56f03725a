"""The survival curve: which share of the replications still builds, by days since runways count."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plots.registry import UnknownPlot
from sim.plots.style import CYCLE, DASHES, GREY, title_of
from sim.results.sentences import window_days

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

MOST_SITES = 8
HALF = 0.5
UNTIL = {"stop": "whose lines still run", "shortfall": "that build to plan"}


def prepare_survival(run: Run, until: str = "stop", most: int = MOST_SITES) -> pd.DataFrame:
    """Return the share of histories in which each affected manufacturer still builds.

    Parameters
    ----------
    until
        ``stop`` (five days at 5 % of plan or less) or ``shortfall`` (the first day below plan).
    most
        Manufacturers shown, those whose share falls furthest first.

    Returns
    -------
    DataFrame
        By day since runways count, a column per manufacturer [share]; a deterministic run has one history.
    """
    import pandas as pd

    if until not in UNTIL:
        raise UnknownPlot(f"until={until!r} is unknown; allowed: {', '.join(UNTIL)}")
    values = run.replications.reset_index() if len(run.replications) else run.metrics.reset_index()
    if "weight" not in values:
        values = values.assign(weight=1.0)
    values["ends"] = _ends(run, values, until)
    window = window_days(run.manifest)
    days = np.arange(window + 1)
    curves = {}
    for site, part in values.groupby("site"):
        weights, ends = part["weight"].to_numpy(dtype=float), part["ends"].to_numpy(dtype=float)
        alive = ends[None, :] > days[:, None]
        curves[str(site)] = (alive * weights).sum(axis=1) / weights.sum()
    frame = pd.DataFrame(curves, index=pd.Index(days, name="day"))
    falling = frame.iloc[-1] < 1.0
    order = frame.mean().loc[falling].sort_values(kind="stable").index[:most]
    names = run.metrics["name"].to_dict()
    frame = frame[order]
    frame.attrs = {
        "names": {str(site): str(names[site]) for site in order},
        "unshown": int(len(names) - len(order)),
        "more": int(falling.sum() - len(order)),
        "histories": int(run.manifest["finished_replications"]),
        "counted_from": str(run.manifest["runway_from"]),
        "until": until,
        "title": title_of(run),
        "window_days": window,
    }
    return frame


def _ends(run: Run, values: pd.DataFrame, until: str) -> list[float]:
    """Return the day each row's building ends, infinity for never."""
    if until == "shortfall":
        return list(values["realised_runway_days"].astype(float).fillna(np.inf))
    first = date.fromisoformat(str(run.manifest["runway_from"]))
    return [
        np.inf if _is_never(day) else float((_date(day) - first).days) for day in values["line_stop_date"]
    ]


def _is_never(day: Any) -> bool:
    return day is None or day != day


def _date(day: Any) -> date:
    return date.fromisoformat(str(day)[:10])


def draw_survival(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the steps, named in the order in which they fall; returns ``ax``."""
    for i, site in enumerate(frame.columns):
        share = frame[site]
        half = share.index[share <= HALF]
        when = f"half by day {half[0]}" if len(half) else "less than half"
        ax.step(
            frame.index,
            100.0 * share,
            where="post",
            color=CYCLE[i % len(CYCLE)],
            zorder=3,
            linestyle=DASHES[i % len(DASHES)],
            label=f"{frame.attrs['names'][site]}\n({when})",
        )
    others = frame.attrs["unshown"] - frame.attrs["more"]
    if others:
        word = "others" if len(frame.columns) else "manufacturers"
        edge = [0, frame.attrs["window_days"]]
        ax.plot(edge, [100.0, 100.0], color=GREY, zorder=2, label=f"{others} {word}:\nnever")
    ax.set_xlim(0, frame.attrs["window_days"])
    ax.set_ylim(-2.0, 104.0)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, labelspacing=0.6)
    ax.set_xlabel(f"days since {frame.attrs['counted_from']} [days]")
    count = frame.attrs["histories"]
    luck = f"% of {count} histories" if count > 1 else "%; one history"
    ax.set_ylabel(f"histories {UNTIL[frame.attrs['until']]} [{luck}]")
    what = "standstill" if frame.attrs["until"] == "stop" else "shortfall"
    more = f"; {frame.attrs['more']} more fall later" if frame.attrs["more"] else ""
    ax.set_title(f"Survival until the first {what}{more}\n{frame.attrs['title']}", fontsize=10)
    return ax
