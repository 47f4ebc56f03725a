"""A fingerprint of a case: the same for the same world, window, interventions and seed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.case import Case

LEFT_OUT = frozenset({"figures", "folder", "file", "title", "question", "sources", "must_hold", "outputs"})
"""Fields that say where something came from or how it is reported, not what is simulated."""


def case_hash(case: Case) -> str:
    """Return the SHA-256 of what is simulated, as 64 hexadecimal digits."""
    text = json.dumps(_plain(case), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [item.name for item in dataclasses.fields(value) if item.name not in LEFT_OUT]
        kept = {name: _plain(getattr(value, name)) for name in names}
        kind = getattr(value, "kind", None)
        return {"": f"{type(value).__name__}:{kind}", **kept}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | int | str | bool) or value is None:
        return value
    return repr(value)
