"""Reports on day zero as frames: mass balance, sourcing, and where the figures come from.

Every frame carries its units in ``attrs["units"]``, by column.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from sim.domain import Figure, LineKind, Network, central
from sim.steady.flows import SteadyFlows
from sim.steady.programme import capacity
from sim.steady.trace import trace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["largest_sources", "mass_balance", "origin_of", "sources_coverage", "sourcing", "trace"]

DAYS_PER_YEAR = 365.0
STAGE_ORDER = (
    "source", "mining", "scrap", "separation", "metal", "magnet", "store", "tier1", "oem", "other_uses",
    "customer",
)  # fmt: skip


def mass_balance(network: Network, flows: SteadyFlows) -> pd.DataFrame:
    """Return what every site makes of every material, with shares of the world and utilisation.

    Returns
    -------
    DataFrame
        One row per (stage, country, site, material), in the order of the chain: `output` [t/yr, or
        unit/yr], `unit`, `world_share` and `country_share` of the material made at this stage [share],
        `capacity` of the lines whose first driver it is (inf: unlimited, nan: a co-product), and
        `utilisation` of those lines or of the nameplate they share, whichever is higher [share;
        nan where there is no limit].
        Concentrates and other mined materials are compared by form, since each deposit has its own.
    """
    import pandas as pd

    rows = []
    shared = _nameplate_use(network, flows)
    for name, line in sorted(network.lines.items()):
        site = network.sites[line.site]
        rate = flows.line_rate.get(name, 0.0)
        for made, quantity in line.outputs.items():
            material = network.materials[made]
            is_first = bool(line.drivers) and line.drivers[0] == made
            has_limit = line.kind is not LineKind.SOURCE
            rows.append(
                {
                    "stage": site.stage,
                    "country": site.country,
                    "site": site.site_id,
                    "material": made,
                    "form": material.form,
                    "unit": "unit/yr" if material.unit == "unit" else "t/yr",
                    "output": rate * central(quantity) * DAYS_PER_YEAR,
                    "own": rate * DAYS_PER_YEAR if is_first else 0.0,
                    "shared": shared.get((line.site, line.nameplate), 0.0),
                    "capacity": (capacity(line) if has_limit else math.inf) * DAYS_PER_YEAR
                    if is_first
                    else math.nan,
                    "nameplate": central(line.nameplate_capacity_per_day) * DAYS_PER_YEAR,
                }
            )
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    keys = ["stage", "country", "site", "material", "form", "unit"]
    frame = frame.groupby(keys, as_index=False).agg(
        output=("output", "sum"),
        own=("own", "sum"),
        capacity=("capacity", lambda part: part.sum(min_count=1)),
        shared=("shared", "max"),
        nameplate=("nameplate", "min"),
    )
    frame["utilisation"] = (frame["own"] / frame["capacity"].where(frame["capacity"] > 0)).clip(lower=0)
    frame["utilisation"] = frame[["utilisation", "shared"]].max(axis=1).where(frame["capacity"].notna())
    frame["capacity"] = frame[["capacity", "nameplate"]].min(axis=1, skipna=False)
    frame["utilisation"] = frame["utilisation"].where(frame["capacity"] < math.inf)
    frame["product"] = frame["material"].where(~frame["stage"].isin(["mining", "scrap"]), frame["form"])
    world = frame.groupby(["stage", "product"])["output"].transform("sum")
    country = frame.groupby(["stage", "product", "country"])["output"].transform("sum")
    frame["world_share"] = frame["output"] / world.where(world > 0)
    frame["country_share"] = country / world.where(world > 0)
    frame["order"] = frame["stage"].map({stage: i for i, stage in enumerate(STAGE_ORDER)})
    frame = frame.sort_values(["order", "product", "country", "site", "material"], ignore_index=True)
    frame = frame.drop(columns=["order", "nameplate", "own", "shared"])
    frame.attrs["units"] = {
        "output": "t/yr or unit/yr (column unit)", "capacity": "t/yr or unit/yr (column unit)",
        "world_share": "share", "country_share": "share", "utilisation": "share",
    }  # fmt: skip
    return frame


def _nameplate_use(network: Network, flows: SteadyFlows) -> dict[tuple[str, str], float]:
    """Return the utilisation of each shared nameplate, by (site, nameplate) [share]."""
    out: dict[tuple[str, str], float] = {}
    for name, line in sorted(network.lines.items()):
        available = central(line.nameplate_capacity_per_day)
        if line.nameplate and 0 < available < math.inf:
            key = (line.site, line.nameplate)
            out[key] = out.get(key, 0.0) + flows.line_rate.get(name, 0.0) / available
    return out


def sourcing(network: Network, flows: SteadyFlows) -> pd.DataFrame:
    """Return the table's sourcing share of each lane beside the solved one.

    Returns
    -------
    DataFrame
        One row per lane: supplier, buyer, material, `is_pushed`, `table_share`, `solved_share` [share],
        `flow` [t/yr or unit/yr, column unit].
    """
    import pandas as pd

    frame = pd.DataFrame(
        [
            {
                "lane": name,
                "supplier": lane.supplier,
                "buyer": lane.buyer,
                "material": lane.material,
                "is_pushed": lane.is_pushed,
                "table_share": lane.sourcing_share,
                "solved_share": flows.shares[name],
                "flow": flows.lane_flow[name] * DAYS_PER_YEAR,
                "unit": "unit/yr" if network.materials[lane.material].unit == "unit" else "t/yr",
            }
            for name, lane in sorted(network.lanes.items())
        ]
    )
    frame.attrs["units"] = {"table_share": "share", "solved_share": "share", "flow": "t/yr or unit/yr"}
    return frame


def origin_of(figure: Figure) -> str:
    """Return published, derived or assumption."""
    if figure.source_id == "derived":
        return "derived"
    return "assumption" if figure.source_id.startswith("A_") else "published"


def _stage_of(network: Network, path: str) -> str:
    kind, _, rest = path.partition(".")
    name = rest.partition(".")[0]
    if kind == "sites" and name in network.sites:
        return network.sites[name].stage
    if kind == "lines" and name in network.lines:
        return network.sites[network.lines[name].site].stage
    if kind == "lanes" and name in network.lanes:
        return network.sites[network.lanes[name].buyer].stage
    return {"corridors": "routes"}.get(kind, kind)


def _table_rows(network: Network) -> dict[tuple[str, int], tuple[str, Figure]]:
    """Return each row of the tables once, with the stage it belongs to."""
    return {
        (figure.file, figure.line): (_stage_of(network, path), figure)
        for path, figure in sorted(network.figures.items())
    }


def sources_coverage(network: Network) -> pd.DataFrame:
    """Return how many rows of the tables are published, derived or assumed, by stage.

    Returns
    -------
    DataFrame
        Index stage (``all`` last): rows by origin, `rows`, and `assumption_share` of all rows [share].
        ``attrs["largest_source"]`` is the source or assumption that carries most rows and
        ``attrs["largest_source_share"]`` its share of the rows that are not derived.
    """
    import pandas as pd

    counts: dict[str, Counter[str]] = {}
    for stage, figure in _table_rows(network).values():
        for key in (stage, "all"):
            counts.setdefault(key, Counter())[origin_of(figure)] += 1
    places = {stage: i for i, stage in enumerate(STAGE_ORDER)}
    order = sorted(counts, key=lambda stage: (stage == "all", places.get(stage, 99), stage))
    frame = pd.DataFrame(
        [{name: counts[stage][name] for name in ("published", "derived", "assumption")} for stage in order],
        index=pd.Index(order, name="stage"),
    )
    frame["rows"] = frame.sum(axis=1)
    frame["assumption_share"] = frame["assumption"] / frame["rows"]
    largest = largest_sources(network)
    frame.attrs["units"] = {"rows": "count", "assumption_share": "share"}
    frame.attrs["largest_source"] = "" if largest.empty else str(largest.index[0])
    frame.attrs["largest_source_share"] = 0.0 if largest.empty else float(largest.iloc[0]["share"])
    return frame


def largest_sources(network: Network) -> pd.DataFrame:
    """Return sources and assumptions by the rows they carry, largest first; derived rows apart.

    Returns
    -------
    DataFrame
        Index source_id: `rows`, and `share` of all rows that are not derived [share].
    """
    import pandas as pd

    counts = Counter(
        figure.source_id
        for _, figure in _table_rows(network).values()
        if figure.source_id != "derived"
    )
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    frame = pd.DataFrame(
        {"rows": [count for _, count in ordered], "share": [count / total for _, count in ordered]},
        index=pd.Index([name for name, _ in ordered], name="source_id"),
    )
    frame.attrs["units"] = {"rows": "count", "share": "share"}
    return frame
