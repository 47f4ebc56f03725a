"""``sim validate``: every error of every file, without running anything."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sim.cli.console import BAD_INPUT, guarded, note, say, say_json
from sim.cli.options import AsJson, Sets


@guarded
def validate(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Files or library names.")],
    strict: Annotated[bool, typer.Option("--strict", help="Make warnings errors.")] = False,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Check scenarios: every error with its line, the text, what is allowed and the nearest match."""
    found = [_check(name, tuple(sets or ()), strict=strict) for name in scenarios]
    if as_json:
        say_json({"schema_version": 1, "files": found})
    else:
        for item in found:
            for problem in item["warnings"]:
                note(f"warning: {problem['text']}")
            for sentence in item["left_out"]:
                note(f"policy/actual.yaml: {sentence}")
            for problem in item["problems"]:
                note(problem["text"])
            say(f"{item['file']}: {'valid' if item['valid'] else _count(len(item['problems']))}")
    if not all(item["valid"] for item in found):
        raise typer.Exit(BAD_INPUT)


def _count(number: int) -> str:
    return f"{number} error" + ("s" if number != 1 else "")


def _check(name: str, sets: tuple[str, ...], *, strict: bool) -> dict[str, Any]:
    from sim.errors import DataError, ScenarioError
    from sim.scenario import load
    from sim.steady import solve

    try:
        scenario = load(name, sets=sets, strict=strict)
        try:
            solve(scenario.case.network)
        except DataError as error:
            raise DataError(scenario.placed(error.problems)) from None
    except (ScenarioError, DataError) as error:
        problems = [_parts(problem) for problem in error.problems]
        return {"file": name, "valid": False, "problems": problems, "warnings": [], "left_out": []}
    warnings = [_parts(problem) for problem in scenario.warnings]
    left_out = list(scenario.left_out)
    return {"file": name, "valid": True, "problems": [], "warnings": warnings, "left_out": left_out}


def _parts(problem: Any) -> dict[str, Any]:
    """Return a problem as JSON; a warning may be a mere sentence."""
    parts = {
        name: getattr(problem, name, default)
        for name, default in (
            ("message", str(problem)),
            ("path", ""),
            ("line", None),
            ("column", None),
            ("key", ""),
            ("given", ""),
            ("allowed", ""),
            ("hint", ""),
        )
    }
    return {**parts, "text": str(problem)}
