"""The engine: Case in, Trajectory out. SimPy owns time, compiled kernels own mass. Knows no YAML."""

from sim.engine.jit import kernels_are_cached
from sim.engine.realise import drawn
from sim.engine.simulate import simulate
from sim.engine.trajectory import LIMIT_CAPACITY, LIMIT_NONE, Stock, Trajectory

__all__ = ["LIMIT_CAPACITY", "LIMIT_NONE", "Stock", "Trajectory", "drawn", "kernels_are_cached", "simulate"]
