"""Sellers take no new orders: what was ordered before ships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Network
from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import does, in_words, lanes_in_scope

LEVER = "lane_accepts"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFreeze(Intervention):
    """Accept no new orders on the lanes in scope; orders placed before are shipped.

    At level ``x`` a share ``x`` of each new order is turned away. The buyer learns it at once and places it
    with open lanes whose goods fit. Goods that are sent unasked (co-products, scrap) are under standing
    contracts and go on. Only lanes that cross a border are in scope, unless `domestic` says otherwise.

    Examples
    --------
    ```yaml
    id: freeze
    kind: contract_freeze
    from: India
    to: Japan
    materials: [ndpr]
    start: 2025-03-01
    ```
    """

    kind: ClassVar[str] = "contract_freeze"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    domestic: bool = field(default=False, metadata={"doc": "also lanes that cross no border"})

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes in scope whose goods are ordered."""
        lanes = lanes_in_scope(
            network, self.from_places, self.to_places, self.materials, self.end_use, self.domestic
        )
        return {LEVER: tuple(lane.lane_id for lane in lanes if not lane.is_pushed)}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Turn new orders away."""
        yield Turn(LEVER, self.rows(world)[LEVER], 1.0 - level)

    def what(self) -> str:
        """Return the freeze in words."""
        who, to_whom = in_words(self.from_places, "everyone"), in_words(self.to_places, "anyone")
        accepts, goods = does(self.from_places, "accepts"), in_words(self.materials, "anything")
        return f"{who} {accepts} no new orders for {goods} from {to_whom}"
