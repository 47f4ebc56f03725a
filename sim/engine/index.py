"""Labels and positions: which row of which array stands for what.

Everything is sorted by id before it is numbered, so the order of rows in a table changes no bit; lanes
by what they bring to whom, so that those of a bought material lie together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.domain import Lane, Line, LineKind, Network
from sim.engine.arrays import Ints, ints
from sim.errors import DataError


def ragged(rows: Iterable[Sequence[int]]) -> tuple[Ints, Ints]:
    """Return (pointers, values) of a list of lists."""
    lists = [list(row) for row in rows]
    pointers = [0]
    for row in lists:
        pointers.append(pointers[-1] + len(row))
    return ints(pointers), ints(value for row in lists for value in row)


@dataclass(frozen=True, slots=True)
class Index:
    """Ids in the order of the engine's axes, and their positions."""

    materials: tuple[str, ...]
    sites: tuple[str, ...]
    lines: tuple[str, ...]
    lanes: tuple[str, ...]
    routes: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    outs: tuple[tuple[str, str], ...]
    nameplates: tuple[tuple[str, str], ...]
    lane_routes: tuple[tuple[str, str], ...]
    material: Mapping[str, int]
    site: Mapping[str, int]
    line: Mapping[str, int]
    lane: Mapping[str, int]
    route: Mapping[str, int]
    group: Mapping[tuple[str, str], int]
    out: Mapping[tuple[str, str], int]

    def lane_route(self, key: str) -> int:
        """Return the row of a lane route given as ``lane|route``."""
        lane, _, route = key.partition("|")
        return self.lane_routes.index((lane, route))


def sold_by(line: Line) -> tuple[str, ...]:
    """Return what a line sells (a build line or a customer sells nothing that is followed)."""
    if line.kind in (LineKind.BUILD, LineKind.CUSTOMER):
        return ()
    return tuple(sorted(line.outputs))


def make_index(network: Network) -> Index:
    """Number everything in a network by sorted id."""
    lines = tuple(sorted(network.lines))
    lanes = tuple(sorted(network.lanes, key=lambda name: _brings(network.lanes[name])))
    groups = {(line.site, material) for line in network.lines.values() for material in line.inputs}
    groups |= {(lane.buyer, lane.material) for lane in network.lanes.values()}
    outs = {(line.site, material) for line in network.lines.values() for material in sold_by(line)}
    plates = {(line.site, line.nameplate) for line in network.lines.values() if line.nameplate}
    lane_routes = tuple((lane, use.route) for lane in lanes for use in network.lanes[lane].routes)
    _check_lanes(network, outs)
    ordered = {
        "materials": tuple(sorted(network.materials)),
        "sites": tuple(sorted(network.sites)),
        "routes": tuple(sorted(network.routes)),
    }
    sorted_groups, sorted_outs = tuple(sorted(groups)), tuple(sorted(outs))
    return Index(
        materials=ordered["materials"],
        sites=ordered["sites"],
        lines=lines,
        lanes=lanes,
        routes=ordered["routes"],
        groups=sorted_groups,
        outs=sorted_outs,
        nameplates=tuple(sorted(plates)),
        lane_routes=lane_routes,
        material={name: i for i, name in enumerate(ordered["materials"])},
        site={name: i for i, name in enumerate(ordered["sites"])},
        line={name: i for i, name in enumerate(lines)},
        lane={name: i for i, name in enumerate(lanes)},
        route={name: i for i, name in enumerate(ordered["routes"])},
        group={key: i for i, key in enumerate(sorted_groups)},
        out={key: i for i, key in enumerate(sorted_outs)},
    )


def _brings(lane: Lane) -> tuple[str, str, str]:
    return lane.buyer, lane.material, lane.lane_id


def _check_lanes(network: Network, outs: set[tuple[str, str]]) -> None:
    stray: list[Lane] = [
        lane for lane in network.lanes.values() if (lane.supplier, lane.material) not in outs
    ]
    if stray:
        names = ", ".join(sorted(lane.lane_id for lane in stray))
        raise DataError(f"lanes whose supplier has no line for their material: {names}")
