"""Say why a network cannot carry its own demand: solve it with every limit made of rubber.

Shares and plans stay targets, as on day zero. Without them the cheapest way around one choked plant is to
overload many others a little, and those would be named in its place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from sim.domain import LineKind, Network
from sim.errors import DataError, Problem
from sim.steady.programme import Matrix, Programme, as_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

OVERLOAD_COST = 0.3
"""Per usual flow above a capacity: less than it costs to turn all buyers to other suppliers, so that the
plant which is asked for too much is the one that is overloaded, however small its capacity."""
IMBALANCE_COST = 1000.0
"""Per usual flow of a balance that stays open: only where no capacity would help."""
SEEN = 1e-6
DAYS_PER_YEAR = 365.0


def refuse(network: Network, programme: Programme) -> NoReturn:
    """Raise `DataError` with the overloaded sites, what they need and what they have.

    Raises
    ------
    DataError
        Always.
    """
    solution, spare = _elastic(network, programme)
    problems = []
    for (kind, index), column in spare.items():
        if solution[column] > SEEN:
            problems.append(_problem(network, programme, kind, index, solution, column))
    if not problems:
        problems.append(Problem("day zero cannot be solved: its targets contradict each other"))
    raise DataError(problems)


def _elastic(
    network: Network, programme: Programme
) -> tuple[NDArray[np.float64], dict[tuple[str, str | int], int]]:
    """Solve with slack on every capacity and balance; return the columns and where the slack is."""
    from scipy.optimize import linprog
    from scipy.sparse import vstack

    count = len(programme.scale)
    cost = list(programme.cost)
    upper = list(programme.upper)
    equal, limits = _copy(programme.balance), _copy(programme.limits)
    spare: dict[tuple[str, str | int], int] = {}

    def slack(key: tuple[str, str | int], price: float) -> int:
        cost.append(price)
        upper.append(math.inf)
        spare[key] = len(cost) - 1
        return spare[key]

    for name, column in sorted(programme.line_column.items()):
        is_given = programme.lower[column] == programme.upper[column]
        if not is_given and upper[column] < math.inf:
            limits.add({column: 1.0, slack(("line", name), OVERLOAD_COST): -1.0}, upper[column])
            upper[column] = math.inf
    for index, usual in enumerate(_usual(programme.limits)):
        limits.rows.append(index)
        limits.columns.append(slack(("limit", index), OVERLOAD_COST / usual))
        limits.values.append(-1.0)
    for index in range(len(programme.balance.right)):
        for kind, sign in (("short", 1.0), ("over", -1.0)):
            equal.rows.append(index)
            equal.columns.append(slack((kind, index), IMBALANCE_COST))
            equal.values.append(sign)
    lower = programme.lower + [0.0] * (len(cost) - count)
    width = len(cost)
    found = linprog(
        as_array(cost), A_eq=vstack([equal.csr(width), programme.targets.csr(width)]).tocsr(),
        b_eq=as_array(equal.right + programme.targets.right),
        A_ub=limits.csr(width) if limits.right else None,
        b_ub=as_array(limits.right) if limits.right else None,
        bounds=np.column_stack([as_array(lower), as_array(upper)]), method="highs-ds",
    )  # fmt: skip
    if found.x is None:
        return np.zeros(width), spare
    return np.asarray(found.x, dtype=np.float64), spare


def _copy(matrix: Matrix) -> Matrix:
    return Matrix(list(matrix.rows), list(matrix.columns), list(matrix.values), list(matrix.right))


def _usual(limits: Matrix) -> list[float]:
    """Return the usual flow through each shared capacity, over that capacity."""
    usual = [0.0] * len(limits.right)
    for row, value in zip(limits.rows, limits.values, strict=True):
        usual[row] += value
    return [max(value, 1e-9) for value in usual]


def _problem(
    network: Network,
    programme: Programme,
    kind: str,
    index: str | int,
    solution: NDArray[np.float64],
    column: int,
) -> Problem:
    if kind == "line":
        line = network.lines[str(index)]
        own = programme.line_column[line.line_id]
        word = _unit(network, line.drivers[0] if line.drivers else "")
        need, have = solution[own] * programme.scale[own], programme.upper[own] * programme.scale[own]
        what = "mines" if line.kind is LineKind.MINE else "makes"
        return Problem(
            f"{line.site} is overloaded: line {line.line_id} would need {_yearly(need)} {word}/yr and "
            f"{what} at most {_yearly(have)} {word}/yr",
            key=f"lines.{line.line_id}.capacity",
            hint="raise its capacity, lower the demand, or give its buyers another supplier",
        )
    if kind == "limit":
        name, what, available = programme.limit_name[int(index)]
        need = available * (1.0 + solution[column])
        return Problem(
            f"{name} is overloaded: its {what} would need {_yearly(need)} a year and carries at most "
            f"{_yearly(available)}",
            key=name,
        )
    site, material, side = programme.balance_place[int(index)]
    word = _unit(network, material)
    amount = solution[column] * _row_size(programme, int(index))
    if side == "in":
        text = "lacks" if kind == "short" else "is sent more than it can use:"
        hint = "no supplier on its lanes can make it" if kind == "short" else "lower the pushed share"
    else:
        text = "is asked for more than its lines can make:" if kind == "short" else "cannot place"
        hint = "give it a residual buyer (is_sink) or a surplus role in recipes.csv"
    return Problem(
        f"{site} {text} {_yearly(amount)} {word}/yr of {material}", key=f"sites.{site}", hint=hint
    )


def _row_size(programme: Programme, row: int) -> float:
    """Return the flow that a balance row was scaled by [unit/day]."""
    balance = programme.balance
    pairs = [
        (column, value)
        for entry, column, value in zip(balance.rows, balance.columns, balance.values, strict=True)
        if entry == row
    ]
    lanes = set(programme.lane_column.values()) | set(programme.surplus_column.values())
    sizes = [programme.scale[column] / abs(value) for column, value in pairs if column in lanes]
    return sizes[0] if sizes else max((programme.scale[column] for column, _ in pairs), default=1.0)


def _unit(network: Network, material: str) -> str:
    known = network.materials.get(material)
    return "unit" if known is not None and known.unit == "unit" else "t"


def _yearly(per_day: float) -> str:
    return f"{per_day * DAYS_PER_YEAR:,.4g}"
