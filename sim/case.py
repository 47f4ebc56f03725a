"""The Case: the single object the engine accepts. It can be written in Python without any YAML.

A case is a network, a window of time, the interventions, what is uncertain, and a seed. It knows no
file format and no engine.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import Enum

import numpy as np

from sim.domain import Distribution, Network
from sim.errors import DataError
from sim.interventions import Intervention

SMALLEST_EIGENVALUE = 1e-9
"""Of a matrix of correlations that can still be told from a contradiction."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A figure of the network or of an intervention that is drawn once per replication.

    `path` is the path of `--set`: `sites.suzuki_japan.cover`, `interventions.april.enforced`.
    """

    path: str
    distribution: Distribution


class Design(Enum):
    """How the uncertain figures are spread over the replications."""

    RANDOM = "random"
    LATIN_HYPERCUBE = "latin_hypercube"
    SOBOL = "sobol"


@dataclass(frozen=True, slots=True)
class Correlation:
    """Two uncertain figures that tend to be high together (or, below zero, apart).

    `rank` is Spearman's correlation of ranks, -1 to 1, under a Gaussian copula.
    """

    paths: tuple[str, str]
    rank: float


def normal_correlations(pairs: Iterable[tuple[str, str, float]]) -> tuple[list[str], np.ndarray]:
    """Return the names in order, and the correlations of the normals behind them.

    A rank correlation r belongs to normals that are correlated by 2 sin(pi r / 6) (Pearson, 1907). Pairs that
    are not stated are independent.

    Raises
    ------
    ValueError
        If no figures can be correlated like that together.
    """
    stated = list(pairs)
    names = sorted({name for one, other, _ in stated for name in (one, other)})
    matrix = np.eye(len(names))
    for one, other, rank in stated:
        i, j = names.index(one), names.index(other)
        matrix[i, j] = matrix[j, i] = 2.0 * math.sin(math.pi * rank / 6.0)
    if names and float(np.linalg.eigvalsh(matrix)[0]) < SMALLEST_EIGENVALUE:
        raise ValueError("these correlations contradict each other: no figures can have all of them")
    return names, matrix


@dataclass(frozen=True, slots=True)
class OpenLicence:
    """A licence, or an application for one, that is open on day 0.

    Attributes
    ----------
    rule
        Id of the `export_licence` it is under.
    lanes
        What it is for; several lanes share it by their normal flow.
    quantity
        Still unused, or applied for [unit of material].
    is_granted
        False: it waits for the authority's decision.
    day
        When it was granted or filed (days from the start, at most 0).
    until
        First day on which it is no longer valid (days from the start); None: it does not lapse.
    """

    rule: str
    lanes: tuple[str, ...]
    quantity: float
    is_granted: bool
    day: int = 0
    until: int | None = None


@dataclass(frozen=True, slots=True)
class InitialState:
    """Stocks, goods at sea and open licences on day 0 where they differ from the steady state.

    Attributes
    ----------
    on_hand
        Stock by (site, material) [unit of the material]. A bought material is spread over its lanes
        by their shares.
    in_transit
        Goods at sea by lane: pairs of (arrival day, quantity). A lane that is named replaces its
        whole steady pipeline.
    licences
        Licences and applications that are open; without them none is.
    """

    on_hand: Mapping[tuple[str, str], float] = field(default_factory=dict)
    in_transit: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    licences: tuple[OpenLicence, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated.

    Attributes
    ----------
    background
        Ids of interventions that stay in the baseline (they came from a dated list of actual policy).
    runway_from
        Date from which runways count; None: the first enforced day of the first intervention.
    branches
        The branch of each intervention that this case follows, by intervention id.
    correlations, design
        How the figures in `uncertain` hang together, and how they are spread over the replications.
    """

    name: str
    network: Network
    start: date = date(2025, 1, 1)
    horizon_days: int = 1095
    interventions: tuple[Intervention, ...] = ()
    title: str = ""
    question: str = ""
    file: str = ""
    seed: int = 1
    replications: int = 1
    uncertain: tuple[Uncertain, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    design: Design = Design.RANDOM
    initial_state: InitialState = InitialState()
    background: frozenset[str] = frozenset()
    runway_from: date | None = None
    branches: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    must_hold: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring into the network what interventions need there; it stays in the baseline, unused.

        Raises
        ------
        DataError
            If the window is empty, runways count from a day outside it, or two interventions share an id.
        """
        self._check()
        network, on_hand = self.network, dict(self.initial_state.on_hand)
        for item in sorted(self.interventions, key=lambda item: item.id):
            endowed = item.endows(network)
            network = item.equip(network)
            for place, quantity in endowed.items():
                on_hand.setdefault(place, quantity)
        if network is not self.network:
            object.__setattr__(self, "network", network)
        if len(on_hand) > len(self.initial_state.on_hand):
            object.__setattr__(self, "initial_state", replace(self.initial_state, on_hand=on_hand))

    def _check(self) -> None:
        """Refuse what a scenario file could not say either."""
        if type(self.start) is not date:
            raise DataError(f"start is {self.start!r}; it is a date such as date(2025, 1, 1)")
        if not isinstance(self.horizon_days, int | np.integer) or self.horizon_days < 1:
            raise DataError(f"horizon_days is {self.horizon_days!r}; it is a whole number of days, 1 or more")
        last = self.start + timedelta(days=int(self.horizon_days) - 1)
        if self.runway_from is not None and not self.start <= self.runway_from <= last:
            raise DataError(f"runway_from is {self.runway_from}; the case runs from {self.start} to {last}")
        for name, times in Counter(item.id for item in self.interventions).items():
            if times > 1:
                raise DataError(f"{times} interventions have the id {name!r}; each needs one of its own")

    def _repr_html_(self) -> str:
        """Return the case for a notebook: question, window, what it imposes; all text is escaped."""
        from html import escape

        luck = f"{self.replications} replications" if self.replications > 1 else "deterministic"
        window = f"{self.network.name}, {self.horizon_days} days from {self.start.isoformat()}, {luck}"
        rules = "".join(
            f"<li><b>{escape(item.id)}</b> ({escape(item.kind)}): {escape(item.describe())}"
            f"{', in the baseline too' if item.id in self.background else ''}</li>"
            for item in self.interventions
        )
        return (
            f"<div><b>{escape(self.title or self.name)}</b><p><i>{escape(self.question)}</i></p>"
            f"<p>{escape(window)}</p><ul>{rules}</ul></div>"
        )

    def baseline(self) -> Case:
        """Return the same world without the case's own interventions, with the same luck."""
        kept = tuple(item for item in self.interventions if item.id in self.background)
        return replace(self, interventions=kept)
