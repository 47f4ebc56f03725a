"""The common workload in SupplyNetPy: its nodes, links and customers, as its documentation uses them.

SupplyNetPy ships whole orders only: an order waits until the supplier has all of it, and later orders wait
behind it. After a long ban a site orders its whole gap at once and gets nothing until the gap is covered, so
stock-outs last longer than with part shipments. A banned site's link takes no orders while the ban lasts; the
buyer's gap is ordered when it ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy
from SupplyNetPy import Components

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

NEVER_DAYS = 10.0 * HORIZON_DAYS
ROOMY = 1e9
"""Capacity of a stock that never fills [units]."""
LEAST = 1e-9
"""SupplyNetPy refuses an order of nothing; a day without demand asks for this much [units]."""


def site(env: simpy.Environment, echelon: int, column: int) -> Any:
    """Return a site that reviews daily and orders up to its level."""
    level = DEMAND_MEAN * (TRANSIT_DAYS[echelon][column] + 1 + COVER_DAYS)
    return Components.InventoryNode(
        env=env, ID=f"site_{echelon}_{column}", name=f"site {echelon} {column}", node_type="warehouse",
        capacity=ROOMY, initial_level=level, inventory_holding_cost=0.0,
        replenishment_policy=Components.SSReplenishment, policy_param={"s": level, "S": level, "period": 1},
        product_sell_price=1.0, product_buy_price=1.0, logging=False,
    )  # fmt: skip


def once(env: simpy.Environment, first: float) -> Callable[[], float]:
    """Return a function for the time until the next ban: there is one, on day `first`."""
    return lambda: first if env.now < first else NEVER_DAYS


def watch(env: simpy.Environment, retailer: Any, stock_out: list[bool]) -> Generator[simpy.Event, None, None]:
    """Note at the end of each day whether customers are owed."""
    yield env.timeout(0.5)
    while True:
        stock_out.append(retailer.stats.backorder[1] > 1e-6)
        yield env.timeout(1.0)


def replicate(seed: int) -> Outcome:
    """Run one replication and report the stock-outs of column 0."""
    logging.disable(logging.CRITICAL)
    env = simpy.Environment()
    raw = Components.RawMaterial(ID="raw", name="goods", extraction_quantity=1.0, extraction_time=1.0,
                          mining_cost=0.0, cost=1.0)  # fmt: skip
    outside = Components.Supplier(
        env=env, ID="outside", name="outside", node_type="infinite_supplier", raw_material=raw
    )
    stock_out: list[bool] = []
    for column in range(4):
        supplier = outside
        for echelon in range(4):
            here = site(env, echelon, column)
            is_banned = (echelon - 1, column) == BANNED_SITE
            ban = {"link_disrupt_time": once(env, BAN_START_DAY), "link_recovery_time": lambda: BAN_DAYS}
            days = TRANSIT_DAYS[echelon][column]
            Components.Link(
                env=env, ID=f"link_{echelon}_{column}", source=supplier, sink=here, cost=0.0,
                lead_time=lambda days=days: days, **(ban if is_banned else {}),
            )  # fmt: skip
            supplier = here
        rng = np.random.default_rng([seed, column])
        Components.Demand(
            env=env, ID=f"customers_{column}", name=f"customers {column}", demand_node=supplier,
            order_arrival_model=lambda: 1,
            order_quantity_model=lambda rng=rng: max(LEAST, float(rng.normal(DEMAND_MEAN, DEMAND_SD))),
            tolerance=float("inf"), logging=False,
        )  # fmt: skip
        if column == 0:
            env.process(watch(env, supplier, stock_out))
    env.run(until=HORIZON_DAYS)
    return Outcome.of(stock_out)
