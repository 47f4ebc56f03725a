"""What a valid scenario file becomes."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.case import Case
from sim.data import get_number
from sim.domain import Distribution, LaneRoute, Network
from sim.errors import ScenarioError
from sim.interventions import ExportBan
from sim.scenario import json_schema, library, load
from sim.scenario.library import folder
from sim.scenario.syntax import read
from sim.scenario.workdays import calendar_days, is_working_day, special_days
from sim.units import WorkingDays

HERE = Path(__file__).parent
GOOD = sorted((HERE / "good").glob("*.yaml"))
VALID = [*GOOD, *sorted(folder().glob("*.yaml"))]
REPO = HERE.parent.parent

HEAD = """title: T
question: Q?
network: {network}
start: 2025-01-01
horizon: 18 months
"""
BAN = """interventions:
  - id: stop
    kind: export_ban
    from: {place}
    start: 2025-04-04
"""


@cache
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


def write(folder: Path, text: str, name: str = "own.yaml", place: str = "Malaysia") -> Path:
    path = folder / name
    if place != "Malaysia" and "{place}" in text:
        # A ban on a country without a site would be refused: let the mine stand there.
        text += "sites: {hill_mine: {country: {place}}}\n".replace("{place}", place.strip("[]"))
    path.write_text(text.replace("{network}", str(HERE / "small")).replace("{place}", place))
    return path


def comparable(case: Case) -> Case:
    """Return a case without the places it was read from."""
    network: Network = case.network
    figures = {
        path: replace(figure, file="", line=0) if figure.note == "set by the scenario" else figure
        for path, figure in network.figures.items()
    }
    return replace(case, file="", network=replace(network, figures=figures))


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_resolved_scenario_loads_to_the_same_case(file: Path, tmp_path: Path) -> None:
    scenario = load(file)
    path = tmp_path / "resolved.yaml"
    path.write_text(scenario.resolved_yaml(), encoding="utf-8")
    again = load(path)
    assert comparable(again.case) == comparable(scenario.case)
    assert again.case.name == file.stem


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_valid_files_meet_the_schema(file: Path) -> None:
    validator().validate(read(file).plain())


@pytest.mark.parametrize(
    "name", ["unknown_top_key", "unknown_intervention_key", "actions", "list_for_mapping"]
)
def test_the_schema_refuses_what_the_models_refuse(name: str) -> None:
    assert not validator().is_valid(read(HERE / "bad" / f"{name}.yaml").plain())


def test_the_committed_schema_is_the_one_of_the_models() -> None:
    committed = json.loads((REPO / "docs" / "scenario.schema.json").read_text(encoding="utf-8"))
    assert committed == json_schema(), "write it anew: sim schema > docs/scenario.schema.json"


def test_the_library_is_listed_with_titles_and_questions() -> None:
    entries = library()
    assert {"baseline", "india_halt"} <= {name for name, *_ in entries}
    for _, title, question, path in entries:
        assert title
        assert question.endswith("?")
        assert path.is_file()


@pytest.mark.parametrize("name", ["india_halt", "india_halt.yaml"])
def test_a_library_name_is_enough_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(name).case.name == "india_halt"


def test_plain_scenario() -> None:
    case = load(HERE / "good" / "plain.yaml").case
    (ban,) = case.interventions
    assert isinstance(ban, ExportBan)
    assert case.start == date(2025, 1, 1)
    assert case.horizon_days == 548
    assert ban.from_places == ("Malaysia",)
    assert (ban.announced, ban.start, ban.end) == (date(2025, 6, 1), date(2025, 6, 13), date(2025, 12, 1))
    assert ban.enforced_days == 21.0
    assert ban.leak == 0.05
    assert case.must_hold == ("no oem stops",)
    assert case.sources == ("example_page",)


def test_everything_is_read() -> None:
    scenario = load(HERE / "good" / "everything.yaml")
    case, network = scenario.case, scenario.case.network
    assert (case.replications, case.seed, case.runway_from) == (20, 7, date(2025, 4, 4))
    assert get_number(network, "sites.nagoya_cars.cover") == 90.0  # the belief
    assert network.sites["nagoya_cars"].patience_days == 25.0
    assert network.figures["sites.nagoya_cars.patience"].source_id == "example_page"
    assert network.sites["nagoya_cars"].allocation == "domestic_first"
    assert network.lines["bay_furnace"].capacity_per_day == pytest.approx(2100 / 365)
    assert network.sites["new_alloy"].country == "NO"
    assert network.sites["new_alloy"].cover == {"neodymium_oxide": 40.0, "dysprosium_oxide": 50.0}
    assert network.lines["new_furnace"].outputs == {"magnet_alloy": 1.0}
    assert network.routes["fjord_sea"].passes == ("NO", "JP")
    assert network.routes["fjord_sea"].capacity_per_day == pytest.approx(3000 / 365)
    lane = network.lanes["fjord_to_echizen"]
    assert lane.routes == (LaneRoute("fjord_sea", 1.0),)
    assert lane.sourcing_share == pytest.approx(0.2)
    assert network.lanes["bay_to_echizen"].sourcing_share == pytest.approx(0.8)  # makes room
    assert lane.qualification_days == pytest.approx(182.5)
    assert network.lanes["echizen_to_nagoya"].interchangeable_share == pytest.approx(0.9)


def test_laws_go_where_they_are_drawn() -> None:
    case = load(HERE / "good" / "everything.yaml").case
    drawn = {item.path: item.distribution.law for item in case.uncertain}
    assert drawn == {
        "initial_state.on_hand.nagoya_cars.magnet_heavy": "uniform",
        "interventions.licences.leak": "uniform",
        "lanes.port_to_bay_dy.qualification": "uniform",
        "sites.bay_alloy.cover.neodymium_oxide": "triangular",
    }
    # drawn for each shipment: the law stays with the route
    assert isinstance(case.network.routes["japan_truck"].days, Distribution)
    # the centre stands in the record meanwhile
    assert case.network.sites["bay_alloy"].cover["neodymium_oxide"] == 30.0
    assert case.initial_state.on_hand["nagoya_cars", "magnet_heavy"] == 2.0
    # an intervention draws for itself
    licences = case.interventions[0]
    assert licences.enforced_days == Distribution("triangular", {"low": 7.0, "mode": 21.0, "high": 45.0})


def test_the_routes_of_a_lane_can_be_changed() -> None:
    setting = "lanes.bay_to_echizen.routes={bay_japan_sea: 0.9, bay_japan_air: 0.1}"
    network = load(HERE / "good" / "plain.yaml", sets=[setting]).case.network
    assert network.lanes["bay_to_echizen"].routes == (
        LaneRoute("bay_japan_sea", 0.9),
        LaneRoute("bay_japan_air", 0.1),
    )


def test_initial_state() -> None:
    state = load(HERE / "good" / "everything.yaml").case.initial_state
    assert state.on_hand["echizen_magnets", "magnet_alloy"] == 12.0
    assert state.in_transit == {"bay_to_echizen": ((8, 10.0), (5, 3.0))}


def test_a_branch_with_an_end_drops_the_duration() -> None:
    licences = load(HERE / "good" / "everything.yaml").case.interventions[0]
    assert licences.with_branch("long").end == date(2026, 1, 1)
    assert licences.with_branch("long").duration_days is None
    assert licences.with_branch("short").duration_days == 7.0  # five working days from a holiday Friday


class TestComposition:
    def test_a_file_overrides_what_it_extends_field_by_field(self) -> None:
        case = load(HERE / "good" / "extending.yaml").case
        ban = next(item for item in case.interventions if item.id == "stop")
        assert isinstance(ban, ExportBan)
        assert ban.leak == 0.1
        assert ban.enforced_days == 21.0
        assert ban.end is None
        assert ban.duration_days == 90.0
        assert case.horizon_days == 365  # the include overrides what is extended
        assert get_number(case.network, "sites.nagoya_cars.cover") == 60.0

    def test_actual_policy_is_background(self) -> None:
        case = load(HERE / "good" / "extending.yaml").case
        assert case.background == {"standing_ban"}
        assert [item.id for item in case.baseline().interventions] == ["standing_ban"]

    def test_rows_name_the_file_and_line_of_each_value(self) -> None:
        found = {row.path: row for row in load(HERE / "good" / "extending.yaml").rows()}
        assert found["interventions.stop.leak"].value == "10 %"
        assert found["interventions.stop.leak"].origin.endswith("extending.yaml:6")
        assert found["interventions.stop.start"].origin.endswith("plain.yaml:14")
        assert found["horizon"].origin.endswith("shorter.yaml:2")

    def test_includes_that_agree_are_fine(self, tmp_path: Path) -> None:
        write(tmp_path, "seed: 3\n", "a.yaml")
        write(tmp_path, "seed: 3\nreplications: 2\n", "b.yaml")
        case = load(write(tmp_path, "include: [a.yaml, b.yaml]\n" + HEAD)).case
        assert (case.seed, case.replications) == (3, 2)

    def test_a_conflict_names_both_lines(self) -> None:
        with pytest.raises(ScenarioError, match=r"part_a\.yaml line 4 and part_b\.yaml line 4"):
            load(HERE / "bad" / "include_conflict.yaml")

    def test_an_uncertain_figure_that_is_set_later_is_certain(self, tmp_path: Path) -> None:
        law = "uncertain:\n  sites.nagoya_cars.cover: {distribution: uniform, low: 10 d, high: 20 d}\n"
        write(tmp_path, HEAD + law, "base.yaml")
        top = write(tmp_path, "extends: base.yaml\nsites: {nagoya_cars: {cover: 33 d}}\n")
        case = load(top).case
        assert case.uncertain == ()
        assert get_number(case.network, "sites.nagoya_cars.cover") == 33.0
        assert load(tmp_path / "base.yaml", sets=["sites.nagoya_cars.cover=34 d"]).case.uncertain == ()


class TestSettings:
    @pytest.mark.parametrize(
        ("setting", "path", "value"),
        [
            ("interventions.stop.start=2025-07-01", "interventions.stop.start", "2025-07-01"),
            ("horizon=2 years", "horizon", "2 years"),
            ('title="A: b"', "title", "A: b"),
            ("sites.nagoya_cars.cover.magnet_heavy=12 d", "sites.nagoya_cars.cover.magnet_heavy", "12 d"),
        ],
    )
    def test_a_setting_replaces_a_value_and_shows_as_its_origin(
        self, setting: str, path: str, value: str
    ) -> None:
        rows = {row.path: row for row in load(HERE / "good" / "plain.yaml", sets=[setting]).rows()}
        assert rows[path].value == value
        assert rows[path].origin == f"--set {setting}"

    def test_a_setting_changes_the_case(self) -> None:
        case = load(HERE / "good" / "plain.yaml", sets=["sites.nagoya_cars.cover=60 d", "seed=9"]).case
        assert get_number(case.network, "sites.nagoya_cars.cover") == 60.0
        assert case.seed == 9

    def test_an_uncertain_figure_can_be_set(self) -> None:
        law = "{distribution: uniform, low: 10 d, high: 20 d}"
        case = load(HERE / "good" / "plain.yaml", sets=[f"uncertain.sites.nagoya_cars.cover={law}"]).case
        assert [item.path for item in case.uncertain] == ["sites.nagoya_cars.cover"]

    def test_an_empty_value_takes_a_key_out(self) -> None:
        (ban,) = load(HERE / "good" / "plain.yaml", sets=["interventions.stop.end="]).case.interventions
        assert ban.end is None

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ("interventions.irel_stop.start=2025-07-01", "'irel_stop' is not in interventions"),
            ("interventions.stpo.start=2025-07-01", "did you mean 'stop'"),
            ("interventions.stop.strat=2025-07-01", "did you mean 'start'"),
            ("horizonn=1 yr", "did you mean 'horizon'"),
            ("sites.nagoya_carz.cover=60 d", "did you mean 'nagoya_cars'"),
            ("sites.nagoya_cars.covr=60 d", "did you mean 'cover'"),
            ("sites.nagoya_cars.cover=60 t", "'t' in '60 t' is not a unit of a duration"),
            ("extends=plain.yaml", "cannot be set from outside"),
            ("actions.x=1", "'actions' is not a key"),
            ("no_equals_sign", "has no path and value"),
            ("title.deeper=1", "is wanted, not a mapping"),
        ],
    )
    def test_a_setting_that_leads_nowhere(self, setting: str, message: str) -> None:
        with pytest.raises(ScenarioError, match=message) as caught:
            load(HERE / "good" / "plain.yaml", sets=[setting])
        assert caught.value.problems[0].path == f"--set {setting}"


class TestNorway:
    @pytest.mark.parametrize("word", ["NO", "Norway", "norway", '"NO"', "[NO]"])
    def test_no_is_norway(self, word: str, tmp_path: Path) -> None:
        scenario = load(write(tmp_path, HEAD + BAN, place=word))
        (ban,) = scenario.case.interventions
        assert ban.from_places[0].lower() in ("no", "norway")

    def test_country_no(self, tmp_path: Path) -> None:
        text = HEAD + "sites:\n  fjord: {country: NO, stage: metal}\n"
        assert load(write(tmp_path, text)).case.network.sites["fjord"].country == "NO"

    def test_yes_and_on_are_text_and_numbers_are_numbers(self, tmp_path: Path) -> None:
        node = read(write(tmp_path, "a: yes\nb: on\nc: 1e3\nd: 010\ne: 0x10\nf: true\ng: 12:30\n"))
        assert node.plain() == {"a": "yes", "b": "on", "c": 1000.0, "d": 10, "e": 16, "f": True, "g": "12:30"}


class TestWorkingDays:
    def test_45_working_days_from_4_april_2025_in_china_are_68_days(self) -> None:
        assert calendar_days(WorkingDays(45), date(2025, 4, 4), "CN") == 68

    def test_in_a_scenario_the_jurisdiction_is_the_interventions_origin(self, tmp_path: Path) -> None:
        text = HEAD + BAN + "    duration: 45 working days\n"
        (ban,) = load(write(tmp_path, text, place="China")).case.interventions
        assert ban.duration_days == 68.0
        (ban,) = load(write(tmp_path, text, place="Malaysia")).case.interventions
        assert ban.duration_days == 63.0  # weekends only

    def test_each_duration_counts_from_its_own_start(self, tmp_path: Path) -> None:
        text = (HEAD + BAN + "    duration: 5 working days\n").replace("2025-04-04", "2025-10-01")
        (ban,) = load(write(tmp_path, text, place="China")).case.interventions
        assert ban.duration_days == 13.0  # golden week, and 11 October is worked

    def test_a_reaction_counts_from_the_milestone_it_follows(self, tmp_path: Path) -> None:
        text = (
            HEAD
            + BAN
            + ("  - {id: answer, kind: export_ban, from: CN, after: {id: stop}, duration: 45 working days}\n")
            + "sites: {hill_mine: {country: CN}}\n"
        )
        answer = load(write(tmp_path, text)).case.interventions[1]
        assert answer.duration_days == 68.0

    def test_in_a_distribution(self, tmp_path: Path) -> None:
        text = HEAD + BAN + "    enforced: {distribution: gamma, mean: 45 working days, cv: 0.4}\n"
        (ban,) = load(write(tmp_path, text, place="China")).case.interventions
        assert ban.enforced_days == Distribution("gamma", {"mean": 68.0, "cv": 0.4})

    def test_a_figure_without_a_start_date_refuses_them(self, tmp_path: Path) -> None:
        with pytest.raises(ScenarioError, match="working days need a start date"):
            load(write(tmp_path, HEAD + "sites: {nagoya_cars: {cover: 20 working days}}\n"))

    def test_years_that_are_not_listed_are_warned_about(self, tmp_path: Path) -> None:
        text = (HEAD + BAN + "    duration: 45 working days\n").replace("2025-04-04", "2031-04-04")
        scenario = load(write(tmp_path, text, place="China"))
        assert any("holidays of China are not listed" in item.message for item in scenario.warnings)

    def test_make_up_days_fall_on_weekends_and_have_a_source(self) -> None:
        for country, days in special_days().items():
            for day, is_worked in days.items():
                if is_worked:
                    assert day.weekday() >= 5
                    assert is_working_day(country, day)

    @given(st.dates(date(2024, 1, 1), date(2027, 6, 1)), st.integers(0, 60), st.integers(0, 60))
    def test_working_days_add_up(self, start: date, first: int, second: int) -> None:
        middle = calendar_days(WorkingDays(first), start, "CN")
        rest = calendar_days(WorkingDays(second), date.fromordinal(start.toordinal() + middle), "CN")
        assert calendar_days(WorkingDays(first + second), start, "CN") == middle + rest


class TestWarnings:
    def test_odd_but_legal(self, tmp_path: Path) -> None:
        late = (HEAD + BAN).replace("2025-04-04", "2030-04-04").replace("question: Q?\n", "")
        path = write(tmp_path, late)
        messages = " ".join(item.message for item in load(path).warnings)
        for part in ("starts on 2030-04-04, after the scenario ends", "asks no question"):
            assert part in messages

    def test_strict_makes_them_errors(self, tmp_path: Path) -> None:
        path = write(tmp_path, (HEAD + BAN).replace("2025-04-04", "2030-04-04"))
        assert load(path).warnings
        with pytest.raises(ScenarioError, match=r"own\.yaml:10:12: interventions\[0\] starts on"):
            load(path, strict=True)


CHANGES = {
    "sites.nagoya_cars.cover": "sites.nagoya_cars.cover=60 d",
    "patience": "sites.nagoya_cars.patience=20 d",
    "leak": "interventions.stop.leak=10 %",
    "start": "interventions.stop.start=2025-07-01",
    "capacity": "lines.bay_furnace.capacity=2 kt/yr",
    "days": "routes.japan_truck.days=3 d",
    "seed": "seed=11",
}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(sorted(CHANGES)))
def test_the_order_of_overrides_does_not_matter(order: list[str]) -> None:
    file = HERE / "good" / "plain.yaml"
    wanted = load(file, sets=[CHANGES[name] for name in sorted(CHANGES)]).case
    found = load(file, sets=[CHANGES[name] for name in order]).case
    assert comparable(found) == comparable(wanted)


@settings(max_examples=10, deadline=None)
@given(st.permutations(["title", "question", "network", "start", "horizon", "interventions", "must_hold"]))
def test_the_order_of_keys_does_not_matter(order: list[str]) -> None:
    file = HERE / "good" / "plain.yaml"
    document = read(file).plain()
    document["network"] = str(HERE / "small")
    shuffled = Path(tempfile.mkdtemp()) / "shuffled.yaml"
    try:
        # JSON is YAML, so a reordered document needs no writer of its own
        shuffled.write_text(json.dumps({key: document[key] for key in order}), encoding="utf-8")
        found = load(shuffled).case
    finally:
        shuffled.unlink(missing_ok=True)
    wanted = replace(load(file).case, sources=())
    assert comparable(replace(found, name="plain")) == comparable(wanted)


@pytest.mark.parametrize("country", ["NO", "Norway"])
@pytest.mark.parametrize("place", ["NO", "Norway"])
def test_a_hypothetical_country_is_known_by_code_and_name(country: str, place: str, tmp_path: Path) -> None:
    text = HEAD + (
        f"sites: {{fjord: {{country: {country}, stage: metal}}}}\n"
        "lines: {oven: {site: fjord, kind: plant, inputs: {neodymium_oxide: 0.4, dysprosium_oxide: 0.01},\n"
        "   outputs: {magnet_alloy: 1}, capacity: 9 t/yr}}\n"
        "routes: {fjord_sea: {mode: sea, days: 40 d, passes: [Norway, Japan]}}\n"
        "lanes:\n"
        "  nd: {supplier: port_separation, buyer: fjord, material: neodymium_oxide,"
        " routes: {port_bay_sea: 1}, sourcing_share: 1}\n"
        "  dy: {supplier: port_separation, buyer: fjord, material: dysprosium_oxide,"
        " routes: {port_bay_sea: 1}, sourcing_share: 1}\n"
        "  alloy: {supplier: fjord, buyer: echizen_magnets, material: magnet_alloy,"
        " routes: {fjord_sea: 1}, sourcing_share: 10 %}\n"
        "interventions:\n"
        f"  - {{id: stop, kind: export_ban, from: {place}, to: Japan, start: 2025-04-04}}\n"
        f"  - {{id: slow, kind: route_delay, through: {place}, added: 3 d, start: 2025-04-04}}\n"
    )
    case = load(write(tmp_path, text)).case
    assert case.interventions[0].touches(case.network)["lane_flow_share"] == ("alloy",)
    assert case.interventions[1].touches(case.network)["route_days_added"] == ("alloy|fjord_sea",)


def test_japanese_holidays_that_move_or_are_made_up_for() -> None:
    free = ("2024-02-12", "2024-09-23", "2025-05-06", "2025-11-24", "2026-09-22", "2026-05-06", "2026-01-12")
    assert not any(is_working_day("JP", date.fromisoformat(day)) for day in free)
    assert calendar_days(WorkingDays(1), date(2025, 5, 2), "JP") == 5  # 7 May follows five free days


def test_a_folder_named_like_a_scenario_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``sim run null_set --out null_set`` can be repeated."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "null_set").mkdir()
    assert load("null_set").case.name == "null_set"
    (tmp_path / "other").mkdir()
    with pytest.raises(ScenarioError, match="is a directory"):
        load("other")
