"""Text with a unit in, base units out: days, shares, tonnes, units, USD, and rates of them per day.

The vocabulary is closed on purpose: a general unit library reads ``240 kt/yr`` as knots. A year has
365 equal days and a month is a twelfth of it; working days need a calendar and a date, so they come
back as `WorkingDays` for the caller to resolve.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType

DAYS_PER_YEAR = 365.0
DAYS_PER_MONTH = DAYS_PER_YEAR / 12.0

DURATION_UNITS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(("d", "day", "days"), 1.0),
        **dict.fromkeys(("w", "wk", "week", "weeks"), 7.0),
        **dict.fromkeys(("month", "months"), DAYS_PER_MONTH),
        **dict.fromkeys(("yr", "y", "year", "years"), DAYS_PER_YEAR),
    }
)
"""Days in one of each."""

MASS_UNITS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(("t", "tonne", "tonnes"), 1.0),
        **dict.fromkeys(("kg",), 1e-3),
        **dict.fromkeys(("g",), 1e-6),
        **dict.fromkeys(("kt",), 1e3),
        **dict.fromkeys(("Mt",), 1e6),
    }
)
"""Tonnes in one of each."""

COUNT_UNITS: Mapping[str, float] = MappingProxyType(
    {**dict.fromkeys(("unit", "units"), 1.0), "thousand units": 1e3, "million units": 1e6}
)
"""Units (components, finished goods) in one of each."""

CONTENT_UNITS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(("", "t/t", "kg/kg", "kg REO/kg", "t/unit", "unit/unit", "unit/t"), 1.0),
        "kg/unit": 1e-3,
        "g/unit": 1e-6,
    }
)
"""Tonnes (or units) for one tonne (or unit) of something."""

WORKING_DAY_WORDS = ("working day", "working days", "workday", "workdays")

ALLOWED: Mapping[str, str] = MappingProxyType(
    {
        "duration": "90 d, 2 weeks, 3 months, 1 yr, 45 working days",
        "share": "0.3 or 30 %, between 0 and 1",
        "factor": "a number of 0 or more, or a percentage such as 120 %",
        "count": "a number of 0 or more, without a unit",
        "rate": "500 t/d, 240 kt/yr, 3 kg/d, 1200 units/yr",
        "quantity": "170 t, 3 kg, 1.2 kt, 500 units",
        "content": "0.31 kg/kg, 1.2 kg/unit, 0.9 t/t, 2 unit/unit, or a number in those of the material",
        "money per tonne": "1200 USD/t, 110 USD/kg",
        "money": "5000 USD, 110 million USD",
        "date": "a date such as 2025-06-13",
    }
)
"""What may be written for each kind of figure."""


class UnitError(ValueError):
    """A figure that cannot be read; says what was given, what may be written, and the nearest match."""

    def __init__(self, message: str, given: str, allowed: str, hint: str = "") -> None:
        self.message, self.given, self.allowed, self.hint = message, given, allowed, hint
        super().__init__(f"{message}; allowed: {allowed}" + (f"; {hint}" if hint else ""))


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A whole number of working days, before a calendar and a start date make days of it."""

    count: int


@dataclass(frozen=True, slots=True)
class Amount:
    """A mass or a count, or a rate of it per day.

    Attributes
    ----------
    value
        Tonnes or units, per day for a rate.
    of
        ``tonne`` or ``unit``.
    """

    value: float
    of: str


_NUMBER = re.compile(r"\s*([-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
_GROUPED = re.compile(r"\s*[-+]?\d{1,3}(?:,\d{3})+(?!\d)")


def did_you_mean(given: str, known: list[str] | tuple[str, ...] | Mapping[str, object]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known name, or an empty text."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(given.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean '{by_lower[close[0]]}'?" if close else ""


def split_number(given: object, kind: str) -> tuple[float, str]:
    """Return the number and the unit text of ``given``.

    Raises
    ------
    UnitError
        If there is no finite number in front, or the figure is negative.
    """
    allowed = ALLOWED[kind]
    shown = str(given)
    article = "an" if kind[0] in "aeiou" else "a"
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise UnitError(f"{article} {kind} is wanted, not {_type_name(given)}", shown, allowed)
    if isinstance(given, str) and _GROUPED.match(given):
        raise UnitError(f"{shown!r} has commas in its number", shown, allowed, "write 33400 or 33_400")
    match = _NUMBER.fullmatch(shown)
    if match is None:
        raise UnitError(f"{shown!r} is not {article} {kind}", shown, allowed)
    value = float(match.group(1).replace("_", ""))
    if not math.isfinite(value):
        raise UnitError(f"{shown!r} is not a finite number", shown, allowed)
    if value < 0:
        raise UnitError(f"{shown!r} is negative; {article} {kind} is 0 or more", shown, allowed)
    return value, " ".join(match.group(2).split())


def duration(given: object) -> float | WorkingDays:
    """Read a duration [days]; ``45 working days`` comes back as `WorkingDays`.

    Examples
    --------
    >>> duration("2 weeks")
    14.0
    >>> duration("45 working days")
    WorkingDays(count=45)
    """
    value, unit = split_number(given, "duration")
    if unit in WORKING_DAY_WORDS:
        if value != int(value):
            raise UnitError(
                f"{given!r} is not a whole number of working days", str(given), ALLOWED["duration"]
            )
        return WorkingDays(int(value))
    known = [*DURATION_UNITS, *WORKING_DAY_WORDS]
    return value * _factor(unit, DURATION_UNITS, "duration", given, known)


def share(given: object) -> float:
    """Read a share between 0 and 1, written as a number or in per cent."""
    value = _ratio(given, "share")
    if value > 1.0:
        hint = (
            "" if "%" in str(given) or "per" in str(given) else f"{value:g} per cent is written '{value:g} %'"
        )
        raise UnitError(
            f"{given!r} is more than 1; a share lies between 0 and 1", str(given), ALLOWED["share"], hint
        )
    return value


def factor(given: object) -> float:
    """Read a multiplier of 0 or more, written as a number or in per cent."""
    return _ratio(given, "factor")


def count(given: object) -> float:
    """Read a number of 0 or more that has no unit."""
    value, unit = split_number(given, "count")
    if unit:
        raise UnitError(f"{given!r} has a unit; a plain number is wanted", str(given), ALLOWED["count"])
    return value


def quantity(given: object) -> Amount:
    """Read a mass [tonne] or a count [unit]."""
    value, unit = split_number(given, "quantity")
    return _amount(value, unit, "quantity", given)


def rate(given: object) -> Amount:
    """Read a rate [tonne/day or unit/day].

    Examples
    --------
    >>> rate("240 kt/yr").value == 240_000 / 365
    True
    """
    value, unit = split_number(given, "rate")
    over, slash, per = unit.partition("/")
    if not slash:
        over, slash, per = unit.partition(" per ")
    if not slash:
        hint = f"write it per time, such as '{given}/yr'" if over in (*MASS_UNITS, *COUNT_UNITS) else ""
        raise UnitError(f"{given!r} is not a rate", str(given), ALLOWED["rate"], hint)
    amount = _amount(value, over.strip(), "rate", given)
    days = _factor(per.strip(), DURATION_UNITS, "rate", given, list(DURATION_UNITS))
    return Amount(amount.value / days, amount.of)


def percent(share: float, digits: int | None = None) -> str:
    """Write a share as per cent, as all sentences have it: with three leading digits, or so many decimals.

    Examples
    --------
    >>> percent(0.001), percent(1.0), percent(10 / 17), percent(0.5, digits=2)
    ('0.1 %', '100 %', '58.8 %', '50.00 %')
    """
    return f"{100.0 * share:.3g} %" if digits is None else f"{100.0 * share:.{digits}f} %"


def content(given: object) -> float:
    """Read how much of one thing goes into one tonne or unit of another."""
    value, unit = split_number(given, "content")
    return value * _factor(unit, CONTENT_UNITS, "content", given, [name for name in CONTENT_UNITS if name])


def money_per_tonne(given: object) -> float:
    """Read a price or a cost [USD/tonne]."""
    value, unit = split_number(given, "money per tonne")
    currency, _, per = unit.partition("/")
    if currency.strip() != "USD":
        raise UnitError(f"{given!r} is not in USD", str(given), ALLOWED["money per tonne"])
    return value / _factor(per.strip(), MASS_UNITS, "money per tonne", given, list(MASS_UNITS))


def money(given: object) -> float:
    """Read an amount of money [USD]."""
    value, unit = split_number(given, "money")
    table = {"USD": 1.0, "thousand USD": 1e3, "million USD": 1e6, "billion USD": 1e9}
    return value * _factor(unit, table, "money", given, list(table))


def iso_date(given: object) -> date:
    """Read an ISO date, ``2025-06-13``."""
    text = str(given).strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise UnitError(f"{text!r} is not a day of the calendar", text, ALLOWED["date"]) from None
    raise UnitError(f"{text!r} is not a date", text, ALLOWED["date"])


def _ratio(given: object, kind: str) -> float:
    value, unit = split_number(given, kind)
    if unit in ("%", "per cent", "percent"):
        return value / 100.0
    if unit:
        raise UnitError(f"{given!r} is not a {kind}", str(given), ALLOWED[kind])
    return value


def _amount(value: float, unit: str, kind: str, given: object) -> Amount:
    if unit in COUNT_UNITS:
        return Amount(value * COUNT_UNITS[unit], "unit")
    known = [*MASS_UNITS, *COUNT_UNITS]
    return Amount(value * _factor(unit, MASS_UNITS, kind, given, known), "tonne")


def _factor(unit: str, table: Mapping[str, float], kind: str, given: object, known: list[str]) -> float:
    if unit in table:
        return table[unit]
    article = "an" if kind[0] in "aeiou" else "a"
    if not unit:
        raise UnitError(f"{str(given)!r} has no unit", str(given), ALLOWED[kind])
    message = f"{unit!r} in {str(given)!r} is not a unit of {article} {kind}"
    raise UnitError(message, str(given), ALLOWED[kind], did_you_mean(unit, known))


def _type_name(given: object) -> str:
    names = {bool: "true or false", list: "a list", dict: "a mapping", type(None): "nothing"}
    return names.get(type(given), type(given).__name__)
