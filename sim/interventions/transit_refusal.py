"""A country on the way refuses goods: routes through it close, the lanes look for another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from sim.domain import Network
from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.levers import LEVERS, Fallback, UnderWay
from sim.interventions.scope import does, in_words, lanes_in_scope, routes_passing, waypoints

OPEN, UNDER_WAY, FALLBACK = "route_open", "under_way", "lane_fallback"

Treatment = Literal["held", "returned", "let_through"]
Choice = Literal["listed", "days", "capacity", "cost", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitRefusal(Intervention):
    """Close the routes through some countries or chokepoints to the lanes in scope.

    A country where a lane begins or ends is not passed through, so its own trade goes on; a
    chokepoint always counts. Refusal has no half measure: any level above 0 closes the route.

    Examples
    --------
    ```yaml
    id: no_transit
    kind: transit_refusal
    through: [China]
    from: Kazakhstan
    to: United States
    start: 2025-11-06
    end: 2026-11-06
    under_way: returned
    ```
    """

    kind: ClassVar[str] = "transit_refusal"
    levers: ClassVar[tuple[str, ...]] = (OPEN, UNDER_WAY, FALLBACK)

    through: tuple[str, ...] = field(metadata={"doc": "countries and chokepoints that refuse passage"})
    under_way: Treatment = field(
        default="let_through", metadata={"doc": "what becomes of goods on a refused route"}
    )

    fallback: Choice = field(
        default="listed",
        metadata={"doc": "the open route that is next: of the table, fastest, roomiest, cheapest, or none"},
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if self.fallback not in get_args(Choice):
            allowed = ", ".join(get_args(Choice))
            raise ValueError(f"{self.id}: fallback is {self.fallback!r}; allowed: {allowed}")
        if not self.through:
            raise ValueError(f"{self.id}: `through` names no country and no chokepoint")
        if self.under_way not in get_args(Treatment):
            allowed = ", ".join(get_args(Treatment))
            raise ValueError(f"{self.id}: under_way is {self.under_way!r}; allowed: {allowed}")

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lane routes that pass through."""
        lanes = lanes_in_scope(network, self.from_places, self.to_places, self.materials, self.end_use)
        rows = routes_passing(network, lanes, waypoints(network, self.through), transit_only=True)
        refused = tuple(sorted({row.partition("|")[0] for row in rows}))
        return {OPEN: rows, UNDER_WAY: rows, FALLBACK: refused}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Close the routes and say what becomes of goods under way; open them at level 0."""
        touched = self.rows(world)
        rows = touched[OPEN]
        treatment = float(UnderWay[self.under_way.upper()])
        is_refused = level > 0.0
        yield Turn(UNDER_WAY, rows, treatment if is_refused else LEVERS[UNDER_WAY].neutral)
        choice = float(Fallback[self.fallback.upper()])
        yield Turn(FALLBACK, touched[FALLBACK], choice if is_refused else LEVERS[FALLBACK].neutral)
        yield Turn(OPEN, rows, 0.0 if is_refused else LEVERS[OPEN].neutral)

    def what(self) -> str:
        """Return the refusal in words."""
        goods = in_words(self.materials, "goods")
        ends = f" from {in_words(self.from_places, '')}" if self.from_places else ""
        ends += f" to {in_words(self.to_places, '')}" if self.to_places else ""
        refuses = does(self.through, "refuses")
        return f"{in_words(self.through, '')} {refuses} transit of {goods}{ends}"
