"""A report is one file that holds all it shows, says what its runs say, and is written whole or not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import sim
from sim.case import Case, InitialState
from sim.cli.app import app
from sim.data import ranges
from sim.errors import ScenarioError, StoreError
from sim.interventions import ExportBan
from sim.reports.gather import gathered
from sim.reports.markup import MARK, escaped, table
from sim.reports.provenance import stock_rows
from sim.reports.words import stock_band
from sim.results.compare import NotComparable
from sim.results.identity import case_hash
from sim.results.run import Run
from sim.testing import day, small_case
from tests.support import browser
from tests.support.stub import two_tier_network

THREE = ("india_halt", "april_2025_licensing", "japan_import_cut")
MOST_BYTES = 3_000_000
VOID = ("meta", "link", "img", "br")
FETCHING = ("src", "href", "action", "data", "poster", "srcset", "xlink:href")


class Reader(HTMLParser):
    """What a page holds: tags that do not match, ids, what it points to, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: dict[str, int] = {}
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self._note(attrs)

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self.targets += [str(value) for name, value in attrs if name in FETCHING]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def case(name: str, length: int, **fields: Any) -> Case:
    """Return a ban of so many days from day 10 on."""
    ban = ExportBan(id="ban", start=day(10), end=day(10) + timedelta(days=length), from_places=("CN",))
    made = small_case(two_tier_network(2), 240, ban)
    return replace(made, name=name, runway_from=day(10), **fields)


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    return {name: sim.run(name) for name in THREE}


@pytest.fixture(scope="module")
def three(runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sim.report(list(runs.values()), tmp_path_factory.mktemp("report") / "three.html")


@pytest.fixture(scope="module")
def page(three: Path) -> Reader:
    return Reader(three.read_text(encoding="utf-8"))


def test_the_page_of_three_scenarios_is_small(three: Path) -> None:
    assert 100_000 < three.stat().st_size < MOST_BYTES


def test_no_address_is_anywhere_in_it(three: Path, page: Reader) -> None:
    text = three.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"<script|@import|javascript:|\bon\w+=", text)
    assert all(target.startswith(("#", "data:")) for target in page.targets)
    assert not re.search(r"url\((?!#)", text)


def test_it_is_whole_html_with_names_of_its_own(page: Reader) -> None:
    assert (page.wrong, page.open) == ([], [])
    assert len(set(page.ids)) == len(page.ids)
    inside = {target.removeprefix("#") for target in page.targets if target.startswith("#")}
    assert inside <= set(page.ids)
    assert page.tags["h1"] == 1


def test_it_names_question_answer_doubt_and_source_of_each(three: Path, runs: dict[str, Run]) -> None:
    text = unescape(three.read_text(encoding="utf-8"))
    for run in runs.values():
        assert str(run.manifest["question"]) in text
        assert run.headline[1:] in text
        assert str(run.manifest["case_hash"]) in text
        assert run.resolved_yaml.rstrip() in text
        for source in run.case.sources if run.case else ():
            assert source in text
    assert "without a band" in text
    assert "搜狐财经" in text  # a publisher, not only an id
    assert re.search(r"\(\d+ %\) are assumptions", text)


def test_stocks_are_those_that_were_simulated(runs: dict[str, Run]) -> None:
    """A law of `uncertain:` replaces the figure of the tables; the page shows what it was replaced by."""
    run = runs["april_2025_licensing"]
    assert run.case is not None
    rows, _ = stock_rows(["india_vehicles"], run.case.network)
    assert rows[0][2] == f"{run.metrics.at['india_vehicles', 'days_of_cover_at_start']:g} d"
    assert rows[0][4] == "set by the scenario"
    assert "in the tables 21 d" in rows[0][6]


def test_it_says_how_wide_the_opening_stocks_are_stated(three: Path, runs: dict[str, Run]) -> None:
    text = unescape(three.read_text(encoding="utf-8"))
    cut = runs["japan_import_cut"]
    assert cut.case is not None
    first = cut.metrics.sort_values("realised_runway_days").index[0]
    assert first == "suzuki_japan"
    law = ranges(cut.case.network)["sites.suzuki_japan.cover.steering_brake_motor"].parameters
    days = f"{law['mode']:.3g} days of its scarcest component, "
    assert f"Suzuki, plants in Japan is taken to hold {days}" in text
    assert f"; {law['low']:.3g} to {law['high']:.3g} days are possible" in text
    for run in runs.values():
        assert run.case is not None
        assert stock_band(run, run.case) in text
    # A law of the scenario for a whole site is that of its thinnest stock.
    licences = runs["april_2025_licensing"]
    assert licences.case is not None
    laws = {item.path: item.distribution.parameters for item in licences.case.uncertain}
    law = laws["sites.india_vehicles.cover"]
    said = stock_band(licences, licences.case)
    assert f"{law['low']:.3g} to {law['high']:.3g} days are possible" in said


def test_stocks_that_are_stated_or_without_a_range_are_not_called_uncertain(runs: dict[str, Run]) -> None:
    plain = sim.run(case("plain", 60))
    assert plain.case is not None
    assert stock_band(plain, plain.case) == ""
    halt = runs["india_halt"]
    assert halt.case is not None
    bmw = halt.case.network.sites["bmw"]
    counted = {("bmw", material): 1.0 for material in bmw.cover}
    known = replace(halt.case, initial_state=InitialState(on_hand=counted))
    said = [stock_band(halt, one) for one in (halt.case, known)]
    before, after = (int(re.findall(r"components (\d+) have", text)[0]) for text in said)
    assert before - after == len(bmw.cover)


def test_what_differs_between_windows_is_said(three: Path) -> None:
    text = three.read_text(encoding="utf-8")
    assert "not paired day by day" in text
    assert "the common baseline [" not in text


def test_it_has_the_pictures(three: Path, page: Reader) -> None:
    captions = re.findall(r"<figcaption>([^:]+):", three.read_text(encoding="utf-8"))
    for name in ("Runway ladder", "Timeline", "Origin river", "Gates"):
        assert captions.count(name) == len(THREE)
    assert {"Why it stopped", "Licence funnel", "First shortfall"} <= set(captions)
    assert page.tags["svg"] + page.tags.get("img", 0) == len(captions) == page.tags["figure"]


@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_shows_it(width: int, three: Path, page: Reader, tmp_path: Path) -> None:
    found = browser.look(_browser(), three, tmp_path, width)
    assert found.complaints == ()
    assert found.requests == ()
    assert found.needed <= found.width <= width
    assert (found.pictures, found.empty) == (page.tags["figure"], 0)
    assert len(found.headings) == page.tags["h2"]


def test_it_fits_a_sheet_of_paper(three: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.html"
    text = three.read_text(encoding="utf-8")
    assert "@media print" in text
    sheet.write_text(text.replace("@media print", "@media all"), encoding="utf-8")
    found = browser.look(_browser(), sheet, tmp_path, 720)  # A4 without its margins is 695 pixels
    assert found.needed <= found.width


def test_a_browser_prints_it(three: Path, tmp_path: Path) -> None:
    made = browser.printed(_browser(), three, tmp_path)
    assert made.startswith(b"%PDF-")
    assert 5 <= len(re.findall(rb"/Type\s*/Page\b", made)) <= 80


def test_the_browser_would_find_what_is_wrong(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<p style="width: 900px">wide</p><img src="http://localhost:9/x.png"><script>missing()</script>',
        encoding="utf-8",
    )
    found = browser.look(_browser(), bad, tmp_path, 390)
    assert found.needed > found.width
    assert found.requests == ("http://localhost:9/x.png",)
    assert any("missing is not defined" in line for line in found.complaints)


def _browser() -> str:
    found = browser.chromium()
    if found is None:
        pytest.skip(
            "no Chromium here: install one, or `playwright install chromium`, to look at the report in it"
        )
    return found


def test_runs_of_one_window_are_paired(tmp_path: Path) -> None:
    path = sim.report([case("long", 120), case("brief", 60)], tmp_path / "two.html", title="Two & more")
    text = path.read_text(encoding="utf-8")
    assert "not paired" not in text
    assert "against one baseline" in text
    assert "<h1>Two &amp; more</h1>" in text
    assert "written in Python" in text


def test_replications_give_bands_and_probabilities(tmp_path: Path) -> None:
    path = sim.report(case("drawn", 120), tmp_path / "drawn.html", replications=12)
    text = path.read_text(encoding="utf-8")
    assert "12 random histories" in text
    assert "probability of a stop" in text
    assert "Survival:" in text


def test_a_run_a_folder_and_a_comparison_report_themselves(tmp_path: Path) -> None:
    run = sim.run("india_halt", sets=["horizon=170 d"])
    folder = run.save(tmp_path / "run", picture=False)
    own, again = run.report(tmp_path / "own.html"), sim.report(str(folder), tmp_path / "again.html")
    assert own.read_text(encoding="utf-8") == again.read_text(encoding="utf-8")
    both = sim.compare(case("long", 120), case("brief", 60)).report(tmp_path / "both.html")
    assert "Beside each other" in both.read_text(encoding="utf-8")


def test_the_resolved_scenario_gives_the_run_again(three: Path, runs: dict[str, Run], tmp_path: Path) -> None:
    found = re.search(r'<div id="scenario-india_halt"><pre>(.*?)</pre>', three.read_text("utf-8"), re.DOTALL)
    assert found is not None
    saved = tmp_path / "india_halt.yaml"
    saved.write_text(unescape(found[1]), encoding="utf-8")
    assert case_hash(sim.load(saved).case) == runs["india_halt"].manifest["case_hash"]


def test_networks_that_differ_stand_apart() -> None:
    subject = gathered(["embargo_2010", "null_set"], sets=["horizon=30 d"])
    assert subject.comparison is None
    assert "network differs" in subject.apart


def test_text_never_becomes_markup_or_an_address(tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script> see https://example.org?a=1&b=2"
    made = case("nasty", 60, title=nasty, question=nasty)
    text = sim.report(made, tmp_path / "nasty.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "://" not in text
    assert nasty in unescape(text)
    assert unescape(escaped(nasty)) == nasty


def test_a_case_shows_itself_in_a_notebook() -> None:
    made = replace(case("a < b", 60), background=frozenset({"ban"}), question="Why?")._repr_html_()
    found = Reader(made)
    assert (found.wrong, found.open) == ([], [])
    text = " ".join(found.words)
    assert "a < b" in text
    assert "240 days from" in text
    assert "in the baseline too" in text
    assert made.count("<li>") == 1


def test_numbers_stand_right_and_never_is_a_dash() -> None:
    made = table(("name", "days"), [("a < b", 3.0), ("c", float("nan"))])
    assert '<td class="number">3.0</td>' in made
    assert '<td class="number">-</td>' in made
    assert "<td>a &lt; b</td>" in made
    assert table(("name",), []) == ""


@pytest.mark.parametrize(
    ("sources", "name", "error", "said"),
    [
        ([], "x.html", NotComparable, "nothing to report"),
        (["nowhere"], "x.html", ScenarioError, "does not exist"),
        (["india_halt"], "x.pdf", StoreError, "does not end in .html"),
        (["india_halt"], "mine.html", StoreError, "is no report of sim"),
        (["india_halt"], "folder.html", StoreError, "is a folder"),
        (["india_halt"], "mine.html/x.html", StoreError, "cannot be written"),
        (["broken"], "x.html", StoreError, "broken cannot be read"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    sources: list[str],
    name: str,
    error: type[Exception],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(error, match=re.escape(said)):
        sim.report(sources, name)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert (tmp_path / "mine.html").read_text() == "<p>mine</p>"


def test_the_command_writes_and_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["report", "india_halt", "--set", "horizon=200 d"]
    found = CliRunner().invoke(app, words, prog_name="sim")
    assert found.exit_code == 0, found.output
    assert found.stdout.strip() == "runs/report-india_halt.html"
    assert MARK in (tmp_path / "runs" / "report-india_halt.html").read_text(encoding="utf-8")
    wrong = CliRunner().invoke(app, ["report", "india_hlat", "--out", "new/x.html"], prog_name="sim")
    assert wrong.exit_code == 3
    assert "india_halt" in wrong.output
    assert not (tmp_path / "new").exists()
