"""Weighted futures: which branch each intervention follows, and with what weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.case import Case
    from sim.interventions import Intervention


@dataclass(frozen=True, slots=True)
class Future:
    """One combination of branches."""

    case: Case
    """The case with each intervention as this future has it."""
    weight: float
    """Probability of the combination [share]."""
    branches: tuple[tuple[str, str], ...]
    """(intervention id, branch name), in order."""


def futures(case: Case) -> list[Future]:
    """Return every combination of branches with its weight; one of weight 1 without branches.

    A branch that the case already states in `branches` is the only one of its intervention.
    """
    options = [_options(item, case.branches.get(item.id)) for item in case.interventions if item.branches]
    found = []
    for choice in product(*options):
        names = tuple((item_id, name) for item_id, name, _ in choice)
        weight = 1.0
        for _, _, part in choice:
            weight *= part
        found.append(Future(follow(case, dict(names)), weight, names))
    return found


def likeliest(case: Case) -> Future:
    """Return the combination of the likeliest branches; the first listed where tied."""
    names = {}
    for item in case.interventions:
        if item.branches:
            options = _options(item, case.branches.get(item.id))
            names[item.id] = max(options, key=lambda option: option[2])[1]
    return Future(follow(case, names), 1.0, tuple(names.items()))


def follow(case: Case, names: dict[str, str]) -> Case:
    """Return the case with the named branch of each intervention in place of the choice."""
    resolved = tuple(
        item.with_branch(names[item.id]) if item.id in names else item for item in case.interventions
    )
    return replace(case, interventions=resolved, branches={})


def _options(item: Intervention, stated: str | None) -> list[tuple[str, str, float]]:
    if stated is not None:
        return [(item.id, stated, 1.0)]
    total = sum(branch.weight for branch in item.branches)
    return [(item.id, branch.name, branch.weight / total) for branch in item.branches if branch.weight > 0.0]
