"""The folder of a run under way: whose chunks it holds, and whether another run may go on with them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sim.case import Design
from sim.errors import StoreError
from sim.results.chosen import AT
from sim.results.chunks import chunk_paths, last_of, read_chunk, sound_chunks
from sim.results.identity import differences, parts_of
from sim.results.manifest import versions

if TYPE_CHECKING:
    from sim.case import Case

CHUNKS = "chunks"
"""Folder of the chunk files within a run folder."""
PLAN = "plan.json"
"""Within it: what the chunks are replications of."""
SHOWN = 8
"""Differences that are named before the rest is only counted."""
DECIDING = ("domain", "interventions", "steady", "engine", "metrics")
"""Folders of the program that decide what a replication's figures are."""


def record_of(case: Case) -> dict[str, str]:
    """Return everything that decides what a replication's figures are, part by part."""
    named = {f"version of {name}": version for name, version in versions().items()}
    kept = ", ".join(sorted(" ".join(item.split()) for item in case.outputs if AT in item)) or "none"
    if case.design is Design.LATIN_HYPERCUBE:
        named["replications of the Latin hypercube"] = str(case.replications)
    return {**parts_of(case), **named, "program": program_hash(), "series of all replications": kept}


def program_hash() -> str:
    """Return a hash per folder of the sources that decide what a replication's figures are."""
    from sim.engine.jit import SOURCES, source_hash

    return " ".join(source_hash(SOURCES.parent / folder) for folder in DECIDING)


def has_chunks(folder: Path) -> bool:
    """Tell whether a folder holds the chunks of an unfinished run."""
    return (folder / CHUNKS / PLAN).is_file()


def planned(folder: Path) -> dict[str, Any]:
    """Return what an unfinished run was to be: replications and record.

    Raises
    ------
    StoreError
        If the folder holds no unfinished run, or its plan cannot be read.
    """
    if not folder.is_dir():
        raise StoreError(f"{folder} does not exist; --resume takes the folder of a run that was interrupted")
    if not has_chunks(folder):
        finished = (folder / "manifest.json").is_file()
        what = "is finished: there is nothing to resume" if finished else "holds no unfinished run"
        raise StoreError(f"{folder} {what}; leave out --resume to run anew")
    path = folder / CHUNKS / PLAN
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"replications": int(found["replications"]), "record": dict(found["record"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def holds_part_of(folder: Path, case: Case) -> bool:
    """Tell whether a run folder has finished chunks that a run of this case would go on with."""
    if not has_chunks(folder) or not chunk_paths(folder / CHUNKS):
        return False
    return bool(planned(folder)["record"] == record_of(case))


@contextmanager
def chunk_folder(folder: Path | None, case: Case) -> Iterator[Path]:
    """Yield the folder for the chunks of a case; without a run folder, one that is gone afterwards.

    Chunks that a run folder already has are kept if they are of the same case and version. If the block fails
    before there is any, what was made for them goes again.

    Raises
    ------
    StoreError
        If they are of another one, with what differs; or if the folder cannot be made.
    """
    if folder is None:
        with TemporaryDirectory(prefix="sim-") as temporary:
            yield Path(temporary)
        return
    refuse_chunks_of_another(folder, case)
    wanted = case.replications
    if is_new := not has_chunks(folder):
        made = [path for path in (folder / CHUNKS, folder, *folder.parents) if not path.exists()]
    else:  # who asks for fewer in between has not given up the others
        wanted = max(wanted, planned(folder)["replications"])
    place = folder / CHUNKS
    try:
        place.mkdir(parents=True, exist_ok=True)
        _write_whole(place / PLAN, {"replications": wanted, "record": record_of(case)})
    except OSError as error:
        raise StoreError(f"{place} cannot be written: {error.strerror or error}") from error
    try:
        yield place
    except BaseException:
        if is_new and not sound_chunks(place):  # which removes the drafts of workers that were killed
            _unmake(place / PLAN, made)
        raise


def _unmake(plan: Path, folders: Sequence[Path]) -> None:
    """Remove a plan and the folders that were made for it, unless something else is in them by now."""
    plan.unlink(missing_ok=True)
    with suppress(OSError):
        for path in folders:
            path.rmdir()


def refuse_chunks_of_another(folder: Path, case: Case) -> None:
    """Refuse a run folder that holds unfinished replications of another case or version.

    Raises
    ------
    StoreError
        With what differs.
    """
    if has_chunks(folder):
        _refuse_another(folder, planned(folder)["record"], record_of(case))


def finished_beyond(folder: Path, count: int) -> list[int]:
    """Return the finished replications of a run folder from number `count` on."""
    if not has_chunks(folder):
        return []
    last = [path for path in chunk_paths(folder / CHUNKS) if last_of(path) >= count]
    return [number for path in last for number in read_chunk(path).replications if number >= count]


def _refuse_another(folder: Path, there: Mapping[str, str], now: Mapping[str, str]) -> None:
    found = differences(there, now)
    if not found:
        return
    rest = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    lines = "\n    ".join([*found[:SHOWN], *rest])
    raise StoreError(
        f"{folder} holds the unfinished replications of another run:\n    {lines}\n"
        f"    run what it was made from, choose another --out, or delete {folder / CHUNKS}"
    )


def _write_whole(path: Path, value: Any) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def keep_chunks(source: Path, target: Path) -> None:
    """Let a new version of a run folder hold the same chunk files, without a copy where links exist."""
    import shutil

    (target / CHUNKS).mkdir()
    for path in sorted((source / CHUNKS).iterdir()):
        try:
            os.link(path, target / CHUNKS / path.name)
        except OSError:
            shutil.copy2(path, target / CHUNKS / path.name)
