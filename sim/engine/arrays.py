"""The typed records of arrays that kernels read and write.

Owns the names, shapes and types; knows no rule of the model. Every array is C-contiguous; types are
fixed by the factories `ints`, `floats` and `flags`, else each variant of a type would compile anew.

A table has one row per lane, say, and a column per property, so that a kernel is handed twenty tables
and not two hundred arrays (each costs time to compile and to pass). Each column is contiguous: what a
loop over lanes reads of one property lies together in the processor's cache.

Axes: `site`, `line`, `lane`, `lr` (a lane's use of a route), `route`, `group` (a material bought by a
site), `out` (a material sold by a site), `bin` (a stock: the outs first, then one per lane at the
buyer's end), `entry` (an origin share of a bin; all stocks of a material have the same, see `origin`).
Columns `x_first` and `x_end` delimit a row's part of the list `x`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KINDS = {"f": np.float64, "i": np.int64}
"""Types of a column; both are words of eight bytes."""


@lru_cache
def _columns(kinds: tuple[tuple[str, str], ...]) -> dict[str, tuple[int, str]]:
    """Return number and kind of each column by name."""
    return {name: (number, kind) for number, (name, kind) in enumerate(kinds)}


class Table:
    """Rows with named columns, such as ``table.share[3]``; each column is contiguous.

    Attributes
    ----------
    words
        All columns, one after the other, shape (column, row) or (column, row, place) [8 bytes each].
    kinds
        Name and kind of each column, in this order.

    Examples
    --------
    >>> lanes = table(2, "share:f source:i", share=[0.25, 0.75])
    >>> float(lanes.row(1).share), len(lanes)
    (0.75, 2)
    """

    def __init__(self, words: Ints, kinds: tuple[tuple[str, str], ...]) -> None:
        self.words = words
        self.kinds = kinds

    def __getattr__(self, column: str) -> NDArray[Any]:
        """Return a column; it is made when it is first asked for, since most only kernels read."""
        if column not in _columns(self.__dict__["kinds"]):
            raise AttributeError(f"no column {column!r}")
        number, kind = _columns(self.kinds)[column]
        found: NDArray[Any] = self.words[number].view(KINDS[kind])
        setattr(self, column, found)
        return found

    def __len__(self) -> int:
        return int(self.words.shape[1])

    def __getitem__(self, column: str) -> NDArray[Any]:
        found: NDArray[Any] = getattr(self, column)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, (self.words, self.kinds)

    def row(self, number: int) -> SimpleNamespace:
        """Return one row by column."""
        return SimpleNamespace(**{name: self[name][number] for name, _ in self.kinds})

    def rows(self) -> Iterator[SimpleNamespace]:
        """Return every row in turn."""
        return (self.row(number) for number in range(len(self)))

    def copy(self) -> Table:
        """Return an independent copy."""
        return Table(self.words.copy(), self.kinds)

    def replace(self, **values: Any) -> Table:
        """Return a copy in which some columns have other values."""
        changed = self.copy()
        for name, value in values.items():
            changed[name][:] = value
        return changed

    def lengthened(self, rows: int) -> Table:
        """Return a copy with more rows, all zero, at the end."""
        more = np.zeros((self.words.shape[0], rows, *self.words.shape[2:]), dtype=np.int64)
        return Table(np.concatenate([self.words, more], axis=1), self.kinds)

SOURCE, MINE, PLANT, STORE, BUILD, CUSTOMER = range(6)
PRO_RATA, RANKED = range(2)
BASE_STOCK, ORDER_UP_TO, MIN_MAX, REORDER_QUANTITY, FIXED_QUANTITY = range(5)
FORECAST_FIXED, FORECAST_AVERAGE, FORECAST_EXPONENTIAL = range(3)
READY, ON_DEMAND, NEVER = range(3)
"""Whether a lane is qualified, will be when it is needed, or only by an intervention."""
OF_LANES, OF_LINES = range(2)
"""What the members of a quota are."""
SURPLUS_STORE, SURPLUS_LEDGER, SURPLUS_CHOKE = range(3)
TAKE, ONE, ZERO, CLAIM = range(4)
"""How an origin share of a product follows from the inputs: mixed, all, none, mass-balance claim."""


def ints(values: Iterable[Any]) -> Ints:
    """Return the values as the one integer type kernels know."""
    return np.ascontiguousarray(list(values), dtype=np.int64)


def floats(values: Iterable[Any]) -> Floats:
    """Return the values as the one floating type kernels know."""
    return np.ascontiguousarray(list(values), dtype=np.float64)


def flags(values: Iterable[Any]) -> Ints:
    """Return the values as 0 or 1."""
    return ints(bool(value) for value in values)


def table(shape: int | tuple[int, ...], columns: str, **values: Any) -> Table:
    """Return a table of zeros with some columns filled.

    `columns` lists names with their type, such as ``"share:f fits:f source:i"``. The type of a table
    depends on its columns alone, so kernels compile once.

    Examples
    --------
    >>> table(2, "share:f source:i", share=[0.25, 0.75]).share
    array([0.25, 0.75])
    """
    names = [column.split(":") for column in columns.split()]
    sizes = (shape,) if isinstance(shape, int) else shape
    made = Table(np.zeros((len(names), *sizes), dtype=np.int64), tuple((name, kind) for name, kind in names))
    for name, value in values.items():
        made[name][:] = value
    return made


NET_COLUMNS = {
    "lines": "kind:i plan:f capacity:f nameplate:i ration_days:f overtime:f ramp_days:f park_limit:f "
    "lost_sales:i demand_row:i yard_days:f restart_days:f in_order:i in_first:i in_end:i "
    "out_first:i out_end:i",
    "inputs": "line:i group:i quantity:f parkable:i",
    "outputs": "bin:i quantity:f driver:i weight:f entry_first:i claim_first:i claim_end:i",
    "plates": "capacity:f line_first:i line_end:i",
    "groups": "material:i store:i planned_use:f cover:f opening_cover:f policy:i first:f second:f review:i "
    "offset:i patience:f learning:f forecast:i forecast_days:f decay:f retained:f double:i expedite:f owes:i "
    "feeds:i lane_first:i lane_end:i line_first:i line_end:i entry_first:i entry_end:i",
    "group_lines": "line:i slot:i",
    "outs": "material:i target:f planned:f allocation:i whole:i source:i store_group:i pushed:i "
    "surplus:i choke:f pushes:i lane_first:i lane_end:i line_first:i line_end:i",
    "out_lines": "line:i slot:i",
    "lanes": "source:i bin:i group:i pushed:i share:f fits:f flow:f learnt_from:f rank:i qualify:i "
    "restart_line:i lr_first:i lr_end:i",
    "lane_routes": "lane:i route:i share:f days:i draw_row:i parcel:f cost:f",
    "routes": "capacity:f",
    "bins": "element_first:i element_end:i entry_first:i entry_end:i book:i",
    "books": "bin:i",
    "elements": "id:i content:f entry_first:i entry_end:i code:i",
    "sites": "group_first:i group_end:i",
    "touched": "site:i element:i code:i",
    "rules": "take:f own:f",
    "claims": "place:i code:i",
    "codes": "element:i number:i also:i",
}
STATE_COLUMNS = {
    "lanes": "in_transit:f held:f held_since:i unshipped:f stale:f order_oldest:i lead_days:f shifted:f "
    "last_cancelled:i share_now:f qualified:i retained:i version:i mix:f seen:i "
    "waiting:f overdue:f waiting_days:f unfiled:f unfiled_days:f cleared:f cleared_days:f granted:f used:f "
    "lapsed:f round:i under_licence:f unbooked:f",
    "groups": "forecast:f use_count:i",
    "lines": "awake:i owed:f parked:f ramp:f settled:i",
    "outs": "spare:f ordered_from:f version:i stirred:i unbooked_made:f unbooked_used:f blend_first:i "
    "blend_mask:i blend_rows:i",
    "pool": "lr:i quantity:f ship_day:i age:f left:i record:i version:i",
    "totals": "made:f used:f",
    "decisions": "day:i lane:i what:i quantity:f days:f",
    "quotas": "of:i first:i end:i quantity:f used:f until:i",
    "members": "who:i weight:f free:f",
}
WORK_COLUMNS = {
    "inputs": "quantity:f",
    "lines": "want:f need:f made:f limit:i parked:f room:f",
    "groups": "want:f need:f got:f left:f part:f missing:f most:f claimed:f surplus:f due:i moving:i same:i",
    "lanes": "draw:f order:f cancelled:f received:f waited:f shipped:f open:i gate:f plain:i room:f ask:f "
    "give:f granted:f given_up:f rationed:i",
    "lane_routes": "flow:f days:i",
    "routes": "left:f asked:f",
    "outs": "want:f asked:f part:f stated:f idle:i is_cut:i",
}
RECORD_COLUMNS = {
    "lines": "made:f planned:f limit:i parked:f owed:f",
    "stocks": "on_hand:f",
    "line_wants": "rate:f",
    "stock_wants": "use:f",
    "under_way": "quantity:f",
    "lanes": "shipped:f received:f held:f unshipped:f ordered:f lead_days:f waiting:f cancelled:f gate:i",
    "shipments": "lr:i day:i arrival:i quantity:f",
}


class Net(NamedTuple):
    """What does not change during a run; columns in NET_COLUMNS."""

    lines: Table
    inputs: Table
    outputs: Table
    plates: Table
    groups: Table
    group_lines: Table
    outs: Table
    out_lines: Table
    lanes: Table
    lane_routes: Table
    routes: Table
    bins: Table
    books: Table
    elements: Table
    sites: Table
    touched: Table
    rules: Table
    claims: Table
    codes: Table
    build_order: Ints
    plate_line: Ints
    out_lane: Ints
    site_group: Ints


class Levers(NamedTuple):
    """What interventions turn; one row per lane, lane route, route, line, input or bought material."""

    lanes: Table
    lane_routes: Table
    routes: Table
    lines: Table
    inputs: Table
    groups: Table


class State(NamedTuple):
    """What changes from day to day; columns in STATE_COLUMNS.

    `clock` holds the first day of the scenario and the day that comes next. Goods under way are stacks of
    rows of the pool (`goods`): `bucket` has the top row of each arrival day, `held` of each lane route's
    held goods; `pool_below` says what lies below each block of rows, `pool_free` the first free block and
    how many are free.
    `share` has the origin of every stock, `drawn` of what is drawn of a bought material for a product,
    `blend` the last versions of every sold stock's origin: those of one stock begin at `blend_first`,
    version v in row ``v & blend_mask``, and `blend_rows` rows of other stocks lie before. `gained` is what
    was made so far of every origin share of a material, `lost` what was used of it anywhere [unit of
    material]: one book per material, that of a stock begins at `bins.book`; what has come and gone since an
    origin last changed stands in the columns `unbooked`.
    `decisions` are an authority's, each carried out on its day; the first `decision_count` rows count
    (`licences`). `quotas` are what the lanes or lines among its `members` may ship or make within a window
    (`quotas`). Rings (`order_ring`, `bucket`) have a power of two of days, so that a day's row is a mask.
    """

    clock: Ints
    on_hand: Floats
    lanes: Table
    groups: Table
    lines: Table
    outs: Table
    pool: Table
    totals: Table
    decisions: Table
    decision_count: Ints
    quotas: Table
    members: Table
    order_ring: Floats
    use_ring: Floats
    draw_count: Ints
    pool_below: Ints
    pool_free: Ints
    bucket: Ints
    held: Ints
    gained: Floats
    lost: Floats
    share: Floats
    drawn: Floats
    blend: Floats


class Work(NamedTuple):
    """Scratch of one day, columns in WORK_COLUMNS.

    Only what `set_gates` writes outlives the day: it holds until a lever is turned. The first
    `choosing_count` rows of `choosing` are the lanes that are not plain: each day they choose among routes.
    """

    inputs: Table
    lines: Table
    groups: Table
    lanes: Table
    lane_routes: Table
    routes: Table
    outs: Table
    choosing: Ints
    choosing_count: Ints
    takes: Floats
    product: Floats
    code_mass: Floats
    element_mass: Floats


class Draws(NamedTuple):
    """Luck drawn outside the kernels: customers' demand per day, transit days per shipment."""

    demand: Floats
    transit: Ints


class Signals(NamedTuple):
    """Events a process must answer: how many, and a board of (day, code, index)."""

    count: Ints  # type: ignore[assignment]  # hides a method of tuples that nobody calls here
    board: Table


QUALIFY, RESTART = range(2)
GO_ON, ANSWER, GROW_POOL, GROW_SHIPMENTS, GROW_DRAWS = range(5)


class Record(NamedTuple):
    """Daily series, columns in RECORD_COLUMNS; row 0 is the scenario's first day.

    The wants, `lanes` and `shipments` are empty where only the outcome is wanted.
    """

    lines: Table
    stocks: Table
    line_wants: Table
    stock_wants: Table
    under_way: Table
    lanes: Table
    shipments: Table
    shipment_count: Ints
    touched: Floats
    touched_days: Ints
