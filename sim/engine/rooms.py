"""Memory for the daily series of one replication after the other.

Fresh memory costs a tenth of a replication: the system hands it out page by page and clears each. An ensemble
looks at a replication and lets go of it, so the next one may write over it. An array is in use as long as
anybody holds it or a view of it.
"""

from __future__ import annotations

import sys
from collections import OrderedDict

import numpy as np

from sim.engine.arrays import Ints

_rooms: OrderedDict[tuple[int, ...], list[Ints]] = OrderedDict()
SHAPES, EACH = 6, 4
"""Shapes that are kept, and arrays of each: a scenario and its baseline are often held together."""


def _first_unused(kept: list[Ints], references: int) -> Ints | None:
    """Return the first array that only the list holds; `references` are those seen of such a one."""
    for array in kept:
        if sys.getrefcount(array) <= references:
            return array
    return None


def _references_of_unused() -> int:
    """Return how many references such a loop sees of an array that only the list holds."""
    kept = [np.zeros(1, dtype=np.int64)]
    return next(count for count in range(1, 9) if _first_unused(kept, count) is not None)


UNUSED = _references_of_unused()


def room(shape: tuple[int, ...]) -> Ints:
    """Return an array that nobody uses any more, or a new one. What it holds is of no meaning."""
    kept = _rooms.setdefault(shape, [])
    _rooms.move_to_end(shape)
    found = _first_unused(kept, UNUSED)
    if found is not None:
        return found
    made = np.zeros(shape, dtype=np.int64)
    kept.append(made)
    if len(kept) > EACH:
        kept.pop(0)
    if len(_rooms) > SHAPES:
        _rooms.popitem(last=False)
    return made
