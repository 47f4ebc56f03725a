"""The names a condition may hold, looked up in the network.

Every function raises ValueError with the nearest name when there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from sim.analysis.amounts import amount_of, date_of
from sim.domain import Network
from sim.interventions.scope import (
    FORMS,
    check_known,
    country_codes,
    resolve_materials,
    resolve_place,
    suggestion,
)


def countries_of(network: Network, name: str) -> frozenset[str]:
    """Return the codes of a country or bloc."""
    codes = country_codes(network, name)
    if not codes:
        names = [country.name for country in network.countries.values()]
        hint = suggestion(name, names)
        raise ValueError(f"a condition names the country {name!r}, which does not exist{hint}")
    return codes


def materials_of(network: Network, name: str) -> frozenset[str]:
    """Return the materials of a material, element or form name; a plural `s` is accepted."""
    is_known = name in network.materials or name in network.elements or name in FORMS
    return resolve_materials(network, [name if is_known else name.removesuffix("s")]) or frozenset()


def goods_of(network: Network, names: str) -> frozenset[str]:
    """Return the materials of several names joined by `and`."""
    return frozenset().union(*(materials_of(network, name) for name in names.split(" and ")))


def month_of(text: str) -> tuple[date, date]:
    """Return the first day of a month such as ``2010-10`` and the first day after it."""
    first = date.fromisoformat(f"{text}-01")
    return first, (first + timedelta(days=31)).replace(day=1)


def routes_of(network: Network, name: str) -> frozenset[str]:
    """Return the routes of a route id, or of a point that routes pass."""
    found = frozenset(
        route_id for route_id, route in network.routes.items() if name == route_id or name in route.passes
    )
    if not found:
        points = {point for route in network.routes.values() for point in route.passes}
        hint = suggestion(name, [*network.routes, *points])
        raise ValueError(f"a condition names the route {name!r}, which does not exist{hint}")
    return found


def check_names(network: Network, words: Mapping[str, str]) -> None:
    """Refuse the words of a condition that name what the network does not have."""
    for word, name in words.items():
        if word == "site":
            check_known(name, network.sites, "site")
        elif word == "place":
            resolve_place(network, name)
        elif word in ("country", "destination", "origin"):
            countries_of(network, name)
        elif word == "element":
            check_known(name, network.elements, "element")
        elif word == "material":
            materials_of(network, name)
        elif word == "goods":
            goods_of(network, name)
        elif word == "route":
            routes_of(network, name)
        elif word in ("first", "last", "date"):
            date_of(name)
        elif word == "measure":
            amount_of(name.lower(), words["amount"])
        elif word in ("month", "earlier"):
            month_of(name)
