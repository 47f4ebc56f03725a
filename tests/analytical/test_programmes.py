"""Imposed programmes and reactions against hand-made sums: what is saved or moved, by stage and month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.simulate import simulate
from sim.interventions import (
    Alliance,
    ContractFreeze,
    DemandShift,
    ExportBan,
    FormShift,
    Hoarding,
    NewCapacity,
    Outage,
    Recycling,
    Stage,
    Step,
    Stockpile,
    Substitution,
    TechnologyBan,
)
from sim.interventions.export_ban import Diversion
from sim.testing.networks import Sketch, day, small_case

MONTH = 30
STEADY = {"lead_time_learning_days": np.inf, "forecast": "moving_average", "forecast_days": 1.0}


def chain():
    """Return mine -> metal -> magnet -> car: a car is 2 magnets, a magnet 0.5 metal and 0.1 heavy metal."""
    sketch = Sketch()
    for name, form in (("ore", "concentrate"), ("metal", "metal"), ("heavy", "metal"), ("magnet", "magnet")):
        sketch.material(name, form=form, unit="tonne")
    sketch.mine("pit", "ore", plan=12.0, country="CN", capacity_per_day=40.0)
    sketch.mine("clay", "heavy", plan=2.0, country="MM", capacity_per_day=9.0)
    plant = {"cover": 20.0, "output_cover": 10.0, "country": "CN", "habits": STEADY}
    sketch.plant("smelter", {"metal": 1.0}, {"ore": 1.2}, **plant)
    sketch.plant("presser", {"magnet": 1.0}, {"metal": 0.5, "heavy": 0.1}, **plant)
    sketch.builder("works", {"magnet": 2.0}, plan=10.0, cover=20.0, country="JP", habits=STEADY)
    for seller, buyer, material, days in (
        ("pit", "smelter", "ore", 3), ("smelter", "presser", "metal", 3),
        ("clay", "presser", "heavy", 3), ("presser", "works", "magnet", 10),
    ):  # fmt: skip
        sketch.lane(seller, buyer, material, days=days)
    return sketch.network()


def use(run, site, material):
    """Return what a site wants to use a day of a bought material."""
    stock = next(i for i, stock in enumerate(run.stocks)
                 if (stock.site, stock.material, stock.role) == (site, material, "input"))  # fmt: skip
    return run.use_wanted[:, stock]


def monthly(daily, first, months):
    return daily[first : first + months * MONTH].reshape(months, MONTH).sum(axis=1)


def test_thrifting_saves_its_share_at_every_stage_and_month():
    """Half the heavy metal over two months of ramp, then half for good; nothing else is saved."""
    rule = Substitution(
        id="thrift", materials=("heavy",), to_places=("presser",), saving=0.5, start=day(60),
        enforced_days=60.0,
    )  # fmt: skip
    network = chain()
    run, base = simulate(small_case(network, 600, rule)), simulate(small_case(network, 600))
    saved = use(base, "presser", "heavy") - use(run, "presser", "heavy")
    # 20 magnets a day x 0.1 x 0.5 at full strength; on day k of 60 the ramp is at (k + 1) / 60.
    ramp = np.minimum(np.arange(1, 121) / 60.0, 1.0)
    np.testing.assert_allclose(monthly(saved, 60, 4), 1.0 * ramp.reshape(4, MONTH).sum(axis=1), rtol=1e-9)
    # Two stages up, at the clay mine, as much is saved once stocks have been worked off.
    mined = run.line_made[:, run.lines.index("clay_line")]
    np.testing.assert_allclose(monthly(mined, 480, 4), 30 * 1.0, rtol=1e-3)
    for line in ("pit_line", "smelter_line", "presser_line", "works_line"):
        column = run.lines.index(line)
        np.testing.assert_allclose(run.line_made[:, column], base.line_made[:, column], rtol=1e-9)


def test_what_takes_the_place_is_used_in_its_ratio():
    rule = Substitution(
        id="swap", materials=("heavy",), lines=("presser_line",), saving=0.5, by="metal", ratio=2.0,
        start=day(60),
    )  # fmt: skip
    run = simulate(small_case(chain(), 300, rule))
    # 0.05 heavy saved per magnet, 0.1 metal more: 20 magnets a day want 12 metal and 1 heavy.
    assert use(run, "presser", "metal")[59:61].tolist() == pytest.approx([10.0, 12.0])
    assert use(run, "presser", "heavy")[59:61].tolist() == pytest.approx([2.0, 1.0])


def test_a_material_may_be_done_without():
    rule = Substitution(id="none", materials=("heavy",), lines=("presser_line",), saving=1.0, start=day(60))
    cut = ExportBan(id="cut", from_places=("clay",), start=day(60))
    run = simulate(small_case(chain(), 400, rule, cut))
    column = run.lines.index("works_line")
    np.testing.assert_allclose(run.line_made[:, column], 10.0, rtol=1e-9)


def test_recycling_adds_what_it_says_and_the_mine_digs_less():
    """A collector that brings in 60 a month more leaves the buyer's other seller as much less."""
    sketch = Sketch()
    sketch.material("scrap", form="oxide", unit="tonne")
    sketch.mine("collector", "scrap", plan=2.0)
    sketch.builder("works", {"scrap": 1.0}, plan=10.0, cover=20.0, habits=STEADY)
    sketch.mine("pit", "scrap", plan=8.0, capacity_per_day=20.0)
    sketch.lane("pit", "works", "scrap", days=5, share=0.8)
    sketch.lane("collector", "works", "scrap", days=5, share=0.2)
    network = sketch.network()
    rules = (
        Recycling(id="more", lines=("collector_line",), added_per_day=2.0, start=day(60)),
        FormShift(id="buy_it", from_places=("collector",), materials=("scrap",), share=0.4, start=day(60)),
    )
    run = simulate(small_case(network, 720, *rules))
    collected = run.line_made[:, run.lines.index("collector_line")]
    dug = run.line_made[:, run.lines.index("pit_line")]
    np.testing.assert_allclose(monthly(collected, 0, 2), 60.0, rtol=1e-9)
    np.testing.assert_allclose(monthly(collected, 600, 4), 120.0, rtol=1e-3)
    np.testing.assert_allclose(monthly(dug, 600, 4), 180.0, rtol=1e-3)


def test_recycled_goods_find_their_buyer_by_an_offtake():
    """The same, with the share stated by the programme: half of it on half the way, never below today's."""
    sketch = Sketch()
    sketch.material("scrap", form="oxide", unit="tonne")
    sketch.mine("collector", "scrap", plan=2.0)
    sketch.builder("works", {"scrap": 1.0}, plan=10.0, cover=20.0, habits=STEADY)
    sketch.mine("pit", "scrap", plan=8.0, capacity_per_day=20.0)
    sketch.lane("pit", "works", "scrap", days=5, share=0.8)
    sketch.lane("collector", "works", "scrap", days=5, share=0.2)
    network = sketch.network()
    lane = next(name for name, item in network.lanes.items() if item.supplier == "collector")
    fields = {"lines": ("collector_line",), "added_per_day": 2.0, "offtake": {lane: 0.4}, "start": day(60)}
    for steps, collected in (((), 120.0), ((Step(start=day(60), level=0.5),), 90.0)):
        rule = Recycling(id="more", steps=steps, **fields)
        run = simulate(small_case(network, 720, rule))
        made = run.line_made[:, run.lines.index("collector_line")]
        np.testing.assert_allclose(monthly(made, 0, 2), 60.0, rtol=1e-9)
        np.testing.assert_allclose(monthly(made, 600, 4), collected, rtol=1e-3)
        assert max(run.balance.values()) < 1e-9


def two_forms():
    """Return a works that has motors from home, made of magnets that cross a border, or from abroad."""
    sketch = Sketch()
    sketch.material("magnet", form="magnet", unit="tonne")
    sketch.source("maker", "magnet", country="CN")
    plant = {"cover": 20.0, "output_cover": 10.0, "habits": {"lead_time_learning_days": np.inf}}
    sketch.plant("home_motors", {"motor": 1.0}, {"magnet": 2.0}, country="JP", **plant)
    sketch.plant("china_motors", {"motor": 1.0}, {"magnet": 2.0}, country="CN", **plant)
    sketch.builder("works", {"motor": 1.0}, plan=10.0, cover=20.0, country="JP", habits=STEADY)
    sketch.lane("maker", "home_motors", "magnet", days=10)
    sketch.lane("maker", "china_motors", "magnet", days=2)
    sketch.lane("home_motors", "works", "motor", days=2, share=1.0)
    sketch.lane("china_motors", "works", "motor", days=12, share=0.0)
    return sketch.network()


def test_form_shift_begins_with_the_share_there_is():
    """A third of the motors come from China; half of the way to two thirds is a half."""
    sketch = Sketch()
    sketch.builder("works", {"motor": 1.0}, plan=12.0, cover=20.0, country="JP", habits=STEADY)
    for place, share in (("home", 2 / 3), ("china", 1 / 3)):
        sketch.source(f"{place}_motors", "motor", country={"home": "JP", "china": "CN"}[place])
        sketch.lane(f"{place}_motors", "works", "motor", days=5, share=share)
    fields = {"id": "motor", "from_places": ("CN",), "materials": ("motor",), "share": 2 / 3}
    lane = "china_motors_works_motor"
    for changes, settled in (
        ({"enforced_days": 200.0}, 8.0), ({"steps": (Step(start=day(60), level=0.5),)}, 6.0),
    ):  # fmt: skip
        run = simulate(small_case(sketch.network(), 400, FormShift(start=day(60), **fields, **changes)))
        bought = run.shipped[:, run.lanes.index(lane)]
        np.testing.assert_allclose(bought[59], 4.0, rtol=1e-9)
        assert bought[60:].min() >= 4.0
        np.testing.assert_allclose(bought[-60:], settled, rtol=1e-3)


def test_form_shift_moves_magnets_out_of_the_licensed_form():
    rule = FormShift(
        id="motor", from_places=("CN",), to_places=("works",), materials=("motor",), share=0.6, start=day(60)
    )
    run = simulate(small_case(two_forms(), 1530, rule))
    lane = {name: run.shipped[:, run.lanes.index(name)] for name in run.lanes}
    for name, tonnes in (
        ("maker_home_motors_magnet", 600 * 0.4), ("maker_china_motors_magnet", 600 * 0.6),
        ("china_motors_works_motor", 300 * 0.6),
    ):  # fmt: skip
        np.testing.assert_allclose(monthly(lane[name], 1440, 3), tonnes, rtol=1e-3)


def test_hoarding_moves_exactly_its_days_of_use_and_back():
    rule = Hoarding(id="fear", to_places=("JP",), cover_days=15.0, start=day(60), end=day(200))
    run, base = (simulate(small_case(chain(), 400, *rules)) for rules in ((rule,), ()))
    lane = run.lanes.index("presser_works_magnet")
    more = (run.received - base.received)[:, lane].cumsum()
    assert more[59] == 0.0
    assert more[199] == pytest.approx(15.0 * 20.0)  # 15 days of 20 magnets
    assert more[-1] == pytest.approx(0.0, abs=1e-6)
    assert np.all(np.abs(run.line_made - base.line_made)[:, run.lines.index("works_line")] < 1e-9)


def test_demand_moves_plans_and_everything_behind_them():
    rule = DemandShift(id="less", to_places=("works",), factor=0.8, start=day(60))
    run = simulate(small_case(chain(), 720, rule))
    for line, rate in (("works_line", 8.0), ("presser_line", 16.0), ("smelter_line", 8.0), ("pit_line", 9.6)):
        made = run.line_made[:, run.lines.index(line)]
        np.testing.assert_allclose(monthly(made, 600, 4), MONTH * rate, rtol=2e-3)
    planned = run.line_planned[:, run.lines.index("works_line")]
    assert planned[59:61].tolist() == [10.0, 8.0]


def rivals(second=0.5):
    sketch = Sketch()
    for site, country in (("first", "CN"), ("other", "AU")):
        sketch.mine(site, "motor", plan=10.0, capacity_per_day=60.0, country=country)
    habits = STEADY | {"patience_days": 30.0}
    sketch.builder("works", {"motor": 1.0}, plan=10.0, cover=60.0, country="JP", habits=habits)
    sketch.lane("first", "works", "motor", days=20, share=1.0 - second)
    sketch.lane("other", "works", "motor", days=10, share=second)
    return sketch.network()


def test_a_freeze_ships_old_orders_takes_no_new_ones_and_is_known_at_once():
    rules = (ExportBan(id="ban", from_places=("CN",), start=day(50), end=day(60)),
             ContractFreeze(id="freeze", from_places=("CN",), start=day(55), end=day(120)))  # fmt: skip
    run = simulate(small_case(rivals(), 300, *rules))
    old, new = (run.lanes.index(f"{site}_works_motor") for site in ("first", "other"))
    assert np.all(run.ordered[55:120, old] == 0.0)
    assert run.shipped[60, old] == pytest.approx(5 * 5.0)  # what was ordered on days 50 to 54
    assert np.all(run.shipped[61:120, old] == 0.0)
    assert run.ordered[55, new] == pytest.approx(10.0)  # no patience is lost on a refusal
    assert run.ordered[150:, old].sum() > 0.0


def test_a_freeze_without_another_source_is_a_cut():
    rule = ContractFreeze(id="freeze", from_places=("CN",), start=day(50))
    run = simulate(small_case(rivals(second=0.0), 300, replace(rule, to_places=("JP",)),
                              Outage(id="dead", sites=("other",), start=day(0))))  # fmt: skip
    made = run.line_made[:, run.lines.index("works_line")]
    # 60 days of cover and 20 days of goods under way.
    assert np.all(made[: 50 + 60 + 20] == pytest.approx(10.0))
    assert np.all(made[50 + 60 + 20 + 1 :] == 0.0)


def allies():
    """Return a seller in AU that serves AU's, US's and CN's works, with too little on some days."""
    sketch = Sketch()
    sketch.mine("seller", "motor", plan=30.0, capacity_per_day=30.0, country="AU")
    for country in ("AU", "US", "CN"):
        site = f"works_{country.lower()}"
        sketch.builder(site, {"motor": 1.0}, plan=10.0, cover=10.0, country=country, habits=STEADY)
        sketch.lane("seller", site, "motor", days=5)
    return sketch.network()


@pytest.mark.parametrize(
    ("members", "served"),
    [((), (5.0, 5.0, 5.0)), (("AU",), (10.0, 2.5, 2.5)), (("AU", "US"), (7.5, 7.5, 0.0))],
)
def test_members_are_served_first_and_domestic_first_is_an_alliance_of_one(members, served):
    half = Outage(id="half", sites=("seller",), start=day(60), loss=0.5)
    rules = (Alliance(id="pact", members=members, start=day(30)),) if members else ()
    run = simulate(small_case(allies(), 200, half, *rules))
    lanes = [f"seller_works_{country}_motor" for country in ("au", "us", "cn")]
    shipped = [run.shipped[:, run.lanes.index(lane)] for lane in lanes]
    np.testing.assert_allclose([lane[120:150].mean() for lane in shipped], served, rtol=0.02, atol=0.02)


def test_members_step_in_first_for_members():
    sketch = Sketch()
    for site, country in (("failing", "CN"), ("ally", "AU"), ("stranger", "BR")):
        sketch.source(site, "motor", country=country)
    habits = STEADY | {"patience_days": 10.0}
    sketch.builder("works", {"motor": 1.0}, plan=10.0, cover=60.0, country="US", habits=habits)
    for site, share in (("failing", 1.0), ("ally", 0.0), ("stranger", 0.0)):
        sketch.lane(site, "works", "motor", days=5, share=share)
    ban = ExportBan(id="ban", from_places=("CN",), start=day(50))
    pact = Alliance(id="pact", members=("AU", "US"), start=day(0))
    ordered = {}
    for name, rules in (("alone", (ban,)), ("allied", (ban, pact))):
        run = simulate(small_case(sketch.network(), 200, *rules))
        ordered[name] = [run.ordered[:, run.lanes.index(f"{site}_works_motor")].sum()
                         for site in ("ally", "stranger")]  # fmt: skip
    assert min(ordered["alone"]) > 0.0
    assert ordered["allied"][1] == 0.0
    assert ordered["allied"][0] == pytest.approx(sum(ordered["alone"]), rel=1e-6)


def pile(**fields):
    given = {"id": "reserve", "country": "JP", "materials": ("motor",), "to_places": ("works",),
             "transit_days": 1.0, "start": day(0)}  # fmt: skip
    return Stockpile(**(given | fields))


def test_a_stockpile_prolongs_the_runway_by_what_it_holds():
    cut = ExportBan(id="cut", start=day(50), to_places=("JP",), from_places=("CN", "AU"))
    days = []
    for holds in (0.0, 200.0, 400.0):
        run = simulate(small_case(rivals(), 400, cut, pile(holds=holds, release_below_days=20.0)))
        made = run.line_made[:, run.lines.index("works_line")]
        days.append(int(np.argmax(made < 9.99)))
        assert made.sum() == pytest.approx(10.0 * days[0] + holds, abs=10.0)
    assert np.diff(days).tolist() == [20, 20]


def test_a_stockpile_that_is_not_released_is_a_site_nobody_draws_on():
    run = simulate(small_case(rivals(), 200, pile(holds=300.0)))
    stock = next(i for i, stock in enumerate(run.stocks) if (stock.site, stock.role) == ("reserve", "output"))
    assert np.all(run.on_hand[:, stock] == 300.0)
    assert run.shipped[:, [run.lanes.index(lane) for lane in run.lanes if "reserve" in lane]].sum() == 0.0


def test_a_stockpile_is_built_at_its_rate_while_makers_have_the_goods():
    rule = pile(from_places=("AU",), build_per_day=2.0, start=day(20), end=day(120))
    run = simulate(small_case(rivals(), 200, rule))
    stock = next(i for i, stock in enumerate(run.stocks) if (stock.site, stock.role) == ("reserve", "output"))
    bought = run.shipped[:, run.lanes.index("other_reserve_motor")].cumsum()
    # The mine needs a while to dig more; what it is late with at the end is no longer bought.
    assert run.on_hand[-1, stock] == pytest.approx(bought[-1]) == pytest.approx(200.0, rel=0.02)
    assert np.all(bought[20:120] <= 2.0 * np.arange(1, 101) + 1e-9)
    np.testing.assert_allclose(run.line_made[:, run.lines.index("works_line")], 10.0, rtol=1e-9)


def test_in_order_the_first_named_is_filled_first():
    sketch = Sketch()
    sketch.source("mill", "motor", country="CN")
    for site in ("alpha", "omega"):
        sketch.builder(site, {"motor": 1.0}, plan=10.0, cover=20.0, country="JP", habits=STEADY)
        sketch.lane("mill", site, "motor", days=5)
    cut = ExportBan(id="cut", start=day(50), from_places=("CN",))
    lost = {}
    for rule in ("by_need", "in_order"):
        reserve = pile(to_places=("omega", "alpha"), holds=100.0, release_below_days=30.0, rule=rule)
        run = simulate(small_case(sketch.network(), 200, cut, replace(reserve, start=day(50))))
        made = [run.line_made[:, run.lines.index(f"{site}_line")].sum() for site in ("alpha", "omega")]
        lost[rule] = [2000.0 - built for built in made]
    assert lost["by_need"][0] == pytest.approx(lost["by_need"][1])
    assert lost["in_order"][0] - lost["in_order"][1] == pytest.approx(100.0)


def project(**fields):
    given = {"id": "mine", "line": "pit_line", "capacity_per_day": 10.0, "start": day(0)}
    return NewCapacity(**(given | fields))


@pytest.mark.parametrize(
    ("rules", "opens"),
    [
        ((), 100),
        ((("half", {"start": day(0), "pace": 0.5}),), 200),
        ((("half", {"start": day(40), "pace": 0.5}),), 160),  # 40 days of work, then 60 at half the pace
        ((("half", {"start": day(40), "end": day(60), "pace": 0.5}),), 110),
        ((("stop", {"start": day(40), "end": day(90), "pace": 0.0}),), 150),
        ((("half", {"start": day(100), "pace": 0.5}),), 100),  # what runs goes on
    ],
)
def test_withheld_technology_delays_what_is_left_of_a_project(rules, opens):
    stages = (Stage(name="permit", duration_days=30.0), Stage(name="build", duration_days=70.0))
    bans = [TechnologyBan(id=name, lines=("pit_line",), **fields) for name, fields in rules]
    run = simulate(small_case(chain(), 300, project(stages=stages), *bans))
    begins = [moment for moment, _, text in run.log if "begins to run" in text]
    assert begins == [opens]


def test_a_lost_yield_takes_more_feed_for_the_same_output():
    rule = TechnologyBan(id="worse", to_places=("smelter",), pace=1.0, yield_loss=0.2, start=day(60))
    run = simulate(small_case(chain(), 500, rule))
    assert use(run, "smelter", "ore")[59:61].tolist() == pytest.approx([12.0, 15.0])
    assert np.all(run.line_made[:, run.lines.index("works_line")] == pytest.approx(10.0))


def one_lane():
    """Return an unlimited seller 20 days away from a buyer of 10 a day who never despairs of it."""
    sketch = Sketch()
    sketch.source("first", "motor", country="CN")
    habits = STEADY | {"patience_days": np.inf}
    sketch.builder("works", {"motor": 1.0}, plan=10.0, cover=60.0, country="JP", habits=habits)
    sketch.lane("first", "works", "motor", days=20)
    return sketch.network()


def test_diverted_goods_arrive_later_and_what_is_detected_does_not():
    """40 % try the detour, a quarter of them is stopped: 3 of 10 a day land, 15 days later than usual."""
    detour = Diversion(share=0.4, detected=0.25, detour_days=15.0)
    ban = ExportBan(id="ban", from_places=("CN",), start=day(50), diversion=detour)
    run = simulate(small_case(one_lane(), 200, ban))
    lane = run.lanes.index("first_works_motor")
    np.testing.assert_allclose(run.shipped[50:150, lane], 3.0)
    landed = run.received[:, lane]
    np.testing.assert_allclose(landed[50:70], 10.0)  # under way for 20 days before the ban
    np.testing.assert_allclose(landed[70:85], 0.0)
    np.testing.assert_allclose(landed[85:150], 3.0)


def test_a_leak_beside_a_detour_is_on_time():
    leaking = ExportBan(id="ban", from_places=("CN",), start=day(50), leak=0.3,
                        diversion=Diversion(share=0.3, detour_days=20.0))  # fmt: skip
    run = simulate(small_case(one_lane(), 200, leaking))
    lane = run.lanes.index("first_works_motor")
    np.testing.assert_allclose(run.shipped[50:150, lane], 6.0)
    np.testing.assert_allclose(run.received[70:90, lane], 3.0)
    np.testing.assert_allclose(run.received[90:150, lane], 6.0)


def two_buyers(cover):
    """Return an unlimited seller 20 days away from buyers of 10 a day in Japan and in Korea."""
    sketch = Sketch()
    sketch.source("hub", "motor", country="CN")
    habits = STEADY | {"forecast": "fixed", "patience_days": np.inf}
    for name, country in (("japan", "JP"), ("korea", "KR")):
        sketch.builder(name, {"motor": 1.0}, plan=10.0, cover=cover, country=country, habits=habits)
        sketch.lane("hub", name, "motor", days=20)
    return sketch.network()


def made_by_hand(cover, leak, share, detour, level):
    """What Japan builds each day: only the goods that are sent on the detour take longer."""
    stock, made = 10.0 * cover, []
    for today in range(300):
        direct = 10.0 * (1.0 - level * (1.0 - leak)) if today >= 70 else 10.0
        stock += direct + (10.0 * level * share if today >= 70 + detour else 0.0)
        made.append(min(10.0, stock))
        stock -= made[-1]
    return np.array(made)


@pytest.mark.parametrize(
    ("cover", "leak", "level", "first_short", "still"),
    [(5, 0.0, 1.0, 25, 25), (5, 0.3, 1.0, 27, 0), (30, 0.3, 1.0, 72, 0), (5, 0.0, 0.5, 30, 0)],
)
def test_goods_on_a_detour_travel_by_themselves(cover, leak, level, first_short, still):
    """What is built each day, by hand; spread over the lane, the detour would stop lines that go on."""
    ban = ExportBan(id="ban", from_places=("CN",), to_places=("JP",), start=day(50), leak=leak,
                    steps=(Step(start=day(50), level=level),),
                    diversion=Diversion(share=0.3, detour_days=30.0))  # fmt: skip
    run = simulate(small_case(two_buyers(cover), 300, ban))
    made = run.line_made[:, run.lines.index("japan_line")]
    assert np.all(run.line_made[:, run.lines.index("korea_line")] == pytest.approx(10.0))
    np.testing.assert_allclose(made, made_by_hand(cover, leak, 0.3, 30, level), atol=1e-9)
    assert np.flatnonzero(made < 9.99)[0] - 50 == first_short
    assert np.count_nonzero(made < 1e-9) == still


def test_origin_goes_with_diverted_goods():
    """A detour washes nothing: what a covered country has touched stays so."""
    ban = ExportBan(id="ban", from_places=("CN",), start=day(50), diversion=Diversion(share=0.5))
    sketch = Sketch(elements=("ndpr",), tracked=("CN",))
    sketch.material("magnet", form="magnet", unit="tonne", contents={"ndpr": 0.3})
    sketch.source("maker", "magnet", country="CN")
    sketch.builder("works", {"magnet": 1.0}, plan=1.0, cover=30.0, country="JP")
    sketch.lane("maker", "works", "magnet", days=10)
    run = simulate(small_case(sketch.network(), 200, ban))
    column = run.touched_keys.index(("works", "ndpr", "CN"))
    assert np.all(run.touched[:, column] == 1.0)
