"""Every path on which an element, or a material, reaches the builders: tonnes and days.

Goods of one stock are mixed, so a path's tonnes are the user's tonnes times the share of each supplier
along the way. Yields cancel: what is counted is the mass that ends in finished goods.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.domain import Lane, Line, LineKind, Network, central
from sim.errors import DataError, Problem
from sim.steady.elements import content_as_metal
from sim.steady.flows import Place, SteadyFlows

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_YEAR = 365.0
NEGLIGIBLE = 1e-9
"""Share of the whole below which a branch is dust of the solver's last digits, not a path."""
END_OF_LOOP = "swarf"
"""A path that comes to returned swarf ends there: its mass has been through the chain before."""


@dataclass(slots=True)
class _Tracer:
    """Walks upstream from the builders."""

    network: Network
    flows: SteadyFlows
    what: str
    minimum_per_day: float
    into: dict[Place, list[Lane]] = field(default_factory=lambda: defaultdict(list))
    makers: dict[Place, list[Line]] = field(default_factory=lambda: defaultdict(list))
    embodied: dict[Place, float] = field(default_factory=dict)
    rows: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, lane in sorted(self.network.lanes.items()):
            if self.flows.lane_flow[name] > 0:
                self.into[lane.buyer, lane.material].append(lane)
        for name, line in sorted(self.network.lines.items()):
            if self.flows.line_rate[name] > 0:
                for made in line.outputs:
                    self.makers[line.site, made].append(line)

    def content(self, site: str, material: str) -> float:
        """Return the traced mass in one unit of a material as it stands at a site [tonne]."""
        if material == self.what:
            return 1.0
        record = self.network.materials[material]
        if self.what in record.contents:
            return content_as_metal(self.network, record, self.what)
        if record.contents and record.unit == "tonne" and self.what in self.network.elements:
            return 0.0
        key = (site, material)
        if key not in self.embodied:
            self.embodied[key] = 0.0
            self.embodied[key] = self._made_content(site, material)
        return self.embodied[key]

    def _made_content(self, site: str, material: str) -> float:
        """Return what a material without contents of its own holds by its recipe, or as it arrives."""
        total, mass = 0.0, 0.0
        for line in self.makers[site, material]:
            made = self.flows.line_rate[line.line_id] * central(line.outputs[material])
            if not line.drivers or line.drivers[0] == material:
                total += made * sum(weight for _, weight in self.inputs(line))
            mass += made
        if mass > 0:
            return total / mass
        arriving = self.into[site, material]
        flow = sum(self.flows.lane_flow[lane.lane_id] for lane in arriving)
        held = sum(
            self.flows.lane_flow[lane.lane_id] * self.content(lane.supplier, material) for lane in arriving
        )
        return held / flow if flow > 0 else 0.0

    def inputs(self, line: Line) -> list[tuple[str, float]]:
        """Return the inputs of a line that carry the traced mass, per unit of its first driver."""
        out = []
        for name, quantity in sorted(line.inputs.items()):
            arriving = self.into[line.site, name]
            flow = sum(self.flows.lane_flow[lane.lane_id] for lane in arriving)
            if flow > 0:
                held = sum(
                    self.flows.lane_flow[lane.lane_id] * self.content(lane.supplier, name)
                    for lane in arriving
                )
                out.append((name, central(quantity) * held / flow))
        return [(name, weight) for name, weight in out if weight > 0]

    def walk_in(self, line: Line, amount: float, days: tuple[float, float], path: tuple[str, ...]) -> bool:
        """Split what a line uses over its inputs and their lanes; return whether there were any."""
        parts = self.inputs(line)
        total = sum(weight for _, weight in parts)
        for name, weight in parts:
            buyer = self.network.sites[line.site]
            lanes = self.into[line.site, name]
            held = {
                lane.lane_id: self.flows.lane_flow[lane.lane_id] * self.content(lane.supplier, name)
                for lane in lanes
            }
            whole = sum(held.values())
            for lane in lanes:
                part = amount * weight / total * held[lane.lane_id] / whole
                if part < self.minimum_per_day:
                    continue
                supplier = self.network.sites[lane.supplier]
                stock = central(buyer.cover.get(name, 0.0)) + central(supplier.output_cover.get(name, 0.0))
                further = (days[0] + self.transit(lane), days[1] + stock)
                self.walk_out(lane.supplier, name, part, further, path)
        return bool(parts)

    def walk_out(
        self, site: str, material: str, amount: float, days: tuple[float, float], path: tuple[str, ...]
    ) -> None:
        """Split what leaves a site over the lines that make it, and go on upstream."""
        longer = (site, *path)
        form = self.network.materials[material].form
        if material == self.what or form == END_OF_LOOP or site in path:
            self.end(longer, "maker" if material == self.what else "scrap", amount, days)
            return
        lines = self.makers[site, material]
        made = {
            line.line_id: self.flows.line_rate[line.line_id] * central(line.outputs[material])
            for line in lines
        }
        whole = sum(made.values())
        for line in lines:
            part = amount * made[line.line_id] / whole
            if part >= self.minimum_per_day and not self.walk_in(line, part, days, longer):
                self.end(longer, line.kind.value, part, days)

    def end(self, path: tuple[str, ...], origin: str, amount: float, days: tuple[float, float]) -> None:
        """Write one finished path."""
        self.rows.append(
            {
                "origin": path[0],
                "origin_kind": origin,
                "oem": path[-1],
                "path": " > ".join(path),
                "tonnes_per_year": amount * DAYS_PER_YEAR,
                "transit_days": days[0],
                "stock_days": days[1],
                "days": sum(days),
            }
        )

    def transit(self, lane: Lane) -> float:
        """Return the mean days of a lane over its normal routes."""
        return sum(use.share * central(self.network.routes[use.route].days) for use in lane.routes)


def trace(
    network: Network, flows: SteadyFlows, what: str, minimum_tonnes_per_year: float | None = None
) -> pd.DataFrame:
    """Return every path from mine (or maker) to builder with its tonnes and days.

    Parameters
    ----------
    what
        An element, counted as metal, or a material, counted in its own unit from where it is made.
    minimum_tonnes_per_year
        Branches below this are left out; None: below a billionth of the whole, so that every pair of origin
        and builder is there. ``attrs["covered_share"]`` says how much of the whole is shown,
        ``attrs["left_out_tonnes_per_year"]`` how much is not, ``attrs["pairs"]`` the pairs.

    Returns
    -------
    DataFrame
        Columns origin, origin_kind (mine, source, scrap, maker), oem, path, tonnes_per_year, transit_days,
        stock_days (cover of every stock on the way) and days, largest first. Lines of residual buyers are
        left out.

    Raises
    ------
    DataError
        If `what` is neither an element nor a material of the network.
    """
    import pandas as pd

    known = [*network.elements, *network.materials]
    if what not in known:
        import difflib

        near = difflib.get_close_matches(what, known, n=1)
        raise DataError(
            Problem(f"{what!r} is neither an element nor a material", given=what,
                    allowed=", ".join(network.elements), hint=f"did you mean {near[0]}?" if near else "")
        )  # fmt: skip
    tracer = _Tracer(network, flows, what, 0.0)
    ends = [
        (line, flows.line_rate[name] * sum(weight for _, weight in tracer.inputs(line)))
        for name, line in sorted(network.lines.items())
        if line.kind in (LineKind.BUILD, LineKind.CUSTOMER) and not line.is_sink
    ]
    total = sum(used for _, used in ends)
    cut = minimum_tonnes_per_year
    tracer.minimum_per_day = NEGLIGIBLE * total if cut is None else cut / DAYS_PER_YEAR
    for line, used in ends:
        if used >= tracer.minimum_per_day:
            tracer.walk_in(line, used, (0.0, 0.0), (line.site,))
    keys = ["origin", "origin_kind", "oem", "path", "transit_days", "stock_days", "days"]
    columns = [*keys[:4], "tonnes_per_year", *keys[4:]]
    frame = pd.DataFrame(tracer.rows, columns=columns)
    frame = frame.groupby(keys, as_index=False)[["tonnes_per_year"]].sum()
    frame = frame.sort_values(["tonnes_per_year", "path"], ascending=[False, True], ignore_index=True)
    shown = float(frame["tonnes_per_year"].sum())
    frame.attrs["units"] = {
        "tonnes_per_year": "t/yr", "transit_days": "d", "stock_days": "d", "days": "d",
    }  # fmt: skip
    frame.attrs["covered_share"] = shown / (total * DAYS_PER_YEAR) if total > 0 else 1.0
    frame.attrs["left_out_tonnes_per_year"] = max(total * DAYS_PER_YEAR - shown, 0.0)
    frame.attrs["pairs"] = len(frame[["origin", "oem"]].drop_duplicates())
    return frame[columns]
