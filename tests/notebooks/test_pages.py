"""What runs, networks, scenarios and comparisons show of themselves in a notebook."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import sim
from sim.testing import small_case
from tests.support.stub import two_tier_network

VOID = {"br", "img", "hr"}


class Balanced(HTMLParser):
    """Collects the text, and fails where a tag is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(page: str) -> str:
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert "http" not in page
    return parser.text


def test_a_network_shows_its_stages() -> None:
    network = sim.load_network("rare_earths_2024")
    text = text_of(network._repr_html_())
    assert network.title in text
    assert f"{len(network.sites):,} sites" in text
    table = text.partition("countries")[2]
    stages = ["mining", "separation", "metal", "magnet", "tier1", "oem", "other uses"]
    assert sorted(stages, key=table.index) == stages


def test_a_scenario_shows_its_question_and_its_rules() -> None:
    scenario = sim.load("india_halt")
    text = text_of(scenario._repr_html_())
    for part in (scenario.case.question, "irel_stop", "export_ban", "2025-06-13", "548 days from 2025-01-01"):
        assert part in text, part


def test_background_policy_is_named_apart(tmp_path: Path) -> None:
    path = tmp_path / "with_history.yaml"
    path.write_text(
        "title: With history\nquestion: What was in force?\nnetwork: rare_earths_2009\n"
        "start: 2010-07-01\nhorizon: 30 d\ninclude: policy/actual.yaml\n",
        encoding="utf-8",
    )
    scenario = sim.load(path)
    assert scenario.case.background
    text = text_of(scenario._repr_html_())
    table, behind = text.split("in the background: ")
    for name in scenario.case.background:
        assert name in behind
        assert name not in table


def test_what_a_file_says_is_escaped() -> None:
    network = replace(two_tier_network(1), title="<script>alert(1)</script>")
    assert "<script>" not in network._repr_html_()
    case = replace(small_case(two_tier_network(1), 30), title="<b>bold</b> & more")
    text = text_of(sim.run(case)._repr_html_())
    assert "<b>bold</b> & more" in text
