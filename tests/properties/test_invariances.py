"""What must not matter: row order, names, other replications, unrelated sites, the process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.case import Case
from sim.domain import Distribution, Network
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportBan, RouteDelay, Step
from sim.testing import Sketch, day, small_case
from tests.analytical.test_identities import SHOCKS, noisy_case, noisy_network
from tests.analytical.theory import assert_same_bits, lane_series, row_of

ROOT = Path(__file__).parents[2]


def backwards(network: Network) -> Network:
    """Return the network with the rows of every table in reverse."""
    tables = ("materials", "sites", "lines", "lanes", "routes", "countries")
    return replace(
        network, **{table: dict(reversed(list(getattr(network, table).items()))) for table in tables}
    )


@pytest.mark.parametrize("replication", [None, 3])
def test_row_order_does_not_change_one_bit(replication: int | None) -> None:
    case = noisy_case(*SHOCKS[:2])
    other = replace(case, network=backwards(case.network))
    assert_same_bits(simulate(case, replication), simulate(other, replication))


def competing_network(prefix: str = "") -> Network:
    """Return two builders that compete for two short suppliers; sites are named with a prefix."""
    sketch = Sketch()
    names = {name: f"{prefix}{name}" for name in ("ax", "by", "cw", "dv")}
    if prefix:
        # Reverse the order of ids as well, since arrays are laid out by id.
        names = {name: f"{prefix}{letter}" for name, letter in zip(names, "zyxw", strict=True)}
    sketch.mine(names["ax"], "ore", plan=12.0, output_cover=15.0, country="AX", capacity_per_day=14.0)
    sketch.mine(names["by"], "ore", plan=18.0, output_cover=15.0, country="BY", capacity_per_day=20.0)
    for buyer, plan in (("cw", 10.0), ("dv", 20.0)):
        sketch.builder(names[buyer], {"ore": 1.0}, plan=plan, cover=12.0, country=buyer.upper())
        for supplier, share in (("ax", 0.4), ("by", 0.6)):
            sketch.lane(names[supplier], names[buyer], "ore", days=6 if buyer == "cw" else 11, share=share)
    return sketch.network()


def test_new_names_only_relabel() -> None:
    """Sites that are renamed, so that their order turns round too, do the same within 1e-9."""
    plain_case = small_case(
        competing_network(), 400, ExportBan(id="b", start=day(50), end=day(120), from_places=("AX",))
    )
    renamed = replace(plain_case, network=competing_network("s_"))
    one, other = simulate(plain_case), simulate(renamed)
    for old, new in (("ax", "s_z"), ("by", "s_y"), ("cw", "s_x"), ("dv", "s_w")):
        made = one.line_made[:, row_of(one.lines, f"{old}_line")]
        again = other.line_made[:, row_of(other.lines, f"{new}_line")]
        np.testing.assert_allclose(again, made, rtol=1e-9, atol=1e-9)
    assert (one.line_made[:, row_of(one.lines, "cw_line")] < 9.9).any()


def with_a_stranger(network: Network) -> Network:
    """Return the network with an unrelated shop, whose ids sort before all others."""
    sketch = Sketch(network.name, elements=network.elements, tracked=network.tracked)
    for table in ("materials", "sites", "lines", "lanes", "routes", "countries"):
        getattr(sketch, table).update(getattr(network, table))
    sketch.source("aa_source", "trinket")
    sketch.customer("aa_shop", "trinket", plan=5.0, demand=Distribution("poisson", {"mean": 5.0}), cover=10.0)
    sketch.lane("aa_source", "aa_shop", "trinket", days=Distribution("gamma", {"mean": 6.0, "cv": 0.5}))
    return sketch.network()


def test_an_added_site_leaves_every_other_draw_unchanged() -> None:
    case = noisy_case(SHOCKS[0])
    more = replace(case, network=with_a_stranger(case.network))
    one, other = simulate(case, 6), simulate(more, 6)
    for line in one.lines:
        mine = one.line_planned[:, row_of(one.lines, line)]
        assert mine.tobytes() == other.line_planned[:, row_of(other.lines, line)].tobytes(), line
    for lane in one.lanes:
        for series in ("shipped", "received", "ordered"):
            mine = lane_series(one, series, lane)
            assert mine.tobytes() == lane_series(other, series, lane).tobytes(), (lane, series)


def test_another_intervention_leaves_the_luck_unchanged() -> None:
    """Two scenarios with one seed share the customers' demand, whatever they do to supply."""
    one, other = simulate(noisy_case(), 1), simulate(noisy_case(*SHOCKS), 1)
    shop = row_of(one.lines, "shop_line")
    assert one.line_planned[:, shop].tobytes() == other.line_planned[:, shop].tobytes()
    assert one.line_made[:, shop].tobytes() != other.line_made[:, shop].tobytes()


def test_a_replication_alone_equals_the_same_of_many() -> None:
    case = noisy_case(SHOCKS[0])
    many = [simulate(case, number) for number in range(5)]
    for number in (4, 0, 2):
        assert_same_bits(simulate(case, number), many[number])
    assert many[0].line_made.tobytes() != many[1].line_made.tobytes()


def fingerprint(trajectory: Trajectory) -> str:
    """Return a hash of what every line made and every lane carried."""
    digest = hashlib.sha256()
    for array in (trajectory.line_made, trajectory.on_hand, trajectory.shipped):
        digest.update(array.tobytes())
    return digest.hexdigest()


CHILD = """
from sim.engine import simulate
from tests.analytical.test_identities import SHOCKS, noisy_case
from tests.properties.test_invariances import fingerprint
print(fingerprint(simulate(noisy_case(SHOCKS[0]), 3)))
"""


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_with_another_hash_seed_gives_the_same_bits(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() == fingerprint(simulate(noisy_case(SHOCKS[0]), 3))


@pytest.mark.parametrize("shock", SHOCKS, ids=lambda shock: shock.id)
def test_no_foresight_under_random_demand(shock: ExportBan) -> None:
    """An end that is moved changes nothing before it, in any kind of intervention."""
    earlier = noisy_case(shock)
    later = noisy_case(replace(shock, end=day(200)))
    one, other = simulate(earlier, 2), simulate(later, 2)
    for name in ("line_made", "on_hand", "shipped", "received", "ordered", "in_transit"):
        assert getattr(one, name)[:140].tobytes() == getattr(other, name)[:140].tobytes(), name
    assert one.on_hand.tobytes() != other.on_hand.tobytes()


def test_an_announcement_alone_moves_nobody_yet() -> None:
    """Until hoarding is asked for, an announced ban changes nothing before its first day in force."""
    ban = ExportBan(id="ban", announced=day(100), start=day(160), from_places=("PP",), to_places=("DD",))
    one, other = simulate(noisy_case(ban), 1), simulate(noisy_case(), 1)
    assert one.on_hand[:160].tobytes() == other.on_hand[:160].tobytes()
    assert one.on_hand[160:].tobytes() != other.on_hand[160:].tobytes()


def test_a_level_of_zero_is_the_same_as_absent() -> None:
    """Steps of level 0 turn no lever, bit for bit."""
    idle = RouteDelay(
        id="idle",
        start=day(40),
        end=day(90),
        modes=("sea",),
        added_days=12.0,
        steps=(Step(start=day(40), level=0.0),),
    )
    assert_same_bits(simulate(noisy_case(idle), 1), simulate(noisy_case(), 1))


def test_arrays_are_laid_out_by_id() -> None:
    """Labels come sorted by id, lanes by what they bring to whom, in whatever order the rows were written."""
    case = Case(name="x", network=noisy_network(), horizon_days=50)
    one, other = simulate(case), simulate(replace(case, network=backwards(case.network)))
    assert one.sites == other.sites == tuple(sorted(case.network.sites))
    lanes = sorted(case.network.lanes.values(), key=lambda lane: (lane.buyer, lane.material, lane.lane_id))
    assert one.lanes == other.lanes == tuple(lane.lane_id for lane in lanes)
