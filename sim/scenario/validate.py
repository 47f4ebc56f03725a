"""From a composed tree to validated parts: every key known, every value readable, all errors at once.

Each top-level key, each intervention and each entry of the network is read apart, so that a mistake in
one hides no mistake in another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from sim.scenario.compose import figure_paths
from sim.scenario.document import ENTRIES, FILES, READ_APART, REQUIRED, TOP_LEVEL, Document, InitialStateEntry
from sim.scenario.fields import Closed, what
from sim.scenario.kinds import kind_models, meant_kind
from sim.scenario.models import Key, locate, path_text, place_errors, read_model, readable
from sim.scenario.readings import Reading, ReadingError, read_figure
from sim.scenario.syntax import Mark, Node, Problems
from sim.scenario.unit_of import kind_of_path
from sim.scenario.unknown_kind import unknown_kind
from sim.units import did_you_mean

_LATER = {
    "actions": "a firm's own measures are not part of the language yet",
}


@dataclass(slots=True)
class Parts:
    """What a scenario file says, read and typed; what could not be read is missing."""

    root: Node
    top: dict[str, Any] = field(default_factory=dict)
    interventions: list[tuple[Node, str, Closed]] = field(default_factory=list)
    """(node, path of keys, model) of each."""
    entries: dict[str, dict[str, Closed]] = field(default_factory=dict)
    damaged: set[tuple[str, str]] = field(default_factory=set)
    """(section, name) of entries of which something could not be read; the rest of them was."""
    uncertain: dict[str, Reading] = field(default_factory=dict)


def validate(root: Node, problems: Problems) -> Parts:
    """Read every part of a composed scenario; what is wrong goes to ``problems``."""
    parts = Parts(root)
    for key, node in root.value.items():
        if key not in TOP_LEVEL:
            _unknown_top(key, node, problems)
        elif key in Document.model_fields:
            read, value = _read_top(key, node, problems)
            if read:
                parts.top[key] = value
    for key in REQUIRED:
        if key not in root.value and not problems.speak_of(key):
            problems.add(f"'{key}' is missing", Mark(root.mark.file), key=key, hint=f"add `{key}:`")
    _interventions(root.get("interventions"), parts, problems)
    _entries(root, parts, problems)
    _uncertain(root.get("uncertain"), parts, problems)
    return parts


def _unknown_top(key: str, node: Node, problems: Problems) -> None:
    mark = node.key_mark or node.mark
    hint = _LATER.get(key) or did_you_mean(key, TOP_LEVEL)
    if "." in key and key.split(".")[0] in (*ENTRIES, "interventions"):
        hint = f"write it nested below `{key.split('.')[0]}:`, or use it with --set"
    problems.add(
        f"'{key}' is not a key of a scenario",
        mark,
        key=key,
        given=key,
        hint=hint,
        allowed=", ".join(TOP_LEVEL),
    )


def _read_top(key: str, node: Node, problems: Problems) -> tuple[bool, Any]:
    info = Document.model_fields[key]
    annotation: Any = info.annotation
    for piece in info.metadata:
        annotation = Annotated[annotation, piece]
    if key == "initial_state":
        state = read_model(node, InitialStateEntry, (key,), problems) or readable(node, InitialStateEntry)
        return state is not None, state
    try:
        return True, TypeAdapter(annotation).validate_python(node.plain())
    except ValidationError as error:
        place_errors(error, node, None, (key,), problems)
        return False, None


def _interventions(node: Node | None, parts: Parts, problems: Problems) -> None:
    if node is None:
        return
    if not node.is_list:
        problems.add(
            f"interventions: a list is wanted, not {what(node.plain())}",
            node.mark,
            key="interventions",
            hint="begin each intervention with `- id: ...`",
        )
        return
    models = kind_models()
    for number, item in enumerate(node.value):
        keys: tuple[Key, ...] = ("interventions", number)
        where = path_text(keys)
        kind = item.get("kind")
        if item.value is None:
            continue  # noted as such
        if not item.is_mapping:
            problems.add(f"{where}: a mapping is wanted, not {what(item.plain())}", item.mark, key=where)
        elif kind is None or not isinstance(kind.value, str) or kind.value not in models:
            unknown_kind(item, keys, problems)
        else:
            model = read_model(item, models[kind.value], keys, problems)
            if model is not None:
                parts.interventions.append((item, where, model))


def _entries(root: Node, parts: Parts, problems: Problems) -> None:
    for section, model in ENTRIES.items():
        node = root.get(section)
        if node is None:
            continue
        if not node.is_mapping:
            problems.add(
                f"{section}: a mapping is wanted, not {what(node.plain())}",
                node.mark,
                key=section,
                hint=f"write `{section}: {{some_id: {{...}}}}`",
            )
            continue
        for name, item in node.value.items():
            read = read_model(item, model, (section, name), problems)
            if read is None:
                parts.damaged.add((section, name))
                read = readable(item, model)
            if read is not None:
                parts.entries.setdefault(section, {})[name] = read


def _uncertain(node: Node | None, parts: Parts, problems: Problems) -> None:
    if node is None:
        return
    if not node.is_mapping:
        problems.add(
            f"uncertain: a mapping is wanted, not {what(node.plain())}",
            node.mark,
            key="uncertain",
            hint="write `uncertain: {sites.some_site.cover: {distribution: ...}}`",
        )
        return
    for path, item in node.value.items():
        _uncertain_one(path, item, parts, problems)


def _uncertain_one(path: str, item: Node, parts: Parts, problems: Problems) -> None:
    where = f"uncertain.{path}"
    mark = item.key_mark or item.mark
    kinds = _models_by_id(parts.root)
    known = [str(node.value) for node in intervention_ids(parts.root)]
    kind, message, hint = kind_of_path(path, kinds, known)
    if message:
        problems.add(f"{where}: {message}", mark, key=where, given=path, hint=hint)
        return
    if path in figure_paths(parts.root):
        problems.add(
            f"{path} is set at its place and under `uncertain:`",
            mark,
            key=where,
            given=path,
            hint="keep one of them",
        )
        return
    if not kind:
        return  # the intervention it names is itself in error
    try:
        reading = read_figure(item.plain(), kind)
    except ReadingError as error:
        for keys, fault in error.faults:
            problems.add(
                f"{path_text((where, *keys))}: {fault.message}",
                locate(item, keys).mark,
                key=path_text((where, *keys)),
                given=fault.given,
                allowed=fault.allowed,
                hint=fault.hint,
            )
        return
    if not reading.law:
        allowed = "{distribution: triangular, low: ..., mode: ..., high: ...} and other laws"
        problems.add(
            f"{where}: a distribution is wanted, not {item.text!r}", item.mark, key=where, allowed=allowed
        )
        return
    parts.uncertain[path] = reading


def _models_by_id(root: Node) -> dict[str, type[Closed]]:
    """Return the model of every intervention whose kind is known or evident, readable or not."""
    listed, models = root.get("interventions"), kind_models()
    out: dict[str, type[Closed]] = {}
    for item in listed.value if listed is not None and listed.is_list else ():
        name, kind = item.get("id"), item.get("kind")
        word = kind.text if kind is not None else ""
        model = models.get(word) or models.get(meant_kind(word))
        if name is not None and model is not None:
            out[str(name.value)] = model
    return out


def intervention_ids(root: Node) -> list[Node]:
    """Return the id nodes of all interventions, readable or not."""
    listed = root.get("interventions")
    items = listed.value if listed is not None and listed.is_list else []
    found = [item.get("id") for item in items]
    return [node for node in found if node is not None]


__all__ = ["FILES", "READ_APART", "Parts", "intervention_ids", "locate", "path_text", "validate"]
