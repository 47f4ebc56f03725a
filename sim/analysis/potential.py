"""What a network could do if every tonne went where it helps most: one linear programme without time.

Owns columns, rows and the call of the solver. What is asked of it (how long, what is lost least) and where
the stocks come from is the business of `survival` and `bound`. The formulation is in docs/survival.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.domain import Line, LineKind, Network, central
from sim.errors import InvariantError
from sim.steady.programme import capacity

Pool = tuple[str, str, str]
"""(site, material, ``in`` or ``out``): a stock lines draw on, or lanes ship from. A store has one."""

NEVER_DAYS = 36500.0
"""A programme that lasts a hundred years lasts for ever."""


@dataclass(frozen=True, slots=True)
class Stocks:
    """Where goods lie when the count begins.

    Attributes
    ----------
    on_hand
        By pool [unit of the material].
    under_way
        By lane, goods that will reach its buyer [unit].
    returnable
        Lanes whose goods under way may go back to the seller instead.
    parked
        Incomplete units by line, which need less than a new one [unit].
    """

    on_hand: Mapping[Pool, float]
    under_way: Mapping[str, float] = field(default_factory=dict)
    returnable: frozenset[str] = frozenset()
    parked: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What lines can make and lanes can carry, per day or in all; what is not named is not limited.

    Attributes
    ----------
    lines
        Rate of each line [first driver's unit/day, or unit].
    lanes
        Goods each lane may still ship [unit of the material/day, or unit].
    plates
        Shared nameplates by (site, name) [first driver's unit/day, or unit].
    """

    lines: Mapping[str, float] = field(default_factory=dict)
    lanes: Mapping[str, float] = field(default_factory=dict)
    plates: Mapping[tuple[str, str], float] = field(default_factory=dict)


class Potential:
    """The linear programme of one network; its balances are built once and serve every question.

    Columns, all at least 0: what each line makes in all, what each lane ships in all, what of the returnable
    goods under way turns back, the days t, and what each demanding line loses.

    Parameters
    ----------
    input_factors
        By (line, material): what multiplies the use of an input, such as substitution; none: 1.
    """

    def __init__(
        self,
        network: Network,
        stocks: Stocks,
        input_factors: Mapping[tuple[str, str], float] | None = None,
    ) -> None:
        self.network = network
        self.stocks = stocks
        self.input_factors = input_factors or {}
        self.stores = {line.site for line in network.lines.values() if line.kind is LineKind.STORE}
        self.lines = tuple(
            name for name, line in sorted(network.lines.items()) if line.kind is not LineKind.STORE
        )
        self.lanes = tuple(sorted(network.lanes))
        self.returned = tuple(sorted(stocks.returnable & set(self.lanes)))
        self.line_column = {name: i for i, name in enumerate(self.lines)}
        self.lane_column = {name: len(self.lines) + i for i, name in enumerate(self.lanes)}
        self.return_column = {
            name: len(self.lines) + len(self.lanes) + i for i, name in enumerate(self.returned)
        }
        self.days_column = len(self.lines) + len(self.lanes) + len(self.returned)
        self._balances()

    def pool(self, site: str, material: str, side: str) -> Pool:
        """Return the stock a line draws on or a lane ships from."""
        return (site, material, "in" if site in self.stores else side)

    def _balances(self) -> None:
        """Rows per pool: what leaves it less what comes in is no more than what lies there at first."""
        entries: dict[Pool, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        right: dict[Pool, float] = defaultdict(float)
        for name in self.lines:
            line = self.network.lines[name]
            for material, quantity in line.inputs.items():
                pool = self.pool(line.site, material, "in")
                factor = self.input_factors.get((name, material), 1.0)
                entries[pool][self.line_column[name]] += central(quantity) * factor
            for material, quantity in line.outputs.items():
                pool = self.pool(line.site, material, "out")
                entries[pool][self.line_column[name]] -= central(quantity)
        for name in self.lanes:
            lane, column = self.network.lanes[name], self.lane_column[name]
            seller = self.pool(lane.supplier, lane.material, "out")
            buyer = self.pool(lane.buyer, lane.material, "in")
            entries[seller][column] += 1.0
            entries[buyer][column] -= 1.0
            right[buyer] += self.stocks.under_way.get(name, 0.0)
            if name in self.return_column:
                entries[seller][self.return_column[name]] -= 1.0
                entries[buyer][self.return_column[name]] += 1.0
        for pool, quantity in self.stocks.on_hand.items():
            right[self.pool(*pool)] += quantity
        pools = sorted(entries)
        self._rows = [entries[pool] for pool in pools]
        self._right = [max(right[pool], 0.0) for pool in pools]

    def longest(
        self, limits: Limits, needs: Mapping[str, float], most_days: float = NEVER_DAYS
    ) -> float:
        """Return for how many days the lines of `needs` can all run.

        Parameters
        ----------
        limits
            Per day.
        needs
            What each demanding line must make [unit/day].

        Returns
        -------
        Days; infinity if it is more than `most_days`.
        """
        rows, right = self._limited(limits, per_day=True)
        for name, need in sorted(needs.items()):
            rows.append({self.days_column: need, self.line_column[name]: -1.0})
            right.append(self.stocks.parked.get(name, 0.0))
        cost = {self.days_column: -1.0}
        found = self._solve(rows, right, cost, {self.days_column: most_days})
        assert found is not None  # nothing made on no day is always possible
        days = float(found[self.days_column])
        return math.inf if days >= most_days * (1.0 - 1e-9) else max(days, 0.0)

    def can(self, limits: Limits, totals: Mapping[str, float]) -> bool:
        """Tell whether all lines can make their totals [unit] within limits in all."""
        rows, right = self._limited(limits, per_day=False)
        for name, total in sorted(totals.items()):
            rows.append({self.line_column[name]: -1.0})
            right.append(self.stocks.parked.get(name, 0.0) - total)
        return self._solve(rows, right, {}, {self.days_column: 0.0}) is not None

    def least_loss(
        self, limits: Limits, totals: Mapping[str, float], worth: Mapping[str, float]
    ) -> dict[str, float]:
        """Return what each line loses of its total [unit] when the worth of the loss is least.

        Parameters
        ----------
        limits
            In all.
        totals, worth
            What is asked of each line [unit] and what one lost unit of it costs [any money/unit].
        """
        rows, right = self._limited(limits, per_day=False)
        names = sorted(totals)
        lost = {name: self.days_column + 1 + i for i, name in enumerate(names)}
        for name in names:
            rows.append({self.line_column[name]: -1.0, lost[name]: -1.0})
            right.append(self.stocks.parked.get(name, 0.0) - totals[name])
        cost = {lost[name]: float(worth[name]) for name in names}
        found = self._solve(rows, right, cost, {self.days_column: 0.0})
        assert found is not None  # to lose everything is always possible
        return {name: float(found[column]) for name, column in lost.items()}

    def _limited(self, limits: Limits, *, per_day: bool) -> tuple[list[dict[int, float]], list[float]]:
        """Return all rows but the demand: balances, then what limits lines, plates, lanes and returns."""
        rows: list[dict[int, float]] = [dict(row) for row in self._rows]
        right = list(self._right)

        def limit(columns: Collection[int], amount: float) -> None:
            if amount < math.inf:
                row = dict.fromkeys(columns, 1.0)
                if per_day and amount > 0.0:
                    row[self.days_column] = -amount
                rows.append(row)
                right.append(0.0 if per_day else amount)

        for name in self.lines:
            limit((self.line_column[name],), limits.lines.get(name, math.inf))
        for (site, plate), amount in sorted(limits.plates.items()):
            lines = self.network.lines
            columns = [
                self.line_column[name]
                for name in self.lines
                if lines[name].site == site and lines[name].nameplate == plate
            ]
            limit(columns, amount)
        for name in self.lanes:
            limit((self.lane_column[name],), limits.lanes.get(name, math.inf))
        for name in self.returned:
            rows.append({self.return_column[name]: 1.0})
            right.append(self.stocks.under_way.get(name, 0.0))
        return rows, right

    def _solve(
        self,
        rows: list[dict[int, float]],
        right: list[float],
        cost: Mapping[int, float],
        upper: Mapping[int, float],
    ) -> NDArray[np.float64] | None:
        """Return the optimal columns, None if no columns meet all rows.

        Tonnes and finished units differ by ten powers of ten: each column is scaled by the least coefficient
        that touches it in a balance, each row by its largest.

        Raises
        ------
        InvariantError
            If the solver gives up: a bug.
        """
        from scipy.optimize import linprog

        width = max([self.days_column, *cost, *(max(row) for row in rows)]) + 1
        matrix, limits, scale = _scaled(rows, right, width)
        price = np.zeros(width)
        for column, value in cost.items():
            price[column] = value * scale[column]
        bounds = np.zeros((width, 2))
        bounds[:, 1] = np.inf
        for column, value in upper.items():
            bounds[column, 1] = value / scale[column]
        size = np.abs(price).max(initial=0.0)
        found = linprog(
            price / size if size > 0.0 else price, A_ub=matrix, b_ub=limits, bounds=bounds, method="highs",
            options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
        )  # fmt: skip
        if found.status == 2:
            return None
        if found.x is None:
            raise InvariantError(f"the linear programme of {self.network.name} fails: {found.message}")
        return np.asarray(found.x, dtype=np.float64) * scale


def _scaled(
    rows: list[dict[int, float]], right: list[float], width: int
) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
    """Return the scaled matrix and right-hand side, and what one unit of each column stands for."""
    from scipy.sparse import csr_matrix

    counts = np.array([len(row) for row in rows])
    row_of = np.repeat(np.arange(len(rows)), counts)
    column_of = np.array([column for row in rows for column in row], dtype=np.int64)
    values = np.array([value for row in rows for value in row.values()], dtype=np.float64)
    scale, size = np.ones(width), np.ones(len(rows))
    for _ in range(4):  # geometric scaling, a few turns are enough
        for weights, of, other, by in ((scale, column_of, row_of, size), (size, row_of, column_of, scale)):
            now = np.abs(values) * by[other]
            least, most = np.full(len(weights), np.inf), np.zeros(len(weights))
            np.minimum.at(least, of, np.where(now > 0.0, now, np.inf))
            np.maximum.at(most, of, now)
            is_used = most > 0.0
            weights[is_used] = 1.0 / np.sqrt(least[is_used] * most[is_used])
    matrix = csr_matrix(
        (values * scale[column_of] * size[row_of], (row_of, column_of)), shape=(len(rows), width)
    )
    limits = np.asarray(right) * size
    # Stocks in scaled units should be neither huge nor tiny: one common factor for all columns.
    common = np.abs(limits).max(initial=0.0) or 1.0
    return matrix, limits / common, scale * common


def capacity_of(line: Line, availability: float = 1.0) -> float:
    """Return what a line can make a day with a share of its capacity; a source is unlimited or out."""
    if availability <= 0.0:
        return 0.0
    return math.inf if line.kind is LineKind.SOURCE else capacity(line) * availability
