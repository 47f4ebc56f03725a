"""Figures with units: what is read, and what is said when it cannot be."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import units
from sim.units import Amount, UnitError, WorkingDays


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("90 d", 90),
        ("90d", 90),
        ("3 months", 91.25),
        ("2 weeks", 14),
        ("1 yr", 365),
        ("18 months", 547.5),
        ("0 d", 0),
        ("1.5 weeks", 10.5),
        (" 1 day ", 1),
    ],
)
def test_durations_come_back_in_days(text: str, days: float) -> None:
    assert units.duration(text) == pytest.approx(days, rel=1e-15)


def test_working_days_keep_their_count() -> None:
    assert units.duration("45 working days") == WorkingDays(45)


@pytest.mark.parametrize(
    ("text", "share"), [("0.1 %", 0.001), ("0.3", 0.3), (0.3, 0.3), (1, 1.0), ("40 per cent", 0.4), ("0%", 0)]
)
def test_shares(text: object, share: float) -> None:
    assert units.share(text) == pytest.approx(share, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("240 kt/yr", Amount(240_000 / 365, "tonne")),
        ("500 t/d", Amount(500, "tonne")),
        ("365 units/yr", Amount(1, "unit")),
        ("6 Mt/yr", Amount(6e6 / 365, "tonne")),
        ("7 kg/week", Amount(0.001, "tonne")),
        ("10 t per day", Amount(10, "tonne")),
    ],
)
def test_rates_come_back_per_day(text: str, amount: Amount) -> None:
    read = units.rate(text)
    assert read.of == amount.of
    assert read.value == pytest.approx(amount.value, rel=1e-12)


def test_quantities_tell_mass_from_count() -> None:
    assert units.quantity("170 t") == Amount(170, "tonne")
    assert units.quantity("3 kg").value == pytest.approx(0.003)
    assert units.quantity("5 units") == Amount(5, "unit")
    assert units.quantity("33_400 t") == Amount(33_400, "tonne")


def test_money_factor_count_and_date() -> None:
    assert units.money_per_tonne("110 USD/kg") == pytest.approx(110_000)
    assert units.factor("120 %") == pytest.approx(1.2)
    assert units.count(7) == 7
    assert units.iso_date("2025-06-13") == date(2025, 6, 13)


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        ("duration", "90", "has no unit"),
        ("duration", 90, "has no unit"),
        ("duration", "90 dys", "'dys' in '90 dys' is not a unit of a duration.*did you mean 'd"),
        ("duration", "-3 d", "is negative"),
        ("duration", "soon", "'soon' is not a duration"),
        ("duration", "90 t", "'t' in '90 t' is not a unit"),
        ("duration", "1.5 working days", "whole number of working days"),
        ("duration", True, "not true or false"),
        ("duration", [1], "not a list"),
        ("duration", "nan d", "is not a duration"),
        ("duration", "1e999 d", "not a finite number"),
        ("share", "40", "more than 1.*written '40 %'"),
        ("share", "-0.1", "negative"),
        ("share", "3 t", "is not a share"),
        ("rate", "240 kt", "is not a rate.*per time"),
        ("rate", "240 knots/yr", "'knots'"),
        ("rate", "33,400 t/yr", "commas in its number"),
        ("quantity", "170 lbs", "'lbs'"),
        ("quantity", 170, "has no unit"),
        ("money_per_tonne", "110 EUR/kg", "not in USD"),
        ("count", "3 d", "has a unit"),
        ("iso_date", "13.06.2025", "is not a date"),
        ("iso_date", "2025-02-30", "not a day of the calendar"),
    ],
)
def test_what_cannot_be_read_says_what_can(reader: str, text: object, message: str) -> None:
    with pytest.raises(UnitError, match=message) as caught:
        getattr(units, reader)(text)
    assert caught.value.allowed
    assert caught.value.given == str(text)


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_a_year_is_twelve_months_is_365_days(value: float) -> None:
    year = units.duration(f"{value!r} yr")
    assert isinstance(year, float)
    assert math.isclose(year, 365.0 * value, rel_tol=1e-12)
    months = units.duration(f"{12 * value!r} months")
    assert isinstance(months, float)
    assert math.isclose(months, year, rel_tol=1e-12)
