"""The pydantic types of a scenario's fields: each reads one way of writing and says what it allows.

Their errors carry parts (what was given, what is allowed, the nearest match) for
`sim.scenario.validate` to place in the file; pydantic's own wording never reaches a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sim import units
from sim.scenario.readings import ReadingError, figure_schema, read_figure
from sim.units import UnitError, did_you_mean

FAULT = "sim_fault"
"""Type of every error raised here; its context holds `faults`, a list of dicts of parts."""


class Closed(BaseModel):
    """A mapping with known keys only.

    `children` names the model below each key that holds one (or a list, or, under ``*``, any key).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    children: ClassVar[Mapping[str, type[BaseModel]]] = {}
    record: ClassVar[type | None] = None
    """The dataclass an intervention's model stands for."""
    of_kind: ClassVar[type | None] = None
    """Of a branch: the dataclass whose fields it replaces."""


def allowed_keys(model: type[BaseModel]) -> list[str]:
    """Return the keys a mapping may have, as written in a file."""
    return [info.alias or name for name, info in model.model_fields.items()]


def fault(
    message: str, given: object = "", allowed: str = "", hint: str = "", *keys: str
) -> PydanticCustomError:
    """Return an error with parts, about the value at ``keys`` below the field."""
    part = {"message": message, "given": str(given), "allowed": allowed, "hint": hint, "keys": keys}
    return PydanticCustomError(FAULT, "fault", {"faults": [part]})


def _figure_validator(kind: str, above_zero: bool) -> Callable[[object], object]:
    def validate(raw: object) -> object:
        try:
            reading = read_figure(raw, kind)
        except ReadingError as error:
            parts = [
                {"message": e.message, "given": e.given, "allowed": e.allowed, "hint": e.hint, "keys": keys}
                for keys, e in error.faults
            ]
            raise PydanticCustomError(FAULT, "fault", {"faults": parts}) from None
        if above_zero and reading.least() <= 0.0:
            raise fault(f"{_shown(raw)} is zero; it must be more", _shown(raw), units.ALLOWED[kind])
        return reading

    return validate


def figure(kind: str, above_zero: bool = False) -> Any:
    """Return the type of a figure: a `Reading` of this kind."""
    return Annotated[
        Any, PlainValidator(_figure_validator(kind, above_zero)), WithJsonSchema(figure_schema(kind))
    ]


def figure_or_each(kind: str) -> Any:
    """Return the type of one figure for all materials, or a mapping of figures by material."""
    read = _figure_validator(kind, above_zero=False)

    def validate(raw: object) -> object:
        if not isinstance(raw, Mapping) or {"distribution", "value"} & set(raw):
            return read(raw)
        if not raw:
            raise fault("an empty mapping holds no figure", "{}", units.ALLOWED[kind])
        return _each(raw, read)

    schema = figure_schema(kind)
    both = {"anyOf": [schema, {"type": "object", "additionalProperties": schema}]}
    return Annotated[Any, PlainValidator(validate), WithJsonSchema(both)]


def figures_by_name(kind: str) -> Any:
    """Return the type of a mapping from names to figures."""
    read = _figure_validator(kind, above_zero=False)

    def validate(raw: object) -> object:
        if not isinstance(raw, Mapping):
            raise fault(f"a mapping of names to figures is wanted, not {what(raw)}", raw, "name: figure")
        return _each(raw, read)

    schema = {"type": "object", "additionalProperties": figure_schema(kind)}
    return Annotated[Any, PlainValidator(validate), WithJsonSchema(schema)]


def _each(raw: Mapping[Any, object], read: Callable[[object], object]) -> dict[str, object]:
    out: dict[str, object] = {}
    faults: list[dict[str, Any]] = []
    for key, item in raw.items():
        try:
            out[str(key)] = read(item)
        except PydanticCustomError as error:
            context = error.context or {}
            faults += [part | {"keys": (str(key), *part["keys"])} for part in context["faults"]]
    if faults:
        raise PydanticCustomError(FAULT, "fault", {"faults": faults})
    return out


def _date(raw: object) -> object:
    if isinstance(raw, Mapping) and "distribution" in raw:
        raise fault(
            "a date is one day, not a distribution",
            raw["distribution"],
            "a date such as 2025-06-13",
            "an uncertain start is a reaction: `after: {id: other, lag: {distribution: ...}}`",
        )
    try:
        return units.iso_date(raw)
    except UnitError as error:
        raise fault(error.message, error.given, error.allowed, error.hint) from None


Date = Annotated[Any, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
"""An ISO date; becomes `datetime.date`."""


def _text(raw: object) -> object:
    if not isinstance(raw, str):
        hint = "put it in quotes" if isinstance(raw, int | float) else ""
        raise fault(f"text is wanted, not {what(raw)}", raw, "text", hint)
    if not raw.strip():
        raise fault("text is wanted, not an empty one", raw, "text")
    return raw.strip()


Text = Annotated[Any, PlainValidator(_text), WithJsonSchema({"type": "string", "minLength": 1})]
"""Text that is not empty."""


def _names(raw: object) -> object:
    if isinstance(raw, str):
        return (_text(raw),)
    if not isinstance(raw, Sequence):
        raise fault(f"a name or a list of names is wanted, not {what(raw)}", raw, "name, or [name, name]")
    faults = []
    for number, item in enumerate(raw):
        if not isinstance(item, str) or not item.strip():
            message = f"a name is wanted, not {what(item)}"
            faults.append(
                {"message": message, "given": str(item), "allowed": "a name", "hint": "", "keys": (number,)}
            )
    if faults:
        raise PydanticCustomError(FAULT, "fault", {"faults": faults})
    return tuple(item.strip() for item in raw)


Names = Annotated[
    Any,
    PlainValidator(_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One name or a list of names; becomes a tuple."""


def whole(least: int, most: int = 2**63 - 1) -> Any:
    """Return the type of a whole number between two bounds."""

    def validate(raw: object) -> object:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise fault(f"a whole number is wanted, not {what(raw)}", raw, f"{least} or more")
        if not least <= raw <= most:
            allowed = f"{least} or more" if raw < least else f"{least} to {most}"
            raise fault(f"{raw} is out of range", raw, allowed)
        return raw

    return Annotated[Any, PlainValidator(validate), WithJsonSchema({"type": "integer", "minimum": least})]


def degrees(most: float) -> Any:
    """Return the type of an angle between -``most`` and ``most`` degrees."""

    def validate(raw: object) -> object:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not -most <= raw <= most:
            raise fault(f"{_shown(raw)} is not an angle", raw, f"{-most:g} to {most:g}")
        return float(raw)

    return Annotated[
        Any, PlainValidator(validate), WithJsonSchema({"type": "number", "minimum": -most, "maximum": most})
    ]


def _flag(raw: object) -> object:
    words = {"yes": True, "no": False}
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in words:
        return words[raw.lower()]
    raise fault(f"true or false is wanted, not {what(raw)}", raw, "true, false")


Flag = Annotated[
    Any,
    PlainValidator(_flag),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no"]}]}),
]
"""true or false (or yes, no)."""


def choice(words: Sequence[str]) -> Any:
    """Return the type of one word of a few."""
    known = tuple(words)

    def validate(raw: object) -> object:
        if raw not in known:
            raise fault(
                f"{_shown(raw)} is none of the words known here",
                raw,
                ", ".join(known),
                did_you_mean(str(raw), known),
            )
        return raw

    return Annotated[Any, PlainValidator(validate), WithJsonSchema({"enum": list(known)})]


def texts_by_name(words: Sequence[str] = ()) -> Any:
    """Return the type of a mapping from names to words."""

    def validate(raw: object) -> object:
        if not isinstance(raw, Mapping):
            raise fault(f"a mapping of names to words is wanted, not {what(raw)}", raw, "name: word")
        for key, item in raw.items():
            if not isinstance(item, str) or (words and item not in words):
                allowed = ", ".join(words)
                raise fault(
                    f"{_shown(item)} is none of the words known here",
                    item,
                    allowed,
                    did_you_mean(str(item), tuple(words)),
                    str(key),
                )
        return dict(raw)

    item = {"enum": list(words)} if words else {"type": "string"}
    return Annotated[
        Any, PlainValidator(validate), WithJsonSchema({"type": "object", "additionalProperties": item})
    ]


def _arrival(raw: object) -> object:
    try:
        return units.iso_date(raw)
    except UnitError as error:
        if error.message.endswith("is not a day of the calendar"):  # meant as a date, not as a duration
            raise fault(error.message, error.given, error.allowed, error.hint) from None
        return read_arrival(raw)


def read_arrival(raw: object) -> object:
    """Read the day goods arrive as a duration from the start."""
    allowed = "a date such as 2025-06-13, or days from the start such as 5 d"
    try:
        days = units.duration(raw)
    except UnitError as error:
        raise fault(error.message, error.given, allowed, error.hint) from None
    if not isinstance(days, float):
        raise fault("working days need a start date", raw, allowed)
    return days


Arrival = Annotated[Any, PlainValidator(_arrival), WithJsonSchema({"type": "string"})]
"""A date, or a duration from the start."""


def what(raw: object) -> str:
    """Say what kind of thing a value is."""
    if raw is None:
        return "nothing"
    if isinstance(raw, bool):
        return "true or false"
    if isinstance(raw, Mapping):
        return "a mapping"
    if isinstance(raw, list | tuple):
        return "a list"
    return repr(raw)


def _shown(raw: object) -> str:
    return repr(raw) if isinstance(raw, str) else str(raw)
