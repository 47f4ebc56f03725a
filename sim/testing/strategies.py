"""Hypothesis strategies: small random networks and cases that are always legal and steady.

Needs hypothesis, which is an extra; `sim.testing` itself does not import this module.
"""

from __future__ import annotations

from hypothesis import strategies as st

from sim.case import Case
from sim.domain import Network
from sim.interventions import ExportBan, Intervention, Outage, RouteDelay, TransitRefusal
from sim.testing.networks import Sketch, day, small_case

HORIZON_DAYS = 220
"""Length of every random case; the interventions lie well inside it."""


def rates() -> st.SearchStrategy[float]:
    """Return plans between 1 and 500 units per day, on a grid of eighths so that they print well."""
    return st.integers(8, 4000).map(lambda eighths: eighths / 8.0)


@st.composite
def networks(draw: st.DrawFn, *, scale: float = 1.0) -> Network:
    """Draw a layered network: sources, one to three tiers of stores or plants, one to three builders.

    Every site buys from one or two sites of the tier above; covers are whole days from 0 to 30, lanes
    1 to 25 days, and some plants need more than one unit of input per unit of output.

    Parameters
    ----------
    scale
        All plans are multiplied by it [share].
    """
    sketch = Sketch("drawn")
    above = [f"source_{number}" for number in range(draw(st.integers(1, 2)))]
    for site in above:
        sketch.source(site, "m0", country="SS")
    material = "m0"
    for tier in range(draw(st.integers(1, 3))):
        below = [f"tier{tier}_{number}" for number in range(draw(st.integers(1, 3)))]
        is_plant = draw(st.booleans())
        made = f"m{tier + 1}" if is_plant else material
        need = draw(st.sampled_from([1.0, 1.25, 2.5]))
        for number, site in enumerate(below):
            cover = float(draw(st.integers(0, 30)))
            country = f"T{(tier + number) % 3}"
            if is_plant:
                sketch.plant(
                    site,
                    {made: 1.0},
                    {material: need},
                    cover=cover,
                    output_cover=float(draw(st.integers(1, 10))),
                    country=country,
                )
            else:
                sketch.store(site, material, cover=cover, country=country)
        _join(draw, sketch, above, below, material)
        above, material = below, made
    builders = [f"works_{number}" for number in range(draw(st.integers(len(above), len(above) + 1)))]
    for site in builders:
        cover = float(draw(st.integers(0, 30)))
        sketch.builder(site, {material: 1.0}, plan=scale * draw(rates()), cover=cover, country="WW")
    _join(draw, sketch, above, builders, material)
    return sketch.network()


def _join(draw: st.DrawFn, sketch: Sketch, above: list[str], below: list[str], material: str) -> None:
    """Give every buyer one or two suppliers, and every supplier at least one buyer."""
    pairs: dict[str, list[str]] = {buyer: [] for buyer in below}
    for number in range(max(len(above), len(below))):
        supplier, buyer = above[number % len(above)], below[number % len(below)]
        if supplier not in pairs[buyer]:
            pairs[buyer].append(supplier)
    for buyer, suppliers in pairs.items():
        others = [site for site in above if site not in suppliers]
        has_second: bool = draw(st.booleans())
        if others and has_second:
            suppliers.append(draw(st.sampled_from(others)))
        for supplier in suppliers:
            sketch.lane(
                supplier,
                buyer,
                material,
                days=draw(st.integers(1, 25)),
                share=1.0 / len(suppliers),
            )


@st.composite
def interventions(draw: st.DrawFn, network: Network, number: int = 0) -> Intervention:
    """Draw one intervention that something in the network is in the scope of."""
    start = draw(st.integers(5, 80))
    end = start + draw(st.integers(1, 90))
    kind = draw(st.sampled_from(["export_ban", "outage", "transit_refusal", "route_delay"]))
    lane = network.lanes[draw(st.sampled_from(sorted(network.lanes)))]
    common = {"id": f"{kind}_{number}", "start": day(start), "end": day(end)}
    strait = (f"{lane.lane_id}_strait",)
    if kind == "export_ban":
        leak = draw(st.sampled_from([0.0, 0.25, 0.5]))
        return ExportBan(**common, from_places=(lane.supplier,), leak=leak, domestic=True)  # type: ignore[arg-type]
    if kind == "outage":
        loss = draw(st.sampled_from([0.3, 1.0]))
        return Outage(**common, sites=(lane.supplier,), loss=loss)  # type: ignore[arg-type]
    if kind == "transit_refusal":
        treatment = draw(st.sampled_from(["held", "returned", "let_through"]))
        return TransitRefusal(**common, through=strait, under_way=treatment)  # type: ignore[arg-type]
    return RouteDelay(**common, through=strait, added_days=float(draw(st.integers(1, 20))))  # type: ignore[arg-type]


@st.composite
def cases(draw: st.DrawFn, *, most_interventions: int = 3) -> Case:
    """Draw a case: a network and up to so many interventions."""
    network = draw(networks())
    shocks = [
        draw(interventions(network, number)) for number in range(draw(st.integers(0, most_interventions)))
    ]
    return small_case(network, HORIZON_DAYS, *shocks)
