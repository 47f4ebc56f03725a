"""``sim new``: a scenario to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.console import FAILED, guarded, note, say
from sim.cli.options import REFERENCE_NETWORK

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
    name: Annotated[str, typer.Argument(help="Name of the scenario, such as march_ban.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a scenario to start from into the current folder."""
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if not path.resolve().is_relative_to(Path.cwd()):
        raise typer.BadParameter(f"{name!r} leads out of the current folder; go there, or give a name")
    if path.exists() and not force:
        note(f"{path} exists; --force overwrites it")
        raise typer.Exit(FAILED)
    if not path.parent.is_dir():
        note(f"{path.parent} is not a folder; make it first")
        raise typer.Exit(FAILED)
    title = path.stem.replace("_", " ").capitalize()
    path.write_text(TEMPLATE.format(path=path.name, title=title, network=REFERENCE_NETWORK), encoding="utf-8")
    say(str(path))
    note(f"next: sim run {path}")
