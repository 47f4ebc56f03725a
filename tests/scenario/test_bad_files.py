"""Every file in `bad/` is refused, with exactly the problems its first line states, each at its place.

First line: ``# line:column message => hint ;; line:column message``. A file name before the line means the
problem lies in another file; ``-`` means it has no line.
"""

from __future__ import annotations

import re
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
