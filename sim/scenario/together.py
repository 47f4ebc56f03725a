"""Correlations against what is uncertain in the built scenario."""

from __future__ import annotations

from collections.abc import Mapping

from sim.case import Correlation, normal_correlations
from sim.data import ranges
from sim.domain import Distribution, Network
from sim.scenario.models import locate
from sim.scenario.syntax import Node, Problems
from sim.units import did_you_mean

KEY = "correlations"


def checked_correlations(
    stated: tuple[Correlation, ...],
    root: Node,
    network: Network,
    laws: Mapping[str, Distribution],
    problems: Problems,
) -> tuple[Correlation, ...]:
    """Return the correlations; what is not uncertain, or contradicts the rest, goes to ``problems``."""
    drawn = {*laws, *ranges(network, laws)}
    seen: set[frozenset[str]] = set()
    for number, item in enumerate(stated):
        for place, path in enumerate(item.paths):
            if path not in drawn:
                node = locate(root, (KEY, number, "between", place))
                problems.add(
                    f"{KEY}[{number}]: '{path}' is not uncertain",
                    node.mark,
                    key=f"{KEY}[{number}].between[{place}]",
                    given=path,
                    hint=did_you_mean(path, sorted(drawn)),
                    allowed="a figure with a distribution, or one whose row of the tables states a range",
                )
        if frozenset(item.paths) in seen:
            node = locate(root, (KEY, number))
            problems.add(f"{KEY}[{number}] says a pair twice", node.mark, key=f"{KEY}[{number}]")
        seen.add(frozenset(item.paths))
    try:
        normal_correlations((*item.paths, item.rank) for item in stated)
    except ValueError as error:
        problems.add(f"{KEY}: {error}", locate(root, (KEY,)).mark, key=KEY)
    return stated
