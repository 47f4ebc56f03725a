"""The books of an authority as arrays: its lanes, its applications, their luck, what it did in a week."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engine.arrays import Ints, Table, ints, table
from sim.engine.trajectory import LICENCE_COLUMNS

APPLICATION = (
    "place:i tonnes:f ordered:f prepared:f ready:f number:i round:i is_overdue:i is_returned:i where:i "
    "weight:f"
)
"""Columns of an application.

place
    Row of its lane among those of the office.
tonnes
    Ordered on the lane [unit of material].
ordered
    Mean day of the orders.
prepared
    Day on which its papers are complete.
ready
    Day on which it is examined and waits for the desk.
number
    Running number of the lane's applications.
round
    How often the rule had been lifted on the lane when it was filed.
where
    NOWHERE: the row is free; COMING: with the seller or examined; AT_DESK: examined, it waits for the desk.
weight
    How much of an application it is: what is refused on average and filed anew, in a deterministic run, is
    as small a part of the desk's work as of the tonnes.
"""
NOWHERE, COMING, AT_DESK = range(3)
BOOK_COLUMNS = {
    "rule": "per_week:f licence_tonnes:f returned_share:f is_final:i validity:f is_certain:i first_day:i",
    "sums": "pending:i free:i desk:i free_from:f",
    "week": " ".join(f"{name}:f" for name in LICENCE_COLUMNS),
    "lanes": "lane:i approval:f slowness:f rank:i patience:f count:i drawn:i wanted:i round:i filed:f "
    "granted:f used_before:f lapsed_before:f",
    "luck": "preparing:f processing:f returned:f chance_returned:f chance_granted:f",
    "pending": APPLICATION,
}
MOST_DECISIONS = 3
"""Most rows of a week's decisions per application: it is granted, that lapses, the rest is refused."""


class Books(NamedTuple):
    """What an office knows; columns in BOOK_COLUMNS.

    `rule`, `sums` and `week` have one row. `sums` counts the rows of `pending` that have been in use, those
    that are free again (listed in `free`), and those at the desk (`heap`); `free_from` is the day on which
    the desk is free. `week` is what the office reports (`trajectory.LICENCE_COLUMNS`). `lanes` are those of
    the office: `count` have been filed, `drawn` have their luck, `wanted` may need it this week; `_before`
    is what of older licences was used and lapsed before the scenario.
    `luck` has the shape (lane, number of the application). `heap` are rows of `pending` that wait for the
    desk, from week to week; `due` and `coming` those examined this week, as a heap and in order.
    """

    rule: Table
    sums: Table
    week: Table
    lanes: Table
    luck: Table
    pending: Table
    coming: Ints
    due: Ints
    heap: Ints
    free: Ints


def blank(lanes: Ints) -> Books:
    """Return the books of an office for some lanes, without room for applications or luck."""
    tables = {name: table(1, BOOK_COLUMNS[name]) for name in ("rule", "sums", "week")}
    return Books(
        **tables,
        pending=table(0, BOOK_COLUMNS["pending"]),
        lanes=table(len(lanes), BOOK_COLUMNS["lanes"], lane=lanes),
        luck=table((len(lanes), 0), BOOK_COLUMNS["luck"]),
        coming=ints(()),
        due=ints(()),
        heap=ints(()),
        free=ints(()),
    )


def with_rows(books: Books, rows: int) -> Books:
    """Return books with room for so many applications, and some to spare; the same if they have it."""
    have = len(books.pending)
    if rows <= have:
        return books
    more = max(rows - have, have)
    places = np.zeros(more, dtype=np.int64)
    return books._replace(
        pending=books.pending.lengthened(more),
        coming=np.concatenate([books.coming, places]),
        due=np.concatenate([books.due, places]),
        heap=np.concatenate([books.heap, places]),
        free=np.concatenate([books.free, places]),
    )


def with_luck(books: Books, numbers: int) -> Books:
    """Return books with room for the luck of so many more applications of each lane."""
    have = books.luck.words.shape[2]
    luck = table((len(books.lanes), have + numbers), BOOK_COLUMNS["luck"])
    luck.words[:, :, :have] = books.luck.words
    return books._replace(luck=luck)
