"""What is wrong with a case that only the upper layers know, said before anything is run."""

from __future__ import annotations

from sim.analysis.must_hold import problems_of_one
from sim.domain import Network
from sim.errors import Problem
from sim.metrics import MEASURES, SERIES
from sim.units import did_you_mean


def problem_of(key: str, text: str, network: Network | None) -> tuple[Problem, ...]:
    """Return what is wrong with one entry of `must_hold` or `outputs`; without a network, only its words."""
    return problems_of_one(network, text) if key == "must_hold" else _output(text)


def _output(name: str) -> tuple[Problem, ...]:
    known = (*SERIES, *MEASURES)
    if name in known:
        return ()
    return (
        Problem(
            f"outputs: {name!r} is no series and no measure",
            key="outputs",
            given=name,
            hint=did_you_mean(name, known),
            allowed=", ".join(known),
        ),
    )
