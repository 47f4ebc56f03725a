"""Files to one tree: what a file `extends`, what it includes, and what it says itself.

A file overrides what it includes, and that overrides what it extends. Mappings merge key by key; lists
of mappings with an `id` (or a `name`, as branches have) merge item by item, field by field; any other
list is replaced. Nothing (``end:`` or ``end: null``) takes a key out again. Every node of the result
remembers the file and line it came from.
"""

from __future__ import annotations

from pathlib import Path

from sim.errors import Problem, ScenarioError
from sim.scenario.library import find
from sim.scenario.state_table import fill_in
from sim.scenario.syntax import Mark, Node, Problems, make_problem, read

NUMBERS_OF = ("sites", "lanes", "lines", "routes", "materials")
"""Top-level keys that change figures of the network."""
ALTERNATIVES = (("end", "duration"), ("start", "after"))
"""Fields of an intervention of which it has one."""
ACTUAL_POLICY = ("policy", "actual.yaml")
"""Interventions of this included file are the world's background and stay in the baseline."""


def is_actual_policy(node: Node) -> bool:
    """Tell whether a value stands in the dated list of what governments really did."""
    return Path(node.mark.file).parts[-2:] == ACTUAL_POLICY


def compose(path: Path, problems: Problems | None = None) -> Node:
    """Read a scenario file and everything it names.

    Parameters
    ----------
    problems
        Receives what does not keep the rest from being read: keys that appear twice or have no value, two
        includes that contradict each other. None raises it.

    Raises
    ------
    ScenarioError
        For a file that cannot be read, or a circle: nobody knows what it would have said.
    """
    found = Problems() if problems is None else problems
    root = _compose(path, (), found)
    _refuse_empty(root, "", found)
    if problems is None:
        found.stop()
    return root


def _compose(path: Path, chain: tuple[Path, ...], problems: Problems) -> Node:
    own = read(path, problems)
    fill_in(own, path.parent, problems)
    here = path.resolve()
    chain = (*chain, here)
    extends = own.value.pop("extends", None)
    include = own.value.pop("include", None)
    bases = [_follow(node, path, chain, problems, "extends") for node in ([extends] if extends else [])]
    parts = [_follow(node, path, chain, problems, "include") for node in _as_list(include)]
    if None in bases or None in parts:
        problems.stop()
    together = Node({}, own.mark)
    for part in parts:
        if part is not None:
            _unite(together, part, "", problems)
    base = bases[0] if bases and bases[0] is not None else Node({}, own.mark)
    return override(override(base, together), own)


def _as_list(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return list(node.value) if node.is_list else [node]


def _follow(node: Node, path: Path, chain: tuple[Path, ...], problems: Problems, word: str) -> Node | None:
    """Compose the file that ``extends`` or ``include`` names."""
    if not isinstance(node.value, str) or not node.value.strip():
        problems.add(
            f"{word} names a file, not {_what(node)}",
            node.mark,
            key=word,
            allowed=f"{word}: other_scenario.yaml",
        )
        return None
    target = find(node.value, path.parent)
    if target.resolve() in chain:
        start = chain.index(target.resolve())
        circle = " -> ".join(item.name for item in (*chain[start:], target))
        raise ScenarioError(
            make_problem(f"{word} goes in a circle: {circle}", node.mark, key=word, given=node.value)
        )
    try:
        return _compose(target, chain, problems)
    except ScenarioError as error:
        # Only a file that is not there is the fault of the line that names it.
        if len(error.problems) == 1 and error.problems[0].line is None and not target.is_file():
            what = error.problems[0]
            problems.add(
                f"{word}: '{node.value}' {what.message}",
                node.mark,
                key=word,
                given=node.value,
                hint=what.hint,
            )
            return None
        problems.found.extend(item for item in error.problems if item not in problems.found)
        return None


def override(base: Node, over: Node) -> Node:
    """Return ``base`` with everything ``over`` says in place of its own."""
    if base.is_mapping and over.is_mapping:
        merged = dict(base.value)
        _forget_uncertain(merged, over)
        _forget_alternative(merged, over)
        for key, item in over.value.items():
            if item.value is None and key in merged:
                del merged[key]
            elif key in merged:
                merged[key] = override(merged[key], item)
            else:
                merged[key] = item
        if "distribution" in over.value:
            merged = dict(over.value)
        return Node(merged, over.mark if over.value else base.mark, over.key_mark or base.key_mark)
    if base.is_list and over.is_list and _keyed(base) and _keyed(over):
        items = {_id_of(item): item for item in base.value}
        for item in over.value:
            name = _id_of(item)
            items[name] = override(items[name], item) if name in items else item
        return Node(list(items.values()), over.mark, over.key_mark)
    return over


def _forget_alternative(merged: dict[str, Node], over: Node) -> None:
    """Let `end` replace `duration`, and the like: an intervention has one of the two."""
    if not _id_of(over):
        return
    for one, other in ALTERNATIVES:
        if one in over.value and other not in over.value:
            merged.pop(other, None)
        elif other in over.value and one not in over.value:
            merged.pop(one, None)


def _forget_uncertain(merged: dict[str, Node], over: Node) -> None:
    """Let a figure that is set later win over an earlier ``uncertain:`` entry for it."""
    uncertain = merged.get("uncertain")
    if uncertain is None or not uncertain.is_mapping:
        return
    new = set(figure_paths(over))
    kept = {path: item for path, item in uncertain.value.items() if path not in new}
    if len(kept) < len(uncertain.value):
        merged["uncertain"] = Node(kept, uncertain.mark, uncertain.key_mark)


def figure_paths(node: Node, prefix: str = "") -> dict[str, Node]:
    """Return the paths of all figures that a tree sets in the network and in its interventions."""
    out: dict[str, Node] = {}
    if not prefix:
        for key in NUMBERS_OF:
            part = node.get(key)
            if part is not None and part.is_mapping:
                out |= figure_paths(part, key)
        listed = node.get("interventions")
        for item in listed.value if listed is not None and listed.is_list else ():
            name = _id_of(item)
            if name:
                out |= figure_paths(item, f"interventions.{name}")
        return out
    if node.is_mapping and not ({"value", "distribution"} & set(node.value)):
        for key, item in node.value.items():
            out |= figure_paths(item, f"{prefix}.{key}")
        return out
    out[prefix] = node
    return out


def _keyed(node: Node) -> bool:
    return bool(node.value) and all(_id_of(item) for item in node.value)


def _id_of(item: Node) -> str:
    for key in ("id", "name"):
        found = item.get(key)
        if found is not None and isinstance(found.value, str):
            return found.value
    return ""


def _unite(into: Node, part: Node, path: str, problems: Problems) -> None:
    """Add an included tree to those before it; a value that differs is a contradiction."""
    for key, item in part.value.items():
        where = f"{path}.{key}" if path else key
        if key not in into.value:
            into.value[key] = item
        else:
            _unite_one(into.value, key, item, where, problems)


def _unite_one(holder: dict[str, Node], key: str, item: Node, where: str, problems: Problems) -> None:
    old = holder[key]
    if old.is_mapping and item.is_mapping:
        copy = Node(dict(old.value), old.mark, old.key_mark)
        holder[key] = copy
        _unite(copy, item, where, problems)
    elif old.is_list and item.is_list and _keyed(old) and _keyed(item):
        items = {_id_of(entry): entry for entry in old.value}
        for entry in item.value:
            name = _id_of(entry)
            if name in items:
                _unite_one(items, name, entry, f"{where}.{name}", problems)
            else:
                items[name] = entry
        holder[key] = Node(list(items.values()), old.mark, old.key_mark)
    elif old.plain() != item.plain():
        first, second = old.key_mark or old.mark, item.key_mark or item.mark
        problems.add(
            f"'{where}' is set in different ways by two included files: {_place(first)} and {_place(second)}",
            second,
            key=where,
            given=item.text,
            hint="included files may not contradict each other; keep one, or move the value to the scenario",
        )


def _place(mark: Mark) -> str:
    return f"{Path(mark.file).name} line {mark.line}"


def _refuse_empty(node: Node, path: str, problems: Problems) -> None:
    """Note every key and item without a value, and take it out, so that nobody stumbles over it again."""
    if node.is_mapping:
        for key, item in tuple(node.value.items()):
            where = f"{path}.{key}" if path else key
            if item.value is None:
                problems.add(
                    f"'{where}' has no value",
                    item.key_mark or item.mark,
                    key=where,
                    hint="write one, or leave the key out",
                )
                del node.value[key]
            else:
                _refuse_empty(item, where, problems)
    elif node.is_list:
        for number, item in enumerate(node.value):
            where = f"{path}[{number}]"
            if item.value is None:
                problems.add(f"'{where}' has no value", item.mark, key=where, hint="take the dash out")
            else:
                _refuse_empty(item, where, problems)


def _what(node: Node) -> str:
    if node.is_mapping:
        return "a mapping"
    return "a list" if node.is_list else repr(node.value)


__all__ = [
    "ACTUAL_POLICY", "NUMBERS_OF", "Problem", "compose", "figure_paths", "is_actual_policy", "override",
]  # fmt: skip
