"""Streams of luck found by name: (seed, stream name, replication). Never by the order of calls.

Adding a site, more replications or another policy leaves every other draw unchanged, and two
scenarios with one seed share their luck.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from sim.domain import Distribution, LineKind, Network
from sim.engine.arrays import Draws, Floats, Ints
from sim.engine.index import Index
from sim.engine.seeds import seeded

MANY = 20
"""From so many streams on it is quicker to seed them side by side."""
FIRST_DRAWS = 256
"""Transit times drawn at first per random route; more are drawn when a run needs them."""


def stream(seed: int, name: str, replication: int) -> np.random.Generator:
    """Return a fresh generator of a stream; the same arguments always draw the same numbers."""
    # The words that numpy would make of a list of these numbers, in half the time.
    words = np.array([*_words(seed), *_words(replication), *_words_of_name(name)], dtype=np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def streams(seed: int, names: tuple[str, ...], replication: int) -> Iterator[np.random.Generator]:
    """Return a fresh generator of each stream, that of `stream`; many are made in a third of the time."""
    if len(names) < MANY:
        return (stream(seed, name, replication) for name in names)
    common = np.array([*_words(seed), *_words(replication)], dtype=np.uint32)
    return seeded(np.hstack([np.tile(common, (len(names), 1)), _words_of_names(names)]))


@lru_cache(maxsize=64)
def _words_of_names(names: tuple[str, ...]) -> np.ndarray:
    return np.array([_words_of_name(name) for name in names], dtype=np.uint32).reshape(len(names), 4)


def _words(number: int) -> list[int]:
    """Return a number as words of 32 bits, the lowest first; zero is one word."""
    low, high = number & 0xFFFFFFFF, number >> 32
    return [low, *_words(high)] if high else [low]


@lru_cache(maxsize=4096)
def _words_of_name(name: str) -> tuple[int, ...]:
    digest = hashlib.sha256(name.encode()).digest()
    return tuple(
        word for i in range(0, 16, 4) for word in _words(int.from_bytes(digest[i : i + 4], "little"))
    )


def draw_demand(network: Network, index: Index, seed: int, replication: int, horizon_days: int) -> Floats:
    """Return every customer's demand, shape (customer, day) [unit of the material per day]."""
    rows = []
    for name in index.lines:
        line = network.lines[name]
        if line.kind is not LineKind.CUSTOMER:
            continue
        if isinstance(line.demand, Distribution):
            rows.append(line.demand.draw(stream(seed, f"lines.{name}.demand", replication), horizon_days))
        elif line.demand:
            rows.append(np.resize(np.asarray(line.demand, dtype=np.float64), horizon_days))
        else:
            rows.append(np.full(horizon_days, float(line.plan_per_day or 0.0)))  # type: ignore[arg-type]
    if not rows:
        return np.zeros((0, horizon_days))
    return np.ascontiguousarray(np.vstack(rows), dtype=np.float64)


def draw_transit(network: Network, index: Index, seed: int, replication: int, count: int) -> Ints:
    """Return whole transit days of each random lane route's shipments, shape (lane route, shipment)."""
    rows = []
    for lane, route in index.lane_routes:
        days = network.routes[route].days
        if isinstance(days, Distribution):
            drawn = days.draw(stream(seed, f"lanes.{lane}.{route}.days", replication), count)
            rows.append(np.maximum(np.floor(drawn + 0.5), 1.0).astype(np.int64))
    if not rows:
        return np.zeros((0, count), dtype=np.int64)
    return np.ascontiguousarray(np.vstack(rows), dtype=np.int64)


def draw_all(network: Network, index: Index, seed: int, replication: int, horizon_days: int) -> Draws:
    """Draw what the kernels consume."""
    return Draws(
        demand=draw_demand(network, index, seed, replication, horizon_days),
        transit=draw_transit(network, index, seed, replication, FIRST_DRAWS),
    )
