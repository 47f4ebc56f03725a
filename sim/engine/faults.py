"""Faults planted on purpose, to prove that the checks would see them. Off unless a test asks.

A fault alters the arrays of a run or the instructions of its calendar, never the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sim.engine.arrays import Net, State

FAULTS = {
    "transit_leak": "one per cent of what is under way vanishes whenever the kernel is called",
    "lead_time_off_by_one": "every shipment takes a day longer than its route says",
    "ban_stops_goods_under_way": "an export ban also holds the goods that had already left",
}
_active: set[str] = set()


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a fault for the length of a block.

    Raises
    ------
    ValueError
        If there is no fault of this name.
    """
    if name not in FAULTS:
        raise ValueError(f"no fault {name!r}; faults: {', '.join(FAULTS)}")
    _active.add(name)
    try:
        yield
    finally:
        _active.discard(name)


def is_planted(name: str) -> bool:
    """Tell whether a fault is active."""
    return name in _active


def any_is_planted() -> bool:
    """Tell whether any fault is active."""
    return bool(_active)


def distorted(net: Net) -> Net:
    """Return the network with the faults that alter it."""
    if is_planted("lead_time_off_by_one"):
        return net._replace(lane_routes=net.lane_routes.replace(days=net.lane_routes.days + 1))
    return net


def distort(state: State) -> None:
    """Apply the faults that alter the state before the kernel goes on."""
    if is_planted("transit_leak"):
        state.pool.quantity[:] *= 0.99
