"""The JSON document of a run, schema version 1: what ``sim run --json`` prints and `metrics.json` holds."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

from sim.results.ensemble import CONFIDENCE

if TYPE_CHECKING:
    from sim.results.run import Run

SCHEMA_VERSION = 1
SCENARIO_FIELDS = ("name", "title", "file", "network", "start", "horizon_days", "replications", "seed")
SITE_FIELDS = (
    "name",
    "country",
    "stage",
    "days_of_cover_at_start",
    "static_runway_days",
    "pipeline_runway_days",
    "realised_runway_days",
    "realised_runway_p10_days",
    "realised_runway_p90_days",
    "first_shortfall_date",
    "first_below_half_date",
    "line_stop_date",
    "limiting_component",
    "time_to_survive_days",
    "time_to_recover_days",
    "planned_units",
    "lost_units",
    "fill_rate",
)


def document(run: Run, by: date | None = None) -> dict[str, Any]:
    """Return the run as one JSON-ready object; dates ISO, null where it never happens.

    Parameters
    ----------
    by
        Date of the stop probabilities of a run with replications; None: the last day.
    """
    timing = run.manifest["timing"]
    whole = {
        "schema_version": SCHEMA_VERSION,
        "scenario": {name: run.manifest[name] for name in SCENARIO_FIELDS},
        "run_dir": None if run.folder is None else str(run.folder),
        "headline": run.headline,
        "sites": [
            {"site": str(site), **{name: plain(row[name]) for name in SITE_FIELDS}}
            for site, row in zip(run.metrics.index, run.metrics.to_dict("records"), strict=True)
        ],
        "mass_balance_max_relative_error": run.manifest["mass_balance_max_relative_error"],
        "timing": {name: timing[name] for name in ("simulate_seconds", "total_seconds")},
    }
    return whole if run.replications.empty else {**whole, "ensemble": ensemble_of(run, by)}


def ensemble_of(run: Run, by: date | None = None) -> dict[str, Any]:
    """Return what the replications of a run say together, JSON-ready."""
    ensemble, manifest = run.ensemble, run.manifest
    differences = ensemble.differences()
    probabilities = ensemble.probabilities(by).reset_index()
    return {
        "finished_replications": ensemble.count,
        "confidence": CONFIDENCE,
        "until_ci": manifest.get("until_ci"),
        "stop_probabilities": [_plain_row(row) for row in probabilities.to_dict("records")],
        "differences": [_plain_row(row) for row in differences.to_dict("records")],
        "failures": [
            {name: item[name] for name in ("replication", "branches", "seed", "type", "message")}
            for item in manifest["failures"]
        ],
    }


def _plain_row(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): plain(value) for name, value in row.items()}


def plain(value: Any) -> Any:
    """Return a value that JSON can carry: dates ISO, never and not-a-number as null.

    Examples
    --------
    >>> plain(date(2025, 9, 20)), plain(float("nan")), plain(3.0)
    ('2025-09-20', None, 3.0)
    """
    if value is None:
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | bool):
        return value
    number = float(value)
    return number if math.isfinite(number) else None
