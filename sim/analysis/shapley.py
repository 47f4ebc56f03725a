"""Whose part of a loss is whose: Shapley's shares over all subsets of a scenario's interventions.

``python -m sim.analysis.shapley SCENARIO`` prints them for a scenario of the library or a file. The share
of an intervention is the mean, over all orders in which they could be added one after another, of what it
adds to the loss (L. S. Shapley, A value for n-person games, 1953). Shares sum to the loss of all together
exactly, those of two that do the same are the same, and one that never adds anything has none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.case import Case
    from sim.engine.trajectory import Trajectory

MOST = 10
"""Most interventions that are shared out: 1,024 runs."""
Value = Callable[[frozenset[str]], float]


@dataclass(frozen=True, slots=True)
class Shares:
    """A loss and its parts.

    Attributes
    ----------
    total
        Loss of all together beyond the loss of none [plans of a manufacturer over the horizon].
    shares
        By intervention: its part, same unit.
    alone
        By intervention: the loss if it came alone, same unit.
    """

    total: float
    shares: Mapping[str, float]
    alone: Mapping[str, float]


def subsets(players: Iterable[str]) -> Iterator[frozenset[str]]:
    """Yield every subset, small ones first."""
    names = sorted(players)
    for size in range(len(names) + 1):
        yield from map(frozenset, combinations(names, size))


def shapley(players: Collection[str], value: Value) -> dict[str, float]:
    """Return each player's share of ``value(all) - value(none)``.

    Parameters
    ----------
    value
        Gives the loss of a subset; it is asked once for each.

    Examples
    --------
    Two that only bite together share evenly.

    >>> shapley(["a", "b"], lambda some: 8.0 if len(some) == 2 else 0.0)
    {'a': 4.0, 'b': 4.0}
    """
    known = {some: value(some) for some in subsets(players)}
    count = len(players)
    shares = {}
    for player in sorted(players):
        share = 0.0
        for some in subsets(set(players) - {player}):
            weight = factorial(len(some)) * factorial(count - len(some) - 1) / factorial(count)
            share += weight * (known[some | {player}] - known[some])
        shares[player] = share
    return shares


def plans_lost(case: Case, run: Trajectory) -> float:
    """Return what manufacturers did not build, each as a share of its plan over the horizon, summed."""
    sites = case.network.sites
    lost = 0.0
    for i, name in enumerate(run.lines):
        if sites[case.network.lines[name].site].stage == "oem":
            planned = float(run.line_planned[:, i].sum())
            made = float(run.line_made[:, i].sum())
            lost += max(planned - made, 0.0) / planned if planned > 0.0 else 0.0
    return lost


def shares_of_loss(
    case: Case, measure: Callable[[Case, Trajectory], float] = plans_lost, replication: int | None = None
) -> Shares:
    """Return whose part of the loss is whose, by runs of every subset of the case's interventions.

    What stays in the baseline (`background`) stays in every run. An intervention that waits for another
    (`after`) is left out of runs without that one.

    Raises
    ------
    ValueError
        If there are no interventions to share among, or more than `MOST`.
    """
    from sim.engine import simulate

    players = [item.id for item in case.interventions if item.id not in case.background]
    if not 1 <= len(players) <= MOST:
        raise ValueError(
            f"{case.name} has {len(players)} interventions to share a loss among; 1 to {MOST} are allowed. "
            "Put what is not asked about into `background`"
        )
    losses: dict[frozenset[str], float] = {}

    def value(some: frozenset[str]) -> float:
        if some not in losses:
            part = _only(case, some | set(case.background))
            losses[some] = measure(part, simulate(part, replication, in_detail=False))
        return losses[some]

    shares = shapley(players, value)
    none = value(frozenset())
    alone = {name: value(frozenset({name})) - none for name in players}
    return Shares(value(frozenset(players)) - none, shares, alone)


def _only(case: Case, wanted: Collection[str]) -> Case:
    """Return the case with some of its interventions, without those that wait for one that is not there."""
    kept = {item.id: item for item in case.interventions if item.id in wanted}
    while True:
        orphans = [name for name, item in kept.items() if item.after and item.after.intervention not in kept]
        if not orphans:
            return replace(case, interventions=tuple(kept.values()))
        for name in orphans:
            del kept[name]


def main(arguments: list[str]) -> int:
    """Print the shares of one scenario; return 2 if it cannot be loaded or shared out."""
    from sim.errors import SimError
    from sim.scenario import load

    if len(arguments) != 1:
        sys.stderr.write("usage: python -m sim.analysis.shapley SCENARIO\n")
        return 2
    try:
        found = shares_of_loss(load(arguments[0]).case)
    except (SimError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    lines = [f"{'intervention':24}{'share':>10}{'alone':>10}   plans of a manufacturer lost over the horizon"]
    for name, share in sorted(found.shares.items(), key=lambda item: -item[1]):
        lines.append(f"{name:24}{share:10.4f}{found.alone[name]:10.4f}")
    lines.append(f"{'together':24}{found.total:10.4f}{sum(found.alone.values()):10.4f}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
