"""An intervention whose kind is missing or unknown: what can be said of the rest of it all the same.

If only one kind is near the misspelt one, it is read as that kind. Otherwise its fields may be those of
any kind: those that all kinds have are read, and a key is wrong if no kind has it and one that all have
is near.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from sim.scenario.fields import allowed_keys, what
from sim.scenario.kinds import KINDS_TO_COME, Intervention, kind_models, meant_kind, model_of
from sim.scenario.models import Key, path_text, read_model
from sim.scenario.syntax import Node, Problems
from sim.units import did_you_mean

NEAR = 0.75
"""Likeness from which a key that no kind has is taken for one that all have (`rate` for `after` is not)."""


def unknown_kind(item: Node, keys: tuple[Key, ...], problems: Problems) -> None:
    """Note what is wrong with the kind of an intervention, and with whatever else can be judged."""
    kind = item.get("kind")
    _the_kind(item, kind, keys, problems)
    meant = meant_kind(kind.text) if kind is not None else ""
    if meant:
        whole = Node(item.value | {"kind": Node(meant, item.mark)}, item.mark, item.key_mark)
        read_model(whole, kind_models()[meant], keys, problems)
    else:
        read_model(_common_part(item, keys, problems), model_of(Intervention), keys, problems)


def _the_kind(item: Node, kind: Node | None, keys: tuple[Key, ...], problems: Problems) -> None:
    where = f"{path_text(keys)}.kind"
    models = kind_models()
    allowed = ", ".join(models)
    if kind is None:
        if not problems.speak_of(where):
            problems.add(f"{path_text(keys)} lacks 'kind'", item.mark, key=where, allowed=allowed)
    elif kind.text in KINDS_TO_COME:
        problems.add(
            f"{where}: '{kind.text}' is not built yet",
            kind.mark,
            key=where,
            given=kind.text,
            hint="docs/interventions.md lists what is to come",
            allowed=allowed,
        )
    else:
        problems.add(
            f"{where}: {repr(kind.text) if kind.text else what(kind.plain())} is not a kind of intervention",
            kind.mark,
            key=where,
            given=kind.text,
            hint=did_you_mean(kind.text, (*models, *KINDS_TO_COME)),
            allowed=allowed,
        )


def _common_part(item: Node, keys: tuple[Key, ...], problems: Problems) -> Node:
    """Return the fields that all kinds have, in the intervention and in its branches."""
    model = model_of(Intervention)
    branch = model.children["branches"]
    own = {key for kind in kind_models().values() for key in allowed_keys(kind)}
    kept = _kept(item, allowed_keys(model), own, keys, problems)
    futures = kept.get("branches")
    if futures is not None and futures.is_list:
        known = allowed_keys(branch)
        parts = [
            Node(_kept(part, known, own, (*keys, "branches", number), problems), part.mark, part.key_mark)
            if part.is_mapping
            else part
            for number, part in enumerate(futures.value)
        ]
        kept["branches"] = Node(parts, futures.mark, futures.key_mark)
    return Node(kept, item.mark, item.key_mark)


def _kept(
    item: Node, known: Collection[str], own: Collection[str], keys: tuple[Key, ...], problems: Problems
) -> dict[str, Node]:
    """Return the known fields of a mapping; note those that are known ones misspelt."""
    for key, part in item.value.items():
        near = get_close_matches(key.lower(), known, n=1, cutoff=NEAR)
        if near and key not in known and key not in own:
            problems.add(
                f"{path_text((*keys, key))} is not a field of any kind of intervention",
                part.key_mark or part.mark,
                key=path_text((*keys, key)),
                given=key,
                hint=f"did you mean '{near[0]}'?",
                allowed=", ".join(known),
            )
    return {key: part for key, part in item.value.items() if key in known and key != "kind"}
