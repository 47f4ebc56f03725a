"""A stand-in for the engine: hand-made trajectories, so that everything after it is tested alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.case import Case
from sim.domain import LineKind, Network
from sim.engine.trajectory import Trajectory
from tests.support.trajectories import steady_trajectory

Engine = Callable[..., Trajectory]


def two_tier_network(works: int = 2) -> Network:
    """Return a network of mill -> maker -> some works: motors from magnets, cover 20 days and more."""
    from sim.testing.networks import Sketch

    sketch = Sketch("two_tier", elements=("dysprosium",), tracked=("CN",))
    sketch.material("magnet", form="magnet", unit="tonne", contents={"dysprosium": 0.04})
    sketch.material("motor", contents={"dysprosium": 2e-6})
    sketch.source("mill", "magnet", country="CN")
    sketch.plant(
        "maker", {"motor": 1.0}, {"magnet": 0.001}, cover=15.0, country="JP", plan_per_day=100.0 * works
    )
    sketch.lane("mill", "maker", "magnet", days=10)
    for number in range(works):
        name = f"works_{number + 1}"
        sketch.builder(name, {"motor": 1.0}, plan=100.0, cover=20.0 + 5.0 * number, country="JP")
        sketch.lane("maker", name, "motor", days=3)
    return sketch.network()


def stub_engine(*, spread_days: int = 0, length_days: int = 60) -> Engine:
    """Return a ``simulate`` in which the first intervention stops the mill's lane.

    The maker runs dry 25 days after the start, each works 3 days and its cover later; ``spread_days``
    per replication are added. Without interventions everything is steady.
    """

    def simulate(case: Case, replication: int | None = None, *, in_detail: bool = True) -> Trajectory:
        keys = tuple((site, "dysprosium", "CN") for site in sorted(case.network.sites) if "works" in site)
        run = steady_trajectory(
            case.network, case.horizon_days, start=case.start, replication=replication or 0, touched_keys=keys
        )
        run.touched[:] = np.linspace(0.4, 0.7, len(run.touched_days))[:, None]
        begun = [item.start for item in case.interventions if item.start is not None]
        if begun:
            first = (min(begun) - case.start).days + spread_days * (replication or 0)
            _cut(run, case.network, first, length_days)
        return run

    return simulate


def _cut(run: Trajectory, network: Network, first: int, length: int) -> None:
    lane, maker = run.lanes.index("mill_maker_magnet"), run.lines.index("maker_line")
    run.shipped[first : first + length, lane] = 0.0
    run.received[first + 10 : first + 10 + length, lane] = 0.0
    dry = first + 25
    run.line_limit[dry : dry + length, maker] = run.materials.index("magnet")
    run.line_made[dry : dry + length, maker] = 0.0
    for line_id in (name for name in run.lines if network.lines[name].kind is LineKind.BUILD):
        site = network.lines[line_id].site
        own, stock = run.lanes.index(f"maker_{site}_motor"), _motor_stock(run, site)
        cover = run.opening_on_hand[stock] / run.use_planned[stock]
        run.shipped[dry : dry + length, own] = 0.0
        run.received[dry + 3 : dry + 3 + length, own] = 0.0
        days = np.arange(run.n_days)
        used = np.clip(days - (dry + 3) + 1.0, 0.0, cover)
        back = np.clip(days - (dry + 3 + length), 0.0, cover)
        run.on_hand[:, stock] = (cover - used + np.minimum(back, used)) * run.use_planned[stock]
        short = dry + 3 + int(cover)
        run.line_made[short : dry + 3 + length, run.lines.index(line_id)] = 0.0
        run.line_limit[short : dry + 3 + length, run.lines.index(line_id)] = run.materials.index("motor")


def _motor_stock(run: Trajectory, site: str) -> int:
    return next(i for i, item in enumerate(run.stocks) if (item.site, item.material) == (site, "motor"))
