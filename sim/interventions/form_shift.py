"""Buyers take the part that holds the magnet instead of the magnet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Network
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.levers import LEVERS
from sim.interventions.scope import in_words, lanes_in_scope

LEVER = "lane_sourcing_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormShift(Intervention):
    """Move a share of buyers' business to makers of a later form (buy the motor, not the magnet).

    The lanes in scope carry the later form: `from` its makers, `to` its buyers. At level ``x`` they get
    ``x share`` of each buyer's need, by normal share among them (evenly where they have none); the buyer's
    other lanes keep the rest. Goods that a rule stops in one form cross the border in another.

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
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    share: float = field(metadata={"unit": "share", "doc": "share of the buyer's need that moves"})

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_share(self.id, "share", self.share)
        if not (self.from_places and self.materials):
            raise ValueError(f"{self.id}: `from` and `materials` say who makes the later form, and which")

    def parts(self, network: Network) -> dict[str, float]:
        """Return each lane in scope with its part of what moves to its buyer [share]."""
        lanes = [
            lane
            for lane in lanes_in_scope(
                network, self.from_places, self.to_places, self.materials, self.end_use
            )
            if not lane.is_pushed
        ]
        found: dict[str, float] = {}
        for place in sorted({(lane.buyer, lane.material) for lane in lanes}):
            mine = [lane for lane in lanes if (lane.buyer, lane.material) == place]
            total = sum(lane.sourcing_share for lane in mine)
            for lane in mine:
                found[lane.lane_id] = lane.sourcing_share / total if total > 0.0 else 1.0 / len(mine)
        return found

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes in scope."""
        return {LEVER: tuple(sorted(self.parts(network)))}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """State the lanes' share of the buyers' need."""
        for lane_id, part in sorted(self.parts(world.network).items()):
            value = level * self.share * part if level > 0.0 else LEVERS[LEVER].neutral
            yield Turn(LEVER, (lane_id,), value)

    def what(self) -> str:
        """Return the shift in words."""
        who, makers = in_words(self.to_places, "everyone"), in_words(self.from_places, "")
        return f"{who} buys {self.share:.0%} of its {in_words(self.materials, '')} from {makers}"
