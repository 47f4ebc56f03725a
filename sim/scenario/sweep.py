"""``sweep:`` of a scenario and ``--grid``: figures that take several values, and the points of their grid."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from sim.errors import ScenarioError
from sim.scenario.fields import fault, what
from sim.scenario.syntax import Mark, make_problem

FORM = "{sites.toyota_japan.cover: [30 d, 60 d, 90 d]}"
Grid = Mapping[str, Sequence[str]]
"""Values by path, as ``--set`` takes them."""


def swept() -> Any:
    """Return the type of a grid: paths to lists of values."""

    def validate(raw: object) -> object:
        if not isinstance(raw, Mapping):
            raise fault(f"a mapping of paths to lists is wanted, not {what(raw)}", raw, FORM)
        for path, values in raw.items():
            if not isinstance(values, list) or not values:
                raise fault(f"a list of values is wanted, not {what(values)}", values, FORM, "", str(path))
        return {str(path): tuple(_text(value) for value in values) for path, values in raw.items()}

    schema = {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}}
    return Annotated[Any, PlainValidator(validate), WithJsonSchema(schema)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def grid_of(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read ``path=a,b,c`` texts of the command line; commas inside brackets belong to a value.

    Raises
    ------
    ScenarioError
        If a text has no path, no value, or repeats a path.

    Examples
    --------
    >>> grid_of(["sites.x.cover=30 d, 60 d"])
    {'sites.x.cover': ('30 d', '60 d')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        path, equals, values = (part.strip() for part in text.partition("="))
        parts = tuple(part.strip() for part in _split(values))
        if not equals or not path or not all(parts):
            allowed = "--grid path=a,b,c, such as --grid sites.toyota_japan.cover='30 d,60 d'"
            mark = Mark(f"--grid {text}")
            problem = make_problem("has no path or lacks a value", mark, given=text, allowed=allowed)
            raise ScenarioError(problem)
        if path in found:
            raise ScenarioError(make_problem(f"{path} is swept twice", Mark(f"--grid {text}"), given=path))
        found[path] = parts
    return found


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{(") - (letter in ")}]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def points(grid: Grid) -> list[dict[str, str]]:
    """Return every combination of values, the last path changing quickest.

    Examples
    --------
    >>> points({"a": ("1", "2"), "b": ("x", "y")})[1]
    {'a': '1', 'b': 'y'}
    """
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
