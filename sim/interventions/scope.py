"""From the words of a scope to ids of the network: pure functions, the same for every kind.

A *place* is a site id, a country (ISO code or name), a bloc, an operator with its affiliates, or
`all`. A *material* is a material id, an element (its oxide, metal, alloy, target and compound forms;
magnets and goods only when named), or a form such as `magnet`. Empty means anywhere, anything.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from sim.domain import Lane, Line, Network
from sim.domain.countries import ISO_COUNTRIES, iso_code

ELEMENT_FORMS = frozenset({"oxide", "metal", "alloy", "target", "compound"})
"""Forms that an element's name stands for."""

FORMS = ELEMENT_FORMS | {
    "ore", "concentrate", "carbonate", "swarf", "reagent", "magnet", "component", "goods",
}  # fmt: skip
"""Every form a material may have; a form that the network lacks holds nothing."""

EVERYWHERE = frozenset({"all", "anywhere", "world"})


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name without case, hyphens and spaces, for comparison only."""
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest allowed name, or nothing."""
    names = {plain(name): name for name in allowed}
    near = get_close_matches(plain(given), list(names), n=1, cutoff=0.6)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def country_codes(network: Network, name: str) -> frozenset[str]:
    """Return the codes of a country or bloc; empty if the name is neither."""
    known = {site.country for site in network.sites.values()} | set(network.countries)
    if name.upper() in known:
        return frozenset({name.upper()})
    wanted = plain(name)
    found = frozenset(
        code
        for code, country in network.countries.items()
        if plain(country.name) == wanted or wanted in {plain(bloc) for bloc in country.blocs}
    )
    # A hypothetical site may stand in a country that the network's own list does not name.
    code = iso_code(name)
    return found or (frozenset({code}) if code in known else frozenset())


def sites_of_operator(network: Network, name: str) -> frozenset[str]:
    """Return the sites of an operator or parent, with those of its affiliates (one parent)."""
    wanted = plain(name)
    own = [
        site
        for site in network.sites.values()
        if wanted in (plain(site.operator), plain(site.parent)) and wanted
    ]
    family = {plain(site.parent) for site in own if site.parent} | {wanted}
    return frozenset(
        site_id
        for site_id, site in network.sites.items()
        if plain(site.operator) in family or plain(site.parent) in family
    )


def place_names(network: Network) -> list[str]:
    """Return every name a place may have, for suggestions."""
    names = list(network.sites) + list(network.countries)
    for country in network.countries.values():
        names += [country.name, *country.blocs]
    for site in network.sites.values():
        names += [name for name in (site.operator, site.parent) if name]
    return names


_answers: dict[int, tuple[weakref.ref[Network], tuple[int, ...], dict[Any, Any]]] = {}
"""What words stand for, by address of the network: interventions ask at each change of their level."""


def _answers_of(network: Network) -> dict[Any, Any]:
    """Return what has been found in a network before, by question; kept while it lives and keeps its size."""
    key, counts = id(network), (len(network.sites), len(network.countries), len(network.lanes))
    held = _answers.get(key)
    if held is None or held[0]() is not network or held[1] != counts:
        held = weakref.ref(network, lambda _: _answers.pop(key, None)), counts, {}
        _answers[key] = held
    return held[2]


def resolve_place(network: Network, name: str) -> frozenset[str]:
    """Return the ids of the sites at a place.

    A name is read as the first of: site id, country, bloc, operator. A country of the network's list
    without a site is a place without sites.

    Raises
    ------
    ValueError
        If nothing has this name, with the nearest one; or if it is a country the network does not know.
    """
    answers = _answers_of(network)
    if name not in answers:
        answers[name] = _sites_at(network, name)
    found: frozenset[str] = answers[name]
    return found


def _sites_at(network: Network, name: str) -> frozenset[str]:
    if plain(name) in EVERYWHERE:
        return frozenset(network.sites)
    if name in network.sites:
        return frozenset({name})
    codes = country_codes(network, name)
    if codes:
        return frozenset(key for key, site in network.sites.items() if site.country in codes)
    found = sites_of_operator(network, name)
    if found:
        return found
    code = iso_code(name)
    if code:
        raise ValueError(
            f"place {name!r}: {ISO_COUNTRIES[code]} is a country without a site in {network.name}"
        )
    hint = suggestion(name, place_names(network))
    raise ValueError(f"place {name!r} is no site, country, bloc or operator of {network.name}{hint}")


def resolve_places(network: Network, names: Sequence[str]) -> frozenset[str] | None:
    """Return the site ids of several places; None for anywhere."""
    if not names:
        return None
    return frozenset().union(*(resolve_place(network, name) for name in names))


def resolve_materials(network: Network, names: Sequence[str]) -> frozenset[str] | None:
    """Return the material ids of material, element and form names; None for anything.

    Raises
    ------
    ValueError
        If a name is none of the three.
    """
    if not names:
        return None
    found: set[str] = set()
    for name in names:
        if name in network.materials:
            found.add(name)
        elif name in network.elements:
            found |= forms_of_element(network, name)
        elif name in FORMS:
            found |= {key for key, item in network.materials.items() if item.form == name}
        else:
            hint = suggestion(name, [*network.materials, *network.elements, *FORMS])
            raise ValueError(f"{name!r} is no material, element or form of {network.name}{hint}")
    return frozenset(found)


def forms_of_element(network: Network, element: str) -> frozenset[str]:
    """Return the oxide, metal, alloy, target and compound materials that contain an element."""
    return frozenset(
        key
        for key, material in network.materials.items()
        if material.form in ELEMENT_FORMS and material.contents.get(element, 0.0) > 0.0
    )


def lanes_in_scope(
    network: Network,
    suppliers: Sequence[str] = (),
    buyers: Sequence[str] = (),
    materials: Sequence[str] = (),
    end_use: Sequence[str] = (),
    domestic: bool = True,
) -> tuple[Lane, ...]:
    """Return the lanes from some places to some places that carry some materials, by id.

    Parameters
    ----------
    end_use
        End uses of the buying site.
    domestic
        False leaves out lanes that cross no border.
    """
    answers = _answers_of(network)
    question = tuple(suppliers), tuple(buyers), tuple(materials), tuple(end_use), domestic
    if question not in answers:
        answers[question] = _lanes_between(network, *question)
    found: tuple[Lane, ...] = answers[question]
    return found


def _lanes_between(
    network: Network,
    suppliers: Sequence[str],
    buyers: Sequence[str],
    materials: Sequence[str],
    end_use: Sequence[str],
    domestic: bool,
) -> tuple[Lane, ...]:
    from_sites, to_sites = resolve_places(network, suppliers), resolve_places(network, buyers)
    kinds = resolve_materials(network, materials)
    out = []
    for _, lane in sorted(network.lanes.items()):
        supplier, buyer = network.sites[lane.supplier], network.sites[lane.buyer]
        if (
            (from_sites is None or lane.supplier in from_sites)
            and (to_sites is None or lane.buyer in to_sites)
            and (kinds is None or lane.material in kinds)
            and (not end_use or buyer.end_use in end_use)
            and (domestic or supplier.country != buyer.country)
        ):
            out.append(lane)
    return tuple(out)


def lane_route_key(lane_id: str, route_id: str) -> str:
    """Return the row name of a lane's use of a route."""
    return f"{lane_id}|{route_id}"


def waypoints(network: Network, names: Sequence[str]) -> frozenset[str]:
    """Return the countries (codes) and chokepoints that names stand for, as routes write them.

    Raises
    ------
    ValueError
        If a name is no country, no bloc and on no route.
    """
    passed = {token for route in network.routes.values() for token in route.passes}
    by_plain = {plain(token): token for token in passed}
    found: set[str] = set()
    for name in names:
        codes = country_codes(network, name)
        if codes:
            found |= codes
        elif plain(name) in by_plain:
            found.add(by_plain[plain(name)])
        elif iso_code(name) in passed:
            found.add(iso_code(name))
        else:
            allowed = sorted(passed) + [item.name for item in network.countries.values()]
            hint = suggestion(name, allowed)
            raise ValueError(f"{name!r} is no country and no route of {network.name} passes it{hint}")
    return frozenset(found)


def routes_passing(
    network: Network, lanes: Iterable[Lane], points: Collection[str], transit_only: bool
) -> tuple[str, ...]:
    """Return the ``lane|route`` rows whose route passes one of the points.

    Parameters
    ----------
    transit_only
        True: a country where the lane begins or ends is not passed through. Chokepoints always count.
    """
    keys = []
    for lane in lanes:
        ends = {network.sites[lane.supplier].country, network.sites[lane.buyer].country}
        for leg in lane.routes:
            passed = set(network.routes[leg.route].passes) & set(points)
            if transit_only:
                passed -= ends
            if passed:
                keys.append(lane_route_key(lane.lane_id, leg.route))
    return tuple(keys)


def check_known(name: str, allowed: Collection[str], noun: str) -> None:
    """Refuse a name that is not one of the allowed.

    Raises
    ------
    ValueError
        With the nearest allowed name.
    """
    if name not in allowed:
        raise ValueError(f"{noun} {name!r} does not exist{suggestion(name, allowed)}")


def lines_in_scope(
    network: Network, places: Sequence[str] = (), line_ids: Sequence[str] = ()
) -> tuple[Line, ...]:
    """Return the lines at some places together with those named, by id; none if neither is given.

    Raises
    ------
    ValueError
        If a place or a line does not exist.
    """
    for line_id in line_ids:
        check_known(line_id, network.lines, "line")
    sites = resolve_places(network, places) or frozenset()
    return tuple(
        line
        for key, line in sorted(network.lines.items())
        if key in line_ids or line.site in sites
    )


def in_words(names: Sequence[str], otherwise: str) -> str:
    """Join names as a sentence has them: ``a, b and c``.

    Examples
    --------
    >>> in_words(("India", "China"), "anywhere")
    'India and China'
    """
    if not names:
        return otherwise
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def does(names: Sequence[str], verb: str) -> str:
    """Return a verb as the names before it want it, given for one.

    Examples
    --------
    >>> does(("India",), "stops"), does(("India", "China"), "stops"), does((), "stops")
    ('stops', 'stop', 'stops')
    """
    return verb.removesuffix("s") if len(names) > 1 else verb
