"""Hypothetical sites, lines, lanes, routes and materials: entries whose id the network does not have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sim.data import schema as tables
from sim.data import with_lanes, with_lines, with_materials, with_routes, with_sites
from sim.data.schema import Attribute
from sim.domain import Distribution, Lane, LaneRoute, Line, LineKind, Material, Network, Route, Site
from sim.domain.countries import iso_code
from sim.interventions.scope import country_codes
from sim.scenario.fields import Closed
from sim.scenario.readings import Reading
from sim.scenario.syntax import Node, Problems
from sim.scenario.validate import locate
from sim.units import did_you_mean

NEEDS: Mapping[str, tuple[str, ...]] = {
    "materials": ("form", "unit"),
    "routes": ("mode", "days"),
    "sites": ("country", "stage"),
    "lines": ("site", "kind"),
    "lanes": ("supplier", "buyer", "material", "routes", "sourcing_share"),
}
"""What an entry must say to be a new record, in the order in which records are made."""
SHARE_TOLERANCE = 1e-6


def code_of(network: Network, country: str) -> str:
    """Return the code of a country of the network or of ISO 3166, by code or name; empty if none."""
    codes = country_codes(network, country)
    if len(codes) == 1:
        return next(iter(codes))
    return iso_code(country)


def is_new(node: Node, section: str) -> bool:
    """Tell whether an entry of an unknown id means a new record: it says something that only those say."""
    return any(node.get(key) is not None for key in NEEDS[section])


def add_records(
    network: Network,
    new: Mapping[str, Mapping[str, Closed]],
    root: Node,
    problems: Problems,
    damaged: Collection[tuple[str, str]] = (),
) -> Network:
    """Return the network with all new records; what is incomplete or unknown is noted.

    The names in a `damaged` entry are looked up, but no record is made of what is left of it.
    """
    for section, needs in NEEDS.items():
        for name, entry in new.get(section, {}).items():
            node = locate(root, (section, name))
            missing = [key for key in needs if node.get(key) is None]
            if not is_new(node, section):
                _unknown(network, section, name, needs, node, problems)
            elif missing:
                problems.add(
                    f"new {section[:-1]} '{name}' lacks {', '.join(missing)}",
                    node.key_mark or node.mark,
                    key=f"{section}.{name}",
                    given=name,
                    allowed=f"a new {section[:-1]} needs {', '.join(needs)}",
                )
            elif set(needs) <= entry.model_fields_set:
                is_damaged = (section, name) in damaged
                network = _made(network, section, name, entry, root, problems, is_damaged=is_damaged)
    return network


def _made(
    network: Network,
    section: str,
    name: str,
    entry: Closed,
    root: Node,
    problems: Problems,
    *,
    is_damaged: bool,
) -> Network:
    node, where = locate(root, (section, name)), f"{section}.{name}"
    try:
        pending = pending_names(network, root)
        maker = _Maker(network, node, where, problems, pending, is_damaged=is_damaged)
        return maker.add(section, name, entry)
    except ValueError as error:
        problems.add(f"{where}: {error}", node.mark, key=where, hint="write calendar days here")
        return network


def pending_names(network: Network, root: Node) -> frozenset[str]:
    """Return the names of new records that could not be made, with their countries and operators.

    Whoever names one of them repeats a mistake that was already noted.
    """
    out: set[str] = set()
    for section in NEEDS:
        entries = root.get(section)
        for name, node in entries.value.items() if entries is not None and entries.is_mapping else ():
            if name in getattr(network, section) or not is_new(node, section):
                continue
            parts = (node.get(key) for key in ("country", "operator", "parent"))
            out |= {name, *(part.text for part in parts if part is not None and part.text)}
    return frozenset(out)


def _unknown(
    network: Network, section: str, name: str, needs: tuple[str, ...], node: Node, problems: Problems
) -> None:
    known = tuple(getattr(network, section))
    problems.add(
        f"{section[:-1]} '{name}' does not exist",
        node.key_mark or node.mark,
        key=f"{section}.{name}",
        given=name,
        hint=did_you_mean(name, known),
        allowed=f"one of the network's {len(known)} {section}; a new one needs {', '.join(needs)}",
    )


class _Maker:
    """Makes one record from its entry."""

    def __init__(
        self,
        network: Network,
        node: Node,
        where: str,
        problems: Problems,
        pending: Collection[str],
        *,
        is_damaged: bool,
    ) -> None:
        self.network, self.node, self.where, self.problems = network, node, where, problems
        self.pending, self.is_damaged = pending, is_damaged
        self.is_whole = not is_damaged

    def add(self, section: str, name: str, entry: Closed) -> Network:
        """Return the network with this record, or as it was if something in it is unknown."""
        fields = {key: getattr(entry, key) for key in entry.model_fields_set if key != "sources"}
        before = len(self.problems.found)
        makers: dict[str, Any] = {
            "materials": self._material,
            "routes": self._route,
            "sites": self._site,
            "lines": self._line,
            "lanes": self._lane,
        }
        record = makers[section](name, fields)
        if len(self.problems.found) > before or record is None or not self.is_whole:
            return self.network
        adders: dict[str, Any] = {
            "materials": with_materials,
            "routes": with_routes,
            "sites": with_sites,
            "lines": with_lines,
            "lanes": with_lanes,
        }
        network: Network = adders[section](self.network, [record])
        return network

    def _known(self, key: str, name: str, known: Mapping[str, object], noun: str) -> bool:
        if name in known:
            return True
        self.is_whole = False
        if name in self.pending and key != "country":
            return False  # what is wrong with it was noted where it is described
        node = locate(self.node, (key,))
        at = locate(node, (name,)) if node.is_mapping else node
        self.problems.add(
            f"{self.where}.{key}: {noun} '{name}' does not exist",
            at.key_mark if node.is_mapping else at.mark,
            key=f"{self.where}.{key}",
            given=name,
            hint=did_you_mean(name, known),
        )
        return False

    def _add(self, key: str, message: str, allowed: str = "") -> None:
        if self.is_damaged:
            return  # what could not be read may be what is missing here
        self.problems.add(
            f"{self.where}: {message}", locate(self.node, (key,)).mark, key=self.where, allowed=allowed
        )

    def _material(self, name: str, fields: dict[str, Any]) -> Material:
        contents = {key: _float(value) for key, value in fields.get("contents", {}).items()}
        for element in contents:
            self._known("contents", element, dict.fromkeys(self.network.elements), "element")
        return Material(name, fields.get("name", name), fields["form"], fields["unit"], contents)

    def _route(self, name: str, fields: dict[str, Any]) -> Route:
        passes = tuple(code_of(self.network, item) or item for item in fields.get("passes", ()))
        own = _attributes(fields, tables.ROUTE_ATTRIBUTES, keep_laws=("days",))
        return Route(name, fields.get("name", name), fields["mode"], passes, **own)

    def _site(self, name: str, fields: dict[str, Any]) -> Site:
        country = code_of(self.network, fields["country"])
        if not country:
            names = [item.name for item in self.network.countries.values()]
            self._known(
                "country", fields["country"], dict.fromkeys([*self.network.countries, *names]), "country"
            )
        plain = ("stage", "latitude", "longitude", "operator", "parent", "end_use")
        own = {key: fields[key] for key in plain if key in fields}
        covers: dict[str, Any] = {}
        for key in ("cover", "output_cover", "opening_cover"):
            if isinstance(fields.get(key), Reading):
                self._add(key, "a new site says its cover for each material", "cover: {material: 30 d}")
            elif key in fields:
                covers[key] = {item: _float(value) for item, value in fields[key].items()}
                for item in covers[key]:
                    self._known(key, item, self.network.materials, "material")
        attributes = _attributes(fields, tables.SITE_ATTRIBUTES)
        return Site(name, fields.get("name", name), country, **own, **covers, **attributes)

    def _line(self, name: str, fields: dict[str, Any]) -> Line | None:
        is_fine = self._known("site", fields["site"], self.network.sites, "site")
        flows: dict[str, dict[str, Any]] = {}
        for key in ("inputs", "outputs"):
            flows[key] = {item: _float(value) for item, value in fields.get(key, {}).items()}
            for item in flows[key]:
                is_fine &= self._known(key, item, self.network.materials, "material")
        drivers = tuple(fields.get("drivers", ()))
        kind = LineKind(fields["kind"])
        if not drivers and len(flows["outputs"]) == 1:
            drivers = tuple(flows["outputs"])
        for item in drivers:
            is_fine &= self._known("drivers", item, self.network.materials, "material")
        if not drivers and kind not in (LineKind.BUILD, LineKind.CUSTOMER):
            self._add("outputs", "names no driver", "drivers: [the output whose orders ask for production]")
            return None
        if drivers and kind is not LineKind.CUSTOMER and flows["outputs"].setdefault(drivers[0], 1.0) != 1.0:
            self._add(
                "outputs", f"makes {flows['outputs'][drivers[0]]:g} of its first driver '{drivers[0]}', not 1"
            )
        plain = ("surplus", "custody", "dormant", "is_sink", "priority", "parkable", "nameplate")
        own = {key: fields[key] for key in plain if key in fields}
        if "nameplate_capacity" in fields:
            own["nameplate_capacity_per_day"] = _float(fields["nameplate_capacity"])
        own |= _attributes(fields, tables.LINE_ATTRIBUTES)
        made = Line(name, fields["site"], kind, flows["inputs"], flows["outputs"], drivers, **own)
        return made if is_fine else None

    def _lane(self, name: str, fields: dict[str, Any]) -> Lane:
        for key in ("supplier", "buyer"):
            self._known(key, fields[key], self.network.sites, "site")
        self._known("material", fields["material"], self.network.materials, "material")
        routes = {item: _float(value) for item, value in fields["routes"].items()}
        for item in routes:
            self._known("routes", item, self.network.routes, "route")
        if abs(sum(routes.values()) - 1.0) > SHARE_TOLERANCE:
            self._add("routes", f"the shares of its routes sum to {sum(routes.values()):g}, not 1")
        legs = tuple(LaneRoute(item, share) for item, share in routes.items())
        plain = {key: fields[key] for key in ("is_pushed", "priority") if key in fields}
        attributes = _attributes(fields, tables.LANE_ATTRIBUTES)
        # The share is set with the other figures, so that the buyer's other lanes make room for it.
        return Lane(
            name, fields["supplier"], fields["buyer"], fields["material"], legs, 0.0, **plain, **attributes
        )


def _attributes(
    fields: Mapping[str, Any], attributes: Mapping[str, Attribute], keep_laws: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the record's fields for the attributes that an entry gives."""
    out: dict[str, Any] = {}
    for key, attribute in attributes.items():
        if key not in fields:
            continue
        value = fields[key]
        if isinstance(value, Reading):
            number = value.number()
            value = number.central() if isinstance(number, Distribution) and key not in keep_laws else number
        owner, _, part = attribute.field.partition(".")
        if part:
            out.setdefault(owner, {})[part] = value
        elif owner in ("review_period_days", "review_offset_days"):
            out[owner] = round(value)
        else:
            out[owner] = value
    return out


def _float(reading: Reading) -> float:
    number = reading.number()
    return number.central() if isinstance(number, Distribution) else number
