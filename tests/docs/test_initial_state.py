"""The page on the initial state: its table and its scenario run, its YAML says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import sim
from sim.engine import simulate
from tests.docs.test_pages import ROOT, fenced

PAGE = ROOT / "docs" / "initial_state.md"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (table,) = fenced(PAGE, "csv")
    scenario, _ = fenced(PAGE, "yaml")
    (tmp_path / "stocks.csv").write_text(table, encoding="utf-8")
    path = tmp_path / "page.yaml"
    path.write_text(scenario, encoding="utf-8")
    return path


def test_the_table_and_the_scenario_of_the_page_run(page: Path) -> None:
    case = sim.load(page, strict=True).case
    state = case.initial_state
    stocks = {("toyota_japan", "traction_motor"): 60_000.0, ("japan_alloy", "ndpr_oxide"): 300.0}
    assert state.on_hand == stocks
    assert state.in_transit == {"lynas_kuantan__japan_alloy__ndpr_oxide": ((7, 45.0),)}
    assert [(item.quantity, item.is_granted, item.day, item.until) for item in state.licences] == [
        (2.0, True, (date(2025, 12, 20) - case.start).days, (date(2026, 6, 30) - case.start).days),
        (20.0, False, (date(2025, 12, 1) - case.start).days, None),
    ]
    assert {item.path: item.distribution.law for item in case.uncertain if "initial_state" in item.path} == {
        "initial_state.on_hand.japan_alloy.ndpr_oxide": "triangular",
        "initial_state.licences.1": "uniform",
    }
    assert case.background == {"actual_april_licences", "actual_irel_stop"}
    nothing_open = replace(case, initial_state=replace(state, licences=()), uncertain=())
    run, closed = simulate(case), simulate(nothing_open)
    assert max(run.balance.values(), default=0.0) < 1e-9
    heavies = [i for i, lane in enumerate(run.lanes) if lane in state.licences[0].lanes]
    assert run.shipped[:20, heavies].sum() > closed.shipped[:20, heavies].sum() + 0.1


def test_the_yaml_of_the_page_says_the_same_as_its_table(page: Path) -> None:
    _, block = fenced(PAGE, "yaml")
    other = page.with_name("other.yaml")
    head = page.read_text(encoding="utf-8").replace("initial_state: stocks.csv\n", block)
    other.write_text(head, encoding="utf-8")
    one, two = (sim.load(path, strict=True).case.initial_state for path in (page, other))
    assert two.licences == one.licences
    assert two.in_transit == one.in_transit
    assert two.on_hand["japan_alloy", "ndpr_oxide"] == one.on_hand["japan_alloy", "ndpr_oxide"]


def test_the_include_of_the_language_page_is_valid(tmp_path: Path) -> None:
    (block,) = [text for text in fenced(ROOT / "docs" / "scenarios.md", "yaml") if "include: policy" in text]
    path = tmp_path / "s.yaml"
    path.write_text(block, encoding="utf-8")
    case = sim.load(path, strict=True).case
    assert case.background == {"actual_export_quotas"}
    assert {item.id for item in case.interventions} == {"actual_export_quotas", "actual_embargo_2010"}
