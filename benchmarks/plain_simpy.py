"""The common workload in plain, idiomatic SimPy: a process per site, customer and shipment.

This is how a SimPy user would write it from the tutorial; nothing is tuned. It shares no code with
the package it is compared with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
import simpy

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

if TYPE_CHECKING:
    Process = Generator[simpy.Event, None, None]

# Hours of a day at which things happen: goods land, customers come, sites order, sites ship.
RECEIVE, DEMAND, ORDER, SHIP = 0.0, 0.2, 0.4, 0.6


class Site:
    """A stock with an order-up-to level; customers or other sites draw on it."""

    def __init__(self, env: simpy.Environment, echelon: int, column: int) -> None:
        self.env = env
        self.key = (echelon, column)
        self.transit_days = TRANSIT_DAYS[echelon][column]
        self.level = DEMAND_MEAN * (self.transit_days + 1 + COVER_DAYS)
        self.on_hand = self.level
        self.in_transit = 0.0
        self.on_order = 0.0
        self.backorders = 0.0
        self.supplier: Site | None = None
        self.waiting: deque[list[float]] = deque()
        self.buyer: Site | None = None
        env.process(self.order_daily())
        env.process(self.ship_daily())

    def position(self) -> float:
        """Return on hand, under way and on order, less what is owed."""
        return self.on_hand + self.in_transit + self.on_order - self.backorders

    def order_daily(self) -> Process:
        yield self.env.timeout(ORDER)
        while True:
            quantity = max(0.0, self.level - self.position())
            if quantity > 0.0:
                if self.supplier is None:
                    self.env.process(self.shipment(quantity))
                else:
                    self.on_order += quantity
                    self.supplier.waiting.append([quantity])
                    self.supplier.backorders += quantity
            yield self.env.timeout(1.0)

    def may_ship(self) -> bool:
        """Tell whether the site is free to ship today."""
        is_banned = self.key == BANNED_SITE
        return not (is_banned and BAN_START_DAY <= int(self.env.now) < BAN_START_DAY + BAN_DAYS)

    def ship_daily(self) -> Process:
        yield self.env.timeout(SHIP)
        while True:
            while self.may_ship() and self.waiting and self.on_hand > 0.0:
                order = self.waiting[0]
                quantity = min(order[0], self.on_hand)
                self.on_hand -= quantity
                self.backorders -= quantity
                order[0] -= quantity
                if order[0] <= 0.0:
                    self.waiting.popleft()
                if self.buyer is not None:
                    self.buyer.on_order -= quantity
                    self.env.process(self.buyer.shipment(quantity))
            yield self.env.timeout(1.0)

    def shipment(self, quantity: float) -> Process:
        """Carry goods to this site; they land in the morning."""
        self.in_transit += quantity
        landing = int(self.env.now) + self.transit_days + RECEIVE
        yield self.env.timeout(landing - self.env.now)
        self.in_transit -= quantity
        self.on_hand += quantity


def customer(env: simpy.Environment, site: Site, rng: np.random.Generator, stock_out: list[bool]) -> Process:
    """Ask for a random quantity every day; what is short is owed."""
    yield env.timeout(DEMAND)
    while True:
        owed = site.backorders + max(0.0, rng.normal(DEMAND_MEAN, DEMAND_SD))
        served = min(owed, site.on_hand)
        site.on_hand -= served
        site.backorders = owed - served
        stock_out.append(site.backorders > 0.0)
        yield env.timeout(1.0)


def replicate(seed: int) -> Outcome:
    """Run one replication and report the stock-outs of column 0."""
    env = simpy.Environment()
    sites = [[Site(env, echelon, column) for column in range(4)] for echelon in range(4)]
    stock_out: list[list[bool]] = [[] for _ in range(4)]
    for column in range(4):
        for echelon in range(1, 4):
            sites[echelon][column].supplier = sites[echelon - 1][column]
            sites[echelon - 1][column].buyer = sites[echelon][column]
        rng = np.random.default_rng([seed, column])
        env.process(customer(env, sites[3][column], rng, stock_out[column]))
    env.run(until=HORIZON_DAYS)
    return Outcome.of(stock_out[0])
