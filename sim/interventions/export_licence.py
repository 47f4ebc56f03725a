"""A government licenses exports: orders wait for an authority, which has only so many hands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal, get_args

from sim.domain import Lane, Network, Number
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Examiner, Instruction, Open, Turn
from sim.interventions.scope import in_words, lanes_in_scope, resolve_places

LICENSED, EXEMPT = "lane_licensed_share", "lane_exempt_share"
Refusal = Literal["reapply", "final"]
Granularity = Literal["week", "event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Which applications are granted in the end, by end use."""

    civil: float = field(default=1.0, metadata={"unit": "share", "doc": "share granted for civil use"})
    military: float = field(default=0.0, metadata={"unit": "share", "doc": "share granted for military use"})
    on_refusal: Refusal = field(default="reapply", metadata={"doc": "what a refused seller does"})

    def __post_init__(self) -> None:
        check_share("approval", "civil", self.civil)
        check_share("approval", "military", self.military)
        if self.on_refusal not in get_args(Refusal):
            allowed = ", ".join(get_args(Refusal))
            raise ValueError(f"approval: on_refusal is {self.on_refusal!r}; allowed: {allowed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """How an authority treats some destinations differently."""

    to_places: tuple[str, ...] = field(metadata={"alias": "to", "doc": "destinations"})
    granted: float = field(default=1.0, metadata={"unit": "share", "doc": "multiplies the share granted"})
    slowness: float = field(default=1.0, metadata={"unit": "factor", "doc": "multiplies the examination"})
    priority: int = field(default=0, metadata={"doc": "class of priority; lower is decided first"})
    held: float | None = field(
        default=None,
        metadata={"unit": "share", "doc": "share of look-alikes held, in place of that of `collateral`"},
    )

    def __post_init__(self) -> None:
        check_share("screening", "granted", self.granted)
        check_share("screening", "held", self.held or 0.0)
        if self.slowness < 0.0:
            raise ValueError(f"screening: slowness is {self.slowness:g}; it is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """From a day on the authority takes so many decisions a week."""

    start: date = field(metadata={"alias": "from", "doc": "first day"})
    per_week: float = field(metadata={"unit": "count", "doc": "decisions a week from then on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collateral:
    """Goods that need no licence but are held at the border for tests, because they look alike."""

    materials: tuple[str, ...] = field(metadata={"doc": "materials that are held"})
    share: float = field(default=1.0, metadata={"unit": "share", "doc": "share of orders that is held"})
    hold_days: Number = field(
        metadata={"alias": "hold", "unit": "duration", "doc": "how long goods are held"}
    )

    def __post_init__(self) -> None:
        check_share("collateral", "share", self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLicence(Intervention):
    """Let exports in scope ship only once an authority has granted a licence.

    The orders of a week on a lane are one application. It is prepared, examined, and decided when the
    authority's turn comes to it: `decisions_per_week`, first by class of priority, then as examined.
    A licence covers the tonnes applied for; what is unused lapses after `validity`. Military orders and
    stricter destinations have their own shares of approval. At level ``x`` a share ``x`` of new orders
    needs a licence; when the level falls to 0 all that waits ships at once. Lanes of the materials of
    `collateral` are held for tests instead: each for its own drawn time, longer where the screening is
    stricter, without a queue or refusal.

    Examples
    --------
    ```yaml
    id: licences
    kind: export_licence
    by: India
    materials: [ndpr]
    start: 2025-04-04
    enforced: 21 d
    preparing: 14 d
    processing: {distribution: gamma, mean: 45 d, cv: 0.4}
    decisions_per_week: 60
    approval: {civil: 0.97, military: 0.0, on_refusal: reapply}
    screening: [{to: Japan, granted: 0.9, slowness: 1.5, priority: 1}]
    general_licences_from: 2026-06-01
    general_share: 60 %
    ```
    """

    kind: ClassVar[str] = "export_licence"
    levers: ClassVar[tuple[str, ...]] = (LICENSED, EXEMPT)

    by: tuple[str, ...] = field(metadata={"doc": "whose exports are licensed: countries, blocs, sites"})
    preparing_days: Number = field(
        default=0.0, metadata={"alias": "preparing", "unit": "duration", "doc": "papers before filing"}
    )
    processing_days: Number = field(
        default=0.0, metadata={"alias": "processing", "unit": "duration", "doc": "examination"}
    )
    decisions_per_week: float = field(
        default=math.inf, metadata={"unit": "count", "doc": "decisions a week; missing: no limit"}
    )
    capacity: tuple[Capacity, ...] = field(
        default=(), metadata={"doc": "decisions a week that change over time (truces)"}
    )
    licence_quantity: float = field(
        default=math.inf,
        metadata={"unit": "count", "doc": "what one decision covers at most, in units of the material"},
    )
    returned: float = field(
        default=0.0, metadata={"unit": "share", "doc": "share of applications returned for information"}
    )
    returned_days: Number = field(
        default=30.0, metadata={"alias": "returned_for", "unit": "duration", "doc": "what a return costs"}
    )
    approval: Approval = field(default=Approval(), metadata={"doc": "who gets a licence"})
    screening: tuple[Screening, ...] = field(default=(), metadata={"doc": "destinations treated differently"})
    validity_days: float = field(
        default=math.inf,
        metadata={"alias": "validity", "unit": "duration", "doc": "a licence lapses after; missing: never"},
    )
    general_licences_from: date | None = field(
        default=None, metadata={"doc": "from this day civil buyers get general licences"}
    )
    general_share: float = field(
        default=1.0, metadata={"unit": "share", "doc": "share of civil orders under general licences"}
    )
    granularity: Granularity = field(
        default="week", metadata={"doc": "week: decisions week by week; event: each application by itself"}
    )
    examiners: int = field(default=1, metadata={"doc": "who decide at the same time, by event"})
    decision_days: Number | None = field(
        default=None,
        metadata={
            "alias": "decision_time",
            "unit": "duration",
            "doc": "what one decision takes, by event; missing: as decisions_per_week has it",
        },
    )
    collateral: Collateral | None = field(
        default=None, metadata={"doc": "uncontrolled goods held for tests"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if not self.by:
            raise ValueError(f"{self.id}: `by` names no country")
        if self.granularity not in get_args(Granularity):
            allowed = ", ".join(get_args(Granularity))
            raise ValueError(f"{self.id}: granularity is {self.granularity!r}; allowed: {allowed}")
        if self.examiners < 1:
            raise ValueError(f"{self.id}: examiners is {self.examiners}; at least 1 is needed")
        if self.granularity == "week" and (self.examiners > 1 or self.decision_days is not None):
            raise ValueError(f"{self.id}: `examiners` and `decision_time` need `granularity: event`")
        check_share(self.id, "returned", self.returned)
        check_share(self.id, "general_share", self.general_share)
        for name in ("decisions_per_week", "licence_quantity", "validity_days"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{self.id}: {name} is {getattr(self, name):g}; it is not negative")
        if self.licence_quantity == 0.0:
            raise ValueError(f"{self.id}: licence_quantity is 0; one decision covers something")

    def licensed(self, network: Network) -> tuple[Lane, ...]:
        """Return the lanes that need a licence."""
        return self._abroad(network, self.materials)

    def held(self, network: Network) -> tuple[Lane, ...]:
        """Return the lanes whose goods are held for tests."""
        if self.collateral is None:
            return ()
        under_licence = {lane.lane_id for lane in self.licensed(network)}
        lanes = self._abroad(network, self.collateral.materials)
        return tuple(lane for lane in lanes if lane.lane_id not in under_licence)

    def _abroad(self, network: Network, materials: tuple[str, ...]) -> tuple[Lane, ...]:
        lanes = lanes_in_scope(network, self.by, self.to_places, materials, self.end_use, domestic=False)
        sellers = resolve_places(network, self.from_places)
        return tuple(lane for lane in lanes if sellers is None or lane.supplier in sellers)

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes under licence or held, and those that a general licence may free."""
        licensed = self.licensed(network)
        civil = [lane.lane_id for lane in licensed if network.sites[lane.buyer].end_use != "military"]
        return {
            LICENSED: tuple(lane.lane_id for lane in (*licensed, *self.held(network))),
            EXEMPT: tuple(civil) if self.general_licences_from is not None else (),
        }

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Set the share of new orders that waits for a licence, or for a test."""
        licensed = tuple(lane.lane_id for lane in self.licensed(world.network))
        yield Turn(LICENSED, licensed, level)
        if self.collateral is not None:
            by_share: dict[float, list[str]] = {}
            screenings = self._screenings(world.network)
            strict = [(item.held, buyers) for item, buyers in screenings if item.held is not None]
            for lane in self.held(world.network):
                own = [share for share, buyers in strict if lane.buyer in buyers]
                by_share.setdefault(max(own, default=self.collateral.share), []).append(lane.lane_id)
            for share, lanes in sorted(by_share.items()):
                yield Turn(LICENSED, tuple(lanes), level * share)

    def _events(
        self, world: World, start_day: float, end_day: float
    ) -> Iterator[tuple[float, int, float | Instruction]]:
        yield from Intervention._events(self, world, start_day, end_day)
        if not any(level > 0.0 for _, level in self.profile(world, start_day)):
            return
        yield start_day, -1, Open(self.office(world))
        if self.collateral is not None:
            yield start_day, -1, Open(self.laboratory(world))
        if self.general_licences_from is not None:
            first = max(world.day(self.general_licences_from), start_day)
            rows = self.rows(world)[EXEMPT]
            if first < end_day:
                yield first, 1, Turn(EXEMPT, rows, self.general_share)
                if end_day < math.inf:
                    yield end_day, 1, Turn(EXEMPT, rows, 0.0)

    def office(self, world: World) -> Examiner:
        """Return how the authority deals with applications."""
        network = world.network
        approval: dict[str, float] = {}
        slowness: dict[str, float] = {}
        rank: dict[str, int] = {}
        screenings = self._screenings(network)
        for lane in self.licensed(network):
            is_military = network.sites[lane.buyer].end_use == "military"
            share = self.approval.military if is_military else self.approval.civil
            screens = [item for item, buyers in screenings if lane.buyer in buyers]
            approval[lane.lane_id] = share * math.prod(item.granted for item in screens)
            slowness[lane.lane_id] = math.prod(item.slowness for item in screens)
            rank[lane.lane_id] = max((item.priority for item in screens), default=0)
        changes = sorted((world.day(item.start), item.per_week) for item in self.capacity)
        return Examiner(
            name=self.id,
            approval=approval,
            slowness=slowness,
            rank=rank,
            preparing_days=self.preparing_days,
            processing_days=self.processing_days,
            returned_days=self.returned_days,
            decisions_per_week=((-math.inf, self.decisions_per_week), *changes),
            licence_tonnes=self.licence_quantity,
            returned_share=self.returned,
            is_final=self.approval.on_refusal == "final",
            validity_days=self.validity_days,
            by_event=self.granularity == "event",
            examiners=self.examiners,
            decision_days=self.decision_days,
        )

    def _screenings(self, network: Network) -> list[tuple[Screening, frozenset[str]]]:
        """Return what treats some destinations differently, and the buyers there."""
        return [(item, resolve_places(network, item.to_places) or frozenset()) for item in self.screening]

    def laboratory(self, world: World) -> Examiner:
        """Return how customs deals with goods that look like licensed ones."""
        assert self.collateral is not None
        screenings = self._screenings(world.network)
        slowness = {
            lane.lane_id: math.prod(item.slowness for item, buyers in screenings if lane.buyer in buyers)
            for lane in self.held(world.network)
        }
        return Examiner(
            name=f"{self.id}/collateral",
            approval=dict.fromkeys(slowness, 1.0),
            slowness=slowness,
            rank=dict.fromkeys(slowness, 0),
            preparing_days=0.0,
            processing_days=self.collateral.hold_days,
            returned_days=0.0,
            decisions_per_week=((-math.inf, math.inf),),
            licence_tonnes=math.inf,
            returned_share=0.0,
            is_final=False,
            validity_days=math.inf,
        )

    def what(self) -> str:
        """Return the rule in words."""
        goods, ends = in_words(self.materials, "everything"), in_words(self.to_places, "anyone")
        return f"{in_words(self.by, '')} licenses exports of {goods} to {ends}"
