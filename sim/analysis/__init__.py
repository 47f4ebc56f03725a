"""Questions asked of finished runs, such as whether what must hold does."""

from sim.analysis import conditions  # registers its half of the language
from sim.analysis.must_hold import Facts, Outcome, Verdict, check, parse, problems_of

__all__ = ["Facts", "Outcome", "Verdict", "check", "conditions", "parse", "problems_of"]
