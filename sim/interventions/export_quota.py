"""A government lets only so many tonnes out per window of time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from sim.domain import Lane, Network
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Allow
from sim.interventions.quota_windows import Quota, Span
from sim.interventions.scope import does, in_words, lanes_in_scope
from sim.units import percent

LEVER = "lane_quota_level"
Rule = Literal["first_come", "pro_rata", "by_value"]
Basis = Literal["gross", "per_material"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuota(Quota):
    """Let exports in scope ship only a stated quantity within each window.

    What is unused at the end of a window lapses; orders that found no quota stay ordered. *First come*:
    all lanes draw on one quota until it is spent, in proportion on the day on which it runs out. *Pro
    rata*: each lane has its part from the beginning, by its normal flow. *By value*: the lanes with the
    dearest goods get their normal flow of the window first, which is what exporters do with a quota in
    gross tonnes; what is left goes to the cheapest. At level ``x`` the quota is divided by ``x``. A day
    outside all windows has no limit. Of what a lane ships on a day, the share `leak` of its normal flow is
    not counted and leaves even when nothing is left.

    Examples
    --------
    ```yaml
    id: quota
    kind: export_quota
    from: India
    materials: [ndpr]
    start: 2025-03-01
    window: 6 months
    quantity: 60 t
    rule: first_come
    ```
    """

    kind: ClassVar[str] = "export_quota"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    basis: Basis = field(
        default="gross", metadata={"doc": "gross: all materials together; per_material: each by itself"}
    )
    rule: Rule = field(default="first_come", metadata={"doc": "first_come, pro_rata or by_value"})
    leak: float = field(
        default=0.0, metadata={"unit": "share", "doc": "share of the lane's normal flow that is not counted"}
    )
    values: Mapping[str, float] = field(
        default_factory=dict, metadata={"unit": "USD/t", "doc": "value of materials, for `by_value`"}
    )

    def __post_init__(self) -> None:
        Quota.__post_init__(self)
        for name, kinds in (("basis", Basis), ("rule", Rule)):
            if getattr(self, name) not in get_args(kinds):
                allowed = ", ".join(get_args(kinds))
                raise ValueError(f"{self.id}: {name} is {getattr(self, name)!r}; allowed: {allowed}")
        check_share(self.id, "leak", self.leak)
        if self.rule == "by_value" and not self.values:
            raise ValueError(f"{self.id}: `by_value` needs the `values` of the materials")

    def lanes(self, network: Network) -> tuple[Lane, ...]:
        """Return the lanes in scope; only those that cross a border are."""
        return lanes_in_scope(
            network, self.from_places, self.to_places, self.materials, self.end_use, domestic=False
        )

    def problems(self, network: Network) -> tuple[str, ...]:
        """Return what stands in the way, among it materials without a value."""
        found = Intervention.problems(self, network)
        if found or self.rule != "by_value":
            return found
        missing = sorted({lane.material for lane in self.lanes(network)} - set(self.values))
        return tuple(f"{self.id}: `values` has no value of {name}" for name in missing)

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lanes in scope."""
        return {LEVER: tuple(lane.lane_id for lane in self.lanes(network))}

    def allowed(self, world: World, span: Span) -> Iterator[Allow]:
        """Return who may ship how much within a window."""
        for name, lanes in self._groups(world.network):
            if self.rule == "first_come":
                rows = tuple(lane.lane_id for lane in lanes)
                yield Allow(name, rows, span.quantity, span.until, free=self._free(world, lanes))
                continue
            parts = self._parts(world, lanes, span)
            for lane, part in zip(lanes, parts, strict=True):
                free = self._free(world, [lane])
                yield Allow(f"{name}/{lane.lane_id}", (lane.lane_id,), part, span.until, free=free)

    def _free(self, world: World, lanes: list[Lane]) -> tuple[float, ...]:
        """Return what lanes ship a day without counting; nothing at all if nothing leaks."""
        return tuple(self.leak * world.flow(lane.lane_id) for lane in lanes) if self.leak > 0.0 else ()

    def _groups(self, network: Network) -> list[tuple[str, list[Lane]]]:
        lanes = list(self.lanes(network))
        if self.basis == "gross":
            return [(self.id, lanes)]
        return [
            (f"{self.id}/{name}", [lane for lane in lanes if lane.material == name])
            for name in sorted({lane.material for lane in lanes})
        ]

    def _parts(self, world: World, lanes: list[Lane], span: Span) -> list[float]:
        """Return each lane's part of the quota."""
        if math.isinf(span.quantity):
            return [math.inf] * len(lanes)
        flows = [world.flow(lane.lane_id) * (1.0 - self.leak) for lane in lanes]
        if self.rule == "pro_rata":
            total = sum(flows)
            return [span.quantity * (flow / total if total > 0.0 else 1.0 / len(lanes)) for flow in flows]
        parts = [0.0] * len(lanes)
        left = span.quantity
        dearest = sorted({self.values[lane.material] for lane in lanes}, reverse=True)
        for value in dearest:
            same = [i for i, lane in enumerate(lanes) if self.values[lane.material] == value]
            needed = sum(flows[i] for i in same) * (span.until - span.first)
            given = left if value == dearest[-1] else min(needed, left)
            for i in same:
                parts[i] = given * (flows[i] / sum(flows[j] for j in same)) if needed > 0.0 else 0.0
            left -= given
        return parts

    def what(self) -> str:
        """Return the quota in words."""
        who, to_whom = in_words(self.from_places, "everyone"), in_words(self.to_places, "anyone")
        leak = f", {percent(self.leak)} of normal trade not counted" if self.leak else ""
        limits = does(self.from_places, "limits")
        goods = in_words(self.materials, "everything")
        return f"{who} {limits} exports of {goods} to {to_whom} by quota{leak}"
