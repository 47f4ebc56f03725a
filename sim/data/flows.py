"""Build lines and lanes from rows: recipes, drivers, plans, shares."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from sim.data.context import Context
from sim.data.records import field_values
from sim.data.schema import (
    CUSTODY,
    KINDS,
    LANE_ATTRIBUTES,
    LINE_ATTRIBUTES,
    MATERIAL_ATTRIBUTES,
    QUANTITY,
    RATE,
    SHARE,
    SURPLUS,
)
from sim.data.tables import Row
from sim.domain import Lane, LaneRoute, Line, LineKind, Material, Site

ROLES = ("input", "output", *(f"surplus_{word}" for word in SURPLUS))
QUANTITY_UNITS = {
    ("tonne", "tonne"): ("t/t", "kg/kg", "kg REO/kg"),
    ("tonne", "unit"): ("kg/unit", "t/unit"),
    ("unit", "unit"): ("unit/unit",),
}
"""Units of a recipe row by (unit of its material, unit of the line's first driver)."""


@dataclass(slots=True)
class Recipe:
    """Inputs and outputs of one line, per unit of its first driver, before the record is made."""

    inputs: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, float] = field(default_factory=dict)
    surplus: dict[str, str] = field(default_factory=dict)
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)


def lines(
    context: Context, sites: dict[str, Site], materials: dict[str, Material]
) -> dict[str, Line]:
    """Build the lines: recipe, drivers, capacity and plan [first driver's unit per day]."""
    rows = {context.identifier(row, "line"): row for row in context.tables["lines"]}
    values = context.attributes("line_figures", "line", rows, dict(LINE_ATTRIBUTES), "lines")
    recipes = _recipes(context, rows, materials)
    nameplates = _nameplates(context, sites)
    out: dict[str, Line] = {}
    for name, row in sorted(rows.items()):
        context.known(row, "site", sites, "site")
        kind = context.one_of(row, "kind", KINDS)
        if kind not in KINDS:
            continue
        recipe = recipes.get(name, Recipe())
        drivers = _drivers(context, row, kind, recipe, materials)
        _complete(context, row, kind, recipe, drivers)
        plate = (row["site"], row["nameplate"])
        if row["nameplate"] and plate not in nameplates:
            known = [word for site, word in nameplates if site == row["site"]]
            context.problems.unknown(f"nameplate of {row['site']}", row["nameplate"], known, row, "nameplate")
        for part in row.words("parkable"):
            if part not in recipe.inputs:
                context.problems.unknown("parkable component", part, recipe.inputs, row, "parkable")
        out[name] = Line(
            name, row["site"], LineKind(kind),
            inputs=dict(sorted(recipe.inputs.items())), outputs=dict(sorted(recipe.outputs.items())),
            drivers=drivers, nameplate=row["nameplate"],
            nameplate_capacity_per_day=nameplates.get(plate, math.inf),
            surplus=dict(sorted(recipe.surplus.items())),
            custody=context.one_of(row, "custody", CUSTODY, "mixed"),
            dormant=row.is_yes("dormant"), is_sink=row.is_yes("is_sink"),
            priority=context.whole(row, "priority"), parkable=row.words("parkable"),
            **field_values(values.get(name, {}), dict(LINE_ATTRIBUTES)),
        )  # fmt: skip
        _check_units(context, out[name], recipe, materials)
    _check_rate_units(context, out, materials)
    return out


def _recipes(
    context: Context, known_lines: dict[str, Row], materials: dict[str, Material]
) -> dict[str, Recipe]:
    out: dict[str, Recipe] = {}
    for row in context.tables["recipes"]:
        is_known = context.known(row, "line", known_lines, "line")
        is_known &= context.known(row, "material", materials, "material")
        role = context.one_of(row, "role", ROLES)
        if role not in ROLES:
            continue
        recipe = out.setdefault(row["line"], Recipe())
        recipe.rows[role.partition("_")[0], row["material"]] = row
        if role.startswith("surplus_"):
            recipe.surplus[row["material"]] = role.removeprefix("surplus_")
            if not row["value"]:
                continue
        side = "inputs" if role == "input" else "outputs"
        value = context.figure(row, f"lines.{row['line']}.{side}.{row['material']}", QUANTITY)
        if value is None or not is_known:
            continue
        if role == "input":
            recipe.inputs[row["material"]] = value
        elif role == "output" or row["material"] not in recipe.outputs:
            recipe.outputs[row["material"]] = value
        for word in SURPLUS:
            if f"surplus_{word}" in row["note"].split():
                recipe.surplus[row["material"]] = word
    return out


def _nameplates(context: Context, sites: dict[str, Site]) -> dict[tuple[str, str], float]:
    out: dict[tuple[str, str], float] = {}
    for row in context.tables["nameplates"]:
        is_known = context.known(row, "site", sites, "site")
        value = context.figure(row, f"sites.{row['site']}.nameplates.{row['nameplate']}", RATE)
        if value is not None and is_known:
            out[row["site"], row["nameplate"]] = value
    return out


def _drivers(
    context: Context, row: Row, kind: str, recipe: Recipe, materials: dict[str, Material]
) -> tuple[str, ...]:
    drivers = row.words("drivers")
    for driver in drivers:
        if driver not in materials:
            context.problems.unknown("driver", driver, materials, row, "drivers")
        elif recipe.outputs and driver not in recipe.outputs and driver != drivers[0]:
            context.problems.unknown("driver", driver, recipe.outputs, row, "drivers")
    if drivers or kind == "customer":
        return drivers
    if len(recipe.outputs) == 1:
        return tuple(recipe.outputs)
    if kind == "store" and len(recipe.inputs) == 1:
        return tuple(recipe.inputs)
    if kind != "build":
        context.problems.add(
            f"line {row['line']} names no driver", row, key="drivers", allowed=" ".join(recipe.outputs),
            hint="the output whose orders ask for production",
        )  # fmt: skip
    return ()


def _complete(context: Context, row: Row, kind: str, recipe: Recipe, drivers: tuple[str, ...]) -> None:
    """Fill in what follows from the kind, and check that the first driver is the unit of the line."""
    if drivers:
        made = recipe.outputs.setdefault(drivers[0], 1.0)
        if abs(made - 1.0) > 1e-9:
            context.problems.add(
                f"line {row['line']} makes {made:g} of its first driver {drivers[0]}; "
                "a recipe is per unit of it, so this is 1",
                recipe.rows.get(("output", drivers[0]), row), key="value",
            )  # fmt: skip
    if kind == "store" and drivers:
        recipe.inputs.setdefault(drivers[0], 1.0)
        if recipe.inputs != recipe.outputs or len(recipe.inputs) != 1:
            context.problems.add(f"store {row['line']} passes one material on unchanged", row)
    needs_inputs = kind in ("plant", "build", "customer")
    if needs_inputs and not recipe.inputs:
        context.problems.add(f"line {row['line']} ({kind}) has no input in recipes.csv", row)
    if kind in ("mine", "source") and recipe.inputs:
        context.problems.add(f"line {row['line']} ({kind}) cannot have inputs", row)


def base_unit(line: Line, materials: dict[str, Material]) -> str:
    """Return the unit of a line's rate: that of its first driver, else of a customer's material."""
    first = line.drivers[0] if line.drivers else next(iter(line.inputs), "")
    if line.drivers or line.kind is LineKind.CUSTOMER:
        return materials[first].unit if first in materials else ""
    return ""


def _check_units(context: Context, line: Line, recipe: Recipe, materials: dict[str, Material]) -> None:
    base = base_unit(line, materials)
    for (_, material), row in recipe.rows.items():
        if material not in materials or not base or not row["unit"]:
            continue
        pair = (materials[material].unit, base)
        allowed = QUANTITY_UNITS.get(pair, ())
        if row["unit"] not in allowed and row["unit"] in QUANTITY:
            context.problems.add(
                f"unit {row['unit']!r} does not measure {pair[0]} of {material} per {base} of {line.line_id}",
                row, key="unit", given=row["unit"], allowed=", ".join(allowed),
            )  # fmt: skip


def _check_rate_units(context: Context, made: dict[str, Line], materials: dict[str, Material]) -> None:
    for row in context.tables["line_figures"]:
        line = made.get(row["line"])
        if line is None or row["attribute"] not in ("plan", "capacity"):
            continue
        base = base_unit(line, materials)
        word = {"tonne": "t", "unit": "unit"}.get(base, "")
        if word and row["unit"] in RATE and row["unit"].split("/")[0] != word:
            context.problems.add(
                f"unit {row['unit']!r} does not measure {line.line_id}, which runs in {base}s", row,
                key="unit", given=row["unit"], allowed=f"{word}/yr, {word}/d",
            )  # fmt: skip


def lanes(
    context: Context,
    sites: dict[str, Site],
    materials: dict[str, Material],
    corridors: dict[str, tuple[LaneRoute, ...]],
) -> dict[str, Lane]:
    """Build the lanes; the material's defaults (`material_figures`) give way to a lane's own figures."""
    rows = {context.identifier(row, "lane"): row for row in context.tables["lanes"]}
    defaults = context.attributes(
        "material_figures", "material", materials, dict(MATERIAL_ATTRIBUTES), "materials"
    )
    own = context.attributes("lane_figures", "lane", rows, dict(LANE_ATTRIBUTES), "lanes")
    out: dict[str, Lane] = {}
    for name, row in sorted(rows.items()):
        context.known(row, "supplier", sites, "site")
        context.known(row, "buyer", sites, "site")
        context.known(row, "material", materials, "material")
        context.known(row, "corridor", corridors, "corridor")
        share = context.figure(row, f"lanes.{name}.sourcing_share", SHARE)
        if share is not None and share > 1.0 + 1e-9:
            context.problems.add(f"sourcing share {row['value']} is above 1", row, key="value")
        values: dict[str, Any] = {**defaults.get(row["material"], {}), **own.get(name, {})}
        out[name] = Lane(
            name, row["supplier"], row["buyer"], row["material"], corridors.get(row["corridor"], ()),
            sourcing_share=share or 0.0, is_pushed=row.is_yes("is_pushed"),
            priority=context.whole(row, "priority"),
            **field_values(values, dict(LANE_ATTRIBUTES)),
        )  # fmt: skip
    return out
