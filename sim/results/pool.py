"""Worker processes that make chunks, and a parent that loses no work when one of them dies.

The parent gives each worker one batch at a time and knows at which replication it is. So when a worker is
killed, its batch is done again by a new one, and a replication that kills its worker time after time is
found out and left out. `concurrent.futures` gives up all pending work in that case and cannot say who is to
blame.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunFailed, StoreError
from sim.results.chunks import write_chunk
from sim.results.replicate import Task, chunk_of

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

ATTEMPTS = 3
"""Workers that may die at one replication before it is left out."""
PATIENCE_SECONDS = 0.5
"""How often a waiting worker looks whether its parent is still there."""

AT, WRITTEN, BROKEN = "at", "written", "broken"
"""What a worker says: it begins a replication; a chunk is written; a chunk cannot be written."""
STOP: tuple[int, ...] = ()
"""In place of a batch: write what is finished and leave."""


@dataclass(slots=True)
class Work:
    """What came of the batches, beside the chunk files."""

    lost: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Replications that killed their workers, as failures; they are in no chunk."""
    simulate_seconds: float = 0.0
    deaths: int = 0
    """Workers that died."""
    interrupted: bool = False

    def add(self, other: Work) -> None:
        """Count in what came of more batches."""
        self.lost |= other.lost
        self.simulate_seconds += other.simulate_seconds
        self.deaths += other.deaths
        self.interrupted = self.interrupted or other.interrupted


def serve(connection: Connection, task: Task, folder: Path, parent: int) -> None:
    """Make chunks until told to stop, or until the parent is gone: the whole life of a worker."""
    # Ctrl-C goes to the whole group; the parent tells its workers to finish their replication.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopped = False

    def begins(replication: int) -> bool:
        nonlocal stopped
        stopped = connection.poll() or os.getppid() != parent
        if not stopped:
            connection.send((AT, replication))
        return not stopped

    with contextlib.suppress(EOFError, ConnectionError):  # nobody is left to work for
        while not stopped:
            while not connection.poll(PATIENCE_SECONDS):
                if os.getppid() != parent:
                    return
            batch = connection.recv()
            if batch == STOP:
                return
            chunk, seconds, _ = chunk_of(task, batch, begins)
            try:
                if chunk is not None:
                    write_chunk(chunk, folder)
            except OSError as error:
                connection.send((BROKEN, error.strerror or str(error)))
                return
            connection.send((WRITTEN, seconds))


@dataclass(slots=True, eq=False)
class Worker:
    """A worker as its parent sees it."""

    process: BaseProcess
    connection: Connection
    batch: tuple[int, ...] = ()
    at: int | None = None

    def give(self, batch: tuple[int, ...]) -> None:
        """Hand a batch over; a worker that has just died is noticed by its end, not here."""
        self.batch, self.at = batch, None
        with contextlib.suppress(ConnectionError):
            self.connection.send(batch)

    def messages(self) -> list[tuple[str, Any]]:
        """Return what has arrived from the worker."""
        found = []
        with contextlib.suppress(EOFError, ConnectionError):
            while self.connection.poll():
                found.append(self.connection.recv())
        return found

    def end(self) -> None:
        """Kill the worker if it still lives, and wait for it."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.connection.close()


class Pool:
    """Some workers for some batches of replications.

    Parameters
    ----------
    start_method
        ``fork``, ``spawn`` or ``forkserver``; None: what Python takes by default on this system.
    tell
        Called with the number of replications that have ended since the last call.
    """

    def __init__(
        self,
        task: Task,
        folder: Path,
        jobs: int,
        tell: Callable[[int], None],
        start_method: str | None = None,
    ) -> None:
        self.task, self.folder, self.jobs, self.tell = task, folder, jobs, tell
        self.context: BaseContext = multiprocessing.get_context(start_method)
        self.workers: list[Worker] = []
        self.todo: deque[tuple[int, ...]] = deque()
        self.blamed: Counter[int | None] = Counter()
        self.work = Work()
        self.told: set[int] = set()

    def run(self, batches: Sequence[tuple[int, ...]]) -> Work:
        """Have all batches made. On Ctrl-C workers finish their replication and write what they have.

        Raises
        ------
        StoreError
            If a chunk cannot be written; those written before stay.
        RunFailed
            If workers die before they begin.
        """
        self.todo.extend(batches)
        try:
            try:
                while self.todo or any(worker.batch for worker in self.workers):
                    self._hire()
                    self._listen()
            except KeyboardInterrupt:
                self.work.interrupted = True
                self._wind_up()
        finally:
            for worker in self.workers:
                worker.end()
        return self.work

    def _hire(self) -> None:
        """Give every idle worker a batch, and start workers as long as there is more to do."""
        for worker in self.workers:
            if self.todo and not worker.batch:
                worker.give(self.todo.popleft())
        while self.todo and len(self.workers) < self.jobs:
            ours, theirs = self.context.Pipe()
            process = self.context.Process(  # type: ignore[attr-defined]
                target=serve, args=(theirs, self.task, self.folder, os.getpid()), daemon=True
            )
            process.start()
            theirs.close()
            self.workers.append(Worker(process, ours))
            self.workers[-1].give(self.todo.popleft())

    def _listen(self) -> None:
        """Wait until a worker says something or ends, and act on it."""
        wait([item for worker in self.workers for item in (worker.connection, worker.process.sentinel)])
        for worker in list(self.workers):
            # Asked first: what a worker said before it ended is then already in the pipe.
            ended = not worker.process.is_alive()
            for word, value in worker.messages():
                self._heed(worker, word, value)
            if ended:
                self._bury(worker)

    def _heed(self, worker: Worker, word: str, value: Any) -> None:
        if word == AT:
            self._tell(worker.batch[: worker.batch.index(value)])
            worker.at = value
        elif word == WRITTEN:
            self.work.simulate_seconds += value
            if not self.work.interrupted:
                self._tell(worker.batch)
            worker.batch, worker.at = (), None
            self.blamed[None] = 0
        elif word == BROKEN:
            raise StoreError(f"a chunk of {self.folder} cannot be written: {value}; those written are kept")

    def _tell(self, replications: Sequence[int]) -> None:
        new = set(replications) - self.told
        self.told |= new
        if new:
            self.tell(len(new))

    def _bury(self, worker: Worker) -> None:
        """Put the batch of a dead worker back, without the replication that killed once too often."""
        self.workers.remove(worker)
        worker.end()
        if not worker.batch or self.work.interrupted:
            return
        self.work.deaths += 1
        self.blamed[worker.at] += 1
        batch = worker.batch
        if self.blamed[worker.at] >= ATTEMPTS:
            how = _death(worker.process.exitcode)
            if worker.at is None:
                raise RunFailed(
                    f"worker processes {how} before they begin, {ATTEMPTS} times; a Python script that asks "
                    "for several jobs must do so under `if __name__ == '__main__':`; or take --jobs 1"
                )
            self.work.lost[worker.at] = self._loss(worker.at, how)
            self._tell([worker.at])
            batch = tuple(item for item in batch if item != worker.at)
        if batch:
            self.todo.appendleft(batch)

    def _loss(self, replication: int, how: str) -> dict[str, Any]:
        return {
            "replication": replication,
            "branches": "",
            "seed": self.task.worlds[0].case.seed,
            "type": "WorkerDied",
            "message": f"its worker process {how}, {ATTEMPTS} times",
            "traceback": "",
        }

    def _wind_up(self) -> None:
        """Let every worker finish its replication and write its chunk; a second Ctrl-C does not wait."""
        self.todo.clear()
        for worker in self.workers:
            with contextlib.suppress(ConnectionError):
                worker.connection.send(STOP)
        with contextlib.suppress(KeyboardInterrupt):
            while self.workers:
                self._listen()


def _death(exitcode: int | None) -> str:
    """Say how a process ended.

    Examples
    --------
    >>> _death(-9), _death(1)
    ('is killed by SIGKILL', 'ends with code 1')
    """
    if exitcode is not None and exitcode < 0:
        return f"is killed by {signal.Signals(-exitcode).name}"
    return f"ends with code {exitcode}"
