"""Day zero: exact balances, targets kept where they can be, refusal with names."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from sim import data
from sim.domain import LineKind, Network, central
from sim.errors import DataError
from sim.steady import SteadyFlows, solve
from sim.steady.polish import polish
from sim.steady.report import mass_balance, sourcing, trace
from tests.fixtures import second_network

FIVE_SITES = Path(__file__).resolve().parents[2] / "docs" / "five_sites"


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return data.load_network(second_network.write(tmp_path_factory.mktemp("second")))


@pytest.fixture(scope="module")
def reference() -> Network:
    return data.load_network("rare_earths_2024")


@pytest.fixture(scope="module")
def reference_flows(reference: Network) -> SteadyFlows:
    return solve(reference)


def worst_imbalance(network: Network, flows: SteadyFlows) -> float:
    """Return the largest |in - out| over throughput of all balances, written without the solver."""
    arrives: dict[tuple[str, str], float] = defaultdict(float)
    leaves: dict[tuple[str, str], float] = defaultdict(float)
    used: dict[tuple[str, str], float] = defaultdict(float)
    made: dict[tuple[str, str], float] = defaultdict(float)
    sold = {(lane.supplier, lane.material) for lane in network.lanes.values()}
    for name, lane in network.lanes.items():
        arrives[lane.buyer, lane.material] += flows.lane_flow[name]
        leaves[lane.supplier, lane.material] += flows.lane_flow[name]
    for place, amount in flows.surplus.items():
        leaves[place] += amount
    for name, line in network.lines.items():
        for material, quantity in line.inputs.items():
            used[line.site, material] += central(quantity) * flows.line_rate[name]
        for material, quantity in line.outputs.items():
            if (line.site, material) in sold or line.kind is not LineKind.BUILD:
                made[line.site, material] += central(quantity) * flows.line_rate[name]
    pairs = [(arrives[place], used[place]) for place in {*arrives, *used}]
    pairs += [(made[place], leaves[place]) for place in {*made, *leaves}]
    return max(abs(one - other) / max(one, other) for one, other in pairs if max(one, other) > 0)


def test_five_sites_by_hand() -> None:
    network = data.load_network(FIVE_SITES)
    flows = solve(network)
    magnets = 1000 * 0.0025
    alloy = magnets * 1.35
    oxide = alloy * 0.36
    assert flows.line_rate["nagoya_line"] == pytest.approx(1000, rel=1e-13)
    assert flows.lane_flow["bay_to_echizen"] == pytest.approx(alloy, rel=1e-13)
    assert flows.line_rate["port_circuit"] == pytest.approx(oxide, rel=1e-13)
    assert flows.line_rate["hill_pit"] == pytest.approx(oxide * 5.6, rel=1e-13)
    surplus = oxide * 0.02 - alloy * 0.006
    assert flows.surplus == {("port_separation", "dysprosium_oxide"): pytest.approx(surplus, rel=1e-12)}
    assert flows.plan_deviation["hill_pit"] == pytest.approx(oxide * 5.6 * 365 / 3000 - 1)


def test_the_second_network_is_large_and_balances(second: Network) -> None:
    assert len(second.sites) >= 40
    flows = solve(second)
    assert worst_imbalance(second, flows) < 1e-12
    for name in second_network.MAKERS:
        assert flows.line_rate[f"{name}_line"] == second.lines[f"{name}_line"].plan_per_day
    assert all(rate >= 0 for rate in flows.line_rate.values())
    assert all(flow >= 0 for flow in flows.lane_flow.values())
    halls: dict[str, float] = defaultdict(float)
    for name, line in second.lines.items():
        if line.nameplate:
            halls[line.site] += flows.line_rate[name]
    assert max(halls.values()) <= 30_000 / 365 * (1 + 1e-12)


def test_pushed_goods_are_all_used_or_in_a_ledger(second: Network) -> None:
    flows = solve(second)
    chips = sum(flow for name, flow in flows.lane_flow.items() if name.endswith("__rework__chips"))
    assert chips == pytest.approx(flows.line_rate["rework_line"] * 4.4, rel=1e-12)
    made = sum(
        central(line.outputs["chips"]) * flows.line_rate[name]
        for name, line in second.lines.items()
        if "chips" in line.outputs
    )
    lost = sum(amount for (_, material), amount in flows.surplus.items() if material == "chips")
    assert lost > 0
    assert made == pytest.approx(chips + lost, rel=1e-12)


def test_an_alternative_carries_nothing(second: Network) -> None:
    flows = solve(second)
    idle = [name for name, lane in second.lanes.items() if lane.sourcing_share == 0]
    assert idle
    assert all(flows.lane_flow[name] == 0.0 for name in idle)


def test_solved_shares_sum_to_one(second: Network) -> None:
    table = sourcing(second, solve(second))
    ordered = table[~table["is_pushed"]]
    assert np.allclose(ordered.groupby(["buyer", "material"])["solved_share"].sum(), 1.0, rtol=0, atol=1e-12)


def test_the_order_of_rows_changes_no_bit(tmp_path: Path) -> None:
    folder = second_network.write(tmp_path / "second")
    before = solve(data.load_network(folder))
    shuffler = random.Random(7)
    for path in folder.glob("*.csv"):
        if path.stem == "corridors":
            continue  # the order of a corridor's rows says which fallback comes first
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        shuffler.shuffle(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    after = solve(data.load_network(folder))
    assert after.line_rate == before.line_rate
    assert after.lane_flow == before.lane_flow
    assert after.surplus == before.surplus


def test_a_network_that_cannot_carry_its_demand_names_the_site() -> None:
    network = data.load_network(FIVE_SITES)
    starved = data.with_numbers(network, {"lines.port_circuit.capacity": 300 / 365})
    with pytest.raises(DataError) as caught:
        solve(starved)
    (problem,) = caught.value.problems
    assert problem.message == (
        "port_separation is overloaded: line port_circuit would need 443.5 t/yr and makes at most 300 t/yr"
    )


def test_a_demand_that_nobody_can_make_names_the_buyer(second: Network) -> None:
    closed = data.with_values(second, {f"lines.melt_{name}_line.dormant": True for name in ("aa", "cc")})
    assert solve(closed).lane_flow["melt_aa__grind_aa__blue_bar"] == 0.0
    for name in ("bb", "dd", "ee"):
        closed = data.with_values(closed, {f"lines.melt_{name}_line.dormant": True})
    with pytest.raises(DataError, match=r"melt_\w+ is asked for more|grind_\w+ lacks|blue_bar"):
        solve(closed)


def test_a_shared_nameplate_is_named_when_it_is_full(second: Network) -> None:
    small = data.with_numbers(second, {f"sites.grind_{name}.nameplates.hall": 5.0 for name in
                                       ("aa", "bb", "cc", "dd", "ee")})  # fmt: skip
    with pytest.raises(DataError, match="nameplate hall would need"):
        solve(small)


def test_a_pin_holds_exactly(second: Network) -> None:
    flows = solve(second, pins={"paint_line": 2.0})
    assert flows.line_rate["paint_line"] == 2.0
    assert worst_imbalance(second, flows) < 1e-12


def test_the_polish_closes_a_balance_with_the_smallest_relative_change() -> None:
    from scipy.sparse import csr_matrix

    matrix = csr_matrix(np.array([[1.0, 1.0, -1.0]]))
    flow, error = polish(matrix, np.array([1.0, 3.0, 4.4]), np.array([True, True, False]))
    assert error < 1e-14
    # Lagrange: changes are in proportion to the squares of the flows, 1 to 9.
    assert flow == pytest.approx([1.04, 3.36, 4.4])


def test_the_mass_balance_adds_up(second: Network) -> None:
    balance = mass_balance(second, solve(second))
    mines = balance[balance["stage"] == "mining"]
    assert mines["world_share"].sum() == pytest.approx(1.0)
    assert (balance["utilisation"].dropna() <= 1 + 1e-9).all()
    assert balance.attrs["units"]["utilisation"] == "share"


def test_a_trace_finds_every_gram(second: Network) -> None:
    flows = solve(second)
    paths = trace(second, flows, "green", minimum_tonnes_per_year=0.0)
    rotors = sum(second.lines[f"{name}_line"].plan_per_day or 0.0 for name in second_network.MAKERS)
    assert paths["tonnes_per_year"].sum() == pytest.approx(rotors * 365 * 0.0012 * 0.03)
    assert (paths["origin_kind"] == "mine").all()
    assert (paths["days"] == paths["transit_days"] + paths["stock_days"]).all()
    with pytest.raises(DataError) as caught:
        trace(second, flows, "gren")
    assert caught.value.problems[0].hint == "did you mean green?"


def test_the_days_of_a_path_are_its_lanes_and_stocks() -> None:
    network = data.load_network(FIVE_SITES)
    (path,) = trace(network, solve(network), "dysprosium").to_dict("records")
    assert path["path"] == "hill_mine > port_separation > bay_alloy > echizen_magnets > nagoya_cars"
    assert path["transit_days"] == 24 + 7 + 10 + 2
    assert path["stock_days"] == 30 + 30 + 20 + 60 + 10 + 30 + 10 + 45


class TestReferenceNetwork:
    """Day zero of the tables that come with the package."""

    def test_every_maker_builds_its_plan(self, reference: Network, reference_flows: SteadyFlows) -> None:
        builders = [line for line in reference.lines.values() if line.kind is LineKind.BUILD]
        makers = [line for line in builders if not line.is_sink]
        assert len(makers) > 20
        for line in makers:
            assert reference_flows.line_rate[line.line_id] == central(line.plan_per_day or 0.0)

    def test_balances_are_exact(self, reference: Network, reference_flows: SteadyFlows) -> None:
        assert worst_imbalance(reference, reference_flows) < 1e-12

    def test_no_line_is_overloaded(self, reference: Network, reference_flows: SteadyFlows) -> None:
        balance = mass_balance(reference, reference_flows)
        assert (balance["utilisation"].dropna() <= 1 + 1e-9).all()

    def test_dysprosium_has_its_paths(self, reference: Network, reference_flows: SteadyFlows) -> None:
        paths = trace(reference, reference_flows, "dysprosium")
        assert {"myanmar_kachin", "south_china_clays"} <= set(paths["origin"])
        assert "toyota_japan" in set(paths["oem"])
        assert paths.attrs["covered_share"] > 0.9

    def test_magnets_leave_china_for_where_customs_saw_them(
        self, reference: Network, reference_flows: SteadyFlows
    ) -> None:
        folder = data.find_folder("rare_earths_2024")
        with (folder / "destination_levels_2024.csv").open(encoding="utf-8") as file:
            levels = list(csv.DictReader(file))
        tonnes: dict[str, float] = defaultdict(float)
        for name, lane in reference.lanes.items():
            ends = [reference.sites[end] for end in (lane.supplier, lane.buyer)]
            is_magnet = reference.materials[lane.material].form == "magnet"
            if is_magnet and ends[0].country == "CN" != ends[1].country:
                tonnes[ends[1].country] += reference_flows.lane_flow[name] * 365
        codes = {"United States": "US", "Germany": "DE", "Korea": "KR", "Vietnam": "VN", "Japan": "JP"}
        for row in levels:
            if row["destination"] in codes:
                assert float(row["low"]) <= tonnes[codes[row["destination"]]] <= float(row["high"]), row
        assert sum(tonnes.values()) == pytest.approx(58_152, rel=1e-3)


@pytest.mark.parametrize(
    "line",
    [
        "baotou_bayan_obo",
        "south_china_separation_myanmar",
        "china_metal_ndpr",
        "tier1_cn_traction_motor_line",
    ],
)
def test_the_choked_plant_is_named_and_not_those_that_would_have_to_help_out(line: str) -> None:
    network = data.load_network("rare_earths_2024")
    choked = data.with_numbers(network, {f"lines.{line}.capacity": 500.0 / 365.0})
    with pytest.raises(DataError, match=f"line {line} would need") as caught:
        solve(choked)
    named = {problem.key for problem in caught.value.problems}
    assert named == {f"lines.{line}.capacity"}
