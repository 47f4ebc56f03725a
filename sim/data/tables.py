"""Read the CSV files of a network folder: rows that know their file and line, and all problems at once."""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.data.schema import OTHER_FILES, TABLES, UNIT_WORDS, Table
from sim.domain import Figure
from sim.errors import DataError, Problem


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return "did you mean X?" for the nearest allowed word, or nothing."""
    cutoff = 0.6 if len(word) > 2 else 0.5
    found = difflib.get_close_matches(word, list(allowed), n=1, cutoff=cutoff)
    return f"did you mean {found[0]}?" if found else ""


def listing(words: Iterable[str], limit: int = 12) -> str:
    """Return allowed words as a short list; a long one ends in its length."""
    ordered = list(words)
    shown = ", ".join(ordered[:limit])
    return shown if len(ordered) <= limit else f"{shown}, ... ({len(ordered)} in all)"


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, so that one error names everything."""

    found: list[Problem] = field(default_factory=list)

    def add(self, message: str, row: Row | None = None, **parts: Any) -> None:
        """Add a problem; `row` gives file and line, `parts` are fields of `Problem`."""
        if row is None:
            self.found.append(Problem(message, **parts))
        else:
            self.found.append(Problem(message, path=row.file, line=row.line, **parts))

    def unknown(self, what: str, word: str, allowed: Iterable[str], row: Row, key: str) -> None:
        """Add "X is not known" with the nearest match and what is allowed."""
        words = sorted(allowed)
        self.add(
            f"{what} {word!r} is not known", row,
            key=key, given=word, hint=nearest(word, words), allowed=listing(words),
        )  # fmt: skip

    def stop(self) -> None:
        """Raise `DataError` with everything found so far, if anything was."""
        if self.found:
            ordered = sorted(self.found, key=lambda item: (item.path, item.line or 0))
            raise DataError(ordered)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: cells by column, with where it stands."""

    cells: Mapping[str, str]
    file: str
    line: int

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def words(self, column: str) -> tuple[str, ...]:
        """Return the list in a cell (separated by spaces)."""
        return tuple(self.cells.get(column, "").split())

    def is_yes(self, column: str) -> bool:
        """Return whether a yes-or-empty cell says yes."""
        return self.cells.get(column, "").lower() in ("yes", "true", "1")


Tables = dict[str, list[Row]]


def table_of(stem: str) -> str:
    """Return the table a file belongs to (``sites_downstream`` -> ``sites``), or an empty string."""
    names = sorted(TABLES, key=len, reverse=True)
    return next((name for name in names if stem == name or stem.startswith(name + "_")), "")


def read_folder(folder: Path, problems: Problems, only: tuple[str, ...] = ()) -> Tables:
    """Read every table of a folder, parts merged in order of file name.

    Parameters
    ----------
    folder
        Folder with the CSV files of `docs/tables.md`.
    problems
        Receives unknown files, missing tables, bad headers, empty cells and duplicate keys.
    only
        Names of the tables wanted; empty: all of them.
    """
    tables: Tables = {name: [] for name in TABLES}
    seen: set[str] = set()
    for path in sorted(folder.glob("*.csv")):
        name = table_of(path.stem)
        if only and name not in only:
            continue
        if name:
            seen.add(name)
            tables[name].extend(_read_file(path, TABLES[name], problems))
        elif not path.stem.startswith(OTHER_FILES):
            problems.add(
                f"file {path.name} is not a table of a network", path=str(path),
                hint=nearest(path.stem, TABLES), allowed=listing(TABLES, 30),
            )  # fmt: skip
    for name, table in TABLES.items():
        if name not in seen and not table.optional and not only:
            problems.add(f"table {name}.csv is missing", path=str(folder), hint="see docs/tables.md")
    for name, rows in tables.items():
        _check_keys(rows, TABLES[name], problems)
    return tables


def _read_file(path: Path, table: Table, problems: Problems) -> list[Row]:
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        problems.add(f"{path.name} cannot be read as UTF-8 text: {error}", path=file)
        return []
    if "\0" in text:
        problems.add(f"{path.name} is a binary file, not a table", path=file)
        return []
    reader = csv.reader(text.splitlines(keepends=True))
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        problems.add(f"{path.name} is empty; a table begins with its header row", path=file, line=1)
        return []
    if not _is_header_right(header, table, file, problems):
        return []
    return list(_rows(reader, header, table, file, problems))


def _is_header_right(header: list[str], table: Table, file: str, problems: Problems) -> bool:
    allowed = table.header()
    head = Row({}, file, 1)
    count = len(problems.found)
    for column in header:
        if column not in allowed:
            problems.unknown("column", column, allowed, head, column)
        if header.count(column) > 1:
            problems.add(f"column {column!r} stands twice in the header", head, key=column)
    wanted = table.required + (("value", "unit", "source_id") if table.has_figure else ())
    for column in wanted:
        if column not in header:
            problems.add(f"column {column!r} is missing", head, key=column, allowed=", ".join(allowed))
    return len(problems.found) == count


def _rows(
    reader: Iterator[list[str]], header: list[str], table: Table, file: str, problems: Problems
) -> Iterator[Row]:
    line = 1
    for cells in reader:
        line = getattr(reader, "line_num", line + 1)
        if not any(cell.strip() for cell in cells):
            continue
        row = Row(dict(zip(header, (cell.strip() for cell in cells), strict=False)), file, line)
        if len(cells) > len(header):
            problems.add(
                f"row has {len(cells)} cells, the header has {len(header)}", row,
                hint='a cell with a comma needs double quotes: "a, b"',
            )  # fmt: skip
            continue
        missing = [column for column in table.required if not row[column]]
        for column in missing:
            problems.add(f"{column} is empty", row, key=column)
        if not missing:
            yield row


def _check_keys(rows: list[Row], table: Table, problems: Problems) -> None:
    key = table.key or table.required
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        name = tuple(row[column] for column in key)
        if name in first:
            where = f"{Path(first[name].file).name}:{first[name].line}"
            problems.add(f"{' '.join(name)} stands twice", row, key=key[0], hint=f"first at {where}")
        else:
            first[name] = row


def number(row: Row, column: str, problems: Problems, default: float = math.nan) -> float:
    """Return the number in a cell; empty gives `default`; ``inf`` is allowed, anything else a problem."""
    text = row[column]
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        hint = "write thousands without separators: 18000" if "," in text else ""
        problems.add(f"{column} is not a number: {text!r}", row, key=column, given=text, hint=hint)
        return math.nan
    if math.isnan(value):
        problems.add(f"{column} is not a number: {text!r}", row, key=column, given=text)
    return value


def figure(row: Row, units: Mapping[str, float], problems: Problems, lowest: float = 0.0) -> Figure | None:
    """Return the figure of a row in its own unit, or None when it is wrong (the problem is recorded).

    Parameters
    ----------
    units
        Unit words allowed here; empty: a text row, whose figure has value nan.
    lowest
        Least allowed value.
    """
    before = len(problems.found)
    unit = row["unit"]
    if not unit:
        allowed = listing(units or ("text",))
        problems.add("unit is empty; every figure has one", row, key="unit", allowed=allowed)
    elif unit not in (units or ("text",)):
        kind = "cannot stand here" if unit in UNIT_WORDS else "is not known"
        problems.add(
            f"unit {unit!r} {kind}", row, key="unit", given=unit,
            hint=nearest(unit, units), allowed=listing(units or ("text",)),
        )  # fmt: skip
    if not row["source_id"]:
        problems.add(
            "source_id is empty; every figure has one", row, key="source_id",
            hint="a row of sources.csv, of assumptions.csv, or the word derived",
        )  # fmt: skip
    if not row["value"]:
        problems.add("value is empty", row, key="value")
    if len(problems.found) > before:
        return None
    if not units:
        return _make(row, math.nan, None, None)
    value = number(row, "value", problems)
    low, high = number(row, "low", problems), number(row, "high", problems)
    _check_range(row, value, low, high, lowest, problems)
    if len(problems.found) > before:
        return None
    return _make(row, value, None if math.isnan(low) else low, None if math.isnan(high) else high)


def _check_range(row: Row, value: float, low: float, high: float, lowest: float, problems: Problems) -> None:
    if value < lowest:
        what = "is negative" if value < 0 and lowest == 0 else f"is below {lowest:g}"
        problems.add(f"value {row['value']} {what}", row, key="value", given=row["value"])
    tolerance = 1e-9 * max(abs(value), 1.0)
    if value < low - tolerance or value > high + tolerance:
        problems.add(
            f"value {row['value']} lies outside its range {row['low']} to {row['high']}",
            row, key="value", given=row["value"],
        )  # fmt: skip


def _make(row: Row, value: float, low: float | None, high: float | None) -> Figure:
    return Figure(
        value, row["unit"], row["source_id"], low, high,
        row["derived_from"], row["note"], Path(row.file).name, row.line,
    )  # fmt: skip
