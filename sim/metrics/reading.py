"""A trajectory seen from each site: which lines, stocks and lanes are its own.

Owns the index work that every measure needs, once per trajectory. Knows no formula of a measure;
those are in `measures` and `series`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sim.domain import LineKind, Network

if TYPE_CHECKING:
    from sim.engine.trajectory import FloatArray, IntArray, Trajectory

STEADY_WEIGHT = 0.0
"""An input whose planned use is this or less is not a component the line depends on."""


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
    """

    site: str
    trajectory: Trajectory
    lines: IntArray
    components: IntArray
    inbound: tuple[IntArray, ...]
    is_customer: bool

    @cached_property
    def planned(self) -> FloatArray:
        """Plan of the site, summed over its lines, shape (day,) [unit/day]."""
        return np.asarray(self.trajectory.line_planned[:, self.lines].sum(axis=1))

    @cached_property
    def made(self) -> FloatArray:
        """Output of the site, summed over its lines, shape (day,) [unit/day]."""
        return np.asarray(self.trajectory.line_made[:, self.lines].sum(axis=1))

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
        return tuple(self._view(site) for site in reported_sites(self.network))

    @cached_property
    def touched_columns(self) -> dict[tuple[str, str], list[tuple[int, str]]]:
        """Return (column, element) of the touched shares by site and place."""
        return _columns_of(self.trajectory.touched_keys)

    @cached_property
    def _inputs_by_site(self) -> dict[str, list[int]]:
        """Return the bought stocks of each site."""
        found: dict[str, list[int]] = {}
        for i, stock in enumerate(self.trajectory.stocks):
            if stock.role == "input":
                found.setdefault(stock.site, []).append(i)
        return found

    @cached_property
    def _line_numbers(self) -> dict[str, int]:
        return {line: i for i, line in enumerate(self.trajectory.lines)}

    @cached_property
    def _lanes_by_goods(self) -> dict[tuple[str, str], list[int]]:
        """Return the lanes by buyer and material."""
        found: dict[tuple[str, str], list[int]] = {}
        for i, lane_id in enumerate(self.trajectory.lanes):
            lane = self.network.lanes[lane_id]
            found.setdefault((lane.buyer, lane.material), []).append(i)
        return found

    def _view(self, site: str) -> SiteView:
        run = self.trajectory
        wanted = {line.line_id for line in self.network.lines_at(site) if _is_final(line.kind, line.is_sink)}
        numbers = self._line_numbers
        lines = np.array(sorted(numbers[line] for line in wanted if line in numbers), dtype=np.int32)
        inputs = self._inputs_by_site.get(site, [])
        components = np.array([i for i in inputs if run.use_planned[i] > STEADY_WEIGHT], dtype=np.int32)
        inbound = tuple(self._inbound(site, run.stocks[i].material) for i in components)
        kinds = {self.network.lines[line].kind for line in wanted}
        return SiteView(site, run, lines, components, inbound, kinds == {LineKind.CUSTOMER})

    def _inbound(self, site: str, material: str) -> IntArray:
        return np.array(self._lanes_by_goods.get((site, material), []), dtype=np.int32)


@lru_cache(maxsize=4)
def _columns_of(keys: tuple[tuple[str, str, str], ...]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """Return (column, element) by site and place; all replications of a network have the same keys."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for i, (site, element, place) in enumerate(keys):
        found.setdefault((site, place), []).append((i, element))
    return found


def _is_final(kind: LineKind, is_sink: bool) -> bool:
    return kind is LineKind.CUSTOMER or (kind is LineKind.BUILD and not is_sink)


def reported_sites(network: Network) -> tuple[str, ...]:
    """Return the sites of the result table: builders that are not sinks, and customers, by id."""
    found = {line.site for line in network.lines.values() if _is_final(line.kind, line.is_sink)}
    return tuple(sorted(found))


def first_day(hit: np.ndarray, start: int = 0) -> int | None:
    """Return the first day at or after ``start`` on which ``hit`` is true, or None.

    Examples
    --------
    >>> first_day(np.array([True, False, True]), start=1)
    2
    """
    days = np.flatnonzero(hit[start:])
    return int(days[0]) + start if days.size else None


def first_run(hit: np.ndarray, length: int, start: int = 0) -> int | None:
    """Return the first day of ``length`` consecutive true days at or after ``start``, or None.

    Examples
    --------
    >>> first_run(np.array([True, False, True, True]), 2)
    2
    """
    days = np.asarray(hit[start:], dtype=np.int64)
    if len(days) < length:
        return None
    so_far = np.concatenate([[0], np.cumsum(days)])
    found = first_day(so_far[length:] - so_far[:-length] == length)
    return None if found is None else found + start
