"""Many nodes in turn, on several processes; what is finished is on the disk and never done twice.

Each verdict is one file of the folder's `parts`, written beside its place and renamed. The same command goes
on where an earlier one stopped. A folder of another question is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.analysis.knockouts import Node
from sim.analysis.stress import START, Stress, Verdict, take_out
from sim.case import Case
from sim.errors import RunFailed, StoreError
from sim.results.cost import Estimate, peak_bytes
from sim.results.identity import case_hash
from sim.version import __version__

PARTS, MANIFEST = "parts", "manifest.json"
SAMPLES = 5
"""Nodes that are taken out to know what all of them will take."""
ATTEMPTS = 3
"""Times a pool of workers may break before the run gives up."""


@dataclass(slots=True)
class Progress:
    """What has come of the nodes so far."""

    verdicts: dict[Node, Verdict] = field(default_factory=dict)
    interrupted: bool = False


def identity(stress: Stress) -> dict[str, Any]:
    """Return what a folder's parts depend on, ready for JSON."""
    return {
        "version": __version__,
        "network": stress.network.name,
        "network_hash": case_hash(Case("stress", stress.network, start=START))[:16],
        "durations_days": list(stress.durations),
        "severities": list(stress.severities),
        "after_days": stress.after_days,
    }


def default_folder(stress: Stress, root: Path) -> Path:
    """Return where a stress test is kept when nobody says."""
    text = json.dumps(identity(stress), sort_keys=True)
    return root / f"stress-{stress.network.name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def open_folder(stress: Stress, folder: Path) -> None:
    """Make the folder, or accept one of the same question.

    Raises
    ------
    StoreError
        If it holds something else; says what differs.
    """
    check_folder(stress, folder)
    try:
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
        write_whole(folder / MANIFEST, json.dumps(identity(stress), indent=2))
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error


def check_folder(stress: Stress, folder: Path) -> None:
    """Refuse a folder that holds something else than parts of the same question.

    Raises
    ------
    StoreError
        With what differs.
    """
    manifest = folder / MANIFEST
    wanted = identity(stress)
    if manifest.is_file():
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))
        except ValueError:
            found = {}
        differing = [f"{key} {found.get(key)} there, {value} here" for key, value in wanted.items()
                     if found.get(key) != value]  # fmt: skip
        if differing:
            raise StoreError(f"{folder} holds another question: {'; '.join(differing)}; choose another --out")
    elif folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise StoreError(f"{folder} is no folder of `sim stress`; choose another --out")


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and rename it: it is there as a whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def part_of(folder: Path, node: Node) -> Path:
    """Return the file of a node's verdict; its name is a hash, since lanes have long names."""
    name = hashlib.sha256(f"{node.kind} {node.node_id}".encode()).hexdigest()[:16]
    return folder / PARTS / f"{node.kind}-{name}.json"


def finished(folder: Path, nodes: Sequence[Node]) -> dict[Node, Verdict]:
    """Return the verdicts a folder holds; what cannot be read will be made anew."""
    found = {}
    for node in nodes:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            verdict = Verdict.of_dict(json.loads(part_of(folder, node).read_text(encoding="utf-8")))
            if verdict.node == node and not verdict.failure:
                found[node] = verdict
    return found


def run_all(
    stress: Stress,
    nodes: Sequence[Node],
    folder: Path,
    jobs: int = 1,
    tell: Callable[[int, int], None] | None = None,
) -> Progress:
    """Take out every node that the folder holds no verdict of.

    Parameters
    ----------
    folder
        Opened before by `open_folder`.
    jobs
        Processes.
    tell
        Called with (nodes done, all).

    Returns
    -------
    Progress
        On Ctrl-C with what was finished; the nodes under way are finished first.

    Raises
    ------
    RunFailed
        If worker processes die again and again; what is finished is kept.
    StoreError
        If a verdict cannot be written.
    """
    progress = Progress(finished(folder, nodes))
    todo = [node for node in nodes if node not in progress.verdicts]
    tell = tell or (lambda done, of: None)
    tell(len(progress.verdicts), len(nodes))
    if not todo:
        return progress
    turns = _one_by_one(stress, todo) if jobs == 1 else _in_parallel(stress, todo, jobs, progress)
    try:
        for verdict in turns:
            progress.verdicts[verdict.node] = verdict
            try:
                write_whole(part_of(folder, verdict.node), json.dumps(verdict.as_dict(), allow_nan=False))
            except OSError as error:
                raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error
            tell(len(progress.verdicts), len(nodes))
    except KeyboardInterrupt:
        progress.interrupted = True
    return progress


def estimate(stress: Stress, nodes: Sequence[Node], folder: Path, jobs: int = 1) -> Estimate:
    """Return what the nodes that are left will take, from some that are taken out for it and forgotten.

    Nodes are listed kind by kind, so samples at even distances are of all kinds.
    """
    done = finished(folder, nodes)
    left = [node for node in nodes if node not in done]
    if not left:
        return Estimate(0.0, 0.0, 0.0, 1)
    replace(stress).at_rest  # noqa: B018 - compiles what is not compiled yet
    started = time.perf_counter()
    stress.at_rest  # noqa: B018 - found anew, and timed
    rest = time.perf_counter() - started
    some = {left[(2 * i + 1) * len(left) // (2 * SAMPLES)] for i in range(SAMPLES)}
    started = time.perf_counter()
    for node in some:
        _attempt(stress, node)
    each = (time.perf_counter() - started) / stress.runs(list(some))
    processes = max(1, min(jobs, len(left), os.cpu_count() or 1))
    memory = peak_bytes() * (1 + (min(jobs, len(left)) if jobs > 1 else 0))
    return Estimate(rest + each * stress.runs(left) / processes, float(memory), 0.0, processes)


def _attempt(stress: Stress, node: Node) -> Verdict:
    """Take a node out; what it raises is its verdict, and the rest goes on."""
    try:
        return take_out(stress, node)
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        return Verdict(node, failure=f"{type(error).__name__}: {error}", traceback=told)


def _one_by_one(stress: Stress, nodes: Sequence[Node]) -> Iterator[Verdict]:
    for node in nodes:
        yield _attempt(stress, node)


_question: list[Stress] = []
"""The worker's question; a forked worker inherits the compiled network and day zero with it."""


def _begin(stress: Stress) -> None:
    # Ctrl-C goes to the whole group; the parent lets its workers finish their node.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _question[:] = [stress]


def _turn(node: Node) -> Verdict:
    return _attempt(_question[0], node)


def _in_parallel(
    stress: Stress, nodes: Sequence[Node], jobs: int, progress: Progress
) -> Iterator[Verdict]:
    """Yield verdicts as they come; a pool whose worker was killed is replaced, its nodes are done again."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)
    if context.get_start_method() == "fork":
        stress.at_rest  # noqa: B018 - found before the fork, so that all workers share its pages
    left = list(nodes)
    for _ in range(ATTEMPTS):
        pool = ProcessPoolExecutor(min(jobs, len(left)), context, _begin, (stress,))
        pending: set[Future[Verdict]] = {pool.submit(_turn, node) for node in left}
        try:
            yield from _collected(pending)
            return
        except BrokenProcessPool:
            left = [node for node in left if node not in progress.verdicts]
        except KeyboardInterrupt:
            yield from _wound_up(pool, pending)
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    raise RunFailed(
        f"worker processes died {ATTEMPTS} times; {len(progress.verdicts)} nodes are kept, the same command "
        "goes on with the rest; with --jobs 1 one sees what fails"
    )


def _collected(pending: set[Future[Verdict]]) -> Iterator[Verdict]:
    while pending:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        pending -= done
        broken = None
        for item in done:
            try:
                yield item.result()
            except BrokenProcessPool as error:
                broken = error
        if broken is not None:
            raise broken


def _wound_up(pool: ProcessPoolExecutor, pending: set[Future[Verdict]]) -> Iterator[Verdict]:
    """Let the nodes under way finish; those that wait are dropped."""
    pool.shutdown(wait=True, cancel_futures=True)
    for item in pending:
        if item.done() and not item.cancelled() and item.exception() is None:
            yield item.result()
