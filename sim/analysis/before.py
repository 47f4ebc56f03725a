"""What is wrong with a case that only the upper layers know, said before anything is run."""

from __future__ import annotations

from sim.analysis.must_hold import problems_of as conditions
from sim.case import Case
from sim.errors import Problem
from sim.metrics import MEASURES, SERIES
from sim.units import did_you_mean


def problems_of(case: Case) -> tuple[Problem, ...]:
    """Return the problems of a case's conditions and outputs, each under its key such as `outputs[0]`."""
    return (*_outputs(case), *conditions(case))


def _outputs(case: Case) -> list[Problem]:
    known = (*SERIES, *MEASURES)
    return [
        Problem(
            f"outputs: {name!r} is no series and no measure",
            key=f"outputs[{number}]",
            given=name,
            hint=did_you_mean(name, known),
            allowed=", ".join(known),
        )
        for number, name in enumerate(case.outputs)
        if name not in known
    ]
