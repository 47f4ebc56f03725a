"""Shapley's shares: against games with known answers, and on the library's combination of shocks."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from math import factorial

import pytest

from sim.analysis.shapley import main, plans_lost, shapley, shares_of_loss
from sim.engine import simulate
from sim.interventions import After, ExportBan, Hoarding
from sim.scenario import load
from sim.testing.networks import Sketch, day, small_case


def test_the_glove_game_gives_the_known_shares() -> None:
    """One left glove and two right ones; a pair is worth 1. The left one has two thirds of it."""
    pairs = shapley(["left", "right", "spare"], lambda some: float("left" in some and len(some) > 1))
    assert pairs == pytest.approx({"left": 2 / 3, "right": 1 / 6, "spare": 1 / 6}, abs=1e-15)


def test_shares_are_the_mean_over_all_orders() -> None:
    names = ("a", "b", "c", "d")
    worth = {frozenset(some): sum(map(ord, some)) ** 2 % 37
             for count in range(5) for some in permutations(names, count)}  # fmt: skip
    means = dict.fromkeys(names, Fraction(0))
    for order in permutations(names):
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            means[name] += Fraction(worth[before | {name}] - worth[before], factorial(4))
    shares = shapley(names, lambda some: float(worth[some]))
    assert shares == pytest.approx({name: float(mean) for name, mean in means.items()}, abs=1e-12)
    assert sum(shares.values()) == pytest.approx(worth[frozenset(names)] - worth[frozenset()], abs=1e-12)


def two_suppliers() -> Sketch:
    """Return a works with two sellers, each of which can serve all of it."""
    sketch = Sketch()
    sketch.material("magnet", form="magnet", unit="tonne")
    for name, code in (("one", "CN"), ("two", "IN")):
        sketch.mine(name, "magnet", plan=5.0, capacity_per_day=20.0, country=code)
    sketch.builder("works", {"magnet": 1.0}, plan=10.0, cover=10.0, country="JP")
    for name in ("one", "two"):
        sketch.lane(name, "works", "magnet", days=5, share=0.5)
    return sketch


def test_two_that_do_the_same_share_evenly_and_a_bystander_has_nothing() -> None:
    cuts = [ExportBan(id=name, from_places=(name,), start=day(40)) for name in ("one", "two")]
    # It waits for one that may not be there, and is left out with it.
    hoard = Hoarding(id="hoard", cover_days=0.0, after=After(intervention="one"))
    shares = shares_of_loss(small_case(two_suppliers().network(), 200, *cuts, hoard))
    assert shares.total > 0.5
    assert shares.shares["one"] == pytest.approx(shares.shares["two"], rel=1e-9)
    assert shares.shares["hoard"] == 0.0
    assert sum(shares.shares.values()) == pytest.approx(shares.total, rel=1e-12)


def test_what_stays_in_the_baseline_has_no_share() -> None:
    cuts = [ExportBan(id=name, from_places=(name,), start=day(40)) for name in ("one", "two")]
    case = small_case(two_suppliers().network(), 200, *cuts)
    shares = shares_of_loss(replace(case, background=frozenset({"one"})))
    assert set(shares.shares) == {"two"}
    with pytest.raises(ValueError, match="has 0 interventions to share"):
        shares_of_loss(replace(case, background=frozenset({"one", "two"})))


def test_five_shocks_at_once_are_worse_than_any_and_their_shares_sum() -> None:
    case = load("everything_at_once", strict=True).case
    found = shares_of_loss(case)
    assert found.total > 1.5 * max(found.alone.values())
    assert sum(found.shares.values()) == pytest.approx(found.total, rel=1e-12)
    loss = plans_lost(case, simulate(case, in_detail=False))
    none = plans_lost(case, simulate(replace(case, interventions=()), in_detail=False))
    assert found.total == pytest.approx(loss - none, abs=1e-12)
    # Neither India's oxide nor Kuantan's is missed while China delivers.
    for name in ("irel_stop", "kuantan_outage"):
        assert found.alone[name] == pytest.approx(0.0, abs=1e-9)
        assert found.shares[name] > 0.05


def test_the_command_refuses_what_it_cannot_load(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["everythin_at_once"]) == 2
    assert "everything_at_once" in capsys.readouterr().err
