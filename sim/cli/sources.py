"""``sim sources``: where the figures of a run, a scenario or a network come from."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli.console import guarded, say, say_json
from sim.cli.options import REFERENCE_NETWORK, AsJson


@guarded
def sources(
    what: Annotated[
        str, typer.Argument(metavar="[RUN|SCENARIO|NETWORK]", help="Run folder, scenario or network.")
    ] = REFERENCE_NETWORK,
    coverage: Annotated[bool, typer.Option("--coverage", help="Share of assumptions by stage.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the sources behind the figures, or how much of each stage is assumed."""
    from sim.cli.frames import print_frame, records
    from sim.cli.networks import network_of_any
    from sim.steady import report

    network = network_of_any(what)
    if coverage:
        counted = report.sources_coverage(network)
        frame, title, column = counted.reset_index(), "rows of the tables by origin", "assumption_share"
    else:
        frame, title, column = report.largest_sources(network).reset_index(), "rows by source", "share"
    if as_json:
        say_json({"schema_version": 1, "network": network.name, "rows": records(frame)})
        return
    print_frame(frame, title, {column: "share"})
    if coverage:
        share = 100.0 * float(counted.attrs["largest_source_share"])
        name = counted.attrs["largest_source"]
        say(f"largest source: {name}, {share:.1f} % of the rows that are not derived")
