"""A composed scenario for reading: rows of path, value and origin, and YAML that loads to the same case."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from sim.case import Case
from sim.scenario.syntax import Mark, Node


class Row(NamedTuple):
    """One value of a composed scenario."""

    path: str
    value: str
    origin: str
    """``file:line``, or ``--set ...``."""


def rows(root: Node) -> list[Row]:
    """Return every value of a composed tree with its path and the place that said it."""
    return list(_rows(root, ""))


def _rows(node: Node, path: str) -> Iterator[Row]:
    if node.is_mapping and not (path and "distribution" in node.value):
        for key, item in node.value.items():
            yield from _rows(item, f"{path}.{key}" if path else key)
    elif node.is_list and any(item.is_mapping or item.is_list for item in node.value):
        for number, item in enumerate(node.value):
            name = item.get("id") or item.get("name")
            yield from _rows(item, f"{path}.{name.text if name is not None else number}")
    else:
        yield Row(path, _text(node), _origin(node.mark))


def _text(node: Node) -> str:
    if node.is_list:
        return "[" + ", ".join(_text(item) for item in node.value) + "]"
    if node.is_mapping:
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in node.value.items()) + "}"
    return node.text


def _origin(mark: Mark) -> str:
    if not mark.line:
        return mark.file
    path = Path(mark.file)
    try:
        return f"{path.resolve().relative_to(Path.cwd())}:{mark.line}"
    except ValueError:
        return str(mark)


def resolved_yaml(root: Node, case: Case) -> str:
    """Return one YAML file without `extends` and `include` that loads to the same case."""
    document: dict[str, Any] = {"name": case.name, **root.plain()}
    if case.background:
        document["background"] = sorted(case.background)
    folder = Path(case.network.folder) if case.network.folder else None
    if folder is not None and document.get("network") != folder.name:
        document["network"] = str(folder.resolve())
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
