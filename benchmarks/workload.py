"""The common workload of the speed comparison: its numbers, and what each peer reports.

Four echelons of four sites, 1,095 days, daily review, order-up-to. Site (e, j) buys from (e - 1, j),
echelon 0 from an unlimited outside source. Customers of echelon 3 ask for Normal(100, 20) a day,
clipped at 0; unmet demand is owed. Site (1, 0) cannot ship from day 365 for 180 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

HORIZON_DAYS = 1095
TRANSIT_DAYS = (
    (45, 40, 35, 30),
    (30, 25, 20, 45),
    (20, 15, 30, 25),
    (10, 14, 18, 12),
)
"""Transit time to each site, by echelon and column [days]."""
COVER_DAYS = 15
DEMAND_MEAN, DEMAND_SD = 100.0, 20.0
"""Daily demand of each customer [units/day]."""
BANNED_SITE = (1, 0)
BAN_START_DAY, BAN_DAYS = 365, 180


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one replication reports about the customers of column 0."""

    stock_out_days: int
    """Days with backorders at the end of the day."""
    first_day: int
    """First of them; -1 if there is none."""

    @classmethod
    def of(cls, is_stock_out: Sequence[bool]) -> Outcome:
        """Return the outcome of a series of days, True where customers were owed at its end."""
        days = [number for number, is_out in enumerate(is_stock_out) if is_out]
        return cls(len(days), days[0] if days else -1)

    def as_dict(self) -> dict[str, int]:
        """Return the outcome as plain numbers."""
        return asdict(self)
