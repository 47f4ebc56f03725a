"""How a scenario shows itself in a notebook: its question, its window, and what it imposes when."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.interventions import Intervention
    from sim.scenario.load import Scenario


def scenario_html(scenario: Scenario) -> str:
    """Return the scenario as one self-contained piece of HTML; all text is escaped."""
    case = scenario.case
    replications = f"{case.replications} replications" if case.replications > 1 else "deterministic"
    window = f"{case.network.name}, {case.horizon_days} days from {case.start.isoformat()}, {replications}"
    own = [item for item in case.interventions if item.id not in case.background]
    rows = "".join(_row(item) for item in own)
    heads = "".join(f"<th>{name}</th>" for name in ("intervention", "kind", "start", "end", "what"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if own else ""
    behind = (
        f"<p>in the background: {escape(', '.join(sorted(case.background)))}</p>" if case.background else ""
    )
    warned = "".join(f"<li>{escape(str(problem))}</li>" for problem in scenario.warnings)
    return (
        f"<div><b>{escape(case.title or case.name)}</b><p><i>{escape(case.question)}</i></p>"
        f"<p>{escape(window)}</p>{table}{behind}{f'<ul>{warned}</ul>' if warned else ''}</div>"
    )


def _row(item: Intervention) -> str:
    cells = (item.id, item.kind, _day(item.start), _day(item.end), item.what())
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _day(day: date | None) -> str:
    return "-" if day is None else day.isoformat()
