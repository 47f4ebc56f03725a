"""How actors behave when supply fails: each test fails under the wording it rejects.

Networks are a few sites large and without chance, so that every figure follows from a closed form.
A lane of n days ships at the end of day t and lands at the start of day t + n.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.domain import LaneRoute, Network
from sim.engine import simulate
from sim.interventions import ExportBan, Outage, RouteDelay, TransitRefusal
from sim.testing import Sketch, day, serial_chain, small_case, two_suppliers
from tests.analytical.theory import first_shortfall, lane_series, made_by, row_of, stock_of

CUT, PLAN = 60, 10.0
LANE = "source_works_part"
LINE = "works_line"


@pytest.mark.parametrize("why", ["ban", "outage"])
def test_orders_to_a_healthy_lane_do_not_fall_and_the_need_is_split_again(why: str) -> None:
    """One of two suppliers closes for a year; orders stuck there must not count in position for ever.

    Orders to the healthy supplier never fall below normal. Once the stuck orders are 30 days old the
    whole need goes to it, and a stock longer than patience plus transit never runs dry. A position
    that counts stuck orders for ever leaves the line at half speed.
    """
    network = two_suppliers(first_share=0.5, plan=PLAN, cover_days=50.0, lane_days=10)
    if why == "ban":
        shock: ExportBan | Outage = ExportBan(
            id="ban", start=day(CUT), end=day(CUT + 365), from_places=("first",)
        )
    else:
        shock = Outage(id="outage", start=day(CUT), end=day(CUT + 365), sites=("first",))
    trajectory = simulate(small_case(network, 700, shock))
    healthy = lane_series(trajectory, "ordered", "second_works_part")
    closed = lane_series(trajectory, "ordered", "first_works_part")
    assert healthy[: CUT + 365].min() >= 0.5 * PLAN - 1e-9
    assert healthy[CUT + 35 : CUT + 365].mean() >= 0.99 * PLAN
    assert closed[CUT + 35 : CUT + 365].max() == pytest.approx(0.0, abs=1e-9)
    assert first_shortfall(trajectory, LINE) is None
    assert closed[CUT + 400 :].mean() > 0.1 * PLAN


@pytest.mark.parametrize(
    ("ordering", "parameters"),
    [
        ("min_max", {"s": 599.0, "S": 600.0}),
        ("reorder_quantity", {"r": 595.0, "Q": 10.0}),
        ("fixed", {"quantity": PLAN}),
        ("order_up_to", {"level": 600.0}),
    ],
)
def test_every_ordering_policy_leaves_a_closed_lane(ordering: str, parameters: dict[str, float]) -> None:
    """A lane closed longer than patience gets no new orders under any policy, and its need moves.

    The stock outlasts patience plus transit, so the builder never stops; a policy that went on splitting
    its orders by normal share would run at half speed.
    """
    habits = {"ordering": ordering, "ordering_parameters": parameters}
    network = two_suppliers(first_share=0.5, plan=PLAN, cover_days=50.0, lane_days=10, **habits)
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + 365), from_places=("first",))
    trajectory = simulate(small_case(network, 600, ban))
    closed = lane_series(trajectory, "ordered", "first_works_part")
    healthy = lane_series(trajectory, "ordered", "second_works_part")
    assert closed[CUT + 31 : CUT + 365].max() == pytest.approx(0.0, abs=1e-9)
    assert healthy[CUT + 35 : CUT + 365].mean() >= 0.99 * PLAN
    assert healthy[CUT + 265 : CUT + 365].mean() == pytest.approx(PLAN, rel=0.01)
    assert first_shortfall(trajectory, LINE) is None


def test_a_cancelled_order_is_split_again_on_the_same_day_between_reviews() -> None:
    """What is cancelled moves at once, not at the next review, which may be a week away."""
    review, patience, offset = 7, 30, 0
    habits = {"review_period_days": review, "review_offset_days": offset, "patience_days": float(patience)}
    network = two_suppliers(first_share=0.5, plan=PLAN, cover_days=50.0, lane_days=10, **habits)
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + 365), from_places=("first",))
    trajectory = simulate(small_case(network, 200, ban))
    stuck = lane_series(trajectory, "ordered", "first_works_part")
    moved = lane_series(trajectory, "ordered", "second_works_part")
    first_stuck = next(t for t in range(CUT, CUT + review) if stuck[t] > 0.0)
    cancelled_on = first_stuck + patience
    assert (cancelled_on - first_stuck) % review != 0
    assert moved[cancelled_on] == pytest.approx(stuck[first_stuck], rel=1e-9)


def test_a_longer_lane_regains_full_throughput_because_the_lead_time_is_learnt() -> None:
    """The target uses the lead time experienced: after a lane grows by W days output returns to plan.

    With the transit of the plan alone the position can never fill the longer pipeline and output is
    (C + L)/(L + W) of plan for ever; with the new time taken on at once orders would surge.
    """
    cover, lane, longer = 5, 10, 60
    delay = RouteDelay(id="delay", start=day(CUT), through=(f"{LANE}_strait",), added_days=float(longer))

    def final_share(learning_days: float) -> tuple[float, float]:
        network = serial_chain([cover], [lane], plan=PLAN, habits={"lead_time_learning_days": learning_days})
        trajectory = simulate(small_case(network, 2400, delay))
        made = made_by(trajectory, LINE)[-(lane + longer) * 10 :]
        return made.mean() / PLAN, lane_series(trajectory, "ordered", LANE).max() / PLAN

    learnt, largest_order = final_share(100.0)
    assert learnt == pytest.approx(1.0, abs=1e-3)
    assert largest_order < 2.0
    throttled, _ = final_share(math.inf)
    assert throttled == pytest.approx((cover + lane) / (lane + longer), rel=0.05)


def test_a_leak_is_a_share_of_normal_flow_not_of_open_orders() -> None:
    """A leak of 50 % halves the line for good; as a share of open orders it would never stop it."""
    ban = ExportBan(id="ban", start=day(CUT), from_places=("source",), leak=0.5)
    trajectory = simulate(small_case(serial_chain([20.0], [10], plan=PLAN), 600, ban))
    assert first_shortfall(trajectory, LINE) == CUT + 10 + 40
    np.testing.assert_allclose(made_by(trajectory, LINE)[CUT + 60 :], 0.5 * PLAN, atol=1e-9)
    assert lane_series(trajectory, "shipped", LANE)[CUT:].max() == pytest.approx(0.5 * PLAN)


def mine_network(yard_capacity_days: float = math.inf) -> Sketch:
    """Return a mine of plan 10, capacity 13 and a yard of 20 days that feeds a builder."""
    sketch = Sketch()
    sketch.mine(
        "mine",
        "ore",
        plan=PLAN,
        output_cover=20.0,
        capacity_per_day=1.3 * PLAN,
        yard_capacity_days=yard_capacity_days,
        country="MM",
    )
    sketch.builder("works", {"ore": 1.0}, plan=PLAN, cover=20.0, country="WW")
    sketch.lane("mine", "works", "ore", days=10)
    return sketch


def test_a_mine_refills_its_yard_with_spare_capacity() -> None:
    """A mine runs at min(capacity, plan + (yard target - yard + open orders)/30 d).

    After an outage it runs above plan until the yard is back; pushed at plan it never would.
    """
    outage = Outage(id="outage", start=day(CUT), end=day(CUT + 40), sites=("mine",))
    trajectory = simulate(small_case(mine_network().network(), 900, outage))
    made = made_by(trajectory, "mine_line")
    yard = stock_of(trajectory, "mine", "output")
    waiting = lane_series(trajectory, "unshipped", "mine_works_ore")
    target = 20.0 * PLAN
    after = np.arange(CUT + 40, 900)
    wanted = PLAN + (target - yard[after - 1] + waiting[after - 1]) / 30.0
    np.testing.assert_allclose(made[after], np.clip(wanted, 0.0, 1.3 * PLAN), rtol=1e-9)
    np.testing.assert_allclose(made[CUT : CUT + 40], 0.0, atol=1e-12)
    assert made[CUT + 40] == pytest.approx(1.3 * PLAN)
    assert yard[-1] == pytest.approx(target, rel=5e-3)


def test_a_mine_stops_when_its_yard_is_full() -> None:
    """Behind a closed border the yard fills to its capacity, then the mine stands still."""
    ban = ExportBan(id="ban", start=day(CUT), from_places=("MM",))
    trajectory = simulate(small_case(mine_network(yard_capacity_days=25.0).network(), 600, ban))
    yard = stock_of(trajectory, "mine", "output")
    assert yard.max() <= 25.0 * PLAN + 1e-9
    assert yard[-1] == pytest.approx(25.0 * PLAN, rel=1e-6)
    np.testing.assert_allclose(made_by(trajectory, "mine_line")[-50:], 0.0, atol=1e-9)


def test_a_stop_of_sixty_days_does_not_lower_the_order_target() -> None:
    """The forecast counts what the line would have used: after the stop the position is back at once.

    Forecast on own use would let the target decay while the line stands and refill too little.
    """
    cover, lane, length = 20, 10, 60
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + length), from_places=("source",))
    network = serial_chain([cover], [lane], plan=PLAN, habits={"lead_time_learning_days": math.inf})
    trajectory = simulate(small_case(network, 400, ban))
    made = made_by(trajectory, LINE)
    assert first_shortfall(trajectory, LINE) == CUT + lane + cover
    wanted = trajectory.line_wanted[:, row_of(trajectory.lines, LINE)]
    np.testing.assert_allclose(wanted[CUT + lane + cover : CUT + length + lane], PLAN, rtol=1e-9)
    reopened = CUT + length
    position = stock_of(trajectory, "works") + lane_series(trajectory, "in_transit", LANE)
    assert position[reopened] == pytest.approx((cover + lane) * PLAN, rel=1e-9)
    np.testing.assert_allclose(made[reopened + lane :], PLAN, rtol=1e-9)
    np.testing.assert_allclose(made[CUT + lane + cover : reopened + lane], 0.0, atol=1e-9)


@pytest.mark.parametrize(("length", "patience"), [(15, 30.0), (45, 30.0), (45, math.inf)])
def test_recovery_follows_the_closed_form(length: int, patience: float) -> None:
    """After D days without supply the stock is back at target exactly L days after reopening.

    Stock stays at target for L days after the cut, falls by d a day to (C - D) d, stays there until
    the goods shipped on the day of reopening land L days later, and is then full in one step.
    """
    cover, lane = 60, 10
    outage = Outage(id="outage", start=day(CUT), end=day(CUT + length), sites=("source",))
    habits = {"lead_time_learning_days": math.inf, "patience_days": patience}
    network = serial_chain([cover], [lane], plan=PLAN, habits=habits)
    stock = stock_of(simulate(small_case(network, 300, outage)), "works")
    days = np.arange(300)
    missing = np.clip(days - (CUT + lane) + 1, 0, length)
    exact = (cover - np.where(days < CUT + length + lane, missing, 0)) * PLAN
    np.testing.assert_allclose(stock, exact, rtol=1e-9)


@pytest.mark.parametrize("review", [1, 7])
@pytest.mark.parametrize("cover", [5.0, 12.5])
def test_cover_is_the_least_stock_of_the_steady_state(cover: float, review: int) -> None:
    """Target = forecast x (cover + lead + review - 1) makes `cover` the leanest end of a day."""
    network = serial_chain([cover], [9], plan=PLAN, habits={"review_period_days": review})
    stock = stock_of(simulate(small_case(network, 365)), "works")
    assert stock.min() == pytest.approx(cover * PLAN, rel=1e-9)
    assert stock.max() == pytest.approx((cover + review - 1) * PLAN, rel=1e-9)


def test_lines_that_share_an_input_share_it_pro_rata() -> None:
    """On the day the shared stock covers half of what is wanted, every line runs at half its want."""
    from sim.domain import Line, LineKind

    sketch = Sketch()
    sketch.source("source", "part", country="SS")
    sketch.builder("works", {"part": 1.0}, plan=PLAN, cover=10.5, country="WW")
    sketch.material("other_goods", form="goods")
    sketch.line(
        Line(
            "works_second",
            "works",
            LineKind.BUILD,
            inputs={"part": 2.0},
            outputs={"other_goods": 1.0},
            drivers=("other_goods",),
            plan_per_day=3.0 * PLAN,
        )
    )
    sketch.lane("source", "works", "part", days=5)
    ban = ExportBan(id="ban", start=day(CUT), from_places=("source",))
    trajectory = simulate(small_case(sketch.network(), 120, ban))
    lean = CUT + 5 + 10
    assert made_by(trajectory, LINE)[lean] == pytest.approx(0.5 * PLAN, rel=1e-9)
    assert made_by(trajectory, "works_second")[lean] == pytest.approx(1.5 * PLAN, rel=1e-9)


def plant_network() -> Sketch:
    """Return source -> plant -> works."""
    sketch = Sketch()
    sketch.source("source", "ore", country="SS")
    sketch.plant("plant", {"part": 1.0}, {"ore": 2.0}, cover=10.0, output_cover=5.0, country="PP")
    sketch.builder("works", {"part": 1.0}, plan=PLAN, cover=10.0, country="WW")
    sketch.lane("source", "plant", "ore", days=8)
    sketch.lane("plant", "works", "part", days=6)
    return sketch


def test_a_banned_plant_does_not_pile_up_stock() -> None:
    """Only orders that may ship ask for production: behind a ban the plant fills its target and stops."""
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + 100), from_places=("plant",))
    trajectory = simulate(small_case(plant_network().network(), 400, ban))
    stock = stock_of(trajectory, "plant", "output")
    assert stock[CUT : CUT + 100].max() <= (5.0 + 1.0) * PLAN + 1e-9
    np.testing.assert_allclose(made_by(trajectory, "plant_line")[CUT + 2 : CUT + 100], 0.0, atol=1e-9)


def test_no_line_uses_what_another_made_the_same_day() -> None:
    """What a line makes on day t is landed elsewhere on day t + 1 at the earliest."""
    sketch = plant_network()
    sketch.plant("finisher", {"motor": 1.0}, {"part": 1.0}, cover=0.0, output_cover=1.0, country="PP")
    sketch.builder("assembly", {"motor": 1.0}, plan=4.0, cover=0.0, country="PP")
    sketch.lane("plant", "finisher", "part", days=1)
    sketch.lane("finisher", "assembly", "motor", days=1)
    outage = Outage(id="outage", start=day(CUT), end=day(CUT + 30), sites=("plant",))
    trajectory = simulate(small_case(sketch.network(), 200, outage))
    shipments = trajectory.shipments
    landed = shipments["arrival_day"] >= 0
    assert landed.sum() > 100
    assert (shipments["arrival_day"] - shipments["ship_day"])[landed].min() >= 1
    used = made_by(trajectory, "finisher_line")
    input_stock = stock_of(trajectory, "finisher")
    received = lane_series(trajectory, "received", "plant_finisher_part")
    assert np.all(used[1:] <= input_stock[:-1] + received[1:] + 1e-9)


@pytest.mark.parametrize("surplus", ["buyer", "dispose", "store"])
def test_co_products_have_somewhere_to_go(surplus: str) -> None:
    """A co-product is pushed the day it is made: to its residual buyer, the ledger, or a named pile.

    The residual buyer's plan is sized by the solver; without a buyer `dispose` keeps no stock and
    `store` keeps all of it. The driver is never held back by its co-product.
    """
    sketch = Sketch()
    sketch.source("source", "feed", country="SS")
    sketch.plant(
        "plant",
        {"dysprosium": 1.0, "lanthanum": 3.0},
        {"feed": 5.0},
        drivers=("dysprosium",),
        surplus={} if surplus == "buyer" else {"lanthanum": surplus},
        country="PP",
    )
    sketch.builder("works", {"dysprosium": 1.0}, plan=PLAN, cover=10.0, country="WW")
    sketch.lane("source", "plant", "feed", days=8)
    sketch.lane("plant", "works", "dysprosium", days=6)
    if surplus == "buyer":
        sketch.builder("residual", {"lanthanum": 1.0}, plan=None, cover=5.0, country="PP", is_sink=True)
        sketch.lane("plant", "residual", "lanthanum", days=2, is_pushed=True)
    trajectory = simulate(small_case(sketch.network(), 200))
    np.testing.assert_allclose(made_by(trajectory, LINE), PLAN, rtol=1e-9)
    pile = [
        trajectory.on_hand[:, number]
        for number, stock in enumerate(trajectory.stocks)
        if stock.material == "lanthanum" and stock.role == "output"
    ]
    if surplus == "buyer":
        pushed = lane_series(trajectory, "shipped", "plant_residual_lanthanum")
        np.testing.assert_allclose(pushed, 3.0 * made_by(trajectory, "plant_line"), rtol=1e-9)
        np.testing.assert_allclose(made_by(trajectory, "residual_line"), 3.0 * PLAN, rtol=1e-9)
    elif surplus == "dispose":
        assert sum(series.max() for series in pile) == pytest.approx(0.0, abs=1e-9)
    else:
        np.testing.assert_allclose(np.diff(pile[0]), 3.0 * PLAN, rtol=1e-9)
    assert max(trajectory.balance.values(), default=0.0) <= 1e-9


def test_daily_review_is_steady_from_day_zero_for_ten_years() -> None:
    """With a review period of one day every stock stays exactly where it began."""
    trajectory = simulate(small_case(plant_network().network(), 3650))
    np.testing.assert_allclose(
        trajectory.on_hand, np.broadcast_to(trajectory.opening_on_hand, trajectory.on_hand.shape), rtol=1e-9
    )
    np.testing.assert_allclose(made_by(trajectory, LINE), PLAN, rtol=1e-12)


@pytest.mark.parametrize(("reviews", "period"), [((7, 7), 7), ((1, 7), 7), ((2, 3), 6)])
def test_longer_reviews_are_periodic_after_the_warm_up(reviews: tuple[int, int], period: int) -> None:
    """A longer review is warmed up before day 0 until every stock repeats within 1e-9."""
    sketch = plant_network()
    sketch.habit("plant", review_period_days=reviews[0], output_cover={"part": 10.0})
    sketch.habit("works", review_period_days=reviews[1], review_offset_days=1)
    trajectory = simulate(small_case(sketch.network(), 400))
    stock = trajectory.on_hand
    np.testing.assert_allclose(stock[period:], stock[:-period], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(made_by(trajectory, LINE), PLAN, rtol=1e-9)


def with_fallbacks(fast_capacity_per_day: float) -> Network:
    """Return a chain whose lane may also go by a slow, cheap route and by a fast, dear and narrow one."""
    network = serial_chain([60.0], [10], plan=PLAN)
    lane = network.lanes[LANE]
    usual = network.routes[lane.routes[0].route]
    slow = replace(usual, route_id="slow", passes=("SS", "WW"), days=30.0, cost_usd_per_tonne=50.0)
    fast = replace(
        slow, route_id="fast", days=4.0, capacity_per_day=fast_capacity_per_day, cost_usd_per_tonne=900.0
    )
    uses = (*lane.routes, LaneRoute("slow", 0.0), LaneRoute("fast", 0.0))
    return replace(
        network,
        routes={**network.routes, "slow": slow, "fast": fast},
        lanes={**network.lanes, LANE: replace(lane, routes=uses)},
    )


@pytest.mark.parametrize(
    ("fallback", "route"),
    [("listed", "slow"), ("days", "fast"), ("capacity", "slow"), ("cost", "slow"), ("none", None)],
)
def test_a_refused_route_is_replaced_by_the_rule_of_the_refusal(fallback: str, route: str | None) -> None:
    """The next of the table, the fastest, the roomiest, the cheapest, or none: every tonne by that one."""
    refusal = TransitRefusal(
        id="refusal", start=day(CUT), through=(f"{LANE}_strait",), fallback=fallback  # type: ignore[arg-type]
    )
    trajectory = simulate(small_case(with_fallbacks(fast_capacity_per_day=100.0), 200, refusal))
    rows = trajectory.shipments
    after = rows[(rows["ship_day"] >= CUT) & (rows["lane"] == trajectory.lanes.index(LANE))]
    assert {trajectory.routes[number] for number in after["route"]} == ({route} if route else set())


def test_what_a_full_fallback_cannot_carry_takes_the_next_by_the_same_rule() -> None:
    """A fast route of 4 a day takes 4 of the 10; the rest goes by the slow one."""
    refusal = TransitRefusal(id="refusal", start=day(CUT), through=(f"{LANE}_strait",), fallback="days")
    trajectory = simulate(small_case(with_fallbacks(fast_capacity_per_day=4.0), 200, refusal))
    rows = trajectory.shipments[trajectory.shipments["ship_day"] == CUT]
    by_route = {trajectory.routes[row["route"]]: row["quantity"] for row in rows}
    assert by_route == pytest.approx({"fast": 4.0, "slow": PLAN - 4.0})


def test_a_co_product_without_a_declared_sink_chokes_its_plant_and_says_so() -> None:
    """The plant stops when 60 days of the co-product's output lie there, and the log names the day.

    The buyer who takes all of it closes on day CUT, so room for the last full day is gone 60 days later.
    """
    sketch = Sketch("choke")
    sketch.source("source", "ore", country="SS")
    sketch.plant("plant", {"metal": 1.0, "slag": 0.5}, {"ore": 2.0}, drivers=("metal",), country="PP")
    sketch.builder("works", {"metal": 1.0}, plan=PLAN, cover=30.0, country="WW")
    sketch.builder("road", {"slag": 1.0}, plan=0.5 * PLAN, cover=5.0, country="RR")
    sketch.lane("source", "plant", "ore", days=5)
    sketch.lane("plant", "works", "metal", days=5)
    sketch.lane("plant", "road", "slag", days=5, is_pushed=True)
    ban = ExportBan(id="ban", start=day(CUT), from_places=("plant",), to_places=("road",))
    trajectory = simulate(small_case(sketch.network(), 200, ban))
    made = made_by(trajectory, "plant_line")
    assert made[: CUT + 60].min() == pytest.approx(PLAN)
    assert made[CUT + 61 :].max() == pytest.approx(0.0, abs=1e-9)
    held_back = [(on, line) for on, line, text in trajectory.log if "nowhere to go" in text]
    assert held_back == [(CUT + 60, "plant_line")]


def test_parked_units_claim_the_parts_they_wait_for() -> None:
    """Once the part comes again the parked units are completed and the line does not fall short anew."""
    sketch = Sketch("parking")
    sketch.source("first", "chip", country="FF")
    sketch.source("second", "body", country="GG")
    sketch.builder(
        "works", {"chip": 1.0, "body": 1.0}, plan=PLAN, cover={"chip": 5.0, "body": 5.0}, country="WW",
        parkable=("chip",), park_limit_units=12 * PLAN, overtime_share=0.0,
    )  # fmt: skip
    for supplier, part in (("first", "chip"), ("second", "body")):
        sketch.lane(supplier, "works", part, days=5)
    ban = ExportBan(id="ban", start=day(CUT), end=day(CUT + 15), from_places=("first",))
    trajectory = simulate(small_case(sketch.network(), 300, ban))
    made = made_by(trajectory, LINE)
    parked = trajectory.line_parked[:, row_of(trajectory.lines, LINE)]
    assert parked.max() > 5 * PLAN
    completed = int(np.flatnonzero(parked > 0.0)[-1]) + 1
    assert made[completed:].min() == pytest.approx(PLAN)
    assert made.sum() == pytest.approx(300 * PLAN)


def test_held_goods_keep_their_remaining_days() -> None:
    """Goods held for H days land H days later; the first day in force and the first free day count.

    Effects come before that day's receipts: nothing lands on the start day, and the goods that were
    due on it land on the end day.
    """
    lane, length = 12, 25
    refusal = TransitRefusal(
        id="refusal",
        start=day(CUT),
        end=day(CUT + length),
        through=(f"{LANE}_strait",),
        under_way="held",
    )
    trajectory = simulate(small_case(serial_chain([60.0], [lane], plan=PLAN), 300, refusal))
    received = lane_series(trajectory, "received", LANE)
    exact = np.full(CUT + length + lane, PLAN)
    exact[CUT : CUT + length] = 0.0
    np.testing.assert_allclose(received[: CUT + length + lane], exact, atol=1e-9)
    held = lane_series(trajectory, "held", LANE)
    np.testing.assert_allclose(held[CUT : CUT + length], lane * PLAN, rtol=1e-9)
    assert held[CUT - 1] == held[CUT + length] == 0.0
    under_way = lane_series(trajectory, "in_transit", LANE)[CUT : CUT + length]
    np.testing.assert_allclose(under_way, 0.0, atol=1e-9)


def test_returned_goods_do_not_arrive_and_are_not_lost() -> None:
    """Returned goods leave the pipeline, come back to the supplier, and the balance closes."""
    refusal = TransitRefusal(
        id="refusal", start=day(CUT), through=("plant_works_part_strait",), under_way="returned"
    )
    trajectory = simulate(small_case(plant_network().network(), 200, refusal))
    assert lane_series(trajectory, "received", "plant_works_part")[CUT:].max() == 0.0
    stock = stock_of(trajectory, "plant", "output")
    assert stock.max() >= (5.0 + 6.0) * PLAN - 1e-9
    assert max(trajectory.balance.values(), default=0.0) <= 1e-9


def test_three_firsts_of_a_line_that_fades() -> None:
    """First shortfall, first below half and line stop are three days, each by its own closed form.

    Supply falls to 70 %, later to 30 %, later to nothing; with no stock to speak of the line follows
    a transit time later.
    """
    from sim.interventions import Step

    lane = 10
    steps = tuple(
        Step(start=day(CUT + after), level=level) for after, level in ((0, 0.3), (9, 0.7), (18, 1.0))
    )
    ban = ExportBan(id="ban", start=day(CUT), from_places=("source",), steps=steps)
    trajectory = simulate(small_case(serial_chain([0.0], [lane], plan=PLAN), 200, ban))
    share = made_by(trajectory, LINE) / PLAN
    assert first_shortfall(trajectory, LINE) == CUT + lane
    assert int((share < 0.5).argmax()) == CUT + 9 + lane
    assert int((share <= 0.05).argmax()) == CUT + 18 + lane
    np.testing.assert_allclose(share[CUT + lane : CUT + lane + 9], 0.7, rtol=1e-9)
    np.testing.assert_allclose(share[CUT + lane + 9 : CUT + lane + 18], 0.3, rtol=1e-9)
