"""Day zero: the steady flows of a network, and reports on them."""

from sim.steady.flows import SteadyFlows, planned_rate
from sim.steady.solve import solve

__all__ = ["SteadyFlows", "planned_rate", "solve"]
