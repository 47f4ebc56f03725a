"""Options that several commands share."""

from __future__ import annotations

from datetime import datetime
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
UntilCi = Annotated[
    str | None,
    typer.Option(
        "--until-ci",
        metavar="MEASURE=HALF",
        help="Stop when a 95 % interval is narrow: 'lost_units at toyota_japan = 5 %', 'stop = 0.02'.",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep", metavar="SERIES", help="Series to keep of every replication: 'built at toyota_japan'."
    ),
]
By = Annotated[
    datetime | None,
    typer.Option("--by", formats=["%Y-%m-%d"], metavar="DATE", help="Stop probabilities by this date."),
]
FailIf = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-if",
        metavar="CONDITION",
        help="End with code 1 if this holds of the result: 'toyota_japan stops', "
        "'lost_units at sony > 1000', 'stop probability at byd > 5 %'; may be repeated.",
    ),
]
ClusterAddress = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Dask scheduler, tcp://host:port, in place of --jobs."),
]
NetworkName = Annotated[str, typer.Option("--network", help="Name or folder of the network.")]

DRY_RUN = "Resolve, count and estimate time and memory from one history; keep nothing."
REFERENCE_NETWORK = "rare_earths_2024"
