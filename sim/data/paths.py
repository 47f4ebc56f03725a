"""Paths to the figures of a network: read one, list all, replace some, add records.

A path is what `--set` and `uncertain:` take. Numbers are in tonnes, units and days:

    sites.<site>.cover                 thinnest of the stocks of bought goods; setting it scales the others
    sites.<site>.cover.<material>      also output_cover and opening_cover
    sites.<site>.<attribute>           latitude, longitude and the attributes of site_figures.csv
    sites.<site>.nameplates.<name>
    lines.<line>.<attribute>           the attributes of line_figures.csv, priority
    lines.<line>.inputs.<material>     also outputs
    lanes.<lane>.<attribute>           sourcing_share, priority and the attributes of lane_figures.csv
    routes.<route>.<attribute>
    materials.<material>.contents.<element>
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from sim.data.checks import SHARE_TOLERANCE, share_groups
from sim.data.schema import (
    AMOUNT,
    LANE_ATTRIBUTES,
    LINE_ATTRIBUTES,
    ROUTE_ATTRIBUTES,
    SITE_ATTRIBUTES,
    Attribute,
)
from sim.data.tables import listing, nearest
from sim.domain import Distribution, Lane, Line, Material, Network, Number, Route, Site, central
from sim.errors import DataError, Problem

KINDS = ("sites", "lines", "lanes", "routes", "materials")
MAPPINGS: Mapping[str, tuple[str, ...]] = {
    "sites": ("cover", "output_cover", "opening_cover"),
    "lines": ("inputs", "outputs"),
    "lanes": (),
    "routes": (),
    "materials": ("contents",),
}
PLAIN = {
    "latitude": Attribute("latitude", {"degree": 1.0}, False),
    "longitude": Attribute("longitude", {"degree": 1.0}, False),
}
PRIORITY = {"priority": Attribute("priority", {"count": 1.0}, False)}
ATTRIBUTES: Mapping[str, Mapping[str, Attribute]] = {
    "sites": {**SITE_ATTRIBUTES, **PLAIN},
    "lines": {**LINE_ATTRIBUTES, **PRIORITY},
    "lanes": {
        **LANE_ATTRIBUTES,
        "sourcing_share": Attribute("sourcing_share", {"share": 1.0}, False),
        **PRIORITY,
    },
    "routes": ROUTE_ATTRIBUTES,
    "materials": {},
}
WHOLE = ("review_period_days", "review_offset_days", "priority")


def _wrong(path: str, network: Network) -> DataError:
    parts = path.split(".")
    known: Iterable[str] = KINDS
    allowed = listing(KINDS)
    what = path
    if parts[0] in KINDS:
        records: Mapping[str, Any] = getattr(network, parts[0])
        if len(parts) > 1 and parts[1] in records:
            prefix = f"{parts[0]}.{parts[1]}."
            tails = [item.removeprefix(prefix) for item in _paths_of(network, parts[0], parts[1])]
            what, known = path.removeprefix(prefix), tails
            hint = nearest(what, tails)
            allowed = listing(tails, 20)
            return DataError(
                Problem(f"{parts[0]} {parts[1]} has no figure {what!r}", key=path, given=what, hint=hint,
                        allowed=allowed)
            )  # fmt: skip
        what, known = (parts[1] if len(parts) > 1 else ""), records
        return DataError(
            Problem(f"{parts[0]} {what!r} is not known", key=path, given=what, hint=nearest(what, known),
                    allowed=listing(sorted(known)))
        )  # fmt: skip
    return DataError(
        Problem(f"path {path!r} is not known", key=path, given=parts[0], hint=nearest(parts[0], KINDS),
                allowed=allowed)
    )  # fmt: skip


def _paths_of(network: Network, kind: str, name: str) -> list[str]:
    record = getattr(network, kind)[name]
    prefix = f"{kind}.{name}"
    out = []
    for group in MAPPINGS[kind]:
        members = getattr(record, group)
        if group == "cover" and members:
            out.append(f"{prefix}.cover")
        out += [f"{prefix}.{group}.{member}" for member in members]
    for attribute, entry in ATTRIBUTES[kind].items():
        owner, _, key = entry.field.partition(".")
        if not entry.is_text and (not key or key in getattr(record, owner)):
            out.append(f"{prefix}.{attribute}")
    if kind == "sites":
        plates = {line.nameplate for line in network.lines.values() if line.site == name and line.nameplate}
        out += [f"{prefix}.nameplates.{plate}" for plate in sorted(plates)]
    return out


def all_paths(network: Network) -> list[str]:
    """Return every path whose number can be read and set, sorted."""
    return sorted(
        path for kind in KINDS for name in getattr(network, kind) for path in _paths_of(network, kind, name)
    )


def path_unit(network: Network, path: str) -> str:
    """Return the unit that a path's number is in: ``d``, ``share``, ``t/d``, ``unit/d``, ``USD/t`` ...

    Raises
    ------
    DataError
        If the path is not known.
    """
    get_number(network, path)
    kind, name, tail, *_ = path.split(".")
    if tail in ("cover", "output_cover", "opening_cover"):
        return "d"
    if kind == "materials":
        return "t/t" if network.materials[name].unit == "tonne" else "t/unit"
    if tail == "nameplates":
        return "t/d"
    if tail in ("inputs", "outputs"):
        return f"{_word(network, path.split('.')[3])}/{line_word(network, network.lines[name])}"
    units = ATTRIBUTES[kind][tail].units
    if kind == "lines" and tail in ("plan", "capacity"):
        return f"{line_word(network, network.lines[name])}/d"
    if kind == "lines" and tail == "park_limit":
        return line_word(network, network.lines[name])
    if units is AMOUNT:
        return "t or unit"
    return "t/d" if "t/d" in units else next(iter(units))


def _word(network: Network, material: str) -> str:
    known = network.materials.get(material)
    return "unit" if known is not None and known.unit == "unit" else "t"


def line_word(network: Network, line: Line) -> str:
    """Return what a line's rate counts: ``t`` or ``unit``."""
    names = line.drivers or tuple(line.inputs)
    return _word(network, names[0]) if names else "unit"


def get_number(network: Network, path: str) -> Number | None:
    """Return the number at a path, in tonnes, units and days; None: not given (a plan that is solved).

    Raises
    ------
    DataError
        If the path is not known; with the nearest one.
    """
    parts = path.split(".")
    if len(parts) < 3 or parts[0] not in KINDS or parts[1] not in getattr(network, parts[0]):
        raise _wrong(path, network)
    kind, name, tail = parts[0], parts[1], parts[2]
    record = getattr(network, kind)[name]
    if kind == "sites" and tail == "nameplates" and len(parts) == 4:
        for _, line in sorted(network.lines.items()):
            if line.site == name and line.nameplate == parts[3]:
                return line.nameplate_capacity_per_day
        raise _wrong(path, network)
    if tail in MAPPINGS[kind]:
        members: Mapping[str, Number] = getattr(record, tail)
        if len(parts) == 3 and tail == "cover" and members:
            return min(central(value) for value in members.values())
        if len(parts) == 4 and parts[3] in members:
            return members[parts[3]]
        raise _wrong(path, network)
    if len(parts) != 3 or tail not in ATTRIBUTES[kind] or ATTRIBUTES[kind][tail].is_text:
        raise _wrong(path, network)
    owner, _, key = ATTRIBUTES[kind][tail].field.partition(".")
    value = getattr(record, owner)
    # A parameter of an ordering policy may be given to a site that had none.
    found: Number | None = value.get(key) if key else value
    return found


def with_numbers(network: Network, numbers: Mapping[str, Number]) -> Network:
    """Return the network with some figures replaced.

    ``sites.X.cover`` sets the thinnest component's cover and scales the others in proportion. Where
    some sourcing shares of a buyer's material are set, its other lanes share what is left in proportion.

    Parameters
    ----------
    numbers
        Path to number [tonnes, units, days, shares].

    Raises
    ------
    DataError
        For every path that is not known and every number that cannot stand there.
    """
    problems: list[Problem] = []
    changed: dict[str, dict[str, Any]] = {kind: dict(getattr(network, kind)) for kind in KINDS}
    members: _Members = {}
    for path in sorted(numbers, key=lambda item: (item.count("."), item)):
        try:
            get_number(network, path)
            _check_number(path, numbers[path])
            _set(changed, members, path, numbers[path])
        except DataError as error:
            problems.extend(error.problems)
    for (kind, name), figures in members.items():
        record = changed[kind][name]
        changed[kind][name] = replace(
            record, **{tail: {**getattr(record, tail), **values} for tail, values in figures.items()}
        )
    if not problems:
        changed["lanes"] = _rebalanced(changed["lanes"], numbers, problems)
    if problems:
        raise DataError(problems)
    return _with_records(network, changed)


def _with_records(network: Network, changed: Mapping[str, Any]) -> Network:
    return replace(network, **changed)


def _check_number(path: str, value: Number) -> None:
    kind, _, tail, *rest = path.split(".")
    entry = None if rest else ATTRIBUTES[kind].get(tail)
    if isinstance(value, Distribution):
        if path.endswith(".cover") or (entry is not None and not entry.is_law_allowed):
            raise DataError(
                Problem(f"{path} is one number in a case, not a distribution", key=path,
                        hint="put the distribution under uncertain: it is drawn once per replication")
            )  # fmt: skip
        return
    is_position = tail in ("latitude", "longitude", "priority")
    if math.isnan(value) or (value < 0 and not is_position):
        raise DataError(
            Problem(f"{path} cannot be {value:g}", key=path, given=f"{value:g}", allowed="0 or more")
        )
    least = 1.0 if (kind, tail) in (("routes", "days"), ("sites", "review_period")) else 0.0
    if value < least and not is_position:
        raise DataError(Problem(f"{path} is at least {least:g} d", key=path, given=f"{value:g}"))
    if entry is not None and "share" in entry.units and value > 1.0 and tail != "overtime_share":
        raise DataError(Problem(f"{path} is a share between 0 and 1", key=path, given=f"{value:g}"))


_Members = dict[tuple[str, str], dict[str, dict[str, Number]]]
"""By record: single figures of its mappings, which are set together (a record is costly to replace)."""


def _set(changed: dict[str, dict[str, Any]], members: _Members, path: str, value: Number) -> None:
    """Replace a figure, or note it in `members`, which come after figures that scale a whole mapping."""
    kind, name, tail, *rest = path.split(".")
    record = changed[kind][name]
    if tail == "nameplates":
        for line_id, line in changed["lines"].items():
            if line.site == name and line.nameplate == rest[0]:
                changed["lines"][line_id] = replace(line, nameplate_capacity_per_day=value)
        return
    if tail in MAPPINGS[kind] and rest:
        members.setdefault((kind, name), {}).setdefault(tail, {})[rest[0]] = value
        return
    if tail in MAPPINGS[kind]:
        scaled = scaled_cover(getattr(record, tail), float(central(value)))
        changed[kind][name] = replace(record, **{tail: scaled})
        return
    owner, _, key = ATTRIBUTES[kind][tail].field.partition(".")
    new: Any = round(central(value)) if owner in WHOLE else value
    if key:
        new = {**getattr(record, owner), key: value}
    changed[kind][name] = replace(record, **{owner: new})


def scaled_cover(cover: Mapping[str, Number], thinnest_days: float) -> dict[str, Number]:
    """Return the covers with the thinnest at `thinnest_days` and the others in proportion.

    Where the thinnest is zero there is no proportion: every cover that is zero takes the new figure.
    """
    least = min(central(value) for value in cover.values())
    if least > 0:
        return {name: _times(value, thinnest_days / least) for name, value in cover.items()}
    return {name: max(central(value), thinnest_days) for name, value in cover.items()}


def _times(value: Number, factor: float) -> Number:
    if not isinstance(value, Distribution):
        return value * factor
    return value.scaled(factor)


def _rebalanced(
    lanes: dict[str, Lane], numbers: Mapping[str, Number], problems: list[Problem]
) -> dict[str, Lane]:
    """Let the lanes whose share was not set share what is left."""
    given = {path.split(".")[1] for path in numbers if path.endswith(".sourcing_share")}
    if not given:
        return lanes
    for (buyer, material), group in share_groups(lanes).items():
        own = [lane for lane in group if lane.lane_id in given]
        others = [lane for lane in group if lane.lane_id not in given]
        if not own:
            continue
        taken = sum(lane.sourcing_share for lane in own)
        rest = sum(lane.sourcing_share for lane in others)
        if taken > 1.0 + SHARE_TOLERANCE or (rest == 0 and abs(taken - 1.0) > SHARE_TOLERANCE):
            problems.append(
                Problem(f"sourcing shares of {material} at {buyer} sum to {taken + rest:.4g}, not 1",
                        key=f"lanes.{own[0].lane_id}.sourcing_share", given=f"{taken:.4g}")
            )  # fmt: skip
        elif rest > 0:
            factor = max(1.0 - taken, 0.0) / rest
            for lane in others:
                lanes[lane.lane_id] = replace(lane, sourcing_share=lane.sourcing_share * factor)
    return lanes


def with_values(network: Network, values: Mapping[str, Any]) -> Network:
    """Return the network with attributes that are words, flags or lists replaced.

    Parameters
    ----------
    values
        Path to value, such as ``{"sites.lynas.allocation": "domestic_first"}``; the last part is an
        attribute of the tables or a field of the record.

    Raises
    ------
    DataError
        For a path or a word that is not known.
    """
    changed: dict[str, dict[str, Any]] = {kind: dict(getattr(network, kind)) for kind in KINDS}
    for path, value in sorted(values.items()):
        parts = path.split(".")
        if len(parts) != 3 or parts[0] not in KINDS or parts[1] not in changed[parts[0]]:
            raise _wrong(path, network)
        kind, name, tail = parts
        record = changed[kind][name]
        known = {item.name for item in fields(record)}
        entry = ATTRIBUTES[kind].get(tail)
        owner = tail if entry is None else entry.field
        if owner not in known or owner.endswith("_id"):
            texts = sorted(known | set(ATTRIBUTES[kind]))
            raise DataError(
                Problem(f"{kind} {name} has no attribute {tail!r}", key=path, given=tail,
                        hint=nearest(tail, texts), allowed=listing(texts, 40))
            )  # fmt: skip
        if entry is not None and entry.words:
            if value not in entry.words and not isinstance(value, bool):
                raise DataError(
                    Problem(f"{path} cannot be {value!r}", key=path, given=str(value),
                            hint=nearest(str(value), entry.words), allowed=", ".join(entry.words))
                )  # fmt: skip
            if set(entry.words) == {"yes", "no"}:
                value = value in (True, "yes")
        changed[kind][name] = replace(record, **{owner: value})
    return _with_records(network, changed)


def _added(network: Network, kind: str, records: Iterable[Any], name_of: Callable[[Any], str]) -> Network:
    merged = {**getattr(network, kind), **{name_of(record): record for record in records}}
    return _with_records(network, {kind: dict(sorted(merged.items()))})


def with_sites(network: Network, sites: Iterable[Site]) -> Network:
    """Return the network with sites added, or replaced where the id is known."""
    return _added(network, "sites", sites, lambda site: str(site.site_id))


def with_lines(network: Network, lines: Iterable[Line]) -> Network:
    """Return the network with lines added, or replaced where the id is known."""
    return _added(network, "lines", lines, lambda line: str(line.line_id))


def with_lanes(network: Network, lanes: Iterable[Lane]) -> Network:
    """Return the network with lanes added, or replaced where the id is known."""
    return _added(network, "lanes", lanes, lambda lane: str(lane.lane_id))


def with_routes(network: Network, routes: Iterable[Route]) -> Network:
    """Return the network with routes added, or replaced where the id is known."""
    return _added(network, "routes", routes, lambda route: str(route.route_id))


def with_materials(network: Network, materials: Iterable[Material]) -> Network:
    """Return the network with materials added, or replaced where the id is known."""
    return _added(network, "materials", materials, lambda material: str(material.material_id))


def network_document(network: Network) -> dict[str, dict[str, Any]]:
    """Return every number of a network with its unit and origin, by path.

    Returns
    -------
    dict
        Path to ``{"value", "unit", "source_id", "file", "line"}``; the origin is empty for a default.
    """
    out: dict[str, dict[str, Any]] = {}
    for path in all_paths(network):
        figure = network.figures.get(path)
        out[path] = {
            "value": get_number(network, path),
            "unit": path_unit(network, path),
            "source_id": "" if figure is None else figure.source_id,
            "file": "" if figure is None else figure.file,
            "line": None if figure is None else figure.line,
        }
    return out
