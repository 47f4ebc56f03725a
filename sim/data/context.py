"""What the builders of records share while one folder is read: rows, problems, figures, provenance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sim.data.schema import SOURCE_KINDS, Attribute
from sim.data.tables import Problems, Row, Tables, figure, listing, nearest, number
from sim.domain import Figure

ID = re.compile(r"[a-z0-9][a-z0-9_\-]*")
Values = dict[str, dict[str, float | str]]
"""Record id -> attribute name -> number in tonnes, units and days, or word."""


@dataclass(slots=True)
class Context:
    """One folder being read."""

    folder: Path
    tables: Tables
    problems: Problems
    figures: dict[str, Figure] = field(default_factory=dict)
    sources: dict[str, Row] = field(default_factory=dict)
    assumptions: dict[str, Row] = field(default_factory=dict)

    def read_sources(self) -> None:
        """Read the tables that figures point to."""
        for row in self.tables["sources"]:
            self.sources[row["source_id"]] = row
            self.one_of(row, "kind", SOURCE_KINDS)
        for row in self.tables["assumptions"]:
            name = row["assumption_id"]
            self.assumptions[name] = row
            if not name.startswith("A_"):
                self.problems.add(
                    f"assumption {name!r} does not begin with A_", row, key="assumption_id", hint=f"A_{name}"
                )

    def figure(
        self, row: Row, path: str, units: Mapping[str, float], lowest: float = 0.0
    ) -> float | None:
        """Check a figure row, keep it under `path`, and return it in tonnes, units and days.

        Returns
        -------
        float or None
            None when the row is wrong; the problem is recorded.
        """
        kept = figure(row, units, self.problems, lowest)
        if kept is None:
            return None
        if self.is_sourced(row, is_numeric=bool(units)):
            self.figures[path] = kept
        return kept.value * units[kept.unit] if units else kept.value

    def row_of(self, path: str, otherwise: Row) -> Row:
        """Return where a figure stands, to point at it; `otherwise` where the tables give none."""
        kept = self.figures.get(path)
        return otherwise if kept is None else Row({}, str(self.folder / kept.file), kept.line)

    def is_sourced(self, row: Row, *, is_numeric: bool) -> bool:
        """Check that `source_id` leads somewhere, and that what is assumed or derived says how."""
        name = row["source_id"]
        if name == "derived":
            if not row["derived_from"]:
                self.problems.add(
                    "a derived figure names its inputs in derived_from", row, key="derived_from"
                )
                return False
            return True
        if name in self.assumptions:
            return self._has_range(row) if is_numeric else True
        if name not in self.sources:
            known = [*self.sources, *self.assumptions, "derived"]
            self.problems.unknown("source", name, known, row, "source_id")
            return False
        return True

    def _has_range(self, row: Row) -> bool:
        assumption = self.assumptions[row["source_id"]]
        if (row["low"] and row["high"]) or (assumption["low"] and assumption["high"]):
            return True
        self.problems.add(
            f"assumption {row['source_id']} gives no range: neither the row nor assumptions.csv has "
            "low and high", row, key="low",
        )  # fmt: skip
        return False

    def known(self, row: Row, column: str, allowed: Iterable[str], what: str) -> bool:
        """Check a reference to a row of another table."""
        words = allowed if isinstance(allowed, (set, frozenset, dict, Mapping)) else set(allowed)
        if row[column] in words:
            return True
        self.problems.unknown(what, row[column], words, row, column)
        return False

    def one_of(self, row: Row, column: str, allowed: tuple[str, ...], default: str = "") -> str:
        """Return the word in a cell, checked against the closed list; empty gives `default`."""
        word = row[column] or default
        if word and word not in allowed:
            self.problems.add(
                f"{column} {word!r} is not known", row, key=column, given=word,
                hint=nearest(word, allowed), allowed=listing(allowed, 20),
            )  # fmt: skip
        return word

    def identifier(self, row: Row, column: str) -> str:
        """Return an id, checked to be lower case with underscores."""
        name = row[column]
        if not ID.fullmatch(name):
            self.problems.add(
                f"{column} {name!r} is not an id: lower case letters, digits and underscores", row,
                key=column, given=name,
            )  # fmt: skip
        return name

    def whole(self, row: Row, column: str, default: int = 0) -> int:
        """Return the whole number in a cell; empty gives `default`."""
        value = number(row, column, self.problems, float(default))
        if value != value:
            return default
        if value != int(value):
            self.problems.add(f"{column} is not a whole number: {row[column]!r}", row, key=column)
        return int(value)

    def attributes(
        self, table: str, column: str, known: Iterable[str], schema: Mapping[str, Attribute], prefix: str
    ) -> Values:
        """Read an attribute table (`site_figures`, `line_figures`, ...) into values per record."""
        out: Values = {}
        names = set(known)
        for row in self.tables[table]:
            attribute = row["attribute"]
            is_known = self.known(row, column, names, column)
            if attribute not in schema:
                self.problems.unknown("attribute", attribute, schema, row, "attribute")
                continue
            value = self.attribute(row, f"{prefix}.{row[column]}.{attribute}", schema[attribute])
            if value is not None and is_known:
                out.setdefault(row[column], {})[attribute] = value
        return out

    def attribute(self, row: Row, path: str, attribute: Attribute) -> float | str | None:
        """Return one attribute's value: a number in internal units, or an allowed word."""
        value = self.figure(row, path, attribute.units)
        if not attribute.is_text:
            return value
        word = row["value"]
        if attribute.words and word not in attribute.words:
            self.problems.unknown(row["attribute"], word, attribute.words, row, "value")
            return None
        return word if value is not None else None
