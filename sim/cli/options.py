"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a value: sites.toyota_japan.cover='60 d'."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the headline only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print more: touched shares, log, timing.")]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=1, help="Processes; the result is the same for any number.")
]
NetworkName = Annotated[str, typer.Option("--network", help="Name or folder of the network.")]

REFERENCE_NETWORK = "rare_earths_2024"
