"""Folders and files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.errors import StoreError


def check_writable(target: Path) -> None:
    """Refuse a folder that cannot be written before anything is simulated for it.

    Raises
    ------
    StoreError
        If the folder, or the nearest one above it that exists, takes no files.
    """
    near = next(path for path in (target, *target.absolute().parents) if path.exists())
    if not near.is_dir():
        raise StoreError(f"{target} cannot be written: {near} is a file")
    if not os.access(near, os.W_OK | os.X_OK):
        raise StoreError(f"{target} cannot be written: {near} takes no files of yours; choose another --out")


@contextmanager
def whole_folder(target: Path, mark: str) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``target`` only if the block succeeds.

    Parameters
    ----------
    mark
        File by which an older folder of the same kind is known; only such a one, or an empty one, is
        replaced.

    Raises
    ------
    StoreError
        If the target holds something else, or cannot be written. What was there stays.
    """
    if target.exists() and not (target / mark).exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreError(f"{target} exists and has no {mark}; choose another --out")
    try:
        with whole(target) as temporary:
            yield temporary
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a draft beside a file that takes its place only if the block succeeds.

    Raises
    ------
    StoreError
        If it cannot be written. What was there stays, and no draft is left.
    """
    draft = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield draft
        draft.replace(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``target`` only if the block succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
            target.replace(old)
            temporary.replace(target)
            shutil.rmtree(old)
        else:
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
