"""Lines lose capacity: once, with a recovery, or again and again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from sim.domain import Distribution, Network, Number
from sim.interventions.base import Intervention, World, check_share
from sim.interventions.instructions import Instruction, Turn
from sim.interventions.profile import Profile, combined, level_at, recovered_share
from sim.interventions.scope import does, in_words, lines_in_scope
from sim.units import percent

LEVER = "line_availability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How capacity returns once the outage has ended."""

    shape: Literal["linear", "concave", "s_curve"] = field(
        default="linear", metadata={"doc": "linear, concave (fast at first) or s_curve"}
    )
    duration_days: Number = field(
        default=0.0, metadata={"alias": "duration", "unit": "duration", "doc": "until all is back"}
    )

    def __post_init__(self) -> None:
        recovered_share(self.shape, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage(Intervention):
    """Take a share of the capacity of lines away.

    At level ``x`` a line has ``1 - x loss`` of its capacity. On day ``end + k`` of a recovery of n days
    the share ``shape((k + 1) / n)`` of what was lost is back. With `up` and `down` the lines fail again
    and again from `start` to `end`: they begin up, spells are drawn in turn, and their ends are rounded
    to whole days, so that the mean spell is kept. All lines of one outage fail together.

    Examples
    --------
    ```yaml
    id: kalgoorlie_power
    kind: outage
    sites: [mt_weld]
    start: 2025-10-01
    end: 2026-01-01
    loss: 30 %
    recovery: {shape: s_curve, duration: 20 d}
    ```
    """

    kind: ClassVar[str] = "outage"
    levers: ClassVar[tuple[str, ...]] = (LEVER,)

    sites: tuple[str, ...] = field(default=(), metadata={"doc": "places whose lines are all hit"})
    lines: tuple[str, ...] = field(default=(), metadata={"doc": "line ids"})
    loss: float = field(default=1.0, metadata={"unit": "share", "doc": "share of capacity that is lost"})
    recovery: Recovery | None = field(default=None, metadata={"doc": "how it returns; missing: at once"})
    up_days: Number | None = field(
        default=None, metadata={"alias": "up", "unit": "duration", "doc": "length of a spell up"}
    )
    down_days: Number | None = field(
        default=None, metadata={"alias": "down", "unit": "duration", "doc": "length of a spell down"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_share(self.id, "loss", self.loss)
        if not (self.sites or self.lines or self.from_places):
            raise ValueError(f"{self.id}: none of `sites`, `lines` and `from` says what fails")
        if (self.up_days is None) != (self.down_days is None):
            raise ValueError(f"{self.id}: `up` and `down` go together")
        if self.up_days is not None and self.recovery is not None:
            raise ValueError(f"{self.id}: a repeated outage has no recovery curve")

    def touches(self, network: Network) -> dict[str, tuple[str, ...]]:
        """Return the lines in scope."""
        lines = lines_in_scope(network, (*self.sites, *self.from_places), self.lines)
        return {LEVER: tuple(line.line_id for line in lines)}

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Lower the availability of every line in scope."""
        yield Turn(LEVER, self.rows(world)[LEVER], 1.0 - level * self.loss)

    def profile(self, world: World, start_day: float) -> Profile:
        """Return the common profile, with the recovery after it or the spells within it."""
        common = Intervention.profile(self, world, start_day)
        if self.up_days is not None and self.down_days is not None:
            spells = self._spells(world, start_day, self.up_days, self.down_days)
            return combined([common, spells], world.horizon_days)
        if self.recovery is None:
            return common
        return self._with_recovery(world, common, self.end_day(world, start_day), self.recovery)

    def _with_recovery(
        self, world: World, common: Profile, end_day: float, recovery: Recovery
    ) -> Profile:
        n_days = self.whole_days(world, "recovery", recovery.duration_days)
        last_level = level_at(common, end_day - 1.0)
        if end_day == math.inf or n_days <= 1 or last_level == 0.0:
            return common
        before = [(day, level) for day, level in common if day < end_day]
        after = [
            (end_day + k, last_level * (1.0 - recovered_share(recovery.shape, (k + 1) / n_days)))
            for k in range(n_days)
        ]
        return [(day, level) for day, level in before + after if day < world.horizon_days]

    def _spells(self, world: World, start_day: float, up_days: Number, down_days: Number) -> Profile:
        rng = world.rng(f"{self.id}/spells")

        def spell(number: Number) -> float:
            if isinstance(number, Distribution):
                return number.central() if world.deterministic else float(number.draw(rng))
            return float(number)

        profile: Profile = [(start_day, 0.0)]
        day = start_day
        while day < world.horizon_days:
            failed, repaired = day + spell(up_days), 0.0
            repaired = failed + spell(down_days)
            if repaired <= day:
                raise ValueError(f"{self.id}: `up` and `down` drew two spells of no length")
            for moment, level in ((failed, 1.0), (repaired, 0.0)):
                whole = math.floor(moment + 0.5)
                if profile[-1][0] == whole:
                    profile.pop()
                profile.append((float(whole), level))
            day = repaired
        return profile

    def what(self) -> str:
        """Return the outage in words."""
        where = in_words((*self.sites, *self.from_places, *self.lines), "")
        again = " again and again" if self.up_days is not None else ""
        names = (*self.sites, *self.from_places, *self.lines)
        whose = "their" if len(names) > 1 else "its"
        return f"{where} {does(names, 'loses')} {percent(self.loss)} of {whose} capacity{again}"
