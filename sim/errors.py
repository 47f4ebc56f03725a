"""Everything this package raises on purpose.

    SimError
    ├── ScenarioError (ValueError)     the scenario file is wrong; carries every problem found
    ├── DataError (ValueError)         a table or a network is wrong
    ├── InvariantError (AssertionError) mass was lost: always our bug
    ├── StoreError                     a run folder cannot be written or read
    └── RunFailed                      a run could not be finished

Each carries its parts as `Problem` records, so that tests check parts and one test checks rendering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, what would be right, what to do."""

    message: str
    path: str = ""
    """File."""
    line: int | None = None
    column: int | None = None
    key: str = ""
    """Path of keys inside the file, such as `interventions[0].start`."""
    given: str = ""
    """The offending text."""
    allowed: str = ""
    hint: str = ""
    """What to do, or the nearest match."""
    excerpt: str = ""
    """The source line, for the caret."""

    def __str__(self) -> str:
        where = self.path
        if self.line is not None:
            where += f":{self.line}"
            if self.column is not None:
                where += f":{self.column}"
        head = f"{where}: {self.message}" if where else self.message
        parts = [head]
        if self.excerpt:
            parts.append(f"    | {self.excerpt}")
            if self.column is not None:
                parts.append("    | " + " " * (self.column - 1) + "^")
        if self.hint:
            parts.append(f"    {self.hint}")
        if self.allowed:
            parts.append(f"    allowed: {self.allowed}")
        return "\n".join(parts)


class SimError(Exception):
    """Base of all errors raised on purpose; `problems` holds the parts."""

    def __init__(self, problems: str | Problem | Sequence[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ScenarioError(SimError, ValueError):
    """A scenario file is wrong."""


class DataError(SimError, ValueError):
    """A table, or the network made from it, is wrong."""


class InvariantError(SimError, AssertionError):
    """Mass was created or lost. This is a bug in sim, never in the scenario."""


class StoreError(SimError):
    """A run folder cannot be written or read."""


class RunFailed(SimError):  # noqa: N818 - the name the documentation uses
    """A run could not be finished."""
