"""A way to travel takes longer or carries less: Suez, rains, a congested port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Network, Number
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import (
    check_known,
    in_words,
    lane_route_key,
    lanes_in_scope,
    waypoints,
)
from sim.units import percent

ADDED, FACTOR, CAPACITY = "route_days_added", "route_days_factor", "route_capacity_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDelay(Intervention):
    """Slow down, or narrow, routes by where they pass, their mode or their name.

    A route is in scope if it passes one of `through`, or has one of `modes`, or is one of `routes`;
    with both `through` and `modes` it must meet both. At level ``x`` goods that leave need
    ``1 + x (factor - 1)`` times as long and ``x`` times the added days, rounded to whole days, and the
    route carries ``1 - x (1 - capacity_share)`` of its capacity. Goods under way keep their day.

    Examples
    --------
    ```yaml
    id: monsoon
    kind: route_delay
    through: [cape_of_good_hope]
    modes: [sea]
    start: 2025-03-01
    end: 2025-09-01
    added: 12 d
    factor: 1.5
    capacity_share: 80 %
    ```
    """

    kind: ClassVar[str] = "route_delay"
    levers: ClassVar[tuple[str, ...]] = (ADDED, FACTOR, CAPACITY)

    through: tuple[str, ...] = field(default=(), metadata={"doc": "countries and chokepoints passed"})
    modes: tuple[str, ...] = field(default=(), metadata={"doc": "sea, air, rail, road, on_site"})
    routes: tuple[str, ...] = field(default=(), metadata={"doc": "route ids"})
    added_days: Number = field(
        default=0.0, metadata={"alias": "added", "unit": "duration", "doc": "days added to the transit"}
    )
    factor: float = field(default=1.0, metadata={"unit": "factor", "doc": "transit time multiplied by"})
    capacity_share: float = field(
        default=1.0, metadata={"unit": "share", "doc": "share of the route's capacity left"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if not (self.through or self.modes or self.routes):
            raise ValueError(f"{self.id}: none of `through`, `modes` and `routes` says what is slow")
        if self.factor < 0.0:
            raise ValueError(f"{self.id}: factor is {self.factor:g}; a transit time is not negative")
        check_share(self.id, "capacity_share", self.capacity_share)

    def slow_routes(self, network: Network) -> frozenset[str]:
        """Return the ids of the routes in scope."""
        for route_id in self.routes:
            check_known(route_id, network.routes, "route")
        modes = {route.mode for route in network.routes.values()}
        for mode in self.modes:
            check_known(mode, modes, "mode")
        points = waypoints(network, self.through)
        found = set(self.routes)
        for route_id, route in network.routes.items():
            passes = not self.through or bool(points.intersection(route.passes))
            if (self.through or self.modes) and passes and (not self.modes or route.mode in self.modes):
                found.add(route_id)
        return frozenset(found)

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lane routes and routes in scope."""
        slow = self.slow_routes(network)
        lanes = lanes_in_scope(network, self.from_places, self.to_places, self.materials, self.end_use)
        legs = [(lane.lane_id, leg.route) for lane in lanes for leg in lane.routes if leg.route in slow]
        rows = tuple(lane_route_key(lane_id, route_id) for lane_id, route_id in legs)
        used = tuple(sorted({route_id for _, route_id in legs}))
        return {ADDED: rows, FACTOR: rows, CAPACITY: used}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Turn what this delay states: days, factor, capacity."""
        rows = self.rows(world)
        added_days = self.whole_days(world, "added", self.added_days)
        if added_days:
            yield Turn(ADDED, rows[ADDED], float(round(level * added_days)))
        if self.factor != 1.0:
            yield Turn(FACTOR, rows[FACTOR], 1.0 + level * (self.factor - 1.0))
        if self.capacity_share != 1.0:
            yield Turn(CAPACITY, rows[CAPACITY], 1.0 - level * (1.0 - self.capacity_share))

    def what(self) -> str:
        """Return the delay in words."""
        where = in_words((*self.routes, *self.through, *self.modes), "")
        effects = []
        if self.added_days != 0.0:
            days = self.added_days if isinstance(self.added_days, float | int) else self.added_days.mean()
            effects.append(f"takes {days:g} days longer")
        if self.factor != 1.0:
            effects.append(f"takes {self.factor:g} times as long")
        if self.capacity_share != 1.0:
            effects.append(f"carries {percent(self.capacity_share)} of its capacity")
        return f"the route by {where} {in_words(effects, 'is unchanged')}"
