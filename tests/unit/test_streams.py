"""Luck and the order of the desk: what is done by hand does what numpy and Python do."""

from __future__ import annotations

import hashlib
import heapq

import numpy as np
import pytest

from sim.engine import books as bookkeeping
from sim.engine.arrays import ints
from sim.engine.draws import stream, streams
from sim.engine.kernels import office


@pytest.mark.parametrize("seed", [0, 1, 20250404, 2**32 - 1, 2**32, 2**33 + 7, 2**63 - 1])
@pytest.mark.parametrize("replication", [0, 3, 2**32 - 1, 2**32])
def test_a_stream_is_that_of_numpys_own_seeding(seed: int, replication: int) -> None:
    for name in ("demand", "lanes.a_b.route.days"):
        digest = hashlib.sha256(name.encode()).digest()
        words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
        wanted = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, replication, *words])))
        assert np.array_equal(stream(seed, name, replication).random(8), wanted.random(8))


@pytest.mark.parametrize("seed", [0, 20250404, 2**32, 2**63 - 1])
@pytest.mark.parametrize("replication", [0, 999, 2**32])
def test_many_streams_at_once_are_the_streams_one_by_one(seed: int, replication: int) -> None:
    names = tuple(f"uncertain.sites.works_{i}.cover.motor" for i in range(50))
    drawn = [rng.lognormal(0.0, 0.5, 4) for rng in streams(seed, names, replication)]
    assert np.array_equal(drawn, [stream(seed, name, replication).lognormal(0.0, 0.5, 4) for name in names])


def test_the_desk_serves_in_the_order_of_pythons_heap(monkeypatch: pytest.MonkeyPatch) -> None:
    """By class, then by day, then by lane and number; and what is left lies as `heapq` would leave it."""
    rng = np.random.default_rng(3)
    books = bookkeeping.with_rows(bookkeeping.blank(ints(range(10, 5, -1))), 200)
    books.lanes.rank[:] = [0, 1, 2, 1, 0]
    books.pending.place[:] = rng.integers(0, 5, 200)
    books.pending.ready[:] = rng.integers(0, 20, 200)
    books.pending.number[:] = np.arange(200)
    for name in ("is_before", "rise", "pop"):  # parts of a kernel, in plain Python
        part = getattr(office, name)
        monkeypatch.setattr(office, name, getattr(part, "py_func", part))
    entries: list[tuple[int, float, int, int]] = []
    for row in range(200):
        place = int(books.pending.place[row])
        rank, ready = int(books.lanes.rank[place]), float(books.pending.ready[row])
        heapq.heappush(entries, (rank, ready, int(books.lanes.lane[place]), row))
        office.rise(books, books.heap, row, row, True)
    for left in range(200, 100, -1):
        assert office.pop(books, books.heap, left, True) == heapq.heappop(entries)[-1]
        assert books.heap[: left - 1].tolist() == [entry[-1] for entry in entries]
