"""Countries stand together: members buy from and sell to each other first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Lane, Network
from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import in_words, resolve_materials, resolve_places

SERVED, PREFERRED = "lane_served_after", "lane_preferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alliance(Intervention):
    """Let members serve members first, and turn to members first when a supplier fails.

    When a member's stock does not suffice, its lanes to non-members are served after those to members.
    When a member's lane fails, its business goes to members that have goods to spare, and to others only
    if none has. A stock that members share is a `stockpile` with the members as its buyers. An alliance of
    one country is *domestic first*. There is no half measure: any level above 0 puts it in force.

    Examples
    --------
    ```yaml
    id: pact
    kind: alliance
    members: [Australia, United States]
    materials: [ndpr]
    start: 2025-03-01
    ```
    """

    kind: ClassVar[str] = "alliance"
    levers: ClassVar[tuple[str, ...]] = (SERVED, PREFERRED)

    members: tuple[str, ...] = field(metadata={"doc": "countries, blocs, sites or operators"})
    serve_first: bool = field(default=True, metadata={"doc": "non-members are served last"})
    prefer: bool = field(default=True, metadata={"doc": "members step in first for members"})

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if not self.members:
            raise ValueError(f"{self.id}: `members` names nobody")
        if not (self.serve_first or self.prefer):
            raise ValueError(f"{self.id}: with neither `serve_first` nor `prefer` it does nothing")

    def _of_members(self, network: Network) -> list[tuple[Lane, bool]]:
        """Return the lanes of member sellers in scope, and whether the buyer is a member."""
        members = resolve_places(network, self.members) or frozenset()
        materials = resolve_materials(network, self.materials)
        return [
            (lane, lane.buyer in members)
            for _, lane in sorted(network.lanes.items())
            if lane.supplier in members and (materials is None or lane.material in materials)
        ]

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes that are served last and those that are preferred."""
        lanes = self._of_members(network)
        last = tuple(lane.lane_id for lane, is_member in lanes if not is_member)
        first = tuple(lane.lane_id for lane, is_member in lanes if is_member)
        return {SERVED: last if self.serve_first else (), PREFERRED: first if self.prefer else ()}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Put the alliance in force, or out."""
        for lever, rows in self.rows(world).items():
            if rows:
                yield Turn(lever, rows, 1.0 if level > 0.0 else 0.0)

    def what(self) -> str:
        """Return the alliance in words."""
        goods = in_words(self.materials, "everything")
        return f"{in_words(self.members, '')} serve each other first with {goods}"
