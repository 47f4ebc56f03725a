"""What the exact cases share: the table of cases, formulas of inventory theory, and the yardstick.

The mapping of time, once for all: a lane of n days ships at the end of day t and lands at the start
of day t + n. A textbook's lead time of L periods after which goods serve the same period's demand is
a lane of L days; one that counts the review period as well (goods ordered after the demand of t serve
that of t + L + 1) is a lane of L + 1.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
from scipy import stats

from sim.case import Case
from sim.engine import simulate
from sim.engine.trajectory import Trajectory

REPLICATIONS = 30


@cache
def cases() -> dict[str, dict[str, str]]:
    """Return the rows of the table of exact cases by case id."""
    with (Path(__file__).parent / "validation_or_cases.csv").open(encoding="utf-8", newline="") as file:
        return {row["case_id"]: row for row in csv.DictReader(file)}


def expected(case_id: str) -> list[float]:
    """Return the expected figures of a case; a group after a slash is a list of its own."""
    return [float(part) for part in cases()[case_id]["expected"].replace("/", ";").split(";")]


def row_of(names: Sequence[str], wanted: str) -> int:
    """Return the column of a line, lane or stock in a trajectory's arrays."""
    return list(names).index(wanted)


def stock_of(trajectory: Trajectory, site: str, role: str = "input") -> np.ndarray:
    """Return the end-of-day stock of a site that holds one stock of this role, shape (day,)."""
    columns = [
        number for number, stock in enumerate(trajectory.stocks) if stock.site == site and stock.role == role
    ]
    assert columns, f"{site} has no {role} stock"
    return trajectory.on_hand[:, columns].sum(axis=1)


def made_by(trajectory: Trajectory, line: str) -> np.ndarray:
    """Return what a line made, shape (day,)."""
    return trajectory.line_made[:, row_of(trajectory.lines, line)]


def lane_series(trajectory: Trajectory, series: str, lane: str) -> np.ndarray:
    """Return a daily array of a lane by name, shape (day,)."""
    return getattr(trajectory, series)[:, row_of(trajectory.lanes, lane)]


def first_shortfall(trajectory: Trajectory, line: str) -> int | None:
    """Return the first day a line makes less than 99.9 % of its plan."""
    number = row_of(trajectory.lines, line)
    short = trajectory.line_made[:, number] < 0.999 * trajectory.line_planned[:, number]
    return int(short.argmax()) if short.any() else None


def assert_same_bits(one: Trajectory, other: Trajectory) -> None:
    """Require every array of two trajectories to be identical bit for bit."""
    for field in fields(Trajectory):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.shape == theirs.shape, field.name
            assert mine.tobytes() == theirs.tobytes(), field.name


Observe = Callable[[Trajectory], Sequence[float]]


def observations(
    case: Case, observe: Observe, replications: int = REPLICATIONS, *, in_detail: bool = True
) -> np.ndarray:
    """Return what is observed in each replication, shape (replication, figure)."""
    return np.array([observe(simulate(case, number, in_detail=in_detail)) for number in range(replications)])


def mean_and_error(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard errors of what was observed, shape (figure,)."""
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(len(rows))


def measure(case: Case, observe: Observe, *, in_detail: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard errors of what is observed over the replications."""
    return mean_and_error(observations(case, observe, in_detail=in_detail))


def assert_near(
    means: np.ndarray, errors: np.ndarray, exact: Sequence[float], shares: Sequence[float]
) -> None:
    """Require each mean within max(3 standard errors, the stated share) of the exact figure.

    Three standard errors may be twice the stated share at most: a longer yardstick would prove little.
    """
    for number, (mean, error, wanted, share) in enumerate(zip(means, errors, exact, shares, strict=True)):
        allowed = max(3.0 * error, share * abs(wanted))
        assert abs(mean - wanted) <= allowed, (
            f"figure {number}: measured {mean:.5g}, theory {wanted:.5g}, "
            f"allowed +-{allowed:.2g} (standard error {error:.2g})"
        )
        assert allowed <= 2.0 * share * abs(wanted), (
            f"figure {number}: too noisy to tell, allowed +-{allowed:.3g} of {wanted:.5g}"
        )


def palm(demand_mean: float, level: int) -> tuple[float, float, float]:
    """Return E[B], E[I] and P(I > 0) when the units outstanding are Poisson (Palm's theorem)."""
    outstanding = stats.poisson(demand_mean)
    below = np.arange(level)
    stock = float(np.sum((level - below) * outstanding.pmf(below)))
    return demand_mean - level + stock, stock, float(outstanding.cdf(level - 1))


def normal_base_stock(mean: float, sd: float, periods: int, level: float) -> tuple[float, ...]:
    """Return E[B], E[I], P(no backorder) and the fill rate at the end of a period.

    Net stock is the level less the demand of `periods` periods. A unit is filled late if it is owed
    at the end of its own period and was not owed a period before.
    """
    total_sd = sd * periods**0.5
    z = (level - mean * periods) / total_sd
    owed = total_sd * (stats.norm.pdf(z) - z * stats.norm.sf(z))
    earlier_sd = sd * (periods - 1) ** 0.5
    z_before = (level - mean * (periods - 1)) / earlier_sd
    owed_before = earlier_sd * (stats.norm.pdf(z_before) - z_before * stats.norm.sf(z_before))
    held = owed + level - mean * periods
    return owed, held, float(stats.norm.cdf(z)), 1.0 - (owed - owed_before) / mean
