"""``sim claims``: what the founding articles say, against the network."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli.console import guarded, note, say_json
from sim.cli.options import REFERENCE_NETWORK, AsJson, NetworkName


@guarded
def claims(
    network: NetworkName = REFERENCE_NETWORK,
    belief: Annotated[str | None, typer.Option(help="A named set of figures, such as seed_world.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print each claim of the articles with its verdict and both numbers."""
    from sim.cli.frames import print_frame, records
    from sim.data import load_network, with_belief
    from sim.data.claims import check_claims
    from sim.steady import solve

    loaded = load_network(network)
    if belief is not None:
        loaded = with_belief(loaded, belief)
    frame = check_claims(loaded, solve(loaded))
    if as_json:
        say_json({"schema_version": 1, "network": loaded.name, "belief": belief, "claims": records(frame)})
        return
    if frame.empty:
        note(f"{loaded.name} has no claims: the table claims.csv of a network holds them")
        return
    print_frame(frame, "claims of the founding articles")
