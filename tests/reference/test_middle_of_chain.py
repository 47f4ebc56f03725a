"""Between mine and car: tier 1, India's part, every path of dysprosium, how long origin travels."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from sim.cli.app import app
from sim.domain import Line, LineKind, Network, central
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportBan
from sim.steady import report, solve
from tests.fixtures import second_network
from tests.reference.tools import DAYS_PER_YEAR, case_of, oem_lines

pytestmark = pytest.mark.xdist_group("reference_middle")
HALT_DAY = 163
WEEK = 7


@pytest.fixture(scope="module")
def network() -> Network:
    return case_of("baseline").network


def call(*words: str) -> Result:
    found = CliRunner().invoke(app, list(words), prog_name="sim")
    assert found.exit_code == 0, found.output
    return found


def test_tier_one_is_pooled_by_region_and_component(network: Network) -> None:
    tier1 = [site for site in network.sites.values() if site.stage == "tier1"]
    assert 30 <= len(tier1) <= 40
    assert len({site.country for site in tier1}) >= 8
    made = {
        material for line in network.lines.values() if network.sites[line.site].stage == "tier1"
        for material in line.outputs
    }  # fmt: skip
    assert len(made) >= 5
    assert {network.materials[material].form for material in made} == {"component"}


def test_a_dozen_makers_have_five_components_of_different_cover(network: Network) -> None:
    makers = {
        site.site_id: [central(cover) for cover in site.cover.values()]
        for site in network.sites.values() if site.stage == "oem"
    }  # fmt: skip
    assert len([covers for covers in makers.values() if len(covers) >= 5 and len(set(covers)) >= 5]) >= 12


# --- India -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def halt() -> tuple[Trajectory, Trajectory]:
    """India's halt until every stock behind it has been renewed, and the same without it."""
    case = case_of("india_halt", 1200)
    run = simulate(case)
    return run, simulate(case.baseline())


def rate(run: Trajectory, lane: str, first: int = 0, last: int | None = None) -> float:
    """Return what a lane received over a window [tonne/year]."""
    return float(run.received[first:last, run.lanes.index(lane)].mean()) * DAYS_PER_YEAR


def test_the_halt_removes_vizag_and_no_other_supplier(
    network: Network, halt: tuple[Trajectory, Trajectory]
) -> None:
    run, baseline = halt
    assert (date(2025, 6, 13) - run.start).days == HALT_DAY
    (lane,) = [item.lane_id for item in network.lanes.values()
               if network.sites[item.supplier].country == "IN" and network.sites[item.buyer].country == "JP"
               and item.material == "ndpr_oxide"]  # fmt: skip
    assert network.lanes[lane].supplier == "toyotsu_vizag"
    assert rate(baseline, lane) == pytest.approx(170.0, rel=0.01)
    assert rate(run, lane, HALT_DAY + 22) == 0.0


def test_vizag_is_fed_with_a_thousand_tonnes_of_rare_earths(
    network: Network, halt: tuple[Trajectory, Trajectory]
) -> None:
    (feed,) = network.lanes_into("toyotsu_vizag")
    contents = sum(network.materials[feed.material].contents.values())
    assert rate(halt[1], feed.lane_id) * contents == pytest.approx(1000.0, rel=0.2)


def test_aluva_sells_into_stock_and_goes_on(network: Network, halt: tuple[Trajectory, Trajectory]) -> None:
    (sale,) = network.lanes_from("irel_aluva", "ndpr_oxide")
    assert network.lines_at(sale.buyer)[0].is_sink
    assert rate(halt[1], sale.lane_id) == pytest.approx(279.0, rel=0.02)
    assert rate(halt[0], sale.lane_id) == pytest.approx(rate(halt[1], sale.lane_id), rel=1e-9)


def test_japans_alloy_makers_are_balanced_with_and_without_india(
    network: Network, halt: tuple[Trajectory, Trajectory]
) -> None:
    run, baseline = halt
    lanes = [lane.lane_id for lane in network.lanes_into("japan_alloy", "ndpr_oxide")]
    before = sum(rate(baseline, lane) for lane in lanes)
    after = sum(rate(run, lane, 600) for lane in lanes)
    rates = {line.line_id: baseline.line_made[0, baseline.lines.index(line.line_id)] * DAYS_PER_YEAR
             for line in network.lines_at("japan_alloy")}  # fmt: skip
    made = sum(rates.values())
    assert made == pytest.approx(898.5, rel=0.02)
    oxide_per_metal = central(network.lines["japan_alloy_ndpr"].inputs["ndpr_oxide"])
    assert before == pytest.approx(rates["japan_alloy_ndpr"] * oxide_per_metal, rel=1e-9)
    assert before == pytest.approx(801.0, rel=0.02)
    assert after == pytest.approx(before, rel=1e-3)
    gains = {lane: rate(run, lane, 600) - rate(baseline, lane) for lane in lanes if "vizag" not in lane}
    assert sum(gains.values()) == pytest.approx(170.0, rel=0.02)
    from_china = sum(gain for lane, gain in gains.items()
                     if network.sites[network.lanes[lane].supplier].country == "CN")  # fmt: skip
    assert from_china > 0.4 * sum(gains.values())


# --- how long origin travels -----------------------------------------------------------------------


def indian(run: Trajectory, baseline: Trajectory, site: str) -> np.ndarray:
    """Return the share of a site's NdPr that India touched, as a share of the baseline's, per record."""
    column = run.touched_keys.index((site, "ndpr", "IN"))
    assert np.ptp(baseline.touched[:, column]) < 1e-9
    return run.touched[:, column] / baseline.touched[0, column]


def first_change(run: Trajectory, baseline: Trajectory, site: str) -> int:
    """Return the day of the first weekly record that differs from the baseline beyond float noise."""
    return int(run.touched_days[np.flatnonzero(np.abs(indian(run, baseline, site) - 1.0) > 1e-9)[0]])


def mean_day(run: Trajectory, baseline: Trajectory, site: str) -> float:
    """Return the mean day on which India's share left a site: the area under what is left of it."""
    left = indian(run, baseline, site)
    assert left[-1] < 0.01
    return float(np.trapezoid(left, run.touched_days))


def test_india_leaves_the_alloy_makers_stock_first(halt: tuple[Trajectory, Trajectory]) -> None:
    """The last shipment, of 2025-06-12, lands 22 days later: the record of 2025-07-09 differs first."""
    day = first_change(*halt, "japan_alloy")
    arrived = HALT_DAY + 22
    assert arrived <= day < arrived + WEEK
    assert day == 189


def test_the_first_trace_at_toyota_comes_after_the_alloy_makers_indian_stock(
    network: Network, halt: tuple[Trajectory, Trajectory]
) -> None:
    """Japan's alloy makers live on 60 days of Indian oxide until 2025-09-03; three lorries later it shows.

    Stocks further on are blends, which a first trace passes at once; each hop takes its three days.
    """
    cover = central(network.sites["japan_alloy"].cover["ndpr_oxide"])
    hops = ("japan_alloy__shin_etsu__ndpr_metal", "shin_etsu_to_tier1_jp_traction_motor_heavy",
            "tier1_jp_traction_motor_to_toyota_japan_traction_motor")  # fmt: skip
    transit = sum(transit_days(network, lane) for lane in hops)
    expected = HALT_DAY + 22 + cover + transit
    assert expected == 254
    day = first_change(*halt, "toyota_japan")
    assert expected <= day < expected + WEEK
    assert halt[0].start.toordinal() + day == date(2025, 9, 17).toordinal()
    assert day > first_change(*halt, "shin_etsu") > first_change(*halt, "japan_alloy")


def transit_days(network: Network, lane: str) -> float:
    """Return the normal days of a lane."""
    return sum(use.share * central(network.routes[use.route].days) for use in network.lanes[lane].routes)


def test_on_average_it_comes_later_by_the_stock_and_transit_days_between(
    network: Network, halt: tuple[Trajectory, Trajectory]
) -> None:
    """A blend delays its goods by its days of cover on average, so means lag by the days of the path.

    The days are those of the traced paths from India by the alloy makers to Toyota, without the part up to
    the alloy makers' stock, which leaves evenly over its 60 days and so half of it lies after the mean.
    """
    paths = report.trace(network, solve(network), "ndpr", minimum_tonnes_per_year=0.001)
    chosen = paths[
        (paths["oem"] == "toyota_japan")
        & (paths["origin"] == "irel_sands")
        & paths["path"].str.contains("toyotsu_vizag > japan_alloy")
    ]
    assert len(chosen) >= 5
    upstream = 0.0
    way = ("irel_sands", "toyotsu_vizag", "japan_alloy")
    for supplier, buyer in pairwise(way):
        (lane,) = [item for item in network.lanes_into(buyer) if item.supplier == supplier]
        upstream += transit_days(network, lane.lane_id)
        upstream += central(network.sites[buyer].cover[lane.material])
        upstream += central(network.sites[supplier].output_cover.get(lane.material, 0.0))
    between = float(np.average(chosen["days"] - upstream, weights=chosen["tonnes_per_year"]))
    assert 200.0 < between < 320.0
    expected = 0.5 * central(network.sites["japan_alloy"].cover["ndpr_oxide"]) + between
    run, baseline = halt
    lag = mean_day(run, baseline, "toyota_japan") - mean_day(run, baseline, "japan_alloy")
    assert lag == pytest.approx(expected, rel=0.05)


# --- dysprosium ------------------------------------------------------------------------------------


def test_every_path_of_dysprosium_is_printed_with_tonnes_and_days(network: Network) -> None:
    document = json.loads(call("show", "network", "--trace", "dysprosium", "--json").stdout)
    rows = document["rows"]
    flows = solve(network)
    heavy = sum(
        flow for lane, flow in flows.lane_flow.items()
        if network.lanes[lane].material == "magnet_heavy"
        and network.sites[network.lanes[lane].buyer].stage == "tier1"
    )  # fmt: skip
    content = network.materials["magnet_heavy"].contents["dysprosium"]
    in_goods = heavy * content * DAYS_PER_YEAR
    shown = sum(row["tonnes_per_year"] for row in rows)
    assert shown == pytest.approx(in_goods, rel=1e-6)
    assert len(rows) > 9000
    assert document["coverage"]["covered_share"] > 0.999
    every = report.trace(network, flows, "dysprosium", minimum_tonnes_per_year=0.0)
    pairs = {(row["origin"], row["oem"]) for row in rows}
    assert pairs == set(zip(every["origin"], every["oem"], strict=True))
    builders = {line.site for line in network.lines.values() if "magnet_heavy" in _used_below(network, line)}
    assert builders == {oem for _, oem in pairs}
    assert "suzuki_japan" in builders
    assert min(row["tonnes_per_year"] for row in rows) > 0.0
    for row in rows:
        assert row["days"] == pytest.approx(row["transit_days"] + row["stock_days"])
        assert row["transit_days"] >= len(row["path"].split(" > ")) - 1
        assert row["path"].startswith(row["origin"])
        assert row["path"].endswith(row["oem"])
    from_mines = [row for row in rows if row["origin_kind"] == "mine"]
    assert {"myanmar_kachin", "south_china_clays"} <= {row["origin"] for row in from_mines}
    assert all(len(row["path"].split(" > ")) >= 6 for row in from_mines)
    text = call("show", "network", "--trace", "dysprosium").stdout
    assert "myanmar_kachin > south_china_separation > china_heavy_metal" in text
    covered = re.search(r"between (\d+) pairs .* a year, ([\d.]+) % of the whole; left out", text)
    assert covered is not None
    assert int(covered[1]) == len(pairs)
    assert float(covered[2]) >= 99.9


def _used_below(network: Network, line: Line) -> set[str]:
    """Return the materials of the components of a builder's line that is no residual buyer."""
    if line.kind is not LineKind.BUILD or line.is_sink:
        return set()
    lanes = [lane for lane in network.lanes_into(line.site) if lane.material in line.inputs]
    makers = [item for lane in lanes for item in network.lines_at(lane.supplier)]
    parts = [item for item in makers if set(item.outputs) & set(line.inputs)]
    return {name for item in parts for name in item.inputs}


@pytest.fixture(scope="module")
def without_dysprosium() -> tuple[Trajectory, Trajectory]:
    """No lane anywhere carries dysprosium as oxide, metal, alloy or target."""
    case = case_of("baseline", 900)
    ban = ExportBan(id="no_dysprosium", start=date(2025, 2, 1), materials=("dysprosium",), domestic=True)
    run = simulate(replace(case, interventions=(ban,)))
    return run, simulate(case)


def users_of_heavy(network: Network) -> tuple[set[str], set[str]]:
    """Return the manufacturers' lines that have heavy magnets in a component, and those that have none."""
    flows, users, others = solve(network).lane_flow, set(), set()
    for line in oem_lines(network):
        record = network.lines[line]
        makers = [
            maker
            for component in record.inputs
            for lane in network.lanes_into(record.site, component) if flows[lane.lane_id] > 0.0
            for maker in network.lines_at(lane.supplier) if component in maker.outputs
        ]  # fmt: skip
        (users if any("magnet_heavy" in maker.inputs for maker in makers) else others).add(line)
    return users, others


def test_without_dysprosium_only_users_of_heavy_magnets_stop(
    network: Network, without_dysprosium: tuple[Trajectory, Trajectory]
) -> None:
    run, baseline = without_dysprosium
    users, others = users_of_heavy(network)
    assert len(users) >= 25
    assert len(others) >= 2
    columns = {line: run.lines.index(line) for line in oem_lines(network)}
    short = {
        line for line, i in columns.items() if (run.line_made[:, i] < 0.999 * run.line_planned[:, i]).any()
    }
    assert short == users
    for line in others:
        column = run.lines.index(line)
        np.testing.assert_allclose(run.line_made[:, column], baseline.line_made[:, column], rtol=1e-9)


def test_without_dysprosium_no_line_of_standard_magnets_lacks_an_input(
    network: Network, without_dysprosium: tuple[Trajectory, Trajectory]
) -> None:
    run, _ = without_dysprosium
    held_back = {
        line
        for i, line in enumerate(run.lines)
        if (run.line_limit[:, i] >= 0).any()
        and network.sites[network.lines[line].site].stage in ("magnet", "tier1")
    }
    assert held_back
    for line in held_back:
        inputs = set(network.lines[line].inputs)
        assert inputs & {"magnet_heavy", "dysprosium_metal", "dy_tb_diffusion_target"}, line


# --- where the figures come from ---------------------------------------------------------------------


def test_no_source_carries_the_network(network: Network) -> None:
    largest = report.largest_sources(network)
    assert float(largest["share"].max()) <= 0.05
    assert float(largest["share"].sum()) == pytest.approx(1.0)
    assert "derived" not in largest.index
    unmarked = [path for path, figure in network.figures.items()
                if figure.source_id == "derived" and not figure.derived_from]  # fmt: skip
    assert not unmarked


def test_coverage_is_printed_by_stage(network: Network) -> None:
    rows = json.loads(call("sources", "--coverage", "--json").stdout)["rows"]
    by_stage = {row["stage"]: row for row in rows}
    assert {"mining", "separation", "metal", "magnet", "tier1", "oem", "routes", "all"} <= set(by_stage)
    for row in rows:
        assert row["rows"] == row["published"] + row["derived"] + row["assumption"]
        assert row["assumption_share"] == pytest.approx(row["assumption"] / row["rows"])
    assert by_stage["all"]["rows"] == sum(row["rows"] for row in rows if row["stage"] != "all")
    counted = Counter((figure.file, figure.line) for figure in network.figures.values())
    assert by_stage["all"]["rows"] == len(counted)
    assert "assumption share" in call("sources", "--coverage").stdout


# --- the same commands on another network --------------------------------------------------------------


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_network.write(tmp_path_factory.mktemp("tables") / "second")


@pytest.fixture
def scenario(second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "no_green.yaml"
    path.write_text(
        f"""title: No greenstone leaves the west
question: Who stops when no greenstone crosses a border?
network: {second}
start: 2025-01-01
horizon: 400 d
sources: [made_up]
interventions:
  - id: cut
    kind: export_ban
    materials: [green]
    domestic: true
    start: 2025-03-01
must_hold:
  - static <= pipeline <= realised
  - some oem stops
""",
        encoding="utf-8",
    )
    return path


def test_another_network_is_shown_and_traced(second: Path) -> None:
    rows = json.loads(call("show", "network", "--network", str(second), "--json").stdout)["rows"]
    assert len({row["site"] for row in rows}) >= 30
    for element in ("green", "blue"):
        found = call("show", "network", "--network", str(second), "--trace", element, "--json")
        paths = json.loads(found.stdout)["rows"]
        assert {row["oem"] for row in paths} == set(second_network.MAKERS)
        assert sum(row["tonnes_per_year"] for row in paths) > 0.0


def test_another_network_is_validated_run_and_sourced(second: Path, scenario: Path) -> None:
    call("validate", str(scenario))
    document = json.loads(call("run", str(scenario), "--json", "--no-plot").stdout)
    stopped = [site["site"] for site in document["sites"] if site["line_stop_date"]]
    assert stopped
    assert set(stopped) <= set(second_network.MAKERS)
    assert document["mass_balance_max_relative_error"] < 1e-9
    coverage = json.loads(call("sources", str(second), "--coverage", "--json").stdout)
    assert coverage["rows"][-1]["stage"] == "all"


def test_the_second_network_is_large_and_shares_no_name(network: Network, second: Path) -> None:
    from sim.data import load_network

    other = load_network(second)
    assert len(other.sites) >= 40
    assert not set(other.sites) & set(network.sites)
    assert not set(other.materials) & set(network.materials)
    assert {line.kind for line in other.lines.values()} >= {LineKind.MINE, LineKind.PLANT, LineKind.BUILD}
