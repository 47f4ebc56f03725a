"""The scenario language: YAML in, `Case` out.

    syntax -> compose -> validate -> check -> world -> build

Each step notes everything that is wrong, so that one error names all mistakes of a file.
"""

from __future__ import annotations

from sim.scenario.load import Scenario, load
from sim.scenario.load import library_entries as library
from sim.scenario.reference import json_schema

__all__ = ["Scenario", "json_schema", "library", "load"]
