"""What the founding articles claim, checked against a network.

`claims.csv` holds each claim with the article's figure and the name of a check. A verdict is computed:

reproduced
    the model's number lies within the claim's own rounding; "about" and "almost" allow three points
    of a percentage, or the rounding of any other figure; "over" is a lower bound.
disagrees
    it does not; both numbers are given.
undecidable
    the check asks for something the network has no figure of.
context, not simulated
    the claim names no quantity to check.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.data.loader import read_context
from sim.data.paths import get_number
from sim.data.tables import Row, listing, nearest
from sim.domain import Network, central
from sim.errors import DataError, Problem
from sim.steady import SteadyFlows
from sim.steady.report import mass_balance

if TYPE_CHECKING:
    import pandas as pd

REPRODUCED = "reproduced"
DISAGREES = "disagrees"
UNDECIDABLE = "undecidable"
CONTEXT = "context, not simulated"
ALLOWED_POINTS = 3.0
"""Percentage points that "about" and "almost" allow."""

_CHECK = re.compile(r"(\w+)\(([^()]*)\)")
_VALUE = re.compile(r"(?:(about|almost|over|under)\s+)?(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class _World:
    """What a check may look at."""

    network: Network
    flows: SteadyFlows
    balance: pd.DataFrame

    def part(self, stage: str, product: str) -> pd.DataFrame:
        """Return the rows of a stage that make a material, or materials of a form."""
        balance = self.balance
        is_meant = (balance["material"] == product) | (balance["form"] == product)
        return balance[(balance["stage"] == stage) & is_meant]


def world_share(world: _World, stage: str, product: str, country: str) -> float | None:
    """Return a country's share of what the world makes at a stage [%]."""
    part = world.part(stage, product)
    total = float(part["output"].sum())
    if total <= 0:
        return None
    return 100.0 * float(part.loc[part["country"] == country, "output"].sum()) / total


def capacity_share(world: _World, stage: str, product: str, country: str) -> float | None:
    """Return a country's share of the world's primary capacity for a material at a stage [%].

    A nameplate that several lines share counts once; lines that live on swarf are recycling, not primary.
    """
    known: dict[tuple[str, str], tuple[str, float]] = {}
    for name, line in sorted(world.network.lines.items()):
        site = world.network.sites[line.site]
        forms = {world.network.materials[used].form for used in line.inputs}
        if site.stage != stage or product not in line.outputs or forms == {"swarf"}:
            continue
        own = central(line.capacity_per_day)
        if line.nameplate:
            known[line.site, line.nameplate] = (site.country, central(line.nameplate_capacity_per_day))
        elif math.isfinite(own):
            known[line.site, name] = (site.country, own)
    total = sum(amount for _, amount in known.values())
    if total <= 0:
        return None
    return 100.0 * sum(amount for place, amount in known.values() if place == country) / total


def output(world: _World, stage: str, product: str, country: str) -> float | None:
    """Return what a country makes at a stage [t/yr]."""
    part = world.part(stage, product)
    if part.empty:
        return None
    return float(part.loc[part["country"] == country, "output"].sum())


def figure(world: _World, path: str) -> float | None:
    """Return a number of the network, in tonnes, units and days."""
    try:
        found = get_number(world.network, path)
    except DataError:
        return None
    return None if found is None else central(found)


def input_per_output(world: _World, country: str, used: str, made: str) -> float | None:
    """Return the mean input per unit of output of a country's lines [unit/unit]."""
    total, rate = 0.0, 0.0
    for name, line in sorted(world.network.lines.items()):
        if world.network.sites[line.site].country == country and used in line.inputs and made in line.outputs:
            total += world.flows.line_rate[name] * central(line.inputs[used])
            rate += world.flows.line_rate[name] * central(line.outputs[made])
    return total / rate if rate > 0 else None


def _reserves(world: _World) -> dict[str, float]:
    """Return the reserves by country [t], where the network has figures `sites.<site>.reserves`."""
    out: dict[str, float] = {}
    for path, item in sorted(world.network.figures.items()):
        if path.startswith("sites.") and path.endswith(".reserves"):
            country = world.network.sites[path.split(".")[1]].country
            out[country] = out.get(country, 0.0) + item.value
    return out


def reserves(world: _World, country: str) -> float | None:
    """Return the reserves of a country's mines [t]."""
    return _reserves(world).get(country)


def reserves_share(world: _World, country: str) -> float | None:
    """Return a country's share of the reserves [%]."""
    known = _reserves(world)
    return 100.0 * known[country] / sum(known.values()) if known.get(country) else None


def reserves_rank(world: _World, country: str) -> float | None:
    """Return a country's place by reserves; 1 is the largest."""
    known = _reserves(world)
    return float(1 + sum(other > known[country] for other in known.values())) if country in known else None


CHECKS: Mapping[str, Callable[..., float | None]] = {
    "world_share": world_share,
    "capacity_share": capacity_share,
    "output": output,
    "figure": figure,
    "input_per_output": input_per_output,
    "reserves": reserves,
    "reserves_share": reserves_share,
    "reserves_rank": reserves_rank,
}


def check_claims(network: Network, flows: SteadyFlows) -> pd.DataFrame:
    """Check every claim of the network's `claims.csv`.

    Returns
    -------
    DataFrame
        One row per claim: claim_id, source_id, entity, claim, article_value (as written), model_value
        (nan where there is none), unit, verdict, phrase, note.

    Raises
    ------
    DataError
        If a claim names a check, or writes a figure, that is not known; an unknown source likewise.
    """
    import pandas as pd

    rows = claim_rows(network)
    world = _World(network, flows, mass_balance(network, flows))
    out = []
    for row in rows:
        model = _model_value(world, row) if row["check"] else None
        out.append(
            {
                "claim_id": row["claim_id"],
                "source_id": row["source_id"],
                "entity": row["entity"],
                "claim": row["claim"],
                "article_value": row["value"],
                "model_value": math.nan if model is None else model,
                "unit": row["unit"],
                "verdict": verdict(row, model),
                "phrase": row["phrase"],
                "note": row["note"],
            }
        )
    frame = pd.DataFrame(out)
    frame.attrs["units"] = {"article_value": "column unit", "model_value": "column unit"}
    return frame


def claim_rows(network: Network) -> list[Row]:
    """Return the rows of `claims.csv`, checked: sources and checks exist."""
    if not network.folder:
        return []
    context = read_context(Path(network.folder), "claims")
    rows = context.tables["claims"]
    for row in rows:
        context.known(row, "source_id", context.sources, "source")
        for column in ("value", "unit"):
            if not row[column]:
                context.problems.add(f"{column} is empty", row, key=column)
        if row["check"]:
            found = _CHECK.fullmatch(row["check"])
            if found is None or found[1] not in CHECKS:
                context.problems.unknown("check", row["check"].split("(")[0], CHECKS, row, "check")
            if _VALUE.fullmatch(row["value"]) is None:
                context.problems.add(
                    f"value {row['value']!r} cannot be checked", row, key="value", given=row["value"],
                    allowed="a number, or: about, almost, over or under and a number",
                )  # fmt: skip
    context.problems.stop()
    return rows


def _model_value(world: _World, row: Row) -> float | None:
    found = _CHECK.fullmatch(row["check"])
    if found is None:
        raise _bad_check(row)
    arguments = [word.strip() for word in found[2].split(",") if word.strip()]
    try:
        return CHECKS[found[1]](world, *arguments)
    except TypeError as error:
        raise _bad_check(row) from error


def _bad_check(row: Row) -> DataError:
    name = row["check"].split("(")[0]
    return DataError(
        Problem(f"check {row['check']!r} cannot be read", path=row.file, line=row.line, key="check",
                given=row["check"], hint=nearest(name, CHECKS), allowed=listing(CHECKS))
    )  # fmt: skip


def verdict(row: Row, model: float | None) -> str:
    """Return the verdict on one claim, given the model's number in the claim's unit."""
    if not row["check"]:
        return CONTEXT
    if model is None:
        return UNDECIDABLE
    found = _VALUE.fullmatch(row["value"])
    if found is None:
        return UNDECIDABLE
    word, article = found[1] or "", float(found[2])
    if word == "over":
        return REPRODUCED if model > article else DISAGREES
    if word == "under":
        return REPRODUCED if model < article else DISAGREES
    allowed = rounding(found[2])
    if word in ("about", "almost") and row["unit"] == "%":
        allowed = max(allowed, ALLOWED_POINTS)
    return REPRODUCED if abs(model - article) <= allowed * (1 + 1e-9) else DISAGREES


def rounding(text: str) -> float:
    """Return half a unit of the last digit that a figure as written claims to know.

    Examples
    --------
    >>> rounding("63"), rounding("1.2"), rounding("210000"), rounding("90")
    (0.5, 0.05, 5000.0, 0.5)
    """
    digits = text.lstrip("-")
    if "." in digits:
        return 0.5 * 10.0 ** -len(digits.split(".")[1])
    stripped = digits.rstrip("0")
    zeros = len(digits) - len(stripped)
    # One trailing zero is a counted ten (90 days), more are round thousands.
    return 0.5 * 10.0 ** (zeros if zeros > 1 else 0)
