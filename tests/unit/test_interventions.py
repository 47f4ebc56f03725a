"""When interventions act, how strongly, and on what."""

from __future__ import annotations

import gc
import re
import zlib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.domain import Country, Distribution, Network
from sim.interventions import (
    After,
    Branch,
    ContentRule,
    DemandShift,
    ExportBan,
    ExportLicence,
    Hoarding,
    NewCapacity,
    Outage,
    Pause,
    Recovery,
    Recycling,
    RouteDelay,
    Stage,
    Step,
    TransitRefusal,
    scope,
)
from sim.interventions.content_rule import Limb, Limbs
from sim.interventions.export_ban import Diversion
from sim.interventions.instructions import Note, Reach, Turn, WaitFor
from sim.interventions.levers import UnderWay
from sim.interventions.profile import level_at
from sim.interventions.scope import (
    lanes_in_scope,
    resolve_materials,
    resolve_place,
    waypoints,
)
from sim.testing.networks import START, Sketch, day


@dataclass
class Luck:
    """A world for one intervention."""

    network: Network
    horizon_days: int = 1000
    deterministic: bool = False
    replication: int = 0

    def day(self, when: date) -> float:
        return float((when - START).days)

    def flow(self, lane_id: str) -> float:
        return 1.0 if lane_id.startswith("overseas") else 3.0

    def rng(self, stream: str) -> np.random.Generator:
        return np.random.default_rng([zlib.crc32(stream.encode()), self.replication])

    def once(self, question, find):
        return find()


@pytest.fixture(scope="module")
def network() -> Network:
    sketch = Sketch("scopes", elements=("neodymium", "dysprosium"))
    for name, form, element in (
        ("nd_oxide", "oxide", "neodymium"), ("dy_oxide", "oxide", "dysprosium"),
        ("dy_metal", "metal", "dysprosium"), ("dy_target", "target", "dysprosium"),
        ("magnet_heavy", "magnet", "dysprosium"), ("mixed_concentrate", "concentrate", "dysprosium"),
    ):  # fmt: skip
        sketch.material(name, form=form, unit="tonne", contents={element: 0.5})
    sketch.source("pit", "nd_oxide", country="CN")
    sketch.source("clay", "dy_oxide", country="CN")
    sketch.source("overseas", "dy_oxide", country="AU")
    sketch.site("smelter", country="JP", operator="Takefu", parent="Shin")
    sketch.site("affiliate", country="VN", operator="Haiphong", parent="Shin")
    sketch.site("arms", country="US", stage="oem", end_use="military")
    sketch.site("cars", country="US", stage="oem")
    for supplier, buyer, material in (
        ("pit", "smelter", "nd_oxide"), ("clay", "smelter", "dy_oxide"), ("overseas", "smelter", "dy_oxide"),
        ("clay", "affiliate", "dy_metal"), ("smelter", "arms", "magnet_heavy"),
        ("smelter", "cars", "magnet_heavy"), ("pit", "clay", "mixed_concentrate"),
    ):  # fmt: skip
        passes = ("AU", "malacca", "CN", "JP") if supplier == "overseas" else ()
        sketch.lane(supplier, buyer, material, days=10, passes=passes)
    names = {"CN": "China", "AU": "Australia", "JP": "Japan", "VN": "Vietnam", "US": "United States"}
    blocs = {"AU": ("quad",), "JP": ("quad", "g7"), "US": ("quad", "g7")}
    countries = {code: Country(code, name, blocs.get(code, ())) for code, name in names.items()}
    countries["NO"] = Country("NO", "Norway")
    return replace(sketch.network(), countries=countries)


def ban(**fields) -> ExportBan:
    return ExportBan(**{"id": "ban", "start": day(100), "from_places": ("China",), **fields})


def events(item, world, milestones=()):
    """Return what a timeline does, by day."""
    now, out, answer = 0.0, [], None
    generator = item.timeline(world)
    try:
        while True:
            step = generator.send(answer)
            answer = None
            if isinstance(step, WaitFor):
                answer = dict(milestones)[step.intervention, step.milestone]
            elif isinstance(step, Turn | Reach | Note):
                out.append((now, step))
            else:
                now = max(now, step.day)
    except StopIteration:
        return out


def values(item, world, milestones=()):
    return [(when, step.value) for when, step in events(item, world, milestones) if isinstance(step, Turn)]


def reached(item, world):
    return [(step.milestone, when) for when, step in events(item, world) if isinstance(step, Reach)]


class TestTime:
    def test_it_acts_at_once_from_the_start_to_the_day_before_the_end(self, network):
        assert values(ban(end=day(160)), Luck(network)) == [(100, 0.0), (160, 1.0)]

    def test_a_ramp_of_four_days_is_full_on_its_fourth_day(self, network):
        turned = values(ban(enforced_days=4.0), Luck(network))
        assert turned == [(100, 0.75), (101, 0.5), (102, 0.25), (103, 0.0)]

    def test_a_leak_stays_open(self, network):
        assert values(ban(leak=0.25), Luck(network)) == [(100, 0.25)]

    def test_steps_multiply_the_ramp(self, network):
        steps = (Step(start=day(101), level=0.5), Step(start=day(120), level=0.0))
        item = ban(enforced_days=2.0, steps=steps)
        assert values(item, Luck(network)) == [(100, 0.5), (120, 1.0)]

    def test_a_pause_is_half_open(self, network):
        item = ban(pauses=(Pause(start=day(110), end=day(120)), Pause(start=day(150))))
        assert values(item, Luck(network)) == [(100, 0.0), (110, 1.0), (120, 0.0), (150, 1.0)]

    def test_a_ramp_goes_on_while_it_is_paused(self, network):
        item = ban(enforced_days=10.0, pauses=(Pause(start=day(100), end=day(105)),))
        assert values(item, Luck(network))[0] == (105, pytest.approx(1.0 - 0.6))

    def test_a_duration_is_an_end(self, network):
        assert values(ban(duration_days=30.0), Luck(network))[-1] == (130, 1.0)

    def test_an_end_that_cuts_the_ramp_wins(self, network):
        assert values(ban(enforced_days=10.0, end=day(102)), Luck(network))[-1] == (102, 1.0)

    def test_an_intervention_that_began_before_day_zero_is_in_force_on_it(self, network):
        item = ban(start=date(2024, 12, 1), enforced_days=10.0)
        assert values(item, Luck(network))[-1] == (0, 0.0)

    def test_milestones_come_on_their_days(self, network):
        item = ban(announced=day(40), enforced_days=5.0, end=day(130))
        assert reached(item, Luck(network)) == [("announced", 40), ("start", 100), ("end", 130)]

    def test_the_end_is_reached_even_if_a_pause_came_before(self, network):
        item = ban(pauses=(Pause(start=day(110)),), end=day(130))
        assert reached(item, Luck(network))[-1] == ("end", 130)

    def test_a_reaction_counts_its_lag_from_the_milestone(self, network):
        item = ban(start=None, after=After(intervention="tariff", milestone="announced", lag_days=2.0))
        assert values(item, Luck(network), {("tariff", "announced"): 300.0}.items()) == [(302, 0.0)]

    def test_a_drawn_ramp_is_whole_and_belongs_to_the_replication(self, network):
        item = ban(enforced_days=Distribution("uniform", {"low": 5.0, "high": 60.0}))
        lengths = {len(values(item, Luck(network, replication=number))) for number in range(20)}
        assert len(lengths) > 5
        assert lengths <= set(range(5, 61))
        assert len(values(item, Luck(network, deterministic=True))) == 33

    def test_a_branch_replaces_fields(self, network):
        item = ban(branches=(Branch(name="short", weight=1.0, changes={"end": day(110)}),))
        assert values(item.with_branch("short"), Luck(network)) == [(100, 0.0), (110, 1.0)]
        with pytest.raises(ValueError, match="no branch 'long'; branches: short"):
            item.with_branch("long")


class TestFields:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"start": None}, "neither `start` nor `after`"),
            ({"after": After(intervention="x")}, "`start` and `after` both"),
            ({"end": day(200), "duration_days": 5.0}, "`end` and `duration` both"),
            ({"announced": day(101)}, "is after its start"),
            ({"steps": (Step(start=day(1), level=1.5),)}, "level is 1.5; a share lies between 0 and 1"),
            ({"leak": -0.1}, "leak is -0.1"),
        ],
    )
    def test_contradictions_are_refused(self, fields, words):
        with pytest.raises(ValueError, match=words):
            ban(**fields)

    def test_other_kinds_refuse_what_says_nothing(self):
        common = {"id": "x", "start": day(1)}
        with pytest.raises(ValueError, match="says what fails"):
            Outage(**common)
        with pytest.raises(ValueError, match="go together"):
            Outage(**common, lines=("a",), up_days=3.0)
        with pytest.raises(ValueError, match="has no recovery curve"):
            Outage(**common, lines=("a",), up_days=3.0, down_days=3.0, recovery=Recovery())
        with pytest.raises(ValueError, match="allowed: linear, concave, s_curve"):
            Recovery(shape="sudden")
        with pytest.raises(ValueError, match="says what is slow"):
            RouteDelay(**common)
        with pytest.raises(ValueError, match="allowed: held, returned, let_through"):
            TransitRefusal(**common, through=("CN",), under_way="burnt")
        ramp = Stage(name="ramp", duration_days=1.0)
        with pytest.raises(ValueError, match="last stage"):
            NewCapacity(**common, line="a", capacity_per_day=1.0, stages=(ramp, ramp))
        with pytest.raises(ValueError, match="licence_quantity is 0; one decision covers something"):
            ExportLicence(**common, by=("CN",), licence_quantity=0.0)

    def test_a_sentence_says_who_what_and_when(self):
        item = ban(materials=("nd_oxide",), to_places=("Japan",), announced=day(59), end=day(160))
        assert item.describe() == (
            "China stops exports of nd_oxide to Japan from 2025-04-11 until 2025-06-10 (announced 2025-03-01)"
        )


class TestScope:
    def test_a_place_is_a_site_a_country_a_bloc_or_an_operator(self, network):
        assert resolve_place(network, "clay") == {"clay"}
        assert resolve_place(network, "china") == resolve_place(network, "CN") == {"pit", "clay"}
        assert resolve_place(network, "G7") == {"smelter", "arms", "cars"}
        assert resolve_place(network, "all") == set(network.sites)

    def test_an_operator_brings_its_affiliates(self, network):
        assert resolve_place(network, "Takefu") == resolve_place(network, "shin") == {"smelter", "affiliate"}

    def test_what_was_found_in_one_network_is_not_taken_for_another(self, network):
        """Answers are kept while a network lives: one with a moved site has its own, and dead ones none."""
        moved = replace(network.sites["pit"], country="JP")
        other = replace(network, sites={**network.sites, "pit": moved})
        assert resolve_place(network, "CN") == {"pit", "clay"}
        assert resolve_place(other, "CN") == {"clay"}
        from_china = {lane.supplier for lane in lanes_in_scope(network, ["CN"])}
        assert from_china - {lane.supplier for lane in lanes_in_scope(other, ["CN"])} == from_china & {"pit"}
        key = id(other)
        assert key in scope._answers
        del other
        gc.collect()
        assert key not in scope._answers

    def test_a_country_without_sites_is_known(self, network):
        assert resolve_place(network, "NO") == resolve_place(network, "Norway") == set()

    def test_an_unknown_place_names_the_nearest(self, network):
        with pytest.raises(ValueError, match="did you mean 'China'"):
            resolve_place(network, "Chian")

    def test_a_country_that_the_network_does_not_list_is_named(self, network):
        with pytest.raises(ValueError, match="Iceland is a country without a site") as caught:
            resolve_place(network, "IS")
        assert "did you mean" not in str(caught.value)

    def test_an_element_is_its_oxide_metal_and_target_but_no_magnet(self, network):
        assert resolve_materials(network, ["dysprosium"]) == {"dy_oxide", "dy_metal", "dy_target"}

    def test_magnets_come_by_name_or_form(self, network):
        assert resolve_materials(network, ["magnet_heavy"]) == resolve_materials(network, ["magnet"])
        assert resolve_materials(network, ["alloy"]) == frozenset()
        with pytest.raises(ValueError, match="did you mean 'dysprosium'"):
            resolve_materials(network, ["dysprosum"])

    def test_lanes_are_cut_by_supplier_buyer_material_and_use(self, network):
        def ids(**scope):
            return {lane.lane_id for lane in lanes_in_scope(network, **scope)}

        assert ids(suppliers=["China"], materials=["dysprosium"]) == {
            "clay_smelter_dy_oxide", "clay_affiliate_dy_metal"
        }  # fmt: skip
        assert ids(buyers=["US"], end_use=["military"]) == {"smelter_arms_magnet_heavy"}
        assert ids() == set(network.lanes)
        assert ids(domestic=False) == set(network.lanes) - {"pit_clay_mixed_concentrate"}

    def test_a_ban_leaves_home_trade_alone_unless_told(self, network):
        home = "pit_clay_mixed_concentrate"
        assert home not in ban().touches(network)["lane_flow_share"]
        assert home in ban(domestic=True).touches(network)["lane_flow_share"]

    def test_problems_are_sentences(self, network):
        assert ban().problems(network) == ()
        assert "did you mean 'Japan'" in ban(to_places=("Japna",)).problems(network)[0]
        assert "nothing in the network" in ban(to_places=("Norway",)).problems(network)[0]


class TestRoutes:
    def refusal(self, **fields) -> TransitRefusal:
        return TransitRefusal(**{"id": "r", "start": day(10), "through": ("China",), **fields})

    def test_only_goods_that_pass_are_refused(self, network):
        rows = self.refusal().touches(network)["route_open"]
        assert rows == ("overseas_smelter_dy_oxide|overseas_smelter_dy_oxide_route",)

    def test_chokepoints_always_count(self, network):
        assert self.refusal(through=("Malacca",)).touches(network) == self.refusal().touches(network)
        assert waypoints(network, ["malacca"]) == {"malacca"}
        with pytest.raises(ValueError, match="did you mean 'malacca'"):
            waypoints(network, ["mallaca"])

    def test_goods_under_way_are_told_before_the_route_closes(self, network):
        turned = events(self.refusal(under_way="held", end=day(20)), Luck(network))
        assert [(when, step.lever, step.value) for when, step in turned if isinstance(step, Turn)] == [
            (10, "under_way", UnderWay.HELD), (10, "lane_fallback", 0.0), (10, "route_open", 0.0),
            (20, "under_way", 0.0), (20, "lane_fallback", 0.0), (20, "route_open", 1.0),
        ]  # fmt: skip

    def test_a_delay_turns_only_what_it_states(self, network):
        item = RouteDelay(id="d", start=day(5), end=day(9), through=("malacca",), added_days=12.0)
        turned = [step for _, step in events(item, Luck(network)) if isinstance(step, Turn)]
        assert {step.lever for step in turned} == {"route_days_added"}
        assert [step.value for step in turned] == [12.0, 0.0]

    def test_a_mode_narrows_a_passage_and_both_are_checked(self, network):
        item = RouteDelay(id="d", start=day(5), through=("malacca",), modes=("sea",), capacity_share=0.4)
        assert item.touches(network)["route_capacity_share"] == ("overseas_smelter_dy_oxide_route",)
        assert "mode 'air' does not exist" in replace(item, modes=("air",)).problems(network)[0]
        mistyped = replace(item, routes=("overseas_smelter_dy_oxid_route",))
        assert "did you mean" in mistyped.problems(network)[0]


class TestOutage:
    def outage(self, **fields) -> Outage:
        return Outage(**{"id": "fire", "start": day(10), "end": day(20), "sites": ("pit",), **fields})

    def test_a_share_is_lost_and_comes_back_at_once(self, network):
        assert values(self.outage(loss=0.3), Luck(network)) == [(10, pytest.approx(0.7)), (20, 1.0)]

    @pytest.mark.parametrize(
        ("shape", "levels"),
        [
            ("linear", [0.25, 0.5, 0.75, 1.0]),
            ("concave", [0.4375, 0.75, 0.9375, 1.0]),
            ("s_curve", [0.15625, 0.5, 0.84375, 1.0]),
        ],
    )
    def test_it_recovers_along_its_curve(self, network, shape, levels):
        item = self.outage(recovery=Recovery(shape=shape, duration_days=4.0))
        turned = values(item, Luck(network))
        assert [when for when, _ in turned] == [10, 20, 21, 22, 23]
        assert [value for _, value in turned[1:]] == pytest.approx(levels)

    def test_spells_alternate_and_keep_their_mean(self, network):
        laws = {
            "up_days": Distribution("exponential", {"mean": 30.0}),
            "down_days": Distribution("exponential", {"mean": 10.0}),
        }
        world = Luck(network, horizon_days=200_000)
        profile = self.outage(end=None, **laws).profile(world, 10.0)
        assert all(when == round(when) for when, _ in profile)
        days = np.arange(10, 200_000)
        down_share = np.mean([level_at(profile, float(when)) for when in days])
        # One cycle of 40 days has a spread of order 15 days in its time down: 5,000 cycles, four sigma.
        assert down_share == pytest.approx(0.25, abs=4 * 0.3 / np.sqrt(5000))

    def test_spells_differ_by_replication_and_not_by_when_they_are_asked_for(self, network):
        item = self.outage(end=None, up_days=Distribution("geometric", {"mean": 20.0}), down_days=5.0)
        first = item.profile(Luck(network), 10.0)
        assert item.profile(Luck(network), 10.0) == first
        assert item.profile(Luck(network, replication=1), 10.0) != first

    def test_spells_stop_at_the_end(self, network):
        item = self.outage(end=day(60), up_days=20.0, down_days=15.0)
        assert values(item, Luck(network)) == [(30, 0.0), (45, 1.0)]

    def test_spells_of_no_length_are_refused(self, network):
        with pytest.raises(ValueError, match="two spells of no length"):
            events(self.outage(up_days=0.0, down_days=0.0), Luck(network))


class TestNewCapacity:
    def project(self, *probabilities: float, **fields) -> NewCapacity:
        names = ("permit", "build", "ramp")
        stages = tuple(
            Stage(name=name, duration_days=length, probability=chance)
            for name, length, chance in zip(names, (30.0, 60.0, 4.0), probabilities or (1, 1, 1), strict=True)
        )
        base = {"id": "mine", "start": day(10), "line": "pit_line", "capacity_per_day": 8.0, "stages": stages}
        return NewCapacity(**{**base, **fields})

    def added(self, item, world):
        return [
            (when, step.value)
            for when, step in events(item, world)
            if isinstance(step, Turn) and step.lever == "line_capacity_added"
        ]

    def test_capacity_comes_after_the_stages_in_steps_of_a_day(self, network):
        assert self.added(self.project(), Luck(network)) == [(100, 2.0), (101, 4.0), (102, 6.0), (103, 8.0)]

    def test_slip_delays_it(self, network):
        assert self.added(self.project(slip_days=25.0), Luck(network))[0] == (125, 2.0)

    def test_a_closed_project_gives_its_capacity_back(self, network):
        assert self.added(self.project(end=day(150)), Luck(network))[-1] == (150, 0.0)

    def test_offtake_follows_the_ramp_and_returns_to_normal(self, network):
        """From the quarter of its buyer's need that the lane has, not from nothing."""
        item = self.project(offtake={"overseas_smelter_dy_oxide": 0.4}, end=day(150))
        shares = [
            step.value
            for _, step in events(item, Luck(network))
            if isinstance(step, Turn) and step.lever == "lane_sourcing_share"
        ]
        assert shares == pytest.approx([0.2875, 0.325, 0.3625, 0.4, -1.0])

    def test_the_probable_project_succeeds_without_luck(self, network):
        world = Luck(network, deterministic=True)
        assert self.added(self.project(0.8, 0.7, 1.0), world)
        failed = self.project(0.8, 0.6, 1.0)
        assert self.added(failed, world) == []
        notes = [(when, step.text) for when, step in events(failed, world) if isinstance(step, Note)]
        assert notes == [(40, "pit_line: permit done"), (100, "pit_line: build failed, nothing is added")]

    def test_projects_succeed_as_often_as_they_should(self, network):
        item = self.project(0.8, 0.5, 1.0)
        count = 2000
        wins = sum(
            bool(item.profile(Luck(network, replication=number), 10.0)) for number in range(count)
        )
        assert wins / count == pytest.approx(0.4, abs=4 * np.sqrt(0.4 * 0.6 / count))

    def test_unknown_lines_and_lanes_are_named(self, network):
        assert "did you mean 'pit_line'" in self.project(line="pit_lin").problems(network)[0]
        assert "lane 'nowhere'" in self.project(offtake={"nowhere": 0.5}).problems(network)[0]


def test_a_sentence_says_its_lag_and_has_the_verb_of_its_names():
    after = After(intervention="rule", milestone="announced", lag_days=214.0)
    whom = {"to_places": ("Japan", "India"), "materials": ("a",)}
    two = Hoarding(id="h", after=after, duration_days=400.0, cover_days=20.0, **whom)
    said = "Japan and India want 20 more days of a 214 days after rule is announced for 400 days"
    assert two.describe() == said
    one = replace(two, to_places=("Japan",), after=replace(after, milestone="end", lag_days=0.0))
    assert one.describe() == "Japan wants 20 more days of a after rule ends for 400 days"
    ban = ExportBan(id="b", start=date(2025, 4, 4), from_places=("China", "India"))
    assert ban.describe().startswith("China and India stop exports")


def test_sentences_write_per_cent_with_a_gap_and_name_the_unit_of_what_is_added():
    start = date(2025, 1, 1)
    limbs = Limbs(content=Limb(start=start))
    rule = ContentRule(id="rule", start=start, by="China", materials=("dysprosium",), limbs=limbs)
    assert "with 0.1 % of its value or more" in rule.describe()
    half = Outage(id="half", start=start, lines=("plant",), loss=10.0 / 17.0)
    assert "loses 58.8 % of its capacity" in half.describe()
    more = Recycling(id="more", start=start, lines=("scrap",), added_per_day=2500.0 / 365.0)
    assert more.describe() == "scrap recycles 2500 t more a year from 2025-01-01"
    none = DemandShift(id="none", start=start, lines=("works",), factor=0.0)
    assert none.describe() == "works wants nothing from 2025-01-01"


def test_a_ban_says_what_goes_through_third_countries():
    ban = ExportBan(id="ban", start=date(2025, 4, 1), from_places=("China",), to_places=("Japan",),
                    diversion=Diversion(share=0.4, detected=0.25, detour_days=30.0))  # fmt: skip
    said = "China stops exports of everything to Japan but for {}30 % through third countries, {}, "
    said += "from 2025-04-01"
    assert ban.describe() == said.format("", "30 days later")
    assert replace(ban, leak=0.1).describe() == said.format("10 % and ", "30 days later")
    at_once = replace(ban, diversion=replace(ban.diversion, detour_days=0.0))
    assert at_once.describe() == said.format("", "in time")
    caught = replace(ban, diversion=replace(ban.diversion, detected=1.0))
    assert "third countries" not in caught.describe()


def test_recycling_adds_tonnes_and_no_pieces():
    sketch = Sketch()
    sketch.mine("yard", "old_motor", plan=1.0)
    sketch.builder("works", {"old_motor": 1.0}, plan=1.0, cover=10.0)
    sketch.lane("yard", "works", "old_motor")
    rule = Recycling(id="more", start=date(2025, 1, 1), lines=("yard_line",), added_per_day=1.0)
    (problem,) = rule.problems(sketch.network())
    assert problem == "more: yard_line makes old_motor, which is counted in pieces; recycling adds tonnes"


def test_no_sentence_of_the_program_writes_per_cent_in_another_way():
    written = [
        f"{path.name}: {found[0]}"
        for path in sorted(Path(sim.__file__).parent.rglob("*.py"))
        if "engine" not in path.parts
        for found in re.finditer(r":[+,]?\.\d+%\}", path.read_text(encoding="utf-8"))
    ]
    assert written == []
