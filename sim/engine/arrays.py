"""The typed records of arrays that kernels read and write.

Owns the names, shapes and types; knows no rule of the model. Every array is C-contiguous; types are
fixed by the factories `ints`, `floats` and `flags`, else each variant of a type would compile anew.

Axes: `site`, `line`, `lane`, `lr` (a lane's use of a route), `route`, `group` (a material bought by a
site), `out` (a material sold by a site), `bin` (a stock: the outs first, then one per lane at the
buyer's end), `entry` (an origin share of a bin, see `origin`). A name ending in `_ptr` delimits the
rows of a ragged list: those of `i` are ``ptr[i]`` to ``ptr[i + 1]``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.int8]

SOURCE, MINE, PLANT, STORE, BUILD, CUSTOMER = range(6)
PRO_RATA, RANKED = range(2)
BASE_STOCK, ORDER_UP_TO, MIN_MAX, REORDER_QUANTITY, FIXED_QUANTITY = range(5)
FORECAST_FIXED, FORECAST_AVERAGE, FORECAST_EXPONENTIAL = range(3)
SURPLUS_STORE, SURPLUS_LEDGER, SURPLUS_CHOKE = range(3)
TAKE, ONE, ZERO, CLAIM = range(4)
"""How an output's origin entry follows from the inputs: mixed, all, none, mass-balance claim."""


def ints(values: Iterable[Any]) -> Ints:
    """Return the values as the one integer type kernels know."""
    return np.ascontiguousarray(list(values), dtype=np.int64)


def floats(values: Iterable[Any]) -> Floats:
    """Return the values as the one floating type kernels know."""
    return np.ascontiguousarray(list(values), dtype=np.float64)


def flags(values: Iterable[Any]) -> Flags:
    """Return the values as 0 or 1."""
    return np.ascontiguousarray(list(values), dtype=np.int8)


class Net(NamedTuple):
    """What does not change during a run."""

    line_kind: Ints
    line_plan: Floats
    line_capacity: Floats
    line_nameplate: Ints
    line_in_ptr: Ints
    line_in_group: Ints
    line_in_quantity: Floats
    line_in_parkable: Flags
    line_out_ptr: Ints
    line_out_bin: Ints
    line_out_quantity: Floats
    line_out_driver: Flags
    line_out_weight: Floats
    line_in_order: Flags
    line_ration_days: Floats
    line_overtime: Floats
    line_ramp_days: Floats
    line_park_limit: Floats
    line_lost_sales: Flags
    line_demand_row: Ints
    line_yard_limit: Floats
    line_restart_days: Floats
    build_order: Ints
    nameplate_capacity: Floats
    nameplate_ptr: Ints
    nameplate_line: Ints

    group_material: Ints
    group_lane_ptr: Ints
    group_lane: Ints
    group_line_ptr: Ints
    group_line: Ints
    group_line_slot: Ints
    group_store: Ints
    group_planned_use: Floats
    group_cover: Floats
    group_policy: Ints
    group_first: Floats
    group_second: Floats
    group_review: Ints
    group_offset: Ints
    group_patience: Floats
    group_learning: Floats
    group_forecast: Ints
    group_forecast_days: Floats
    group_decay: Floats
    group_retained: Floats
    group_double: Flags
    group_expedite: Floats

    out_material: Ints
    out_target: Floats
    out_planned: Floats
    out_allocation: Ints
    out_whole: Flags
    out_source: Flags
    out_store_group: Ints
    out_pushed: Flags
    out_surplus: Ints
    out_choke: Floats
    out_lane_ptr: Ints
    out_lane: Ints
    out_line_ptr: Ints
    out_line: Ints
    out_line_slot: Ints

    lane_source: Ints
    lane_bin: Ints
    lane_group: Ints
    lane_pushed: Flags
    lane_share: Floats
    lane_fits: Floats
    lane_flow: Floats
    lane_rank: Ints
    lane_qualify: Flags
    lane_restart_line: Ints
    lane_lr_ptr: Ints
    lr_lane: Ints
    lr_route: Ints
    lr_share: Floats
    lr_days: Ints
    lr_draw_row: Ints
    lr_size: Floats
    route_capacity: Floats

    bin_element_ptr: Ints
    element_id: Ints
    element_content: Floats
    element_entry_ptr: Ints
    entry_code: Ints
    line_code_ptr: Ints
    line_code: Ints
    line_out_entry_ptr: Ints
    line_out_rule: Ints
    site_group_ptr: Ints
    site_group: Ints
    touched_site: Ints
    touched_element: Ints
    touched_code: Ints


class Levers(NamedTuple):
    """What interventions turn; one row per lane, lane route, route or line."""

    lane_flow_share: Floats
    lane_sourcing_share: Floats
    route_open: Floats
    under_way: Floats
    route_days_added: Floats
    route_days_factor: Floats
    route_capacity_share: Floats
    line_availability: Floats
    line_capacity_added: Floats


class State(NamedTuple):
    """What changes from day to day. `clock` holds (first day of the scenario, last finished day + 1)."""

    clock: Ints
    on_hand: Floats
    in_transit: Floats
    held: Floats
    unshipped: Floats
    stale: Floats
    order_ring: Floats
    order_oldest: Ints
    lead_days: Floats
    forecast: Floats
    use_ring: Floats
    use_count: Ints
    shifted: Floats
    last_cancelled: Ints
    share_now: Floats
    qualified: Flags
    retained: Flags
    line_awake: Flags
    owed: Floats
    parked: Floats
    ramp: Floats
    spare: Floats
    ordered_from: Floats
    draw_count: Ints
    pool_lr: Ints
    pool_quantity: Floats
    pool_ship_day: Ints
    pool_age: Floats
    pool_left: Ints
    pool_record: Ints
    pool_next: Ints
    pool_free: Ints
    bucket: Ints
    held_head: Ints
    held_since: Ints
    share: Floats
    blend: Floats
    blend_version: Ints
    out_version: Ints
    lane_version: Ints
    made_total: Floats
    used_total: Floats
    code_created: Floats
    code_destroyed: Floats


class Work(NamedTuple):
    """Scratch of one day; nothing in it outlives the day."""

    line_want: Floats
    line_need: Floats
    line_made: Floats
    line_limit: Ints
    line_take: Floats
    line_parked: Floats
    group_want: Floats
    group_need: Floats
    group_got: Floats
    group_left: Floats
    lane_draw: Floats
    lane_cancelled: Floats
    lane_order: Floats
    lane_received: Floats
    lane_shipped: Floats
    lane_open: Flags
    lane_room: Floats
    lane_ask: Floats
    lane_give: Floats
    lr_flow: Floats
    route_left: Floats
    route_asked: Floats
    out_want: Floats
    code_mass: Floats
    element_mass: Floats


class Draws(NamedTuple):
    """Luck drawn outside the kernels: customers' demand per day, transit days per shipment."""

    demand: Floats
    transit: Ints


class Signals(NamedTuple):
    """Events a process must answer. `count` holds (number of signals, reason to return early)."""

    count: Ints
    day: Ints
    code: Ints
    index: Ints
    amount: Floats


QUALIFY, RESTART = range(2)
GO_ON, ANSWER, GROW_POOL, GROW_SHIPMENTS, GROW_DRAWS = range(5)


class Record(NamedTuple):
    """Daily series; row 0 is the scenario's first day."""

    line_wanted: Floats
    line_made: Floats
    line_planned: Floats
    line_limit: NDArray[np.int32]
    line_parked: Floats
    line_owed: Floats
    on_hand: Floats
    use_wanted: Floats
    shipped: Floats
    received: Floats
    in_transit: Floats
    held: Floats
    unshipped: Floats
    ordered: Floats
    lead_days: Floats
    touched: Floats
    touched_days: Ints
    shipment_count: Ints
    shipment_lr: Ints
    shipment_day: Ints
    shipment_arrival: Ints
    shipment_quantity: Floats
