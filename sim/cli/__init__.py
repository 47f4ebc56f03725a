"""The command line: parse, call, print. Nothing here computes.

Heavy imports stand inside the commands, so that ``sim --help`` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the entry point of ``sim``. Always ends in `SystemExit`."""
    from sim.cli import console
    from sim.cli.app import app

    words = list(sys.argv[1:] if arguments is None else arguments)
    if "--debug" in words:
        # Taken wherever it stands: who needs it has just seen a command fail.
        words = [word for word in words if word != "--debug"]
        console.STATE.debug = True
    app(args=words, prog_name="sim")
