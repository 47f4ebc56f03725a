"""The sections of a report that tell of one run."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from sim.reports import provenance, words
from sim.reports.markup import bullets, code, escaped, paragraph, section, table
from sim.reports.pictures import pictures_of_run
from sim.results.replay import planned_case
from sim.results.sentences import days_text, units_text, window_days

if TYPE_CHECKING:
    from sim.case import Case
    from sim.results.run import Run

LEAST_UNITS = 0.5
"""A mean loss below this is none [units]."""
STOCKS_OF = 6
"""Manufacturers whose stocks are tabled where nobody is affected: those with the shortest static runway."""
BACKGROUND = " It is in force in the baseline too."
SITE_HEAD = (
    "manufacturer", "country", "stock at start", "static runway", "pipeline runway", "realised runway",
    "first shortfall", "line stop", "missing first", "units lost", "of plan", "to plan again after",
)  # fmt: skip
SOURCE_HEAD = ("id", "what it is", "publisher", "published", "kind", "note")


def in_brief(label: str, run: Run, case: Case, *, several: bool) -> str:
    """Return question, answer, reason and doubt of a run."""
    first = words.doubt(run, case)[0]
    parts = [
        paragraph(words.question_of(run), "question"),
        paragraph(words.sentence(run.headline), "answer"),
        paragraph(run.why),
        f"<p><strong>How sure:</strong> {escaped(first)}</p>",
        paragraph(words.window_text(run), "quiet"),
    ]
    if not several:
        return "\n".join(part for part in parts if part)
    heading = f'<h3>{escaped(words.title_of(run))} <span class="quiet">({escaped(label)})</span></h3>'
    return "\n".join(part for part in (heading, *parts) if part)


def of_run(anchor: str, run: Run) -> str:
    """Return the section of one run: pictures, manufacturers, doubt, rules, assumptions, the scenario."""
    case = planned_case(run)
    return section(
        anchor,
        words.title_of(run),
        paragraph(words.question_of(run), "question"),
        paragraph(words.sentence(run.headline), "answer"),
        _rules(case),
        _pictures(anchor, run),
        _manufacturers(run),
        _doubt(run, case),
        _sources(run, case),
        _resolved(run),
    )


def _rules(case: Case) -> str:
    rows = [
        (
            item.id,
            words.sentence(item.describe()) + BACKGROUND * (item.id in case.background),
            ", ".join(item.sources) or "-",
        )
        for item in case.interventions
    ]
    head = ("rule", "what it does", "sources")
    none = paragraph("None: the world goes on as it is.")
    return _part("Rules of this scenario", table(head, rows) or none)


def _part(title: str, *parts: str) -> str:
    inside = "\n".join(part for part in parts if part)
    return f"<h3>{escaped(title)}</h3>\n{inside}" if inside else ""


def _pictures(anchor: str, run: Run) -> str:
    return _part("Pictures", *pictures_of_run(run, anchor))


def _manufacturers(run: Run) -> str:
    rows = _by_runway(run)
    affected = [row for _, row in rows if row["is_affected"]]
    calm = [str(row["name"]) for _, row in rows if not row["is_affected"]]
    cells = [_cells(row, run) for row in affected or [row for _, row in rows]]
    rest = f"Not affected: {', '.join(sorted(calm))}." if affected and calm else ""
    none = "" if affected else "No manufacturer is affected; these are all of them."
    return _part("Manufacturers", paragraph(none), table(SITE_HEAD, cells), paragraph(rest, "quiet"))


def _by_runway(run: Run) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of the site table by realised, then static runway; a never comes last."""

    def key(item: tuple[str, dict[str, Any]]) -> tuple[float, float, str]:
        row = item[1]
        ends = [float(row[f"{name}_runway_days"]) for name in ("realised", "static")]
        return *(math.inf if math.isnan(days) else days for days in ends), str(row["name"])  # type: ignore[return-value]

    rows = [(str(site), dict(row)) for site, row in run.metrics.to_dict("index").items()]
    return sorted(rows, key=key)  # type: ignore[arg-type]


def _cells(row: dict[str, Any], run: Run) -> tuple[Any, ...]:
    window = window_days(run.manifest)
    lost, plan = float(row["lost_beyond_baseline_units"]), max(float(row["planned_units"]), 1e-12)
    is_short = not math.isnan(row["realised_runway_days"])
    back = days_text(row["time_to_recover_days"]) if is_short else "-"
    return (
        row["name"],
        row["country"],
        days_text(row["days_of_cover_at_start"]),
        days_text(row["static_runway_days"]),
        days_text(row["pipeline_runway_days"], window),
        _with_band(row, window),
        row["first_shortfall_date"],
        row["line_stop_date"],
        words.material_text(run, row["limiting_component"]),
        units_text(lost),
        f"{100.0 * lost / plan:.1f} %",
        "not in the window" if is_short and back == "-" else back,
    )


def _with_band(row: dict[str, Any], window: int) -> str:
    text = days_text(row["realised_runway_days"], window)
    low, high = row["realised_runway_p10_days"], row["realised_runway_p90_days"]
    if math.isnan(low) and math.isnan(high):
        return text
    return f"{text} (80 %: {days_text(low, window)} to {days_text(high, window)})"


def _doubt(run: Run, case: Case) -> str:
    rows = [
        (item["condition"], words.VERDICTS.get(item["verdict"], item["verdict"]), item["detail"])
        for item in run.verdicts
    ]
    return _part(
        "How sure it is",
        *(paragraph(text) for text in words.doubt(run, case)),
        _probabilities(run),
        table(
            ("figure", "law from which it is drawn"),
            provenance.uncertain_rows(run, case),
            "Figures that the scenario calls uncertain",
        ),
        table(
            ("condition", "verdict", "found"),
            rows,
            "What must hold if the simulation is to be believed, as the scenario states it beforehand",
        ),
        bullets(run.manifest["warnings"]),
    )


def _probabilities(run: Run) -> str:
    """Return how likely each manufacturer stops, and what it loses, where that is anything."""
    if run.replications.empty:
        return ""
    rows, ensemble = [], run.ensemble
    for site in ensemble.sites:
        stop, lost = ensemble.stop_probability(site), ensemble.difference("lost_units", site)
        if stop.value == 0.0 and abs(lost.value) < LEAST_UNITS:
            continue
        rows.append(
            (
                run.metrics.at[site, "name"],
                f"{stop.value:.2f}",
                f"{stop.low:.2f} to {stop.high:.2f}",
                f"{lost.value:,.0f}",
                f"{lost.low:,.0f} to {lost.high:,.0f}",
            )
        )
    interval = "its 95 % interval"
    head = ("manufacturer", "probability of a stop", interval, "mean units lost", interval)
    caption = f"Until {ensemble.last_day.isoformat()}, over {ensemble.count} histories, beyond the baseline"
    return table(head, rows, caption) or paragraph("In no history does anybody stop or lose units.")


def _sources(run: Run, case: Case) -> str:
    named = provenance.origin_rows(provenance.scenario_sources(case), case.network)
    chosen = [site for site, row in _by_runway(run) if row["is_affected"]]
    chosen = chosen or [site for site, _ in _by_runway(run)[:STOCKS_OF]]
    own = [site for site in chosen if site in case.network.sites]
    stocks, more = provenance.stock_rows(own, case.network)
    head = ("manufacturer", "stock of", "lasts", "range", "origin", "id", "what it says")
    return _part(
        "Assumptions and sources of this scenario",
        table(SOURCE_HEAD, named, "Sources the scenario names")
        or paragraph("The scenario names no sources: it is a question, not a report of what happened."),
        table(head, stocks, "Stocks of manufacturers, on which runways rest [days of normal use]"),
        paragraph(f"{more} more stocks are in the tables of the network." if more else "", "quiet"),
    )


def _resolved(run: Run) -> str:
    text = run.resolved_yaml or ""
    said = (
        "The whole input; saved as a file it gives this run again."
        if text
        else ("This case was written in Python, so there is no file; the rules above are all it imposes.")
    )
    anchor = escape(f"scenario-{run.name}")
    inside = f'<div id="{anchor}">{code(text)}</div>' if text else ""
    return _part("The resolved scenario", paragraph(said), inside)
