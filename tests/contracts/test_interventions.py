"""Every registered kind keeps the promises of an intervention; a new kind is tested by being registered."""

from __future__ import annotations

import ast
import inspect
import json
import pickle
import re
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from sim.interventions import KINDS, After, Intervention, Pause, Step
from sim.interventions.instructions import Turn, Watch
from sim.interventions.levers import LEVERS
from sim.scenario import json_schema

DOCS = Path(__file__).parents[2] / "docs" / "interventions.md"
START = date(2025, 1, 1)


def is_neutral(rows: dict[tuple[str, str], float]) -> bool:
    return all(value == LEVERS[lever].neutral for (lever, _), value in rows.items())


def short_lived(item: Intervention) -> Intervention:
    """Return the intervention with an end well inside the horizon."""
    start = item.start
    assert start is not None
    return replace(item, end=start + timedelta(days=400), duration_days=None)


def test_the_registry_names_every_kind_by_its_own_word():
    assert {name: cls.kind for name, cls in KINDS.items()} == {name: name for name in KINDS}


def test_the_example_builds_and_finds_its_scope(kind, stand):
    item = stand.from_example(kind)
    assert isinstance(item, kind)
    assert item.problems(stand.network) == ()


def test_the_example_acts(kind, stand):
    done = stand.play(stand.from_example(kind), stand.world())
    turned = [step for _, step in done if isinstance(step, Turn | Watch)]
    assert any(step.value != LEVERS[step.lever].neutral for step in turned)


def test_only_declared_levers_and_their_rows_are_turned(kind, stand):
    item = stand.from_example(kind)
    touched = item.touches(stand.network)
    assert set(touched) == set(kind.levers) <= set(LEVERS)
    for _, step in stand.play(item, stand.world()):
        if isinstance(step, Turn | Watch):
            assert set(step.scope) <= set(touched[step.lever])


def test_rows_are_of_the_kind_the_lever_has(kind, stand):
    item = stand.from_example(kind)
    network = item.equip(stand.network)
    legs = {f"{lane.lane_id}|{leg.route}" for lane in network.lanes.values() for leg in lane.routes}
    known = {"lane": set(network.lanes), "lane_route": legs, "route": set(network.routes)}
    known["line"] = set(network.lines)
    known["input"] = {f"{line.line_id}|{name}" for line in network.lines.values() for name in line.inputs}
    known["group"] = {f"{lane.buyer}|{lane.material}" for lane in network.lanes.values()}
    for lever, rows in item.touches(network).items():
        assert set(rows) <= known[LEVERS[lever].rows]


def test_level_zero_is_neutral(kind, stand):
    item = stand.from_example(kind)
    for step in item.apply(stand.world(), 0.0):
        assert isinstance(step, Turn | Watch)
        assert step.value == LEVERS[step.lever].neutral


def test_steps_of_level_zero_turn_nothing(kind, stand):
    item = replace(stand.from_example(kind), steps=(Step(start=date(2020, 1, 1), level=0.0),))
    assert not [step for _, step in stand.play(item, stand.world()) if isinstance(step, Turn | Watch)]


@pytest.mark.parametrize("length", [0, -10])
def test_no_length_turns_nothing(kind, stand, length):
    item = stand.from_example(kind)
    item = replace(item, end=item.start + timedelta(days=length), duration_days=None)
    done = stand.play(item, stand.world())
    assert not [step for _, step in done if isinstance(step, Turn | Watch)]
    assert set(stand.reached(done)) <= {"announced"}


def test_a_start_beyond_the_horizon_turns_nothing(kind, stand):
    item = stand.from_example(kind)
    horizon = (item.start - START).days
    done = stand.play(item, stand.world(horizon_days=horizon))
    assert not [step for _, step in done if isinstance(step, Turn | Watch)]


def test_it_undoes_itself_at_its_end(kind, stand):
    item = short_lived(stand.from_example(kind))
    world = stand.world()
    done = stand.play(item, world)
    assert "end" in stand.reached(done)
    assert is_neutral(stand.levers_after(done, world.horizon_days))


def test_nothing_turns_before_the_start_or_the_announcement(kind, stand):
    item = stand.from_example(kind)
    item = replace(item, announced=item.start - timedelta(days=30))
    done = stand.play(item, stand.world())
    start_day = (item.start - START).days
    assert all(day >= start_day for day, step in done if isinstance(step, Turn | Watch))
    milestones = stand.reached(done)
    assert milestones["announced"] == start_day - 30
    assert milestones["start"] == start_day


def test_changing_the_end_changes_nothing_before_it(kind, stand):
    item = short_lived(stand.from_example(kind))
    later = replace(item, end=item.end + timedelta(days=200))
    end_day = (item.end - START).days
    first = [(day, step) for day, step in stand.play(item, stand.world()) if day < end_day]
    second = [(day, step) for day, step in stand.play(later, stand.world()) if day < end_day]
    assert first == second


def test_days_never_run_backwards(kind, stand):
    days = [day for day, _ in stand.play(short_lived(stand.from_example(kind)), stand.world())]
    assert days == sorted(days)


def test_a_reaction_starts_after_the_milestone_and_its_lag(kind, stand):
    original = stand.from_example(kind)
    after = After(intervention="other", lag_days=7.0)
    item = replace(original, announced=None, start=None, end=None, after=after)
    assert stand.play(item, stand.world()) == []
    done = stand.play(item, stand.world(), {("other", "start"): 100.0})
    assert stand.reached(done)["announced"] == 107
    assert stand.reached(done)["start"] == 107


def test_a_pause_is_neutral_and_the_end_still_comes(kind, stand):
    item = short_lived(stand.from_example(kind))
    pause = Pause(start=item.start, end=item.end)
    done = stand.play(replace(item, pauses=(pause,)), stand.world())
    assert not [step for _, step in done if isinstance(step, Turn | Watch)]
    assert {"start", "end"} <= set(stand.reached(done))


def test_the_same_luck_gives_the_same_timeline(kind, stand):
    item = stand.from_example(kind)
    for replication in range(3):
        first, second = (stand.play(item, stand.world(replication=replication)) for _ in range(2))
        assert first == second


def test_it_pickles(kind, stand):
    item = stand.from_example(kind)
    assert pickle.loads(pickle.dumps(item)) == item


def test_it_describes_itself_in_one_sentence_with_its_date(kind, stand):
    item = stand.from_example(kind)
    sentence = item.describe()
    assert item.start.isoformat() in sentence
    assert "\n" not in sentence
    assert not re.search(r"\d%", sentence)


def test_every_field_says_what_it_is(kind):
    undocumented = [item.name for item in fields(kind) if not item.metadata.get("doc")]
    assert undocumented == []


def test_the_documentation_shows_the_same_example(kind, stand):
    text = DOCS.read_text(encoding="utf-8")
    assert f"## `{kind.kind}`" in text
    assert stand.example_text(kind).strip() in text


def test_the_documentation_lists_every_field_and_lever(kind):
    text = DOCS.read_text(encoding="utf-8")
    common = {item.name for item in fields(Intervention)}
    page = text.partition(f"## `{kind.kind}`")[2].partition("\n## ")[0]
    rows = [
        f"| `{item.metadata.get('alias', item.name)}` | {item.metadata['doc']} |"
        for item in fields(kind)
        if item.name not in common
    ]
    assert [row for row in rows if row not in page] == []
    assert f"Levers: {', '.join(f'`{lever}`' for lever in kind.levers)}." in page


def test_the_schema_of_scenarios_knows_the_kind_with_every_field(kind):
    schema = json_schema()
    items = schema["properties"]["interventions"]["items"]
    assert kind.kind in items["properties"]["kind"]["enum"]
    (then,) = (
        rule["then"] for rule in items["allOf"] if rule["if"]["properties"]["kind"]["const"] == kind.kind
    )
    known = schema["$defs"][then["$ref"].removeprefix("#/$defs/")]["properties"]
    assert {item.metadata.get("alias", item.name) for item in fields(kind)} <= set(known)


def test_it_is_listed_with_its_example(kind, stand):
    rows = json.loads(CliRunner().invoke(app, ["list", "interventions", "--json"]).stdout)["interventions"]
    (row,) = (row for row in rows if row["kind"] == kind.kind)
    assert row["does"] == kind.__doc__.strip().splitlines()[0]
    assert row["example"] == stand.example_text(kind)


def test_its_example_is_a_scenario_that_loads_and_runs(kind, tmp_path):
    found = CliRunner().invoke(app, ["list", "interventions", "--example", kind.kind])
    path = tmp_path / "example.yaml"
    path.write_text(found.stdout, encoding="utf-8")
    run = sim.run(path)
    assert [item.kind for item in run.case.interventions] == [kind.kind]
    assert run.manifest["warnings"] == []


def test_a_kind_needs_neither_engine_nor_reader(kind):
    tree = ast.parse(Path(inspect.getsourcefile(kind)).read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
    assert not roots & {"simpy", "numba", "pydantic", "ruamel", "pandas", "matplotlib"}
