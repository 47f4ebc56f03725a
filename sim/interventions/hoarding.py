"""Buyers want more stock than usual: out of fear, or before a dated rule takes effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import LineKind, Network
from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import does, in_words, lanes_in_scope

LEVER = "group_cover_added"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hoarding(Intervention):
    """Raise the cover that buyers in scope want of bought materials.

    At level ``x`` they want ``x cover`` days more than usual; their orders rise until they have it and
    fall below use when it ends. With `after: {id: some_rule, milestone: announced}` and the rule's start as
    `end` it is front-loading. Buyers that order up to a fixed level want as much more of it; the other
    ordering policies know no cover and are out of scope.

    Examples
    --------
    ```yaml
    id: front_loading
    kind: hoarding
    to: Japan
    materials: [ndpr_oxide]
    cover: 30 d
    start: 2025-03-01
    end: 2025-09-01
    ```
    """

    kind: ClassVar[str] = "hoarding"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    cover_days: float = field(
        metadata={"alias": "cover", "unit": "duration", "doc": "cover wanted beyond the usual one"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if self.cover_days < 0.0:
            raise ValueError(f"{self.id}: cover is {self.cover_days:g} d; it is not negative")

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the bought materials in scope, as ``site|material``."""
        lanes = lanes_in_scope(network, self.from_places, self.to_places, self.materials, self.end_use)
        may_hoard = {name: _may_hoard(network, name) for name in {lane.buyer for lane in lanes}}
        found = {
            f"{lane.buyer}|{lane.material}" for lane in lanes if not lane.is_pushed and may_hoard[lane.buyer]
        }
        return {LEVER: tuple(sorted(found))}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Raise the wanted cover."""
        yield Turn(LEVER, self.rows(world)[LEVER], level * self.cover_days)

    def what(self) -> str:
        """Return the wish in words."""
        who = in_words(self.to_places, "everyone")
        goods = in_words(self.materials, "everything")
        return f"{who} {does(self.to_places, 'wants')} {self.cover_days:g} more days of {goods}"


def _may_hoard(network: Network, site_id: str) -> bool:
    """Tell whether a buyer knows a cover, and is no site for uses nobody follows: that one fears nothing."""
    lines = network.lines_at(site_id)
    is_residual = bool(lines) and all(line.kind is LineKind.BUILD and line.is_sink for line in lines)
    return network.sites[site_id].ordering in ("base_stock", "order_up_to") and not is_residual
