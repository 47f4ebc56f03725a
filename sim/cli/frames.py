"""Print frames: aligned tables for people, records for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from sim.cli.console import say, tables

if TYPE_CHECKING:
    import pandas as pd


WHOLE = ("site", "material", "lane", "source_id")
"""Columns of ids, which are useless in pieces."""


def print_frame(frame: pd.DataFrame, title: str, formats: Mapping[str, str] | None = None) -> None:
    """Print a frame on stdout.

    Parameters
    ----------
    formats
        ``share`` for a percentage, ``number`` for digits grouped by thousands, by column.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    formats = formats or {}
    table = Table(box=box.SIMPLE_HEAD, title=escape(title), title_justify="left", pad_edge=False)
    numeric = {name: bool(frame[name].dtype.kind in "fiu") for name in frame.columns}
    for name in frame.columns:
        side: Literal["right", "left"] = "right" if numeric[name] else "left"
        heading = str(name).replace("_", " ")
        table.add_column(heading, justify=side, overflow="fold", no_wrap=name in WHOLE)
    for row in frame.itertuples(index=False):
        pairs = zip(frame.columns, row, strict=True)
        cells = [text(value, formats.get(str(name), "")) for name, value in pairs]
        table.add_row(*(escape(cell) for cell in cells))
    tables().print(table)


def print_long(frame: pd.DataFrame, title: str, last: str) -> None:
    """Print a frame of very many rows, one line each, the long column `last` at the end.

    Rich measures every cell of a table, which takes seconds for ten thousand paths.
    """
    names = [name for name in frame.columns if name != last]
    cells = {str(name): [text(value) for value in frame[name]] for name in names}
    columns = []
    for name in names:
        heading = str(name).replace("_", " ")
        width = max([len(heading), *map(len, cells[str(name)])])
        is_number = bool(frame[name].dtype.kind in "fiu")
        side = ">" if is_number else "<"
        columns.append([f"{part:{side}{width}}" for part in (heading, *cells[str(name)])])
    ends = [last.replace("_", " "), *frame[last]]
    say(title)
    say("\n".join("  ".join(parts) for parts in zip(*columns, ends, strict=True)))


def text(value: Any, form: str = "") -> str:
    """Write one value.

    Examples
    --------
    >>> text(0.256, "share"), text(12345.6, "number"), text(float("nan")), text(True)
    ('25.6 %', '12,346', '-', 'yes')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else ""
    if isinstance(value, str):
        return value
    number = float(value)
    if math.isinf(number):
        return "no limit"
    if form == "share":
        return f"{100.0 * number:.1f} %"
    if number == int(number) or abs(number) >= 1000.0:
        return f"{number:,.0f}"
    return f"{number:,.1f}" if abs(number) >= 10.0 else f"{number:.3g}"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON-ready objects; what is not finite is null."""
    return [
        {str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")
    ]


def plain(value: Any) -> Any:
    """Return a value that JSON can carry."""
    if value is None or isinstance(value, str | bool):
        return value
    if type(value).__name__ == "bool":
        return bool(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if not math.isfinite(number):
        return None
    return int(number) if type(value).__name__.startswith(("int", "uint")) else number
