"""Questions asked of finished runs, such as whether what must hold does."""

from sim.analysis import conditions  # registers its half of the language
from sim.analysis.must_hold import Facts, Outcome, Verdict, check, evaluate, parse

__all__ = ["Facts", "Outcome", "Verdict", "check", "conditions", "evaluate", "parse"]
