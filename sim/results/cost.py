"""What a run will cost, measured on one history of it: seconds, memory, room on the disk.

Nothing here is a constant of some machine: the case itself is simulated once or twice on this one, and the
rest is counted. What one history cannot show (a machine that others use, a cluster) is not in it.
"""

from __future__ import annotations

import math
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.metrics import reported_sites
from sim.results.branches import futures, likeliest
from sim.results.chunks import SIZE, Chunk, pack, write_chunk
from sim.results.execute import execute
from sim.results.gather import MOST_VALUES, gather
from sim.results.plan import Source, with_ranges
from sim.results.replicate import KEPT, Task, chunk_of

MEGA = 1e6
STORED_BYTES = 4
"""Of a value of a kept daily series, in single precision."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one history of a run takes here.

    Attributes
    ----------
    central_seconds
        The central run beside its baseline, and with `folder_bytes` the writing of its folder.
    replication_seconds
        One replication in all its futures, each beside its baseline; 0 of a single history.
    worker_bytes, process_bytes
        The most memory this process has held when it had simulated, and when it had written the folder too; 0
        where the system does not tell.
    table_bytes, chunk_bytes
        Of one replication: its rows in memory, and its part of a chunk file.
    folder_bytes
        The run folder of the central run, without its picture.
    """

    central_seconds: float = 0.0
    replication_seconds: float = 0.0
    worker_bytes: int = 0
    process_bytes: int = 0
    table_bytes: float = 0.0
    chunk_bytes: float = 0.0
    folder_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will take.

    Attributes
    ----------
    seconds
        On the clock, with this many processes on cores of their own.
    memory_bytes
        Of all processes together at the most; pages that they share are counted in each. 0: not known.
    disk_bytes
        While the run is under way; the chunk files go when it is done.
    """

    seconds: float
    memory_bytes: float
    disk_bytes: float
    processes: int


def measure(plan: Source, *, folder: bool = True, picture: bool = True) -> Cost:
    """Simulate one history of a plan, and two of its replications if it has any; nothing is kept.

    Parameters
    ----------
    folder, picture
        Whether the writing of a run folder, and of its picture, is measured too.

    Raises
    ------
    DataError
        If the network cannot carry its own demand.
    """
    from sim.engine import simulate

    case = plan.case
    simulate(likeliest(case).case, None)  # compiles what is not compiled yet, and finds day zero
    cost = _of_replications(plan) if case.replications > 1 else Cost(worker_bytes=peak_bytes())
    started = time.perf_counter()
    written = 0
    with TemporaryDirectory(prefix="sim-") as temporary:
        run = execute(replace(plan, case=replace(case, replications=1)))
        if folder:
            place = run.save(Path(temporary) / "run", picture=picture)
            written = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    central = time.perf_counter() - started
    return replace(cost, central_seconds=central, process_bytes=peak_bytes(), folder_bytes=written)


def _of_replications(plan: Source) -> Cost:
    """Return what one replication takes, in all its futures."""
    task = Task(tuple(futures(with_ranges(plan.case))), 0)
    chunk_of(task, [0], lambda number: True)  # the first one sets up what all others share
    started = time.perf_counter()
    chunk, _, _ = chunk_of(task, [1], lambda number: True)
    if chunk is None:
        return Cost()
    packed = len(pack(chunk))
    each = time.perf_counter() - started
    peak = peak_bytes()
    return Cost(
        replication_seconds=each,
        worker_bytes=peak,
        table_bytes=_table_bytes(task, chunk),
        chunk_bytes=float(packed),
    )


def _table_bytes(task: Task, chunk: Chunk) -> float:
    """Return the memory of one replication's rows, of the scenario and of its baseline."""
    with TemporaryDirectory(prefix="sim-") as temporary:
        write_chunk(chunk, Path(temporary))
        gathered = gather(task, Path(temporary), chunk.replications[-1] + 1, with_series=False)
    if gathered is None:
        return 0.0
    tables = (gathered.long(), gathered.long(baseline=True))
    return float(chunk.values.nbytes + sum(one.memory_usage(deep=True).sum() for one in tables))


def estimate(plan: Source, cost: Cost, jobs: int = 1) -> Estimate:
    """Return what a whole run will take, from what one history of it took."""
    case = plan.case
    wanted = case.replications if case.replications > 1 else 0
    processes = max(1, min(jobs, math.ceil(wanted / SIZE), os.cpu_count() or 1))
    workers = min(jobs, math.ceil(wanted / SIZE)) if jobs > 1 else 0
    values = len(KEPT) * len(reported_sites(case.network)) * case.horizon_days
    kept = min(MOST_VALUES, wanted * (len(futures(case)) if wanted else 0) * values)
    tables = wanted * cost.table_bytes + STORED_BYTES * kept
    memory = cost.process_bytes + workers * cost.worker_bytes + tables
    return Estimate(
        seconds=cost.central_seconds + wanted * cost.replication_seconds / processes,
        memory_bytes=memory if cost.process_bytes else 0.0,
        disk_bytes=cost.folder_bytes + wanted * cost.chunk_bytes,
        processes=processes,
    )


def estimate_points(plans: Sequence[Source], jobs: int = 1) -> Estimate:
    """Return what the points of a sweep will take, from one history of the first and one of the last.

    Raises
    ------
    DataError
        If the network of one of the two cannot carry its own demand.
    """
    if not plans:
        return Estimate(0.0, 0.0, 0.0, 1)
    first, last = plans[0], plans[-1]
    cost = measure(first, folder=False)
    started = time.perf_counter()
    execute(replace(last, case=replace(last.case, replications=1)))  # a network that is not known yet
    central = time.perf_counter() - started
    wanted = first.case.replications
    if wanted > 1:  # the points one by one, their replications shared
        whole = estimate(first, replace(cost, central_seconds=central), jobs)
        return replace(whole, seconds=len(plans) * whole.seconds)
    processes = max(1, min(jobs, len(plans), os.cpu_count() or 1))
    workers = min(jobs, len(plans)) if jobs > 1 and len(plans) > 1 else 0
    memory = peak_bytes() + workers * cost.worker_bytes
    return Estimate(len(plans) * central / processes, float(memory), 0.0, processes)


def peak_bytes() -> int:
    """Return the most memory this process has held so far; 0 where the system does not tell."""
    try:  # not from `resource`, which counts what the parent held before this program was started
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        status = ""
    if found := re.search(r"VmHWM:\s*(\d+) kB", status):
        return int(found[1]) * 1024
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most) * (1 if sys.platform == "darwin" else 1024)
