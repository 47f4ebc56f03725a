"""The language of conditions: what each sentence means, and that there is no other."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from sim.analysis import must_hold
from sim.analysis.facts import RunFacts
from sim.analysis.must_hold import NOT_YET, SENTENCES, Outcome, check, parse, problems_of
from sim.domain import Country
from sim.engine.trajectory import SHIPMENT_DTYPE, Stock, Trajectory
from sim.results.ensemble import Estimate, probability_of
from sim.testing.networks import Sketch, small_case

FROM = date(2025, 4, 1)
SCENARIOS = Path(__file__).parents[2] / "scenarios"


def after(days: float | None) -> date | None:
    return None if days is None else FROM + timedelta(days=int(days))


def row(site: str, country: str, cover: float, short: float | None, stop: float | None, lost: float) -> dict:
    return {
        "site": site, "name": site.title(), "country": country, "stage": "oem",
        "days_of_cover_at_start": cover, "static_runway_days": cover, "pipeline_runway_days": cover + 8.5,
        "realised_runway_days": math.nan if short is None else float(short),
        "realised_runway_p10_days": math.nan if short is None else short - 9.0,
        "first_shortfall_date": after(short), "first_below_half_date": after(stop),
        "line_stop_date": after(stop), "limiting_component": None if short is None else "motor",
        "time_to_recover_days": math.nan, "planned_units": 1000.0, "lost_units": lost,
        "fill_rate": 1.0 - lost / 1000.0,
    }  # fmt: skip


BASE = [row("toyota_japan", "JP", 90, None, None, 0.0), row("suzuki_japan", "JP", 30, None, None, 0.0),
        row("byd", "CN", 15, None, None, 0.0)]  # fmt: skip
CUT = [row("toyota_japan", "JP", 90, 98, 150, 300.0), row("suzuki_japan", "JP", 30, 60, 61, 600.0),
       row("byd", "CN", 15, None, None, 0.0)]  # fmt: skip


class Luck:
    """Replications by hand: Toyota has stopped in 31 % of them, since a day in September."""

    start, last_day = date(2025, 1, 1), date(2025, 12, 31)

    def stop_probability(self, site: str, by: date) -> Estimate:
        return probability_of(np.arange(100) < (31 if by > date(2025, 9, 9) else 0))


@dataclass
class Told:
    """Facts by hand."""

    rows: list[dict] = field(default_factory=lambda: CUT)
    headline: str = "Toyota builds for 98 days"
    runway_from: date = FROM
    ensemble: Any = field(default_factory=Luck)

    @property
    def metrics(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows).astype({"first_shortfall_date": object})

    @property
    def baseline_metrics(self) -> pd.DataFrame:
        return pd.DataFrame(BASE)

    def sites_in(self, place: str):
        return {"japan": {"toyota_japan", "suzuki_japan"}, "china": {"byd"}, "moon": set()}[place]

    def sites_of_use(self, end_use: str):
        return {"civil": {"toyota_japan", "byd"}, "military": {"suzuki_japan"}}[end_use]

    def touched_share(self, element: str, site: str, jurisdiction: str):
        return {"ndpr": 0.0, "dysprosium": 1.0}[element]

    def touched(self, place: str, jurisdiction: str):
        return {"china": (0.40, 0.47), "india": (0.10, 0.02)}[jurisdiction]

    def leaving_tonnes_per_year(self, material: str, country: str, destination: str | None):
        return 58_300.0 if destination is None else 2_000.0

    def output_tonnes(self, material: str, country: str | None):
        return (100.0, 91.5) if country else (200.0, 199.5)

    def site_output_tonnes(self, material: str, site: str, first: date | None, last: date | None):
        return (100.0, 90.0) if first is None else (40.0, float((last - first).days))

    def landed_tonnes(self, material: str, origin: str, country: str, first: date | None, last: date | None):
        return (200.0, 150.0) if first is None else (100.0, float((last - first).days))

    def landed_share(self, material: str, origin: str, country: str, first: date | None, last: date | None):
        return 0.25 if first is None else (last - first).days / 100.0

    def exported_tonnes(self, goods: str, country: str, first: date, last: date):
        return 100.0 if (first, last) == (date(2025, 3, 1), date(2025, 4, 1)) else float((last - first).days)

    def transit_days(self, route: str):
        return (48.0, 60.0) if route == "cape_of_good_hope" else (20.0, 20.0)


def verdict(condition: str, **changes) -> must_hold.Verdict:
    (found,) = check([condition], Told(**changes))
    return found


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        ("no oem stops", False),
        ("no oem stops within 60 d", True),
        ("no oem stops within 61 d", False),
        ("no oem in china stops", True),
        ("some oem in japan stops", True),
        ("some oem in japan stops within 60 d", False),
        ("some oem in china stops", False),
        ("toyota_japan stops within 150 d", True),
        ("toyota_japan stops within 149 d", False),
        ("byd stops", False),
        ("no oem affected", False),
        ("no oem in china affected", True),
        ("some oem in japan affected", True),
        ("some oem in china affected", False),
        ("no civil oem loses more than 30 % of plan", True),
        ("no civil oem loses more than 29.9 % of plan", False),
        ("no military oem loses more than 30 % of plan", False),
        ("every oem at 100 %", False),
        ("every oem in china at 100%", True),
        ("byd unchanged", True),
        ("suzuki_japan unchanged", False),
        ("every oem in china unchanged", True),
        ("every oem unchanged", False),
        ("no oem runway changes", False),
        ("static <= pipeline <= realised", True),
        ("static <= pipeline <= realised at byd", True),
        ("toyota_japan realised >= 98 d", True),
        ("toyota_japan realised >= 99 d", False),
        ("toyota_japan realised = 97 d", False),
        ("toyota_japan realised = 97 d +- 1 d", True),
        ("byd realised > 1,000 d", True),
        ("byd realised < 1,000 d", False),
        ("suzuki_japan pipeline <= 38.5 d", True),
        ("suzuki_japan realised between 38 d and 60 d", True),
        ("suzuki_japan realised between 61 d and 90 d", False),
        ("toyota_japan realised = pipeline", True),
        ("suzuki_japan realised = pipeline", False),
        ("toyota_japan realised > 98 d", False),
        ("toyota_japan realised < 98 d", False),
        ("toyota_japan realised > 97 d", True),
        ("lost_units at toyota_japan > 299", True),
        ("lost_units at toyota_japan > 300", False),
        ("lost_units at byd > 0", False),
        ("lost_units at toyota_japan >= 300", True),
        ("fill_rate at toyota_japan < 70.1 %", True),
        ("fill_rate at toyota_japan < 0.7", False),
        ("realised_runway_days at suzuki_japan <= 60 d", True),
        ("realised_runway_days at byd < 100000 d", False),
        ("realised_runway_p10_days at suzuki_japan < 60 d", True),
        ("line_stop_date at suzuki_japan < 2025-06-02", True),
        ("line_stop_date at suzuki_japan < 2025-06-01", False),
        ("line_stop_date at byd > 2100-01-01", True),
        ("time_to_recover_days at byd > 1 d", False),
        ("time_to_recover_days at suzuki_japan > 1000 d", True),
        ("stop probability at toyota_japan > 30 %", True),
        ("stop probability at toyota_japan > 31 %", False),
        ("stop probability at toyota_japan by 2025-09-09 > 0 %", False),
        ("limiting component at toyota_japan is motor", True),
        ("limiting component at byd is motor", False),
        ("stop order in japan follows cover", True),
        ("stop order in china follows cover", False),
        ("japan.touched_by.china rises", True),
        ("japan.touched_by.china falls", False),
        ("japan.touched_by.india falls", True),
        ("ndpr at byd touched by china is 0 % +- 0.1 %", True),
        ("dysprosium at byd touched by china is 0 % +- 99 %", False),
        ('headline is "no material effect"', False),
        ('headline is "builds for 98 days"', True),
        ("magnets leaving china = 58,152 t/yr +- 0.5 %", True),
        ("magnets leaving china = 58152 t/yr ± 0.1 %", False),
        ("magnets leaving china for japan = 2500 t/yr +- 20 %", True),
        ("china share of magnet = 45.9 % +- 0.1 %", True),
        ("china share of magnet = 50 % +- 1 %", False),
        ("output of ndpr_oxide changes by less than 0.3 %", True),
        ("output of ndpr_oxide changes by less than 0.2 %", False),
        ("output of ndpr_oxide at byd falls by 9 % +- 1 %", True),
        ("output of ndpr_oxide at byd falls by 12 % +- 1 %", False),
        ("output of ndpr_oxide at byd falls by 25 % +- 0 % from 2025-04-01 to 2025-05-01", True),
        ("output of ndpr_oxide at byd falls by 25 % +- 1 % from 2025-04-01 to 2025-05-02", False),
        ("oxide landing in japan from china is 75 % of the baseline +- 0 %", True),
        ("oxide landing in japan from china is 80 % of the baseline +- 4 %", False),
        ("oxide landing in japan from china is 30% of the baseline ±0% from 2025-04-01 to 2025-05-01", True),
        ("oxide landing in japan from china is 30% of the baseline ±0% from 2025-04-01 to 2025-05-02", False),
        ("exports of oxide and metal from china from 2025-01-01 to 2025-02-10 are 40 t +- 0 %", True),
        ("exports of oxide and metal from china from 2025-01-01 to 2025-02-10 are 42 t +- 4 %", False),
        ("india share of oxide landing in japan is 25 % +- 0 %", True),
        ("india share of oxide landing in japan is 20 % +- 4 %", False),
        ("india share of oxide landing in japan is 30 % +- 0 % from 2025-04-01 to 2025-05-01", True),
        ("exports of oxide from china in 2025-02 are 28 % of those in 2025-03 +- 0 %", True),
        ("exports of oxide from china in 2025-12 are 28 % of those in 2025-03 +- 2 %", False),
        ("goods land later on cape_of_good_hope", True),
        ("goods land later on suez", False),
    ],
)
def test_each_sentence_passes_and_fails_where_it_should(condition, passes):
    found = verdict(condition)
    assert found.outcome == (Outcome.PASSED if passes else Outcome.FAILED), found.detail
    assert found.detail


def test_every_sentence_is_tried_above_both_ways():
    text = Path(__file__).read_text(encoding="utf-8")
    tried: dict[str, set[str]] = {}
    for condition, passes in re.findall(r"^        \(['\"](.+)['\"], (True|False)\),$", text, re.MULTILINE):
        for sentence in SENTENCES:
            if sentence.pattern.fullmatch(must_hold.tidy(condition)):
                tried.setdefault(sentence.template, set()).add(passes)
    in_order_only = {"static <= pipeline <= realised [at SITE]", "no oem runway changes"}
    assert {s.template for s in SENTENCES} == set(tried)
    assert all(len(ways) == 2 for template, ways in tried.items() if template not in in_order_only)


def test_a_run_like_its_baseline_passes_what_it_should():
    calm = ("no oem runway changes", "every oem at 100 %", "every oem unchanged", "no oem affected")
    for condition in calm:
        assert verdict(condition, rows=BASE).outcome is Outcome.PASSED


def test_runways_out_of_order_fail_and_are_named():
    wrong = [dict(BASE[0], realised_runway_days=97.0, first_shortfall_date=after(97))]
    found = verdict("static <= pipeline <= realised", rows=wrong)
    assert found.outcome is Outcome.FAILED
    assert "toyota_japan: 90 d, 98.5 d, 97 d" in found.detail


def test_a_stop_out_of_order_names_the_pair():
    wrong = [dict(CUT[0], realised_runway_days=50.0), dict(CUT[1], realised_runway_days=60.0)]
    found = verdict("stop order follows cover", rows=wrong)
    assert "suzuki_japan (30 d) after toyota_japan (90 d): 60 d, 50 d" in found.detail
    assert verdict("stop order follows cover within 10 d", rows=wrong).outcome is Outcome.PASSED


def test_a_failure_shows_its_numbers():
    assert verdict("no oem stops").detail == (
        "toyota_japan on 2025-08-29 (day 150), suzuki_japan on 2025-06-01 (day 61)"
    )


def test_a_measure_is_told_in_its_unit():
    rows = [dict(CUT[0], lost_units=2_076_380.4)]
    assert verdict("lost_units at toyota_japan > 1", rows=rows).detail == "2,076,380"
    assert verdict("fill_rate at toyota_japan > 1 %").detail == "70.00 %"
    assert verdict("realised_runway_days at toyota_japan > 1 d").detail == "98 d"
    assert verdict("line_stop_date at byd > 2025-01-01").detail == "never"


def test_only_these_conditions_are_not_yet_checked():
    assert {
        "ndpr price < +10 %",
        "ndpr price < +0.2 %",
        "netback of raw ore < 0",
        "netback of concentrate > netback of raw ore",
        "case A-D4 holds",
        "case B-D1 holds",
        "case B-D3 holds",
        "price floor holds",
    } == NOT_YET
    for condition in NOT_YET:
        assert verdict(condition).outcome is Outcome.NOT_YET_CHECKED
        assert not any(sentence.pattern.fullmatch(condition) for sentence in SENTENCES)


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("no oem stop", "did you mean 'no oem [in PLACE] stops [within DAYS d]'"),
        ("ndpr price < +11 %", "did you mean 'ndpr price < +10 %'"),
        ("case A-D5 holds", "did you mean 'case A-D4 holds'"),
        ("goods land latr on suez", "did you mean 'goods land later on ROUTE'"),
        ("the moon is full", "is not in the language of conditions"),
    ],
)
def test_any_other_text_is_an_error(condition, hint):
    with pytest.raises(ValueError, match=re.escape(hint)):
        parse(condition)


def test_unknown_sites_and_empty_places_are_errors():
    with pytest.raises(ValueError, match="did you mean 'toyota_japan'"):
        verdict("toyota_japn unchanged")
    with pytest.raises(ValueError, match="oems in moon, but there are none"):
        verdict("no oem in moon stops")


def test_names_are_checked_before_a_run():
    sketch = Sketch("names")
    sketch.source("maker", "motor")
    sketch.builder("works", {"motor": 1.0}, plan=1.0, cover=9.0)
    sketch.lane("maker", "works", "motor", passes=("AA", "suez", "AA"))
    conditions = (
        "works unchanged", "wroks unchanged", "no oem in AA stops", "no oem in Mars stops", "all is well",
        "motor leaving AA = 1 t/yr +- 1 %", "goods land later on suez", "goods land later on sues",
        "ndpr price < +10 %", "maker unchanged", "lost_units at works > 5", "lost_unit at works > 5",
        "lost_units at works > 5 %", "line_stop_date at works < 2025-02-31",
        "no military oem loses more than 5 % of plan",
    )  # fmt: skip
    problems = problems_of(small_case(sketch.network(), 10, must_hold=conditions))
    assert [problem.given for problem in problems] == [
        "wroks unchanged", "no oem in Mars stops", "all is well", "goods land later on sues",
        "maker unchanged", "lost_unit at works > 5", "lost_units at works > 5 %",
        "line_stop_date at works < 2025-02-31", "no military oem loses more than 5 % of plan",
    ]  # fmt: skip
    assert "did you mean 'works'" in problems[0].message
    assert "did you mean 'suez'" in problems[3].message
    assert "does not report; did you mean" not in problems[4].message
    assert "did you mean 'lost_units'" in problems[5].message
    assert "write for example '1000'" in problems[6].message
    assert "is not a date" in problems[7].message


def test_what_needs_replications_is_not_checked_on_a_single_history():
    for condition in ("stop probability at byd > 3 %", "realised_runway_p10_days at byd < 3 d"):
        found = verdict(condition, ensemble=None)
        assert (found.outcome, found.detail) == (Outcome.NOT_YET_CHECKED, "needs replications")
        assert must_hold.needs_replications(condition)
    assert not must_hold.needs_replications("realised_runway_days at byd < 3 d")
    found = verdict("stop probability at byd by 2031-01-01 > 3 %")
    assert "lies outside" in found.detail


def test_the_docstring_lists_the_whole_language():
    text = " ".join((must_hold.__doc__ or "").split())
    for sentence in SENTENCES:
        assert sentence.template in text


def test_the_page_lists_the_whole_language():
    text = (SCENARIOS.parent / "docs" / "must_hold.md").read_text(encoding="utf-8")
    for sentence in SENTENCES:
        assert f"| `{sentence.template}` | " in text
    for condition in NOT_YET:
        assert f"- `{condition}`" in text


def test_every_scenario_promises_something_in_the_language():
    files = sorted(SCENARIOS.glob("*.yaml"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        tree = YAML(typ="safe", pure=True).load(text)
        assert text.startswith("# ")
        assert tree["question"]
        assert tree["must_hold"]
        assert tree.get("sources") or tree.get("extends")
        for condition in tree["must_hold"]:
            parse(condition)


class TestFromTrajectories:
    """The facts themselves, on a network of three sites with made-up days."""

    @pytest.fixture
    def facts(self) -> RunFacts:
        sketch = Sketch("facts", elements=("ndpr",))
        sketch.material("magnet_heavy", form="magnet", unit="tonne", contents={"ndpr": 0.3})
        sketch.source("maker", "magnet_heavy", country="CN")
        sketch.source("rival", "magnet_heavy", country="JP")
        sketch.builder("works", {"magnet_heavy": 1.0}, plan=3.0, cover=10.0, country="JP")
        sketch.lane("maker", "works", "magnet_heavy", days=8, share=0.5, passes=("CN", "cape", "JP"))
        sketch.lane("rival", "works", "magnet_heavy", days=2, share=0.5)
        names = {"CN": Country("CN", "China"), "JP": Country("JP", "Japan"), "FR": Country("FR", "France")}
        network = replace(sketch.network(), countries=names)
        base = self.trajectory(network, made=(2.0, 1.0), days=8)
        run = self.trajectory(network, made=(1.0, 1.0), days=20)
        empty = pd.DataFrame()
        return RunFacts(network, run, base, empty, empty, "headline", run.start + timedelta(days=10))

    def trajectory(self, network, made, days) -> Trajectory:
        n_days = 73
        parts = (network.lines, network.lanes, network.routes)
        lines, lanes, routes = (tuple(sorted(part)) for part in parts)
        by_day = {name: np.zeros((n_days, 0)) for name in (
            "on_hand", "use_wanted", "received", "in_transit", "held", "unshipped", "ordered",
            "lead_time_days", "line_wanted", "line_planned", "line_parked", "line_owed",
            "waiting", "cancelled", "gate",
        )}  # fmt: skip
        rates = {"maker_line": made[0], "rival_line": made[1], "works_line": 3.0}
        ships = np.array([(12, 12 + days, 0, 0, 5.0), (70, -1, 0, 0, 5.0), (2, 9, 0, 0, 5.0)], SHIPMENT_DTYPE)
        touched = np.array([[0.2, 0.9], [0.3, 0.9], [0.6, 0.1]])
        return Trajectory(
            name="t", replication=0, start=date(2025, 1, 1), sites=tuple(sorted(network.sites)), lines=lines,
            lanes=lanes, routes=routes, materials=("magnet_heavy",),
            stocks=(Stock("works", "magnet_heavy", "input"),),
            line_made=np.tile([rates[line] for line in lines], (n_days, 1)),
            line_limit=np.full((n_days, 3), -1, np.int32),
            opening_on_hand=np.zeros(1), opening_in_transit=np.zeros(2), use_planned=np.zeros(1),
            shipped=np.tile([2.0, 1.0], (n_days, 1)), touched=touched,
            touched_keys=(("works", "ndpr", "CN"), ("works", "ndpr", "JP")),
            touched_days=np.array([0, 7, 72], np.int32), shipments=ships, **by_day,
        )  # fmt: skip

    def test_exports_cross_the_border(self, facts):
        assert facts.leaving_tonnes_per_year("magnets", "china", None) == pytest.approx(2.0 * 365)
        assert facts.leaving_tonnes_per_year("magnet_heavy", "CN", "japan") == pytest.approx(2.0 * 365)
        assert facts.leaving_tonnes_per_year("magnet", "japan", None) == 0.0

    def test_exports_between_dates_are_summed_over_goods(self, facts):
        days = date(2025, 1, 11), date(2025, 1, 31)
        assert facts.exported_tonnes("magnet", "china", *days) == pytest.approx(2.0 * 20)
        assert facts.exported_tonnes("magnet_heavy and magnet", "china", *days) == pytest.approx(2.0 * 20)
        assert facts.exported_tonnes("magnet", "japan", *days) == 0.0

    def test_a_share_of_what_lands_is_of_all_origins(self, facts):
        landed = replace(facts.trajectory, received=np.tile([3.0, 1.0], (73, 1)))
        nothing = replace(landed, received=np.zeros((73, 2)))
        facts = replace(facts, trajectory=landed, baseline_trajectory=nothing)
        days = date(2025, 1, 11), date(2025, 1, 31)
        assert facts.landed_share("magnet", "china", "japan", *days) == pytest.approx(0.75)
        assert facts.landed_share("magnet", "japan", "japan", None, None) == pytest.approx(0.25)
        assert np.isnan(facts.landed_share("magnet", "china", "china", None, None))

    def test_output_is_summed_by_country(self, facts):
        assert facts.output_tonnes("magnet", "china") == pytest.approx((2.0 * 73, 1.0 * 73))
        assert facts.output_tonnes("magnet", None) == pytest.approx((3.0 * 73, 2.0 * 73))

    def test_output_of_a_site_is_summed_between_dates(self, facts):
        assert facts.site_output_tonnes("magnet", "maker", None, None) == pytest.approx((2.0 * 73, 1.0 * 73))
        days = (date(2025, 1, 11), date(2025, 1, 21))
        assert facts.site_output_tonnes("magnet_heavy", "maker", *days) == pytest.approx((20.0, 10.0))
        assert facts.site_output_tonnes("magnet_heavy", "works", *days) == (0.0, 0.0)

    def test_touched_is_read_before_the_cut_and_at_the_end(self, facts):
        assert facts.touched("japan", "china") == pytest.approx((0.3, 0.6))
        with pytest.raises(ValueError, match="is not recorded"):
            facts.touched("maker", "china")
        with pytest.raises(ValueError, match="did you mean 'China'"):
            facts.touched("japan", "chna")

    def test_one_share_touched_is_read_before_the_cut(self, facts):
        assert facts.touched_share("ndpr", "works", "japan") == pytest.approx(0.9)
        assert facts.touched_share("ndpr", "works", "france") == 0.0
        with pytest.raises(ValueError, match="not recorded as one share"):
            facts.touched_share("ndpr", "maker", "japan")
        assert facts.sites_of_use("civil") == {"maker", "rival", "works"}

    def test_transit_counts_goods_that_left_in_force_and_landed(self, facts):
        assert facts.transit_days("cape") == (8.0, 20.0)
        with pytest.raises(ValueError, match="did you mean 'cape'"):
            facts.transit_days("cap")
