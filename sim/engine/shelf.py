"""A shelf of compiled networks in the cache folder: the next run of the same network need not solve it.

A compiled network is found by a hash of all its records and of the sources that compile it; anything
that cannot be read is compiled anew. Only the newest few are kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

from sim.domain import Network
from sim.engine.jit import CACHE_FOLDER, SOURCES, source_hash

KEPT = 8


def place_of(network: Network) -> Path:
    """Return the file in which a network's compiled form would lie."""
    sources = "".join(source_hash(SOURCES.parent / layer) for layer in ("domain", "steady", "interventions"))
    digest = hashlib.sha256(sources.encode() + pickle.dumps(network, protocol=5))
    return CACHE_FOLDER / "networks" / f"{digest.hexdigest()[:32]}.pickle"


def fetch(place: Path) -> Any:
    """Return what lies on the shelf at a place; None if nothing that can be read does."""
    try:
        with place.open("rb") as file:
            found = pickle.load(file)
    except (OSError, EOFError, AttributeError, ImportError, IndexError, pickle.UnpicklingError):
        return None
    return found


def put(place: Path, content: Any) -> None:
    """Lay something on the shelf, whole or not at all; a shelf that cannot be written is no error."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(f".{os.getpid()}")
        draft.write_bytes(pickle.dumps(content, protocol=5))
        draft.replace(place)
        oldest_last = sorted(place.parent.glob("*.pickle"), key=lambda path: -path.stat().st_mtime)
        for path in oldest_last[KEPT:]:
            path.unlink(missing_ok=True)
