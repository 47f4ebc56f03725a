"""``correlations:`` of a scenario: how an entry is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sim.case import Correlation
from sim.scenario.fields import FAULT, fault, what

FORM = "{between: [sites.a.cover, sites.b.cover], rank: 0.6}"
KEYS = ("between", "rank")


def correlated() -> Any:
    """Return the type of a list of correlations."""

    def validate(raw: object) -> object:
        if not isinstance(raw, list):
            raise fault(f"a list of correlations is wanted, not {what(raw)}", raw, f"[{FORM}]")
        faults = [part for number, item in enumerate(raw) for part in _faults(number, item)]
        if faults:
            raise PydanticCustomError(FAULT, "fault", {"faults": faults})
        return tuple(Correlation(tuple(item["between"]), float(item["rank"])) for item in raw)

    entry = {
        "type": "object",
        "properties": {
            "between": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
            "rank": {"type": "number", "exclusiveMinimum": -1, "exclusiveMaximum": 1},
        },
        "required": list(KEYS),
        "additionalProperties": False,
    }
    return Annotated[Any, PlainValidator(validate), WithJsonSchema({"type": "array", "items": entry})]


def _faults(number: int, item: object) -> list[dict[str, Any]]:
    """Return the faults of one entry, each at its keys below the list."""

    def part(message: str, given: object, allowed: str, *keys: str) -> dict[str, Any]:
        at = (number, *keys)
        return {"message": message, "given": str(given), "allowed": allowed, "hint": "", "keys": at}

    if not isinstance(item, Mapping):
        return [part(f"a correlation is wanted, not {what(item)}", item, FORM)]
    extra = [key for key in item if key not in KEYS]
    found = [part(f"{key!r} is no part of a correlation", key, FORM, str(key)) for key in extra]
    pair, rank = item.get("between"), item.get("rank")
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(name, str) for name in pair):
        found.append(part("two figures are wanted", pair, FORM, "between"))
    elif pair[0] == pair[1]:
        found.append(part("a figure is always as high as itself", pair[0], FORM, "between"))
    is_number = isinstance(rank, int | float) and not isinstance(rank, bool)
    if not is_number or not -1.0 < float(rank) < 1.0:  # type: ignore[arg-type]
        found.append(part("a rank correlation between -1 and 1 is wanted", rank, "0.6, -0.3", "rank"))
    return found
