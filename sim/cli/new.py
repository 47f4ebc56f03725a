"""``sim new``: a scenario to start from, or a table of the initial state to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.console import FAILED, guarded, note, say
from sim.cli.options import REFERENCE_NETWORK, NetworkName

TEMPLATE = """\
# {path}
title: {title}
question: What happens to each manufacturer's runway?
network: {network}
start: 2025-01-01
horizon: 18 months
interventions:
  - id: first_cut
    kind: export_ban
    from: China
    to: Japan
    materials: [magnet_heavy]
    start: 2025-04-04
must_hold:
  - static <= pipeline <= realised
"""


@guarded
def new(
    name: Annotated[str, typer.Argument(help="Scenario, such as march_ban, or table, such as stocks.csv.")],
    network: NetworkName = REFERENCE_NETWORK,
    site: Annotated[
        list[str] | None,
        typer.Option("--site", help="For a table: site, country or operator whose rows it has; may repeat."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a scenario to start from, or a table of stocks to fill in, into the current folder."""
    is_table = name.endswith(".csv")
    path = Path(name if is_table or name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if not is_table and (site or network != REFERENCE_NETWORK):
        raise typer.BadParameter("--network and --site are for a table, whose name ends in .csv")
    if not path.resolve().is_relative_to(Path.cwd()):
        raise typer.BadParameter(f"{name!r} leads out of the current folder; go there, or give a name")
    if path.exists() and not force:
        note(f"{path} exists; --force overwrites it")
        raise typer.Exit(FAILED)
    if not path.parent.is_dir():
        note(f"{path.parent} is not a folder; make it first")
        raise typer.Exit(FAILED)
    path.write_text(_table(network, site or []) if is_table else _scenario(path), encoding="utf-8")
    say(str(path))
    if is_table:
        note(f"next: fill it in, and say `initial_state: {path.name}` in a scenario beside it")
    else:
        note(f"next: sim run {path}")


def _scenario(path: Path) -> str:
    title = path.stem.replace("_", " ").capitalize()
    return TEMPLATE.format(path=path.name, title=title, network=REFERENCE_NETWORK)


def _table(network: str, places: list[str]) -> str:
    from sim.cli.networks import network_of
    from sim.scenario.state_template import template

    try:
        return template(network_of(network), places)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
