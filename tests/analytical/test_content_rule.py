"""The content rule: forty goods by hand, and the same decisions by the stocks of the engine."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from sim.engine.simulate import simulate
from sim.interventions import ContentRule, Pause
from sim.interventions.content_rule import Denied, Limb, Limbs
from sim.interventions.value_rule import Good, ListedInput, in_force, limbs_that_hold, listed_value_share
from sim.testing.networks import Sketch, day, small_case

THRESHOLD = Decimal("0.001")

# What is in a kilogram: (element, kg, USD/kg, share from China); then the price of the good [USD/kg].
# The share of value is worked by hand in the last column but one; the last says whether a licence is needed.
BY_CONTENT = [
    # the threshold itself, on a good of 100 USD/kg
    ("just below", [("dysprosium", "0.00999", "10", "1")], "100", "0.000999", False),
    ("at it", [("dysprosium", "0.01", "10", "1")], "100", "0.001", True),
    ("just above", [("dysprosium", "0.01001", "10", "1")], "100", "0.001001", True),
    ("below by the price", [("dysprosium", "0.01", "9.99", "1")], "100", "0.000999", False),
    ("at it by the price", [("dysprosium", "0.001", "100", "1")], "100", "0.001", True),
    ("below by the share", [("dysprosium", "0.01", "100", "0.0999")], "100", "0.000999", False),
    ("at it by the share", [("dysprosium", "0.01", "100", "0.1")], "100", "0.001", True),
    ("a cheaper good trips", [("dysprosium", "0.01", "9.99", "1")], "99.9", "0.001", True),
    ("a dearer good passes", [("dysprosium", "0.01", "10", "1")], "100.1", None, False),
    ("nothing listed", [], "49.2", "0", False),
    # NdFeB magnets: 2 % Dy at 300, 0.3 % Tb at 1000, priced 60
    ("all Chinese Dy", [("dysprosium", "0.02", "300", "1")], "60", "0.1", True),
    ("Chinese Dy and Tb", [("dysprosium", "0.02", "300", "1"), ("terbium", "0.003", "1000", "1")],
     "60", "0.15", True),
    ("half of the Dy", [("dysprosium", "0.02", "300", "0.5")], "60", "0.05", True),
    ("one per cent of the Dy", [("dysprosium", "0.02", "300", "0.01")], "60", "0.001", True),
    ("0.99 % of the Dy", [("dysprosium", "0.02", "300", "0.0099")], "60", "0.00099", False),
    ("no Chinese Dy", [("dysprosium", "0.02", "300", "0")], "60", "0", False),
    ("Australian Nd, Chinese Dy", [("dysprosium", "0.01", "300", "1")], "50", "0.06", True),
    ("Australian Nd, Malaysian Dy", [("dysprosium", "0.01", "300", "0")], "50", "0", False),
    ("a trace of Tb", [("terbium", "0.00006", "1000", "1")], "60", "0.001", True),
    ("less than a trace", [("terbium", "0.00005", "1000", "1")], "50", "0.001", True),
    ("a trace in a dear magnet", [("terbium", "0.00005", "1000", "1")], "80", "0.000625", False),
    ("Dy below, Tb below, both trip",
     [("dysprosium", "0.0001", "300", "1"), ("terbium", "0.00003", "1000", "1")], "60", "0.001", True),
    ("Dy alone of these", [("dysprosium", "0.0001", "300", "1")], "60", "0.0005", False),
    ("Tb alone of these", [("terbium", "0.00003", "1000", "1")], "60", "0.0005", False),
    # SmCo magnets: 25 % Sm at 12, priced 100
    ("Chinese Sm", [("samarium", "0.25", "12", "1")], "100", "0.03", True),
    ("a thirtieth of the Sm", [("samarium", "0.25", "12", "0.04")], "100", "0.0012", True),
    ("three per cent of the Sm", [("samarium", "0.25", "12", "0.03")], "100", "0.0009", False),
    ("French Sm", [("samarium", "0.25", "12", "0")], "100", "0", False),
    # oxides, metals and targets
    ("Dy oxide of Chinese feed", [("dysprosium", "0.87", "300", "1")], "261", "1", True),
    ("Dy oxide, a thousandth", [("dysprosium", "0.87", "300", "0.001")], "261", "0.001", True),
    ("Dy oxide, less", [("dysprosium", "0.87", "300", "0.0009")], "261", "0.0009", False),
    ("target of both", [("dysprosium", "0.6", "300", "1"), ("terbium", "0.4", "1000", "0")],
     "580", None, True),
    ("Y oxide in a ceramic", [("yttrium", "0.05", "8", "1")], "400", "0.001", True),
    ("Y in a dearer ceramic", [("yttrium", "0.05", "8", "1")], "500", "0.0008", False),
]  # fmt: skip


def good(inputs, price, **fields):
    listed = tuple(ListedInput(name, *(Decimal(part) for part in figures)) for name, *figures in inputs)
    return Good(fields.pop("is_listed", True), Decimal(price), listed, **fields)


@pytest.mark.parametrize(
    ("inputs", "price", "share", "needs"),
    [row[1:] for row in BY_CONTENT],
    ids=[row[0] for row in BY_CONTENT],
)
def test_goods_by_content(inputs, price, share, needs):
    item = good(inputs, price)
    if share is not None:
        assert listed_value_share(item) == Decimal(share)
    assert ("content" in limbs_that_hold(item, THRESHOLD)) is needs


CHINESE_DY = [("dysprosium", "0.02", "300", "1")]
NO_LISTED_VALUE = [("dysprosium", "0.02", "300", "0")]
BY_LIMB = [
    ("a finished car with such a magnet", good(CHINESE_DY, "60", is_listed=False), ()),
    ("a car made in China", good(CHINESE_DY, "60", is_listed=False, of_origin=True), ()),
    ("a Japanese magnet without listed value or technology", good(NO_LISTED_VALUE, "60"), ()),
    ("the same by Chinese technology", good(NO_LISTED_VALUE, "60", by_technology=True), ("technology",)),
    ("a Chinese magnet sold on", good(NO_LISTED_VALUE, "60", of_origin=True), ("origin",)),
    ("a Chinese magnet sold on, with Chinese Dy", good(CHINESE_DY, "60", of_origin=True),
     ("origin", "content")),
    ("all three", good(CHINESE_DY, "60", of_origin=True, by_technology=True),
     ("origin", "content", "technology")),
]  # fmt: skip


@pytest.mark.parametrize(("item", "limbs"), [row[1:] for row in BY_LIMB], ids=[row[0] for row in BY_LIMB])
def test_goods_by_limb(item, limbs):
    assert limbs_that_hold(item, THRESHOLD) == limbs


def test_there_are_at_least_forty_goods():
    assert len(BY_CONTENT) + len(BY_LIMB) >= 40


STARTS = {"origin": date(2025, 10, 9), "content": date(2025, 12, 1), "technology": date(2025, 12, 1)}
PAUSE = (date(2025, 11, 7), date(2026, 11, 10))


@pytest.mark.parametrize(
    ("on", "limbs"),
    [
        (date(2025, 10, 8), ()),
        (date(2025, 10, 9), ("origin",)),
        (date(2025, 11, 6), ("origin",)),
        (date(2025, 11, 7), ()),
        (date(2025, 12, 1), ()),
        (date(2026, 11, 9), ()),
        (date(2026, 11, 10), ("origin", "content", "technology")),
    ],
)
def test_each_limb_has_its_dates(on, limbs):
    assert in_force(on, STARTS, (PAUSE,)) == limbs


# The same decisions by stocks: a presser in JP makes magnets of AU's Nd and somebody's Dy for US and JP.
PRICES = {"ndpr_metal": 70_000.0, "dysprosium_metal": 300_000.0, "magnet_heavy": 60_000.0}


def pressed(heavy_from="CN", share=1.0, end_use="civil"):
    """Return the chain; `share` of the heavy metal comes from the country, the rest from MY."""
    sketch = Sketch(elements=("ndpr", "dysprosium"), tracked=("CN", "AU", "MY"))
    sketch.material("ndpr_metal", form="metal", unit="tonne", contents={"ndpr": 1.0})
    sketch.material("dysprosium_metal", form="metal", unit="tonne", contents={"dysprosium": 1.0})
    holds = {"ndpr": 0.28, "dysprosium": 0.02}
    sketch.material("magnet_heavy", form="magnet", unit="tonne", contents=holds)
    sketch.material("motor", form="component", contents=holds)
    sketch.source("nd_maker", "ndpr_metal", country="AU")
    sketch.source("dy_maker", "dysprosium_metal", country=heavy_from)
    sketch.source("dy_other", "dysprosium_metal", country="MY")
    plant = {"cover": 10.0, "output_cover": 5.0, "country": "JP"}
    sketch.plant("presser", {"magnet_heavy": 1.0}, {"ndpr_metal": 0.28, "dysprosium_metal": 0.02}, **plant)
    habits = {"patience_days": np.inf, "licence_patience_days": np.inf, "end_use": end_use}
    abroad = plant | {"country": "US", "habits": habits}
    sketch.plant("motors", {"motor": 1.0}, {"magnet_heavy": 1.0}, **abroad)
    sketch.builder("abroad", {"motor": 1.0}, plan=10.0, cover=20.0, country="DE")
    sketch.builder("at_home", {"magnet_heavy": 1.0}, plan=5.0, cover=20.0, country="JP")
    for seller, buyer, material, days, part in (
        ("nd_maker", "presser", "ndpr_metal", 5, 1.0), ("dy_maker", "presser", "dysprosium_metal", 5, share),
        ("dy_other", "presser", "dysprosium_metal", 5, 1.0 - share),
        ("presser", "motors", "magnet_heavy", 10, 1.0),
        ("presser", "at_home", "magnet_heavy", 2, 1.0), ("motors", "abroad", "motor", 10, 1.0),
    ):  # fmt: skip
        sketch.lane(seller, buyer, material, days=days, share=part)
    return sketch.network()


def rule(start=60, limb="content", **fields):
    given = {
        "id": "rule", "by": "CN", "limbs": Limbs(**{limb: Limb(start=day(start))}),
        "elements": ("dysprosium",), "values": PRICES, "decisions_per_week": 0.0,
    }  # fmt: skip
    return ContentRule(**(given | fields))


def shipped(run, lane):
    return run.shipped[:, run.lanes.index(lane)]


EXPORT, HOME, CAR = "presser_motors_magnet_heavy", "presser_at_home_magnet_heavy", "motors_abroad_motor"


def test_australian_nd_with_chinese_dy_needs_a_licence_and_deliveries_at_home_do_not():
    run = simulate(small_case(pressed(), 120, rule()))
    assert np.all(shipped(run, EXPORT)[:60] > 0.0)
    assert np.all(shipped(run, EXPORT)[60:] == 0.0)
    assert np.all(shipped(run, HOME)[:90] > 0.0)
    assert run.waiting[-1, run.lanes.index(EXPORT)] > 0.0


def test_magnets_without_listed_chinese_value_are_untouched_bit_for_bit():
    network = pressed(heavy_from="MY")
    run, free = simulate(small_case(network, 120, rule())), simulate(small_case(network, 120))
    assert run.shipped.tobytes() == free.shipped.tobytes()


def test_a_finished_good_needs_no_licence():
    run = simulate(small_case(pressed(), 120, rule()))
    assert np.all(shipped(run, CAR)[60:75] > 0.0)


@pytest.mark.parametrize(("share", "passes"), [(0.0099, True), (0.01, False), (0.0101, False)])
def test_the_engine_decides_by_the_same_threshold(share, passes):
    """At 60 USD/kg, 2 % of Dy at 300: one per cent of it from China is 0.1 % of the value."""
    exact = good([("dysprosium", "0.02", "300", str(share))], "60")
    assert (not limbs_that_hold(exact, THRESHOLD)) is passes
    run = simulate(small_case(pressed(share=share), 90, rule()))
    assert bool(np.all(shipped(run, EXPORT)[60:90] > 0.0)) is passes


def test_with_the_rule_paused_all_ship_to_the_day():
    pause = Pause(start=day(70), end=day(100))
    run = simulate(small_case(pressed(), 140, rule(pauses=(pause,))))
    going = shipped(run, EXPORT) > 0.0
    assert not going[60:70].any()
    assert going[70:100].all()
    assert not going[100:].any()
    assert shipped(run, EXPORT)[70] > shipped(run, EXPORT)[50]  # what had waited goes at once


def test_before_it_is_in_force_nothing_differs():
    announced = rule(announced=day(10), pauses=(Pause(start=day(60), end=day(200)),))
    run, free = simulate(small_case(pressed(), 150, announced)), simulate(small_case(pressed(), 150))
    assert run.shipped.tobytes() == free.shipped.tobytes()


@pytest.mark.parametrize("limb", ["technology", "origin"])
def test_the_other_limbs_have_their_own_ground(limb):
    fields = {"technology_at": ("presser",)} if limb == "technology" else {}
    run = simulate(small_case(pressed(heavy_from="MY"), 120, rule(limb=limb, **fields)))
    # Nothing in it is Chinese: by technology it needs a licence all the same, by origin it does not.
    assert bool(np.all(shipped(run, EXPORT)[60:] == 0.0)) is (limb == "technology")


def test_a_chinese_magnet_sold_on_needs_one_by_origin():
    sketch = Sketch(elements=("dysprosium",), tracked=("CN",))
    sketch.material("magnet_heavy", form="magnet", unit="tonne", contents={"dysprosium": 0.02})
    sketch.source("maker", "magnet_heavy", country="CN")
    sketch.store("trader", "magnet_heavy", cover=60.0, country="SG")
    sketch.builder("works", {"magnet_heavy": 1.0}, plan=5.0, cover=30.0, country="US")
    sketch.lane("maker", "trader", "magnet_heavy", days=5)
    sketch.lane("trader", "works", "magnet_heavy", days=10)
    run = simulate(small_case(sketch.network(), 120, rule(limb="origin")))
    sold_on = shipped(run, "trader_works_magnet_heavy")
    assert np.all(sold_on[:60] > 0.0)
    assert np.all(sold_on[60:] == 0.0)


def test_denied_users_get_nothing_and_others_after_their_time():
    fields = {"decisions_per_week": np.inf, "processing_days": 14.0, "deny": Denied(end_use=("military",))}
    civil = simulate(small_case(pressed(), 200, rule(**fields)))
    military = simulate(small_case(pressed(end_use="military"), 200, rule(**fields)))
    assert shipped(civil, EXPORT)[90:].sum() > 0.0
    assert shipped(military, EXPORT)[60:].sum() == 0.0
