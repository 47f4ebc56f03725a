"""An intervention of no size or no length leaves a run as it was, bit for bit."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import After, ExportBan, NewCapacity, Outage, RouteDelay, Step
from sim.testing.networks import small_case

ALWAYS_DIFFERENT = {"simulate_seconds", "log", "balance"}
"""What a run takes, its log, and the rounding of the ledger's own sums say nothing about goods."""
HORIZON_DAYS = 300
START = date(2025, 1, 1)


def assert_same_bits(first: Trajectory, second: Trajectory) -> None:
    for item in fields(Trajectory):
        if item.name in ALWAYS_DIFFERENT:
            continue
        one, other = getattr(first, item.name), getattr(second, item.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, item.name
            assert one.shape == other.shape, item.name
            assert one.tobytes() == other.tobytes(), item.name
        else:
            assert one == other, item.name


@pytest.fixture(scope="module")
def baseline(stand) -> Trajectory:
    return simulate(small_case(stand.network, HORIZON_DAYS))


def run_with(stand, *interventions) -> Trajectory:
    return simulate(small_case(stand.network, HORIZON_DAYS, *interventions))


def assert_neutral(stand, baseline, *interventions) -> None:
    """Hold a run to the baseline of its own world, which is the common one unless a kind equips it."""
    case = small_case(stand.network, HORIZON_DAYS, *interventions)
    own = baseline if case.network is stand.network else simulate(case.baseline())
    assert_same_bits(simulate(case), own)


def early(item):
    """Return the intervention moved into the short window."""
    return replace(item, announced=None, start=START + timedelta(days=50), end=None, duration_days=None)


def test_the_network_builds_to_plan(baseline):
    builders = [i for i, line in enumerate(baseline.lines) if line in ("toyota_japan_line", "us_maker_line")]
    assert np.allclose(baseline.line_made[:, builders], 1.0, rtol=1e-9)


def test_no_length_is_the_baseline(kind, stand, baseline):
    item = early(stand.from_example(kind))
    assert_neutral(stand, baseline, replace(item, end=item.start))


def test_level_zero_is_the_baseline(kind, stand, baseline):
    item = early(stand.from_example(kind))
    assert_neutral(stand, baseline, replace(item, steps=(Step(start=START, level=0.0),)))


def test_a_start_after_the_horizon_is_the_baseline(kind, stand, baseline):
    item = early(stand.from_example(kind))
    later = replace(item, start=START + timedelta(days=HORIZON_DAYS))
    assert_neutral(stand, baseline, later)


def test_a_reaction_to_what_never_comes_is_the_baseline(kind, stand, baseline):
    trigger = ExportBan(
        id="never", start=START + timedelta(days=60), end=START + timedelta(days=60), from_places=("India",)
    )
    reaction = replace(
        early(stand.from_example(kind)), start=None, after=After(intervention="never", milestone="start")
    )
    assert_neutral(stand, baseline, trigger, reaction)


@pytest.mark.parametrize(
    "item",
    [
        ExportBan(id="leaks_all", start=START, leak=1.0),
        Outage(id="loses_none", start=START, sites=("mt_weld",), loss=0.0),
        RouteDelay(id="adds_none", start=START, modes=("sea",)),
    ],
    ids=lambda item: item.id,
)
def test_no_size_is_the_baseline(item, stand, baseline):
    assert_neutral(stand, baseline, item)


@pytest.mark.parametrize("change", ["end", "pause"])
def test_nothing_differs_before_a_date_that_nobody_knew(change, stand):
    ban = ExportBan(id="ban", start=START + timedelta(days=30), to_places=("Japan",))
    day = 200
    ended = replace(ban, end=START + timedelta(days=day)) if change == "end" else ban
    first, second = run_with(stand, ban), run_with(stand, ended)
    for name in ("line_made", "on_hand", "shipped", "ordered", "in_transit"):
        assert getattr(first, name)[:day].tobytes() == getattr(second, name)[:day].tobytes()


def test_every_kind_acts_through_the_engine(kind, stand):
    """Shown in a calm world or in one that is short of goods: some kinds say who gets what there is."""
    item = early(stand.from_example(kind))
    if isinstance(item, NewCapacity):
        item = replace(item, stages=(), slip_days=0.0)
    stress = Outage(id="stress", sites=("mt_weld",), start=START + timedelta(days=20), loss=0.7)
    assert any(acts(stand, item, others) for others in ((), (stress,)))


def acts(stand, item, others) -> bool:
    """Tell whether an intervention changes where goods are, beside others."""
    background = frozenset(other.id for other in others)
    case = small_case(stand.network, HORIZON_DAYS, item, *others, background=background)
    acted, without = simulate(case), simulate(case.baseline())
    series = ("shipped", "received", "line_made", "ordered", "on_hand")
    return any(getattr(acted, name).tobytes() != getattr(without, name).tobytes() for name in series)
