"""Trajectories by hand: everything steady, for a test to change before it measures.

No engine runs. Labels are sorted by id as the engine sorts them; arrays are fresh and writable.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from sim.domain import Network, central
from sim.engine.trajectory import LIMIT_NONE, SHIPMENT_DTYPE, Stock, Trajectory
from sim.testing.networks import START

PARALLEL_ROUTE_DAYS_DEFAULT = 1.0
"""Transit of a lane without a route [days]."""


def steady_trajectory(
    network: Network,
    n_days: int,
    *,
    start: date = START,
    replication: int = 0,
    touched_keys: tuple[tuple[str, str, str], ...] = (),
) -> Trajectory:
    """Return a trajectory in which every line makes its plan and every stock stays at its cover.

    Lines without a plan run at 0; a lane carries its share of the buyer's planned use, and its
    pipeline holds that flow times the days of its first route.
    """
    lines, lanes = tuple(sorted(network.lines)), tuple(sorted(network.lanes))
    materials = tuple(sorted(network.materials))
    plan = np.array([central(network.lines[line].plan_per_day or 0.0) for line in lines])
    stocks, use, level = _stocks(network, lines, plan)
    flow = _flows(network, lanes, stocks, use)
    pipeline = flow * np.array([_days(network, lane) for lane in lanes])
    touched_days = np.unique(np.append(np.arange(0, n_days, 7), n_days - 1)).astype(np.int32)

    def daily(row: np.ndarray) -> np.ndarray:
        return np.tile(np.asarray(row, dtype=np.float64), (n_days, 1))

    nothing_by_line, nothing_by_lane = daily(np.zeros(len(lines))), daily(np.zeros(len(lanes)))
    return Trajectory(
        name=network.name,
        replication=replication,
        start=start,
        sites=tuple(sorted(network.sites)),
        lines=lines,
        lanes=lanes,
        routes=tuple(sorted(network.routes)),
        materials=materials,
        stocks=stocks,
        line_wanted=daily(plan),
        line_made=daily(plan),
        line_planned=daily(plan),
        line_limit=np.full((n_days, len(lines)), LIMIT_NONE, dtype=np.int32),
        line_parked=nothing_by_line.copy(),
        line_owed=nothing_by_line.copy(),
        on_hand=daily(level),
        opening_on_hand=level.copy(),
        use_wanted=daily(use),
        use_planned=use.copy(),
        shipped=daily(flow),
        received=daily(flow),
        in_transit=daily(pipeline),
        opening_in_transit=np.asarray(pipeline, dtype=np.float64),
        held=nothing_by_lane.copy(),
        unshipped=nothing_by_lane.copy(),
        ordered=daily(flow),
        waiting=nothing_by_lane.copy(),
        cancelled=nothing_by_lane.copy(),
        gate=nothing_by_lane.astype(np.int64),
        lead_time_days=daily(np.array([_days(network, lane) for lane in lanes])),
        touched=np.zeros((len(touched_days), len(touched_keys))),
        touched_keys=touched_keys,
        touched_days=touched_days,
        shipments=np.empty(0, dtype=SHIPMENT_DTYPE),
        balance=dict.fromkeys(materials, 0.0),
    )


def _stocks(
    network: Network, lines: tuple[str, ...], plan: np.ndarray
) -> tuple[tuple[Stock, ...], np.ndarray, np.ndarray]:
    use: dict[Stock, float] = {}
    for line_id, rate in zip(lines, plan, strict=True):
        line = network.lines[line_id]
        for role, recipe in (("input", line.inputs), ("output", line.outputs)):
            for material, amount in recipe.items():
                stock = Stock(line.site, material, role)
                use[stock] = use.get(stock, 0.0) + float(rate) * central(amount)
    stocks = tuple(sorted(use, key=lambda stock: (stock.site, stock.role, stock.material)))
    rates = np.array([use[stock] for stock in stocks])
    return stocks, rates, rates * np.array([_cover(network, stock) for stock in stocks])


def _cover(network: Network, stock: Stock) -> float:
    site = network.sites[stock.site]
    covers = site.cover if stock.role == "input" else site.output_cover
    return central(covers.get(stock.material, 0.0))


def _flows(
    network: Network, lanes: tuple[str, ...], stocks: tuple[Stock, ...], use: np.ndarray
) -> np.ndarray:
    by_stock = dict(zip(stocks, use, strict=True))
    flows = []
    for lane_id in lanes:
        lane = network.lanes[lane_id]
        flows.append(lane.sourcing_share * by_stock.get(Stock(lane.buyer, lane.material, "input"), 0.0))
    return np.array(flows)


def _days(network: Network, lane_id: str) -> float:
    routes = network.lanes[lane_id].routes
    return central(network.routes[routes[0].route].days) if routes else PARALLEL_ROUTE_DAYS_DEFAULT
