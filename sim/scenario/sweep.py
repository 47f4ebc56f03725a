"""``sweep:`` of a scenario and ``--grid``: figures that take several values or a range, and their points."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from sim.errors import ScenarioError
from sim.scenario.fields import fault, what
from sim.scenario.syntax import Mark, make_problem

FORM = "{sites.toyota_japan.cover: [30 d, 60 d, 90 d]}"
_END = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?P<unit>.*)", re.IGNORECASE)
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


def combinations(grid: Grid) -> list[dict[str, str]]:
    """Return every combination of values, the last path changing quickest.

    Raises
    ------
    ScenarioError
        If one is a range, which has no end of values.

    Examples
    --------
    >>> combinations({"a": ("1", "2"), "b": ("x", "y")})[1]
    {'a': '1', 'b': 'y'}
    """
    for path, values in grid.items():
        for value in values:
            if range_of(path, value) is not None:
                hint = "--design sobol --n 64 spreads 64 points over the ranges"
                message = f"{path}: a range has no single values"
                raise ScenarioError(make_problem(message, Mark("sweep"), given=value, hint=hint))
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


@dataclass(frozen=True, slots=True)
class Listed:
    """Values of which each has the same share of the points of a design."""

    values: tuple[str, ...]

    def at(self, share: float) -> str:
        """Return the value at a share of the way, 0 to 1."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]


@dataclass(frozen=True, slots=True)
class Range:
    """All values between two: numbers of one unit, or days."""

    low: float
    high: float
    unit: str
    """Written after the number; empty if there is none."""
    is_date: bool = False

    def at(self, share: float) -> str:
        """Return the value at a share of the way, 0 to 1, with six digits.

        Examples
        --------
        >>> Range(30.0, 90.0, " d").at(0.25)
        '45 d'
        """
        if self.is_date:
            days = int(self.high - self.low) + 1
            return date.fromordinal(int(self.low) + min(int(share * days), days - 1)).isoformat()
        return f"{Decimal(f'{self.low + share * (self.high - self.low):.6g}'):f}{self.unit}"


def range_of(path: str, text: str) -> Range | None:
    """Read a range ``LOW..HIGH``; None if the text is none.

    Raises
    ------
    ScenarioError
        If an end is no number and no date, the units differ, or nothing lies between.

    Examples
    --------
    >>> range_of("sites.x.cover", "30..90 d")
    Range(low=30.0, high=90.0, unit=' d', is_date=False)
    """
    low, dots, high = (part.strip() for part in text.partition(".."))
    if not dots:
        return None
    with suppress(ValueError):
        first, last = (float(date.fromisoformat(part).toordinal()) for part in (low, high))
        return _ordered(Range(first, last, "", is_date=True), path, text)
    found = [_END.fullmatch(part) for part in (low, high)]
    if found[0] is None or found[1] is None:
        raise _no_range(path, text, "an end is neither a number nor a date")
    units = [match["unit"].strip() for match in found if match is not None]
    if units[0] not in ("", units[1]):
        raise _no_range(path, text, f"the ends have two units, {units[0]!r} and {units[1]!r}")
    unit = "" if not units[1] else f" {units[1]}"
    return _ordered(Range(float(found[0]["number"]), float(found[1]["number"]), unit), path, text)


def _ordered(found: Range, path: str, text: str) -> Range:
    if found.low >= found.high:
        raise _no_range(path, text, "the first end is not below the second")
    return found


def _no_range(path: str, text: str, why: str) -> ScenarioError:
    allowed = "LOW..HIGH, such as 30 d..90 d, 0.1..0.5 or 2025-01-01..2025-06-30"
    return ScenarioError(make_problem(f"{path}: {why}", Mark("sweep"), given=text, allowed=allowed))


def axes(grid: Grid) -> dict[str, Listed | Range]:
    """Return what a design spreads its points over, by path: a range, or values.

    Raises
    ------
    ScenarioError
        If a range is wrong, or stands among values.
    """
    found: dict[str, Listed | Range] = {}
    for path, values in grid.items():
        ranges = [one for value in values if (one := range_of(path, value)) is not None]
        if ranges and len(values) > 1:
            raise _no_range(path, ", ".join(values), "a range stands alone, not among values")
        found[path] = ranges[0] if ranges else Listed(tuple(values))
    return found
