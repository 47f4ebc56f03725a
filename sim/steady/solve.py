"""Solve day zero: one linear programme, then the last digits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.domain import LineKind, Network
from sim.errors import InvariantError
from sim.steady.flows import Place, SteadyFlows, planned_rate
from sim.steady.polish import polish
from sim.steady.programme import Programme, as_array, build, capacity, fixed_rates
from sim.steady.refusal import refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = 1e-7
"""A flow below this share of its usual size is none."""
BALANCED = 1e-12
"""Largest residual of a balance over its throughput."""
TOLERATED = 1e-10
"""Above this the stocks of a long run would drift: a bug, not a property of the network."""


def solve(network: Network, pins: Mapping[str, float] | None = None) -> SteadyFlows:
    """Solve the steady flows of a network from its demand upstream.

    Plans of builders and customers hold exactly. Plans of mines, plants and residual buyers and all
    sourcing shares are targets: the weighted sum of their relative deviations is least. What nobody
    takes goes to the ledger account of its sink.

    Parameters
    ----------
    network
        The network; `network.pins` are rates that hold exactly as well.
    pins
        More such rates by line [first driver's unit/day].

    Returns
    -------
    SteadyFlows
        The same bits for any order of rows.

    Raises
    ------
    DataError
        If the network cannot carry its own demand: names the overloaded sites with what they would
        need and what they have.
    InvariantError
        If the balances cannot be closed to 1e-10 (a bug).
    """
    given = {**network.pins, **(pins or {})}
    fixed = fixed_rates(network, given)
    programme = build(network, fixed)
    scaled = _optimum(programme)
    if scaled is None:
        refuse(network, programme)
    flow = _exact(network, programme, scaled, fixed)
    return _flows(network, programme, flow)


def _optimum(programme: Programme) -> NDArray[np.float64] | None:
    """Return the optimal columns, or None if there is no feasible point."""
    from scipy.optimize import linprog
    from scipy.sparse import vstack

    width = len(programme.scale)
    equal = vstack([programme.balance.csr(width), programme.targets.csr(width)]).tocsr()
    right = as_array(programme.balance.right + programme.targets.right)
    limits = programme.limits.csr(width) if programme.limits.right else None
    bounds = np.column_stack([as_array(programme.lower), as_array(programme.upper)])
    found = linprog(
        as_array(programme.cost), A_eq=equal, b_eq=right,
        A_ub=limits, b_ub=as_array(programme.limits.right) if limits is not None else None,
        bounds=bounds, method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )  # fmt: skip
    return None if found.x is None else np.asarray(found.x, dtype=np.float64)


def _exact(
    network: Network, programme: Programme, scaled: NDArray[np.float64], fixed: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return the flows in units per day, balanced to the last digits."""
    count = programme.flows()
    scale = as_array(programme.scale)[:count]
    flow = np.where(scaled[:count] > NOTHING, scaled[:count], 0.0) * scale
    for name, rate in fixed.items():
        flow[programme.line_column[name]] = rate
    is_free = flow > 0
    is_free[[programme.line_column[name] for name in fixed]] = False
    matrix = programme.balance.csr(len(programme.scale))[:, :count]
    matrix = matrix @ _inverse(scale)
    at_limit = is_free.copy()
    for name, column in programme.line_column.items():
        line = network.lines[name]
        top = capacity(line)
        if is_free[column] and line.kind is not LineKind.SOURCE and flow[column] > top * (1 - 1e-6):
            flow[column] = top
            at_limit[column] = False
    polished, error = polish(matrix, flow, at_limit)
    if error > BALANCED:
        polished, error = polish(matrix, flow, is_free)
    if error > BALANCED:
        # Flows near zero may be needed to close a balance: let all of them move.
        whole = np.maximum(scaled[:count], 1e-12) * scale
        whole[~is_free & (flow > 0)] = flow[~is_free & (flow > 0)]
        whole[[programme.line_column[name] for name in fixed]] = list(fixed.values())
        mask = np.ones(count, dtype=bool)
        mask[[programme.line_column[name] for name in fixed]] = False
        polished, error = polish(matrix, whole, mask)
    if error > TOLERATED:
        raise InvariantError(
            f"day zero of {network.name} could not be balanced: {error:.1e} of a flow is left, "
            f"{TOLERATED:g} is allowed"
        )
    return polished


def _inverse(scale: NDArray[np.float64]) -> Any:
    from scipy.sparse import diags

    return diags(1.0 / scale)


def _flows(network: Network, programme: Programme, flow: NDArray[np.float64]) -> SteadyFlows:
    rates = {name: float(flow[column]) for name, column in programme.line_column.items()}
    lanes = {
        name: float(flow[programme.lane_column[name]]) if name in programme.lane_column else 0.0
        for name in sorted(network.lanes)
    }
    surplus = {place: float(flow[column]) for place, column in programme.surplus_column.items()}
    deviation = {}
    for name, line in sorted(network.lines.items()):
        plan = planned_rate(line)
        if plan:
            deviation[name] = rates[name] / plan - 1.0
    kept = {place: amount for place, amount in surplus.items() if amount > 0}
    return SteadyFlows(rates, lanes, kept, _shares(network, lanes, kept), deviation)


def _shares(
    network: Network, lanes: Mapping[str, float], surplus: Mapping[Place, float]
) -> dict[str, float]:
    """Return solved shares; a group without any flow keeps the table's."""
    total: dict[tuple[str, str, bool], float] = defaultdict(float)
    for name, lane in sorted(network.lanes.items()):
        end = lane.supplier if lane.is_pushed else lane.buyer
        total[end, lane.material, lane.is_pushed] += lanes[name]
    out: dict[str, float] = {}
    for name, lane in sorted(network.lanes.items()):
        end = lane.supplier if lane.is_pushed else lane.buyer
        whole = total[end, lane.material, lane.is_pushed]
        if lane.is_pushed:
            whole += surplus.get((end, lane.material), 0.0)
        out[name] = lanes[name] / whole if whole > 0 else lane.sourcing_share
    return out
