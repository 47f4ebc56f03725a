"""The example of each kind, as its docstring has it: alone, and as a scenario that runs."""

from __future__ import annotations

import inspect
import re
from textwrap import indent

from sim.interventions.base import Intervention

SCENARIO = """\
title: {kind}, an example
question: What does this {kind} change?
network: rare_earths_2024
start: 2025-01-01
horizon: 18 months
interventions:
  - {item}
"""


def example_of(kind: type[Intervention]) -> str:
    """Return the YAML example at the end of a kind's docstring.

    Raises
    ------
    ValueError
        If the docstring has none.
    """
    text = inspect.getdoc(kind) or ""
    found = re.search(r"^```yaml\n(.*?)^```$", text.rpartition("Examples\n---")[2], re.DOTALL | re.MULTILINE)
    if found is None:
        raise ValueError(f"{kind.__name__} has no YAML example at the end of its docstring")
    return found[1]


def example_scenario(kind: type[Intervention]) -> str:
    """Return a scenario of the reference network whose one intervention is the example of a kind."""
    return SCENARIO.format(kind=kind.kind, item=indent(example_of(kind), "    ").strip())
