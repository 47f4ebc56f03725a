"""The tables of a network: what loads, and what each mistake is told."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sim import data
from sim.data.schema import TABLES
from sim.data.tables import table_of
from sim.domain import Distribution, Lane, LaneRoute, LineKind
from sim.errors import DataError, Problem
from sim.steady.report import largest_sources, sources_coverage
from tests.fixtures import second_network

FIVE_SITES = Path(__file__).resolve().parents[2] / "docs" / "five_sites"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIVE_SITES, tmp_path / "five_sites"))


def edit(folder: Path, table: str, old: str, new: str) -> None:
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {table}.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        data.load_network(folder)
    return caught.value.problems


def line_of(folder: Path, table: str, start: str) -> int:
    lines = (folder / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if text.startswith(start))


def test_quantities_are_in_tonnes_units_and_days() -> None:
    network = data.load_network(FIVE_SITES)
    assert network.lines["hill_pit"].plan_per_day == pytest.approx(3000 / 365)
    assert network.lines["nagoya_line"].plan_per_day == pytest.approx(1000)
    assert network.lines["nagoya_line"].inputs["magnet_heavy"] == pytest.approx(0.0025)
    assert network.sites["bay_alloy"].review_period_days == 7
    assert network.lines["port_circuit"].drivers == ("neodymium_oxide", "dysprosium_oxide")
    assert network.lines["port_circuit"].surplus == {"dysprosium_oxide": "store"}
    assert network.lanes["bay_to_echizen"].routes == (
        LaneRoute("bay_japan_sea", 1.0), LaneRoute("bay_japan_air", 0.0),
    )  # fmt: skip


def test_every_figure_knows_where_it_stands() -> None:
    network = data.load_network(FIVE_SITES)
    figure = network.figures["sites.nagoya_cars.cover.magnet_heavy"]
    assert (figure.value, figure.unit, figure.source_id, figure.low) == (45.0, "d", "A_stocks", 14.0)
    assert (figure.file, figure.line) == ("stocks.csv", line_of(FIVE_SITES, "stocks", "nagoya_cars"))
    for path in ("lines.hill_pit.plan", "routes.japan_truck.days", "lanes.hill_to_port.sourcing_share",
                 "materials.magnet_alloy.contents.dysprosium", "sites.hill_mine.latitude"):  # fmt: skip
        assert network.figures[path].line > 1


def test_a_table_may_be_split_into_parts(folder: Path) -> None:
    whole = data.load_network(folder)
    text = (folder / "sites.csv").read_text(encoding="utf-8").splitlines()
    (folder / "sites.csv").write_text("\n".join(text[:3]), encoding="utf-8")
    (folder / "sites_downstream.csv").write_text("\n".join([text[0], *text[3:]]), encoding="utf-8")
    assert data.load_network(folder).sites == whole.sites


def test_the_longest_table_name_owns_a_part() -> None:
    assert table_of("site_figures_downstream") == "site_figures"
    assert table_of("lines") == "lines"
    assert table_of("line_figures") == "line_figures"
    assert table_of("notes") == ""


# fmt: off
MISTAKES: list[tuple[str, str, str, str, str, str]] = [
    # table, old, new, words in the message, hint, start of the line it stands in
    ("stocks", "input,45,14,90,d,A_stocks", "input,45,14,90,,A_stocks", "unit is empty", "", "nagoya_cars"),
    ("stocks", "input,45,14,90,d,A_stocks", "input,45,14,90,d,", "source_id is empty", "", "nagoya_cars"),
    ("stocks", "input,45,14,90,d,A_stocks", "input,,14,90,d,A_stocks", "value is empty", "", "nagoya_cars"),
    ("stocks", "input,45,14,90,d,A_stocks", "input,many,14,90,d,A_stocks", "not a number", "", "nagoya_cars"),
    ("stocks", "input,45,14,90,d,A_stocks", "input,-45,,,d,A_stocks", "-45 is negative", "", "nagoya_cars"),
    ("stocks", "input,45,14,90,d", "input,145,14,90,d", "lies outside its range", "", "nagoya_cars"),
    ("stocks", "input,45,14,90,d", "input,45,14,90,t/yr", "'t/yr' cannot stand here", "", "nagoya_cars"),
    ("stocks", "input,45,14,90,d,A_stocks", "input,45,14,90,d,A_stoks", "source 'A_stoks' is not known",
     "did you mean A_stocks?", "nagoya_cars"),
    ("stocks", "nagoya_cars,", "nagoya_car,", "site 'nagoya_car' is not known", "did you mean nagoya_cars?",
     "nagoya_car,"),
    ("lines", "hill_mine,mine", "hill_mine,min", "kind 'min' is not known", "did you mean mine?", "hill_pit"),
    ("lines", "neodymium_oxide dysprosium_oxide", "neodymium_oxid", "driver 'neodymium_oxid' is not known",
     "did you mean neodymium_oxide?", "port_circuit"),
    ("sites", "Bay alloy works,VN", "Bay alloy works,VM", "country 'VM' is not known", "did you mean",
     "bay_alloy"),
    ("sites", "20.8,106.7,degree", "120.8,106.7,degree", "latitude 120.8 lies outside", "", "bay_alloy"),
    ("sites", "20.8,106.7,degree", "20.8,106.7,", "unit is empty", "", "bay_alloy"),
    ("sites", ",separation,,,A_example", ",separation,,,", "source_id is empty", "", "port_separation"),
    ("site_figures", "review_period,7", "review_period,7.5", "not a whole number", "", "bay_alloy"),
    ("site_figures", "patience", "pacience", "attribute 'pacience' is not known", "did you mean patience?",
     "nagoya_cars"),
    ("line_figures", "hill_pit,capacity,4000,3600", "hill_pit,capacity,0,0", "plan but zero capacity",
     "", "hill_pit"),
    ("line_figures", "365000,330000,400000,unit/yr", "365000,330000,400000,t/yr",
     "does not measure nagoya_line", "", "nagoya_line"),
    ("recipes", "5.6,5.2,6.2,t/t", "3.6,,,t/t", "creates neodymium", "raise the input", ""),
    ("recipes", "2.5,1.5,3,kg/unit", "2.5,1.5,3,t/t", "does not measure tonne of magnet_heavy per unit",
     "", "nagoya_line"),
    ("recipes", "magnet_alloy,1,,,t/t", "magnet_alloy,2,,,t/t", "per unit of it, so this is 1", "",
     "bay_furnace"),
    ("recipes", "recipes", "recipes", "", "", ""),
    ("contents", "neodymium,0.20,0.18,0.22", "neodymium,1.2,0.18,1.22", "more than the whole", "",
     "ore_conc"),
    ("lanes", "1,1,1,share", "0.9,0.9,1,share", "at port_separation sum to 0.9, not 1", "lanes: hill_to_port",
     "hill_to_port"),
    ("lanes", "bay_japan", "bay_japn", "corridor 'bay_japn' is not known", "did you mean bay_japan?",
     "bay_to_ech"),
    ("lanes", "hill_to_port,hill_mine", "hill_to_port,bay_alloy", "bay_alloy makes no ore_concentrate", "",
     "hill_to_port"),
    ("lanes", "nagoya_cars,magnet_heavy", "hill_mine,magnet_heavy", "no lane brings it to nagoya_cars",
     "add a row to lanes.csv", ""),
    ("route_figures", "days,7,5,10", "days,0.5,0.5,10", "days 0.5 is less than 1", "", "port_bay_sea"),
    ("route_figures", "port_bay_sea,days", "port_bay_sea,cost", "route port_bay_sea has no days",
     "add a row to route_figures.csv", ""),
    ("routes", "sea,MY VN", "sea,MY VV", "country 'VV' is not known", "", "port_bay_sea"),
    ("corridors", "japan_truck,1,1,1", "japan_truck,0.8,0.8,1",
     "shares of corridor japan_road sum to 0.8", "",
     "japan_road"),
    ("stocks", "output,20,10,45", "output,5,1,45", "reviews every 7 d", "at least 7 d", ""),
    ("assumptions", "A_ore,", "B_ore,", "does not begin with A_", "", "B_ore"),
    ("assumptions", "A_example,The network is invented", "A_example,", "statement is empty", "", ""),
    ("countries", "VN,Vietnam", "vn,Vietnam", "not an ISO 3166 code", "did you mean VN?", "vn"),
    ("network", "neodymium dysprosium", "neodymium", "element 'dysprosium' is not known", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "old", "new", "message", "hint", "start"),
    [item for item in MISTAKES if item[3]],
    ids=[f"{item[0]}: {item[3]}" for item in MISTAKES if item[3]],
)
def test_a_mistake_is_told_with_file_and_line(
    folder: Path, table: str, old: str, new: str, message: str, hint: str, start: str
) -> None:
    edit(folder, table, old, new)
    found = [problem for problem in problems_of(folder) if message in problem.message]
    assert found, [str(problem) for problem in problems_of(folder)]
    assert hint in found[0].hint
    assert found[0].path.endswith(".csv")
    if start:
        assert Path(found[0].path).name == f"{table}.csv"
        text = Path(found[0].path).read_text(encoding="utf-8").splitlines()
        assert found[0].line is not None
        assert text[found[0].line - 1].startswith(start)


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    edit(folder, "stocks", "input,45,14,90,d,A_stocks", "input,45,14,90,,A_stocks")
    edit(folder, "lines", "hill_mine,mine", "hill_mine,min")
    edit(folder, "countries", "VN,Vietnam", "vn,Vietnam")
    names = {Path(problem.path).name for problem in problems_of(folder)}
    assert {"stocks.csv", "lines.csv", "countries.csv"} <= names


def test_a_row_that_stands_twice_names_the_first(folder: Path) -> None:
    with (folder / "routes.csv").open("a", encoding="utf-8") as file:
        file.write("japan_truck,Again,road,JP\n")
    found = problems_of(folder)
    assert "japan_truck stands twice" in found[0].message
    assert found[0].hint == f"first at routes.csv:{line_of(folder, 'routes', 'japan_truck')}"


def test_norway_is_a_country(folder: Path) -> None:
    edit(folder, "countries", "AU,Australia", "NO,Norway")
    for table in ("sites", "routes", "network"):
        path = folder / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8").replace("AU", "NO"), encoding="utf-8")
    assert data.load_network(folder).sites["hill_mine"].country == "NO"


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("", encoding="utf-8"), "is empty"),
        (lambda path: path.write_bytes(b"\x00\x01\xff\xfe"), "cannot be read as UTF-8"),
        (lambda path: path.write_text("site;name\n", encoding="utf-8"), "column 'site;name' is not known"),
        (lambda path: path.unlink(), "table sites.csv is missing"),
    ],
    ids=["empty", "binary", "wrong separator", "missing"],
)
def test_a_file_that_is_no_table_is_told(folder: Path, write: Callable[[Path], object], message: str) -> None:
    write(folder / "sites.csv")
    assert any(message in problem.message for problem in problems_of(folder))


def test_a_file_that_is_not_asked_for_is_told(folder: Path) -> None:
    (folder / "sitez.csv").write_text("site\n", encoding="utf-8")
    found = problems_of(folder)
    assert "sitez.csv is not a table" in found[0].message
    assert found[0].hint == "did you mean sites?"


def test_an_unknown_network_is_told_with_the_nearest_name() -> None:
    with pytest.raises(DataError) as caught:
        data.load_network("rare_earth_2024")
    assert caught.value.problems[0].hint == "did you mean rare_earths_2024?"
    with pytest.raises(DataError, match="is a file, not a folder"):
        data.load_network(FIVE_SITES / "sites.csv")


def test_setting_cover_scales_the_other_components() -> None:
    network = data.load_network(FIVE_SITES)
    before = network.sites["bay_alloy"].cover
    assert before == {"dysprosium_oxide": 60.0, "neodymium_oxide": 30.0}
    after = data.with_numbers(network, {"sites.bay_alloy.cover": 45.0})
    assert after.sites["bay_alloy"].cover == {"dysprosium_oxide": 90.0, "neodymium_oxide": 45.0}
    one = data.with_numbers(network, {"sites.bay_alloy.cover.neodymium_oxide": 5.0})
    assert one.sites["bay_alloy"].cover == {"dysprosium_oxide": 60.0, "neodymium_oxide": 5.0}
    assert data.get_number(one, "sites.bay_alloy.cover") == 5.0
    assert network.sites["bay_alloy"].cover == before


def test_every_path_can_be_read_and_set(tmp_path: Path) -> None:
    network = data.load_network(second_network.write(tmp_path / "second"))
    paths = data.all_paths(network)
    assert len(paths) > 1000
    for path in paths:
        assert data.path_unit(network, path)
        number = data.get_number(network, path)
        if number is not None and not isinstance(number, Distribution):
            assert data.get_number(data.with_numbers(network, {path: number}), path) == number


def test_a_share_that_is_set_leaves_the_rest_to_the_others(tmp_path: Path) -> None:
    network = data.load_network(second_network.write(tmp_path / "second"))
    changed = data.with_numbers(network, {"lanes.wash_bb__melt_bb__blue_powder.sourcing_share": 0.4})
    shares = {lane.supplier: lane.sourcing_share for lane in changed.lanes_into("melt_bb")}
    assert shares == pytest.approx({"wash_bb": 0.4, "wash_aa": 0.45, "rework": 0.15})
    with pytest.raises(DataError, match=r"sum to 2, not 1"):
        data.with_numbers(
            network,
            {f"lanes.{name}__grind_aa__blue_bar.sourcing_share": 1.0 for name in ("melt_aa", "melt_cc")},
        )


@pytest.mark.parametrize(
    ("path", "value", "message", "hint"),
    [
        ("sites.nagoya_car.cover", 1.0, "sites 'nagoya_car' is not known", "did you mean nagoya_cars?"),
        ("sites.nagoya_cars.covr", 1.0, "no figure 'covr'", "did you mean cover?"),
        ("site.nagoya_cars.cover", 1.0, "path 'site.nagoya_cars.cover' is not known", "did you mean sites?"),
        ("routes.japan_truck.days", 0.0, "is at least 1 d", ""),
        ("sites.nagoya_cars.cover", -1.0, "cannot be -1", ""),
        ("sites.nagoya_cars.retained_share", 2.0, "share between 0 and 1", ""),
        ("sites.nagoya_cars.patience", Distribution("exponential", {"mean": 3.0}), "not a distribution",
         "put the distribution under uncertain"),
    ],
)  # fmt: skip
def test_a_path_that_cannot_be_set_is_told(path: str, value: float, message: str, hint: str) -> None:
    network = data.load_network(FIVE_SITES)
    with pytest.raises(DataError) as caught:
        data.with_numbers(network, {path: value})
    assert message in caught.value.problems[0].message
    assert hint in caught.value.problems[0].hint


def test_words_flags_and_records_can_be_replaced() -> None:
    network = data.load_network(FIVE_SITES)
    changed = data.with_values(
        network, {"sites.hill_mine.allocation": "domestic_first", "lines.hill_pit.dormant": True}
    )
    assert changed.sites["hill_mine"].allocation == "domestic_first"
    assert changed.lines["hill_pit"].dormant
    with pytest.raises(DataError) as caught:
        data.with_values(network, {"sites.hill_mine.allocation": "domestic_firs"})
    assert caught.value.problems[0].hint == "did you mean domestic_first?"
    lane = Lane("second", "hill_mine", "port_separation", "ore_concentrate", (), sourcing_share=0.0)
    assert data.with_lanes(network, [lane]).lanes["second"] is lane
    assert "second" not in network.lanes


def test_the_document_of_a_network_gives_every_number_its_origin() -> None:
    network = data.load_network(FIVE_SITES)
    entry = data.network_document(network)["routes.hill_port_sea.days"]
    assert (entry["value"], entry["unit"], entry["source_id"]) == (24.0, "d", "A_transit")
    assert set(data.network_document(network)) == set(data.all_paths(network))


def test_the_page_on_own_networks_runs_as_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FIVE_SITES.parents[1])
    page = (FIVE_SITES.parent / "own_network.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    refusal = re.findall(r"```text\n(.*?)```", page, re.DOTALL)[0]
    assert refusal in capsys.readouterr().out


class TestReferenceNetwork:
    """The tables that come with the package."""

    def test_it_loads_in_a_moment(self) -> None:
        data.load_network("rare_earths_2024")
        start = time.perf_counter()
        data.load_network("rare_earths_2024")
        assert time.perf_counter() - start < 1.0

    def test_every_figure_has_unit_and_source(self) -> None:
        network = data.load_network("rare_earths_2024")
        assert len(network.figures) > 2000
        assert all(figure.unit and figure.source_id for figure in network.figures.values())

    def test_it_keeps_within_its_bounds(self) -> None:
        network = data.load_network("rare_earths_2024")
        assert len(network.lanes) <= 600
        makers = [
            line
            for line in network.lines.values()
            if line.kind is LineKind.BUILD
            and network.sites[line.site].stage == "oem"
            and len(line.inputs) >= 5
            and len({network.sites[line.site].cover[name] for name in line.inputs}) >= 5
        ]
        assert len(makers) >= 12

    def test_the_named_makers_are_there(self) -> None:
        network = data.load_network("rare_earths_2024")
        named = {f"{name}_{where}" for name in ("toyota", "honda", "nissan", "suzuki")
                 for where in ("japan", "overseas")}  # fmt: skip
        named |= {"hyundai_kia", "byd", "tesla_us", "tesla_shanghai", "volkswagen", "bmw", "ford", "gm",
                  "us_defence", "sony", "samsung"}  # fmt: skip
        assert named <= set(network.sites)
        assert all(network.sites[name].stage == "oem" for name in named)

    def test_no_source_and_no_assumption_carries_much(self) -> None:
        network = data.load_network("rare_earths_2024")
        largest = largest_sources(network)
        assert largest["share"].sum() == pytest.approx(1.0)
        assert largest.iloc[0]["share"] <= 0.05
        coverage = sources_coverage(network)
        assert coverage.attrs["largest_source_share"] == largest.iloc[0]["share"]
        assert coverage.loc["all", "rows"] == coverage.drop("all")["rows"].sum()

    def test_the_tables_are_the_documented_ones(self) -> None:
        folder = data.find_folder("rare_earths_2024")
        names = {table_of(path.stem) for path in folder.glob("*.csv")} - {""}
        assert names <= set(TABLES)
        assert {"claims", "beliefs"} <= names


def test_every_ordering_policy_says_what_it_needs() -> None:
    from sim.data.schema import ORDERING, ORDERING_NEEDS
    from sim.engine.compile import POLICIES

    assert set(ORDERING_NEEDS) == set(ORDERING)
    assert {name: tuple(filter(None, rest)) for name, (_, *rest) in POLICIES.items()} == dict(ORDERING_NEEDS)
