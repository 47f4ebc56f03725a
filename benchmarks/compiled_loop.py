"""The floor: the common workload as one compiled loop over days, without calendar, records or checks.

It keeps the rules of `plain_simpy`: goods land, customers come, sites order, sites ship. It knows no origin,
no shares, no capacity and no records, so its distance says what a general engine costs.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from benchmarks.workload import (
    BAN_DAYS,
    BAN_START_DAY,
    BANNED_SITE,
    COVER_DAYS,
    DEMAND_MEAN,
    DEMAND_SD,
    HORIZON_DAYS,
    TRANSIT_DAYS,
    Outcome,
)

TRANSIT = np.array(TRANSIT_DAYS, dtype=np.int64)
LEVEL = DEMAND_MEAN * (TRANSIT + 1 + COVER_DAYS)


@njit(cache=False)
def stock_out_days(demand: np.ndarray, transit: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return, for each day, whether customers of column 0 are owed at its end, shape (day,).

    Parameters
    ----------
    demand
        Shape (day, column) [units/day].
    transit, level
        Shape (echelon, column) [days], [units].
    """
    days, columns = demand.shape
    echelons = transit.shape[0]
    on_hand = level.copy()
    in_transit = np.zeros((echelons, columns))
    on_order = np.zeros((echelons, columns))  # owed by the supplier
    owed = np.zeros(columns)  # to customers
    arriving = np.zeros((days + 64, echelons, columns))
    is_owed = np.zeros(days, dtype=np.bool_)
    for day in range(days):
        for e in range(echelons):
            for j in range(columns):
                landed = arriving[day, e, j]
                on_hand[e, j] += landed
                in_transit[e, j] -= landed
        for j in range(columns):
            want = owed[j] + demand[day, j]
            sold = min(on_hand[echelons - 1, j], want)
            on_hand[echelons - 1, j] -= sold
            owed[j] = want - sold
        for e in range(echelons - 1, -1, -1):
            for j in range(columns):
                due = owed[j] if e == echelons - 1 else on_order[e + 1, j]
                position = on_hand[e, j] + in_transit[e, j] + on_order[e, j] - due
                on_order[e, j] += max(0.0, level[e, j] - position)
        for e in range(echelons):
            for j in range(columns):
                ship = on_order[e, j]
                if e > 0:
                    banned = e - 1 == BANNED_SITE[0] and j == BANNED_SITE[1]
                    if banned and BAN_START_DAY <= day < BAN_START_DAY + BAN_DAYS:
                        continue
                    ship = min(ship, on_hand[e - 1, j])
                    on_hand[e - 1, j] -= ship
                on_order[e, j] -= ship
                in_transit[e, j] += ship
                arriving[day + transit[e, j], e, j] += ship
        is_owed[day] = owed[0] > 1e-6
    return is_owed


def replicate(number: int) -> Outcome:
    """Run one replication and report the stock-outs of column 0."""
    rng = np.random.default_rng([2025, number])
    demand = np.maximum(rng.normal(DEMAND_MEAN, DEMAND_SD, (HORIZON_DAYS, TRANSIT.shape[1])), 0.0)
    return Outcome.of(stock_out_days(demand, TRANSIT, LEVEL).tolist())
