"""A table of stocks, goods at sea, open licences and rules, as a purchasing department fills one in.

The rows become the tree that `initial_state:` would be in YAML, each value with the line and column of its
cell, so that whatever is wrong with it is said by the same reader at the right place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.scenario.syntax import Mark, Node, Problems
from sim.units import did_you_mean

KEY = "initial_state"
FILE = "file"
COLUMNS = (
    "item", "site", "material", "lane", "from", "to", "quantity", "low", "high", "unit", "date", "until",
    "rule", "source", "note",
)  # fmt: skip
FREE = ("source", "note")
"""Columns for the one who fills in the table; nothing reads them."""
FIGURES = ("quantity", "low", "high", "unit")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "stock": ("site", "material"),
    "at_sea": ("lane", "date"),
    "licence_granted": (),
    "licence_applied": ("date",),
    "rule": ("rule",),
}
"""What each item needs beside its quantity."""
MAY: Mapping[str, tuple[str, ...]] = {
    "stock": ("site", "material", *FIGURES),
    "at_sea": ("lane", "date", *FIGURES),
    "licence_granted": ("lane", "from", "to", "material", "date", "until", "rule", *FIGURES),
    "licence_applied": ("lane", "from", "to", "material", "date", "rule", *FIGURES),
    "rule": ("rule",),
}
"""The columns that say something about each item."""
FILLED_IN = ("quantity", "low", "high", "date", "until")
"""Columns a template leaves empty; a row without any of them is one nobody filled in."""
MAX_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row that says something: its item, and each filled cell with its place."""

    item: str
    cells: Mapping[str, Node]
    mark: Mark

    def text(self, column: str) -> str:
        """Return what a cell says; empty where it says nothing."""
        return self.cells[column].text if column in self.cells else ""


def fill_in(root: Node, folder: Path, problems: Problems) -> None:
    """Put the table that `initial_state` names in its place; what stands beside it in YAML wins.

    Parameters
    ----------
    folder
        What the name of the file is relative to.
    """
    node = root.get(KEY)
    if node is None:
        return
    name = node if isinstance(node.value, str) else node.get(FILE)
    if name is None:
        return
    if not isinstance(name.value, str) or not name.value.strip():
        problems.add(f"{KEY} names no file", name.mark, key=KEY, allowed=f"{KEY}: stocks.csv")
        root.value.pop(KEY)
        return
    said = _read(folder / Path(name.value).expanduser(), name, problems)
    tree = Node({} if said is None else said, name.mark, node.key_mark)
    beside = {key: item for key, item in node.value.items() if key != FILE} if node.is_mapping else {}
    root.value[KEY] = _over(tree, beside)


def _over(tree: Node, beside: Mapping[str, Node]) -> Node:
    from sim.scenario.compose import override

    return override(tree, Node(dict(beside), tree.mark, tree.key_mark)) if beside else tree


def _read(path: Path, name: Node, problems: Problems) -> dict[str, Node] | None:
    """Return the tree of a table, or None where there is no table to read."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise ValueError(f"has {len(data)} bytes; a table of stocks has at most {MAX_BYTES}")
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        why = "does not exist"
    except UnicodeDecodeError:
        why = "is not UTF-8 text; save it as CSV UTF-8"
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
    else:
        table = _Table(str(path), problems)
        return table.tree(list(table.rows(text)))
    hint = "`sim new stocks.csv` writes a table to fill in"
    problems.add(f"{KEY}: '{name.value}' {why}", name.mark, key=KEY, given=str(name.value), hint=hint)
    return None


def cells_of(line: str, delimiter: str) -> list[tuple[str, int]] | None:
    """Return the cells of a line, each with the column it begins at; None if a quotation mark stays open.

    Examples
    --------
    >>> cells_of('a,"b, c",', ",")
    [('a', 1), ('b, c', 3), ('', 10)]
    """
    found: list[tuple[str, int]] = []
    text, begin, is_open, i = "", 1, False, 0
    while i < len(line):
        char = line[i]
        if is_open and line[i : i + 2] == '""':
            text, i = text + '"', i + 1
        elif char == '"' and (is_open or not text.strip()):
            is_open = not is_open
        elif char == delimiter and not is_open:
            found.append((text.strip(), begin))
            text, begin = "", i + 2
        else:
            text += char
        i += 1
    found.append((text.strip(), begin))
    return None if is_open else found


class _Table:
    """One file being read."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file, self.problems = file, problems

    def rows(self, text: str) -> Iterator[Row]:
        """Yield the rows that say something."""
        header: list[str] = []
        delimiter = ","
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip(";,\t ") or line.lstrip('" ').startswith("#"):
                continue
            if not header:
                delimiter = max(",;\t", key=line.count)
            cells = cells_of(line, delimiter)
            if cells is None:
                mark = Mark(self.file, number, line.rindex('"') + 1)
                message = "has a quotation mark that is not closed"
                self.problems.add(message, mark, hint="close it in its line")
            elif not header:
                before = len(self.problems.found)
                header = self._header(cells, number)
                if len(self.problems.found) > before:
                    return
            else:
                yield from self._row(header, cells, number)
        if not header:
            hint = f"begin with the columns {', '.join(COLUMNS)}"
            self.problems.add("is empty", Mark(self.file), hint=hint)

    def _header(self, cells: list[tuple[str, int]], number: int) -> list[str]:
        names = [text.lower() for text, _ in cells]
        for name, (text, column) in zip(names, cells, strict=True):
            mark = Mark(self.file, number, column)
            if name and name not in COLUMNS:
                hint = did_you_mean(name, COLUMNS)
                allowed = ", ".join(COLUMNS)
                self.problems.add(f"'{text}' is not a column", mark, given=text, hint=hint, allowed=allowed)
        for name in {name for name in names if name and names.count(name) > 1}:
            column = cells[names.index(name)][1]
            self.problems.add(f"column '{name}' stands twice", Mark(self.file, number, column), given=name)
        if "item" not in names:
            allowed = ", ".join(COLUMNS)
            self.problems.add("has no column 'item'", Mark(self.file, number, 1), allowed=allowed)
        return names

    def _row(self, header: list[str], cells: list[tuple[str, int]], number: int) -> Iterator[Row]:
        begin = Mark(self.file, number, cells[0][1])
        if any(text for text, _ in cells[len(header) :]):
            mark = Mark(self.file, number, cells[len(header)][1])
            hint = "put text that holds the separator in quotation marks"
            self.problems.add(f"the row has {len(cells)} cells, the header {len(header)}", mark, hint=hint)
            return
        found = {
            name: Node(text, mark, mark, text)
            for name, (text, column) in zip(header, cells, strict=False)
            if text and name and name not in FREE
            for mark in [Mark(self.file, number, column)]
        }
        item = found.pop("item", None)
        if item is None:
            if found:
                self.problems.add("the row has no item", begin, allowed=", ".join(NEEDED))
            return
        if item.text not in NEEDED:
            hint, allowed = did_you_mean(item.text, tuple(NEEDED)), ", ".join(NEEDED)
            message = f"item '{item.text}' does not exist"
            self.problems.add(message, item.mark, given=item.text, hint=hint, allowed=allowed)
        elif item.text == "rule" or set(FILLED_IN) & set(found):
            row = Row(item.text, found, item.mark)
            if self._is_whole(row):
                yield row

    def _is_whole(self, row: Row) -> bool:
        before = len(self.problems.found)
        for name, cell in row.cells.items():
            if name not in MAY[row.item]:
                allowed = ", ".join(MAY[row.item])
                message = f"{row.item}: '{name}' says nothing about it"
                self.problems.add(message, cell.mark, given=cell.text, hint="empty the cell", allowed=allowed)
        for name in NEEDED[row.item]:
            if name not in row.cells:
                self.problems.add(f"{row.item}: the {name} is missing", row.mark, hint=f"fill in `{name}`")
        if row.item != "rule":
            if ("low" in row.cells) != ("high" in row.cells):
                message, hint = f"{row.item}: a range has a low and a high end", "fill in `low` and `high`"
                self.problems.add(message, row.mark, hint=hint)
            elif "quantity" not in row.cells and "low" not in row.cells:
                hint = "fill in `quantity`, or `low` and `high`"
                self.problems.add(f"{row.item}: the quantity is missing", row.mark, hint=hint)
            if "unit" not in row.cells:
                self.problems.add(f"{row.item}: the unit is missing", row.mark, allowed="t, kg, kt, units")
        return len(self.problems.found) == before

    def tree(self, rows: list[Row]) -> dict[str, Node]:
        """Return what the rows say, as `initial_state:` says it in YAML."""
        out: dict[str, Node] = {}
        for row in rows:
            if row.item == "stock":
                self._stock(out, row)
            elif row.item == "at_sea":
                at_sea = self._below(out, "in_transit", row)
                entry = {"arrives": row.cells["date"], "quantity": self._quantity(row)}
                lane = row.cells["lane"]
                goods = at_sea.setdefault(lane.text, Node([], row.mark, lane.mark))
                goods.value.append(Node(entry, row.mark))
            elif row.item == "rule":
                rules = out.setdefault("rules_in_force", Node([], row.mark, row.mark))
                rules.value.append(row.cells["rule"])
            else:
                licences = out.setdefault("licences", Node([], row.mark, row.mark))
                licences.value.append(Node(self._licence(row), row.mark))
        return out

    def _below(self, out: dict[str, Node], key: str, row: Row) -> dict[str, Node]:
        node = out.setdefault(key, Node({}, row.mark, row.mark))
        below: dict[str, Node] = node.value
        return below

    def _stock(self, out: dict[str, Node], row: Row) -> None:
        site, material = row.cells["site"], row.cells["material"]
        stocks = self._below(out, "on_hand", row).setdefault(site.text, Node({}, row.mark, site.mark))
        if material.text in stocks.value:
            first = stocks.value[material.text].mark.line
            message = f"{site.text} and {material.text} stand twice; first in line {first}"
            self.problems.add(message, material.mark, given=material.text, hint="keep one row")
            return
        quantity = self._quantity(row)
        quantity.key_mark = material.mark
        stocks.value[material.text] = quantity

    def _licence(self, row: Row) -> dict[str, Node]:
        state = row.item.removeprefix("licence_")
        entry = {"state": Node(state, row.mark, row.mark, state), "quantity": self._quantity(row)}
        for column in ("lane", "from", "to", "date", "until", "rule"):
            if column in row.cells:
                entry[column] = row.cells[column]
        if "material" in row.cells:
            entry["materials"] = row.cells["material"]
        return entry

    def _quantity(self, row: Row) -> Node:
        """Return a figure, or the law of a range: even, or with the likeliest in between."""
        unit = row.text("unit")
        given = {name: row.cells[name] for name in ("low", "quantity", "high") if name in row.cells}
        figures = {
            {"quantity": "mode"}.get(name, name): Node(text, cell.mark, cell.mark, text)
            for name, cell in given.items()
            for text in [f"{cell.text} {unit}"]
        }
        if "low" not in figures:
            return figures["mode"]
        mark = row.cells["low"].mark
        law = "triangular" if "mode" in figures else "uniform"
        return Node({"distribution": Node(law, mark, mark, law), **figures}, mark, mark)
