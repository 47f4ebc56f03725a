"""``sim schema``: the JSON Schema of a scenario, for editors."""

from __future__ import annotations

from sim.cli.console import guarded, say_json


@guarded
def schema() -> None:
    """Print the JSON Schema of a scenario file."""
    from sim.scenario import json_schema

    say_json(json_schema())
