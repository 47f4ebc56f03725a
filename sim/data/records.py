"""Build materials, countries, sites and routes from rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.data.context import Context, Values
from sim.data.schema import (
    DAYS,
    END_USES,
    FORMS,
    MODES,
    PRICE,
    QUANTITY,
    ROUTE_ATTRIBUTES,
    SHARE,
    SITE_ATTRIBUTES,
    STAGES,
    STOCK_ROLES,
    Attribute,
)
from sim.data.tables import Row, number
from sim.domain import Country, Figure, LaneRoute, Material, Route, Site

YES = frozenset({"yes"})
NETWORK_KEYS = ("title", "elements", "tracked", "year", "reference_year")


def field_values(values: dict[str, float | str], schema: dict[str, Attribute]) -> dict[str, Any]:
    """Turn attribute names into the fields of a record: yes/no into bool, whole days into int."""
    out: dict[str, Any] = {}
    parameters: dict[str, float] = {}
    for name, value in values.items():
        field = schema[name].field
        if field.startswith("ordering_parameters."):
            parameters[field.split(".")[1]] = float(value)
        elif schema[name].words and set(schema[name].words) == {"yes", "no"}:
            out[field] = value in YES
        elif field in ("review_period_days", "review_offset_days"):
            out[field] = int(float(value))
        else:
            out[field] = value
    if parameters:
        out["ordering_parameters"] = parameters
    return out


def network_keys(context: Context) -> dict[str, str]:
    """Return the properties of the whole network (`title`, `elements`, `tracked`)."""
    keys: dict[str, str] = {}
    for row in context.tables["network"]:
        name = row["key"]
        if name not in NETWORK_KEYS:
            context.problems.unknown("key", name, NETWORK_KEYS, row, "key")
        if row["unit"] in ("text", ""):
            context.figure(row, f"network.{name}", {})
        else:
            context.figure(row, f"network.{name}", {"year": 1.0})
        keys[name] = row["value"]
    for name in ("title", "elements"):
        if name not in keys:
            context.problems.add(f"network.csv has no {name}", path=str(context.folder / "network.csv"))
    return keys


def materials(context: Context, elements: tuple[str, ...]) -> dict[str, Material]:
    """Build the materials with their contents [tonne of element per tonne or per unit]."""
    rows = {context.identifier(row, "material"): row for row in context.tables["materials"]}
    contents: dict[str, dict[str, float]] = {name: {} for name in rows}
    for row in context.tables["contents"]:
        is_known = context.known(row, "material", rows, "material")
        is_known &= context.known(row, "element", set(elements), "element")
        path = f"materials.{row['material']}.contents.{row['element']}"
        value = context.figure(row, path, QUANTITY)
        if value is None or not is_known:
            continue
        contents[row["material"]][row["element"]] = value
        if value > 1.0 + 1e-9:
            given = f"{row['value']} {row['unit']}"
            context.problems.add(f"content {given} is more than the whole", row, key="value")
    for name, row in rows.items():
        context.one_of(row, "form", FORMS)
        context.one_of(row, "unit", ("tonne", "unit"))
        total = sum(value for _, value in sorted(contents[name].items()))
        if total > 1.0 + 1e-6:
            context.problems.add(f"contents of {name} sum to {total:.4g}, more than the whole", row)
    prices = _prices(context, rows)
    return {
        name: Material(
            name, row["name"] or name, row["form"], row["unit"], dict(sorted(contents[name].items())),
            price_usd_per_tonne=prices.get(name, math.nan),
        )
        for name, row in sorted(rows.items())
    }


def _prices(context: Context, materials: Mapping[str, Row]) -> dict[str, float]:
    """Return the reference price of each material that has one [USD/tonne]."""
    prices = {}
    for row in context.tables["prices"]:
        if not context.known(row, "material", materials, "material"):
            continue
        if materials[row["material"]]["unit"] != "tonne":
            context.problems.add(f"{row['material']} is not sold by the tonne", row, key="material")
        value = context.figure(row, f"materials.{row['material']}.price", PRICE)
        if value is not None:
            prices[row["material"]] = value
    return prices


def countries(context: Context) -> dict[str, Country]:
    """Build the countries; codes are ISO 3166 alpha-2, `XX` the rest of the world."""
    out: dict[str, Country] = {}
    for row in context.tables["countries"]:
        code = row["country"]
        if not (len(code) == 2 and code.isalpha() and code.isupper()):
            context.problems.add(
                f"country {code!r} is not an ISO 3166 code: two capital letters", row, key="country",
                hint=f"did you mean {code.upper()}?" if len(code) == 2 else "",
            )  # fmt: skip
        out[code] = Country(code, row["name"], row.words("blocs"))
    return dict(sorted(out.items()))


def sites(
    context: Context, known_countries: dict[str, Country], known_materials: dict[str, Material]
) -> dict[str, Site]:
    """Build the sites with their habits and stocks."""
    rows = {context.identifier(row, "site"): row for row in context.tables["sites"]}
    habits = context.attributes("site_figures", "site", rows, dict(SITE_ATTRIBUTES), "sites")
    stocks = _stocks(context, rows, known_materials)
    out: dict[str, Site] = {}
    for name, row in sorted(rows.items()):
        context.known(row, "country", known_countries, "country")
        context.one_of(row, "stage", STAGES)
        _keep_position(context, row)
        out[name] = Site(
            name, row["name"] or name, row["country"], row["stage"],
            latitude=_degrees(context, row, "latitude", 90.0),
            longitude=_degrees(context, row, "longitude", 180.0),
            operator=row["operator"], parent=row["parent"],
            end_use=context.one_of(row, "end_use", END_USES, "civil"),
            cover=stocks["input"].get(name, {}),
            output_cover=stocks["output"].get(name, {}),
            opening_cover=stocks["opening"].get(name, {}),
            **field_values(habits.get(name, {}), dict(SITE_ATTRIBUTES)),
        )  # fmt: skip
    _check_reviews(context)
    return out


def _keep_position(context: Context, row: Row) -> None:
    """Check unit and source of a position, and keep it as two figures of one row."""
    if row["unit"] != "degree":
        context.problems.add(
            f"unit {row['unit']!r} of a position is not degree", row, key="unit", allowed="degree"
        )
    if not context.is_sourced(row, is_numeric=False):
        return
    for column in ("latitude", "longitude"):
        if row[column]:
            context.figures[f"sites.{row['site']}.{column}"] = Figure(
                number(row, column, context.problems), row["unit"], row["source_id"],
                note=row["note"], file=Path(row.file).name, line=row.line,
            )  # fmt: skip


def _check_reviews(context: Context) -> None:
    for row in context.tables["site_figures"]:
        if row["attribute"] not in ("review_period", "review_offset"):
            continue
        value = number(row, "value", context.problems)
        lowest = 1 if row["attribute"] == "review_period" else 0
        if value == value and (value != int(value) or value < lowest):
            context.problems.add(
                f"{row['attribute']} {row['value']} is not a whole number of days, at least {lowest}",
                row, key="value",
            )  # fmt: skip


def _degrees(context: Context, row: Row, column: str, largest: float) -> float:
    value = number(row, column, context.problems)
    if abs(value) > largest:
        context.problems.add(
            f"{column} {row[column]} lies outside -{largest:g} to {largest:g}", row, key=column
        )
    return value


def _stocks(
    context: Context, known_sites: dict[str, Row], known_materials: dict[str, Material]
) -> dict[str, dict[str, dict[str, Any]]]:
    out: dict[str, dict[str, dict[str, Any]]] = {role: {} for role in STOCK_ROLES}
    words = {"input": "cover", "output": "output_cover", "opening": "opening_cover"}
    for row in context.tables["stocks"]:
        is_known = context.known(row, "site", known_sites, "site")
        is_known &= context.known(row, "material", known_materials, "material")
        role = context.one_of(row, "role", STOCK_ROLES)
        if role not in words:
            continue
        value = context.figure(row, f"sites.{row['site']}.{words[role]}.{row['material']}", DAYS)
        if value is not None and is_known:
            out[role].setdefault(row["site"], {})[row["material"]] = value
    return {
        role: {site: dict(sorted(cover.items())) for site, cover in by_site.items()}
        for role, by_site in out.items()
    }


def routes(context: Context, known_countries: dict[str, Country]) -> dict[str, Route]:
    """Build the routes. `passes` holds country codes and names of chokepoints."""
    rows = {context.identifier(row, "route"): row for row in context.tables["routes"]}
    values: Values = context.attributes("route_figures", "route", rows, dict(ROUTE_ATTRIBUTES), "routes")
    out: dict[str, Route] = {}
    for name, row in sorted(rows.items()):
        context.one_of(row, "mode", MODES)
        for place in row.words("passes"):
            if place.isupper() and len(place) == 2 and place not in known_countries:
                context.problems.unknown("country", place, known_countries, row, "passes")
        fields = field_values(values.get(name, {}), dict(ROUTE_ATTRIBUTES))
        if "days" not in fields:
            context.problems.add(f"route {name} has no days", row, hint="add a row to route_figures.csv")
        out[name] = Route(
            name, row["name"] or name, row["mode"], row.words("passes"), **{"days": math.nan, **fields}
        )
    for row in context.tables["route_figures"]:
        if row["attribute"] == "days" and number(row, "value", context.problems) < 1.0:
            context.problems.add(f"days {row['value']} is less than 1", row, key="value", given=row["value"])
    return out


def corridors(context: Context, known_routes: dict[str, Route]) -> dict[str, tuple[LaneRoute, ...]]:
    """Build the corridors: routes with their normal shares, fallbacks (share 0) in the order of rows."""
    out: dict[str, list[LaneRoute]] = {}
    first: dict[str, Row] = {}
    for row in context.tables["corridors"]:
        is_known = context.known(row, "route", known_routes, "route")
        value = context.figure(row, f"corridors.{row['corridor']}.{row['route']}", SHARE)
        first.setdefault(row["corridor"], row)
        if value is not None and is_known:
            out.setdefault(row["corridor"], []).append(LaneRoute(row["route"], value))
    for name, uses in out.items():
        total = sum(use.share for use in uses)
        if abs(total - 1.0) > 0.005:
            context.problems.add(
                f"shares of corridor {name} sum to {total:.4g}, not 1", first[name], key="value"
            )
        elif total > 0:
            out[name] = [LaneRoute(use.route, use.share / total) for use in uses]
    return {name: tuple(uses) for name, uses in out.items()}
