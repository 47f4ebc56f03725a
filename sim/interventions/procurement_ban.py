"""Buyers refuse goods that covered countries have had a hand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Lane, Network
from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Instruction, OriginTest, Watch
from sim.interventions.scope import country_codes, does, in_words, lanes_in_scope, suggestion

LEVER = "lane_flow_share"
STAGES = ("mined", "separated", "metal", "magnet")
NOTHING = 1e-9
"""A share this small is none: mixing washes out exponentially and never to zero."""
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcurementBan(Intervention):
    """Let buyers in scope accept only goods that no covered country has worked.

    Once a week each seller's stock is judged: if any element in it was mined, separated, made into metal
    or into a magnet (the `stages`) in a `covered` country, the buyer accepts nothing from that stock; so it
    is if the origin is not known. Stocks are judged by what is in them, so a seller that mixes never
    complies, and a site that works compliant feed only (a "China-free line") always does. Refused orders
    wait and, once the buyer's patience is over, go to sellers that comply. There is no half measure: any
    level above 0 refuses.

    Examples
    --------
    ```yaml
    id: dfars
    kind: procurement_ban
    to: United States
    covered: [China]
    start: 2025-03-01
    ```
    """

    kind: ClassVar[str] = "procurement_ban"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    covered: tuple[str, ...] = field(metadata={"doc": "countries and blocs whose hand disqualifies"})
    stages: tuple[str, ...] = field(default=STAGES, metadata={"doc": "mined, separated, metal, magnet"})

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if not self.covered:
            raise ValueError(f"{self.id}: `covered` names no country")
        for stage in self.stages:
            if stage not in STAGES:
                raise ValueError(f"{self.id}: stages has {stage!r}; allowed: {', '.join(STAGES)}")

    def codes(self, network: Network) -> list[str]:
        """Return the codes of the covered countries whose touch can be in the network.

        Raises
        ------
        ValueError
            If a name is no country, or a country with sites whose touch is not followed.
        """
        found: set[str] = set()
        for name in self.covered:
            codes = country_codes(network, name)
            if not codes:
                names = [item.name for item in network.countries.values()]
                raise ValueError(f"{self.id}: covered has {name!r}, no country{suggestion(name, names)}")
            found |= codes
        lost = sorted(found & {site.country for site in network.sites.values()} - set(network.tracked))
        if lost:
            raise ValueError(f"{self.id}: the network does not follow the touch of {', '.join(lost)}")
        return sorted(found & set(network.tracked))

    def refusable(self, network: Network) -> tuple[Lane, ...]:
        """Return the lanes into buyers in scope whose goods hold rare earths."""
        lanes = lanes_in_scope(
            network, self.from_places, self.to_places, self.materials, self.end_use
        )
        return tuple(lane for lane in lanes if any(network.materials[lane.material].contents.values()))

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes in scope."""
        self.codes(network)
        return {LEVER: tuple(lane.lane_id for lane in self.refusable(network))}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Judge every stock in scope, or none."""
        network = world.network
        classes = tuple((stage, code) for stage in self.stages for code in (*self.codes(network), UNKNOWN))
        tests: dict[str, OriginTest | None] = {}
        for lane in self.refusable(network):
            contents = network.materials[lane.material].contents
            weights = {element: 1.0 for element, mass in contents.items() if mass > 0.0}
            tests[lane.lane_id] = OriginTest(weights, classes, NOTHING)
        yield Watch(LEVER, tuple(sorted(tests)), 0.0 if level > 0.0 else 1.0, "origin", tests)

    def what(self) -> str:
        """Return the ban in words."""
        buyers = in_words((*self.to_places, *self.end_use), "everyone")
        refuse = does((*self.to_places, *self.end_use), "refuses")
        goods = in_words(self.materials, "goods")
        return f"{buyers} {refuse} {goods} worked in {in_words(self.covered, '')}"
