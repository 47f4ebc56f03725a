"""Which kind of figure a path such as `sites.suzuki_japan.cover` names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from sim.data import schema as tables
from sim.scenario.document import ENTRIES, attribute_kind
from sim.scenario.kinds import UNIT_KINDS, field_key
from sim.units import did_you_mean

_OWN: Mapping[str, Mapping[str, str]] = {
    "sites": {
        "cover": "duration",
        "output_cover": "duration",
        "opening_cover": "duration",
        "nameplates": "rate",
    },
    "lines": {"inputs": "content", "outputs": "content", "nameplate_capacity": "rate"},
    "lanes": {"sourcing_share": "share"},
    "routes": {},
    "materials": {"contents": "content"},
}
_ATTRIBUTES = {
    "sites": tables.SITE_ATTRIBUTES,
    "lines": tables.LINE_ATTRIBUTES,
    "lanes": tables.LANE_ATTRIBUTES,
    "routes": tables.ROUTE_ATTRIBUTES,
    "materials": tables.MATERIAL_ATTRIBUTES,
}
NEEDS_NAME = frozenset({"inputs", "outputs", "contents", "output_cover", "opening_cover", "nameplates"})
"""Figures that come one for each material, element or nameplate."""


def figure_kinds(section: str) -> dict[str, str]:
    """Return the kind of every figure of a section, by attribute."""
    named = {
        name: attribute_kind(attribute)
        for name, attribute in _ATTRIBUTES[section].items()
        if not attribute.is_text
    }
    return {**_OWN[section], **named}


def kind_of_path(path: str, models: Mapping[str, type], interventions: list[str]) -> tuple[str, str, str]:
    """Return (kind, message, hint); a message says why the path names no figure.

    Parameters
    ----------
    models
        Model of each intervention that could be read, by id.
    interventions
        Ids of all interventions.
    """
    first, _, rest = path.partition(".")
    if first == "interventions":
        return _of_intervention(rest, models, interventions)
    if first == "initial_state":
        is_whole = rest.startswith("on_hand.") and rest.count(".") == 2
        return ("quantity", "", "") if is_whole else ("", "names no stock on hand", "on_hand.site.material")
    if first not in ENTRIES:
        known = [*ENTRIES, "interventions", "initial_state"]
        return "", f"'{first}' has no figures", did_you_mean(first, known) or f"begin with {', '.join(known)}"
    name, _, attribute = rest.partition(".")
    word, _, part = attribute.partition(".")
    kinds = figure_kinds(first)
    if not name or word not in kinds:
        return "", f"'{word}' is not a figure of `{first}:`", did_you_mean(word, kinds) or ", ".join(kinds)
    if word in NEEDS_NAME and not part:
        return "", f"'{word}' needs the name of a material after it", f"{path}.name"
    return kinds[word], "", ""


def _of_intervention(rest: str, models: Mapping[str, type], known: list[str]) -> tuple[str, str, str]:
    name, _, keys = rest.partition(".")
    if name not in known:
        return "", f"intervention '{name}' does not exist", did_you_mean(name, known)
    if name not in models:
        return "", "", ""
    cls: Any = models[name].record  # type: ignore[attr-defined]
    for number, key in enumerate(keys.split(".")):
        items = {field_key(item): item for item in fields(cls)}
        if key not in items:
            return "", f"'{key}' is not a field of {name}", did_you_mean(key, items) or ", ".join(items)
        item = items[key]
        if number == keys.count("."):
            if not _is_figure(cls, item.name):
                return "", f"'{key}' of {name} is not a figure", ""
            return UNIT_KINDS[str(item.metadata.get("unit", ""))], "", ""
        hint = get_type_hints(cls)[item.name]
        below = [part for part in (hint, *get_args(hint)) if isinstance(part, type) and is_dataclass(part)]
        if not below:
            return "", f"'{key}' of {name} has nothing below it", ""
        cls = below[0]
    return "", f"names no figure of {name}", ""


def _is_figure(cls: type, name: str) -> bool:
    hint = get_type_hints(cls)[name]
    return hint is float or float in get_args(hint)
