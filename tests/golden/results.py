"""The figures of a scenario that are kept, and how two values of one figure are compared.

A scenario is run once per process; what is kept of the run is its table and its verdicts, not its days.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import sim
from sim.analysis.facts import RunFacts

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "scenarios"
DIGITS = 6
RELATIVE = 1e-6
NOTHING = 1e-9
"""What is smaller than this share of its scale is written as zero."""
WATCHED = ("toyota_japan", "hyundai_kia", "byd")
"""Makers of the reference network that are looked at closely; another network shows all of its makers."""
ALWAYS_SHOWN = ("toyota_japan",)
STAGES = ("concentrate", "ndpr_oxide", "dysprosium_oxide", "ndpr_metal", "magnet", "component")
MADE = ("ndpr_oxide", "dysprosium_oxide", "magnet_standard", "magnet_heavy")
OF_A_SITE = (
    "realised_runway_days", "first_shortfall_date", "line_stop_date", "lost_units", "fill_rate",
    "limiting_component",
)  # fmt: skip

Rows = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What is kept of a run: figures by name, and (condition, verdict, detail)."""

    rows: Rows
    verdicts: tuple[tuple[str, str, str], ...]
    mass_balance: float


def names() -> list[str]:
    """Return the names of the scenarios of the library, sorted."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def golden_file(name: str) -> Path:
    """Return the table of a scenario."""
    return HERE / f"{name}.csv"


@cache
def result_of(name: str) -> Result:
    """Run a scenario of the library, once per process."""
    run = sim.run(SCENARIOS / f"{name}.yaml", replications=1)
    verdicts = tuple((item["condition"], item["verdict"], item["detail"]) for item in run.verdicts)
    return Result(_rows_of(run), verdicts, float(run.manifest["mass_balance_max_relative_error"]))


def _rows_of(run: sim.Run) -> Rows:
    found: dict[str, Any] = {"headline": run.headline}
    found |= _totals(run)
    found |= _flows(run)
    found |= _origin(run)
    table = run.metrics
    for site in table.index:
        figures = table.loc[site]
        lost = float(figures["lost_units"])
        is_shown = site in ALWAYS_SHOWN or (not _has_watched(run) and figures["stage"] == "oem")
        if lost <= 1e-6 * float(figures["planned_units"]) and not is_shown:
            continue
        for figure in OF_A_SITE:
            value = figures[figure]
            scale = float(figures["planned_units"]) if figure == "lost_units" else 1.0
            found[f"{site}.{figure}"] = value if figure != "lost_units" else _clean(lost, scale)
    return found


def _has_watched(run: sim.Run) -> bool:
    return set(WATCHED) <= set(run.metrics.index)


def _totals(run: sim.Run) -> dict[str, Any]:
    table = run.metrics
    makers = table[table["stage"] == "oem"]
    lost_share = float((makers["lost_units"] / makers["planned_units"]).sum())
    found = {
        "oems": len(makers),
        "oems.short": int(makers["first_shortfall_date"].notna().sum()),
        "oems.below_half": int(makers["first_below_half_date"].notna().sum()),
        "oems.stopped": int(makers["line_stop_date"].notna().sum()),
        "oems.affected": int(makers["is_affected"].sum()),
        "oems.planned_units": float(makers["planned_units"].sum()),
        "oems.sum_of_lost_shares": _clean(lost_share, 1.0),
        "oems.least_fill_rate": float(makers["fill_rate"].min()),
    }
    if not _has_watched(run):
        return found
    toyota = table.loc["toyota_japan"]
    return found | {
        "toyota_japan.static_runway_days": float(toyota["static_runway_days"]),
        "toyota_japan.pipeline_runway_days": float(toyota["pipeline_runway_days"]),
        "hyundai_kia.fill_rate": float(table.at["hyundai_kia", "fill_rate"]),
        "byd.fill_rate": float(table.at["byd", "fill_rate"]),
    }


def _flows(run: sim.Run) -> dict[str, Any]:
    facts = RunFacts.of(run)
    found: dict[str, Any] = {}
    materials = facts.network.materials
    forms = {item.form for item in materials.values()}
    for goods in (name for name in STAGES if name in materials or name in forms):
        china, world = facts.output_tonnes(goods, "China")[1], facts.output_tonnes(goods, None)[1]
        found[f"china_share.{goods}"] = china / world
    for goods in (name for name in MADE if name in materials):
        found[f"made.{goods}_tonnes"] = facts.output_tonnes(goods, None)[1]
    found["magnets_leaving_china_tonnes_per_year"] = facts.leaving_tonnes_per_year("magnet", "China", None)
    days = run.trajectory
    assert days is not None
    assert run.case is not None
    lanes = run.case.network.lanes
    maker = next(name for name in ("japan_alloy", "japan_metal") if name in run.case.network.sites)
    into = [i for i, lane in enumerate(days.lanes) if lanes[lane].buyer == maker]
    bought = [stock.site == maker and stock.role == "input" for stock in days.stocks]
    found[f"{maker}.received_tonnes"] = float(days.received[:, into].sum())
    found[f"{maker}.least_stock_tonnes"] = float(days.on_hand[:, bought].sum(axis=1).min())
    return found


def _origin(run: sim.Run) -> dict[str, Any]:
    days = run.trajectory
    assert days is not None
    keys = {key: i for i, key in enumerate(days.touched_keys)}
    found: dict[str, Any] = {}
    if not _has_watched(run):
        return found
    for element, place in (("ndpr", "CN"), ("ndpr", "AU"), ("dysprosium", "CN"), ("dysprosium", "MM")):
        column = keys["toyota_japan", element, place]
        for when, row in (("start", 0), ("end", -1)):
            value = float(days.touched[row, column])
            found[f"toyota_japan.touched.{element}.{place}.{when}"] = _clean(value, 1.0)
    return found


def _clean(value: float, scale: float) -> float:
    return 0.0 if abs(value) <= NOTHING * scale else value


def text_of(value: Any) -> str:
    """Return a value as the tables hold it: six significant digits, ISO dates, empty for never."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return ""
    if isinstance(value, float | np.floating):
        return f"{float(value):.{DIGITS}g}"
    return str(value)


def is_same(accepted: str, value: Any) -> bool:
    """Tell whether a figure is the accepted one, within the tolerance and the rounding of its last digit."""
    if text_of(value) == accepted:
        return True
    try:
        first, second = float(accepted), float(value)
    except (TypeError, ValueError):
        return False
    if first == 0.0 or not math.isfinite(second):
        return False
    last_digit = 10.0 ** (math.floor(math.log10(abs(first))) + 1 - DIGITS)
    return abs(first - second) <= RELATIVE * abs(first) + 0.5 * last_digit


def read(name: str) -> dict[str, str]:
    """Return the accepted figures of a scenario."""
    with golden_file(name).open(newline="", encoding="utf-8") as file:
        return {row["metric"]: row["value"] for row in csv.DictReader(file)}


def write(name: str) -> int:
    """Run a scenario and write its figures; return how many."""
    rows = result_of(name).rows
    with golden_file(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["metric", "value"])
        writer.writerows((metric, text_of(value)) for metric, value in rows.items())
    return len(rows)
