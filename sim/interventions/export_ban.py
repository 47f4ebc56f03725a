"""A government forbids exports: lanes in scope ship nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Network
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import does, in_words, lane_route_key, lanes_in_scope
from sim.units import percent

LEVER, DETOUR, DETOUR_DAYS = "lane_flow_share", "route_detour_share", "route_detour_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversion:
    """Goods that a ban sends on a detour through third countries."""

    share: float = field(metadata={"unit": "share", "doc": "share of the lane's normal flow that tries"})
    detected: float = field(default=0.0, metadata={"unit": "share", "doc": "share of these that is stopped"})
    detour_days: float = field(
        default=30.0, metadata={"alias": "days", "unit": "duration", "doc": "how much longer they take"}
    )

    def __post_init__(self) -> None:
        check_share("diversion", "share", self.share)
        check_share("diversion", "detected", self.detected)
        if self.detour_days < 0.0:
            raise ValueError(f"diversion: days is {self.detour_days:g} d; it is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportBan(Intervention):
    """Stop new shipments on the lanes in scope; goods under way arrive.

    At level ``x`` a lane ships at most ``1 - x (1 - leak)`` of its normal flow of the day. Only lanes
    that cross a border are in scope, unless `domestic` says otherwise. With `diversion`, a share of the
    normal flow goes through third countries: what is not detected gets through too, and takes longer than
    what leaks or is still allowed. The ban sees buyers, not destinations: goods for Japan that go by a hub
    elsewhere are caught by naming the hub, with all that it buys.

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
    diversion: {share: 20 %, detected: 25 %, days: 30 d}
    ```
    """

    kind: ClassVar[str] = "export_ban"
    levers: ClassVar[tuple[str, ...]] = (LEVER, DETOUR, DETOUR_DAYS)

    leak: float = field(
        default=0.0, metadata={"unit": "share", "doc": "share of the lane's normal flow that still gets out"}
    )
    domestic: bool = field(
        default=False, metadata={"doc": "also lanes that cross no border (a closed gate rather than a ban)"}
    )

    diversion: Diversion | None = field(default=None, metadata={"doc": "trade through third countries"})

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_share(self.id, "leak", self.leak)
        if self.leak + self.diverted > 1.0:
            both = percent(self.leak + self.diverted)
            raise ValueError(f"{self.id}: leak and diversion are {both} of the flow")

    @property
    def diverted(self) -> float:
        """Share of the normal flow that arrives through third countries."""
        return 0.0 if self.diversion is None else self.diversion.share * (1.0 - self.diversion.detected)

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes in scope."""
        lanes = lanes_in_scope(
            network, self.from_places, self.to_places, self.materials, self.end_use, self.domestic
        )
        legs = [lane_route_key(lane.lane_id, leg.route) for lane in lanes for leg in lane.routes]
        detours = tuple(legs) if self.diverted > 0.0 else ()
        return {LEVER: tuple(lane.lane_id for lane in lanes), DETOUR: detours, DETOUR_DAYS: detours}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Cap the flow of every lane in scope."""
        rows = self.rows(world)
        shipped = 1.0 - level * (1.0 - self.leak - self.diverted)
        yield Turn(LEVER, rows[LEVER], shipped)
        if self.diversion is not None and rows[DETOUR]:
            yield Turn(DETOUR, rows[DETOUR], level * self.diverted / shipped)
            yield Turn(DETOUR_DAYS, rows[DETOUR_DAYS], self.diversion.detour_days if level > 0.0 else 0.0)

    def what(self) -> str:
        """Return the ban in words."""
        who, to_whom = in_words(self.from_places, "everyone"), in_words(self.to_places, "anyone")
        noun = "deliveries" if self.domestic else "exports"
        ways = [percent(self.leak)] if self.leak else []
        if self.diversion is not None and self.diverted > 0.0:
            later = f"{self.diversion.detour_days:g} days later" if self.diversion.detour_days else "in time"
            ways.append(f"{percent(self.diverted)} through third countries, {later},")
        leak = f" but for {' and '.join(ways)}" if ways else ""
        stops = does(self.from_places, "stops")
        return f"{who} {stops} {noun} of {in_words(self.materials, 'everything')} to {to_whom}{leak}"
