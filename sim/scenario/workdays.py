"""Working days to calendar days, from a date on, in the calendar of a jurisdiction.

`holidays.csv` beside this file lists public holidays (``off``) and the weekend days worked instead
(``work``) with the act or notice each comes from. A country or a year that is not listed has its
weekends only: moveable and substitute holidays are listed for China and Japan alone.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from sim.units import WorkingDays

_SATURDAY = 5


@cache
def special_days() -> dict[str, dict[date, bool]]:
    """Return, by country code, the dates that are worked (True) or free (False) against the weekday."""
    days: dict[str, dict[date, bool]] = {}
    text = files("sim.scenario").joinpath("holidays.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        days.setdefault(row["country"], {})[date.fromisoformat(row["date"])] = row["day"] == "work"
    return days


def is_listed(country: str, year: int) -> bool:
    """Say whether the holidays of a country are known for a year."""
    return any(day.year == year for day in special_days().get(country, ()))


def is_working_day(country: str, day: date) -> bool:
    """Say whether a day is worked in a country; an unknown or empty country has weekends only."""
    special = special_days().get(country, {}).get(day)
    return day.weekday() < _SATURDAY if special is None else special


def calendar_days(working: WorkingDays, start: date, country: str) -> int:
    """Return the calendar days from ``start`` to the last of the working days that follow it.

    The start day itself does not count, as in a statutory period: the first working day after it is
    day one, and the period ends on the n-th.

    Examples
    --------
    >>> calendar_days(WorkingDays(45), date(2025, 4, 4), "CN")
    68
    """
    left, elapsed = working.count, 0
    while left > 0:
        elapsed += 1
        left -= is_working_day(country, start + timedelta(days=elapsed))
    return elapsed
