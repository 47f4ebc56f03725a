"""What holds on any small network: drawn by hypothesis, run without chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.case import Case
from sim.domain import LineKind, Network
from sim.engine import simulate
from sim.testing import day, small_case
from sim.testing.strategies import HORIZON_DAYS, cases, interventions, networks
from tests.analytical.theory import assert_same_bits

TINY = 1e-6
"""What counts as nothing, in units; plans are between 1 and 500 a day."""


@given(networks())
def test_without_shocks_every_line_keeps_its_plan_and_no_stock_moves(network: Network) -> None:
    trajectory = simulate(small_case(network, HORIZON_DAYS))
    builds = [
        number for number, line in enumerate(trajectory.lines) if network.lines[line].kind is LineKind.BUILD
    ]
    np.testing.assert_allclose(trajectory.line_made[:, builds], trajectory.line_planned[:, builds], rtol=1e-9)
    opening = np.broadcast_to(trajectory.opening_on_hand, trajectory.on_hand.shape)
    np.testing.assert_allclose(trajectory.on_hand, opening, rtol=1e-9, atol=TINY)


@given(cases())
def test_mass_is_balanced_and_nothing_is_negative(case: Case) -> None:
    trajectory = simulate(case)
    assert max(trajectory.balance.values(), default=0.0) <= 1e-9
    for name in ("on_hand", "line_made", "shipped", "received", "in_transit", "held", "unshipped", "ordered"):
        assert getattr(trajectory, name).min(initial=0.0) >= -TINY, name


@given(cases())
def test_a_lane_delivers_only_what_was_shipped(case: Case) -> None:
    """Per lane: under way at first + shipped = received + under way + held at last (no returns)."""
    kept = tuple(item for item in case.interventions if item.kind != "transit_refusal")
    case = replace(case, interventions=kept)
    trajectory = simulate(case)
    at_first = trajectory.in_transit[0] + trajectory.received[0] - trajectory.shipped[0]
    at_last = trajectory.in_transit[-1] + trajectory.held[-1]
    came = trajectory.received.sum(axis=0)
    left = trajectory.shipped.sum(axis=0)
    np.testing.assert_allclose(at_first + left, came + at_last, rtol=1e-9, atol=TINY)


@given(cases())
def test_no_line_makes_more_than_it_wants(case: Case) -> None:
    trajectory = simulate(case)
    builds = [
        number
        for number, line in enumerate(trajectory.lines)
        if case.network.lines[line].kind is LineKind.BUILD
    ]
    made, planned = trajectory.line_made[:, builds], trajectory.line_planned[:, builds]
    assert np.all(made <= planned * (1.0 + 1e-9))


def scaled(network: Network, factor: float) -> Network:
    """Return the network with every plan multiplied."""
    lines = {
        key: line if line.plan_per_day is None else replace(line, plan_per_day=line.plan_per_day * factor)  # type: ignore[operator]
        for key, line in network.lines.items()
    }
    return replace(network, lines=lines)


@given(cases(), st.sampled_from([0.5, 3.0, 40.0]))
def test_results_scale_with_the_masses(case: Case, factor: float) -> None:
    one = simulate(case)
    many = simulate(replace(case, network=scaled(case.network, factor)))
    for name in ("line_made", "on_hand", "shipped", "in_transit"):
        np.testing.assert_allclose(
            getattr(many, name), factor * getattr(one, name), rtol=1e-6, atol=factor * TINY, err_msg=name
        )


@given(cases())
def test_same_case_twice_gives_the_same_bits(case: Case) -> None:
    assert_same_bits(simulate(case), simulate(case))


@given(st.data())
@settings(max_examples=15)
def test_changing_an_end_changes_nothing_before_it(data: st.DataObject) -> None:
    """Nobody sees an end before it comes: two cases agree bit for bit until the earlier of two ends."""
    network = data.draw(networks())
    shock = data.draw(interventions(network))
    earlier = (shock.end - day(0)).days  # type: ignore[operator]
    later = replace(shock, end=day(earlier + data.draw(st.integers(1, 60))))
    one = simulate(small_case(network, HORIZON_DAYS, shock))
    other = simulate(small_case(network, HORIZON_DAYS, later))
    for name in ("line_made", "on_hand", "shipped", "in_transit", "ordered", "lead_time_days"):
        assert getattr(one, name)[:earlier].tobytes() == getattr(other, name)[:earlier].tobytes(), name
