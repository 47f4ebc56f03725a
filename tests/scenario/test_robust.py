"""Whatever stands in a file, the answer is a case or a list of problems, never another error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import Problem, ScenarioError
from sim.scenario import load
from sim.scenario.syntax import read

HERE = Path(__file__).parent
ODD = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    " ",
    "NO",
    "2025-02-30",
    "1 d",
    "-1 d",
    "1e999 d",
    "45 working days",
    "140 %",
    "nobody",
    "a.b",
    [],
    [1],
    [[]],
    ["x", None],
    {},
    {"value": "3 d"},
    {"value": {"value": 1}},
    {"x": {"y": 1}},
    {"distribution": "uniform"},
    {"distribution": ["x"]},
    {"distribution": "normal", "mean": "5 d", "sd": "1 d"},
]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, item in children:
        yield from places(item, (*path, key))


DOCUMENT = read(HERE / "good" / "everything.yaml").plain()
DOCUMENT["network"] = str(HERE / "small")
PLACES = sorted(places(DOCUMENT), key=str)


def problems_of(file: Path) -> tuple[Problem, ...]:
    try:
        load(file)
    except ScenarioError as error:
        return error.problems
    return ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(range(len(ODD)))), min_size=1, max_size=3))
def test_odd_values_give_problems_with_a_place(
    tmp_path: Path, changes: list[tuple[tuple[Any, ...], int]]
) -> None:
    document = deepcopy(DOCUMENT)
    for path, odd in changes:
        holder: Any = document
        try:
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = ODD[odd]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    file = tmp_path / "odd.yaml"
    file.write_text(json.dumps(document, indent=1), encoding="utf-8")
    assert all(problem.message for problem in problems_of(file))
