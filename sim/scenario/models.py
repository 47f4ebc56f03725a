"""A node of the tree read as a model: what is wrong in our own words, each at its key or value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from sim.scenario.document import ENTRIES
from sim.scenario.fields import FAULT, Closed, allowed_keys, what
from sim.scenario.syntax import Node, Problems
from sim.units import did_you_mean

Key = str | int


def locate(node: Node, keys: Iterable[Key]) -> Node:
    """Return the node at some keys, or the last one on the way that exists."""
    for key in keys:
        below: Node | None = None
        if isinstance(key, int) and node.is_list and key < len(node.value):
            below = node.value[key]
        elif node.is_mapping:
            below = node.get(str(key))
        if below is None:
            return node
        node = below
    return node


def path_text(keys: Iterable[Key]) -> str:
    """Return keys as a path, ``interventions[0].start``."""
    out = ""
    for key in keys:
        out += f"[{key}]" if isinstance(key, int) else f".{key}" if out else str(key)
    return out


def read_model(node: Node, model: type[Closed], keys: tuple[Key, ...], problems: Problems) -> Closed | None:
    """Read a node as a model; what is wrong goes to ``problems`` and None comes back."""
    try:
        return model.model_validate(node.plain())
    except ValidationError as error:
        place_errors(error, node, model, keys, problems)
        return None


def readable(node: Node, model: type[Closed]) -> Closed | None:
    """Return a model of what can be read of a node, for the mistakes that only a later step can find."""
    plain = node.plain()
    if not isinstance(plain, dict):
        return None
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            parts = item["ctx"]["faults"] if item["type"] == FAULT else ({"keys": ()},)
            for part in parts:
                _take_out(plain, (*item["loc"], *part["keys"]))
    try:
        return model.model_validate(plain)
    except ValidationError:
        return None


def _take_out(plain: dict[str, Any], keys: tuple[Key, ...]) -> None:
    """Delete what is at some keys; a list is emptied, since the places of its items are their names."""
    holder, last = plain, keys[0]
    for key in keys[1:]:
        below = holder.get(str(last))
        if isinstance(below, list):
            below.clear()
            return
        if not isinstance(below, dict):
            break
        holder, last = below, key
    holder.pop(str(last), None)


def place_errors(
    error: ValidationError,
    node: Node,
    model: type[BaseModel] | None,
    keys: tuple[Key, ...],
    problems: Problems,
) -> None:
    """Turn what pydantic found into problems with place and words of our own."""
    for item in error.errors(include_url=False):
        inner: tuple[Key, ...] = item["loc"]
        if item["type"] == FAULT:
            for part in item["ctx"]["faults"]:
                at = (*inner, *part["keys"])
                problems.add(
                    f"{path_text((*keys, *at))}: {part['message']}",
                    locate(node, at).mark,
                    key=path_text((*keys, *at)),
                    given=part["given"],
                    allowed=part["allowed"],
                    hint=part["hint"],
                )
        elif item["type"] == "extra_forbidden":
            _unknown_key(node, model, keys, inner, problems)
        elif item["type"] == "missing":
            _missing(node, keys, inner, problems)
        elif locate(node, inner).value is not None:  # nothing was noted as such
            wanted = "a list" if "list" in item["type"] else "a mapping"
            found = locate(node, inner)
            where = path_text((*keys, *inner))
            problems.add(
                f"{where}: {wanted} is wanted, not {what(found.plain())}",
                found.mark,
                key=where,
                given=found.text,
            )


def _missing(node: Node, keys: tuple[Key, ...], inner: tuple[Key, ...], problems: Problems) -> None:
    where = path_text((*keys, *inner))
    if not problems.speak_of(where):
        problems.add(
            f"{path_text((*keys, *inner[:-1]))} lacks '{inner[-1]}'",
            locate(node, inner[:-1]).mark,
            key=where,
            hint=f"add `{inner[-1]}:`",
        )


def _unknown_key(
    node: Node,
    model: type[BaseModel] | None,
    keys: tuple[Key, ...],
    inner: tuple[Key, ...],
    problems: Problems,
) -> None:
    holder, name = locate(node, inner[:-1]), str(inner[-1])
    mark = holder.value[name].key_mark if holder.is_mapping and name in holder.value else holder.mark
    for key in inner[:-1]:
        if isinstance(key, str) and model is not None:
            model = getattr(model, "children", {}).get(key, model)
    known = [key for key in allowed_keys(model) if key != "kind"] if model is not None else []
    noun = _noun(model, node)
    problems.add(
        f"{path_text((*keys, *inner))} is not a field of {noun}",
        mark,
        key=path_text((*keys, *inner)),
        given=name,
        hint=did_you_mean(name, known),
        allowed=", ".join(known),
    )


def _noun(model: type[BaseModel] | None, node: Node) -> str:
    kind = getattr(getattr(model, "record", None), "kind", "")
    if kind:
        return str(kind)
    nouns = {
        "InitialStateEntry": "initial_state",
        "Consignment": "goods at sea",
        "OpenLicence": "an open licence",
    }
    name = model.__name__ if model is not None else ""
    for section, entry in ENTRIES.items():
        if entry is model:
            return f"`{section}:`"
    if name.endswith("Branch"):
        return "a branch"
    return nouns.get(name, f"a {name.lower()}" if name else "a scenario")
