"""The fan of a series: median, 80 % and 95 % bands over the replications, beside the baseline in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.metrics import SERIES
from sim.plots.histories import histories, quantiles
from sim.plots.registry import UnknownPlot
from sim.plots.rules import mark_rules, room_for_rules, rules_between, rules_of
from sim.plots.style import (
    CYCLE,
    GREY,
    UNIT_WORDS,
    date_axis,
    label_ends,
    lost_share,
    thousands,
    title_of,
)
from sim.results.ensemble import share_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sim.results.run import Run

MOST_HISTORIES = 40
BANDS = {"low95": 0.025, "low80": 0.1, "median": 0.5, "high80": 0.9, "high95": 0.975}


def prepare_fan(
    run: Run, series: str = "days_of_cover", column: str = "", histories_shown: int = MOST_HISTORIES
) -> pd.DataFrame:
    """Return one column of a daily series with its bands over the replications.

    Parameters
    ----------
    series
        Any series of `sim list metrics`.
    column
        Site, lane or line; levels of a series with several are parted by ``|``. Empty: the manufacturer
        that loses most, or the first column.
    histories_shown
        Replications simulated again for the bands, at most; of a series that the run keeps quantiles of,
        the bands are those of all its replications.

    Returns
    -------
    DataFrame
        By date: central, baseline (NaN where the run kept none), and, with replications, low95, low80,
        median, high80, high95 [unit of the series].
    """
    import pandas as pd

    central = run.series(series)
    chosen = _column(run, central, column)
    frame = pd.DataFrame({"central": central[chosen]})
    frame["baseline"] = baseline_of(run, series, chosen, frame.index)
    count = _add_kept(run, series, chosen, frame)
    if not count:
        values, weights = histories(run, series, chosen, histories_shown)
        count = len(values)
        if count:
            for name, row in zip(BANDS, quantiles(values, weights, list(BANDS.values())), strict=True):
                frame[name] = row
    text = "|".join(chosen) if isinstance(chosen, tuple) else str(chosen)
    name = run.metrics["name"].to_dict().get(chosen, text.replace("_", " ").replace("|", ", "))
    frame.attrs = {
        "name": str(name),
        "title": title_of(run),
        "series": SERIES[series].title,
        "unit": UNIT_WORDS.get(SERIES[series].unit, SERIES[series].unit),
        "histories": count,
        "rules": rules_of(run),
    }
    return frame


def _add_kept(run: Run, series: str, chosen: Any, frame: pd.DataFrame) -> int:
    """Add the bands that a run keeps of a series; return of how many replications, 0 where it keeps none."""
    kept = run.series_quantiles
    if kept.empty or not isinstance(chosen, str):
        return 0
    rows = kept[(kept["series"] == series) & (kept["site"] == chosen)].set_index("date")
    if len(rows) != len(frame):
        return 0
    for name, share in BANDS.items():
        frame[name] = rows[share_name(share)].to_numpy(dtype=float)
    return int(run.manifest["replications"])


def _column(run: Run, frame: pd.DataFrame, column: str) -> Any:
    known = {"|".join(item) if isinstance(item, tuple) else str(item): item for item in frame.columns}
    if column:
        if column not in known:
            import difflib

            near = difflib.get_close_matches(column, known, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else ""
            raise UnknownPlot(f"the series has no column {column!r}{guess} ({len(known)} columns)")
        return known[column]
    worst = str(lost_share(run.metrics).idxmax())
    of_worst = [item for text, item in known.items() if text.split("|")[0] == worst]
    return of_worst[0] if of_worst else next(iter(known.values()))


def baseline_of(run: Run, series: str, chosen: Any, index: pd.Index) -> pd.Series[float]:
    """Return a column of the baseline's series; NaN where the run kept none."""
    import pandas as pd

    from sim.results.tables import UnknownSeries

    try:
        found = run.series(series, baseline=True)
    except UnknownSeries:  # a run folder keeps a few baseline series only
        return pd.Series(float("nan"), index=index)
    return found[chosen] if chosen in found.columns else pd.Series(float("nan"), index=index)


def draw_fan(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the fan with direct labels; returns ``ax``."""
    colour = CYCLE[0]
    ends: list[tuple[float, str, Any]] = []
    if frame["baseline"].notna().any():
        ax.plot(frame.index, frame["baseline"], color=GREY, linewidth=1.4, zorder=2)
        # Beside the median of many it is the history in which all is at its central value, and may differ.
        word = "baseline, central" if frame.attrs["histories"] else "baseline"
        ends.append((float(frame["baseline"].iloc[-1]), word, "#6E6E6E"))
    if frame.attrs["histories"]:
        ax.fill_between(frame.index, frame["low95"], frame["high95"], color=colour, alpha=0.18, linewidth=0)
        ax.fill_between(frame.index, frame["low80"], frame["high80"], color=colour, alpha=0.32, linewidth=0)
        ax.plot(frame.index, frame["median"], color=colour, zorder=4)
        ends += [(float(frame["median"].iloc[-1]), "median", colour)]
    else:
        ax.plot(frame.index, frame["central"], color=colour, zorder=4)
        ends += [(float(frame["central"].iloc[-1]), "scenario", colour)]
    inside = rules_between(frame.attrs["rules"], frame.index[0], frame.index[-1])
    columns = [name for name in frame.columns if frame[name].notna().any()]
    room_for_rules(ax, float(frame[columns].max().max()), inside)
    ax.set_xlim(frame.index[0], frame.index[-1])
    label_ends(ax, ends)
    mark_rules(ax, inside, frame.index[0], frame.index[-1])
    date_axis(ax)
    thousands(ax)
    ax.set_ylabel(f"{frame.attrs['series']} [{frame.attrs['unit']}]")
    count = frame.attrs["histories"]
    luck = f"; bands hold 80 and 95 % of {count} histories" if count else ""
    ax.set_title(f"{frame.attrs['name']}{luck}\n{frame.attrs['title']}", fontsize=10)
    return ax
