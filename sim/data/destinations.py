"""Solve which magnet maker supplies which tier-1 maker, so that Chinese exports go where customs saw them.

The destination of an exported magnet is the country of the tier-1 maker. What each tier-1 maker needs
follows from the buyers' plans and recipes; what each magnet maker makes and what each country took from
China is known within a range. Between them stands a linear programme:

    minimise    sum_l |x_l - p_l| + w sum_c |d_c - D_c| + v sum_mg |y_mg - Y_mg|
    subject to  sum_{l into b} x_l = need_b                  every tier-1 maker and grade
                low_m <= sum_{l from m} x_l <= high_m        every magnet maker
                low_c <= d_c <= high_c                       every country with a level; the world's total
                f p_l <= x_l <= p_l / f                      a normal lane stays one

with x_l the flow of a lane [t/yr], p_l its prior share times the need, d_c what Chinese makers ship to
tier-1 makers in c, and y_mg what a maker sells of a grade against the plan of its line.
``python -m sim.data.destinations --write`` rewrites the shares of those lanes in
``lanes_downstream.csv`` and touches nothing else.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("rare_earths_2024")
EXPORTER = "CN"
WORLD = "world"
LEVEL_WEIGHT = 2.5
"""Weight of a tonne off a country's central level against a tonne off a prior: levels are better known."""
PLAN_WEIGHT = 3.0
"""Weight of a tonne off the plan of a maker's line: day zero aims at the same plans."""
LEAST_FACTOR = 0.15
"""A lane keeps at least this part of its prior flow, and at most its inverse."""
SHARE_DIGITS = 6

Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Range:
    """A level with the bounds it may take [t/yr]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SourcingLane:
    """A lane from a magnet maker to a tier-1 maker, with its prior flow."""

    lane: str
    maker: str
    buyer: str
    material: str
    country: str
    """Country of the tier-1 maker: the destination."""
    is_export: bool
    """The maker stands in the exporting country, the tier-1 maker does not."""
    prior_share: float
    need_tonnes: float
    """What the buyer uses of the material over all lanes [t/yr]."""

    @property
    def prior_tonnes(self) -> float:
        """Flow if the prior held [t/yr]."""
        return self.prior_share * self.need_tonnes


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything the programme needs."""

    lanes: tuple[SourcingLane, ...]
    makers: Mapping[str, Range]
    levels: Mapping[str, Range]
    """By country code; `world` is the total export."""
    plans: Mapping[tuple[str, str], float]
    """What a maker plans to make of a material, where its line has a plan [t/yr]."""


def read_rows(folder: Path, table: str) -> list[Cells]:
    """Return the rows of a table, its parts in order of file name."""
    rows: list[Cells] = []
    for path in sorted([*folder.glob(f"{table}.csv"), *folder.glob(f"{table}_downstream.csv")]):
        with path.open(encoding="utf-8", newline="") as handle:
            rows.extend(csv.DictReader(handle))
    return rows


def needs(folder: Path = FOLDER) -> dict[tuple[str, str], float]:
    """Return what every tier-1 maker uses of each magnet at the buyers' plans [t/yr].

    Parameters
    ----------
    folder
        Folder of the network's tables.

    Returns
    -------
    dict
        Tonnes per year by (tier-1 site, magnet).
    """
    stage = {row["site"]: row["stage"] for row in read_rows(folder, "sites")}
    lines = {row["line"]: row for row in read_rows(folder, "lines")}
    plans = {
        row["line"]: float(row["value"])
        for row in read_rows(folder, "line_figures")
        if row["attribute"] == "plan"
    }
    inputs: dict[str, dict[str, float]] = defaultdict(dict)
    for row in read_rows(folder, "recipes"):
        if row["role"] == "input":
            inputs[row["line"]][row["material"]] = float(row["value"])
    bought: dict[tuple[str, str], float] = defaultdict(float)
    for line, row in sorted(lines.items()):
        if stage[row["site"]] == "oem":
            for component, per_unit in sorted(inputs[line].items()):
                bought[row["site"], component] += plans[line] * per_unit
    made: dict[tuple[str, str], float] = defaultdict(float)
    for row in read_rows(folder, "lanes"):
        made[row["supplier"], row["material"]] += float(row["value"]) * bought.get(
            (row["buyer"], row["material"]), 0.0
        )
    out: dict[tuple[str, str], float] = defaultdict(float)
    for line, row in sorted(lines.items()):
        if stage[row["site"]] == "tier1":
            for magnet, kilograms in sorted(inputs[line].items()):
                out[row["site"], magnet] += made[row["site"], row["drivers"]] * kilograms / 1000.0
    return dict(out)


def _range(row: Cells) -> Range:
    return Range(float(row["value"]), float(row["low"]), float(row["high"]))


def load(folder: Path = FOLDER) -> Problem:
    """Read the programme's data from a folder.

    Raises
    ------
    DataError
        If a prior names a lane that does not exist.
    """
    country = {row["site"]: row["country"] for row in read_rows(folder, "sites")}
    lanes = {row["lane"]: row for row in read_rows(folder, "lanes")}
    used = needs(folder)
    found: list[SourcingLane] = []
    for row in sorted(read_rows(folder, "destination_priors"), key=lambda cells: cells["lane"]):
        if row["lane"] not in lanes:
            raise DataError(f"destination_priors.csv names lane {row['lane']!r}, which is not in lanes")
        lane = lanes[row["lane"]]
        home, abroad = country[lane["supplier"]], country[lane["buyer"]]
        found.append(
            SourcingLane(
                row["lane"], lane["supplier"], lane["buyer"], lane["material"], abroad,
                home == EXPORTER != abroad, float(row["value"]), used[lane["buyer"], lane["material"]],
            )
        )  # fmt: skip
    makers = {row["maker"]: _range(row) for row in read_rows(folder, "destination_makers")}
    levels = {row["country"]: _range(row) for row in read_rows(folder, "destination_levels_2024")}
    return Problem(tuple(found), makers, levels, _maker_plans(folder, makers))


def _maker_plans(folder: Path, makers: Mapping[str, Range]) -> dict[tuple[str, str], float]:
    lines = {row["line"]: (row["site"], row["drivers"]) for row in read_rows(folder, "lines")}
    return {
        lines[row["line"]]: float(row["value"])
        for row in read_rows(folder, "line_figures")
        if row["attribute"] == "plan" and lines[row["line"]][0] in makers
    }


def _groups(lanes: Sequence[SourcingLane]) -> list[list[int]]:
    """Return the positions of the lanes that share a buyer and a material."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, lane in enumerate(lanes):
        groups[lane.buyer, lane.material].append(index)
    return list(groups.values())


class _Programme:
    """Rows of the linear programme; deviations from a target get a column of their own."""

    def __init__(self, lanes: Sequence[SourcingLane]) -> None:
        self.bounds: list[tuple[float, float | None]] = [
            (LEAST_FACTOR * lane.prior_tonnes, lane.prior_tonnes / LEAST_FACTOR) for lane in lanes
        ]
        self.cost = [0.0] * len(lanes)
        self.equal: list[tuple[dict[int, float], float]] = []
        self.upper: list[tuple[dict[int, float], float]] = []

    def between(self, members: Sequence[int], limits: Range) -> None:
        """Keep the sum of columns inside its bounds."""
        self.upper.append((dict.fromkeys(members, 1.0), limits.high))
        self.upper.append((dict.fromkeys(members, -1.0), -limits.low))

    def near(self, members: Sequence[int], target: float, weight: float) -> None:
        """Pay `weight` for each tonne by which the sum of columns misses its target."""
        column = len(self.cost)
        self.cost.append(weight)
        self.bounds.append((0.0, None))
        for sign in (1.0, -1.0):
            self.upper.append((dict.fromkeys(members, sign) | {column: -1.0}, sign * target))

    def dense(self, rows: Sequence[tuple[dict[int, float], float]]) -> NDArray[np.float64]:
        """Return rows as a matrix [rows, columns]."""
        import numpy as np

        out = np.zeros((len(rows), len(self.cost)))
        for index, (entries, _) in enumerate(rows):
            out[index, list(entries)] = list(entries.values())
        return out


def solve(problem: Problem) -> dict[str, float]:
    """Return the flow of every lane [t/yr].

    Raises
    ------
    DataError
        If no flows fit the ranges of makers and destinations.
    """
    from scipy.optimize import linprog

    lanes = problem.lanes
    programme = _Programme(lanes)
    for index, lane in enumerate(lanes):
        programme.near([index], lane.prior_tonnes, 1.0)
    for members in _groups(lanes):
        programme.equal.append((dict.fromkeys(members, 1.0), lanes[members[0]].need_tonnes))
    for maker, output in sorted(problem.makers.items()):
        programme.between([i for i, lane in enumerate(lanes) if lane.maker == maker], output)
    for (maker, material), plan in sorted(problem.plans.items()):
        made = [i for i, lane in enumerate(lanes) if (lane.maker, lane.material) == (maker, material)]
        if made:
            programme.near(made, plan, PLAN_WEIGHT)
    for code, level in sorted(problem.levels.items()):
        sent = [i for i, lane in enumerate(lanes) if lane.is_export and code in (WORLD, lane.country)]
        programme.between(sent, level)
        if code != WORLD:
            programme.near(sent, level.value, LEVEL_WEIGHT)
    found = linprog(
        programme.cost,
        A_ub=programme.dense(programme.upper), b_ub=[value for _, value in programme.upper],
        A_eq=programme.dense(programme.equal), b_eq=[value for _, value in programme.equal],
        bounds=programme.bounds, method="highs",
    )  # fmt: skip
    if not found.success:
        raise DataError(f"no sourcing fits the makers and destinations: {found.message}")
    return {lane.lane: float(flow) for lane, flow in zip(lanes, found.x, strict=False)}


def shares(problem: Problem, flows: Mapping[str, float]) -> dict[str, float]:
    """Return flows as shares of the buyer's need that sum to exactly 1 in six digits [share]."""
    out: dict[str, float] = {}
    for members in _groups(problem.lanes):
        lanes = [problem.lanes[i] for i in members]
        rounded = {lane.lane: round(flows[lane.lane] / lane.need_tonnes, SHARE_DIGITS) for lane in lanes}
        largest = max(rounded, key=lambda name: (rounded[name], name))
        rest = sum(value for name, value in rounded.items() if name != largest)
        rounded[largest] = round(1.0 - rest, SHARE_DIGITS)
        out.update(rounded)
    return out


def by_destination(problem: Problem, share: Mapping[str, float]) -> dict[str, float]:
    """Return what the exporting country ships to each country, and `world`, at these shares [t/yr]."""
    out: dict[str, float] = defaultdict(float)
    for lane in problem.lanes:
        if lane.is_export:
            out[lane.country] += share[lane.lane] * lane.need_tonnes
            out[WORLD] += share[lane.lane] * lane.need_tonnes
    return dict(sorted(out.items()))


def by_maker(problem: Problem, share: Mapping[str, float]) -> dict[str, float]:
    """Return what each magnet maker sells at these shares [t/yr]."""
    out: dict[str, float] = defaultdict(float)
    for lane in problem.lanes:
        out[lane.maker] += share[lane.lane] * lane.need_tonnes
    return dict(sorted(out.items()))


def misfit(problem: Problem, share: Mapping[str, float]) -> float:
    """Return the objective at these shares: weighted tonnes off priors, levels and plans [t/yr].

    Several splits may be equally good, and which of them a solver returns is its own affair; this number
    is the same for all of them.
    """
    sent = by_destination(problem, share)
    made: dict[tuple[str, str], float] = defaultdict(float)
    total = 0.0
    for lane in problem.lanes:
        flow = share[lane.lane] * lane.need_tonnes
        made[lane.maker, lane.material] += flow
        total += abs(flow - lane.prior_tonnes)
    for key, plan in sorted(problem.plans.items()):
        if key in made:
            total += PLAN_WEIGHT * abs(made[key] - plan)
    for code, level in sorted(problem.levels.items()):
        if code != WORLD:
            total += LEVEL_WEIGHT * abs(sent[code] - level.value)
    return total


def table_shares(problem: Problem, folder: Path = FOLDER) -> dict[str, float]:
    """Return the shares that stand in the tables now [share]."""
    values = {row["lane"]: float(row["value"]) for row in read_rows(folder, "lanes")}
    return {lane.lane: values[lane.lane] for lane in problem.lanes}


def write(share: Mapping[str, float], folder: Path = FOLDER) -> int:
    """Write the shares into ``lanes_downstream.csv``; return how many rows changed."""
    path = folder / "lanes_downstream.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        columns = list(reader.fieldnames or ())
        rows = list(reader)
    changed = 0
    for row in rows:
        if row["lane"] in share:
            text = f"{share[row['lane']]:.{SHARE_DIGITS}f}"
            changed += text != row["value"]
            row["value"] = text
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return changed


def report(problem: Problem, share: Mapping[str, float]) -> str:
    """Return the destinations and makers at these shares as a text table."""
    lines = [f"{'Chinese magnets to':28}{'t/yr':>9}{'low':>9}{'high':>9}"]
    for code, tonnes in by_destination(problem, share).items():
        level = problem.levels.get(code)
        bounds = f"{level.low:9,.0f}{level.high:9,.0f}" if level else ""
        lines.append(f"{code:28}{tonnes:9,.0f}{bounds}")
    lines.append(f"{'Magnet maker':28}{'t/yr':>9}{'low':>9}{'high':>9}")
    for maker, tonnes in by_maker(problem, share).items():
        output = problem.makers[maker]
        lines.append(f"{maker:28}{tonnes:9,.0f}{output.low:9,.0f}{output.high:9,.0f}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Solve, show the destinations, and write the shares when asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m sim.data.destinations", description="Split Chinese magnet exports by destination."
    )
    parser.add_argument("--write", action="store_true", help="write the shares into lanes_downstream.csv")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the network's tables")
    options = parser.parse_args(arguments)
    problem = load(options.folder)
    share = shares(problem, solve(problem))
    sys.stdout.write(report(problem, share) + "\n")
    if options.write:
        sys.stdout.write(f"{write(share, options.folder)} shares changed\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
