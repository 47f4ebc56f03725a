"""Beliefs: named sets of alternative figures, such as the totals of the founding articles.

A row of `beliefs.csv` sets, scales or pins one path. Beside the paths of `sim.data.paths` it may name a
total: ``stages.<stage>.<countries>.plan`` is the sum of the plans of a stage's lines in a country
(``CN``), in ``all`` of them, or in the ``others`` that the same belief does not name. A total is spread
over its lines in proportion to their plans, so it holds exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sim.data.loader import read_context
from sim.data.paths import get_number, with_numbers
from sim.data.schema import OPERATIONS, RATE, STAGES
from sim.data.tables import Row, listing, nearest
from sim.domain import Line, Network, Number, central
from sim.errors import DataError, Problem

UNITS: Mapping[str, float] = {**RATE, "d": 1.0, "share": 1.0, "kg/kg": 1.0, "t/t": 1.0, "kg/unit": 1e-3}


def _rows(network: Network) -> dict[str, list[tuple[Row, float]]]:
    if not network.folder:
        return {}
    context = read_context(Path(network.folder), "beliefs")
    out: dict[str, list[tuple[Row, float]]] = {}
    for row in context.tables["beliefs"]:
        context.one_of(row, "operation", OPERATIONS)
        value = context.figure(row, f"beliefs.{row['belief']}.{row['path']}", UNITS)
        out.setdefault(row["belief"], []).append((row, value if value is not None else 0.0))
    context.problems.stop()
    return out


def beliefs(network: Network) -> tuple[str, ...]:
    """Return the names of the beliefs of a network."""
    return tuple(sorted(_rows(network)))


def with_belief(network: Network, name: str) -> Network:
    """Return the network as the named belief has it.

    Scaled and set figures replace the table's; pinned plans are kept in `Network.pins` and hold exactly
    when day zero is solved.

    Raises
    ------
    DataError
        If the belief, or a path in it, is not known.
    """
    known = _rows(network)
    if name not in known:
        raise DataError(
            Problem(f"belief {name!r} is not known", key="beliefs", given=name, hint=nearest(name, known),
                    allowed=listing(sorted(known)) or "none: the network has no beliefs.csv")
        )  # fmt: skip
    numbers: dict[str, Number] = {}
    pins: dict[str, float] = dict(network.pins)
    for row, value in known[name]:
        found = _targets(network, row, [other["path"] for other, _ in known[name]])
        total = sum(found.values())
        for path, current in found.items():
            is_total = row["operation"] != "scale"
            new = (value * current / total if total else 0.0) if is_total else current * value
            numbers[path] = new
            if row["operation"] == "pin":
                pins[path.split(".")[1]] = new
    return replace(with_numbers(network, numbers), pins=pins)


def _targets(network: Network, row: Row, named: list[str]) -> dict[str, float]:
    """Return the numbers a row speaks of: one path, or the plans that make up a total."""
    parts = row["path"].split(".")
    if parts[0] != "stages":
        number = get_number(network, row["path"])
        return {row["path"]: 0.0 if number is None else central(number)}
    if len(parts) != 4 or parts[1] not in STAGES or parts[3] != "plan":
        raise DataError(
            Problem(f"path {row['path']!r} is not known", path=row.file, line=row.line, key="path",
                    allowed="stages.<stage>.<country, others or all>.plan", hint=nearest(parts[-1], ["plan"]))
        )  # fmt: skip
    others = {path.split(".")[2] for path in named if path.startswith(f"stages.{parts[1]}.")}
    return {
        f"lines.{line.line_id}.plan": central(line.plan_per_day)
        for _, line in sorted(network.lines.items())
        if line.plan_per_day is not None and _is_meant(network, line, parts[1], parts[2], others)
    }


def _is_meant(network: Network, line: Line, stage: str, where: str, named: set[str]) -> bool:
    site = network.sites[line.site]
    if site.stage != stage or line.dormant:
        return False
    return where == "all" or site.country == where or (where == "others" and site.country not in named)
