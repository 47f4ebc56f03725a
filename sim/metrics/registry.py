"""The two lists of what is measured: one value per site, and one series over days.

A measure is one decorated function; registering it is what makes it appear in `run.metrics`, in
`sim list metrics` and in the contract tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sim.metrics.reading import Reading, SiteView

Value = float | date | str | None
"""What a measure of a site returns; None where it never happens."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One value per site."""

    name: str
    title: str
    unit: str
    """`d`, `unit`, `share`, `date` or `name`."""
    function: Callable[[Reading, SiteView], Value]


@dataclass(frozen=True, slots=True)
class Series:
    """One value per day and column."""

    name: str
    title: str
    unit: str
    columns: tuple[str, ...]
    """What the columns are: ('site',), ('lane',), ('site', 'element', 'jurisdiction')."""
    function: Callable[[Reading], pd.DataFrame]


MEASURES: dict[str, Measure] = {}
SERIES: dict[str, Series] = {}


def measure(
    name: str, *, title: str, unit: str
) -> Callable[[Callable[[Reading, SiteView], Value]], Callable[[Reading, SiteView], Value]]:
    """Register a function of (reading, site) as a measure."""

    def register(function: Callable[[Reading, SiteView], Value]) -> Callable[[Reading, SiteView], Value]:
        if name in MEASURES:
            raise ValueError(f"measure {name!r} is registered twice")
        MEASURES[name] = Measure(name, title, unit, function)
        return function

    return register


def series(
    name: str, *, title: str, unit: str, columns: tuple[str, ...]
) -> Callable[[Callable[[Reading], pd.DataFrame]], Callable[[Reading], pd.DataFrame]]:
    """Register a function of a reading as a series."""

    def register(function: Callable[[Reading], pd.DataFrame]) -> Callable[[Reading], pd.DataFrame]:
        if name in SERIES:
            raise ValueError(f"series {name!r} is registered twice")
        SERIES[name] = Series(name, title, unit, columns, function)
        return function

    return register
