"""A state, or several together, keep a stock: it is built, and released by a rule."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sim.domain import Lane, LaneRoute, Line, LineKind, Network, Route, Site
from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.scope import in_words, resolve_materials, resolve_place, resolve_places

ORDER, RELEASED, KEPT = "lane_order_added", "lane_released", "lane_cover_kept"
NEXT_TO_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Stockpile(Intervention):
    """Keep a stock of one material, and release it to those who run short.

    The stock is a site of its own in `country`; it is there from the scenario's first day with `holds`.
    While the measure is in force, buyers in scope whose own stock and orders to it are below
    `release_below` days of use are filled up to that, as far as the stock suffices; when it does not, they
    share by what they ask, or by their order in `to` (`rule: in_order`). Before and after, nothing leaves
    it. With `build`, it buys that much a day from the suppliers in `from`, in equal parts, whatever their
    other buyers need. At level ``x`` it fills up to ``x release_below`` and buys ``x build``.

    Examples
    --------
    ```yaml
    id: national_stock
    kind: stockpile
    country: Japan
    materials: [ndpr_oxide]
    to: japan_alloy
    from: [mt_weld]
    holds: 40 t
    build: 30 t/yr
    release_below: 40 d
    start: 2025-03-01
    ```
    """

    kind: ClassVar[str] = "stockpile"
    levers: ClassVar[tuple[str, ...]] = (ORDER, RELEASED, KEPT)

    country: str = field(metadata={"doc": "where it lies: a country or a site's own place"})
    holds: float = field(default=0.0, metadata={"unit": "quantity", "doc": "stock on the first day"})
    release_below_days: float = field(
        default=0.0,
        metadata={"alias": "release_below", "unit": "duration", "doc": "cover up to which buyers are filled"},
    )
    build_per_day: float = field(
        default=0.0, metadata={"alias": "build", "unit": "rate", "doc": "bought while in force"}
    )
    transit_days: float = field(
        default=7.0, metadata={"alias": "transit", "unit": "duration", "doc": "from the stock to a buyer"}
    )
    rule: str = field(default="by_need", metadata={"doc": "who gets it when short: by_need or in_order"})

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        if len(self.materials) != 1:
            raise ValueError(f"{self.id}: `materials` names {len(self.materials)}; a stockpile keeps one")
        for name in ("holds", "release_below_days", "build_per_day"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{self.id}: {name} is {getattr(self, name):g}; it is not negative")
        if self.rule not in ("by_need", "in_order"):
            raise ValueError(f"{self.id}: rule is {self.rule!r}; allowed: by_need, in_order")
        if self.transit_days < 1.0:
            raise ValueError(f"{self.id}: transit is {self.transit_days:g} d; at least 1 d is needed")
        if self.build_per_day > 0.0 and not self.from_places:
            raise ValueError(f"{self.id}: `from` does not say from whom `build` buys")

    def material(self, network: Network) -> str:
        """Return the material that is kept.

        Raises
        ------
        ValueError
            If the name stands for several.
        """
        found = sorted(resolve_materials(network, self.materials) or ())
        if len(found) != 1:
            raise ValueError(f"{self.id}: {self.materials[0]!r} stands for {', '.join(found)}; name one")
        return found[0]

    def buyers(self, network: Network) -> list[tuple[str, int]]:
        """Return the sites in scope that use the material, each with its rank."""
        material = self.material(network)
        users = {line.site for line in network.lines.values()
                 if material in line.inputs and line.kind is not LineKind.STORE}  # fmt: skip
        ranked: dict[str, int] = {}
        for rank, place in enumerate(self.to_places or ("all",)):
            for site in sorted((resolve_places(network, (place,)) or frozenset()) & users):
                if not self.end_use or network.sites[site].end_use in self.end_use:
                    ranked.setdefault(site, rank if self.rule == "in_order" else 0)
        return sorted(ranked.items())

    def sellers(self, network: Network) -> list[str]:
        """Return the sites in `from` that sell the material."""
        material = self.material(network)
        places = resolve_places(network, self.from_places) or frozenset()
        makers = {line.site for line in network.lines.values()
                  if material in line.outputs and line.kind is not LineKind.STORE}  # fmt: skip
        return sorted(places & makers)

    def equip(self, network: Network) -> Network:
        """Return the network with the stock as a site, closed to all until it is released."""
        if self.id in network.sites:
            return network
        material, ways = self.material(network), f"{self.id}_deliveries"
        home = sorted(resolve_place(network, self.country))
        code = network.sites[home[0]].country if home else self.country
        rules = {"in_order": "contract_priority", "by_need": "pro_rata"}
        site = Site(
            self.id, self.id.replace("_", " "), code, "stockpile", allocation=rules[self.rule],
            patience_days=math.inf, review_offset_days=0, cover={material: 0.0},
        )  # fmt: skip
        store = Line(
            f"{self.id}_store", self.id, LineKind.STORE, {material: 1.0}, {material: 1.0}, (material,)
        )
        route = Route(ways, f"deliveries of {site.name}", "road", (code,), self.transit_days)
        leg = (LaneRoute(ways, 1.0),)
        ends = [(self.id, buyer, rank) for buyer, rank in self.buyers(network)]
        ends += [(seller, self.id, 0) for seller in self.sellers(network)]
        lanes = {}
        for seller, buyer, rank in ends:
            key = f"{seller}_{buyer}_{material}"
            lanes[key] = Lane(
                key, seller, buyer, material, leg, 0.0, qualification_days=math.inf, priority=rank
            )
        return replace(
            network,
            sites={**network.sites, self.id: site},
            lines={**network.lines, store.line_id: store},
            routes={**network.routes, ways: route},
            lanes={**network.lanes, **lanes},
        )

    def endows(self, network: Network) -> Mapping[tuple[str, str], float]:
        """Return what lies there on the first day, by (site, material)."""
        return {(self.id, self.material(network)): self.holds} if self.holds > 0.0 else {}

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes into the stock, and those out of it."""
        material = self.material(network)
        inbound = tuple(f"{seller}_{self.id}_{material}" for seller in self.sellers(network))
        outbound = tuple(f"{self.id}_{buyer}_{material}" for buyer, _ in self.buyers(network))
        inbound = inbound if self.build_per_day > 0.0 else ()
        outbound = outbound if self.release_below_days > 0.0 else ()
        return {ORDER: inbound, RELEASED: (*inbound, *outbound), KEPT: outbound}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Buy, and fill up those who run short."""
        rows = self.rows(world)
        is_on = 1.0 if level > 0.0 else 0.0
        if rows[RELEASED]:
            yield Turn(RELEASED, rows[RELEASED], is_on)
        if rows[ORDER]:
            yield Turn(ORDER, rows[ORDER], level * self.build_per_day / len(rows[ORDER]))
        if rows[KEPT]:
            yield Turn(KEPT, rows[KEPT], level * self.release_below_days)

    def what(self) -> str:
        """Return the stock in words."""
        return f"{in_words((self.country,), '')} keeps a stock of {self.materials[0]}"
