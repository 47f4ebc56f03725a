"""A government withholds technology, equipment or reagents: plants abroad rise more slowly, run worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Line, LineKind, Network
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import does, in_words, lines_in_scope, resolve_materials

PACE, INPUT = "line_pace", "input_factor"
REAGENT = "reagent"


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnologyBan(Intervention):
    """Slow the projects, and worsen the running, of plants that depend on a country's technology.

    The plants are those at `to` and the `lines` named, as far as they make `materials`. Work on their new
    capacity (`new_capacity`) goes on at `pace`: at half a pace what is left of it takes twice as long.
    Plants that run go on, lose `yield_loss` of their feed and need `reagent_factor` times the reagents. At
    level ``x`` the pace is ``1 - x (1 - pace)``, and the others likewise.

    Examples
    --------
    ```yaml
    id: no_know_how
    kind: technology_ban
    to: Japan
    lines: [zhana_kazakhstan_mining]
    pace: 50 %
    yield_loss: 5 %
    start: 2025-03-01
    ```
    """

    kind: ClassVar[str] = "technology_ban"
    levers: ClassVar[tuple[str, ...]] = (PACE, INPUT)

    lines: tuple[str, ...] = field(default=(), metadata={"doc": "line ids, beside those at `to`"})
    pace: float = field(
        default=0.5, metadata={"unit": "share", "doc": "progress of projects, against the normal one"}
    )
    yield_loss: float = field(
        default=0.0, metadata={"unit": "share", "doc": "share of the feed that running plants lose"}
    )
    reagent_factor: float = field(
        default=1.0, metadata={"unit": "factor", "doc": "use of reagents is multiplied by"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_share(self.id, "pace", self.pace)
        check_share(self.id, "yield_loss", self.yield_loss)
        if self.yield_loss == 1.0:
            raise ValueError(f"{self.id}: yield_loss is 100 %; nothing would come out")
        if self.reagent_factor < 1.0:
            raise ValueError(f"{self.id}: reagent_factor is {self.reagent_factor:g}; it is at least 1")
        if not (self.lines or self.to_places):
            raise ValueError(f"{self.id}: neither `to` nor `lines` says which plants depend on it")

    def plants(self, network: Network) -> list[Line]:
        """Return the mines and plants in scope."""
        materials = resolve_materials(network, self.materials)
        return [
            line
            for line in lines_in_scope(network, self.to_places, self.lines)
            if line.kind in (LineKind.MINE, LineKind.PLANT)
            and (materials is None or materials & set(line.outputs))
        ]

    def factors(self, network: Network) -> dict[str, float]:
        """Return by how much each input of a plant in scope is multiplied at full strength."""
        found = {}
        for line in self.plants(network):
            for name in line.inputs:
                is_reagent = network.materials[name].form == REAGENT
                factor = self.reagent_factor if is_reagent else 1.0 / (1.0 - self.yield_loss)
                if factor != 1.0:
                    found[f"{line.line_id}|{name}"] = factor
        return found

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lines in scope, and their inputs."""
        lines = tuple(line.line_id for line in self.plants(network))
        return {PACE: lines if self.pace < 1.0 else (), INPUT: tuple(sorted(self.factors(network)))}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Slow the work and raise the inputs."""
        network = world.network
        yield Turn(PACE, self.touches(network)[PACE], 1.0 - level * (1.0 - self.pace))
        for row, factor in sorted(self.factors(network).items()):
            yield Turn(INPUT, (row,), 1.0 + level * (factor - 1.0))

    def what(self) -> str:
        """Return the ban in words."""
        who, whom = in_words(self.from_places, "a country"), in_words((*self.to_places, *self.lines), "")
        return f"{who} {does(self.from_places, 'withholds')} technology from {whom}"
