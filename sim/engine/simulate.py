"""Case in, Trajectory out: one replication, from compiling the network to labelling the series."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.case import Case, InitialState
from sim.domain import Network, Site
from sim.engine import faults, shelf
from sim.engine import state as factory
from sim.engine.arrays import GROW_POOL, Draws, Floats, Ints, Net, Record, State
from sim.engine.calendar import Calendar
from sim.engine.compile import compile_network, with_stock_figures
from sim.engine.draws import draw_all
from sim.engine.index import Index, make_index
from sim.engine.kernels.day import advance
from sim.engine.ledger import Ledger
from sim.engine.opening import applications, with_initial_state
from sim.engine.origin import classes_of
from sim.engine.realise import CaseWorld, Realised, is_of_network, realise
from sim.engine.reference import Ref, ref_to
from sim.engine.rest import Rest, may_rest
from sim.engine.stage_shares import Key, stage_shares
from sim.engine.trajectory import LIMIT_CHOKED, SHIPMENT_DTYPE, Stock, Trajectory
from sim.errors import RunFailed
from sim.steady import SteadyFlows, solve

KEPT = 4
"""Compiled networks kept for the next replication or the paired baseline."""
SETTLED = 1e-11
WARM_UP_YEARS = 40
MAKES_LATE = ("under_way", "route_days_added", "route_days_factor", "route_detour_days")
"""Levers that keep goods under way for longer."""
_SAYING = ("name", "title", "figures", "folder")
_FLOWING = tuple(item.name for item in fields(Network) if item.name not in (*_SAYING, "sites"))
"""Parts of a network that decide what flows; sites are compared one by one."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A network ready to run: its arrays, its labels, its steady day zero."""

    network: Network
    flows: SteadyFlows
    index: Index
    net: Net
    net_ref: Any
    """A `Ref` to `net`, with the same attributes."""
    steady: State
    touched_keys: tuple[tuple[str, str, str], ...]
    stocks: tuple[Stock, ...]


_compiled: OrderedDict[int, tuple[Network, Compiled]] = OrderedDict()
"""By address of the network, which is kept beside it: nothing else can come to lie there."""


def compiled(base: Network, realised: Realised) -> Compiled:
    """Compile a network, or find it compiled: a pair of runs shares its network and its draws."""
    key = id(realised.network)
    if key in _compiled:
        _compiled.move_to_end(key)
        return _compiled[key][1]
    own = [path for path in realised.numbers if is_of_network(path)]
    if own and all(_leaves_flows(path) for path in own) and not (base.sites and _reviews_long(base)):
        ready = _with_stocks(compiled(base, Realised(base, (), InitialState(), {})), realised.network)
    elif own:
        ready = _compile_anew(realised.network)
    else:
        ready = _with_own_covers(base) or _compile_or_fetch(base)
    _compiled[key] = (realised.network, ready)
    while len(_compiled) > KEPT:
        _compiled.popitem(last=False)
    return ready


def _leaves_flows(path: str) -> bool:
    """Tell whether a figure changes stocks and substitution but not what flows on day zero."""
    owner, _, attribute, *_ = path.split(".")
    return (owner, attribute) in (
        ("sites", "cover"), ("sites", "output_cover"), ("lanes", "interchangeable_share")
    )  # fmt: skip


def _with_own_covers(network: Network) -> Compiled | None:
    """Compile a network from a kept one that differs in covers alone; None if there is no such one."""
    for _, ready in reversed(_compiled.values()):
        if differs_in_covers_alone(ready.network, network) and not _reviews_long(network):
            return _with_stocks(ready, network)
    return None


def differs_in_covers_alone(one: Network, other: Network) -> bool:
    """Tell whether the same flows on day zero are sure: every record but for covers is equal."""
    if any(getattr(one, name) != getattr(other, name) for name in _FLOWING):
        return False
    return one.sites.keys() == other.sites.keys() and all(
        site is other.sites[name] or replace(other.sites[name], **_covers_of(site)) == site
        for name, site in one.sites.items()
    )


def _covers_of(site: Site) -> dict[str, Any]:
    return {name: getattr(site, name) for name in ("cover", "output_cover", "opening_cover")}


def _reviews_long(network: Network) -> bool:
    return any(site.review_period_days > 1 for site in network.sites.values())


def _compile_anew(network: Network) -> Compiled:
    flows = solve(network)
    index = make_index(network)
    net = compile_network(network, flows, index)
    steady = factory.steady_state(net)
    _fall_asleep(network, index, steady)
    steady = _warmed_up(net, steady)
    return _ready(network, flows, index, net, steady)


def _ready(network: Network, flows: SteadyFlows, index: Index, net: Net, steady: State) -> Compiled:
    stocks = [Stock(site, material, "input") for site, material in index.groups]
    stocks += [Stock(site, material, "output") for site, material in index.outs]
    keys = _touched_keys(network, index, net)
    return Compiled(network, flows, index, net, Ref(net), steady, keys, tuple(stocks))


def _compile_or_fetch(network: Network) -> Compiled:
    """Compile a network, or take it from the shelf where an earlier run laid it."""
    place = shelf.place_of(network)
    found = shelf.fetch(place)
    if found is not None:
        return _ready(network, *found)
    ready = _compile_anew(network)
    shelf.put(place, (ready.flows, ready.index, ready.net, ready.steady))
    return ready


def _with_stocks(base: Compiled, network: Network) -> Compiled:
    """Return a compiled network with other covers and interchangeable shares; the flows are the same."""
    net = with_stock_figures(base.net, network, base.index)
    steady = factory.with_opening_stocks(net, base.steady)  # a run works on a copy of it
    return replace(base, network=network, net=net, net_ref=Ref(net), steady=steady)


def _touched_keys(network: Network, index: Index, net: Net) -> tuple[tuple[str, str, str], ...]:
    classes = classes_of(network)
    first = classes.touched(0)
    return tuple(
        (
            index.sites[row.site],
            network.elements[row.element],
            classes.jurisdictions[max(net.codes.number[row.code], net.codes.also[row.code]) - first],
        )
        for row in net.touched.rows()
    )


def _fall_asleep(network: Network, index: Index, state: State) -> None:
    for i, name in enumerate(index.lines):
        state.lines.awake[i] = 0 if network.lines[name].dormant else 1


def _warmed_up(net: Net, state: State) -> State:
    """Run reviews longer than a day until every stock repeats; the scenario's day 0 comes then."""
    period = math.lcm(*(int(days) for days in net.groups.review)) if net.groups.review.size else 1
    if period == 1:
        return state
    levers, work, signals = factory.neutral_levers(net), factory.work_space(net), factory.no_signals()
    record = factory.empty_record(net, 1, 0, 0)
    draws = Draws(demand=np.zeros((0, 1)), transit=np.zeros((0, 1), dtype=np.int64))
    state.clock[0] = np.iinfo(np.int64).max
    margin = factory.most_shipments(net)
    piles = _piles(net)
    usual = np.full(len(net.bins), 1e-300)  # a day's flow through each stock
    usual[: len(net.outs)] += net.outs.planned
    np.maximum.at(usual, net.lanes.bin, net.lanes.flow)
    before = np.full(state.on_hand.size, np.nan)
    for _ in range(WARM_UP_YEARS * 365 // period + 1):
        until = int(state.clock[1]) + period
        others = Ref(work), Ref(draws), Ref(signals), Ref(record), margin, until, True
        while advance(Ref(net), Ref(levers), Ref(state), *others) == GROW_POOL:
            state = factory.with_room(state, factory.day_blocks(margin))
        scale = np.maximum(np.abs(state.on_hand), usual)
        moved = np.abs(state.on_hand - before)
        moved[piles] = 0.0
        if np.all(moved <= SETTLED * scale):
            state.clock[0] = state.clock[1]
            return state
        before = state.on_hand.copy()
    raise RunFailed(
        f"day zero does not settle: stocks still change after {WARM_UP_YEARS} years of reviews every "
        f"{period} days; shorten `review_period` or raise `output_cover`"
    )


def _piles(net: Net) -> NDArray[Any]:
    """Return the sold stocks of which more is made than lanes take: what is left is stored without limit."""
    taken = np.zeros(len(net.outs))
    np.add.at(taken, net.lanes.source, net.lanes.flow)
    return np.flatnonzero(net.outs.planned - taken > 1e-9 * net.outs.planned)


def simulate(
    case: Case, replication: int | None = None, *, in_detail: bool = True, day_by_day: bool = False
) -> Trajectory:
    """Simulate one replication of a case.

    Parameters
    ----------
    replication
        Number of the replication, whose draws it gets; None: the deterministic run, with uncertain
        figures at their central value and the likeliest branch of each intervention.
    in_detail
        Keep the daily series of every lane and every shipment, and what was wanted; without it these arrays
        are empty: three years of the reference network then hold 19 MiB instead of 81.
    day_by_day
        Simulate also days that repeat because nothing has happened yet; in detail that is always so.

    Raises
    ------
    DataError
        If the network cannot carry its own demand.
    InvariantError
        If mass was created or lost: a bug in this package.
    """
    realised = realise(case, replication)
    ready = compiled(case.network, realised)
    began = time.perf_counter()
    world = CaseWorld(
        network=ready.network,
        horizon_days=case.horizon_days,
        deterministic=replication is None,
        start=case.start,
        seed=case.seed,
        replication=replication or 0,
        flows=dict(zip(ready.index.lanes, ready.net.lanes.flow.tolist(), strict=True)),
    )
    distorted = faults.distorted(ready.net)
    net: Net = ready.net_ref if distorted is ready.net else ref_to(distorted)
    draws = draw_all(ready.network, ready.index, case.seed, world.replication, case.horizon_days)
    state = _opened(case, ready, realised)
    first = int(state.clock[0])
    used = int((net.lane_routes.share > 0.0).sum())
    n_shipments = 4096 + used * case.horizon_days if in_detail else 0
    record = factory.empty_record(net, case.horizon_days, case.horizon_days if in_detail else 0, n_shipments)
    opening = _stocks_now(net, state), state.lanes.in_transit.copy()
    before = stage_shares(ready.network, ready.index, ready.net, state) if in_detail else {}
    state_ref = Ref(state)
    ledger = Ledger.open(ready.network, ready.index, net, state_ref)
    filed = applications(ready.net, ready.index, realised.initial_state)
    can_rest = not (in_detail or day_by_day) and may_rest(case, realised.initial_state, ready.net, draws)
    rest = Rest(ready.net) if can_rest else None
    calendar = Calendar(world, net, ready.index, state, state_ref, draws, record, ledger, filed, rest)
    assert first == calendar.first_day
    calendar.run(realised.interventions)
    elapsed = time.perf_counter() - began
    after = stage_shares(ready.network, ready.index, ready.net, calendar.state) if in_detail else {}
    trajectory = _labelled(case, world, ready, calendar, opening, (before, after), elapsed)
    calendar.let_go()
    return trajectory


def _opened(case: Case, ready: Compiled, realised: Realised) -> State:
    """Return a fresh copy of day zero, with the case's own initial state."""
    state = factory.copy_state(ready.steady)
    late = _may_be_late(case, ready)
    if late.size:
        days = factory.longest_days(ready.net)
        days[late] = case.horizon_days + factory.BUCKETS
        state = factory.with_blends(ready.net, state, days)
    return with_initial_state(ready.net, ready.net_ref, ready.index, state, realised.initial_state)


def _may_be_late(case: Case, ready: Compiled) -> Ints:
    """Return the sold stocks whose goods may be under way for longer than their routes take."""
    turned = [item.touches(ready.network) for item in case.interventions]
    keys = {key for rows in turned for lever in MAKES_LATE for key in rows.get(lever, ())}
    lanes = sorted({ready.index.lane[key.split("|")[0]] for key in keys})
    return np.unique(ready.net.lanes.source[np.array(lanes, dtype=np.int64)])


def _stocks_now(net: Net, state: State) -> Floats:
    """Return every stock as the series label them: bought materials over all lanes, then sold ones."""
    bought = np.zeros(len(net.groups))
    is_store = net.groups.store[net.lanes.group] >= 0
    np.add.at(bought, net.lanes.group, np.where(is_store, 0.0, state.on_hand[net.lanes.bin]))
    stores = np.flatnonzero(net.groups.store >= 0)
    bought[stores] = state.on_hand[net.groups.store[stores]]
    return np.concatenate([bought, state.on_hand[: len(net.outs)]])


def _shipments(record: Record, net: Net) -> NDArray[Any]:
    count = int(record.shipment_count[0])
    rows = np.zeros(count, dtype=SHIPMENT_DTYPE)
    lane_routes = record.shipments.lr[:count]
    rows["ship_day"] = record.shipments.day[:count]
    rows["arrival_day"] = record.shipments.arrival[:count]
    rows["lane"] = net.lane_routes.lane[lane_routes]
    rows["route"] = net.lane_routes.route[lane_routes]
    rows["quantity"] = record.shipments.quantity[:count]
    return rows


def _choked(index: Index, record: Record) -> list[tuple[int, str, str]]:
    """Return when plants were first held back by a co-product that nobody takes."""
    is_choked = record.lines.limit == LIMIT_CHOKED
    return [
        (int(is_choked[:, line].argmax()), index.lines[line], "held back: a co-product has nowhere to go")
        for line in np.flatnonzero(is_choked.any(axis=0))
    ]


def _labelled(
    case: Case,
    world: CaseWorld,
    ready: Compiled,
    calendar: Calendar,
    opening: tuple[Floats, Floats],
    origin: tuple[dict[Key, float], dict[Key, float]],
    elapsed: float,
) -> Trajectory:
    net, index, record = ready.net, ready.index, calendar.record
    return Trajectory(
        name=case.name,
        replication=world.replication,
        start=case.start,
        sites=index.sites,
        lines=index.lines,
        lanes=index.lanes,
        routes=index.routes,
        materials=index.materials,
        stocks=ready.stocks,
        line_wanted=record.line_wants.rate,
        line_made=record.lines.made,
        line_planned=record.lines.planned,
        line_limit=record.lines.limit,
        line_parked=record.lines.parked,
        line_owed=record.lines.owed,
        on_hand=record.stocks.on_hand,
        opening_on_hand=opening[0],
        use_wanted=record.stock_wants.use,
        use_planned=np.concatenate([net.groups.planned_use, net.outs.planned]),
        shipped=record.lanes.shipped,
        received=record.lanes.received,
        in_transit=record.under_way.quantity,
        opening_in_transit=opening[1],
        held=record.lanes.held,
        unshipped=record.lanes.unshipped,
        ordered=record.lanes.ordered,
        lead_time_days=record.lanes.lead_days,
        touched=record.touched,
        touched_keys=ready.touched_keys,
        touched_days=record.touched_days.astype(np.int32),
        waiting=record.lanes.waiting,
        cancelled=record.lanes.cancelled,
        gate=record.lanes.gate,
        shipments=_shipments(record, net),
        origin=origin,
        filed={item.examiner.name: item.filed() for item in calendar.authorities},
        licences={item.examiner.name: np.array(item.series) for item in calendar.authorities},
        log=tuple(sorted([*calendar.log, *_choked(index, record)], key=lambda row: row[0])),
        balance=dict(calendar.ledger.errors),
        simulate_seconds=elapsed,
    )
