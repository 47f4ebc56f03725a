"""Makers need less of a material for the same product, or another one in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Line, Network, central
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import does, in_words, lines_in_scope, resolve_materials
from sim.units import percent

LEVER = "input_factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution(Intervention):
    """Lower what lines in scope use of a material for each unit they make (thrifting).

    At level ``x`` a line uses ``1 - x saving`` of what it did. With `by`, another input of the same lines
    takes its place, `ratio` of its units for each unit saved. The path is that of the level: ``enforced``
    for a ramp, ``steps`` for stages. What is in stock already is used up by the new recipe.

    Examples
    --------
    ```yaml
    id: thrifting
    kind: substitution
    to: Japan
    materials: [ndpr_oxide]
    saving: 50 %
    start: 2025-03-01
    enforced: 24 months
    ```
    """

    kind: ClassVar[str] = "substitution"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    saving: float = field(metadata={"unit": "share", "doc": "share of the material that is saved"})
    lines: tuple[str, ...] = field(default=(), metadata={"doc": "line ids, beside those at `to`"})
    by: str = field(default="", metadata={"doc": "the input that takes its place; missing: none"})
    ratio: float = field(
        default=1.0, metadata={"unit": "factor", "doc": "units of `by` for each unit saved"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_share(self.id, "saving", self.saving)
        if not self.materials:
            raise ValueError(f"{self.id}: `materials` does not say what is saved")
        if self.ratio < 0.0:
            raise ValueError(f"{self.id}: ratio is {self.ratio:g}; it is not negative")

    def saved(self, network: Network) -> list[tuple[Line, str]]:
        """Return each (line, input) in scope, by id."""
        places = self.to_places if self.to_places or self.lines else ("all",)
        materials = resolve_materials(network, self.materials) or frozenset()
        return [
            (line, name)
            for line in lines_in_scope(network, places, self.lines)
            for name in sorted(line.inputs)
            if name in materials
            and (not self.end_use or network.sites[line.site].end_use in self.end_use)
        ]

    def problems(self, network: Network) -> tuple[str, ...]:
        """Return what stands in the way, among it lines that have no such other input."""
        found = Intervention.problems(self, network)
        if found or not self.by:
            return found
        return tuple(
            f"{self.id}: line {line.line_id} has no input {self.by!r}; its inputs: {', '.join(line.inputs)}"
            for line, _ in self.saved(network)
            if self.by not in line.inputs
        )

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the inputs that are saved and those that take their place, as ``line|material``."""
        rows = {f"{line.line_id}|{name}" for line, name in self.saved(network)}
        if self.by:
            rows |= {f"{line.line_id}|{self.by}" for line, _ in self.saved(network)}
        return {LEVER: tuple(sorted(rows))}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Lower the use of what is saved, raise that of its replacement."""
        added: dict[str, float] = {}
        for line, name in self.saved(world.network):
            yield Turn(LEVER, (f"{line.line_id}|{name}",), 1.0 - level * self.saving)
            if self.by:
                saved = level * self.saving * central(line.inputs[name])
                more = saved * self.ratio / central(line.inputs[self.by])
                added[line.line_id] = added.get(line.line_id, 0.0) + more
        for line_id, more in sorted(added.items()):
            yield Turn(LEVER, (f"{line_id}|{self.by}",), 1.0 + more)

    def what(self) -> str:
        """Return the programme in words."""
        who = in_words((*self.to_places, *self.lines), "everyone")
        instead = f", with {self.by} in its place" if self.by else ""
        needs = does((*self.to_places, *self.lines), "needs")
        return f"{who} {needs} {percent(self.saving)} less {in_words(self.materials, '')}{instead}"
