"""What is wrong with a case that only the upper layers know, said before anything is run."""

from __future__ import annotations

from sim.analysis.must_hold import problems_of_one
from sim.domain import Network
from sim.errors import Problem
from sim.metrics import MEASURES, SERIES
from sim.results.chosen import AT, fault_of
from sim.units import did_you_mean


def problem_of(key: str, text: str, network: Network | None) -> tuple[Problem, ...]:
    """Return what is wrong with one entry of `must_hold` or `outputs`; without a network, only its words."""
    return problems_of_one(network, text) if key == "must_hold" else _output(text, network)


def _output(name: str, network: Network | None) -> tuple[Problem, ...]:
    if AT in name:
        if (fault := fault_of(name, network)) is None:
            return ()
        message, hint, allowed = fault
        return (Problem(f"outputs: {message}", key="outputs", given=name, hint=hint, allowed=allowed),)
    known = (*SERIES, *MEASURES)
    if name in known:
        return ()
    return (
        Problem(
            f"outputs: {name!r} is no series and no measure",
            key="outputs",
            given=name,
            hint=did_you_mean(name, known),
            allowed=f"{', '.join(known)}; or SERIES at SITE, kept of every replication",
        ),
    )
