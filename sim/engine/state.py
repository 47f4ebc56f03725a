"""The state of a run: steady day zero, work space, levers and records.

Owns how a network's steady flows become stocks, full pipelines and order books.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sim.engine import arrays as a
from sim.engine.arrays import Floats, Ints, Levers, Net, Record, Signals, State, Work
from sim.engine.columns import WORD_BYTES
from sim.engine.kernels.day import WEEK
from sim.engine.kernels.goods import BLOCK, EMPTY, enter
from sim.engine.kernels.origin import settle_blends
from sim.engine.origin import LINE
from sim.engine.reference import Ref
from sim.engine.rooms import room
from sim.interventions.levers import LEVERS, Lever

LONG_AGO = -(10**9)
BUCKETS = 2048
"""Longest transit the calendar of goods under way can hold [days]."""
SWEEPS = 4000


LEVER_TABLES = {"lane": "lanes", "lane_route": "lane_routes", "route": "routes", "line": "lines",
                "input": "inputs", "group": "groups"}  # fmt: skip


def lever_column(lever: Lever) -> tuple[str, str]:
    """Return the table and the column of a lever."""
    return LEVER_TABLES[lever.rows], lever.name.removeprefix(f"{lever.rows}_").removeprefix("route_")


def neutral_levers(net: Net) -> Levers:
    """Return levers nobody has turned."""
    return Levers(**{
        name: a.Table(np.repeat(row.words, len(getattr(net, name)), axis=1), row.kinds)
        for name, row in _neutral_rows().items()
    })  # fmt: skip


@lru_cache
def _neutral_rows() -> dict[str, a.Table]:
    """Return a row of each table of levers."""
    columns: dict[str, dict[str, float]] = {name: {} for name in LEVER_TABLES.values()}
    for lever in LEVERS.values():
        table_name, column = lever_column(lever)
        columns[table_name][column] = lever.neutral
    return {
        name: a.table(1, " ".join(f"{column}:f" for column in sorted(values)), **values)
        for name, values in columns.items()
    }


def work_space(net: Net) -> Work:
    """Return the scratch arrays of a day."""
    tables = {name: a.table(len(getattr(net, name)), columns) for name, columns in a.WORK_COLUMNS.items()}
    return Work(
        **tables,
        choosing=np.zeros(len(net.lanes), dtype=np.int64),
        choosing_count=np.zeros(1, dtype=np.int64),
        takes=np.zeros(len(net.inputs)),
        product=np.zeros(int((net.bins.entry_end - net.bins.entry_first).max(initial=0))),
        code_mass=np.zeros(code_count(net)),
        element_mass=np.zeros(_element_count(net)),
    )


def code_count(net: Net) -> int:
    """Return the number of origin codes, at least one."""
    return max(len(net.codes), 1)


def _element_count(net: Net) -> int:
    return int(net.elements.id.max(initial=0)) + 1


def no_signals() -> Signals:
    """Return an empty board of signals."""
    return Signals(count=np.zeros(1, dtype=np.int64), board=a.table(1024, "day:i code:i index:i"))


def empty_record(net: Net, n_days: int, detailed_days: int, n_shipments: int) -> Record:
    """Return daily series to be filled; with `detailed_days` 0 only those that the outcome is read from.

    Every day writes a row of `lines`, `stocks` and `under_way`.
    """
    weeks = (n_days - 1 + WEEK - 1) // WEEK + 1
    columns, n_stocks = a.RECORD_COLUMNS, len(net.groups) + len(net.outs)
    return Record(
        lines=_written_daily(n_days, len(net.lines), columns["lines"]),
        stocks=_written_daily(n_days, n_stocks, columns["stocks"]),
        line_wants=a.table((detailed_days, len(net.lines)), columns["line_wants"]),
        stock_wants=a.table((detailed_days, n_stocks), columns["stock_wants"]),
        under_way=_written_daily(n_days, len(net.lanes), columns["under_way"]),
        lanes=a.table((detailed_days, len(net.lanes)), columns["lanes"]),
        shipments=a.table(n_shipments, columns["shipments"]),
        shipment_count=np.zeros(1, dtype=np.int64),
        touched=np.zeros((weeks, len(net.touched))),
        touched_days=np.zeros(weeks, dtype=np.int64),
    )


def _written_daily(days: int, rows: int, columns: str) -> a.Table:
    """Return a table of which every day writes a row: it may have been that of an earlier run."""
    kinds = tuple((name, kind) for name, kind in (column.split(":") for column in columns.split()))
    return a.Table(room((len(kinds), days, rows)), kinds)


def most_shipments(net: Net) -> int:
    """Return how many shipments a day may add (parcels of one shipment: a bound far above what occurs).

    Each may be parted in two, of which one goes a longer way.
    """
    return 2 * int(len(net.lane_routes) + 64 + 64 * (net.lane_routes.parcel < np.inf).sum())


def day_blocks(shipments: int) -> int:
    """Return how many free blocks of the pool so many new shipments may take (`blocks_of_a_day`)."""
    return min(shipments, shipments // BLOCK + BUCKETS)


def power_of_two(days: int, least: int = 2) -> int:
    """Return the smallest power of two that holds so many days."""
    return max(least, 1 << (days - 1).bit_length())


def steady_state(net: Net) -> State:
    """Return day zero: stocks at target, pipelines full, nothing owed."""
    lanes, columns = net.lanes, a.STATE_COLUMNS
    share = _opening_shares(net)
    lead = np.zeros(len(lanes))
    np.add.at(lead, net.lane_routes.lane, net.lane_routes.share * net.lane_routes.days)
    patience = net.groups.patience
    ring = power_of_two(int(min(patience[np.isfinite(patience)].max(initial=0.0), 1000.0)) + 3, 128)
    n_materials = int(max(net.outs.material.max(initial=0), net.groups.material.max(initial=0))) + 1
    opening = {"held_since": LONG_AGO, "last_cancelled": LONG_AGO, "lead_days": lead, "share_now": share}
    state = State(
        clock=np.zeros(2, dtype=np.int64),
        on_hand=_opening_stocks(net, share, lead),
        lanes=a.table(len(lanes), columns["lanes"], qualified=a.flags(lanes.qualify == a.READY), **opening),
        groups=a.table(len(net.groups), columns["groups"], forecast=net.groups.planned_use),
        lines=a.table(len(net.lines), columns["lines"], awake=1, ramp=1.0),
        outs=a.table(len(net.outs), columns["outs"], ordered_from=_steady_orders(net)),
        pool=a.table(0, columns["pool"]),
        pool_below=np.zeros(0, dtype=np.int64),
        totals=a.table(n_materials, columns["totals"]),
        decisions=a.table(1, columns["decisions"]),
        quotas=a.table(0, columns["quotas"]),
        members=a.table(0, columns["members"]),
        decision_count=np.zeros(1, dtype=np.int64),
        order_ring=np.zeros((ring, len(lanes))),
        use_ring=np.repeat(np.ascontiguousarray(net.groups.planned_use)[:, None], _window(net), axis=1),
        draw_count=np.zeros(int(net.lane_routes.draw_row.max(initial=-1)) + 1, dtype=np.int64),
        pool_free=np.array([EMPTY, 0], dtype=np.int64),
        bucket=np.full(BUCKETS, EMPTY, dtype=np.int64),
        held=np.full(len(net.lane_routes), EMPTY, dtype=np.int64),
        gained=np.zeros(_book_entries(net)),
        lost=np.zeros(_book_entries(net)),
        share=np.zeros(_entries(net)),
        drawn=np.zeros(int(net.groups.entry_end.max(initial=0))),
        blend=np.zeros(0),
    )
    settle(net, state)
    return _with_full_pipelines(net, with_blends(net, state, longest_days(net)))


def longest_days(net: Net) -> Ints:
    """Return for how many days a version of each sold stock's blend may be under way, as routes go."""
    days = np.ones(len(net.outs), dtype=np.int64)
    np.maximum.at(days, net.lanes.source[net.lane_routes.lane], net.lane_routes.days)
    days[net.lanes.source[net.lane_routes.lane[net.lane_routes.draw_row >= 0]]] = BUCKETS
    return days


def with_blends(net: Net, state: State, days: Ints) -> State:
    """Return the state with room for the blends of so many days of each sold stock, all as they are now."""
    bins, n_outs = net.bins, len(net.outs)
    rows = np.array([power_of_two(int(number) + 2) for number in days], dtype=np.int64)
    places = rows * (bins.entry_end - bins.entry_first)[:n_outs]
    first, end = bins.entry_first[:n_outs], bins.entry_end[:n_outs]
    blends = [np.tile(state.share[a:b], n) for a, b, n in zip(first, end, rows, strict=True)]
    outs = state.outs.replace(
        blend_mask=rows - 1, blend_first=np.cumsum(places) - places, blend_rows=np.cumsum(rows) - rows
    )
    return state._replace(outs=outs, blend=np.concatenate([*blends, np.zeros(1)]))


def blend_rows(state: State) -> int:
    """Return how many versions of blends are remembered in all."""
    return int((state.outs.blend_mask + 1).sum())


def with_opening_stocks(net: Net, state: State) -> State:
    """Return day zero with the stocks that the network's covers ask for."""
    lead = np.ascontiguousarray(state.lanes.lead_days)
    return state._replace(on_hand=_opening_stocks(net, _opening_shares(net), lead))


def _window(net: Net) -> int:
    average = net.groups.forecast == a.FORECAST_AVERAGE
    return int(net.groups.forecast_days[average].max(initial=1.0))


def _out_entries(net: Net) -> int:
    return int(net.bins.entry_end[len(net.outs) - 1]) if len(net.outs) else 0


def _book_entries(net: Net) -> int:
    """Return how long the books of all materials are: the last one ends with its stock's last share."""
    bins = net.bins
    return int((bins.book + bins.entry_end - bins.entry_first).max(initial=0))


def _entries(net: Net) -> int:
    return int(net.bins.entry_end[-1]) if len(net.bins) else 0


def _opening_shares(net: Net) -> Floats:
    """Return each lane's share of its buyer's need; a pushed lane's follows from its flow."""
    lanes = net.lanes
    into = np.zeros(len(net.groups))
    np.add.at(into, lanes.group, lanes.flow)
    total = into[lanes.group]
    pushed = np.divide(lanes.flow, total, out=np.zeros(len(lanes)), where=total > 0.0)
    return np.where(lanes.pushed == 1, pushed, lanes.share)


def _steady_orders(net: Net) -> Floats:
    orders = np.zeros(len(net.outs))
    ordered = net.lanes.pushed == 0
    np.add.at(orders, net.lanes.source[ordered], net.lanes.flow[ordered])
    return orders


def _opening_stocks(net: Net, share: Floats, lead: Floats) -> Floats:
    on_hand = np.zeros(len(net.bins))
    outs = net.outs
    for out in np.flatnonzero((outs.pushed == 0) & (outs.store_group < 0) & (outs.source == 0)):
        makers = net.out_lines.line[outs.line_first[out] : outs.line_end[out]]
        is_mine = np.any(net.lines.kind[makers] == a.MINE)
        on_hand[out] = outs.target[out] - (0.0 if is_mine else outs.planned[out])
    groups, group = net.groups, net.lanes.group
    policy, first, second = groups.policy[group], groups.first[group], groups.second[group]
    use = groups.planned_use[group] * share
    under_way = use * (lead + (groups.store[group] >= 0))
    levels = {a.ORDER_UP_TO: first, a.MIN_MAX: second, a.REORDER_QUANTITY: first + second}
    stock = use * (groups.opening_cover[group] + (groups.review[group] - 1.0))
    for code, level in levels.items():
        stock = np.where(policy == code, level * share - under_way, stock)
    np.add.at(on_hand, net.lanes.bin, np.maximum(stock, 0.0))
    return on_hand


def settle(net: Net, state: State) -> None:
    """Find the steady origin of every stock by sweeping the network until no share moves."""
    work = work_space(net)
    makes = (net.lines.out_end > net.lines.out_first) & (net.lines.kind != a.STORE)
    order = np.flatnonzero(makes).astype(np.int64)
    rates, flows = np.ascontiguousarray(net.lines.plan), np.ascontiguousarray(net.lanes.flow)
    end = _out_entries(net)
    refs = Ref(net), Ref(state), Ref(work)
    for _ in range(SWEEPS):
        before = state.share[:end].copy()
        settle_blends(*refs, rates, flows, order)
        if np.abs(state.share[:end] - before).max(initial=0.0) <= 1e-15:
            break


def _with_full_pipelines(net: Net, state: State) -> State:
    """Put the steady flow of every lane route under way, one shipment per day of transit."""
    flow = net.lanes.flow[net.lane_routes.lane] * net.lane_routes.share
    used = np.flatnonzero(flow > 0.0)
    days = net.lane_routes.days
    # Every day's stack may have a block that is not full.
    blocks = int(days[used].sum()) // BLOCK + int(days.max(initial=1)) + day_blocks(most_shipments(net))
    state = with_room(state, blocks)
    refs = Ref(net), Ref(state)
    for lr in used:
        for day in range(days[lr]):
            enter(*refs, int(lr), float(flow[lr]), day, day - int(days[lr]))
    return state


def copy_state(state: State) -> State:
    """Return an independent copy, in one piece of memory that an earlier state may have left (`rooms`)."""
    blocks = [array.words if isinstance(array, a.Table) else array for array in state]
    memory = room((sum(_in_lines(block.size) for block in blocks) + LINE,))
    end = -memory.__array_interface__["data"][0] // WORD_BYTES % LINE
    copies: list[Any] = []
    for array, block in zip(state, blocks, strict=True):
        first, end = end, end + block.size
        words: Any = memory[first:end].view(block.dtype).reshape(block.shape)
        if array is state.pool:
            used = _used_blocks(state) * BLOCK
            words[:, :used] = block[:, :used]
        else:
            words[...] = block
        end = first + _in_lines(block.size)
        copies.append(a.Table(words, array.kinds) if isinstance(array, a.Table) else words)
    return State._make(copies)


def _in_lines(words: int) -> int:
    """Return how many words the lines of the cache have that so many words fill."""
    return -(-words // LINE) * LINE


def _used_blocks(state: State) -> int:
    """Return how many blocks of the pool may hold goods: the others are free and come last."""
    first, free = int(state.pool_free[0]), int(state.pool_free[1])
    blocks = len(state.pool_below)
    are_last = free == blocks - first and bool((np.diff(state.pool_below[first:-1]) == 1).all())
    return first if are_last else blocks


def with_room(state: State, blocks: int) -> State:
    """Return the state with at least so many free blocks for goods under way, and some to spare."""
    if state.pool_free[1] >= blocks:
        return state
    first = len(state.pool_below)
    more = blocks + first // 2
    # An odd number of blocks: columns that lie whole pages apart would push each other out of the cache.
    more += (first + more + 1) % 2
    chain = np.arange(first + 1, first + more + 1)
    chain[-1] = state.pool_free[0]
    return state._replace(
        pool=state.pool.lengthened(more * BLOCK),
        pool_below=np.concatenate([state.pool_below, chain]),
        pool_free=np.array([first, state.pool_free[1] + more], dtype=np.int64),
    )


def with_decisions(state: State, more: int) -> State:
    """Return the state with room for so many more decisions of an authority."""
    have, needed = len(state.decisions), int(state.decision_count[0]) + more
    if needed <= have:
        return state
    return state._replace(decisions=state.decisions.lengthened(max(needed - have, have)))


def with_quota(
    state: State, of: int, rows: Sequence[int], weights: Sequence[float], free: Sequence[float]
) -> State:
    """Return the state with one more quota and its members."""
    first = len(state.members)
    quotas, members = state.quotas.lengthened(1), state.members.lengthened(len(rows))
    members.who[first:] = rows
    members.weight[first:] = weights or 1.0
    members.free[first:] = free or 0.0
    quotas.of[-1], quotas.first[-1], quotas.end[-1] = of, first, first + len(rows)
    return state._replace(quotas=quotas, members=members)


def grow_shipments(record: Record) -> Record:
    """Return the record with twice the room for shipments."""
    return record._replace(shipments=record.shipments.lengthened(len(record.shipments)))
