"""Measures that a condition compares with an amount: which there are, and what an amount of each is.

Every function raises ValueError with the nearest name, or the unit that is wanted, when there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from sim.analysis.grammar import number
from sim.interventions.scope import suggestion
from sim.metrics import MEASURES

BANDS: Mapping[str, str] = MappingProxyType({
    "realised_runway_p10_days": "d", "realised_runway_p90_days": "d",
})  # fmt: skip
"""Measures that only replications have, with their units."""
UNITS: Mapping[str, str] = MappingProxyType({
    **{name: item.unit for name, item in MEASURES.items() if item.unit != "name"},
    "lost_beyond_baseline_units": "unit", **BANDS,
})  # fmt: skip
"""Measures of the table by site that can be compared, with their units."""
WRITTEN = {"d": "120 d", "unit": "1000", "share": "95 %", "date": "2025-12-31"}
"""An amount of each unit, as an example."""


def amount_of(measure: str, text: str) -> float:
    """Return an amount in the unit of a measure; of a date its day number, of a percentage the share.

    Examples
    --------
    >>> amount_of("fill_rate", "95 %"), amount_of("realised_runway_days", "120 d")
    (0.95, 120.0)
    """
    if measure not in UNITS:
        hint = suggestion(measure, UNITS) or f"; allowed: {', '.join(UNITS)}"
        raise ValueError(f"{measure!r} is no measure that can be compared with an amount{hint}")
    unit = UNITS[measure]
    value, _, mark = text.partition(" ")
    is_date = value.count("-") == 2
    if is_date != (unit == "date") or mark not in ("", {"d": "d", "share": "%"}.get(unit, "")):
        raise ValueError(f"{measure} is not compared with {text!r}; write for example {WRITTEN[unit]!r}")
    if is_date:
        return float(date_of(value).toordinal())
    return number(value) / 100.0 if mark == "%" else number(value)


def date_of(text: str) -> date:
    """Return a date that a condition names."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date: {error}") from None
