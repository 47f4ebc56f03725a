"""The initial state from a table and from YAML: what is read, what is drawn, and what is refused where."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from sim.data import load_network
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.state_table import COLUMNS, cells_of
from sim.scenario.state_template import template

HEADER = ",".join(COLUMNS) + "\n"
SCENARIO = """\
title: T
question: Q?
network: rare_earths_2009
start: 2010-07-01
horizon: 60 d
initial_state: {state}
interventions:
  - {{id: rule, kind: export_licence, by: China, materials: [oxide], start: 2010-06-01, processing: 30 d,
      validity: 90 d}}
  - {{id: later, kind: export_licence, by: China, materials: [metal], start: 2010-08-01}}
"""
LANE = "south_china_separation__japan_phosphors__yttrium_oxide"


def scenario(folder: Path, rows: str, header: str = HEADER, state: str = "stocks.csv") -> Path:
    (folder / "stocks.csv").write_text(header + rows, encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(SCENARIO.format(state=state), encoding="utf-8")
    return path


def row(item: str, **cells: str) -> str:
    values = {"item": item} | {{"from_": "from"}.get(key, key): text for key, text in cells.items()}
    return ",".join(values.get(name, "") for name in COLUMNS) + "\n"


def test_rows_become_stocks_goods_licences_and_rules(tmp_path: Path) -> None:
    rows = (
        row("stock", site="japan_phosphors", material="yttrium_oxide", quantity="250", unit="t")
        + row("at_sea", lane=LANE, quantity="20000", unit="kg", date="2010-07-05")
        + row("at_sea", lane=LANE, quantity="5", unit="t", date="2010-07-03")
        + row("licence_granted", lane=LANE, quantity="50", unit="t", date="2010-06-20", rule="rule")
        + row("licence_applied", from_="China", to="Japan", material="cerium_oxide", low="100", high="300",
              unit="t", date="2010-06-11")
        + row("rule", rule="rule") + row("rule", rule="actual_export_quotas")
    )  # fmt: skip
    case = load(scenario(tmp_path, rows), strict=True).case
    state = case.initial_state
    assert state.on_hand == {("japan_phosphors", "yttrium_oxide"): 250.0}
    assert state.in_transit == {LANE: ((4, 20.0), (2, 5.0))}
    one, two = state.licences
    assert (one.rule, one.lanes, one.quantity, one.is_granted, one.day, one.until) == (
        "rule", (LANE,), 50.0, True, -11, 79,
    )  # fmt: skip
    assert (two.rule, two.quantity, two.is_granted, two.day, two.until) == ("rule", 200.0, False, -20, None)
    assert len(two.lanes) == 2
    assert case.background == {"rule", "actual_export_quotas"}
    assert {item.id for item in case.interventions} == {"rule", "later", "actual_export_quotas"}
    assert "initial_state.licences.1" in {item.path for item in case.uncertain}
    run = simulate(case, 3)
    assert max(run.balance.values(), default=0.0) < 1e-9


def test_a_range_is_drawn_once_per_replication_for_run_and_baseline(tmp_path: Path) -> None:
    rows = row("stock", site="japan_phosphors", material="yttrium_oxide", quantity="200", low="100",
               high="300", unit="t")  # fmt: skip
    case = load(scenario(tmp_path, rows)).case
    openings = []
    for number in range(6):
        runs = simulate(case, number), simulate(case.baseline(), number)
        stocks = [(item.site, item.material, item.role) for item in runs[0].stocks]
        column = stocks.index(("japan_phosphors", "yttrium_oxide", "input"))
        assert runs[0].opening_on_hand[column] == runs[1].opening_on_hand[column]
        openings.append(runs[0].opening_on_hand[column])
    assert len(set(openings)) == 6
    assert min(openings) >= 100.0
    assert max(openings) <= 300.0


def test_what_stands_beside_the_table_wins_and_a_set_wins_over_all(tmp_path: Path) -> None:
    rows = row("stock", site="japan_phosphors", material="yttrium_oxide", quantity="200", unit="t") + row(
        "stock", site="japan_glass", material="phosphor", quantity="70", unit="t"
    )
    own = "{file: stocks.csv, on_hand: {japan_phosphors: {yttrium_oxide: 90 t}}}"
    path = scenario(tmp_path, rows, state=own)
    setting = "initial_state.on_hand.japan_glass.phosphor=60 t"
    assert load(path).case.initial_state.on_hand["japan_phosphors", "yttrium_oxide"] == 90.0
    assert load(path, sets=[setting]).case.initial_state.on_hand["japan_glass", "phosphor"] == 60.0
    bare = tmp_path / "bare.yaml"
    bare.write_text(SCENARIO.format(state="{}"), encoding="utf-8")
    table = f"initial_state={tmp_path / 'stocks.csv'}"
    assert len(load(bare, sets=[table]).case.initial_state.on_hand) == 2


def test_a_file_that_extends_another_may_bring_its_own_table(tmp_path: Path) -> None:
    base = scenario(tmp_path, row("stock", site="japan_glass", material="phosphor", quantity="70", unit="t"))
    more = tmp_path / "below"
    more.mkdir()
    (more / "own.csv").write_text(
        HEADER + row("stock", site="japan_phosphors", material="phosphor", quantity="8", unit="t"), "utf-8"
    )
    path = more / "more.yaml"
    path.write_text(f"extends: ../{base.name}\ninitial_state: own.csv\n", encoding="utf-8")
    found = load(path).case.initial_state.on_hand
    assert found == {("japan_glass", "phosphor"): 70.0, ("japan_phosphors", "phosphor"): 8.0}


def test_a_resolved_scenario_needs_no_table(tmp_path: Path) -> None:
    rows = row("licence_granted", lane=LANE, low="40", high="60", unit="t", date="2010-06-20") + row(
        "rule", rule="rule"
    )
    first = load(scenario(tmp_path, rows))
    alone = tmp_path / "alone.yaml"
    alone.write_text(first.resolved_yaml(), encoding="utf-8")
    (tmp_path / "stocks.csv").unlink()
    again = load(alone).case
    assert again.initial_state == first.case.initial_state
    assert again.uncertain == first.case.uncertain
    assert again.background == first.case.background


def test_separators_quotes_and_notes_of_a_spreadsheet(tmp_path: Path) -> None:
    text = "\ufeff# a note, with a comma\nitem;note;site;material;quantity;unit\n;;;;;\n"
    text += 'stock;"say ""eight""; or so";japan_glass;phosphor;8.5;t\n'
    case = load(scenario(tmp_path, text, header="")).case
    assert case.initial_state.on_hand == {("japan_glass", "phosphor"): 8.5}
    assert cells_of('a;"b;""c""";', ";") == [("a", 1), ('b;"c"', 3), ("", 13)]
    assert cells_of('"a;b', ";") is None


GOOD_STOCK = {"site": "japan_glass", "material": "phosphor", "quantity": "1", "unit": "t"}
GRANTED = {"lane": LANE, "quantity": "1", "unit": "t", "date": "2010-06-05"}
METAL = {"from_": "China", "to": "Japan", "material": "metal"} | GRANTED | {"lane": ""}


def stock(**cells: str) -> str:
    return row("stock", **(GOOD_STOCK | cells))


def granted(**cells: str) -> str:
    return row("licence_granted", **(GRANTED | cells))


@pytest.mark.parametrize(
    ("rows", "column", "message"),
    [
        (row("stok", quantity="1"), "item", "item 'stok' does not exist"),
        (row("", quantity="1"), "item", "the row has no item"),
        (stock(site="japan_glas"), "site", "does not exist"),
        (stock(material="cerium_oxide"), "material", "neither uses nor makes"),
        (stock(unit=""), "item", "the unit is missing"),
        (stock(low="0"), "item", "a low and a high end"),
        (stock(low="2", high="1", quantity=""), "low", "low <= high"),
        (stock(material=""), "item", "the material is missing"),
        (stock(quantity="", date=""), "", ""),
        (stock(quantity="", until="2010-07-01"), "item", "'until' says nothing about it"),
        (stock(unit="units"), "quantity", "in tonnes"),
        (stock(quantity="1 000 000 x"), "quantity", "unit"),
        (stock() + stock(), "material", "stand twice"),
        (row("at_sea", lane="x", quantity="1", unit="t", date="2010-07-05"), "lane", "does not exist"),
        (row("at_sea", lane=LANE, quantity="1", unit="t", date="2010-06-05"), "date", "before the scenario"),
        (row("at_sea", lane=LANE, quantity="1", unit="t", date="2010-13-05"), "date", "not a day of the"),
        (row("at_sea", lane=LANE, unit="t", date="2010-07-05"), "item", "the quantity is missing"),
        (granted(lane=""), "item", "names a lane"),
        (granted(to="Japan"), "lane", "names a lane"),
        (granted(date="2010-07-05"), "date", "is not of"),
        (granted(date=""), "item", "lacks 'date'"),
        (granted(until="2011-01-01"), "until", "valid for 90 d"),
        (granted(until="2010-06-30"), "until", "does not end on"),
        (granted(rule="later"), "rule", "needs no licence under 'later'"),
        (granted(rule="rul"), "rule", "rule 'rul' does not exist"),
        (granted(unit="units"), "quantity", "counted in tonnes"),
        (row("licence_applied", **(GRANTED | {"date": ""})), "item", "the date is missing"),
        (row("licence_granted", **METAL), "item", "begins on 2010-08-01"),
        (row("licence_granted", **(METAL | {"from_": "Japan", "to": "China"})), "from", "no lane"),
        (row("licence_granted", **(METAL | {"from_": "Jupiter"})), "from", "Jupiter"),
        (row("rule", rule="actual_embargo"), "rule", "is no intervention"),
        (row("rule", rule="actual_embargo_2010"), "rule", "it begins on 2010-09-21"),
        (row("rule", rule="rule", quantity="4"), "quantity", "says nothing about it"),
        (row("rule"), "item", "the rule is missing"),
        ('stock,"japan_glass\n', "site", "quotation mark"),
    ],
)
def test_what_is_wrong_is_said_at_its_cell(rows: str, column: str, message: str, tmp_path: Path) -> None:
    path = scenario(tmp_path, rows)
    if not message:  # a row that nobody filled in
        assert not load(path).case.initial_state.on_hand
        return
    with pytest.raises(ScenarioError, match=re.escape(message)) as caught:
        load(path)
    problem = caught.value.problems[0]
    line = (tmp_path / "stocks.csv").read_text(encoding="utf-8").splitlines()[(problem.line or 0) - 1]
    before = line.split(",")[: COLUMNS.index(column)]
    assert problem.path == str(tmp_path / "stocks.csv")
    assert problem.line == 1 + rows.count("\n")
    assert problem.column == 1 + sum(len(cell) + 1 for cell in before)
    assert problem.excerpt == line


def test_a_wrong_figure_hides_no_wrong_name(tmp_path: Path) -> None:
    path = scenario(tmp_path, stock(site="japan_glas", quantity="-5") + stock(material="nope", quantity="x"))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    said = " ".join(problem.message for problem in caught.value.problems)
    assert len(caught.value.problems) == 4
    assert "site 'japan_glas' does not exist" in said
    assert "material 'nope' does not exist" in said


def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="the row has 17 cells, the header 15"):
        load(scenario(tmp_path, stock().rstrip() + ",7,8\n"))


def test_a_header_that_is_wrong_is_all_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(scenario(tmp_path, "stock,x\n", header="item,sight\n"))
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.given) == (1, 6, "sight")
    assert problem.hint == "did you mean 'site'?"
    with pytest.raises(ScenarioError, match="no column 'item'"):
        load(scenario(tmp_path, "", header="site,material\n"))


@pytest.mark.parametrize(("state", "message"), [("other.csv", "does not exist"), ("7", "mapping"), (".", "")])
def test_a_table_that_is_not_there_is_said_where_it_stands(state: str, message: str, tmp_path: Path) -> None:
    path = scenario(tmp_path, "", state=state)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.column) == (str(path), 6, 16)
    assert message in problem.message


def test_a_rule_under_which_nothing_is_open_is_a_warning(tmp_path: Path) -> None:
    found = load(scenario(tmp_path, row("rule", rule="rule")))
    assert any("nothing is open under 'rule'" in item.message for item in found.warnings)
    assert found.warnings[0].line == 2


def test_the_template_names_every_stock_and_lane_and_is_read_as_nothing(tmp_path: Path) -> None:
    network = load_network("rare_earths_2009")
    text = template(network, ["Japan"])
    rows = [line.split(",") for line in text.splitlines() if not line.startswith("#")]
    assert tuple(rows[0]) == COLUMNS
    assert {len(cells) for cells in rows} == {len(COLUMNS)}
    counts = {item: sum(cells[0] == item for cells in rows) for item in {cells[0] for cells in rows[1:]}}
    inbound = [lane for lane in network.lanes.values() if network.sites[lane.buyer].country == "JP"]
    abroad = [lane for lane in inbound if network.sites[lane.supplier].country != "JP"]
    assert counts["at_sea"] == len(inbound)
    assert counts["licence_granted"] == counts["licence_applied"] == len(abroad)
    assert {cells[1] for cells in rows[1:] if cells[0] == "stock"} == {
        name for name, site in network.sites.items() if site.country == "JP"
    }
    (tmp_path / "stocks.csv").write_text(text, encoding="utf-8")
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO.format(state="stocks.csv"), encoding="utf-8")
    state = load(path).case.initial_state
    assert not state.on_hand
    assert not state.licences
    np.testing.assert_array_equal(list(state.in_transit), [])
    filled = text.replace("stock,japan_glass,phosphor,,,,,", "stock,japan_glass,phosphor,,,,12,")
    (tmp_path / "stocks.csv").write_text(filled, encoding="utf-8")
    assert load(path).case.initial_state.on_hand == {("japan_glass", "phosphor"): 12.0}
