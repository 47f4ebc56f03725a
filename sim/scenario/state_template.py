"""A table of the initial state to fill in, for the sites of a network."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from sim.domain import Lane, Network
from sim.interventions.scope import resolve_places
from sim.scenario.compose import ACTUAL_POLICY
from sim.scenario.library import folder
from sim.scenario.state_table import COLUMNS
from sim.scenario.syntax import read

HEAD = """\
# What is in stock, at sea, licensed and in force on the first day of a scenario, for {network}.
# Fill in what you know. A row without quantity, range or date is not read; there all is as in the network.
# Unknown: fill in low and high, and in quantity the likeliest if you have one. Units: t, kg, units.
# date: goods arrive, or a licence was granted or applied for (2026-01-31). until: first day it is not valid.
# A licence may name from, to and material in the place of a lane. A row `rule` names a measure that was in
# force, in its column rule: {rules}.
"""
UNITS = {"tonne": "t", "unit": "units"}


def template(network: Network, places: Sequence[str] = ()) -> str:
    """Return a table with a row for each stock, inbound lane and possible licence of some places.

    Parameters
    ----------
    places
        Sites, countries, blocs or operators; none: every site.

    Raises
    ------
    ValueError
        If a place does not exist.
    """
    chosen = resolve_places(network, places)
    sites = sorted(network.sites if chosen is None else chosen)
    inbound = [lane for _, lane in sorted(network.lanes.items()) if lane.buyer in sites]
    text = io.StringIO()
    listed = read(folder().joinpath(*ACTUAL_POLICY)).plain()["interventions"]
    text.write(HEAD.format(network=network.name, rules=", ".join(str(item["id"]) for item in listed)))
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_stocks(network, sites))
    writer.writerows(_lanes(network, inbound))
    return text.getvalue()


def _stocks(network: Network, sites: Sequence[str]) -> Iterator[dict[str, str]]:
    for site in sites:
        lines = network.lines_at(site)
        for material in sorted({name for line in lines for name in (*line.inputs, *line.outputs)}):
            unit = UNITS[network.materials[material].unit]
            yield {"item": "stock", "site": site, "material": material, "unit": unit}


def _lanes(network: Network, lanes: Sequence[Lane]) -> Iterator[dict[str, str]]:
    for item in ("at_sea", "licence_granted", "licence_applied"):
        for lane in lanes:
            countries = {network.sites[name].country for name in (lane.supplier, lane.buyer)}
            if item == "at_sea" or len(countries) > 1:
                unit = UNITS[network.materials[lane.material].unit]
                yield {"item": item, "lane": lane.lane_id, "unit": unit}
