"""The linear programme of day zero: columns, rows, targets. Scaled so that every flow is about 1.

Columns are the rates of the lines, the flows of the lanes, what goes to ledger accounts, and the
deviations from soft targets. Rows are the two balances of each (site, material): what comes in is used,
what is made leaves. Equations are in `docs/model.md`, "Day zero".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.domain import Lane, Line, LineKind, Network, central
from sim.steady.flows import Place, is_fixed, nominal, planned_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

MINE_WEIGHT = 3.0
"""Published outputs of mines bind most."""
PLANT_WEIGHT = 0.3
"""A plant's plan follows from its buyers' shares, which bind more."""
SINK_WEIGHT = 1.0
SHARE_WEIGHT = 1.0
PUSHED_WEIGHT = 0.2
SURPLUS_COST = 0.05
"""Per unit of a plant's usual output: a ledger account is the last resort."""
STEPS = ((0.1, 1.0), (0.4, 3.0), (math.inf, 9.0))
"""Cost of a deviation: the first tenth of the target once, the next 0.4 three times, the rest nine
times. So moves are spread, and a lane falls to nothing only where it must."""
SMALLEST_SHARE = 0.02


@dataclass(slots=True)
class Matrix:
    """Rows of a sparse matrix with right-hand sides, written one entry at a time."""

    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)

    def add(self, entries: Mapping[int, float], right: float) -> int:
        """Append a row; return its number."""
        row = len(self.right)
        for column, value in sorted(entries.items()):
            if value != 0.0:
                self.rows.append(row)
                self.columns.append(column)
                self.values.append(value)
        self.right.append(right)
        return row

    def csr(self, width: int) -> Any:
        """Return the matrix with `width` columns."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, (self.rows, self.columns)), shape=(len(self.right), width))


@dataclass(slots=True)
class Programme:
    """The programme and the meaning of its columns. Column `j` holds flow / `scale[j]`."""

    line_column: dict[str, int] = field(default_factory=dict)
    lane_column: dict[str, int] = field(default_factory=dict)
    surplus_column: dict[Place, int] = field(default_factory=dict)
    scale: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    balance: Matrix = field(default_factory=Matrix)
    targets: Matrix = field(default_factory=Matrix)
    limits: Matrix = field(default_factory=Matrix)
    balance_place: list[tuple[str, str, str]] = field(default_factory=list)
    """(site, material, in or out) of each balance row."""
    limit_name: list[tuple[str, str, float]] = field(default_factory=list)
    """(site or route, what, available per day) of each shared limit."""

    def column(self, scale: float, upper: float = math.inf, lower: float = 0.0, cost: float = 0.0) -> int:
        """Append a column; bounds are in units of its scale."""
        self.scale.append(scale)
        self.lower.append(lower)
        self.upper.append(upper)
        self.cost.append(cost)
        return len(self.scale) - 1

    def flows(self) -> int:
        """Return the number of columns that are flows (deviations come after them)."""
        return len(self.line_column) + len(self.lane_column) + len(self.surplus_column)


def capacity(line: Line) -> float:
    """Return what a line can make a day; segregated campaigns cost a share of it."""
    lost = line.segregation_cost_share if line.custody == "segregated" else 0.0
    return central(line.capacity_per_day) * (1.0 - lost)


def fixed_rates(network: Network, pins: Mapping[str, float]) -> dict[str, float]:
    """Return the rates that are given: pins, plans of builders and customers, dormant lines at 0."""
    out: dict[str, float] = {}
    for name, line in sorted(network.lines.items()):
        plan = planned_rate(line)
        if name in pins:
            out[name] = pins[name]
        elif line.dormant:
            out[name] = 0.0
        elif is_fixed(line):
            out[name] = plan or 0.0
    return out


def build(network: Network, fixed: Mapping[str, float]) -> Programme:
    """Write the programme of a network, rows and columns in order of id."""
    programme = Programme()
    rate, flow = nominal(network, fixed)
    lines = [line for _, line in sorted(network.lines.items())]
    lanes = [lane for _, lane in sorted(network.lanes.items()) if lane.sourcing_share > 0]
    for line in lines:
        _add_line(programme, line, rate.get(line.line_id, 0.0), fixed)
    for lane in lanes:
        usual = flow.get(lane.lane_id, 0.0)
        programme.lane_column[lane.lane_id] = programme.column(usual if usual > 0 else 1.0)
    _add_surplus(programme, lines)
    _add_balances(programme, lines, lanes)
    _add_limits(programme, network, lines, lanes, fixed)
    for line in lines:
        _add_plan_target(programme, line, fixed)
    _add_share_targets(programme, lanes)
    return programme


def _add_line(programme: Programme, line: Line, usual: float, fixed: Mapping[str, float]) -> None:
    known = fixed.get(line.line_id)
    scale = usual if usual > 0 else (planned_rate(line) or 0.0)
    scale = scale if 0 < scale < math.inf else 1.0
    if known is not None:
        programme.line_column[line.line_id] = programme.column(scale, known / scale, known / scale)
    else:
        top = math.inf if line.kind is LineKind.SOURCE else capacity(line) / scale
        programme.line_column[line.line_id] = programme.column(scale, top)


def _add_surplus(programme: Programme, lines: list[Line]) -> None:
    """A co-product goes to its sink's account; a driver only where its row says so."""
    usual: dict[Place, float] = defaultdict(float)
    for line in lines:
        for name, quantity in line.outputs.items():
            sink = line.surplus.get(name, "choke")
            if sink != "choke":
                scale = programme.scale[programme.line_column[line.line_id]]
                usual[line.site, name] += central(quantity) * scale
    for place, amount in sorted(usual.items()):
        if amount > 0:
            programme.surplus_column[place] = programme.column(amount, cost=SURPLUS_COST)


def _add_balances(programme: Programme, lines: list[Line], lanes: list[Lane]) -> None:
    used: dict[Place, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    made: dict[Place, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    leaves: set[Place] = {(lane.supplier, lane.material) for lane in lanes}
    for line in lines:
        column = programme.line_column[line.line_id]
        for name, quantity in line.inputs.items():
            used[line.site, name][column] -= central(quantity) * programme.scale[column]
        for name, quantity in line.outputs.items():
            # The goods of a builder whom nobody buys from have reached their user.
            is_final = line.kind is LineKind.BUILD and name in line.drivers
            if not is_final or (line.site, name) in leaves:
                made[line.site, name][column] += central(quantity) * programme.scale[column]
    for lane in lanes:
        column = programme.lane_column[lane.lane_id]
        used[lane.buyer, lane.material][column] += programme.scale[column]
        made[lane.supplier, lane.material][column] -= programme.scale[column]
    for place, column in programme.surplus_column.items():
        made[place][column] -= programme.scale[column]
    for side, table in (("in", used), ("out", made)):
        for place, entries in sorted(table.items()):
            size = max((abs(value) for value in entries.values()), default=0.0)
            if size > 0:
                scaled = {column: value / size for column, value in entries.items()}
                programme.balance.add(scaled, 0.0)
                programme.balance_place.append((*place, side))


def _add_limits(
    programme: Programme, network: Network, lines: list[Line], lanes: list[Lane], fixed: Mapping[str, float]
) -> None:
    """Shared capacities: nameplates of a site, and routes."""
    shared: dict[tuple[str, str, float], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for line in lines:
        available = central(line.nameplate_capacity_per_day)
        if line.nameplate and available < math.inf:
            column = programme.line_column[line.line_id]
            key = (line.site, f"nameplate {line.nameplate}", available)
            shared[key][column] += programme.scale[column]
    for lane in lanes:
        for use in lane.routes:
            route = network.routes.get(use.route)
            is_mass = network.materials[lane.material].unit == "tonne"
            if route is not None and is_mass and use.share > 0 and route.capacity_per_day < math.inf:
                column = programme.lane_column[lane.lane_id]
                key = (route.route_id, "route", route.capacity_per_day)
                shared[key][column] += use.share * programme.scale[column]
    for key, entries in sorted(shared.items()):
        size = max(key[2], 1e-12)
        programme.limits.add({column: value / size for column, value in entries.items()}, key[2] / size)
        programme.limit_name.append(key)


def _deviate(programme: Programme, entries: dict[int, float], target: float, weight: float) -> None:
    """Append a soft row: entries = target, at a cost for the difference that grows by `STEPS`."""
    for sign in (1.0, -1.0):
        for width, cost in STEPS:
            entries[programme.column(1.0, width, cost=weight * cost)] = sign
    programme.targets.add(entries, target)


def _add_plan_target(programme: Programme, line: Line, fixed: Mapping[str, float]) -> None:
    plan = planned_rate(line)
    if line.line_id in fixed or not plan:
        return
    column = programme.line_column[line.line_id]
    weight = PLANT_WEIGHT if line.kind is LineKind.PLANT else MINE_WEIGHT
    weight = SINK_WEIGHT if line.is_sink else weight
    _deviate(programme, {column: programme.scale[column] / plan}, 1.0, weight)


def _add_share_targets(programme: Programme, lanes: list[Lane]) -> None:
    """Flow of a lane = its share x the flow of its group, over share x usual flow of the group."""
    groups: dict[tuple[str, str, bool], list[Lane]] = defaultdict(list)
    for lane in lanes:
        end = lane.supplier if lane.is_pushed else lane.buyer
        groups[end, lane.material, lane.is_pushed].append(lane)
    for (end, material, is_pushed), group in sorted(groups.items()):
        surplus = programme.surplus_column.get((end, material)) if is_pushed else None
        members = [programme.lane_column[lane.lane_id] for lane in group]
        members += [surplus] if surplus is not None else []
        if len(members) < 2:
            continue
        total = sum(programme.scale[column] for column in members)
        for lane in group:
            own = programme.lane_column[lane.lane_id]
            size = max(lane.sourcing_share, SMALLEST_SHARE) * total
            entries = {
                column: ((column == own) - lane.sourcing_share) * programme.scale[column] / size
                for column in members
            }
            _deviate(programme, entries, 0.0, PUSHED_WEIGHT if is_pushed else SHARE_WEIGHT)


def as_array(values: list[float]) -> NDArray[np.float64]:
    """Return a list as float64."""
    return np.asarray(values, dtype=np.float64)
