"""The downstream half of the reference network: who buys what, and where Chinese magnets go."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from sim.data import destinations, load_network
from sim.data.destinations import Range
from sim.domain import LineKind, Network, central
from sim.errors import DataError
from sim.steady import solve as solve_day_zero

ROUNDING_TONNES = 1.0
"""Shares have six digits; the largest need is some 50,000 t."""

BUYER_TONNES = {
    ("byd",): 7_700,
    ("other_china_car_makers",): 20_800,
    ("china_air_conditioners",): 27_000,
    ("china_wind",): 9_500,
    ("tesla_us", "tesla_shanghai"): 3_200,
    ("toyota_japan", "toyota_overseas"): 6_300,
    ("honda_japan", "honda_overseas"): 1_900,
    ("nissan_japan", "nissan_overseas"): 1_600,
    ("suzuki_japan", "suzuki_overseas"): 800,
    ("sony", "other_japan_industry"): 7_500,
    ("volkswagen",): 3_900,
    ("bmw",): 1_000,
    ("other_eu_car_makers",): 7_500,
    ("eu_wind",): 3_500,
    ("eu_industry",): 7_500,
    ("ford",): 1_900,
    ("gm",): 2_300,
    ("us_industry_electronics",): 5_500,
    ("us_defence",): 350,
    ("hyundai_kia",): 3_800,
    ("samsung", "asean_korea_electronics"): 8_000,
    ("india_vehicles",): 2_600,
    ("rest_of_world",): 6_252,
}
"""Finished magnets by group of buyers in 2024 [t/yr]."""

THINNEST_COVER_DAYS = {
    "toyota_japan": 90, "hyundai_kia": 365, "suzuki_japan": 30, "honda_japan": 45, "nissan_japan": 45,
    "tesla_us": 30, "volkswagen": 35, "bmw": 35, "gm": 35, "ford": 30, "byd": 15, "us_defence": 180,
    "india_vehicles": 21,
}  # fmt: skip


@pytest.fixture(scope="module")
def problem() -> destinations.Problem:
    return destinations.load()


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network("rare_earths_2024")


def kilograms_per_set(network: Network) -> dict[str, float]:
    """Return the magnets in one set of each component."""
    return {
        line.drivers[0]: 1000.0 * sum(central(quantity) for quantity in line.inputs.values())
        for line in network.lines.values()
        if network.sites[line.site].stage == "tier1"
    }


def kilograms_per_unit(network: Network, line_id: str) -> float:
    """Return the magnets in one finished unit of a build line."""
    per_set = kilograms_per_set(network)
    inputs = network.lines[line_id].inputs
    return sum(central(quantity) * per_set[name] for name, quantity in inputs.items())


def test_shares_of_the_tables_are_those_of_the_command(problem: destinations.Problem) -> None:
    solved = destinations.shares(problem, destinations.solve(problem))
    best = destinations.misfit(problem, solved)
    assert destinations.misfit(problem, destinations.table_shares(problem)) == pytest.approx(best, rel=1e-3)


def test_chinese_magnets_go_where_customs_saw_them(problem: destinations.Problem) -> None:
    sent = destinations.by_destination(problem, destinations.table_shares(problem))
    assert sent["world"] == pytest.approx(58_152, abs=ROUNDING_TONNES)
    for code, level in problem.levels.items():
        assert level.low - ROUNDING_TONNES <= sent[code] <= level.high + ROUNDING_TONNES, code


def test_every_maker_sells_what_it_makes(problem: destinations.Problem) -> None:
    sold = destinations.by_maker(problem, destinations.table_shares(problem))
    assert set(sold) == set(problem.makers)
    for maker, output in problem.makers.items():
        assert output.low - ROUNDING_TONNES <= sold[maker] <= output.high + ROUNDING_TONNES, maker


def test_every_tier1_maker_gets_all_it_needs(problem: destinations.Problem) -> None:
    totals: dict[tuple[str, str], float] = defaultdict(float)
    shares = destinations.table_shares(problem)
    for lane in problem.lanes:
        totals[lane.buyer, lane.material] += shares[lane.lane]
    assert set(totals) == set(destinations.needs())
    assert list(totals.values()) == pytest.approx([1.0] * len(totals), abs=1e-9)


def test_day_zero_keeps_the_destinations(problem: destinations.Problem, network: Network) -> None:
    flows = solve_day_zero(network)
    sent: dict[str, float] = defaultdict(float)
    for name, tonnes_per_day in flows.lane_flow.items():
        lane = network.lanes[name]
        home, abroad = (network.sites[site].country for site in (lane.supplier, lane.buyer))
        if network.materials[lane.material].form == "magnet" and home == "CN" != abroad:
            sent[abroad] += tonnes_per_day * 365.0
            sent["world"] += tonnes_per_day * 365.0
    for code, level in problem.levels.items():
        assert 0.999 * level.low <= sent[code] <= 1.001 * level.high, code


def test_a_level_out_of_reach_is_refused(problem: destinations.Problem) -> None:
    levels = dict(problem.levels) | {"VN": Range(20_000.0, 19_000.0, 21_000.0)}
    with pytest.raises(DataError, match="no sourcing fits"):
        destinations.solve(replace(problem, levels=levels))


def test_a_moved_level_moves_the_split(problem: destinations.Problem) -> None:
    levels = dict(problem.levels) | {"JP": Range(2_600.0, 2_500.0, 3_100.0)}
    moved = replace(problem, levels=levels)
    sent = destinations.by_destination(moved, destinations.shares(moved, destinations.solve(moved)))
    assert sent["JP"] >= 2_500 - ROUNDING_TONNES
    assert sent["world"] == pytest.approx(58_152, abs=ROUNDING_TONNES)


def test_writing_restores_spoilt_shares_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "network"
    shutil.copytree(destinations.FOLDER, folder)
    path = folder / "lanes_downstream.csv"
    before = path.read_text(encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    lanes = {lane.lane for lane in destinations.load(folder).lanes}
    spoilt = dict.fromkeys(sorted(lanes)[:7], 0.123)
    assert destinations.write(spoilt, folder) == len(spoilt)
    assert path.read_text(encoding="utf-8") != before
    assert destinations.main(["--write", "--folder", str(folder)]) == 0
    with path.open(encoding="utf-8", newline="") as handle:
        restored = list(csv.DictReader(handle))
    assert [row["lane"] for row in restored] == [row["lane"] for row in rows]
    problem = destinations.load(folder)
    solved = destinations.shares(problem, destinations.solve(problem))
    assert destinations.table_shares(problem, folder) == pytest.approx(solved, abs=1e-9)
    for old, new in zip(rows, restored, strict=True):
        assert {**new, "value": ""} == {**old, "value": ""}
        assert new["lane"] in lanes or new["value"] == old["value"]


def test_a_prior_for_an_unknown_lane_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "network"
    shutil.copytree(destinations.FOLDER, folder)
    with (folder / "destination_priors.csv").open("a", encoding="utf-8") as handle:
        handle.write("nobody_to_nowhere,0.5,0,1,share,network_baseline_2024,,\n")
    with pytest.raises(DataError, match="nobody_to_nowhere"):
        destinations.load(folder)


@pytest.mark.parametrize("buyers", sorted(BUYER_TONNES))
def test_buyers_use_the_magnets_of_the_baseline(network: Network, buyers: tuple[str, ...]) -> None:
    tonnes = sum(
        central(line.plan_per_day) * 365.0 * kilograms_per_unit(network, name) / 1000.0
        for name, line in network.lines.items()
        if line.site in buyers and line.plan_per_day is not None
    )
    assert tonnes == pytest.approx(BUYER_TONNES[buyers], rel=0.002)


@pytest.mark.parametrize(
    ("line", "kilograms", "tolerance"),
    [
        ("tesla_us_electrified", 1.8, 0.1),
        ("byd_bev", 1.8, 0.2),
        ("byd_phev", 1.6, 0.2),
        ("toyota_japan_electrified", 1.0, 0.1),
        ("toyota_japan_combustion", 0.35, 0.03),
        ("china_air_conditioners_appliances", 0.18, 0.001),
    ],
)
def test_kilograms_per_unit(network: Network, line: str, kilograms: float, tolerance: float) -> None:
    assert kilograms_per_unit(network, line) == pytest.approx(kilograms, abs=tolerance)


def test_finished_magnets_of_the_world(problem: destinations.Problem) -> None:
    by_grade: dict[str, float] = defaultdict(float)
    for (_, grade), tonnes in destinations.needs().items():
        by_grade[grade] += tonnes
    neodymium = by_grade["magnet_heavy"] + by_grade["magnet_standard"]
    assert neodymium == pytest.approx(196_117, rel=0.002)
    assert 0.38 <= by_grade["magnet_heavy"] / neodymium <= 0.45
    assert 4_000 <= by_grade["magnet_smco"] <= 5_000


@pytest.mark.parametrize("site", sorted(THINNEST_COVER_DAYS))
def test_thinnest_component_has_the_published_cover(network: Network, site: str) -> None:
    covers = [central(cover) for cover in network.sites[site].cover.values()]
    assert min(covers) == THINNEST_COVER_DAYS[site]


def test_twelve_buyers_hold_five_components_at_different_covers(network: Network) -> None:
    spread = [
        site
        for site in network.sites.values()
        if site.stage == "oem" and len({central(cover) for cover in site.cover.values()}) >= 5
    ]
    assert len(spread) >= 12


def test_tier1_holds_two_to_four_weeks_of_its_own(network: Network) -> None:
    tier1 = [site for site in network.sites.values() if site.stage == "tier1"]
    covers = {central(cover) for site in tier1 for cover in site.cover.values()}
    assert min(covers) >= 12
    assert max(covers) <= 28
    assert len(covers) >= 8
    for site in tier1:
        assert all(central(cover) >= site.review_period_days for cover in site.output_cover.values())


def test_a_cut_of_heavy_magnets_leaves_makers_that_use_none(network: Network) -> None:
    users = {line.site for line in network.lines.values() if "magnet_heavy" in line.inputs}
    free = {
        line.site
        for line in network.lines.values()
        if line.kind is LineKind.PLANT and network.sites[line.site].stage == "tier1"
    } - users
    assert {"tier1_jp_small_motor_speaker", "tier1_vn_electronics", "tier1_de_sensor"} <= free
    assert {"tier1_jp_traction_motor", "tier1_cn_wind_generator"} <= users


def test_the_network_stays_small(network: Network) -> None:
    assert len(network.lanes) <= 600


def test_sea_to_europe_goes_by_the_cape_and_a_part_flies(network: Network) -> None:
    lane = network.lanes["jl_mag_to_tier1_de_traction_motor_heavy"]
    share = {network.routes[use.route].mode: use.share for use in lane.routes if use.share > 0}
    assert set(share) == {"sea", "rail", "air"}
    sea = next(use for use in lane.routes if network.routes[use.route].mode == "sea" and use.share > 0)
    assert "cape_of_good_hope" in network.routes[sea.route].passes
    fallback = [network.routes[use.route] for use in lane.routes if use.share == 0]
    assert any("suez" in route.passes for route in fallback)
