"""Time to survive and least loss after the loss of a node, by linear programming (Simchi-Levi et al. 2015).

The programmes know stocks, recipes, capacities and lanes. They know no transit time (goods under way count
as there, new ones arrive at once), no ordering behaviour (every tonne goes where it helps most, with the
whole future known) and no requalification. So they say how long a network *could* last; the engine says how
long it does. The formulation is in docs/survival.md.

D. Simchi-Levi, W. Schmidt, Y. Wei, P. Y. Zhang, K. Combs, Y. Ge, O. Gusikhin, M. Sanders, D. Zhang (2015):
Identifying risks and mitigating disruptions in the automotive supply chain. Interfaces 45(5), 375-390.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.analysis.potential import Limits, Pool, Potential, Stocks, capacity_of
from sim.domain import LineKind, Network, central
from sim.interventions.scope import check_known
from sim.metrics import reported_sites
from sim.steady.flows import planned_rate

if TYPE_CHECKING:
    from sim.engine.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost, and for good.

    Attributes
    ----------
    lines
        What is left of the capacity of each line that is hit [share].
    lanes
        What may still be shipped on each lane that is hit [share of its flow on day zero].
    """

    lines: Mapping[str, float] = field(default_factory=dict)
    lanes: Mapping[str, float] = field(default_factory=dict)


def loss_of_site(network: Network, site: str, severity: float = 1.0) -> Loss:
    """Return the loss of a site: of all its lines, and of its lanes if it is a store, which makes nothing.

    Raises
    ------
    ValueError
        If there is no such site, with the nearest one.
    """
    check_known(site, network.sites, "site")
    lines = {line.line_id: 1.0 - severity for line in network.lines_at(site)}
    is_store = any(network.lines[name].kind is LineKind.STORE for name in lines)
    lanes = {lane.lane_id: 1.0 - severity for lane in network.lanes_from(site)} if is_store else {}
    return Loss(lines, lanes)


def final_lines(network: Network) -> tuple[str, ...]:
    """Return the lines whose output counts: builders that are no residual buyers, and customers, by id."""
    sites = set(reported_sites(network))
    kinds = (LineKind.BUILD, LineKind.CUSTOMER)
    return tuple(
        name
        for name, line in sorted(network.lines.items())
        if line.site in sites and line.kind in kinds and not line.is_sink and planned_rate(line)
    )


def stocks_of(trajectory: Trajectory, network: Network, day: int = 0) -> Stocks:
    """Return where goods lie at the start of a day of a trajectory.

    Raises
    ------
    ValueError
        If the day is not 0 and the trajectory was simulated without detail.
    """
    run, after = trajectory, day > 0
    if after and len(run.held) < day:
        raise ValueError(f"stocks at the start of day {day} need a trajectory in detail")
    amounts = run.on_hand[day - 1] if after else run.opening_on_hand
    moving = run.in_transit[day - 1] + run.held[day - 1] if after else run.opening_in_transit
    stores = {line.site for line in network.lines.values() if line.kind is LineKind.STORE}
    on_hand: dict[Pool, float] = {}
    for stock, amount in zip(run.stocks, amounts, strict=True):
        if stock.site in stores and stock.role == "output":
            continue  # a store has one stock, which the series show on both sides
        side = "in" if stock.role == "input" else "out"
        on_hand[stock.site, stock.material, side] = max(float(amount), 0.0)
    under_way = {name: max(float(amount), 0.0) for name, amount in zip(run.lanes, moving, strict=True)}
    parked = {}
    if after:
        parked = dict(zip(run.lines, map(float, run.line_parked[day - 1]), strict=True))
    return Stocks(on_hand, under_way, parked=parked)


def steady_limits(
    network: Network, loss: Loss, flow: Mapping[str, float], *, as_ordered: bool = False
) -> Limits:
    """Return what lines can make and lanes can carry a day after a loss.

    Parameters
    ----------
    flow
        Goods shipped on each lane on day zero [unit of the material/day].
    as_ordered
        No lane carries more than on day zero: nobody orders more elsewhere.
    """
    lanes = dict(flow) if as_ordered else {}
    for name, share in loss.lanes.items():
        if share < 1.0:
            lanes[name] = share * flow.get(name, 0.0)
    lines = {
        name: capacity_of(line, loss.lines.get(name, 1.0))
        for name, line in network.lines.items()
        if line.kind is not LineKind.STORE
    }
    plates = {
        (line.site, line.nameplate): central(line.nameplate_capacity_per_day)
        for line in network.lines.values()
        if line.nameplate
    }
    return Limits(lines, lanes, plates)


def time_to_survive(
    potential: Potential,
    loss: Loss,
    flow: Mapping[str, float],
    *,
    lines: Iterable[str] | None = None,
    as_ordered: bool = False,
) -> float:
    """Return for how many days some lines can all keep their plan after a loss.

    Parameters
    ----------
    potential
        The network with its stocks at the start.
    flow
        Goods shipped on each lane on day zero [unit of the material/day].
    lines
        The lines that must run; None: all whose output counts (time to survive of the network).
    as_ordered
        No lane carries more than on day zero.

    Returns
    -------
    Days, infinity if for ever.

    Raises
    ------
    ValueError
        If a line does not exist.
    """
    network = potential.network
    chosen = final_lines(network) if lines is None else tuple(lines)
    for name in chosen:
        check_known(name, network.lines, "line")
    # A line that is hit itself stops at once; how long others would let it run is another question.
    needs = {name: planned_rate(network.lines[name]) or 0.0 for name in chosen}
    if not any(need > 0.0 for need in needs.values()):
        return math.inf
    return potential.longest(steady_limits(network, loss, flow, as_ordered=as_ordered), needs)


def least_lost_worth(
    potential: Potential,
    loss: Loss,
    flow: Mapping[str, float],
    days: float,
    worth: Mapping[str, float],
) -> tuple[float, dict[str, float]]:
    """Return the least worth that is lost when a loss lasts so many days, and the units lost by line.

    Parameters
    ----------
    potential
        The network with its stocks at the start.
    days
        Time to recover of what is lost [days].
    worth
        What one lost unit of each line costs, such as its margin [any money/unit]; lines that are not named
        ask for nothing.

    Returns
    -------
    The worth [the same money], and what each named line loses of its plan [unit].
    """
    network = potential.network
    for name in worth:
        check_known(name, network.lines, "line")
    per_day = steady_limits(network, loss, flow)
    in_all = Limits(
        {key: rate * days for key, rate in per_day.lines.items()},
        {key: rate * days for key, rate in per_day.lanes.items()},
        {key: rate * days for key, rate in per_day.plates.items()},
    )
    totals = {name: days * (planned_rate(network.lines[name]) or 0.0) for name in worth}
    lost = potential.least_loss(in_all, totals, worth)
    return sum(worth[name] * units for name, units in lost.items()), lost
