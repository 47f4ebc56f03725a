"""A trajectory seen from each site: what its own lines, stocks and lanes did.

Owns what several measures need, once per trajectory. Knows no formula of a measure; those are in
`measures` and `series`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.metrics.layout import SiteRows, layout_of

if TYPE_CHECKING:
    from sim.domain import Network
    from sim.engine.trajectory import FloatArray, IntArray, Trajectory


class Daily(NamedTuple):
    """What some lines did, shape (line, day), each line's days side by side.

    `made` and `planned` [unit/day]; `wants_input` tells on which days an input bound a line.
    """

    made: FloatArray
    planned: FloatArray
    wants_input: np.ndarray


def _daily(run: Trajectory, lines: IntArray) -> Daily:
    made = np.ascontiguousarray(run.line_made.take(lines, axis=1).T)
    planned = np.ascontiguousarray(run.line_planned.take(lines, axis=1).T)
    return Daily(made, planned, np.ascontiguousarray(run.line_limit.take(lines, axis=1).T >= 0))


def _summed(by_line: FloatArray) -> FloatArray:
    """Return the sum over lines; most sites have one."""
    return by_line[0] if len(by_line) == 1 else np.asarray(by_line.sum(axis=0))


@dataclass(frozen=True)
class SiteView:
    """One site of a trajectory.

    Attributes
    ----------
    lines
        Indices of the site's building or demanding lines, shape (line,).
    components
        Indices of the input stocks with a planned use, shape (component,).
    inbound
        For each component, the indices of the lanes that bring it.
    touched, touched_weights
        Columns of the shares touched in the first tracked place, and how much each counts, shape (element,).
    """

    site: str
    trajectory: Trajectory
    lines: IntArray
    components: IntArray
    inbound: tuple[IntArray, ...]
    is_customer: bool
    touched: IntArray
    touched_weights: FloatArray
    found: dict[tuple[str, int], int | None] = field(default_factory=dict, init=False, repr=False)
    """Days that several measures ask for, once looked for, by name and the day from which runways count."""

    @cached_property
    def daily(self) -> Daily:
        """What the site's lines did, by line."""
        return _daily(self.trajectory, self.lines)

    @cached_property
    def planned(self) -> FloatArray:
        """Plan of the site, summed over its lines, shape (day,) [unit/day]."""
        return _summed(self.daily.planned)

    @cached_property
    def made(self) -> FloatArray:
        """Output of the site, summed over its lines, shape (day,) [unit/day]."""
        return _summed(self.daily.made)

    @cached_property
    def planned_units(self) -> float:
        """Plan of the site over the horizon [unit]."""
        return float(self.planned.sum())

    @cached_property
    def made_units(self) -> float:
        """Output of the site over the horizon [unit]."""
        return float(self.made.sum())

    @cached_property
    def use_planned(self) -> FloatArray:
        """Planned use of each component, shape (component,) [unit of material/day]."""
        return np.asarray(self.trajectory.use_planned[self.components])

    def on_hand_at_start_of(self, day: int) -> FloatArray:
        """Return each component's stock before the day's receipts, shape (component,)."""
        if day <= 0:
            return np.asarray(self.trajectory.opening_on_hand[self.components])
        return np.asarray(self.trajectory.on_hand[day - 1, self.components])

    def under_way_at_start_of(self, day: int) -> FloatArray:
        """Return what is under way to the site per component, before the day's receipts, shape (component,).

        Goods that a refusal stopped before the day are held, not under way.
        """
        moving = self._moving(day)
        return np.array([moving[lanes].sum() for lanes in self.inbound], dtype=np.float64)

    def _moving(self, day: int) -> FloatArray:
        run = self.trajectory
        return np.asarray(run.in_transit[day - 1] if day > 0 else run.opening_in_transit)


@dataclass(frozen=True)
class Reading:
    """A trajectory with its network and the day from which runways count."""

    trajectory: Trajectory
    network: Network
    runway_from_day: int = 0

    @cached_property
    def sites(self) -> tuple[SiteView, ...]:
        """Return the views of all reported sites, in the order of their ids."""
        run, rows = self.trajectory, layout_of(self.network, self.trajectory)
        if not rows:
            return ()
        # The days of a line lie far apart in a trajectory: all lines are gathered in one pass.
        everyone = _daily(run, np.concatenate([row.lines for row in rows]))
        found, first = [], 0
        for row in rows:
            end = first + len(row.lines)
            found.append(_view(run, row, Daily(*(array[first:end] for array in everyone))))
            first = end
        return tuple(found)

    def view(self, site: str) -> SiteView:
        """Return the view of one reported site; the days of the others are not looked at."""
        for row in layout_of(self.network, self.trajectory):
            if row.site == site:
                return _view(self.trajectory, row, _daily(self.trajectory, row.lines))
        raise KeyError(site)


def _view(run: Trajectory, row: SiteRows, daily: Daily) -> SiteView:
    view = SiteView(
        row.site, run, row.lines, row.components, row.inbound, row.is_customer, row.touched,
        row.touched_weights,
    )  # fmt: skip
    vars(view)["daily"] = daily
    vars(view)["use_planned"] = row.use_planned
    return view


def first_day(hit: np.ndarray, start: int = 0) -> int | None:
    """Return the first day at or after ``start`` on which ``hit`` is true, or None.

    Examples
    --------
    >>> first_day(np.array([True, False, True]), start=1)
    2
    """
    days = hit[start:]
    day = int(days.argmax()) if days.size else 0
    return day + start if days.size and days[day] else None


def first_run(hit: np.ndarray, length: int, start: int = 0) -> int | None:
    """Return the first day of ``length`` consecutive true days at or after ``start``, or None.

    Examples
    --------
    >>> first_run(np.array([True, False, True, True]), 2)
    2
    """
    if len(hit) - start < length or not hit[start:].any():
        return None
    so_far = np.concatenate([[0], np.cumsum(hit[start:], dtype=np.int64)])
    found = first_day(so_far[length:] - so_far[:-length] == length)
    return None if found is None else found + start
