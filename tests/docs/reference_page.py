"""The page of scenario keys, measures and series, made from the schema and the registries.

``python -m tests.docs.reference_page`` writes it anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sim.interventions import KINDS
from sim.metrics import MEASURES, SERIES
from sim.scenario import json_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
HEAD = """# Reference

Made from the JSON schema and the registries by `python -m tests.docs.reference_page`; a test holds it
current. Commands: [commands.md](commands.md). Pictures: [pictures.md](pictures.md). Kinds of
interventions with their fields: [interventions.md](interventions.md). Conditions:
[must_hold.md](must_hold.md). Tables of a network: [tables.md](tables.md). What each figure means exactly:
[model.md](model.md).
"""
FIGURES = """A figure (duration, share, rate, quantity ...) is a number with its unit, or has a source, or is
a distribution: [figures and units](scenarios.md#figures-and-units).
"""
RECORDS = """Records of the network take the fields below; what they mean is in [tables.md](tables.md). A
record that is new must be complete, of another only what changes is written.
"""
ENTRIES = {
    "SiteEntry": "A site, under `sites:`",
    "LineEntry": "A line, under `lines:`",
    "LaneEntry": "A lane, under `lanes:`",
    "RouteEntry": "A route, under `routes:`",
    "MaterialEntry": "A material, under `materials:`",
    "InitialStateEntry": "Day zero, under `initial_state:`",
    "OpenLicence": "A licence, under `initial_state: licences:`",
}
UNION = "anyOf"


def reference_page() -> str:
    """Return the page."""
    schema = json_schema()
    definitions = schema["$defs"]
    parts = [HEAD, "## Keys of a scenario\n", FIGURES, _keys(schema), RECORDS]
    for name, title in ENTRIES.items():
        parts.append(f"### {title}\n\n{_keys(definitions[name])}")
    kinds = ", ".join(f"[`{kind}`](interventions.md#{kind})" for kind in sorted(KINDS))
    parts.append(f"### An intervention, in the list `interventions:`\n\n`kind` is one of {kinds}.\n")
    parts += ["## Measures\n", "One value per manufacturer, the columns of `run.metrics`.\n", _measures()]
    parts += ["## Series\n", "One value per day and column, by `run.series(name)`.\n", _series()]
    return "\n".join(parts)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _keys(schema: dict[str, Any]) -> str:
    needed = set(schema.get("required", ()))
    rows = [
        (f"`{key}`" + (" (needed)" if key in needed else ""), _takes(item), _says(item))
        for key, item in schema["properties"].items()
    ]
    if all(says == "-" for *_, says in rows):
        return _table(("key", "takes"), [row[:2] for row in rows])
    return _table(("key", "takes", "means"), rows)


def _nouns(name: str) -> str:
    """Return the name of a record in words.

    Examples
    --------
    >>> _nouns("InitialStateEntry")
    'initial state'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Entry")).lower()


def _says(item: dict[str, Any]) -> str:
    text = str(item.get("description", "")).replace("|", "\\|")
    default = item.get("default")
    missing = f"missing: `{default}`" if default not in (None, [], {}, "") else ""
    return "; ".join(part for part in (text, missing) if part) or "-"


def _takes(item: dict[str, Any]) -> str:
    """Return what a key takes, in a few words."""
    if "$ref" in item:
        name = str(item["$ref"]).rsplit("/", 1)[-1]
        return name.removeprefix("figure_") if name.startswith("figure_") else f"fields of {_nouns(name)}"
    if UNION in item:
        return " or ".join(dict.fromkeys(_takes(one) for one in item[UNION] if one.get("type") != "null"))
    if "enum" in item:
        return " or ".join(f"`{one}`" for one in item["enum"])
    kind = item.get("type", "any")
    if kind == "array":
        return f"list of {_takes(item['items'])}" if "items" in item else "list"
    if kind == "object":
        inner = item.get("additionalProperties")
        return f"mapping to {_takes(inner)}" if isinstance(inner, dict) and inner else "mapping"
    words = {"string": item.get("format", "text"), "integer": "whole number", "boolean": "true or false"}
    return " or ".join(words.get(one, str(one)) for one in ([kind] if isinstance(kind, str) else kind))


def _measures() -> str:
    rows = [(f"`{item.name}`", item.unit, item.title) for item in MEASURES.values()]
    return _table(("measure", "unit", "means"), rows)


def _series() -> str:
    rows = [(f"`{item.name}`", item.unit, " x ".join(item.columns), item.title) for item in SERIES.values()]
    return _table(("series", "unit", "columns", "means"), rows)


if __name__ == "__main__":
    PAGE.write_text(reference_page(), encoding="utf-8")
