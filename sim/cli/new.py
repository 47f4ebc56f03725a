"""``sim new``: a scenario to start from, a table of the initial state to fill in, or an invented network."""

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


NETWORK = "network"
"""The word in place of a scenario's name that asks for a network."""


@guarded
def new(
    name: Annotated[
        str,
        typer.Argument(help="Scenario, such as march_ban; table, such as stocks.csv; or the word network."),
    ],
    network: NetworkName = REFERENCE_NETWORK,
    site: Annotated[
        list[str] | None,
        typer.Option("--site", help="For a table: site, country or operator whose rows it has; may repeat."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    sites: Annotated[int | None, typer.Option(help="network: number of sites (default 60).")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="network: the same seed, the same tables (default 1).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="network: its folder (default network_<sites>).")] = None,
) -> None:
    """Write a scenario, a table of stocks to fill in, or an invented network, into the current folder."""
    if name == NETWORK:
        _new_network(60 if sites is None else sites, 1 if seed is None else seed, out, force=force)
        return
    for option, value in (("--sites", sites), ("--seed", seed), ("--out", out)):
        if value is not None:
            raise typer.BadParameter(f"{option} belongs to `sim new {NETWORK}`; a scenario has none")
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


def _new_network(sites: int, seed: int, out: Path | None, *, force: bool) -> None:
    """Write the tables of an invented network into a folder that is new or empty, or was made here before."""
    from sim.data.invented import write_network
    from sim.data.invented_world import COLUMNS
    from sim.errors import StoreError

    folder = Path(f"network_{sites}") if out is None else out
    if folder.is_file():
        note(f"{folder} is a file; --out names a folder")
        raise typer.Exit(FAILED)
    own = {f"{table}.csv" for table in COLUMNS} if force else set()
    strange = sorted(item.name for item in folder.glob("*") if item.name not in own)
    if strange:
        hint = "" if force else "; --force overwrites the tables of a network"
        note(f"{folder} holds {strange[0]}{hint}")
        raise typer.Exit(FAILED)
    if not folder.parent.is_dir():
        note(f"{folder.parent} is not a folder; make it first")
        raise typer.Exit(FAILED)
    try:
        counts = write_network(folder, sites, seed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error
    say(str(folder))
    note(", ".join(f"{count} {stage}" for stage, count in counts.items()))
    note(f"next: sim show network --network {folder}")
