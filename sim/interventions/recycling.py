"""More scrap is collected, or recyclers grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import LineKind, Network
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import check_known, does, in_words, lines_in_scope
from sim.interventions.sourcing import SOURCING, moved_shares

LEVER = "line_capacity_added"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recycling(Intervention):
    """Add to what scrap collectors bring in, or to what recyclers can work up.

    At level ``x`` each line in scope has ``x added`` more. A line that collects old scrap brings in that much
    more; a plant that works up swarf can take in that much more, as far as there is swarf: it falls when the
    output of magnets falls. A recycler with room to spare makes no more than is ordered from it: `offtake`
    moves lanes, in step with the level, from the share they have to a larger share of their buyer's need.

    Examples
    --------
    ```yaml
    id: old_motors
    kind: recycling
    lines: [old_magnets_china_collection]
    added: 100 t/yr
    start: 2025-03-01
    enforced: 12 months
    ```
    """

    kind: ClassVar[str] = "recycling"
    levers: ClassVar[tuple[str, ...]] = (LEVER, SOURCING)

    added_per_day: float = field(
        metadata={"alias": "added", "unit": "rate", "doc": "more of the line's first output"}
    )
    lines: tuple[str, ...] = field(default=(), metadata={"doc": "line ids, beside those at `from`"})
    offtake: Mapping[str, float] = field(
        default_factory=dict, metadata={"unit": "share", "doc": "share of the buyer's need, by lane"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if self.added_per_day < 0.0:
            raise ValueError(f"{self.id}: added is {self.added_per_day:g} a day; it is not negative")
        for lane_id, share in self.offtake.items():
            check_share(self.id, f"offtake.{lane_id}", share)
        if not (self.lines or self.from_places):
            raise ValueError(f"{self.id}: neither `lines` nor `from` says who recycles")

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the collecting and recycling lines in scope, and the lanes of the offtake."""
        for lane_id in self.offtake:
            check_known(lane_id, network.lanes, "lane")
        kinds = (LineKind.MINE, LineKind.PLANT)
        lines = lines_in_scope(network, self.from_places, self.lines)
        added = tuple(line.line_id for line in lines if line.kind in kinds)
        return {LEVER: added, SOURCING: tuple(sorted(self.offtake))}

    def problems(self, network: Network) -> tuple[str, ...]:
        """Add lines that make pieces: what is recycled is told in tonnes."""
        found = Intervention.problems(self, network)
        if found:
            return found
        for name in self.touches(network)[LEVER]:
            made = next(iter(network.lines[name].outputs))
            if network.materials[made].unit != "tonne":
                return (f"{self.id}: {name} makes {made}, which is counted in pieces; recycling adds tonnes",)
        return ()

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Add to the lines, and to what is ordered from them."""
        yield Turn(LEVER, self.rows(world)[LEVER], level * self.added_per_day)
        yield from moved_shares(world, self.offtake, level)

    def what(self) -> str:
        """Return the programme in words."""
        who = in_words((*self.from_places, *self.lines), "")
        recycles = does((*self.from_places, *self.lines), "recycles")
        return f"{who} {recycles} {self.added_per_day * 365:g} t more a year"
