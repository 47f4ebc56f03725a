"""Figures as a scenario writes them: a number with a unit, a law of chance, or either with a source.

A `Reading` keeps working days until a calendar and a start date are known; `Reading.number` then gives
what the model takes: a float or a `Distribution`, in tonnes, units, days and shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim import units
from sim.domain import Distribution, Number
from sim.domain.distribution import LISTS, ORDERED, PARAMETERS, PURE
from sim.units import Amount, UnitError, WorkingDays, did_you_mean

READERS: Mapping[str, Callable[[object], float | WorkingDays | Amount]] = {
    "duration": units.duration,
    "share": units.share,
    "factor": units.factor,
    "count": units.count,
    "rate": units.rate,
    "quantity": units.quantity,
    "content": units.content,
    "money per tonne": units.money_per_tonne,
    "money": units.money,
}
"""How each kind of figure is read."""


class ReadingError(ValueError):
    """What is wrong with a figure: pairs of (keys below the figure, the error)."""

    def __init__(self, faults: list[tuple[tuple[str, ...], UnitError]]) -> None:
        self.faults = faults
        super().__init__("; ".join(error.message for _, error in faults))


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure that was read.

    Attributes
    ----------
    kind
        Key of `READERS`.
    law
        Name of the distribution; empty for a plain number.
    parameters
        ``value`` for a plain number, else the law's parameters; base units or working days.
    of
        ``tonne`` or ``unit`` for rates and quantities.
    lists
        Parameters that are lists: values and their weights.
    """

    kind: str
    law: str
    parameters: Mapping[str, float | WorkingDays] = field(default_factory=dict)
    of: str = ""
    lists: Mapping[str, tuple[float | WorkingDays, ...]] = field(default_factory=dict)

    @property
    def has_working_days(self) -> bool:
        """Whether a calendar is needed."""
        return any(isinstance(item, WorkingDays) for item in self._all())

    def _all(self) -> list[float | WorkingDays]:
        return [*self.parameters.values(), *(item for items in self.lists.values() for item in items)]

    def number(self, resolve: Callable[[WorkingDays], float] | None = None) -> Number:
        """Return the figure in base units; ``resolve`` turns working days into days.

        Raises
        ------
        ValueError
            If there are working days and nothing to resolve them.
        """

        def plain(item: float | WorkingDays) -> float:
            if not isinstance(item, WorkingDays):
                return item
            if resolve is None:
                raise ValueError("working days need a start date")
            return float(resolve(item))

        values = {name: plain(item) for name, item in self.parameters.items()}
        lists = {name: tuple(plain(item) for item in items) for name, items in self.lists.items()}
        return Distribution(self.law, values, **lists) if self.law else values["value"]

    def least(self) -> float:
        """Return the least parameter, working days counted as days: 0 shows that zero is possible."""
        items = [item for name, item in self.parameters.items() if name not in (*PURE, "sd")]
        return min(_size(item) for item in (*items, *self.lists.get("values", ())))


def read_figure(raw: object, kind: str) -> Reading:
    """Read a figure of a kind.

    Parameters
    ----------
    raw
        ``90 d``, ``{value: 90 d, source: id}`` or ``{distribution: triangular, low: ..., ...}``.
    kind
        Key of `READERS`.

    Raises
    ------
    ReadingError
        With everything wrong about it.
    """
    if isinstance(raw, Mapping):
        if faults := _source_faults(raw):
            raise ReadingError(faults)
        if "distribution" in raw:
            return _read_law(raw, kind)
        if "value" in raw:
            _refuse_keys(raw, ("value", "source", "sources", "note"), kind)
            try:
                return read_figure(raw["value"], kind)
            except ReadingError as error:
                raise ReadingError([(("value", *keys), fault) for keys, fault in error.faults]) from None
        keys = ", ".join(map(str, raw)) or "nothing"
        message = f"a mapping with {keys} is not {_a(kind)}"
        hint = did_you_mean(str(next(iter(raw), "")), ("distribution", "value"))
        allowed = f"{units.ALLOWED[kind]}; or {{distribution: ...}}, or {{value: ..., source: ...}}"
        raise ReadingError([((), UnitError(message, keys, allowed, hint))])
    try:
        value, of = _split(READERS[kind](raw))
    except UnitError as error:
        raise ReadingError([((), error)]) from None
    return Reading(kind, "", {"value": value}, of)


def _read_law(raw: Mapping[str, object], kind: str) -> Reading:
    law = raw["distribution"]
    if not isinstance(law, str) or law not in PARAMETERS:
        known = ", ".join(PARAMETERS)
        message = f"distribution {law!r} does not exist"
        error = UnitError(message, str(law), known, did_you_mean(str(law), PARAMETERS))
        raise ReadingError([(("distribution",), error)])
    wanted = PARAMETERS[law]
    faults: list[tuple[tuple[str, ...], UnitError]] = []
    missing = [name for name in wanted if name not in raw]
    if missing:
        message = f"distribution {law} lacks {', '.join(missing)}"
        faults.append(((), UnitError(message, "", ", ".join(wanted))))
    values: dict[str, float | WorkingDays] = {}
    lists: dict[str, tuple[float | WorkingDays, ...]] = {}
    measures: set[str] = set()
    for name, item in raw.items():
        if name in ("distribution", "source", "sources", "note"):
            continue
        if name not in wanted:
            message = f"distribution {law} has no {name!r}"
            faults.append(
                ((str(name),), UnitError(message, str(name), ", ".join(wanted), did_you_mean(name, wanted)))
            )
            continue
        reader = READERS["factor" if name in PURE else kind]
        try:
            if name in LISTS:
                lists[name], found = _listed(name, item, reader)
                measures |= found
                continue
            values[name], of = _split(reader(item))
            measures |= {of} if of else set()
        except UnitError as error:
            faults.append(((name,), error))
    if len(measures) > 1:
        faults.append(
            ((), UnitError("tonnes and units are mixed in one distribution", "", units.ALLOWED[kind]))
        )
    if not faults:
        faults += _misordered(law, values, lists)
    if faults:
        raise ReadingError(faults)
    return Reading(kind, law, values, measures.pop() if measures else "", lists)


def _listed(
    name: str, raw: object, reader: Callable[[object], float | WorkingDays | Amount]
) -> tuple[tuple[float | WorkingDays, ...], set[str]]:
    """Return a list of figures, and what they are measured in."""
    if not isinstance(raw, list) or not raw:
        raise UnitError(f"{name}: a list is wanted", str(raw), f"{name}: [..., ...]")
    pairs = [_split(reader(item)) for item in raw]
    return tuple(value for value, _ in pairs), {of for _, of in pairs if of}


def _size(item: float | WorkingDays) -> float:
    return float(item.count) if isinstance(item, WorkingDays) else item


def _misordered(
    law: str,
    values: Mapping[str, float | WorkingDays],
    lists: Mapping[str, tuple[float | WorkingDays, ...]],
) -> list[tuple[tuple[str, ...], UnitError]]:
    """Return the fault of parameters out of order; working days are compared among themselves."""
    measured = [item for name, item in values.items() if name not in PURE]
    if len({isinstance(item, WorkingDays) for item in (*measured, *lists.get("values", ()))}) > 1:
        message = "working days and calendar days are mixed in one distribution"
        return [((), UnitError(message, "", units.ALLOWED["duration"]))]
    sizes = {name: _size(item) for name, item in values.items()}
    try:
        Distribution(law, sizes, **{name: tuple(map(_size, items)) for name, items in lists.items()})
    except ValueError as error:
        return [((), UnitError(str(error), "", " <= ".join(ORDERED.get(law, PARAMETERS[law]))))]
    return []


def _source_faults(raw: Mapping[str, object]) -> list[tuple[tuple[str, ...], UnitError]]:
    """Return the faults of a figure's sources, which are ids."""
    faults: list[tuple[tuple[str, ...], UnitError]] = []
    for key in ("source", "sources"):
        given = raw.get(key, "")
        names = given if isinstance(given, list) else [given]
        if not all(isinstance(name, str) for name in names):
            faults.append(
                ((key,), UnitError("a source is an id", str(given), "source_id, or [source_id, source_id]"))
            )
    return faults


def _split(value: float | WorkingDays | Amount) -> tuple[float | WorkingDays, str]:
    return (value.value, value.of) if isinstance(value, Amount) else (value, "")


def _refuse_keys(raw: Mapping[str, object], allowed: tuple[str, ...], kind: str) -> None:
    faults: list[tuple[tuple[str, ...], UnitError]] = [
        (
            (str(key),),
            UnitError(
                f"{key!r} does not belong to a figure",
                str(key),
                ", ".join(allowed),
                did_you_mean(str(key), allowed),
            ),
        )
        for key in raw
        if key not in allowed
    ]
    if faults:
        raise ReadingError(faults)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def figure_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a figure of a kind."""
    plain: dict[str, Any] = {"type": ["number", "string"], "description": f"{kind}: {units.ALLOWED[kind]}"}
    sources = {"type": ["string", "array"], "items": {"type": "string"}}
    law: dict[str, Any] = {
        "type": "object",
        "properties": {
            "distribution": {"enum": list(PARAMETERS)},
            **{name: {"type": plain["type"]} for wanted in PARAMETERS.values() for name in wanted},
            **{name: {"type": "array", "items": {"type": plain["type"]}} for name in LISTS},
            "source": sources,
            "sources": sources,
            "note": {"type": "string"},
        },
        "required": ["distribution"],
        "additionalProperties": False,
    }
    sourced = {
        "type": "object",
        "properties": {
            "value": {"anyOf": [plain, law]},
            "source": sources,
            "sources": sources,
            "note": {"type": "string"},
        },
        "required": ["value"],
        "additionalProperties": False,
    }
    return {"anyOf": [plain, law, sourced]}
