"""``sim run --fail-if``: conditions on the result that end the command with code 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from sim.cli.console import note

if TYPE_CHECKING:
    from sim.case import Case
    from sim.results.run import Run


def refuse_unknown(conditions: Sequence[str], case: Case) -> None:
    """Refuse, before a case is run, a condition that its run could not be held to."""
    from sim.analysis.grammar import tidy
    from sim.analysis.must_hold import NOT_YET, needs_replications, problems_of_one

    for condition in conditions:
        fault = "; ".join(problem.message for problem in problems_of_one(case.network, condition))
        if not fault and tidy(condition) in NOT_YET:
            fault = "this needs prices, and there are none yet"
        if not fault and case.replications == 1 and needs_replications(condition):
            fault = f"{case.name} is a single history; add --replications"
        if not fault:
            fault = _date_outside(condition, case)
        if fault:
            raise typer.BadParameter(f"--fail-if {condition!r}: {fault}")


def _date_outside(condition: str, case: Case) -> str:
    """Say that a probability by a date beyond the run cannot be known; empty where it can."""
    from datetime import date, timedelta

    from sim.analysis import parse

    words, last = parse(condition), case.start + timedelta(days=case.horizon_days - 1)
    if "date" not in words or case.start <= date.fromisoformat(words["date"]) <= last:
        return ""
    return f"{words['date']} lies outside {case.name}, from {case.start} to {last}"


def any_holds(conditions: Sequence[str], run: Run) -> bool:
    """Name on stderr the conditions that hold of a run that was just made, and tell whether one does."""
    if not conditions:
        return False
    from sim.analysis import Outcome, check
    from sim.analysis.facts import RunFacts

    found = [item for item in check(conditions, RunFacts.of(run)) if item.outcome is Outcome.PASSED]
    for item in found:
        note(f"failed: {run.name}: --fail-if {item.condition!r} holds: {item.detail}")
    return bool(found)
