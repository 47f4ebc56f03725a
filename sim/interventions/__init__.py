"""Intervention kinds: one file each, standard dataclasses that yield plain instructions."""

from sim.interventions.base import After, Branch, Intervention, Pause, Step, Timeline, World

__all__ = ["After", "Branch", "Intervention", "Pause", "Step", "Timeline", "World"]
