"""Rules in pictures over time: a dashed line on each day a rule starts, pauses, resumes or ends, with a name.

A few are named beside their lines. Where there are more, the lines are numbered at the top and named in a
key below the axes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.transforms import Transform

    from sim.interventions import Intervention
    from sim.results.run import Run

Rule = tuple[str, str, str]
"""ISO date, ``starts``, ``pauses``, ``resumes`` or ``ends``, name."""
NAMED = 4
"""Rules named beside their lines, each in a row of its own; more are numbered."""
ROW_SHARE, CLEAR_SHARE = 0.075, 0.04
"""Height of such a row, and of what is left below the last, as a share of the height of the axes."""
ROW_POINTS = 12.0
COLOUR = "#444444"
FONT_POINTS, LETTER_POINTS = 8.0, 4.4
"""Size of the type, and the width of a letter on average."""
PAPER: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
"""Behind a name, so that a line does not cross its letters."""
KEY_ROW_INCHES = 0.17
AXIS_INCHES = 0.52
"""From the axes to below the label of their dates."""
NARROWED = 0.72
"""Share of the axes' width that is left where lines are named at their right end."""


def rules_of(run: Run) -> list[Rule]:
    """Return what happens on dates, in order.

    Durations, reactions and pauses are known once a run is simulated: one that was read from its folder is
    simulated again. Where that cannot be done, only the dates of its manifest are given.
    """
    from sim.errors import StoreError
    from sim.results.replay import replayed

    try:
        items = replayed(run).case.interventions
    except StoreError:
        return sorted(
            (str(item[key]), word, _name_of(item["id"]))
            for item in run.manifest["interventions"]
            for key, word in (("start", "starts"), ("end", "ends"))
            if item[key]
        )
    logged = log_dates(run)
    found = []
    for item in items:
        start = item.start.isoformat() if item.start else logged.get((item.id, "start"), "")
        end = item.end.isoformat() if item.end else logged.get((item.id, "end"), "")
        changes = [(start, "starts"), (end, "ends")]
        for first, after in pauses_of(item, start, end):
            changes += [(first, "pauses"), ("" if after == end else after, "resumes")]
        found += [(day, word, _name_of(item.id)) for day, word in changes if day]
    return sorted(found)


def pauses_of(item: Intervention, start: str, end: str) -> list[tuple[str, str]]:
    """Return the pauses of a rule within its time in force, as ISO dates; an empty date is never."""
    if not start:
        return []
    spans = [(pause.start.isoformat(), pause.end.isoformat() if pause.end else "") for pause in item.pauses]
    inside = [(max(first, start), min(filter(None, (after, end)), default="")) for first, after in spans]
    return [(first, after) for first, after in inside if not after or first < after]


def _name_of(rule_id: object) -> str:
    return str(rule_id).replace("_", " ")


def log_dates(run: Run) -> dict[tuple[str, str], str]:
    """Return ISO dates by (id, ``start`` or ``end``) of the central run's log.

    Durations and reactions have no date of their own. Empty for a run that was read and not replayed.
    """
    from datetime import timedelta

    if run.trajectory is None:
        return {}
    start = run.trajectory.start
    rows = [(day, name, text) for day, name, text in run.trajectory.log if text in ("start", "end")]
    return {(name, text): (start + timedelta(days=int(day))).isoformat() for day, name, text in rows}


def rules_between(rules: list[Rule], first: Any, last: Any) -> list[Rule]:
    """Return the rules of `rules_of` that lie between two days, both included."""
    return [rule for rule in rules if str(first)[:10] <= rule[0] <= str(last)[:10]]


def room_for_rules(ax: Axes, top: float, rules: list[Rule]) -> None:
    """Set the vertical axis from 0 so that the names beside the lines stand clear above ``top``."""
    rows = len(rules) if len(rules) <= NAMED else 1
    share = ROW_SHARE * rows + (CLEAR_SHARE if rules else 0.0)
    ax.set_ylim(0.0, max(top, 1e-9) * 1.05 / (1.0 - share))


def mark_rules(ax: Axes, rules: list[Rule], first: Any, last: Any, below_inches: float = 0.0) -> None:
    """Mark the rules between two dates, the limits of the horizontal axis.

    Parameters
    ----------
    below_inches
        Where the key begins below the axes, if it is needed; 0: below the label of the dates.
    """
    from matplotlib.dates import datestr2num

    inside = rules_between(rules, first, last)
    days = sorted({rule[0] for rule in inside})
    for day in days:
        ax.axvline(datestr2num(day), color=COLOUR, linewidth=0.9, linestyle=(0, (4, 3)), zorder=2)
    if len(inside) <= NAMED:
        for row, rule in enumerate(inside):
            _name_beside(ax, rule, row, datestr2num([str(first)[:10], str(last)[:10]]))
        return
    for place, text in _numbers(ax, [float(datestr2num(day)) for day in days], first, last):
        ax.annotate(
            text, xy=(place, 1.0), xycoords=("data", "axes fraction"), xytext=(0, -3),
            textcoords="offset points", ha="center", va="top", fontsize=FONT_POINTS, color=COLOUR, bbox=PAPER,
            zorder=6,
        )  # fmt: skip
    _key(ax, [f"{days.index(rule[0]) + 1}  {_said(rule)}" for rule in inside], below_inches or AXIS_INCHES)


def key_inches(rules: list[Rule], first: Any, last: Any, width: float) -> float:
    """Return the height of the key [inches] below axes in a figure of so many inches; 0 without a key."""
    inside = rules_between(rules, first, last)
    if len(inside) <= NAMED:
        return 0.0
    longest = max(len(_said(rule)) for rule in inside)
    return KEY_ROW_INCHES * math.ceil(len(inside) / _columns(longest, width)) + 0.1


def _said(rule: Rule) -> str:
    day, word, name = rule
    return f"{name} {word} {day}"


def _columns(letters: int, width: float) -> int:
    """Return how many columns of a key fit beside each other, at most three."""
    each = (letters + 6) * LETTER_POINTS / 72.0
    return min(max(int((width - 1.0) / each), 1), 3)


def _axes_points(ax: Axes) -> float:
    """Return the width of the axes before they are laid out [points], rather too small."""
    figure = ax.get_figure()
    return (
        NARROWED * float(ax.get_window_extent().width) * 72.0 / (figure.dpi if figure is not None else 72.0)
    )


def _name_beside(ax: Axes, rule: Rule, row: int, limits: Any) -> None:
    from matplotlib.dates import datestr2num

    text, day = _said(rule), float(datestr2num(rule[0]))
    share = (day - limits[0]) / max(limits[1] - limits[0], 1.0)
    needs = len(text) * LETTER_POINTS / _axes_points(ax)
    is_left = share > 0.6 or (share + needs > 1.0 and share > needs)
    ax.annotate(
        text,
        xy=(day, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if is_left else 4, -3 - ROW_POINTS * row),
        textcoords="offset points",
        ha="right" if is_left else "left",
        va="top",
        fontsize=FONT_POINTS,
        color=COLOUR,
        bbox=PAPER,
        zorder=6,
    )


def _numbers(ax: Axes, days: list[float], first: Any, last: Any) -> list[tuple[float, str]]:
    """Return places and texts of the numbers; neighbours too near for a number each share one text."""
    from matplotlib.dates import datestr2num

    low, high = datestr2num([str(first)[:10], str(last)[:10]])
    point = (high - low) / _axes_points(ax)
    groups: list[list[int]] = []
    for i in range(len(days)):
        groups.append([i])
        while len(groups) > 1 and _touch(groups[-2], groups[-1], days, point):
            after = groups.pop()
            groups[-1] += after
    return [((days[group[0]] + days[group[-1]]) / 2.0, _joined(group)) for group in groups]


def _joined(group: list[int]) -> str:
    return f"{group[0] + 1}" if len(group) == 1 else f"{group[0] + 1}–{group[-1] + 1}"  # noqa: RUF001


def _touch(one: list[int], other: list[int], days: list[float], point: float) -> bool:
    """Tell whether the texts of two groups of lines would stand closer than a letter."""
    middles = [(days[group[0]] + days[group[-1]]) / 2.0 for group in (one, other)]
    letters = (len(_joined(one)) + len(_joined(other))) / 2.0 + 1.0
    return middles[1] - middles[0] < letters * LETTER_POINTS * point


def move_key(ax: Axes, inches: float) -> None:
    """Let the key below the axes begin so far left of them [inches]; nothing happens without a key."""
    for key in _keys(ax):
        key.set_bbox_to_anchor((0.0, 0.0), transform=_below(ax, -inches, AXIS_INCHES))


def _keys(ax: Axes) -> list[Legend]:
    from matplotlib.legend import Legend

    return [item for item in ax.get_children() if isinstance(item, Legend) and item is not ax.get_legend()]


def _below(ax: Axes, right: float, down: float) -> Transform:
    """Return the place so many inches right of and below the lower left corner of the axes."""
    from matplotlib.transforms import ScaledTranslation

    figure = ax.get_figure()
    assert figure is not None
    return ax.transAxes + ScaledTranslation(right, -down, figure.dpi_scale_trans)


def _key(ax: Axes, texts: list[str], below_inches: float) -> None:
    """Write the key below the axes; a legend of its own beside the one that the axes may have."""
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

    figure = ax.get_figure()
    if figure is None:
        return
    key = Legend(
        ax,
        [Line2D([], [], linestyle="") for _ in texts],
        texts,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=_below(ax, 0.0, below_inches),
        ncols=_columns(max(map(len, texts)) - 3, float(figure.get_figwidth())),  # type: ignore[union-attr]
        handlelength=0.0,
        handletextpad=0.0,
        columnspacing=1.4,
        borderaxespad=0.0,
        fontsize=FONT_POINTS,
        labelcolor=COLOUR,
    )
    ax.add_artist(key)
    key.set_clip_on(False)  # else the layout would leave no room for it
