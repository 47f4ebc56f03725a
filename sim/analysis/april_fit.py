"""Fit the licensing of April 2025 to China's exports of magnets, and print how well it fits.

``python -m sim.analysis.april_fit`` searches the four free figures of the scenario `april_2025_licensing` and
prints them beside those frozen in `sim/data/fits/april_2025.csv`; ``--check`` only compares the frozen ones
with the months. The rest of the scenario is stated, not fitted.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib import resources

import numpy as np

from sim.case import Case
from sim.domain import Distribution, Network
from sim.engine import simulate
from sim.engine.trajectory import Trajectory
from sim.interventions import ExportLicence, Step
from sim.results.plan import plan_of
from sim.units import percent

SCENARIO, RULE, ORIGIN = "april_2025_licensing", "april_licences", "CN"
TOTAL, TO_US = "magnets_total", "magnets_us"
LAST_DAY = date(2025, 8, 1)
"""First day after the months that are fitted; nothing before it depends on what comes later."""
MONTHS = ("2025-04", "2025-05", "2025-06", "2025-07")
FIGURES = ("enforced", "collateral.share", "collateral.hold.mode", "steps.level")
HOLD_SPREAD = (0.6, 1.5)
"""Least and longest hold beside the most usual one; stated, not fitted."""
LOOKS = (3, 3, 3, 3)
TURNS = 5


@dataclass(frozen=True, slots=True)
class Frozen:
    """A fitted figure as the table has it."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    fitted_on: date


def _rows(name: str) -> list[dict[str, str]]:
    text = (resources.files("sim.data") / "fits" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def targets() -> dict[str, dict[str, float]]:
    """Return the exports that were published, by series and month [t]."""
    found: dict[str, dict[str, float]] = {}
    for row in _rows("april_2025_targets.csv"):
        found.setdefault(row["series"], {})[row["month"]] = float(row["value"])
    return found


def frozen() -> dict[str, Frozen]:
    """Return the figures that were fitted, and when."""
    return {
        row["figure"]: Frozen(
            name=row["figure"],
            value=float(row["value"]),
            low=float(row["low"]),
            high=float(row["high"]),
            unit=row["unit"],
            fitted_on=date.fromisoformat(row["fitted_on"]),
        )
        for row in _rows("april_2025.csv")
    }


def figures_of(case: Case) -> dict[str, float]:
    """Return the free figures as a case has them."""
    rule = _rule(case)
    assert rule.collateral is not None
    hold = rule.collateral.hold_days
    assert isinstance(rule.enforced_days, float | int)
    assert isinstance(hold, Distribution)
    values = (rule.enforced_days, rule.collateral.share, hold.parameters["mode"], rule.steps[0].level)
    return dict(zip(FIGURES, map(float, values), strict=True))


def with_figures(case: Case, figures: Mapping[str, float]) -> Case:
    """Return the case with other free figures."""
    rule = _rule(case)
    assert rule.collateral is not None
    days = figures["collateral.hold.mode"]
    low, high = (days * part for part in HOLD_SPREAD)
    hold = Distribution("triangular", {"low": low, "mode": days, "high": high})
    new = replace(
        rule,
        enforced_days=figures["enforced"],
        steps=(Step(start=rule.steps[0].start, level=figures["steps.level"]),),
        collateral=replace(rule.collateral, share=figures["collateral.share"], hold_days=hold),
    )
    others = tuple(item for item in case.interventions if item.id != RULE)
    return replace(case, interventions=(*others, new))


def _rule(case: Case) -> ExportLicence:
    rule = next(item for item in case.interventions if item.id == RULE)
    assert isinstance(rule, ExportLicence)
    return rule


def exports(run: Trajectory, network: Network, to: str = "") -> dict[str, float]:
    """Return the magnets that leave China a month, as goods by themselves [t]; `to` is a country's code."""
    lanes = [network.lanes[lane] for lane in run.lanes]
    chosen = [
        i
        for i, lane in enumerate(lanes)
        if network.materials[lane.material].form == "magnet"
        and network.sites[lane.supplier].country == ORIGIN
        and network.sites[lane.buyer].country != ORIGIN
        and (not to or network.sites[lane.buyer].country == to)
    ]
    daily = run.shipped[:, chosen].sum(axis=1)
    months: dict[str, float] = {}
    for number, tonnes in enumerate(daily):
        month = (run.start + timedelta(days=number)).strftime("%Y-%m")
        months[month] = months.get(month, 0.0) + float(tonnes)
    return months


def mean_error(run: Trajectory, network: Network) -> float:
    """Return the mean absolute error over the months of A-D1, as a share of what was published."""
    modelled, published = exports(run, network), targets()[TOTAL]
    return float(np.mean([abs(modelled[month] / published[month] - 1.0) for month in MONTHS]))


def fit(case: Case, ranges: Mapping[str, tuple[float, float]]) -> tuple[dict[str, float], float]:
    """Search the free figures within their ranges; return them with their mean error.

    A grid over the ranges is narrowed around its best point, a few times over: each run is the deterministic
    one, and four months do not bear a finer search.
    """
    case = replace(case, horizon_days=(LAST_DAY - case.start).days)
    ends = {name: ranges[name] for name in FIGURES}
    best: tuple[float, dict[str, float]] = (np.inf, {})
    for _ in range(TURNS):
        axes = [np.linspace(*ends[name], count) for name, count in zip(FIGURES, LOOKS, strict=True)]
        for point in np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(FIGURES)):
            figures = dict(zip(FIGURES, map(float, point), strict=True))
            figures["enforced"] = float(round(figures["enforced"]))
            tried = with_figures(case, figures)
            error = mean_error(simulate(tried, None), case.network)
            if error < best[0]:
                best = error, figures
        ends = {name: _narrowed(ends[name], ranges[name], best[1][name]) for name in FIGURES}
    return best[1], best[0]


def _narrowed(now: tuple[float, float], whole: tuple[float, float], centre: float) -> tuple[float, float]:
    half = (now[1] - now[0]) / 3.0
    return max(centre - half, whole[0]), min(centre + half, whole[1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the months and the figures; search them unless ``--check`` is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare the frozen figures, search nothing")
    asked = parser.parse_args(arguments)
    case = plan_of(SCENARIO).case
    table = frozen()
    figures = {name: item.value for name, item in table.items()}
    if not asked.check:
        figures, _ = fit(case, {name: (item.low, item.high) for name, item in table.items()})
    sys.stdout.write("\n".join(_report(case, figures)) + "\n")


def _report(case: Case, figures: Mapping[str, float]) -> list[str]:
    """Return the figures, the months and the error in lines."""
    run = simulate(with_figures(case, figures), None)
    lines = [f"{'figure':24}{'frozen':>10}{'here':>10}"]
    for name, item in frozen().items():
        values = f"{item.value:10.4g}{figures[name]:10.4g}"
        lines.append(f"{name:24}{values}  {item.unit}, fitted {item.fitted_on}")
    for series, to in ((TOTAL, ""), (TO_US, "US")):
        modelled, published = exports(run, case.network, to), targets()[series]
        for month in MONTHS:
            stated, found = published[month], modelled[month]
            lines.append(f"{series:24}{month}{stated:10.0f} t published{found:10.0f} t modelled")
    return [*lines, f"mean absolute error of the total: {percent(mean_error(run, case.network), 1)}"]


if __name__ == "__main__":
    main()
