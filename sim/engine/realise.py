"""One replication of a case: uncertain figures drawn or at their centre, branches chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from sim.case import Case, InitialState
from sim.data import with_numbers
from sim.domain import Network
from sim.engine.design import drawn_numbers
from sim.engine.draws import stream, streams
from sim.errors import DataError
from sim.interventions import Intervention
from sim.interventions.base import Answer

INTERVENTIONS, INITIAL_STATE = "interventions.", "initial_state."


@dataclass(frozen=True, slots=True)
class Realised:
    """A case with nothing left to chance but what the streams bring while it runs."""

    network: Network
    interventions: tuple[Intervention, ...]
    initial_state: InitialState
    numbers: Mapping[str, float]
    """What was drawn, or taken at its centre, by path."""


@dataclass(frozen=True, slots=True)
class CaseWorld:
    """What an intervention may know; see `sim.interventions.World`."""

    network: Network
    horizon_days: int
    deterministic: bool
    start: date
    seed: int
    replication: int
    flows: Mapping[str, float]
    """What each lane ships on a normal day [unit of material/day]."""
    found: dict[str, Any] = field(default_factory=dict)
    """Answers by question; see `once`."""

    def flow(self, lane_id: str) -> float:
        """Return what a lane ships on a normal day."""
        return self.flows[lane_id]

    def day(self, when: date) -> float:
        """Return the day number of a date."""
        return float((when - self.start).days)

    def rng(self, stream: str) -> np.random.Generator:
        """Return a fresh generator of the named stream."""
        return _stream(self.seed, f"{INTERVENTIONS}{stream}", self.replication)

    def once(self, question: str, find: Callable[[], Answer]) -> Answer:
        """Return what is found to a question whose answer stays the same all through a run."""
        if question not in self.found:
            self.found[question] = find()
        answer: Answer = self.found[question]
        return answer

    def rngs(self, streams: tuple[str, ...]) -> Iterator[np.random.Generator]:
        """Return a fresh generator of each named stream, that of `rng`."""
        return _streams(self.seed, tuple(f"{INTERVENTIONS}{name}" for name in streams), self.replication)


_stream, _streams = stream, streams


def realise(case: Case, replication: int | None) -> Realised:
    """Return one replication of a case; `None`: central values and the likeliest branches."""
    numbers = drawn(case, replication)
    own = {path: value for path, value in numbers.items() if is_of_network(path)}
    return Realised(
        network=_drawn_network(case.network, own) if own else case.network,
        interventions=tuple(_with_numbers(_branched(case, item), numbers) for item in case.interventions),
        initial_state=_initial_state(case.initial_state, numbers),
        numbers=numbers,
    )


_LAST: list[Any] = []
"""The network that was realised last: the very network it came from, the numbers, and what came of them."""


def _drawn_network(network: Network, numbers: dict[str, float]) -> Network:
    """Return a network with its drawn figures; a scenario and its baseline share one."""
    if not (_LAST and _LAST[0] is network and _LAST[1] == numbers):
        _LAST[:] = [network, numbers, with_numbers(network, numbers)]
    found: Network = _LAST[2]
    return found


def drawn(case: Case, replication: int | None) -> dict[str, float]:
    """Return a replication's uncertain figures, by path; `None`: their central values."""
    if replication is None:
        return {item.path: float(item.distribution.central()) for item in case.uncertain}
    return drawn_numbers(case, replication)


def is_of_network(path: str) -> bool:
    """Tell whether an uncertain figure is the network's (not an intervention's or the initial state's)."""
    return not path.startswith((INTERVENTIONS, INITIAL_STATE))


def likeliest(intervention: Intervention) -> str:
    """Return the branch of the largest weight, the first listed if tied."""
    return max(intervention.branches, key=lambda branch: branch.weight).name


def _branched(case: Case, intervention: Intervention) -> Intervention:
    if not intervention.branches:
        return intervention
    return intervention.with_branch(case.branches.get(intervention.id, likeliest(intervention)))


def _with_numbers(intervention: Intervention, numbers: Mapping[str, float]) -> Intervention:
    prefix = f"{INTERVENTIONS}{intervention.id}."
    for path, value in numbers.items():
        if path.startswith(prefix):
            intervention = _set_field(intervention, path[len(prefix) :].split("."), value)
    return intervention


def _set_field(record: Any, keys: list[str], value: float) -> Any:
    """Return a frozen record with one (nested) field replaced; YAML names are known by alias."""
    names = {}
    for name, item in getattr(record, "__dataclass_fields__", {}).items():
        names[name] = name
        names[item.metadata.get("alias", name)] = name
    if keys[0] not in names:
        raise DataError(f"{type(record).__name__} has no number {keys[0]!r}")
    name = names[keys[0]]
    new = value if len(keys) == 1 else _set_field(getattr(record, name), keys[1:], value)
    return replace(record, **{name: new})


def _initial_state(state: InitialState, numbers: Mapping[str, float]) -> InitialState:
    if not any(path.startswith(INITIAL_STATE) for path in numbers):
        return state
    on_hand = dict(state.on_hand)
    for path, value in numbers.items():
        if path.startswith(f"{INITIAL_STATE}on_hand."):
            _, _, site, material = path.split(".", 3)
            on_hand[site, material] = value
    in_transit = {lane: list(goods) for lane, goods in state.in_transit.items()}
    for path, value in numbers.items():
        if path.startswith(f"{INITIAL_STATE}in_transit."):
            _, _, lane, row, *_ = path.split(".")
            arrival, _ = in_transit[lane][int(row)]
            in_transit[lane][int(row)] = (arrival, value)
    licences = list(state.licences)
    for path, value in numbers.items():
        if path.startswith(f"{INITIAL_STATE}licences."):
            number = int(path.split(".")[2])
            licences[number] = replace(licences[number], quantity=value)
    goods_at_sea = {lane: tuple(goods) for lane, goods in in_transit.items()}
    return InitialState(on_hand, goods_at_sea, tuple(licences))
