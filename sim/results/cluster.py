"""Chunks on a Dask cluster: the same batches as in local processes, written by the parent.

A worker of the cluster makes a chunk and packs it; the bytes come back and are written here, so workers
need no shared disk. When a worker dies Dask gives its batch to another one; a batch that kills workers time
after time is cut into single replications, and the one to blame is left out.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunFailed, StoreError
from sim.results.chunks import name_of, pack, write_packed
from sim.results.manifest import versions
from sim.results.pool import Work
from sim.results.replicate import Task, chunk_of
from sim.results.unfinished import program_hash

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 15.0
"""How long the scheduler may take to answer, and then a first worker to be there."""
_ADDRESS = re.compile(r"([a-z]+://)?[^/]+:[0-9]+")
"""Dask itself waits half a minute for one without a port, and then leaves a traceback."""
AHEAD = 3
"""Batches per thread of the cluster that are handed out before one is back."""

_ONE_AT_A_TIME = threading.Lock()
"""The engine has one set of compiled arrays per process; threads of a worker take turns."""


def identity() -> dict[str, str]:
    """Return what must be the same here and on the workers: versions and sources."""
    return {**{f"version of {name}": item for name, item in versions().items()}, "program": program_hash()}


def make(task: Task, batch: tuple[int, ...], wanted: dict[str, str]) -> tuple[str, bytes, float]:
    """Make a chunk on a worker: its file name, its bytes, and the seconds in the engine.

    Raises
    ------
    RunFailed
        If the worker runs another version, with what differs.
    """
    _refuse_another(wanted, identity(), "the worker")
    with _ONE_AT_A_TIME:
        chunk, seconds, cut = chunk_of(task, batch, lambda replication: True)
    if chunk is None or cut is not None:
        raise RunFailed("the worker was interrupted")
    return name_of(chunk), pack(chunk), seconds


def _refuse_another(wanted: dict[str, str], found: dict[str, str], who: str) -> None:
    names = [name for name in wanted if wanted[name] != found[name]]
    lines = [f"{name}: {wanted[name]} here, {found[name]} there" for name in names]
    if lines:
        raise RunFailed(f"{who} has another version:\n    " + "\n    ".join(lines))


def run_on_cluster(
    address: str,
    task: Task,
    folder: Path,
    batches: Sequence[tuple[int, ...]],
    tell: Callable[[int], None],
) -> Work:
    """Have all batches made by the workers of a Dask scheduler.

    Parameters
    ----------
    address
        Of the scheduler, ``tcp://host:port``.
    tell
        Called with the number of replications that have ended since the last call.

    Raises
    ------
    RunFailed
        If no scheduler answers, it has no workers, or these run another version.
    StoreError
        If a chunk cannot be written here; those written before stay.
    """
    with _connected(address) as client:
        for worker, found in client.run(identity).items():
            _refuse_another(identity(), found, f"the worker {worker}")
        return Dispatch(client, task, folder, tell).run(batches)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as error:
        message = "a cluster needs what the extra 'cluster' brings: pip install '.[cluster]'"
        raise RunFailed(message) from error
    if not _ADDRESS.fullmatch(address):
        raise RunFailed(f"{address!r} is no address of a Dask scheduler; write tcp://host:port")
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise RunFailed(
            f"no Dask scheduler answers at {address}: {error}; start one with `dask scheduler`"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            advice = f"start some with `dask worker {address} --nthreads 1`"
            raise RunFailed(f"the scheduler at {address} has no workers; {advice}") from error
        with client.as_current():
            yield client


class Dispatch:
    """Batches under way on a cluster."""

    def __init__(self, client: Client, task: Task, folder: Path, tell: Callable[[int], None]) -> None:
        self.client, self.task, self.folder, self.tell = client, task, folder, tell
        self.todo: deque[tuple[int, ...]] = deque()
        self.under_way: dict[Future, tuple[tuple[int, ...], Any]] = {}
        """Each batch that is out, and the copy of the task it works from."""
        self.suspects: deque[tuple[int, ...]] = deque()
        """Batches under whose hands workers died, to be tried alone: Dask blames what only waited too."""
        self.alone = False
        self.work = Work()
        self.identity = identity()
        self.shared: Any = None

    def run(self, batches: Sequence[tuple[int, ...]]) -> Work:
        """Hand out all batches and write what comes back; Ctrl-C keeps what is written."""
        from distributed import as_completed

        self.todo.extend(batches)
        self._share()
        back = as_completed()
        try:
            self._hand_out(back.add)
            for future in back:
                self._take(future, *self.under_way.pop(future))
                self._hand_out(back.add)
        except KeyboardInterrupt:
            self.work.interrupted = True
        finally:
            self.client.cancel(list(self.under_way))
        return self.work

    def _share(self) -> None:
        """Send what all replications have in common to every worker once."""
        try:
            self.client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise RunFailed("the cluster has no workers left; finished chunks are kept") from error
        self.shared = self.client.scatter(self.task, broadcast=True, hash=False)

    def _hand_out(self, add: Callable[[Future], None]) -> None:
        threads = sum(self.client.nthreads().values())
        while self.todo and len(self.under_way) < AHEAD * max(threads, 1):
            self._submit(self.todo.popleft(), add)
        if not self.under_way:
            self.alone = bool(self.suspects)
            if self.suspects:
                self._submit(self.suspects.popleft(), add)

    def _submit(self, batch: tuple[int, ...], add: Callable[[Future], None]) -> None:
        future = self.client.submit(make, self.shared, batch, self.identity, pure=False)
        self.under_way[future] = (batch, self.shared)
        add(future)

    def _take(self, future: Future, batch: tuple[int, ...], shared: Any) -> None:
        if future.status == "finished":
            name, content, seconds = future.result()
            try:
                write_packed(name, content, self.folder)
            except OSError as error:
                reason = error.strerror or error
                message = f"a chunk of {self.folder} cannot be written: {reason}; those written are kept"
                raise StoreError(message) from error
            self.work.simulate_seconds += seconds
            self.tell(len(batch))
        elif future.status == "error" and type(future.exception()).__name__ == "KilledWorker":
            self._blame(batch)
        elif future.status == "error":
            raise RunFailed(f"a worker of the cluster failed: {future.exception()}")
        else:  # cancelled or lost: with the last worker that held it, the copy of the task is gone
            if shared is self.shared:
                self._share()
            (self.suspects if self.alone else self.todo).appendleft(batch)

    def _blame(self, batch: tuple[int, ...]) -> None:
        """Try a suspect alone, then its replications one by one; leave out one that kills by itself."""
        self.work.deaths += 1
        if not self.alone:
            self.suspects.append(batch)
            return
        if len(batch) > 1:
            self.suspects.extend((replication,) for replication in batch)
            return
        self.work.lost[batch[0]] = {
            "replication": batch[0],
            "branches": "",
            "seed": self.task.worlds[0].case.seed,
            "type": "WorkerDied",
            "message": "every worker of the cluster that tried it died",
            "traceback": "",
        }
        self.tell(1)
