"""What a pool of stocks gives: less is needed together than apart, and oxide alone helps nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from sim.case import Case
from sim.domain import Distribution
from sim.engine import simulate
from sim.interventions import ExportBan, Outage, Stockpile
from sim.scenario import load
from sim.testing.networks import Sketch, day, small_case

pytestmark = pytest.mark.xdist_group("g7_alliance")
MEMBERS = ("JP", "DE", "US")
REPLICATIONS = 60
CONFIDENCE = 0.9
FILLED_DAYS = 2.0
LYING = 10.0 * FILLED_DAYS
"""What is released and still lies at a member when its cut ends [t]."""


def members() -> Sketch:
    """Return three makers that use 10 t of metal a day, each from its own mine, with ten days of cover."""
    sketch = Sketch()
    sketch.material("metal", form="metal", unit="tonne")
    for code in MEMBERS:
        sketch.mine(f"mine_{code}", "metal", plan=10.0, country="CN")
        habits = {"patience_days": np.inf, "lead_time_learning_days": np.inf}
        sketch.builder(f"works_{code}", {"metal": 1.0}, plan=10.0, cover=10.0, country=code, habits=habits)
        sketch.lane(f"mine_{code}", f"works_{code}", "metal", days=5)
    return sketch


def cuts() -> tuple[ExportBan, ...]:
    """Return one cut for each member, each with its own luck."""
    lasting = Distribution("triangular", {"low": 20.0, "mode": 40.0, "high": 120.0})
    shared = {"from_places": ("CN",), "start": day(60), "duration_days": lasting}
    return tuple(ExportBan(id=f"cut_{code}", to_places=(code,), **shared) for code in MEMBERS)


def pool(ident: str, tonnes: float, *to: str) -> Stockpile:
    return Stockpile(id=ident, country="JP", materials=("metal",), to_places=to, holds=tonnes,
                     release_below_days=FILLED_DAYS, transit_days=1.0, start=day(60))  # fmt: skip


def lost(case: Case) -> np.ndarray:
    """Return what each member did not build, shape (replication, member) [units = t of metal]."""
    found = []
    for number in range(REPLICATIONS):
        run = simulate(case, number, in_detail=False)
        made = [run.line_made[:, run.lines.index(f"works_{code}_line")] for code in MEMBERS]
        found.append([float((10.0 - column).clip(min=0.0).sum()) for column in made])
    return np.array(found)


def test_a_pool_needs_less_than_separate_stocks_of_the_same_confidence() -> None:
    network = members().network()
    needed = lost(small_case(network, 240, *cuts()))
    assert (needed > 0.0).any(axis=0).all()
    separate = np.quantile(needed, CONFIDENCE, axis=0, method="higher") + LYING
    together = float(np.quantile(needed.sum(axis=1), CONFIDENCE, method="higher")) + LYING * len(MEMBERS)
    assert together < 0.95 * separate.sum()
    pooled = lost(small_case(network, 240, *cuts(), pool("pool", together, *MEMBERS)))
    covered = (pooled.sum(axis=1) < 1e-6 * needed.sum(axis=1).max()).mean()
    apart = [pool(f"own_{code}", float(t), code) for code, t in zip(MEMBERS, separate, strict=True)]
    alone = lost(small_case(network, 240, *cuts(), *apart))
    assert covered >= CONFIDENCE
    assert (alone < 1e-6 * needed.max()).mean(axis=0).min() >= CONFIDENCE


METALS = ("japan_heavy_metal", "lcm_europe_metal", "vietnam_metal", "us_metal")


def heavy_magnets(*, holds: str, metal_makers: bool) -> float:
    """Return the heavy magnets that G7 makers make in the year of the cut; Dy and Tb lie as oxide [t]."""
    sets = []
    for element, tonnes in (("dysprosium", 38.0), ("terbium", 4.0)):
        pile = f"interventions.pooled_{element}"
        sets += [f"{pile}.materials=[{element}_oxide]", f"{pile}.holds={tonnes if holds == 'oxide' else 0} t"]
    case = load("g7_alliance", sets=sets, strict=True).case
    if not metal_makers:
        closed = Outage(id="no_metal_makers", sites=METALS, loss=1.0, start=date(2026, 7, 1))
        case = replace(case, interventions=(*case.interventions, closed))
    run = simulate(case, in_detail=False)
    days = slice((date(2026, 7, 1) - run.start).days, (date(2027, 7, 1) - run.start).days)
    makers = ("shin_etsu_heavy", "proterial_heavy", "tdk_daido_heavy", "vac_neorem_magneti_heavy")
    return float(sum(run.line_made[days, run.lines.index(line)].sum() for line in makers))


def test_oxide_without_metal_makers_adds_nothing_and_with_them_it_does() -> None:
    none, stock = (heavy_magnets(holds=holds, metal_makers=False) for holds in ("nothing", "oxide"))
    assert stock == pytest.approx(none, rel=1e-9)
    none, stock = (heavy_magnets(holds=holds, metal_makers=True) for holds in ("nothing", "oxide"))
    assert stock > 1.05 * none
