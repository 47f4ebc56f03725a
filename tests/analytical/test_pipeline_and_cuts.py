"""Cuts of a steady supply without chance: OR01-OR05, shared fit, all components, lost service.

Time in all of them: a lane of n days ships at the end of day t and lands at the start of day t + n;
the first day of a cut ships nothing. Stock is counted at the start of that day before receiving, and
the line stop of the textbook is the first day that builds less than 99.9 % of plan.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine import simulate
from sim.interventions import ExportBan, Outage, TransitRefusal
from sim.testing import Sketch, day, serial_chain, small_case, two_suppliers
from tests.analytical.theory import (
    expected,
    first_shortfall,
    lane_series,
    made_by,
    stock_of,
)

CUT_DAY, DEMAND = 50, 10.0
LANE = "source_works_part"


def ban(**fields: object) -> ExportBan:
    """Return a ban on everything the source sends."""
    chosen = {"id": "ban", "start": day(CUT_DAY), "from_places": ("source",), **fields}
    return ExportBan(**chosen)  # type: ignore[arg-type]


def test_or01_goods_under_way_are_rate_times_transit() -> None:
    """OR01 (Little): 10 a day over a lane of 30 days are 300 under way at the end of every day."""
    trajectory = simulate(small_case(serial_chain([20.0], [30], plan=DEMAND), 400))
    under_way = lane_series(trajectory, "in_transit", LANE)
    np.testing.assert_allclose(under_way, expected("OR01")[0], rtol=1e-9)


@pytest.mark.parametrize(("cover_days", "lane_days"), [(20, 30), (7, 1), (1, 45), (60, 12)])
def test_or02_embargo_on_new_shipments(cover_days: int, lane_days: int) -> None:
    """OR02: goods under way arrive for L days, then the stock lasts I0/d: the stop is at I0/d + L."""
    network = serial_chain([cover_days], [lane_days], plan=DEMAND)
    trajectory = simulate(small_case(network, 250, ban()))
    opening = stock_of(trajectory, "works")[CUT_DAY - 1]
    assert opening == pytest.approx(cover_days * DEMAND, rel=1e-9)
    assert first_shortfall(trajectory, "works_line") == CUT_DAY + cover_days + lane_days
    after = made_by(trajectory, "works_line")[CUT_DAY + cover_days + lane_days :]
    np.testing.assert_allclose(after, 0.0, atol=1e-9)


@pytest.mark.parametrize("under_way", ["held", "returned"])
@pytest.mark.parametrize(("cover_days", "lane_days"), [(20, 30), (7, 1), (60, 12)])
def test_or03_transit_refusal_stops_goods_under_way(cover_days: int, lane_days: int, under_way: str) -> None:
    """OR03: nothing arrives from the first day on, the stop is at I0/d: L days before OR02's."""
    network = serial_chain([cover_days], [lane_days], plan=DEMAND)
    refusal = TransitRefusal(
        id="refusal",
        start=day(CUT_DAY),
        through=(f"{LANE}_strait",),
        under_way=under_way,  # type: ignore[arg-type]
    )
    refused = first_shortfall(simulate(small_case(network, 250, refusal)), "works_line")
    banned = first_shortfall(simulate(small_case(network, 250, ban())), "works_line")
    assert refused == CUT_DAY + cover_days
    assert banned is not None
    assert banned - refused == lane_days


@pytest.mark.parametrize("cut_share", [1.0, 0.5, 0.25, 0.1])
@pytest.mark.parametrize(("cover_days", "lane_days"), [(20, 30), (5, 3)])
def test_or04_partial_cut(cover_days: int, lane_days: int, cut_share: float) -> None:
    """OR04: with supply (1 - f) d the stock shrinks by f d a day: the stop is at I0/(f d) + L."""
    network = serial_chain([cover_days], [lane_days], plan=DEMAND)
    trajectory = simulate(small_case(network, 400, ban(leak=1.0 - cut_share)))
    assert first_shortfall(trajectory, "works_line") == CUT_DAY + round(cover_days / cut_share) + lane_days
    arriving = lane_series(trajectory, "received", LANE)[CUT_DAY + lane_days :]
    np.testing.assert_allclose(arriving, (1.0 - cut_share) * DEMAND, atol=1e-9)


@pytest.mark.parametrize(
    ("cover_days", "lane_days"),
    [([20, 10], [30, 5]), ([10, 20, 30], [45, 8, 1]), ([3, 9, 1, 14, 6], [2, 30, 1, 12, 20])],
)
def test_or05_serial_chain(cover_days: list[int], lane_days: list[int]) -> None:
    """OR05: the end of a chain whose top is cut stops at the sum of I_k/d + L_k over its tiers."""
    network = serial_chain(cover_days, lane_days, plan=DEMAND)
    trajectory = simulate(small_case(network, 400, ban()))
    assert first_shortfall(trajectory, "works_line") == CUT_DAY + sum(cover_days) + sum(lane_days)


def test_or05_counts_stocks_in_common_units_after_yields() -> None:
    """OR05 through a plant that needs 2.5 ore per part: its input and its output stock both count."""
    sketch = Sketch()
    sketch.source("source", "ore", country="SS")
    sketch.plant("smelter", {"part": 1.0}, {"ore": 2.5}, cover=12.0, output_cover=4.0)
    sketch.builder("works", {"part": 1.0}, plan=DEMAND, cover=9.0)
    sketch.lane("source", "smelter", "ore", days=20)
    sketch.lane("smelter", "works", "part", days=7)
    trajectory = simulate(small_case(sketch.network(), 300, ban()))
    assert stock_of(trajectory, "smelter")[CUT_DAY - 1] == pytest.approx(12.0 * 2.5 * DEMAND, rel=1e-9)
    assert first_shortfall(trajectory, "works_line") == CUT_DAY + (20 + 12) + 4 + (7 + 9)


@pytest.mark.parametrize("first_share", [0.25, 0.5])
@pytest.mark.parametrize("fits", [0.0, 0.3, 0.7, 1.0])
def test_interchangeable_share_bounds_the_stop(first_share: float, fits: float) -> None:
    """One of two suppliers, share f, is cut: the stop lies between I0/d + L and I0/(f d) + L.

    Nothing fits: the cut lane's own stock f I0 feeds f d. All fits: the whole stock feeds the gap
    f d. The other lane cannot carry more than it does, and orders are not moved.
    """
    cover_days, lane_days = 30, 10
    network = two_suppliers(
        first_share=first_share,
        plan=DEMAND,
        cover_days=cover_days,
        lane_days=lane_days,
        interchangeable_share=fits,
        second_capacity_per_day=(1.0 - first_share) * DEMAND,
        patience_days=math.inf,
        forecast="fixed",
    )
    cut = ban(from_places=("first",))
    stop = first_shortfall(simulate(small_case(network, 400, cut)), "works_line")
    earliest = CUT_DAY + cover_days + lane_days
    latest = CUT_DAY + round(cover_days / first_share) + lane_days
    assert stop is not None
    assert earliest <= stop <= latest
    if fits == 0.0:
        assert stop == earliest
    if fits == 1.0:
        assert stop == latest


def test_a_line_runs_at_the_minimum_of_its_components() -> None:
    """A line that needs all of its components stops with the thinnest, whatever the others hold."""
    sketch = Sketch()
    covers = {"motor": 40.0, "steering": 9.0, "sensor": 25.0}
    sketch.builder("works", dict.fromkeys(covers, 1.0), plan=DEMAND, cover=covers)
    for component in covers:
        sketch.source(f"{component}_maker", component, country="SS")
        sketch.lane(f"{component}_maker", "works", component, days=5)
    everything = ban(from_places=("SS",))
    trajectory = simulate(small_case(sketch.network(), 200, everything))
    stop = first_shortfall(trajectory, "works_line")
    assert stop == CUT_DAY + 5 + 9
    limit = trajectory.line_limit[stop, list(trajectory.lines).index("works_line")]
    assert trajectory.materials[limit] == "steering"


@pytest.mark.parametrize("outage_days", [5, 20, 21, 45, 90])
def test_lost_service_is_demand_over_what_the_buffer_lacks(outage_days: int) -> None:
    """An outage of D days in front of a buffer B loses d max(0, D - B/d) units, no more and no less."""
    cover_days = 20
    network = serial_chain([cover_days], [30], plan=DEMAND)
    outage = Outage(id="outage", start=day(CUT_DAY), end=day(CUT_DAY + outage_days), sites=("source",))
    made = made_by(simulate(small_case(network, 400, outage)), "works_line")
    lost = DEMAND * len(made) - made.sum()
    assert lost == pytest.approx(DEMAND * max(0, outage_days - cover_days), abs=1e-6)
