"""A government forbids exports: lanes in scope ship nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Network
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import in_words, lanes_in_scope

LEVER = "lane_flow_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportBan(Intervention):
    """Stop new shipments on the lanes in scope; goods under way arrive.

    At level ``x`` a lane ships at most ``1 - x (1 - leak)`` of its normal flow of the day. Only lanes
    that cross a border are in scope, unless `domestic` says otherwise.

    Examples
    --------
    ```yaml
    id: irel_stop
    kind: export_ban
    from: India
    to: Japan
    materials: [ndpr_oxide]
    announced: 2025-06-01
    start: 2025-06-13
    enforced: 21 d
    end: 2025-12-01
    leak: 5 %
    ```
    """

    kind: ClassVar[str] = "export_ban"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    leak: float = field(
        default=0.0, metadata={"unit": "share", "doc": "share of the lane's normal flow that still gets out"}
    )
    domestic: bool = field(
        default=False, metadata={"doc": "also lanes that cross no border (a closed gate rather than a ban)"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_share(self.id, "leak", self.leak)

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes in scope."""
        lanes = lanes_in_scope(
            network, self.from_places, self.to_places, self.materials, self.end_use, self.domestic
        )
        return {LEVER: tuple(lane.lane_id for lane in lanes)}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Cap the flow of every lane in scope."""
        yield Turn(LEVER, self.touches(world.network)[LEVER], 1.0 - level * (1.0 - self.leak))

    def what(self) -> str:
        """Return the ban in words."""
        who, to_whom = in_words(self.from_places, "everyone"), in_words(self.to_places, "anyone")
        noun = "deliveries" if self.domestic else "exports"
        leak = f" but for {self.leak:.0%}" if self.leak else ""
        return f"{who} stops {noun} of {in_words(self.materials, 'everything')} to {to_whom}{leak}"
