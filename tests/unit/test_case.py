"""A case that is written in Python is held to what a scenario file is held to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from sim.case import Case
from sim.errors import DataError
from sim.interventions import ExportBan
from sim.testing import day, serial_chain

BAN = ExportBan(id="ban", start=day(10), from_places=("CN",))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"horizon_days": 0}, "horizon_days is 0; it is a whole number of days, 1 or more"),
        ({"horizon_days": -5}, "horizon_days is -5"),
        ({"horizon_days": 90.5}, r"horizon_days is 90\.5"),
        ({"start": "2025-01-01"}, r"start is '2025-01-01'; it is a date such as date\(2025, 1, 1\)"),
        ({"start": datetime(2025, 1, 1)}, "it is a date such as"),
        ({"runway_from": date(2030, 1, 1)}, "the case runs from 2025-01-01 to 2025-03-31"),
        ({"runway_from": date(2024, 12, 31)}, "runway_from is 2024-12-31"),
        ({"interventions": (BAN, BAN)}, "2 interventions have the id 'ban'; each needs one of its own"),
    ],
)
def test_what_no_scenario_could_say_is_refused(fields: dict[str, Any], told: str) -> None:
    stated = {"start": date(2025, 1, 1), "horizon_days": 90} | fields
    with pytest.raises(DataError, match=told):
        Case(name="own", network=serial_chain([20.0], [10]), **stated)


def test_the_first_and_the_last_day_are_days_of_a_case() -> None:
    network, start = serial_chain([20.0], [10]), date(2025, 1, 1)
    for runway_from in (start, date(2025, 3, 31)):
        assert Case("own", network, start, 90, runway_from=runway_from).horizon_days == 90
