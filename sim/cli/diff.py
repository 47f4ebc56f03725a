"""``sim diff``: what differs between two runs of one scenario."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import guarded, reader_may_leave, say, say_json
from sim.cli.options import AsJson

if TYPE_CHECKING:
    from sim.results.differences import RunDifference


@guarded
def diff(
    before: Annotated[str, typer.Argument(metavar="RUN", help="Run folder or scenario.")],
    after: Annotated[str, typer.Argument(metavar="RUN", help="Another run of the same scenario.")],
    as_json: AsJson = False,
) -> None:
    """Print what differs between two runs of one scenario: settings, scenario, results by site."""
    from sim.results.compare import run_of
    from sim.results.differences import difference

    found = difference(run_of(before), run_of(after))
    with reader_may_leave():
        if as_json:
            say_json(found.document())
        else:
            _print(found)


def _print(found: RunDifference) -> None:
    for name, one, other in found.settings:
        say(f"{name}: {one} -> {other}")
    for line in found.scenario:
        say(line)
    if found.metrics.empty:
        say("the results are the same")
        return
    from sim.cli.frames import print_frame

    frame = found.metrics.drop(columns=["site"])
    for column in ("before", "after"):
        frame[column] = [_text(value) for value in frame[column]]
    print_frame(frame, f"{found.metrics['site'].nunique()} sites differ")


def _text(value: Any) -> str:
    from sim.cli.frames import text

    return value.isoformat() if isinstance(value, date) else text(value)
