"""What travels with mass: stage by jurisdiction, touched, and custody, as shares of each stock.

Series carry only the touched shares of inputs; the rest is read from the engine's state: the steady
blends that a case is compiled to, and the blends at the end of a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from sim.case import Case
from sim.domain import Network
from sim.engine.arrays import Net, State
from sim.engine.calendar import Calendar
from sim.engine.index import Index
from sim.engine.origin import classes_of
from sim.engine.realise import realise
from sim.engine.simulate import compiled, simulate
from sim.interventions import ExportBan, Substitution, TransitRefusal
from sim.testing import Sketch, day, small_case

CUT = 20
SOLD = {"clean": 0.25, "claimed": 0.125, "dirty": 0.625}
"""Three mines, their parts of what the separator uses; the first two keep segregated and claimed goods."""
CUSTODY_OF = {"clean": "segregated", "claimed": "mass_balance", "dirty": "mixed"}
COUNTRY_OF = {"clean": "AU", "claimed": "VN", "dirty": "CN"}


def shares_of(
    network: Network, index: Index, net: Net, state: State, key: tuple[str, str], element: str
) -> dict[str, float]:
    """Return the shares of an element in a sold stock, by class in words."""
    classes = classes_of(network)
    out, number = index.out[key], network.elements.index(element)
    found = {}
    for row in range(net.bins.element_first[out], net.bins.element_end[out]):
        if net.elements.id[row] == number:
            first, last = net.elements.entry_first[row], net.elements.entry_end[row]
            codes = net.elements.code[row] + np.arange(last - first)
            for code, share in zip(codes, state.share[first:last], strict=True):
                for number in (int(net.codes.number[code]), int(net.codes.also[code])):
                    if number >= 0:
                        found[classes.name(number)] = float(share)
    return found


def steady_shares(case: Case, site: str, material: str, element: str = "dysprosium") -> dict[str, float]:
    """Return the shares in a sold stock on day zero."""
    ready = compiled(case.network, realise(case, None))
    return shares_of(ready.network, ready.index, ready.net, ready.steady, (site, material), element)


def shares_at_end(
    monkeypatch: pytest.MonkeyPatch, case: Case, site: str, material: str, element: str = "dysprosium"
) -> dict[str, float]:
    """Return the shares in a sold stock at the end of a run."""
    kept: dict[str, float] = {}

    def look(calendar: Calendar) -> None:
        key = (site, material)
        kept.update(shares_of(case.network, calendar.index, calendar.net, calendar.state, key, element))

    monkeypatch.setattr(Calendar, "let_go", look)
    simulate(case)
    assert kept
    return kept


def assert_shares(found: Mapping[str, float], kind: str, wanted: Mapping[str, float]) -> None:
    """Require the shares of one kind ("custody", "mined", ...); what is not named must be nothing."""
    for name, share in found.items():
        if name.startswith(f"{kind} "):
            assert share == pytest.approx(wanted.get(name.removeprefix(f"{kind} "), 0.0), abs=1e-9), name
    for name, share in wanted.items():
        assert share == pytest.approx(found.get(f"{kind} {name}", 0.0), abs=1e-9), name


def chain(custody: str, *, cover: float = 40.0, output_cover: float = 3.0, oxide_days: int = 3) -> Network:
    """Return three mines -> separator (FR) -> metal maker (JP) -> magnet maker (JP) -> motor -> works."""
    sketch = Sketch("chain", elements=("dysprosium",), tracked=("AU", "CN", "FR", "JP", "VN"))
    steady = {"forecast": "fixed", "lead_time_learning_days": math.inf, "patience_days": math.inf}
    for material, form in (
        ("ore", "concentrate"), ("oxide", "oxide"), ("metal", "metal"), ("magnet", "magnet"),
        ("motor", "component"),
    ):  # fmt: skip
        sketch.material(material, form=form, unit="tonne", contents={"dysprosium": 0.1})
    for mine, share in SOLD.items():
        sketch.mine(mine, "ore", plan=8.0 * share, country=COUNTRY_OF[mine], custody=CUSTODY_OF[mine])
    makers = {"separator": ("ore", "oxide", "FR"), "smelter": ("oxide", "metal", "JP")}
    makers |= {"presser": ("metal", "magnet", "JP"), "winder": ("magnet", "motor", "JP")}
    for site, (bought, made, country) in makers.items():
        sketch.plant(
            site,
            {made: 1.0},
            {bought: 1.0},
            cover=cover if site == "separator" else 5.0,
            output_cover=output_cover,
            country=country,
            custody=custody if site == "separator" else "segregated",
            habits=steady,
        )
    sketch.builder("works", {"motor": 1.0}, plan=8.0, cover=200.0, country="JP", habits=steady)
    for mine, share in SOLD.items():
        sketch.lane(mine, "separator", "ore", days=6, share=share)
    for supplier, buyer, material in (
        ("separator", "smelter", "oxide"), ("smelter", "presser", "metal"),
        ("presser", "winder", "magnet"), ("winder", "works", "motor"),
    ):  # fmt: skip
        sketch.lane(supplier, buyer, material, days=oxide_days if material == "oxide" else 3)
    return sketch.network()


CUSTODY_AFTER = {
    "segregated": {
        "mixed": SOLD["dirty"],
        "segregated": SOLD["clean"],
        "mass_balance": SOLD["claimed"],
    },
    "mass_balance": {"mixed": SOLD["dirty"], "mass_balance": SOLD["clean"] + SOLD["claimed"]},
    "mixed": {"mixed": 1.0},
}


@pytest.mark.parametrize("custody", CUSTODY_AFTER)
def test_custody_of_the_steady_state(custody: str) -> None:
    """Segregated lines keep the custody of their inputs; mass-balance lines keep claims and turn segregated
    inputs into claims; mixed lines lose both. Segregated lines downstream change nothing of it.
    """
    case = small_case(chain(custody), 10)
    for site, material in (("separator", "oxide"), ("presser", "magnet"), ("winder", "motor")):
        assert_shares(steady_shares(case, site, material), "custody", CUSTODY_AFTER[custody])


@pytest.mark.parametrize("custody", CUSTODY_AFTER)
def test_custody_follows_the_mass_through_a_run(custody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut of the clean mine washes its custody out: a stock of c days keeps (c/(c + 1))^k of it.

    The separator uses its clean ore until its own stock is gone, L + C days after the cut, and then the
    other two mines' in its place, by what fits: half each. Each day's product is 1/(c + 1) of the stock.
    """
    output_cover, mixing_days, cover, lane_days = 3.0, 5, 40, 6
    network = chain(custody, cover=cover, output_cover=output_cover)
    ban = ExportBan(id="ban", start=day(CUT), from_places=("clean",))
    case = small_case(network, CUT + lane_days + cover + mixing_days, ban)
    found = shares_at_end(monkeypatch, case, "separator", "oxide")
    kept = (output_cover / (output_cover + 1.0)) ** mixing_days
    after = {"dirty": SOLD["dirty"] + 0.5 * SOLD["clean"], "claimed": SOLD["claimed"] + 0.5 * SOLD["clean"]}
    clean = SOLD["clean"] * kept
    dirty, claimed = (SOLD[name] * kept + after[name] * (1.0 - kept) for name in ("dirty", "claimed"))
    wanted = {
        "segregated": {"mixed": dirty, "segregated": clean, "mass_balance": claimed},
        "mass_balance": {"mixed": dirty, "mass_balance": clean + claimed},
        "mixed": {"mixed": 1.0},
    }
    assert_shares(found, "custody", wanted[custody])
    assert_shares(found, "mined", {"in AU": clean, "in VN": claimed, "in CN": dirty})


def test_stages_say_where_each_was_done() -> None:
    """Mined by the mines' countries all along; separated, made into metal and magnet where it was done.

    A stage that a form has not reached has no share anywhere; the maker of components does not touch.
    """
    case = small_case(chain("mixed"), 10)
    mined = {f"in {COUNTRY_OF[mine]}": share for mine, share in SOLD.items()}
    done = {"separated": {"in FR": 1.0}, "metal": {"in JP": 1.0}, "magnet": {"in JP": 1.0}}
    reached = {"separator": 1, "smelter": 2, "presser": 3, "winder": 3}
    made = {"separator": "oxide", "smelter": "metal", "presser": "magnet", "winder": "motor"}
    for site, count in reached.items():
        found = steady_shares(case, site, made[site])
        assert_shares(found, "mined", mined)
        for number, (stage, places) in enumerate(done.items()):
            assert_shares(found, stage, places if number < count else {})
        touched = {**mined, "in FR": 1.0} | ({"in JP": 1.0} if count > 1 else {})
        assert_shares(found, "touched", touched)


def test_making_a_component_does_not_touch() -> None:
    """A winder in a country of its own leaves no trace of it in the motor."""
    network = chain("mixed")
    sites = {**network.sites, "winder": replace(network.sites["winder"], country="VN")}
    found = steady_shares(small_case(replace(network, sites=sites), 10), "winder", "motor")
    assert found["touched in VN"] == pytest.approx(SOLD["claimed"], abs=1e-9)


def test_origin_that_is_not_recorded_is_unknown() -> None:
    """What a site of unrecorded origin sells is mined in `unknown`; other countries are `other`."""
    network = replace(chain("mixed"), unknown_origin=("claimed",), tracked=("CN", "FR", "JP"))
    found = steady_shares(small_case(network, 10), "separator", "oxide")
    assert_shares(
        found, "mined", {"in CN": SOLD["dirty"], "in unknown": SOLD["claimed"], "in other": SOLD["clean"]}
    )


@pytest.mark.parametrize("elements", [("dysprosium", "neodymium")])
def test_each_element_has_an_origin_of_its_own(elements: tuple[str, str]) -> None:
    """A product of a Chinese and an Australian metal takes each element's origin by its own mass.

    Per unit 2 x 0.1 of dysprosium come from China and 1 x 0.3 from Australia; neodymium only from there.
    """
    sketch = Sketch("two_elements", elements=elements, tracked=("AU", "CN"))
    sketch.material("heavy", form="metal", unit="tonne", contents={"dysprosium": 0.1})
    sketch.material("light", form="metal", unit="tonne", contents={"dysprosium": 0.3, "neodymium": 0.5})
    sketch.material("alloy", form="alloy", unit="tonne", contents={"dysprosium": 0.5, "neodymium": 0.5})
    sketch.source("chinese", "heavy", country="CN")
    sketch.source("australian", "light", country="AU")
    sketch.plant("caster", {"alloy": 1.0}, {"heavy": 2.0, "light": 1.0}, country="JP")
    sketch.builder("works", {"alloy": 1.0}, plan=5.0, cover=10.0, country="JP")
    sketch.lane("chinese", "caster", "heavy", days=4)
    sketch.lane("australian", "caster", "light", days=4)
    sketch.lane("caster", "works", "alloy", days=2)
    case = small_case(sketch.network(), 10)
    dysprosium = steady_shares(case, "caster", "alloy", "dysprosium")
    assert_shares(dysprosium, "mined", {"in CN": 0.2 / 0.5, "in AU": 0.3 / 0.5})
    assert_shares(dysprosium, "metal", {"in other": 1.0})
    assert_shares(steady_shares(case, "caster", "alloy", "neodymium"), "mined", {"in AU": 1.0})
    run = simulate(case)
    for number, (site, element, place) in enumerate(run.touched_keys):
        if site == "caster" and element == "dysprosium" and place == "CN":
            # Inputs in stock: covers are alike, so 2 heavy lie beside 1 light.
            np.testing.assert_allclose(run.touched[:, number], 0.2 / 0.5, rtol=1e-9)


def test_returned_goods_bring_their_origin_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goods that come home mix into the seller's stock by mass, each with the blend of the day it left.

    The separator's ore changes on day T; its stock of c days keeps (c/(c + 1))^k of the old blend.
    On day R the lane of L days is refused: all it carries comes home to the stock, which has been filled
    with one day's product more and then stands still. The blend is the mean over c + 1 + L days' goods.
    """
    output_cover, cover, ore_days, lane_days = 3.0, 40, 6, 9
    network = chain("segregated", cover=cover, output_cover=output_cover, oxide_days=lane_days)
    changes = CUT + ore_days + cover
    refused = changes + 4
    ban = ExportBan(id="ban", start=day(CUT), from_places=("clean",))
    refusal = TransitRefusal(
        id="refusal",
        start=day(refused),
        through=("separator_smelter_oxide_strait",),
        under_way="returned",
    )
    case = small_case(network, refused + lane_days + 2, ban, refusal)
    found = shares_at_end(monkeypatch, case, "separator", "oxide")
    days = np.arange(refused - lane_days, refused + 1)
    kept = output_cover / (output_cover + 1.0)
    clean = SOLD["clean"] * kept ** np.maximum(days - changes + 1, 0)
    mean = ((output_cover + 1.0) * clean[-1] + clean[:-1].sum()) / (output_cover + 1.0 + lane_days)
    assert found["mined in AU"] == pytest.approx(mean, rel=1e-9)
    assert found["custody segregated"] == pytest.approx(mean, rel=1e-9)
    assert found["separated in FR"] == pytest.approx(1.0, rel=1e-9)


def test_another_recipe_is_another_blend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a line needs half of one input from day T on, its product has half of that input's origin.

    Per unit 2 x 0.1 of dysprosium come from China and 1 x 0.3 from Australia; after the saving 1 x 0.1 and
    1 x 0.3, so a quarter is Chinese. The stock of c days that is sold keeps (c/(c + 1))^k of the old blend.
    """
    sketch = Sketch("two_recipes", elements=("dysprosium",), tracked=("AU", "CN"))
    sketch.material("heavy", form="metal", unit="tonne", contents={"dysprosium": 0.1})
    sketch.material("light", form="metal", unit="tonne", contents={"dysprosium": 0.3})
    sketch.material("alloy", form="alloy", unit="tonne", contents={"dysprosium": 0.5})
    sketch.source("chinese", "heavy", country="CN")
    sketch.source("australian", "light", country="AU")
    sketch.plant("caster", {"alloy": 1.0}, {"heavy": 2.0, "light": 1.0}, country="JP", output_cover=3.0)
    sketch.builder("works", {"alloy": 1.0}, plan=5.0, cover=10.0, country="JP")
    sketch.lane("chinese", "caster", "heavy", days=4)
    sketch.lane("australian", "caster", "light", days=4)
    sketch.lane("caster", "works", "alloy", days=2)
    saving = Substitution(
        id="thrift", materials=("heavy",), saving=0.5, lines=("caster_line",), start=day(CUT)
    )
    days = 9
    found = shares_at_end(
        monkeypatch, small_case(sketch.network(), CUT + days, saving), "caster", "alloy"
    )
    old = (3.0 / 4.0) ** days
    assert found["mined in CN"] == pytest.approx(0.4 * old + 0.25 * (1.0 - old), rel=1e-6)
