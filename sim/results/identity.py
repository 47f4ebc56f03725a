"""A fingerprint of a case: the same for the same world, window, interventions and seed.

`case_hash` is one number for all of it; `parts_of` has one entry per part, so that two cases that differ can
say where.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.case import Case

LEFT_OUT = frozenset({"figures", "folder", "file", "title", "question", "sources", "must_hold", "outputs"})
"""Fields that say where something came from or how it is reported, not what is simulated."""
PLAIN = frozenset({float, int, str, bool, type(None)})


def case_hash(case: Case) -> str:
    """Return the SHA-256 of what is simulated, as 64 hexadecimal digits."""
    return _hash(case)


def parts_of(case: Case) -> dict[str, str]:
    """Return what is simulated part by part: plain values as text, records as a hash.

    The number of replications is left out: the first hundred of a thousand are a run of a hundred.

    Examples
    --------
    >>> from sim.testing import serial_chain, small_case
    >>> parts_of(small_case(serial_chain([20.0], [10]), 90))["horizon_days"]
    '90'
    """
    found: dict[str, str] = {}
    for item in dataclasses.fields(case):
        if item.name in LEFT_OUT or item.name in ("network", "replications"):
            continue
        value = getattr(case, item.name)
        if item.name in ("interventions", "uncertain"):
            names = "id" if item.name == "interventions" else "path"
            found |= {f"{item.name}.{getattr(one, names)}": _short(one) for one in value}
        else:
            found[item.name] = _short(value)
    for item in dataclasses.fields(case.network):
        value = getattr(case.network, item.name)
        if item.name in LEFT_OUT:
            continue
        if isinstance(value, Mapping):
            found |= {f"network.{item.name}.{key}": _short(one) for key, one in value.items()}
        else:
            found[f"network.{item.name}"] = _short(value)
    return found


def differences(there: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return in words where two sets of parts differ, in the order of their names.

    Examples
    --------
    >>> differences({"seed": "1", "start": "2025-01-01"}, {"seed": "2", "start": "2025-01-01"})
    ['seed: 1 there, 2 now']
    """
    found = []
    for name in sorted({*there, *now}):
        one, other = there.get(name), now.get(name)
        if one == other:
            continue
        if other is None:
            found.append(f"{name}: only there")
        elif one is None:
            found.append(f"{name}: only now")
        elif HASHED in one or HASHED in other:
            found.append(f"{name}: differs")
        else:
            found.append(f"{name}: {one} there, {other} now")
    return found


HASHED = "sha256:"


def _short(value: Any) -> str:
    """Return a plain value as text, anything with parts as a hash.

    Examples
    --------
    >>> from sim.case import Design
    >>> _short(Design.SOBOL)
    'sobol'
    """
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return str(value)
    return HASHED + _hash(value)[:16]


def _hash(value: Any) -> str:
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=256)
def _names(kind: type) -> tuple[str, ...]:
    """Return the fields of a record that count."""
    return tuple(item.name for item in dataclasses.fields(kind) if item.name not in LEFT_OUT)


def _plain(value: Any) -> Any:
    if type(value) in PLAIN:  # most values are; what follows is slow
        return value
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {name: _plain(getattr(value, name)) for name in _names(type(value))}
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
