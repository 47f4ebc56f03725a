"""An intervention that does its process harm at one replication, and the small chain it is imposed on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.case import Case, Uncertain
from sim.domain import Distribution
from sim.interventions import ExportBan
from sim.interventions.base import World
from sim.interventions.instructions import Instruction
from sim.testing import Sketch, day, small_case


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonBan(ExportBan):
    """A ban that, at one replication, raises, kills its process, or waits to be killed.

    With `marker` it does so only if that file does not exist, and makes it: once.
    """

    replication: int = -1
    way: str = "raise"
    marker: str = ""

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        if world.replication == self.replication and not world.deterministic:  # type: ignore[attr-defined]
            self._harm()
        yield from ExportBan.apply(self, world, level)

    def _harm(self) -> None:
        if self.marker:
            if Path(self.marker).exists():
                return
            Path(self.marker).touch()
        if self.way == "raise":
            raise RuntimeError("poison")
        if self.way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        parent = os.getppid()
        while os.getppid() == parent:  # a worker whose parent is killed is not left behind by the test
            time.sleep(0.02)
        os._exit(1)


def chancy_case(replications: int, **poison: object) -> Case:
    """Return a chain of two tiers under a ban of a random length, with random demand, cover and transit."""
    sketch = Sketch("chancy")
    sketch.source("mill", "part", country="MM")
    sketch.store("store", "part", cover=15.0)
    law = Distribution("normal", {"mean": 10.0, "sd": 3.0})
    sketch.customer("shop", "part", plan=10.0, demand=law, cover=12.0)
    sketch.builder("works", {"part": 1.0}, plan=10.0, cover=20.0)
    sketch.lane("mill", "store", "part", days=10)
    sketch.lane("store", "shop", "part", days=Distribution("gamma", {"mean": 6.0, "cv": 0.3}))
    sketch.lane("store", "works", "part", days=Distribution("gamma", {"mean": 5.0, "cv": 0.4}))
    ban = PoisonBan(
        id="ban",
        start=day(20),
        duration_days=Distribution("uniform", {"low": 20.0, "high": 70.0}),
        from_places=("MM",),
        **poison,  # type: ignore[arg-type]
    )
    triangle = Distribution("triangular", {"low": 10.0, "mode": 20.0, "high": 40.0})
    cover = Uncertain("sites.works.cover", triangle)
    return small_case(sketch.network(), 150, ban, replications=replications, uncertain=(cover,), seed=7)
