"""The Trajectory: what one replication did, as labelled arrays over days.

Owns shapes and labels only. Row ``t`` of every daily array is the state at the end of day ``t`` or
the flow during it; day 0 is the scenario's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

SHIPMENT_DTYPE = np.dtype(
    [
        ("ship_day", np.int32),
        ("arrival_day", np.int32),  # -1: not landed by the end of the run
        ("lane", np.int32),
        ("route", np.int32),
        ("quantity", np.float64),
    ]
)

LIMIT_NONE, LIMIT_CAPACITY, LIMIT_CHOKED = -1, -2, -3
"""Codes of `line_limit` that are not a material: ran as wanted; held back by its own capacity; by a
co-product that nobody takes and for which there is no room left."""

GATE_NONE, GATE_BAN, GATE_QUOTA, GATE_ROUTE, GATE_SELLER = range(5)
"""Codes of `gate`: which gate holds a lane's open orders that need no licence, or no longer."""

LICENCE_COLUMNS = (
    "day", "filed", "preparing", "in_queue", "returned", "granted", "refused", "lapsed", "shipped", "waiting",
    "delay_days",
)  # fmt: skip
"""Columns of an office's books; see `Trajectory.licences`."""

Origin = Mapping[tuple[str, str, str, str], float]
"""Share of an element by (site, element, stage, jurisdiction)."""


@dataclass(frozen=True, slots=True)
class Stock:
    """One stock: a bought material over all its lanes (`input`), or a sold one (`output`)."""

    site: str
    material: str
    role: str


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One replication, day by day.

    Attributes
    ----------
    line_wanted, line_made
        Rate each line would have run at had its inputs been there, without rows where only the outcome was
        wanted; rate it ran at, shape (day, line) [driver units/day].
    line_planned
        Plan of each line, shape (day, line) [driver units/day]; for CUSTOMER the demand.
    line_limit
        Index into `materials` of the input that bound the line, or LIMIT_*, shape (day, line).
    line_parked, line_owed
        Incomplete units waiting; customers' backorders, shape (day, line) [unit].
    on_hand
        End-of-day stock, shape (day, stock) [unit of material].
    use_wanted, use_planned
        Use of each input stock had its inputs been there, shape (day, stock) [unit/day], without rows where
        only the outcome was wanted; use at the day-zero plan, shape (stock,). For output stocks: planned
        sales.
    opening_on_hand
        Stock at the start of day 0, shape (stock,).
    in_transit, opening_in_transit
        Goods under way per lane at the end of each day, shape (day, lane), and at the start of day 0,
        shape (lane,) [unit].
    shipped, received, held, unshipped
        Per lane, shape (day, lane) [unit]: flows of the day, and end-of-day amounts.
    ordered
        New orders raised, shape (day, lane) [unit].
    lead_time_days
        Experienced lead time, shape (day, lane) [days]. This and the two above have no rows where only
        the outcome was wanted.
    touched, touched_keys, touched_days
        Share of each element in the inputs of a site that was touched in a jurisdiction, shape
        (record, key); keys are (site, element, jurisdiction); recorded weekly and on the last day.
    shipments
        Structured array of SHIPMENT_DTYPE, or empty when not recorded.
    waiting, cancelled, gate
        Of each lane: orders that wait for a licence or a test at the end of the day, orders cancelled
        [unit], and the gate that holds the other open orders (GATE_*), shape (day, lane); no rows where
        only the outcome was wanted.
    licences
        By office, the books it keeps: a row a week with LICENCE_COLUMNS. Filed, granted, refused, lapsed and
        shipped count from the start; preparing, in_queue (examination and desk), returned and waiting are
        of the day [unit of material]; delay_days is the mean wait of what the week's decisions grant.
    origin
        On the first and the last day: share of an element in a site's stock of inputs, by (site, element,
        stage, jurisdiction); empty where only the outcome was wanted (`stage_shares`).
    filed
        By office and lane, what was applied for in all [unit of material].
    log
        Dated sentences of what happened: (day, intervention id, text).
    balance
        Largest relative error of the mass balance by what was balanced: material or element/stage.
    """

    name: str
    replication: int
    start: date
    sites: tuple[str, ...]
    lines: tuple[str, ...]
    lanes: tuple[str, ...]
    routes: tuple[str, ...]
    materials: tuple[str, ...]
    stocks: tuple[Stock, ...]
    line_wanted: FloatArray
    line_made: FloatArray
    line_planned: FloatArray
    line_limit: IntArray
    line_parked: FloatArray
    line_owed: FloatArray
    on_hand: FloatArray
    opening_on_hand: FloatArray
    use_wanted: FloatArray
    use_planned: FloatArray
    shipped: FloatArray
    received: FloatArray
    in_transit: FloatArray
    opening_in_transit: FloatArray
    held: FloatArray
    unshipped: FloatArray
    ordered: FloatArray
    lead_time_days: FloatArray
    touched: FloatArray
    touched_keys: tuple[tuple[str, str, str], ...]
    touched_days: IntArray
    waiting: FloatArray
    cancelled: FloatArray
    gate: IntArray
    shipments: NDArray[Any]
    origin: tuple[Origin, Origin] = ({}, {})
    filed: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    licences: Mapping[str, FloatArray] = field(default_factory=dict)
    log: tuple[tuple[int, str, str], ...] = ()
    balance: dict[str, float] = field(default_factory=dict)
    simulate_seconds: float = 0.0

    @property
    def n_days(self) -> int:
        """Number of simulated days."""
        return int(self.line_made.shape[0])
