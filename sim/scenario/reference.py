"""The JSON Schema of a scenario file, made from the same models that read it."""

from __future__ import annotations

from typing import Any

from sim.scenario.document import ENTRIES, FILES, Document
from sim.scenario.fields import Closed
from sim.scenario.kinds import kind_models
from sim.scenario.readings import READERS, figure_schema
from sim.scenario.state_table import FILE, KEY

URI = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema that editors use to complete and check scenario files.

    A file that extends another may leave anything out, so no top-level key is required here.
    """
    definitions: dict[str, Any] = {}
    top = _schema(Document, definitions)
    properties = {key: top["properties"][key] for key in top["properties"]}
    for key in FILES:
        names = {"type": "string"}
        many = {"type": "array", "items": names}
        what = {"extends": "the scenario this one changes", "include": "files whose keys are added"}[key]
        properties[key] = {"description": what, **(names if key == "extends" else {"anyOf": [names, many]})}
    for section, model in ENTRIES.items():
        definitions[model.__name__] = _schema(model, definitions)
        properties[section] = {
            "type": "object",
            "description": f"changed or new {section}, by id",
            "additionalProperties": {"$ref": f"#/$defs/{model.__name__}"},
        }
    law = figure_schema("duration")["anyOf"][1]
    properties["uncertain"] = {
        "type": "object",
        "description": "figures drawn once per replication, by path such as sites.some_site.cover",
        "additionalProperties": law,
    }
    table = {"type": "string", "description": "a table to fill in, as `sim new stocks.csv` writes it"}
    definitions["InitialStateEntry"]["properties"][FILE] = table
    properties[KEY] = {"description": properties[KEY]["description"],
                       "anyOf": [table, {"$ref": "#/$defs/InitialStateEntry"}]}  # fmt: skip
    properties["interventions"] = _interventions(definitions)
    for kind in READERS:
        definitions[_name(kind)] = figure_schema(kind)
    return {
        "$schema": URI,
        "title": "sim scenario",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _interventions(definitions: dict[str, Any]) -> dict[str, Any]:
    kinds = kind_models()
    rules = []
    for kind, model in kinds.items():
        schema = _schema(model, definitions)
        # An extending file may repeat the kind and change one field, so only the id is required.
        schema["required"] = ["id"]
        definitions[model.__name__] = schema
        rules.append(
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{model.__name__}"},
            }
        )
    item = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "kind": {"enum": list(kinds)}},
        "required": ["id"],
        "allOf": rules,
    }
    return {"type": "array", "description": "what is imposed, in any order", "items": item}


def _schema(model: type[Closed], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions |= {name: _clean(item) for name, item in schema.pop("$defs", {}).items()}
    cleaned: dict[str, Any] = _clean(schema)
    if model is Document:
        cleaned.pop("required", None)
    return cleaned


def _name(kind: str) -> str:
    return f"figure_{kind.replace(' ', '_')}"


def _clean(node: Any) -> Any:
    """Take out titles and empty defaults, which say nothing, and let figures refer to one definition."""
    if isinstance(node, dict):
        out: dict[str, Any] = {}
        for kind in READERS:
            if node.get("anyOf") == figure_schema(kind)["anyOf"]:
                node = {key: item for key, item in node.items() if key != "anyOf"}
                out["$ref"] = f"#/$defs/{_name(kind)}"
        for key, item in node.items():
            is_noise = (key == "title" and isinstance(item, str)) or (key == "default" and item is None)
            if not is_noise:
                out[key] = _clean(item)
        return out
    return [_clean(item) for item in node] if isinstance(node, list) else node
