"""Chunks of replications as files: what one holds, how it is written whole, what a folder already has.

A chunk is a zip of arrays with a checksum each, no pickles. It is written beside its place and renamed, so
a file that exists is complete. It holds nothing that depends on who made it or when: the same
replications are the same bytes. This module knows neither how a replication is simulated nor what its
figures mean.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import StoreError

SIZE = 10
"""Replications of a chunk: what is lost at most when a process is killed."""
SUFFIX = ".npz"
HEAD = "head.json"
LEVEL = 1
"""Compression: the quickest; higher levels save a tenth of the room and cost more than the engine."""


@dataclass(slots=True)
class Chunk:
    """The outcome of some replications.

    Attributes
    ----------
    replications
        Those that were tried, in order; each either has entries or failures, or both.
    entries
        (replication, number of the future) of each pair of runs that finished.
    values
        Every measure, coded as numbers, shape (entry, 2, site, measure): the scenario, then the baseline.
    numbers
        What was drawn for the uncertain figures, shape (entry, figure).
    series
        Daily series of the scenario, by name, shape (entry, day, site), single precision.
    failures
        Replications that raised: number, branches, seed, type, message, traceback.
    worst_balance
        Largest relative error of a balance of mass [share].
    """

    replications: tuple[int, ...]
    entries: list[tuple[int, int]]
    values: np.ndarray
    numbers: np.ndarray
    series: dict[str, np.ndarray] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    worst_balance: float = 0.0


class Damaged(StoreError):  # noqa: N818 - reads as what happened
    """A chunk file cannot be read."""


def batches(wanted: int, finished: Iterable[int], size: int = SIZE) -> list[tuple[int, ...]]:
    """Return the replications still to do, cut where a run without interruption would cut them.

    Examples
    --------
    >>> batches(7, [0, 1, 2, 4], size=5)
    [(3,), (5, 6)]
    """
    done = set(finished)
    found = []
    for first in range(0, wanted, size):
        todo = tuple(i for i in range(first, min(first + size, wanted)) if i not in done)
        if todo:
            found.append(todo)
    return found


def write_chunk(chunk: Chunk, folder: Path) -> Path:
    """Write a chunk into a folder, whole or not at all, and return its file.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.
    """
    return write_packed(name_of(chunk), pack(chunk), folder)


def name_of(chunk: Chunk) -> str:
    """Return the file name of a chunk."""
    return f"{chunk.replications[0]:07d}-{chunk.replications[-1]:07d}{SUFFIX}"


def last_of(path: Path) -> int:
    """Return the last replication of a chunk by the name of its file.

    Examples
    --------
    >>> last_of(Path("0000010-0000019.npz"))
    19
    """
    return int(path.stem.rpartition("-")[2])


def write_packed(name: str, content: bytes, folder: Path) -> Path:
    """Write the bytes of a chunk into a folder, whole or not at all, and return its file.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.
    """
    draft = folder / f".{name}.{os.getpid()}"
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)
    return folder / name


def pack(chunk: Chunk) -> bytes:
    """Return the bytes of a chunk's file: the same for the same replications, wherever they were made."""
    file = io.BytesIO()
    head = {
        "replications": list(chunk.replications),
        "entries": [list(entry) for entry in chunk.entries],
        "failures": chunk.failures,
        "worst_balance": chunk.worst_balance,
        "series": {name: values.shape[2] for name, values in chunk.series.items()},
    }
    with zipfile.ZipFile(file, "w") as archive:
        _add(archive, HEAD, json.dumps(head, sort_keys=True).encode())
        _add(archive, "values.npy", _bytes(chunk.values))
        _add(archive, "numbers.npy", _bytes(chunk.numbers))
        for name, values in chunk.series.items():
            # A file per site: quantiles over all replications are taken site by site.
            for site in range(values.shape[2]):
                _add(archive, _member(name, site), _bytes(values[:, :, site]))
    return file.getvalue()


def _member(name: str, site: int) -> str:
    return f"{name}/{site}.npy"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A ZipInfo of its own has a fixed date; the clock must not be part of the bytes.
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, LEVEL)


def _bytes(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(values), allow_pickle=False)
    return buffer.getvalue()


_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError)


def read_chunk(path: Path) -> Chunk:
    """Read a chunk without its series.

    Raises
    ------
    Damaged
        If the file is cut short or was changed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(archive.read(HEAD))
            return Chunk(
                replications=tuple(head["replications"]),
                entries=[(int(one), int(other)) for one, other in head["entries"]],
                values=_array(archive, "values.npy"),
                numbers=_array(archive, "numbers.npy"),
                failures=head["failures"],
                worst_balance=float(head["worst_balance"]),
            )
    except _UNREADABLE as error:
        raise Damaged(_damaged(path, error)) from error


def read_series(paths: Sequence[Path], wanted: Sequence[tuple[str, int]]) -> list[np.ndarray]:
    """Return series over all entries of some chunks, each of shape (entry, day).

    Parameters
    ----------
    wanted
        Name and number of the site, or of the column, of each; every file is opened once for all of them.

    Raises
    ------
    Damaged
        If a file is cut short or was changed.
    """
    parts: list[list[np.ndarray]] = []
    for path in paths:
        try:
            with zipfile.ZipFile(path) as archive:
                parts.append([_array(archive, _member(name, site)) for name, site in wanted])
        except _UNREADABLE as error:
            raise Damaged(_damaged(path, error)) from error
    return [np.concatenate(listed) for listed in zip(*parts, strict=True)]


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    found: np.ndarray = np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
    return found


def _damaged(path: Path, error: Exception) -> str:
    return f"{path} is damaged: {error}; delete it and run the same command again to have it made anew"


def chunk_paths(folder: Path) -> list[Path]:
    """Return the chunk files of a folder by name, unread."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))


def sound_chunks(folder: Path) -> list[Path]:
    """Return the chunk files of a folder by name, every checksum checked.

    Drafts of processes that were killed, and files that are damaged, are removed: they will be made anew.
    """
    sound = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") and SUFFIX in path.name:
            path.unlink(missing_ok=True)
        elif path.suffix == SUFFIX:
            if _is_sound(path):
                sound.append(path)
            else:
                path.unlink()
    return sound


def _is_sound(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None and HEAD in archive.namelist()
    except _UNREADABLE:
        return False
