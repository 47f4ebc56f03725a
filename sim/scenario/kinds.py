"""Models of the intervention kinds, made from the dataclasses themselves.

A field's metadata says how it is written: `alias` its key, `unit` the kind of its figure, `doc` its
sentence. So a new kind, or a new field, needs no line here.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from difflib import SequenceMatcher, get_close_matches
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, create_model
from pydantic import Field as ModelField

from sim.domain import Distribution
from sim.interventions import KINDS, Branch, Intervention
from sim.scenario.fields import (
    Closed,
    Date,
    Flag,
    Names,
    Text,
    choice,
    figure,
    figures_by_name,
    texts_by_name,
    whole,
)

UNIT_KINDS: Mapping[str, str] = {
    "": "factor",
    "duration": "duration",
    "share": "share",
    "factor": "factor",
    "count": "count",
    "rate": "rate",
    "quantity": "quantity",
    "USD": "money",
    "USD/t": "money per tonne",
}
"""The `unit` of a field's metadata to the kind of figure."""

NEVER_ZERO = frozenset({"capacity_per_day", "up_days", "down_days"})
"""Figures that mean nothing at zero."""

KINDS_TO_COME = (
    "tariff", "price_floor",
)  # fmt: skip
"""Kinds that are named but not built: a scenario that names one is told so, not offered another."""

_CLEARLY = 0.1
"""By how much, of 1, the nearest kind must be nearer than the next for a misspelt word to mean it."""

NOT_IN_A_BRANCH = frozenset({"id", "branches"})


def field_key(item: Field[Any]) -> str:
    """Return the key of a dataclass field in a scenario file."""
    return str(item.metadata.get("alias", item.name))


def takes_law(cls: type, name: str) -> bool:
    """Say whether a distribution may stand in the record's own field."""
    return _mentions(get_type_hints(cls)[name], Distribution)


def meant_kind(word: str) -> str:
    """Return the registered kind that a misspelt one stands for; nothing unless only one is near."""
    names = (*KINDS, *KINDS_TO_COME)
    near = get_close_matches(word.lower(), names, n=2, cutoff=0.6)
    scores = [SequenceMatcher(None, name, word.lower()).ratio() for name in near]
    is_clear = len(near) == 1 or (len(near) == 2 and scores[0] - scores[1] > _CLEARLY)
    return near[0] if is_clear and near[0] in KINDS else ""


@cache
def kind_models() -> dict[str, type[Closed]]:
    """Return the model of every registered kind of intervention."""
    return {name: _model(cls, name) for name, cls in KINDS.items()}


@cache
def model_of(cls: type) -> type[Closed]:
    """Return the model of a dataclass that is part of an intervention (a pause, a stage)."""
    return _model(cls, "")


def _model(cls: type, kind: str) -> type[Closed]:
    columns: dict[str, Any] = {}
    children: dict[str, type[BaseModel]] = {}
    if kind:
        columns["kind"] = (Literal[kind], ModelField(description=_first_sentence(cls)))
    hints = get_type_hints(cls)
    for item in fields(cls):
        annotation, child = _annotation(hints[item.name], item) if item.name != "branches" else _futures(cls)
        if child is not None:
            children[field_key(item)] = child
        columns[item.name] = _column(annotation, item, is_required=_is_required(item))
    return _made(cls.__name__, cls, columns, children)


def _futures(cls: type) -> tuple[Any, type[Closed] | None]:
    model = _branch_model(cls)
    return list[model], model  # type: ignore[valid-type]


@cache
def _branch_model(cls: type) -> type[Closed]:
    """Return the model of one weighted future of a kind: its name, its weight, and fields it replaces."""
    columns: dict[str, Any] = {}
    children: dict[str, type[BaseModel]] = {}
    hints = get_type_hints(Branch)
    for item in fields(Branch):
        if item.name != "changes":
            columns[item.name] = _column(*_annotation(hints[item.name], item)[:1], item, is_required=True)
    hints = get_type_hints(cls)
    for item in fields(cls):
        if item.name not in NOT_IN_A_BRANCH:
            annotation, child = _annotation(hints[item.name], item)
            columns[item.name] = _column(annotation, item, is_required=False)
            if child is not None:
                children[field_key(item)] = child
    model = _made(f"{cls.__name__}Branch", Branch, columns, children)
    model.of_kind = cls
    return model


def _made(
    name: str, cls: type, columns: dict[str, Any], children: dict[str, type[BaseModel]]
) -> type[Closed]:
    model = create_model(name, __base__=Closed, **columns)
    model.children = children
    model.record = cls
    return model


def _is_required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _column(annotation: Any, item: Field[Any], is_required: bool) -> tuple[Any, Any]:
    key = field_key(item)
    extra: dict[str, Any] = {"alias": key} if key != item.name else {}
    default = ... if is_required else None
    return (annotation, ModelField(default=default, description=item.metadata.get("doc"), **extra))


def _annotation(hint: Any, item: Field[Any]) -> tuple[Any, type[Closed] | None]:
    """Return the type of a field and the model below it, if there is one."""
    parts = [part for part in _union(hint) if part is not type(None)]
    unit = UNIT_KINDS[str(item.metadata.get("unit", ""))]
    first = parts[0]
    if float in parts:
        return figure(unit, item.name in NEVER_ZERO), None
    if first is date:
        return Date, None
    if first is bool:
        return Flag, None
    if first is int:
        return whole(0), None
    if first is str:
        return Text, None
    if get_origin(first) is Literal:
        return choice([str(word) for word in get_args(first)]), None
    if isinstance(first, type) and issubclass(first, Enum):
        return choice([str(word.value) for word in first]), None
    if isinstance(first, type) and is_dataclass(first):
        return _below(first)
    return _container(first, unit, item)


def _below(cls: type) -> tuple[Any, type[Closed] | None]:
    return model_of(cls), model_of(cls)


def _container(hint: Any, unit: str, item: Field[Any]) -> tuple[Any, type[Closed] | None]:
    inside = get_args(hint)
    if get_origin(hint) is tuple:
        if inside[0] is str:
            return Names, None
        if get_origin(inside[0]) is Literal:
            return Names, None
        part: type = inside[0]
        if is_dataclass(inside[0]):
            model = model_of(part)
            return list[model], model  # type: ignore[valid-type]
    elif len(inside) == 2 and float in _union(inside[1]):
        return figures_by_name(unit), None
    elif len(inside) == 2 and inside[1] is str:
        return texts_by_name(), None
    raise TypeError(f"field {item.name} has type {hint}, which the scenario language cannot write")


def _union(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _mentions(hint: Any, wanted: type) -> bool:
    return hint is wanted or any(_mentions(part, wanted) for part in get_args(hint))


def _first_sentence(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


__all__ = [
    "KINDS_TO_COME",
    "Intervention",
    "field_key",
    "kind_models",
    "meant_kind",
    "model_of",
    "takes_law",
]
