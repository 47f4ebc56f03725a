"""Every file in `bad/` is refused, with exactly the problems its first line states, each at its place.

First line: ``# line:column message => hint ;; line:column message``. A file name before the line means the
problem lies in another file; ``-`` means it has no line.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from sim.errors import Problem, ScenarioError
from sim.scenario import load

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
FOREIGN_WORDS = re.compile(
    r"pydantic|Input should be|ruamel|Traceback|type=|Extra inputs|Field required|invalid|please"
)


def described(problem: Problem, file: Path) -> str:
    place = f"{problem.line}:{problem.column}" if problem.line is not None else "-"
    if Path(problem.path).name != file.name:
        place = f"{Path(problem.path).name}:{place}"
    hint = f" => {problem.hint}" if problem.hint.startswith("did you mean") else ""
    return f"{place} {problem.message}{hint}"


def test_there_are_enough_bad_files() -> None:
    assert len(BAD) >= 40


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_all_problems_of_a_bad_file_are_named_at_their_place(file: Path) -> None:
    wanted = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(" ;; ")
    with pytest.raises(ScenarioError, match=r"\.yaml") as caught:
        load(file)
    found = [described(problem, file) for problem in caught.value.problems]
    assert found == wanted


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_the_message_is_ours_and_points_at_the_text(file: Path) -> None:
    with pytest.raises(ScenarioError, match=r"\.yaml") as caught:
        load(file)
    assert not FOREIGN_WORDS.search(str(caught.value))
    for problem in caught.value.problems:
        if problem.line is not None and problem.column is not None:
            lines = Path(problem.path).read_text(encoding="utf-8").splitlines()
            assert problem.excerpt == lines[problem.line - 1]
            assert problem.column <= len(problem.excerpt) + 1


def refused(path: Path) -> Problem:
    with pytest.raises(ScenarioError, match=re.escape(str(path))) as caught:
        load(path)
    (problem,) = caught.value.problems
    return problem


def test_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "india_halt.yaml").write_text("title: T\n")
    problem = refused(tmp_path / "india_hlt.yaml")
    assert problem.message == "does not exist"
    assert "india_halt" in problem.hint


def test_an_unknown_library_name_is_matched() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'india_halt'"):
        load("india_hlt")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text(text)
    assert refused(path).message == "is empty"


def test_a_directory(tmp_path: Path) -> None:
    assert "is a directory" in refused(tmp_path).message


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0", b"title: caf\xe9\n", bytes(range(256))])
def test_a_binary_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "picture.yaml"
    path.write_bytes(data)
    assert "binary" in refused(path).message


def test_a_huge_file(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"a" * 5_000_001)
    assert "5000001 bytes" in refused(path).message


def test_a_circle_through_three_files(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"extends: {other}.yaml\n")
    with pytest.raises(ScenarioError, match=r"circle: a\.yaml -> b\.yaml -> c\.yaml -> a\.yaml") as caught:
        load(tmp_path / "a.yaml")
    assert caught.value.problems[0].line == 1
    assert caught.value.problems[0].path.endswith("c.yaml")


def test_an_error_in_an_extended_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("title: T\nseed: [\n")
    (tmp_path / "top.yaml").write_text("extends: base.yaml\n")
    with pytest.raises(ScenarioError, match=r"base\.yaml:") as caught:
        load(tmp_path / "top.yaml")
    assert caught.value.problems[0].line is not None


def test_self_reference_by_alias(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text("title: &a [*a]\n")
    with pytest.raises(ScenarioError, match=r"refers to itself|no anchor"):
        load(path)


def test_aliases_of_aliases_do_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "flood.yaml"
    anchors = [f"{name}: &{name} [{', '.join([f'*{one}'] * 9)}]\n" for one, name in pairwise("abcdefghijkl")]
    path.write_text("a: &a [x]\n" + "".join(anchors))
    assert "values with its aliases written out" in refused(path).message


def test_every_depth_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    for depth in range(20, 420, 20):
        path.write_text("title: " + "[" * depth + "]" * depth + "\n")
        with pytest.raises(ScenarioError, match=r"deep\.yaml"):
            load(path)


SMALL = Path(__file__).parent / "small"
HEAD = f"title: T\nquestion: Q?\nnetwork: {SMALL}\nstart: 2025-01-01\nhorizon: 90 d\n"


def messages(tmp_path: Path, text: str) -> list[str]:
    """Return what is wrong with a scenario, in order of place."""
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=r"own\.yaml") as caught:
        load(path)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_slips_of_yaml_hide_no_other_mistake_and_make_none(tmp_path: Path) -> None:
    text = HEAD + "seed: 1\nseed: 2\nrunway_from:\nsources: [exampel_page]\n"
    text += "must_hold: [no oem stps]\ntitel: x\n"
    found = messages(tmp_path, text)
    assert [item.split(":")[0] for item in found] == ["7", "8", "9", "10", "11"]


def test_what_is_wrong_with_a_new_site_is_said_once(tmp_path: Path) -> None:
    text = HEAD + (
        "sites: {fjord: {country: NO, stage: metall, operator: Fjord AS}}\n"
        "lines: {oven: {site: fjord, kind: plant, outputs: {magnet_alloy: 1}, inputs: {neodymium_oxid: 1}}}\n"
        "interventions:\n"
        "  - {id: a, kind: outage, sites: fjord, start: 2025-01-05}\n"
        "  - {id: b, kind: export_ban, from: Fjord AS, to: Norway, start: 2025-01-05}\n"
        "must_hold: [fjord unchanged]\n"
        "initial_state: {on_hand: {fjord: {magnet_alloy: 3 t}, hill_mine: {magnet_alloy: 3 kg}}}\n"
    )
    found = messages(tmp_path, text)
    assert [item.split(":")[0] for item in found] == ["6", "7", "12"], found
    assert "neodymium_oxid" in found[1]
    assert "neither uses nor makes" in found[2]


def test_the_fields_of_an_unknown_kind_are_read(tmp_path: Path) -> None:
    item = "interventions:\n  - {id: a, kind: %s, start: 2025-02-30,\n     from: Malasia, speed: 3}\n"
    found = messages(tmp_path, HEAD + item % "earthquake")
    assert [text.split(" ")[0] for text in found] == ["7:", "7:", "8:"], found  # nobody knows its own fields
    assert "'earthquake' is not a kind" in found[0]
    found = messages(tmp_path, HEAD + item % "export_bn")
    assert "speed is not a field of export_ban" in found[3]


FULL_OF_MISTAKES = """interventions:
  - id: a
    kind: {kind}
    announcd: 2025-02-01
    start: 2025-02-30
    from: Malasia
    materials: [neodymium_oxid]
    enforced: 3 t
    pauses: [{{frm: 2025-03-01, to: 2025-13-01}}]
    steps: [{{from: 2025-03-01, level: 140 %}}]
    leek: 3 %
    branches:
      - {{name: x, weight: 0.5, endd: 2025-03-05, leak: 5 %}}
      - {{weight: 0.5, end: 2025-02-31}}
uncertain: {{interventions.a.lek: 3 d}}
"""


def test_a_misspelt_kind_hides_nothing_that_the_right_one_would_show(tmp_path: Path) -> None:
    right = messages(tmp_path, HEAD + FULL_OF_MISTAKES.format(kind="export_ban"))
    wrong = messages(tmp_path, HEAD + FULL_OF_MISTAKES.format(kind="export_bann"))
    assert len(right) == 14, right
    assert wrong == sorted(
        [*right, "8: interventions[0].kind: 'export_bann' is not a kind of intervention"],
        key=lambda item: int(item.split(":")[0]),
    )


@pytest.mark.parametrize("kind", ["earthquake", "tariff", "export", "", "7"])
def test_of_a_kind_that_nobody_knows_what_all_kinds_have_is_checked(tmp_path: Path, kind: str) -> None:
    found = messages(tmp_path, HEAD + FULL_OF_MISTAKES.format(kind=kind))
    lines = [int(item.split(":")[0]) for item in found]
    # not said: `leek`, near a field of one kind only, `leak` in a branch, and the uncertain `lek`
    assert lines == [8, 9, 10, 11, 12, 13, 14, 14, 14, 15, 18, 19, 19], found
    assert "announcd is not a field of any kind of intervention" in found[1]
    assert "endd is not a field of any kind of intervention" in found[10]


@pytest.mark.parametrize("kind", ["earthquake", "tariff", "export"])
def test_keys_that_may_belong_to_a_kind_that_nobody_knows_are_no_mistake(tmp_path: Path, kind: str) -> None:
    own = "leak: 5 %, rate: 34 %, windows: [], speed: 3"
    branch = f"{{name: x, weight: 1, {own}}}"
    text = f"interventions:\n  - {{id: a, kind: {kind}, start: 2025-02-03, {own}, branches: [{branch}]}}\n"
    (only,) = messages(tmp_path, HEAD + text)
    assert ".kind: " in only


@pytest.mark.parametrize("kind", ["tariff", "price_floor"])
def test_a_kind_of_the_model_that_is_not_built_is_said_to_be_so(tmp_path: Path, kind: str) -> None:
    text = HEAD + f"interventions:\n  - {{id: a, kind: {kind}, start: 2025-02-03, decisions_per_week: 60}}\n"
    assert messages(tmp_path, text) == [f"7: interventions[0].kind: '{kind}' is not built yet"]


UNKNOWN_NAMES = {
    "kind: export_licence, by: Malesia": "by: place 'Malesia'",
    "kind: export_licenc, by: Malesia": "by: place 'Malesia'",
    "kind: export_licence, by: Malaysia, screening: [{to: Japn}]": "screening[0].to: place 'Japn'",
    "kind: export_licence, by: Malaysia, collateral: {materials: magnt, share: 1, hold: 3 d}":
        "collateral.materials: 'magnt'",
    "kind: procurement_ban, covered: [Malesia], to: Japan": "covered: 'Malesia' is no country",
    "kind: alliance, members: [Japn], prefer: yes": "members: place 'Japn'",
    "kind: stockpile, country: Japn, materials: magnet_alloy, holds: 3 t": "country: place 'Japn'",
    "kind: substitution, materials: magnet_alloy, saving: 30 %, by: neodymium_oxid":
        "by: 'neodymium_oxid' is no material",
    "kind: content_rule, by: Malaysia, threshold: 0.1 %, elements: [neodimium], limbs: {origin: {}}":
        "elements: element 'neodimium'",
}  # fmt: skip


@pytest.mark.parametrize("item", UNKNOWN_NAMES)
def test_a_name_that_one_kind_has_is_looked_up_whatever_else_is_wrong(item: str, tmp_path: Path) -> None:
    found = messages(tmp_path, HEAD + f"interventions:\n  - {{id: a, {item}, start: 2025-02-03, speed: 3}}\n")
    assert any(UNKNOWN_NAMES[item] in text for text in found), found
    assert any("speed is not a field" in text for text in found), found


def test_a_word_that_may_be_a_place_or_a_material_is_left_alone(tmp_path: Path) -> None:
    text = HEAD + "interventions:\n  - {id: a, kind: earthquake, start: 2025-02-03, by: neodymium_oxide}\n"
    assert len(messages(tmp_path, text)) == 1


IN_THE_WAY = {
    "kind: substitution, materials: magnet_alloy, saving: 30 %, by: neodymium_oxide": "has no input",
    "kind: export_quota, materials: neodymium_oxide, rule: by_value, window: 1 yr, quantity: 3 t, "
    "values: {magnet_alloy: 9 USD/kg}": "`values` has no value of neodymium_oxide",
}


@pytest.mark.parametrize("item", IN_THE_WAY)
def test_what_stands_in_the_way_of_a_kind_is_said_on_loading(item: str, tmp_path: Path) -> None:
    (only,) = messages(tmp_path, HEAD + f"interventions:\n  - {{id: a, {item}, start: 2025-02-03}}\n")
    assert IN_THE_WAY[item] in only


def test_an_uncertain_start_is_pointed_to_the_reaction(tmp_path: Path) -> None:
    law = "{distribution: uniform, low: 1 d, high: 9 d}"
    text = HEAD + f"interventions:\n  - {{id: a, kind: export_ban, from: Malaysia, start: {law}}}\n"
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match="not a distribution") as caught:
        load(path)
    assert "after: {id: other, lag:" in caught.value.problems[0].hint


def test_a_wrong_folder_of_tables_is_the_fault_of_the_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "own.yaml").write_text(HEAD.replace(str(SMALL), "tables"))
    with pytest.raises(ScenarioError, match="is missing") as caught:
        load(tmp_path / "own.yaml")
    assert any(item.path.endswith("own.yaml") and item.line == 3 for item in caught.value.problems)


def test_a_scope_that_holds_nothing_is_an_error_unless_a_new_site_fills_it(tmp_path: Path) -> None:
    ban = "interventions:\n  - {id: a, kind: outage, sites: Norway, start: 2025-02-03}\n"
    assert "touches nothing in small" in messages(tmp_path, HEAD + ban)[0]
    (tmp_path / "moved.yaml").write_text(HEAD + ban + "sites: {hill_mine: {country: Norway}}\n")
    assert load(tmp_path / "moved.yaml").case.interventions
    ban = ban.replace("sites: Norway", "sites: Japan, materials: [car]").replace("outage", "export_ban")
    ban = ban.replace("sites: Japan", "from: Japan, to: Malaysia")
    assert "touches nothing in small" in messages(tmp_path, HEAD + ban)[0]


def test_values_left_out_are_said_once(tmp_path: Path) -> None:
    text = HEAD.replace("title: T", "title:") + (
        "sites: {nagoya_cars: }\ninterventions:\n  -\n  - {id: , kind: , start: , end: 2025-02-30}\n"
        "initial_state: {on_hand: {hill: {car: 3 t}}, in_transit: {far: [{arrives: soon, quantity: 3 t}]}}\n"
    )
    found = messages(tmp_path, text)
    lines = [item.split(":")[0] for item in found]
    assert lines == ["1", "6", "8", "9", "9", "9", "9", "10", "10", "10"], found
