"""Faults planted on purpose. Each is caught by a check with a name; without the fault the check passes.

A fault alters the arrays a case is compiled to, never the source, so that it stays small and is gone
when the block ends.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.engine import simulate
from sim.engine.faults import planted
from sim.errors import InvariantError
from sim.interventions import ExportBan
from sim.testing import day, serial_chain, small_case
from tests.analytical import test_pipeline_and_cuts as exact


def check_mass_balance() -> None:
    """Run a chain for a year; the engine's own balance stops it if a tonne is missing."""
    simulate(small_case(serial_chain([10.0, 20.0], [12, 30]), 365))


def check_goods_under_way() -> None:
    """OR01: goods under way are rate times transit."""
    exact.test_or01_goods_under_way_are_rate_times_transit()


def check_embargo() -> None:
    """OR02: the stop comes I0/d + L days after an embargo."""
    exact.test_or02_embargo_on_new_shipments(20, 30)


def check_refusal_against_embargo() -> None:
    """OR03 against OR02: an embargo lets goods under way arrive, a refusal does not; L days apart."""
    exact.test_or03_transit_refusal_stops_goods_under_way(20, 30, "held")


CAUGHT_BY: dict[str, tuple[Callable[[], None], type[Exception]]] = {
    "transit_leak": (check_mass_balance, InvariantError),
    "lead_time_off_by_one": (check_embargo, AssertionError),
    "ban_stops_goods_under_way": (check_refusal_against_embargo, AssertionError),
}


@pytest.mark.parametrize("fault", CAUGHT_BY)
def test_the_check_passes_without_the_fault(fault: str) -> None:
    CAUGHT_BY[fault][0]()


@pytest.mark.parametrize("fault", CAUGHT_BY)
def test_planted_fault_is_caught_by_its_named_check(fault: str) -> None:
    check, error = CAUGHT_BY[fault]
    with planted(fault), pytest.raises(error):
        check()
    check()


def test_one_per_cent_leak_in_transit_is_caught_by_the_mass_balance() -> None:
    with planted("transit_leak"), pytest.raises(InvariantError, match="part"):
        check_mass_balance()


def test_lead_time_off_by_one_is_caught_by_or01_goods_under_way() -> None:
    with planted("lead_time_off_by_one"), pytest.raises(AssertionError):
        check_goods_under_way()


def test_lead_time_off_by_one_is_caught_by_or02_embargo() -> None:
    with planted("lead_time_off_by_one"), pytest.raises(AssertionError):
        check_embargo()


def test_ban_that_stops_goods_under_way_is_caught_by_or02_against_or03() -> None:
    with planted("ban_stops_goods_under_way"), pytest.raises(AssertionError):
        check_refusal_against_embargo()


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_fault"), planted("no_such_fault"):
        pass


def test_nothing_of_a_fault_is_left_behind() -> None:
    """A run after the block equals a run before it, bit for bit."""
    ban = ExportBan(id="ban", start=day(50), end=day(80), from_places=("source",))
    case = small_case(serial_chain([20.0], [30]), 200, ban)
    before = simulate(case)
    for fault in CAUGHT_BY:
        with planted(fault):
            pass
    after = simulate(case)
    assert before.line_made.tobytes() == after.line_made.tobytes()
    assert before.in_transit.tobytes() == after.in_transit.tobytes()
