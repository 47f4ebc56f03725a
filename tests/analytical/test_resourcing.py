"""What a buyer does when an order is not shipped: cancel, split again, qualify, restart, come back.

In all of them the supplier `first` is closed from day CUT. The order of that day is cancelled when it
is PATIENCE days old, which is day FAILED; decisions set going on a day take effect from the next
morning.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.domain import LaneRoute, Route
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportBan, Outage
from sim.testing import Sketch, day, small_case, two_suppliers
from tests.analytical.theory import lane_series, made_by, row_of, stock_of

CUT, PATIENCE, PLAN = 40, 30, 10.0
FAILED = CUT + PATIENCE
STEADY = {"forecast": "fixed", "lead_time_learning_days": math.inf, "patience_days": float(PATIENCE)}


def closed(*places: str, end: int | None = None, ban_id: str = "ban") -> ExportBan:
    """Return a ban on what leaves some sites from CUT on."""
    return ExportBan(
        id=ban_id, start=day(CUT), end=None if end is None else day(end), from_places=places, domestic=True
    )


def ordered(trajectory: Trajectory, supplier: str) -> np.ndarray:
    """Return what `works` orders from a supplier, shape (day,)."""
    return lane_series(trajectory, "ordered", f"{supplier}_works_part")


def resplit(per_day: float, first: int, last: int) -> np.ndarray:
    """Return what is cancelled and ordered elsewhere each day: the orders of PATIENCE days, one by one."""
    days = np.arange(first, last)
    return np.where((days >= FAILED) & (days < FAILED + PATIENCE), per_day, 0.0)


def all_at_once(opens: int) -> float:
    """Return what an only alternative is asked for when it opens: all days' use, and all cancelled so far."""
    days = opens - FAILED + 1
    return PLAN * (days + min(days, PATIENCE))


def works(shares: dict[str, float], *, cover: float = 90.0, lane_days: int = 5, **habits: float) -> Sketch:
    """Return a sketch of a builder and its lanes, whose suppliers are still to be added."""
    sketch = Sketch()
    for supplier in shares:
        sketch.source(supplier, "part", country=supplier[:2].upper())
    sketch.builder("works", {"part": 1.0}, plan=PLAN, cover=cover, country="WW", habits={**STEADY, **habits})
    for supplier, share in shares.items():
        sketch.lane(supplier, "works", "part", days=lane_days, share=share)
    return sketch


def set_lane(sketch: Sketch, supplier: str, **fields: float) -> None:
    """Change fields of the lane between a supplier and `works`."""
    lane = sketch.lanes[f"{supplier}_works_part"]
    sketch.lanes[lane.lane_id] = replace(lane, **fields)


@pytest.mark.parametrize("double", [True, False])
def test_with_double_ordering_a_cancelled_order_stays_with_the_supplier_too(double: bool) -> None:
    """Of PATIENCE days of orders, 5 a day, all stand in the closed supplier's book, or none.

    What is split again is the same. When the supplier opens, the doubled orders are shipped at once on
    top of what is newly ordered.
    """
    opens = FAILED + 60
    network = two_suppliers(first_share=0.5, plan=PLAN, cover_days=90.0, **STEADY, double_ordering=double)
    run = simulate(small_case(network, opens + 5, closed("first", end=opens)))
    standing = lane_series(run, "unshipped", "first_works_part")
    doubled = PATIENCE * 0.5 * PLAN if double else 0.0
    assert standing[FAILED - 1] == pytest.approx(PATIENCE * 0.5 * PLAN)
    np.testing.assert_allclose(standing[FAILED + PATIENCE : opens], doubled, atol=1e-9)
    np.testing.assert_allclose(
        ordered(run, "second")[FAILED:opens], PLAN + resplit(0.5 * PLAN, FAILED, opens), rtol=1e-9
    )
    shipped = lane_series(run, "shipped", "first_works_part")[opens]
    assert shipped - ordered(run, "first")[opens] == pytest.approx(doubled, abs=1e-9)


@pytest.mark.parametrize("restart_days", [1, 25])
def test_a_dormant_line_runs_after_its_restart_time(restart_days: int) -> None:
    """A failure of day F sets the restart going next morning; R days later the line may be ordered from.

    It is ordered from on day F + 1 + R, runs on the day after, and what it makes lands L days later.
    Until then its lane is closed and gets no order.
    """
    lane_days = 5
    sketch = works({"first": 1.0}, lane_days=lane_days)
    sketch.plant(
        "sleeper", {"part": 1.0}, {}, output_cover=0.0, country="SL", dormant=True, restart_days=restart_days
    )
    sketch.lane("sleeper", "works", "part", days=lane_days, share=0.0)
    run = simulate(small_case(sketch.network(), FAILED + restart_days + 40, closed("first")))
    wakes = FAILED + 1 + restart_days
    assert run.log[-2:] == (
        (FAILED + 1, "sleeper_line", "restart begins"),
        (wakes, "sleeper_line", "runs again"),
    )
    orders, made = ordered(run, "sleeper"), made_by(run, "sleeper_line")
    received = lane_series(run, "received", "sleeper_works_part")
    assert int((orders > 0.0).argmax()) == wakes
    assert int((made > 0.0).argmax()) == wakes + 1
    assert int((received > 0.0).argmax()) == wakes + 1 + lane_days
    assert orders[wakes] == pytest.approx(all_at_once(wakes))
    np.testing.assert_allclose(orders[wakes + 1 :], PLAN + resplit(PLAN, wakes + 1, run.n_days), rtol=1e-9)


@pytest.mark.parametrize("qualification_days", [1, 40])
def test_an_unqualified_lane_opens_after_its_qualification(qualification_days: int) -> None:
    """A failure of day F sets the qualification going next morning; Q days later the lane is ordered from."""
    lane_days = 5
    sketch = works({"first": 1.0, "second": 0.0}, lane_days=lane_days)
    set_lane(sketch, "second", qualification_days=float(qualification_days))
    run = simulate(small_case(sketch.network(), FAILED + qualification_days + 40, closed("first")))
    opens = FAILED + 1 + qualification_days
    orders = ordered(run, "second")
    np.testing.assert_allclose(orders[:opens], 0.0, atol=1e-12)
    assert orders[opens] == pytest.approx(all_at_once(opens))
    np.testing.assert_allclose(orders[opens + 1 :], PLAN + resplit(PLAN, opens + 1, run.n_days), rtol=1e-9)
    received = lane_series(run, "received", "second_works_part")
    assert int((received > 0.0).argmax()) == opens + lane_days


def test_nothing_is_qualified_or_restarted_while_no_order_fails() -> None:
    """Orders that are shipped a day before they are PATIENCE days old are not cancelled."""
    sketch = works({"first": 1.0, "second": 0.0})
    set_lane(sketch, "second", qualification_days=1.0)
    run = simulate(small_case(sketch.network(), FAILED + 100, closed("first", end=FAILED - 1)))
    assert not any("qualif" in text for _, _, text in run.log)
    np.testing.assert_allclose(ordered(run, "second"), 0.0, atol=1e-12)


@pytest.mark.parametrize("retained", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("fits", [(1.0, 1.0), (0.8, 0.2)])
def test_second_sources_keep_part_of_the_share_for_good(retained: float, fits: tuple[float, float]) -> None:
    """Alternatives that stepped in keep the retained share, split by what fits; the rest returns.

    Long after the lane has opened the orders of a day are d (1 - r) to it and d r f/(sum of f) to each.
    """
    sketch = works(
        {"first": 1.0, "second": 0.0, "third": 0.0}, share_half_life_days=5.0, retained_share=retained
    )
    for supplier, share in zip(("second", "third"), fits, strict=True):
        set_lane(sketch, supplier, interchangeable_share=share)
    run = simulate(small_case(sketch.network(), 4000, closed("first", end=FAILED + 60)))
    last = slice(-20, None)
    np.testing.assert_allclose(ordered(run, "first")[last], PLAN * (1.0 - retained), rtol=1e-9)
    for supplier, share in zip(("second", "third"), fits, strict=True):
        wanted = PLAN * retained * share / sum(fits)
        np.testing.assert_allclose(ordered(run, supplier)[last], wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("lane_days", [5, 60])
def test_a_second_source_keeps_no_more_than_its_stock_carries(lane_days: int) -> None:
    """A share stays with an alternative only as far as its goods are there: stock / (forecast x (cover + 1)).

    The lane opens after O days and has its share back in a week. Over a lane of 5 days all that was
    ordered meanwhile has come, and r is kept; over one of 60 days nothing has, and nothing is.
    """
    retained = 0.3
    sketch = works({"first": 1.0, "second": 0.0}, share_half_life_days=1.0, retained_share=retained)
    route = sketch.routes["second_works_part_route"]
    sketch.routes[route.route_id] = replace(route, days=float(lane_days))
    run = simulate(small_case(sketch.network(), 4000, closed("first", end=FAILED + 20)))
    kept = retained if lane_days < 20 else 0.0
    np.testing.assert_allclose(ordered(run, "first")[-20:], PLAN * (1.0 - kept), rtol=1e-9)
    np.testing.assert_allclose(ordered(run, "second")[-20:], PLAN * kept, rtol=1e-9, atol=1e-9)


def test_a_thin_stock_makes_goods_fly() -> None:
    """Shipments of days that end with less than E days of stock take the fastest route, all others the first.

    An outage of D days: the stock is C until day CUT + L, then falls by a day's use each day to C - D.
    It is below E on the last D - (C - E) of these days, and only then goods fly.
    """
    sea, air, cover, below, length = 30, 4, 20, 10, 16
    sketch = Sketch()
    sketch.source("source", "part", country="SS")
    sketch.builder(
        "works",
        {"part": 1.0},
        plan=PLAN,
        cover=cover,
        country="WW",
        habits={**STEADY, "expedite_below_cover_days": float(below)},
    )
    lane_id = sketch.lane("source", "works", "part", days=sea)
    sketch.routes["air"] = Route("air", "air", "air", ("SS", "WW"), float(air))
    sketch.lanes[lane_id] = replace(
        sketch.lanes[lane_id], routes=(LaneRoute(f"{lane_id}_route", 1.0), LaneRoute("air", 0.0))
    )
    outage = Outage(id="outage", start=day(CUT), end=day(CUT + length), sites=("source",))
    run = simulate(small_case(sketch.network(), CUT + sea + length + 60, outage))
    rows = run.shipments
    flown = rows[rows["route"] == row_of(run.routes, "air")]
    assert length - (cover - below) == 6
    np.testing.assert_array_equal(flown["ship_day"], np.arange(CUT + sea + cover - below, CUT + sea + length))
    np.testing.assert_array_equal(flown["arrival_day"], flown["ship_day"] + air)
    np.testing.assert_allclose(flown["quantity"], PLAN, rtol=1e-9)
    sailed = rows[(rows["route"] != row_of(run.routes, "air")) & (rows["arrival_day"] >= 0)]
    assert set(sailed["arrival_day"] - sailed["ship_day"]) == {sea}
    stock = stock_of(run, "works")
    assert stock[flown["ship_day"][0]] == pytest.approx((below - 1) * PLAN)


def three_plants(capacity: dict[str, float], shares: dict[str, float]) -> Sketch:
    """Return plants without inputs that sell to `works`; `first` is an unlimited source."""
    sketch = Sketch()
    sketch.source("first", "part", country="FI")
    for supplier, limit in capacity.items():
        sketch.plant(
            supplier,
            {"part": 1.0},
            {},
            output_cover=0.0,
            country=supplier[:2].upper(),
            capacity_per_day=limit,
        )
    sketch.builder("works", {"part": 1.0}, plan=PLAN, cover=90.0, country="WW", habits=STEADY)
    for supplier, share in shares.items():
        sketch.lane(supplier, "works", "part", days=5, share=share)
    return sketch


@pytest.mark.parametrize("spare", [(6.0, 3.0), (2.0, 8.0)])
@pytest.mark.parametrize("fits", [(1.0, 1.0), (0.5, 0.75)])
def test_failed_orders_are_split_by_spare_capacity(
    spare: tuple[float, float], fits: tuple[float, float]
) -> None:
    """PRECISION 33: alternatives with spare capacities a and b whose goods fit by f and g get a f : b g.

    Half of the need is cancelled: on day F the cancelled order of CUT and the order of the day, 2 x 5,
    are split, whatever the normal shares; their own orders stay as they were, 2 and 3.
    """
    own = {"second": 2.0, "third": 3.0}
    capacity = {name: own[name] + extra for name, extra in zip(own, spare, strict=True)}
    sketch = three_plants(capacity, {"first": 0.5, "second": 0.2, "third": 0.3})
    for name, share in zip(own, fits, strict=True):
        set_lane(sketch, name, interchangeable_share=share)
    run = simulate(small_case(sketch.network(), FAILED + 10, closed("first")))
    weight = [extra * share for extra, share in zip(spare, fits, strict=True)]
    for (name, usual), part in zip(own.items(), weight, strict=True):
        orders = ordered(run, name)
        np.testing.assert_allclose(orders[:FAILED], usual, rtol=1e-9)
        assert orders[FAILED] == pytest.approx(usual + PLAN * part / sum(weight), rel=1e-9)


def test_failed_orders_are_split_by_share_where_nothing_is_spare() -> None:
    """PRECISION 33: without spare capacity anywhere they go by normal share, 1 : 3."""
    shares = {"first": 0.5, "second": 0.125, "third": 0.375}
    network = three_plants({"second": 1.25, "third": 3.75}, shares).network()
    run = simulate(small_case(network, FAILED + 10, closed("first")))
    for name in ("second", "third"):
        usual = PLAN * shares[name]
        part = shares[name] / (1.0 - shares["first"])
        assert ordered(run, name)[FAILED] == pytest.approx(usual + PLAN * part, rel=1e-9)


def test_a_lane_that_failed_of_late_gets_none_of_the_orders_of_others() -> None:
    """PRECISION 33: orders go to lanes that did not fail; a failure counts for the buyer's patience.

    `second` is closed just long enough to fail, last on the day it opens. With a half-life without end
    it is asked for none of its own, so until PATIENCE days later it gets nothing at all and `third` the
    whole need; after that both are alike and get half each.
    """
    opens = FAILED + 1
    sketch = works({"first": 0.5, "second": 0.3, "third": 0.2}, share_half_life_days=math.inf)
    run = simulate(
        small_case(
            sketch.network(),
            opens + PATIENCE + 10,
            closed("first"),
            closed("second", end=opens, ban_id="short"),
        )
    )
    np.testing.assert_allclose(ordered(run, "second")[FAILED : opens + PATIENCE], 0.0, atol=1e-9)
    np.testing.assert_allclose(
        ordered(run, "third")[opens + 1 : opens + PATIENCE],
        PLAN + resplit(0.5 * PLAN, opens + 1, opens + PATIENCE),
        rtol=1e-9,
    )
    for name in ("second", "third"):
        after = ordered(run, name)[opens + PATIENCE + 1 :]
        np.testing.assert_allclose(after, 0.5 * PLAN, rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(ordered(run, "first")[FAILED:], 0.0, atol=1e-9)


@pytest.mark.parametrize("fits", [0.0, 0.4, 1.0])
def test_a_failed_closed_lane_gets_no_orders_until_it_opens(fits: float) -> None:
    """PRECISION 33: also where other goods do not fit: nothing is ordered while closed.

    On day F the cancelled 5 and the day's 5 are due; the share f of them moves to the other lane.
    """
    opens = FAILED + 50
    network = two_suppliers(
        first_share=0.5, plan=PLAN, cover_days=200.0, interchangeable_share=fits, **STEADY
    )
    run = simulate(small_case(network, opens + 2, closed("first", end=opens)))
    first, second = ordered(run, "first"), ordered(run, "second")
    np.testing.assert_allclose(first[:FAILED], 0.5 * PLAN, rtol=1e-9)
    np.testing.assert_allclose(first[FAILED:opens], 0.0, atol=1e-12)
    assert first[opens] > 0.0
    assert second[FAILED] == pytest.approx(0.5 * PLAN + fits * PLAN, rel=1e-9)
