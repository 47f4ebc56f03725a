"""Makers build more or less, customers want more or less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import LineKind, Network
from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import does, in_words, lines_in_scope

LEVER = "line_plan_factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandShift(Intervention):
    """Multiply the plans of build lines and the demand of customers.

    At level ``x`` a plan is ``1 + x (factor - 1)`` times what it was; ``steps`` and ``enforced`` give its
    path. Losses count against the plan of the day. A build line builds no more than its capacity, whatever
    the plan.

    Examples
    --------
    ```yaml
    id: fewer_cars
    kind: demand_shift
    to: Japan
    factor: 0.8
    start: 2025-03-01
    enforced: 60 d
    ```
    """

    kind: ClassVar[str] = "demand_shift"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    factor: float = field(metadata={"unit": "factor", "doc": "plan or demand is multiplied by"})
    lines: tuple[str, ...] = field(default=(), metadata={"doc": "line ids, beside those at `to`"})

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if self.factor < 0.0:
            raise ValueError(f"{self.id}: factor is {self.factor:g}; it is not negative")

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the build lines and customers in scope."""
        places = self.to_places if self.to_places or self.lines else ("all",)
        lines = lines_in_scope(network, places, self.lines)
        return {
            LEVER: tuple(
                line.line_id
                for line in lines
                if line.kind in (LineKind.BUILD, LineKind.CUSTOMER)
                and (not self.end_use or network.sites[line.site].end_use in self.end_use)
            )
        }

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Multiply the plans."""
        yield Turn(LEVER, self.rows(world)[LEVER], 1.0 + level * (self.factor - 1.0))

    def what(self) -> str:
        """Return the shift in words."""
        who = (*self.to_places, *self.lines)
        much = f"{self.factor:g} times as much" if self.factor else "nothing"
        return f"{in_words(who, 'everyone')} {does(who, 'wants')} {much}"
