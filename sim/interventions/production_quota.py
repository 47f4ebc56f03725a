"""A government sets how much may be mined or separated per window of time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sim.domain import Line, LineKind, Network, Number, central
from sim.interventions.base import World
from sim.interventions.instructions import Allow
from sim.interventions.quota_windows import Quota, Span
from sim.interventions.scope import does, in_words, resolve_materials, resolve_places

LEVER = "line_quota_level"
FEED = frozenset({"ore", "concentrate", "carbonate"})
"""Forms in which a separation plant's feed is counted."""
MINING, SEPARATION = "mining", "separation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionQuota(Quota):
    """Let mines or separation plants in scope make only a stated quantity within each window.

    Mines count what they bring up, separation plants the feed they take in; each stage has the quantity for
    itself. What is left is rationed over the days the window still has, among the lines by what they want, so
    that nobody stands still at its end. At level ``x`` the quota is divided by ``x``.

    Examples
    --------
    ```yaml
    id: mining_total
    kind: production_quota
    from: Australia
    stages: [mining]
    start: 2025-03-01
    window: 1 yr
    quantity: 150 t
    ```
    """

    kind: ClassVar[str] = "production_quota"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    stages: tuple[str, ...] = field(default=(MINING, SEPARATION), metadata={"doc": "mining, separation"})
    imported: bool = field(default=True, metadata={"doc": "separation of imported ore counts too"})

    def __post_init__(self) -> None:
        Quota.__post_init__(self)
        for stage in self.stages:
            if stage not in (MINING, SEPARATION):
                raise ValueError(f"{self.id}: stages has {stage!r}; allowed: mining, separation")
        if not self.stages:
            raise ValueError(f"{self.id}: `stages` is empty; allowed: mining, separation")

    def counted(self, network: Network) -> dict[str, dict[str, float]]:
        """Return, by stage, the lines in scope with what their unit counts for."""
        sites = resolve_places(network, self.from_places)
        materials = resolve_materials(network, self.materials)
        found: dict[str, dict[str, float]] = {stage: {} for stage in self.stages}
        for line_id, line in sorted(network.lines.items()):
            if sites is not None and line.site not in sites:
                continue
            if materials is not None and not materials & set(line.outputs):
                continue
            if line.kind is LineKind.MINE and MINING in found:
                found[MINING][line_id] = _together(line.outputs)
            elif line.kind is LineKind.PLANT and SEPARATION in found:
                feed = {name: part for name, part in line.inputs.items()
                        if network.materials[name].form in FEED}  # fmt: skip
                if feed and (self.imported or not self._is_imported(network, line, feed)):
                    found[SEPARATION][line_id] = _together(feed)
        return found

    @staticmethod
    def _is_imported(network: Network, line: Line, feed: Collection[str]) -> bool:
        home = network.sites[line.site].country
        sellers = {
            network.sites[lane.supplier].country
            for lane in network.lanes.values()
            if lane.buyer == line.site and lane.material in feed
        }
        return home not in sellers

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lines in scope."""
        lines = [line_id for weights in self.counted(network).values() for line_id in weights]
        return {LEVER: tuple(sorted(lines))}

    def allowed(self, world: World, span: Span) -> Iterator[Allow]:
        """Return what may be made within a window, by stage."""
        for stage, weights in self.counted(world.network).items():
            if weights:
                lines = tuple(weights)
                yield Allow(
                    f"{self.id}/{stage}",
                    lines,
                    span.quantity,
                    span.until,
                    weights=tuple(weights.values()),
                    of_lines=True,
                )

    def what(self) -> str:
        """Return the quota in words."""
        who = in_words(self.from_places, "everyone")
        return f"{who} {does(self.from_places, 'sets')} totals for {in_words(self.stages, '')}"


def _together(parts: Mapping[str, Number]) -> float:
    """Return what a unit of a line counts for, at central values."""
    return sum(central(part) for part in parts.values())
