"""Load a scenario: the steps in order, and what they give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.case import Case
from sim.errors import Problem, ScenarioError
from sim.scenario import library
from sim.scenario.actual import leave_out
from sim.scenario.build import build_case
from sim.scenario.check import check
from sim.scenario.compose import compose
from sim.scenario.names import check_names, check_sources
from sim.scenario.promised import check_promises
from sim.scenario.rates import check_rates
from sim.scenario.rules import take_rules
from sim.scenario.settings import apply_setting
from sim.scenario.show import Row, resolved_yaml, rows
from sim.scenario.state_table import fill_in
from sim.scenario.sweep import Grid
from sim.scenario.syntax import Node, Problems, make_problem
from sim.scenario.validate import locate, validate
from sim.scenario.world import make_world


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that was read.

    Attributes
    ----------
    case
        What the engine takes.
    root
        The composed tree, each value with its origin.
    warnings
        What is legal but odd.
    left_out
        Measures of an included `policy/actual.yaml` that do not concern this scenario, each with the reason.
    """

    case: Case
    root: Node
    warnings: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()
    sweep: Grid = field(default_factory=dict)
    """Values by path of the scenario's own ``sweep:``."""

    @property
    def document(self) -> dict[str, Any]:
        """Return the composed scenario as plain dicts and lists."""
        plain: dict[str, Any] = self.root.plain()
        return plain

    def rows(self) -> list[Row]:
        """Return (path, value, origin) of every composed value."""
        return rows(self.root)

    def placed(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return problems found after loading with the place of their key, where the scenario says it."""
        return tuple(self._placed(problem) for problem in problems)

    def _placed(self, problem: Problem) -> Problem:
        node = self.root
        for part in re.findall(r"[^.\[\]]+", problem.key):
            below = locate(node, (int(part) if part.isdigit() and node.is_list else part,))
            if below is node:
                break
            node = below
        if node is self.root:
            return problem
        place = make_problem("", node.mark)
        return replace(
            problem, path=place.path, line=place.line, column=place.column, excerpt=place.excerpt
        )

    def resolved_yaml(self) -> str:
        """Return one YAML text, without other files, that loads to the same case."""
        return resolved_yaml(self.root, self.case)

    def _repr_html_(self) -> str:
        from sim.scenario.page import scenario_html

        return scenario_html(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        # IPython would print the whole network too.
        printer.text(f"<Scenario {self.case.name}: {self.case.title}>")


def load(path: str | Path, sets: Sequence[str] = (), strict: bool = False) -> Scenario:
    """Read a scenario file and everything it names.

    Parameters
    ----------
    path
        A file, or the name of a scenario of the library such as ``india_halt``.
    sets
        Overrides such as ``sites.toyota_japan.cover=60 d``, applied last, in order.
    strict
        Warnings are errors.

    Raises
    ------
    ScenarioError
        With every problem found, each with file, line, column and what would be right.

    Examples
    --------
    >>> load("india_halt").case.name  # doctest: +SKIP
    'india_halt'
    """
    file = library.find(path)
    if not file.exists() and not file.is_symlink():
        hint = library.suggestion(path)
        allowed = f"a scenario file, or one of the library: {', '.join(library.names())}"
        raise ScenarioError(
            Problem("does not exist", path=str(path), given=str(path), hint=hint, allowed=allowed)
        )
    problems, warnings = Problems(), Problems()
    root = compose(file, problems)
    for setting in sets:
        try:
            apply_setting(root, setting)
        except ScenarioError as error:
            problems.found.extend(error.problems)
    fill_in(root, Path(), problems)
    left_out = leave_out(root)
    take_rules(root, problems)
    parts = validate(root, problems)
    check(root, problems, warnings)
    world = make_world(parts, problems)
    if world is not None:
        check_names(root, world.network, problems, world.pending)
        check_rates(root, world.network, problems)
        check_sources(root, world.network, problems)
    check_promises(root, world, problems)
    case = build_case(parts, world, file, problems, warnings) if world is not None else None
    problems.stop()
    if case is None:
        raise ScenarioError(Problem("cannot be built", path=str(file)))
    if strict:
        warnings.stop()
    return Scenario(case, root, tuple(warnings.found), left_out, parts.top.get("sweep") or {})


def library_entries() -> list[tuple[str, str, str, Path]]:
    """Return (name, title, question, path) of every scenario of the library."""
    return library.entries()
