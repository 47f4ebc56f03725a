"""What is wrong with a case that only the upper layers know, said before anything is run."""

from __future__ import annotations

from dataclasses import replace

from sim.analysis.must_hold import problems_of as conditions
from sim.analysis.must_hold import problems_of_one
from sim.case import Case
from sim.domain import Network
from sim.errors import Problem
from sim.metrics import MEASURES, SERIES
from sim.units import did_you_mean


def problems_of(case: Case) -> tuple[Problem, ...]:
    """Return the problems of a case's conditions and outputs, each under its key such as `outputs[0]`."""
    return (*_outputs(case), *conditions(case))


def problem_of(key: str, text: str, network: Network | None) -> tuple[Problem, ...]:
    """Return what is wrong with one entry of `must_hold` or `outputs`; without a network, only its words."""
    return problems_of_one(network, text) if key == "must_hold" else _output(text)


def _outputs(case: Case) -> list[Problem]:
    return [
        replace(problem, key=f"outputs[{number}]")
        for number, name in enumerate(case.outputs)
        for problem in _output(name)
    ]


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
