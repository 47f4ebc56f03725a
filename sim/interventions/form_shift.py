"""Buyers take the part that holds the magnet instead of the magnet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Lane, Network
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction
from sim.interventions.scope import does, in_words, lanes_in_scope
from sim.interventions.sourcing import SOURCING, moved_shares, normal_share
from sim.units import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class FormShift(Intervention):
    """Move a share of buyers' business to makers of a later form (buy the motor, not the magnet).

    The lanes in scope carry the later form: `from` its makers, `to` its buyers. At level ``x`` they go that
    part of the way from the share of each buyer's need that they have to `share`, by normal share among
    them (evenly where they have none); the buyer's other lanes keep the rest. Goods that a rule stops in
    one form cross the border in another.

    Examples
    --------
    ```yaml
    id: buy_the_motor
    kind: form_shift
    from: India
    to: Japan
    materials: [ndpr_oxide]
    share: 80 %
    start: 2025-03-01
    enforced: 90 d
    ```
    """

    kind: ClassVar[str] = "form_shift"
    levers: ClassVar[tuple[str, ...]] = (SOURCING,)

    share: float = field(metadata={"unit": "share", "doc": "share of the buyer's need they have in the end"})

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_share(self.id, "share", self.share)
        if not (self.from_places and self.materials):
            raise ValueError(f"{self.id}: `from` and `materials` say who makes the later form, and which")

    def lanes(self, network: Network) -> tuple[Lane, ...]:
        """Return the lanes in scope."""
        found = lanes_in_scope(network, self.from_places, self.to_places, self.materials, self.end_use)
        return tuple(lane for lane in found if not lane.is_pushed)

    def shares(self, world: World) -> dict[str, float]:
        """Return what each lane in scope has of its buyer's need once all has moved [share]."""
        lanes = self.lanes(world.network)
        found: dict[str, float] = {}
        for lane in lanes:
            rivals = [one for one in lanes if (one.buyer, one.material) == (lane.buyer, lane.material)]
            total = sum(normal_share(world, one.lane_id) for one in rivals)
            part = normal_share(world, lane.lane_id) / total if total > 0.0 else 1.0 / len(rivals)
            found[lane.lane_id] = self.share * part
        return found

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes in scope."""
        return {SOURCING: tuple(sorted(lane.lane_id for lane in self.lanes(network)))}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """State the lanes' share of the buyers' need."""
        yield from moved_shares(world, world.once(f"{self.id}/shares", lambda: self.shares(world)), level)

    def what(self) -> str:
        """Return the shift in words."""
        who, makers = in_words(self.to_places, "everyone"), in_words(self.from_places, "")
        buys, goods = does(self.to_places, "buys"), in_words(self.materials, "")
        whose = "their" if len(self.to_places) > 1 else "its"
        return f"{who} {buys} {percent(self.share)} of {whose} {goods} from {makers}"
