"""One peer's turn, in a process of its own: ``python -m benchmarks.child PEER FIRST COUNT``.

Prints one line of JSON: the outcome and processor seconds of each replication, the set-up time, and the
process's peak memory. One replication beforehand, which is not counted, lets kernels load.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

OTHERS = {"plain_simpy": "plain_simpy", "supplynetpy": "supplynetpy_peer", "stockpyl": "stockpyl_peer"}
"""The module of each peer that is not this engine."""


def turn_of(peer: str) -> Callable[[int], dict[str, int]]:
    """Return the function that runs one replication of a peer."""
    if peer in OTHERS:
        other = import_module(f"benchmarks.{OTHERS[peer]}")
        return lambda number: other.replicate(number).as_dict()
    from benchmarks import this_engine

    if peer == "this_engine":
        case = this_engine.workload_case()
        return lambda number: this_engine.replicate(case, number).as_dict()
    if peer.startswith("reference:"):
        from sim.engine import simulate

        reference = this_engine.reference_case(peer.partition(":")[2])

        def run(number: int) -> dict[str, int]:
            # Every day, also those at rest that an ensemble would copy: what is timed is the engine.
            return {"days": simulate(reference, number, in_detail=False, day_by_day=True).n_days}

        return run
    raise ValueError(f"peer {peer!r} does not exist")


def main(peer: str, first: int, count: int) -> dict[str, Any]:
    """Run `count` replications from number `first` on and return what was seen."""
    began = time.perf_counter()
    replicate = turn_of(peer)
    replicate(first)
    set_up = time.perf_counter() - began
    seconds, outcomes = [], []
    for number in range(first, first + count):
        before = time.process_time()
        outcomes.append(replicate(number))
        seconds.append(time.process_time() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mib = peak / 1024.0 if sys.platform != "darwin" else peak / 1024.0**2
    return {"seconds": seconds, "outcomes": outcomes, "set_up_seconds": set_up, "peak_mib": peak_mib}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
