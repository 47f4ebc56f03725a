"""How a run shows itself in a notebook: the headline, the why, and one table with bars of runway."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from sim.results.sentences import days_text, end_date, units_text, window_days

if TYPE_CHECKING:
    from sim.results.run import Run

BAR_PIXELS = 140
STYLE = (
    "<style>.sim-run{font-family:system-ui,sans-serif;max-width:64em}"
    ".sim-run h3{margin:0 0 .3em;font-weight:600}.sim-run p{margin:.2em 0 .7em}"
    ".sim-run table{border-collapse:collapse;font-size:90%}"
    ".sim-run th,.sim-run td{padding:.2em .7em;text-align:right;border-bottom:1px solid #8884}"
    ".sim-run th:first-child,.sim-run td:first-child{text-align:left}"
    ".sim-run .bar{display:inline-block;height:.7em;background:#0072b2;vertical-align:middle}"
    ".sim-run .never{background:#009e73}.sim-run .quiet{opacity:.65}</style>"
)
HEADINGS = (
    "site",
    "cover at start",
    "static",
    "pipeline",
    "realised",
    "",
    "line stop",
    "first short of",
    "lost",
    "fill rate",
)


def html_of(run: Run) -> str:
    """Return the run as one self-contained piece of HTML; all text is escaped."""
    manifest = run.manifest
    title = escape(str(manifest["title"] or manifest["name"]))
    counted = f"runways count from {manifest['runway_from']}, until {end_date(manifest).isoformat()}"
    rows = "".join(_row(row, manifest) for row in _ordered(run))
    head = "".join(f"<th>{escape(text)}</th>" for text in HEADINGS)
    return (
        f'<div class="sim-run">{STYLE}<h3>{title}</h3><p><b>{escape(run.headline)}</b></p>'
        f'<p class="quiet">{escape(run.why)}</p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f'<p class="quiet">{escape(counted)}; {escape(_luck(manifest))}</p></div>'
    )


def _luck(manifest: dict[str, Any]) -> str:
    count = int(manifest["replications"])
    return "deterministic" if count == 1 else f"{count} replications, seed {manifest['seed']}; medians"


def _ordered(run: Run) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = run.metrics.to_dict("records")
    return sorted(rows, key=lambda row: (_or_infinity(row["realised_runway_days"]), row["name"]))


def _or_infinity(days: float) -> float:
    return math.inf if math.isnan(days) else days


def _row(row: dict[str, Any], manifest: dict[str, Any]) -> str:
    window = window_days(manifest)
    days = float(row["realised_runway_days"])
    width = BAR_PIXELS * min(1.0, _or_infinity(days) / max(window, 1))
    kind = "bar never" if math.isnan(days) else "bar"
    missing = row["limiting_component"]
    cells = [
        escape(str(row["name"])),
        days_text(row["days_of_cover_at_start"]),
        days_text(row["static_runway_days"]),
        days_text(row["pipeline_runway_days"]),
        escape(days_text(days, window)),
        f'<span class="{kind}" style="width:{width:.0f}px"></span>',
        "-" if row["line_stop_date"] is None else row["line_stop_date"].isoformat(),
        "-" if missing is None else escape(manifest["material_names"].get(missing, missing)),
        units_text(float(row["lost_units"])),
        "-" if math.isnan(row["fill_rate"]) else f"{100.0 * row['fill_rate']:.1f} %",
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
