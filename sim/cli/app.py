"""The commands, in the order of the help. Importing this loads no simulation library."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli.claims import claims
from sim.cli.compare import compare
from sim.cli.console import STATE, say
from sim.cli.diff import diff
from sim.cli.export import export
from sim.cli.listing import listing
from sim.cli.new import new
from sim.cli.plot import plot
from sim.cli.report_page import report
from sim.cli.run import run
from sim.cli.schema import schema
from sim.cli.show import show
from sim.cli.sources import sources
from sim.cli.stress import stress
from sim.cli.sweep import sweep
from sim.cli.validate import validate

app = typer.Typer(
    name="sim",
    help="Simulate the rare-earth supply chain and say how many days each manufacturer keeps building.",
    no_args_is_help=True,
    # Plain help: rich alone would cost more than everything else together.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from sim.version import __version__

        say(f"sim {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere.")] = False,
) -> None:
    """Simulate the rare-earth supply chain and say how many days each manufacturer keeps building."""
    if debug:
        STATE.debug = True


app.command("run")(run)
app.command("stress")(stress)
app.command("sweep")(sweep)
app.command("validate")(validate)
app.command("show")(show)
app.command("list")(listing)
app.command("compare")(compare)
app.command("diff")(diff)
app.command("plot")(plot)
app.command("report")(report)
app.command("claims")(claims)
app.command("schema")(schema)
app.command("new")(new)
app.command("sources")(sources)
app.command("export")(export)
