"""A government claims a say over goods made abroad, by the value of what comes from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal

from sim.domain import Lane, Network, Number
from sim.domain.countries import iso_code
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.export_licence import EXEMPT, LICENSED, Approval
from sim.interventions.instructions import Examiner, Instruction, Open, OriginTest, Turn, Watch
from sim.interventions.profile import combined
from sim.interventions.scope import country_codes, in_words, lanes_in_scope, resolve_places
from sim.interventions.value_rule import LIMBS
from sim.units import percent

TOUCHED = "touched"
STAGE_OF_FORM = {
    "oxide": "separated", "metal": "metal", "alloy": "metal", "target": "metal", "magnet": "magnet"
}  # fmt: skip
"""At which stage a good of this form has been made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """One ground on which goods need a licence."""

    start: date = field(metadata={"doc": "first day in force"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limbs:
    """The grounds of a content rule, each with its own date; one that is missing is no ground."""

    origin: Limb | None = field(default=None, metadata={"doc": "made in the ruling country itself"})
    content: Limb | None = field(default=None, metadata={"doc": "holds listed value from it"})
    technology: Limb | None = field(default=None, metadata={"doc": "made with its technology"})

    def starts(self) -> dict[str, date]:
        """Return the first day of each limb there is."""
        limbs = {name: getattr(self, name) for name in LIMBS}
        return {name: limb.start for name, limb in limbs.items() if limb is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Who gets no licence whatever is applied for."""

    end_use: tuple[str, ...] = field(default=(), metadata={"doc": "end uses, such as military"})
    to_places: tuple[str, ...] = field(default=(), metadata={"alias": "to", "doc": "buyers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRule(Intervention):
    """Let listed goods made abroad cross borders only with a licence of the ruling country.

    Once a week the stocks of sellers outside it are judged. *Content*: the value of the listed `elements`
    that it has mined, separated or worked, over the value of the good, reaches the `threshold`. *Origin*: it
    has made part of the good itself. *Technology*: the seller is among `technology_at`. Goods that pass ship
    freely; those that do not wait for its authority, as under `export_licence`. Values follow the reference
    prices of the network or `values`: an element counts at the price of its metal, else of its oxide.
    Listed goods are those of `materials`, or every oxide, metal, alloy, target and magnet that holds a
    listed element; components and vehicles only if named. Paused, everything ships.

    Examples
    --------
    ```yaml
    id: content_rule
    kind: content_rule
    by: Australia
    materials: [ndpr_metal]
    elements: [ndpr]
    threshold: 0.1 %
    values: {ndpr_oxide: 55000 USD/t, ndpr_metal: 70000 USD/t}
    limbs:
      origin: {start: 2025-03-01}
      content: {start: 2025-04-01}
    technology_at: [japan_alloy]
    start: 2025-03-01
    domestic: true
    processing: 45 d
    deny: {end_use: [military]}
    ```
    """

    kind: ClassVar[str] = "content_rule"
    levers: ClassVar[tuple[str, ...]] = (LICENSED, EXEMPT)

    by: str = field(metadata={"doc": "the ruling country"})
    limbs: Limbs = field(metadata={"doc": "the grounds, each with its date"})
    basis: Literal["value"] = field(default="value", metadata={"doc": "what is compared: value"})
    threshold: float = field(default=0.001, metadata={"unit": "share", "doc": "share of value that trips it"})
    elements: tuple[str, ...] = field(default=(), metadata={"doc": "listed elements; missing: all"})
    values: Mapping[str, float] = field(
        default_factory=dict, metadata={"unit": "USD/t", "doc": "prices in place of the network's"}
    )
    technology_at: tuple[str, ...] = field(
        default=(), metadata={"doc": "plants that use the ruling country's technology"}
    )
    domestic: bool = field(
        default=False, metadata={"doc": "also deliveries that cross no border (transfers within a country)"}
    )
    deny: Denied = field(default=Denied(), metadata={"doc": "who gets no licence"})
    preparing_days: Number = field(
        default=0.0, metadata={"alias": "preparing", "unit": "duration", "doc": "papers before filing"}
    )
    processing_days: Number = field(
        default=0.0, metadata={"alias": "processing", "unit": "duration", "doc": "examination"}
    )
    decisions_per_week: float = field(
        default=math.inf, metadata={"unit": "count", "doc": "decisions a week; missing: no limit"}
    )
    approval: Approval = field(default=Approval(), metadata={"doc": "who gets a licence"})
    general_licences_from: date | None = field(
        default=None, metadata={"doc": "from this day civil buyers get general licences"}
    )

    def __post_init__(self) -> None:
        starts = self.limbs.starts()
        if self.start is None and self.after is None and starts:
            object.__setattr__(self, "start", min(starts.values()))
        Intervention.__post_init__(self)
        if not starts:
            raise ValueError(f"{self.id}: `limbs` names no ground; allowed: {', '.join(LIMBS)}")
        check_share(self.id, "threshold", self.threshold)
        if self.limbs.technology is not None and not self.technology_at:
            raise ValueError(f"{self.id}: the technology limb needs `technology_at`")

    def listed(self, network: Network) -> tuple[Lane, ...]:
        """Return the lanes of listed goods outside the ruling country, and not into it."""
        home = self.home(network)
        lanes = lanes_in_scope(
            network, self.from_places, self.to_places, self.materials, self.end_use, self.domestic
        )
        return tuple(
            lane
            for lane in lanes
            if network.sites[lane.supplier].country != home
            and network.sites[lane.buyer].country != home
            and (self.materials or self._is_listed(network, lane.material))
        )

    def _is_listed(self, network: Network, name: str) -> bool:
        material = network.materials[name]
        elements = set(self.elements or network.elements)
        held = {element for element, mass in material.contents.items() if mass > 0.0}
        return material.form in STAGE_OF_FORM and bool(held & elements)

    def home(self, network: Network) -> str:
        """Return the code of the ruling country.

        Raises
        ------
        ValueError
            If it is not one whose touch the network follows.
        """
        codes = country_codes(network, self.by) or {iso_code(self.by)}
        if len(codes) != 1 or not codes <= set(network.tracked):
            tracked = ", ".join(network.tracked)
            raise ValueError(f"{self.id}: by is {self.by!r}; followed countries of the network: {tracked}")
        return next(iter(codes))

    def problems(self, network: Network) -> tuple[str, ...]:
        """Return what stands in the way, among it goods and elements without a price."""
        found = Intervention.problems(self, network)
        if found:
            return found
        for name in self.elements:
            if name not in network.elements:
                allowed = ", ".join(network.elements)
                return (f"{self.id}: elements has {name!r}; elements of {network.name}: {allowed}",)
        goods = sorted({lane.material for lane in self.listed(network)})
        missing = [name for name in goods if math.isnan(self.price(network, name))]
        return tuple(f"{self.id}: `values` has no price of {name}, nor has the network" for name in missing)

    def price(self, network: Network, material: str) -> float:
        """Return a reference price [USD/t]; NaN if there is none."""
        return self.values.get(material, network.materials[material].price_usd_per_tonne)

    def element_price(self, network: Network, element: str) -> float:
        """Return what a tonne of an element is worth: as metal, else in its oxide [USD/t].

        Raises
        ------
        ValueError
            If neither has a price.
        """
        for form in ("metal", "oxide"):
            for name, material in sorted(network.materials.items()):
                content = material.contents.get(element, 0.0)
                is_pure = material.form == form and content > 0.0 and len(material.contents) == 1
                if is_pure and not math.isnan(self.price(network, name)):
                    return self.price(network, name) / content
        raise ValueError(f"{self.id}: neither metal nor oxide of {element} has a price; give it in `values`")

    def tests(self, network: Network) -> dict[str, dict[str, OriginTest | None]]:
        """Return, by limb and lane, the test that its goods are put to; None: they need a licence."""
        home, lanes = self.home(network), self.listed(network)
        makers = resolve_places(network, self.technology_at) or frozenset()
        found: dict[str, dict[str, OriginTest | None]] = {limb: {} for limb in self.limbs.starts()}
        for lane in lanes:
            material = network.materials[lane.material]
            contents = {name: mass for name, mass in material.contents.items()
                        if mass > 0.0 and (not self.elements or name in self.elements)}  # fmt: skip
            if "content" in found and contents:
                price = self.price(network, lane.material)
                weights = {name: mass * self.element_price(network, name) / price
                           for name, mass in contents.items()}  # fmt: skip
                found["content"][lane.lane_id] = OriginTest(weights, ((TOUCHED, home),), self.threshold)
            if "origin" in found and contents and material.form in STAGE_OF_FORM:
                stage = STAGE_OF_FORM[material.form]
                part = {name: 1.0 / len(contents) for name in contents}
                found["origin"][lane.lane_id] = OriginTest(part, ((stage, home),), self.threshold)
            if "technology" in found and lane.supplier in makers:
                found["technology"][lane.lane_id] = None
        return found

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes that may need a licence, and those a general licence may free."""
        lanes = self.listed(network)
        civil = [lane.lane_id for lane in lanes if self._is_granted(network, lane)]
        return {
            LICENSED: tuple(lane.lane_id for lane in lanes),
            EXEMPT: tuple(civil) if self.general_licences_from is not None else (),
        }

    def _is_granted(self, network: Network, lane: Lane) -> bool:
        buyer = network.sites[lane.buyer]
        denied = resolve_places(network, self.deny.to_places) if self.deny.to_places else frozenset()
        return buyer.end_use not in self.deny.end_use and lane.buyer not in (denied or frozenset())

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Judge the goods of every lane in scope on every ground."""
        for limb, tests in self.tests(world.network).items():
            yield Watch(LICENSED, tuple(sorted(tests)), level, limb, tests)

    def _events(
        self, world: World, start_day: float, end_day: float
    ) -> Iterator[tuple[float, int, float | Instruction]]:
        starts = self.limbs.starts()
        profile = self.profile(world, start_day)
        for event in Intervention._events(self, world, start_day, end_day):
            if not isinstance(event[2], float):
                yield event
        if not any(level > 0.0 for _, level in profile):
            return
        yield start_day, -1, Open(self.office(world))
        for limb, tests in self.tests(world.network).items():
            begins = [(-math.inf, 0.0), (world.day(starts[limb]), 1.0)]
            for day, level in combined([profile, begins], world.horizon_days):
                yield day, 0, Watch(LICENSED, tuple(sorted(tests)), level, limb, tests)
        if self.general_licences_from is not None:
            first = max(world.day(self.general_licences_from), start_day)
            rows = self.rows(world)[EXEMPT]
            if first < end_day:
                yield first, 1, Turn(EXEMPT, rows, 1.0)
                if end_day < math.inf:
                    yield end_day, 1, Turn(EXEMPT, rows, 0.0)

    def office(self, world: World) -> Examiner:
        """Return how the ruling country's authority deals with applications."""
        network = world.network
        approval = {}
        for lane in self.listed(network):
            is_military = network.sites[lane.buyer].end_use == "military"
            share = self.approval.military if is_military else self.approval.civil
            approval[lane.lane_id] = share if self._is_granted(network, lane) else 0.0
        return Examiner(
            name=self.id,
            approval=approval,
            slowness=dict.fromkeys(approval, 1.0),
            rank=dict.fromkeys(approval, 0),
            preparing_days=self.preparing_days,
            processing_days=self.processing_days,
            returned_days=0.0,
            decisions_per_week=((-math.inf, self.decisions_per_week),),
            licence_tonnes=math.inf,
            returned_share=0.0,
            is_final=self.approval.on_refusal == "final",
            validity_days=math.inf,
        )

    def what(self) -> str:
        """Return the rule in words."""
        goods = in_words(self.materials or self.elements, "goods")
        return f"{self.by} licenses {goods} made abroad with {percent(self.threshold)} of its value or more"
