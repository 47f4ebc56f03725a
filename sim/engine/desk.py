"""The desk of an authority as SimPy events: examiners who take one application after the other.

With `granularity: event` each application is a process of its own. It costs a hundred times as much as the
weekly reckoning of `authority`, and is there to hold it, and itself, to the theory of queues.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy


class Desk:
    """Some examiners with one queue, first by class of priority, then by arrival.

    Attributes
    ----------
    waits
        What each application waited for an examiner, in the order in which they were taken [days].
    """

    def __init__(self, env: simpy.Environment, examiners: int, service: Callable[[], float]) -> None:
        self.env = env
        self.waits: list[float] = []
        self._examiners = simpy.PriorityResource(env, capacity=examiners)
        self._service = service

    def decide(self, rank: int = 0) -> Generator[simpy.Event, Any, None]:
        """Wait for an examiner, then for the decision."""
        came = float(self.env.now)
        with self._examiners.request(priority=rank) as turn:
            yield turn
            self.waits.append(float(self.env.now) - came)
            yield self.env.timeout(self._service())
