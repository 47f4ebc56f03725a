"""``metrics.csv`` of a run folder read back, every cell looked at: a table that was cut or edited is refused.

What is written is in `store`; what the columns mean is in `sim.metrics`.
"""

from __future__ import annotations

import csv
import math
from datetime import date
from typing import TYPE_CHECKING, Any

from sim.errors import StoreError
from sim.metrics import COLUMNS, MEASURES

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

TEXTS = ("name", "country", "stage")
NEVER_EMPTY = ("planned_units", "lost_units", "parked_units", "lost_beyond_baseline_units")
"""Numbers that every site has; an empty cell of another number says that it never happens."""
TRUTHS = {"True": True, "False": False}


def read_site_tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the site tables of a run and of its baseline.

    Raises
    ------
    StoreError
        If one of them is missing or damaged, or they are not of the same sites.
    """
    metrics, baseline = (read_site_table(folder / name) for name in ("metrics.csv", "baseline_metrics.csv"))
    apart = sorted(set(metrics.index) ^ set(baseline.index))
    if apart:
        where = "baseline_metrics.csv" if apart[0] in baseline.index else "metrics.csv"
        raise _damaged(folder / "metrics.csv", f"site {apart[0]!r} is in {where} alone")
    return metrics, baseline


def read_site_table(path: Path) -> pd.DataFrame:
    """Return one site table, a row per site.

    Raises
    ------
    StoreError
        If it is missing or damaged.
    """
    import pandas as pd

    head, lines = _lines(path)
    sites = [row[0] for _, row in lines]
    columns: dict[str, Any] = {}
    for i, name in enumerate(head[1:], start=1):
        unit = MEASURES[name].unit if name in MEASURES else ""
        values = [_value(path, line, name, unit, row[i]) for line, row in lines]
        dtype = object if unit in ("date", "name") else None
        columns[name] = pd.Series(values, index=pd.Index(sites, name="site"), dtype=dtype)
    return pd.DataFrame(columns)


def _lines(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the head and the numbered lines of a table that has all its columns, each site once."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, row) for row in reader]
    except (OSError, ValueError, csv.Error) as error:
        raise _damaged(path, str(error)) from error
    head = lines[0][1] if lines else []
    if not head:
        raise _damaged(path, "it is empty")
    missing = [name for name in ("site", *COLUMNS) if name not in head]
    if missing or head[0] != "site" or len(set(head)) < len(head):
        said = f"it is cut short: no {missing[0]}" if missing else "its columns are not those of a run"
        raise _damaged(path, said)
    seen: set[str] = set()
    for line, row in lines[1:]:
        if len(row) != len(head):
            raise _damaged(path, f"it has {len(row)} cells, the head {len(head)}", line)
        if not row[0] or row[0] in seen:
            raise _damaged(path, f"site {row[0]!r} is there twice" if row[0] else "site is empty", line)
        seen.add(row[0])
    return head, lines[1:]


def _value(path: Path, line: int, name: str, unit: str, text: str) -> Any:
    """Return what a cell says; None or NaN for never."""
    if name in TEXTS:
        return text
    if name == "is_affected":
        if text not in TRUTHS:
            raise _damaged(path, f"{name} is {text!r}, neither True nor False", line)
        return TRUTHS[text]
    if unit == "name":
        return text or None
    kind = "date" if unit == "date" else "number"
    if not text and name not in NEVER_EMPTY:
        return None if unit == "date" else math.nan
    try:
        value = date.fromisoformat(text) if unit == "date" else float(text)
    except ValueError:
        value = math.nan
    if isinstance(value, float) and not math.isfinite(value):
        raise _damaged(path, f"{name} is {text!r}, not a {kind}", line)
    return value


def _damaged(path: Path, said: str, line: int | None = None) -> StoreError:
    where = f"{path}:{line}" if line is not None else str(path)
    return StoreError(f"{where} is damaged ({said}); run the scenario again")
