"""Where the figures of a run come from: sources and assumptions by id, with what they say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sim.domain import Distribution, Figure, Network, central

if TYPE_CHECKING:
    from sim.case import Case
    from sim.results.run import Run

UNITS = {"duration": "d", "share": "share", "rate": "t or units per day", "content": "t per t or unit"}
"""Units of the model by kind of figure, for a case that was written in Python."""
CHANGED = "set by the scenario"
MOST_STOCKS = 40
"""Rows of the table of stocks; a page has room for no more."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a source or an assumption is, in words."""

    title: str
    publisher: str = ""
    published: str = ""
    kind: str = "assumption"
    note: str = ""


def origins(network: Network) -> Mapping[str, Origin]:
    """Return every source and assumption of a network and of the dated list of measures, by id."""
    return _origins(network.folder)


@lru_cache(maxsize=8)
def _origins(folder: str) -> dict[str, Origin]:
    from sim.data.policy import policy_sources

    found = {name: _source(row) for name, row in policy_sources().items()}
    if folder:
        from sim.data.loader import read_context

        context = read_context(Path(folder), "sources")
        found |= {name: _source(row) for name, row in context.sources.items()}
        found |= {name: _assumption(row) for name, row in context.assumptions.items()}
    return found


def _source(row: Any) -> Origin:
    kind = row["kind"].replace("_", " ")
    return Origin(row["title"], row["publisher"], row["published"], kind, row["note"])


def _assumption(row: Any) -> Origin:
    spread = f"{row['low']} to {row['high']} {row['unit']}" if row["low"] else ""
    return Origin(row["statement"], note="; ".join(part for part in (spread, row["reason"]) if part))


def origin_rows(names: Iterable[str], network: Network) -> list[tuple[str, ...]]:
    """Return id, what it says, publisher, date, kind and note of each name, once, in the order given."""
    known = origins(network)
    found = [(name, known[name]) for name in dict.fromkeys(names) if name in known]
    return [
        (name, item.title, item.publisher or "-", item.published or "-", item.kind, item.note or "-")
        for name, item in found
    ]


def scenario_sources(case: Case) -> list[str]:
    """Return the ids of sources that the scenario and its interventions name."""
    return [*case.sources, *(name for item in case.interventions for name in item.sources)]


def uncertain_rows(run: Run, case: Case) -> list[tuple[str, str]]:
    """Return path and law of every figure the scenario itself calls uncertain, as it writes them."""
    if not case.uncertain:
        return []
    if run.resolved_yaml:
        return _as_written(run.resolved_yaml)
    return [(item.path, f"{_law(item.distribution)} [{_unit(item.path, case)}]") for item in case.uncertain]


def _as_written(resolved: str) -> list[tuple[str, str]]:
    from sim.scenario.compose import compose
    from sim.scenario.show import rows

    with TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(resolved, encoding="utf-8")
        found = rows(compose(path))
    head = "uncertain."
    own = [row for row in found if row.path.startswith(head)]
    return [(row.path.removeprefix(head), row.value.strip("{}")) for row in own]


def _law(law: Distribution) -> str:
    parts = [f"{name} {value:g}" for name, value in law.parameters.items()]
    parts += [f"values {', '.join(f'{value:g}' for value in law.values)}"] if law.values else []
    return f"{law.law}: {', '.join(parts)}"


def _unit(path: str, case: Case) -> str:
    from sim.scenario.kinds import field_key
    from sim.scenario.unit_of import kind_of_path

    first, _, rest = path.partition(".")
    if first != "interventions":
        return UNITS.get(kind_of_path(path, {}, [])[0], "t or units")
    name, _, key = rest.partition(".")
    for item in case.interventions:
        if item.id == name:
            units = {field_key(part): str(part.metadata.get("unit", "")) for part in fields(item)}
            return UNITS.get(units.get(key, ""), units.get(key, ""))
    return ""


def stock_rows(sites: Iterable[str], network: Network) -> tuple[list[tuple[str, ...]], int]:
    """Return what is taken for the stocks of some sites, the smallest first, and how many were left out.

    Rows: site, what is stocked, days of cover, range, kind of origin, id, what it says.
    """
    known, found = origins(network), []
    for site in sites:
        head = f"sites.{site}.cover."
        own = [(path, item) for path, item in network.figures.items() if path.startswith(head)]
        for path, item in sorted(own, key=lambda pair: (pair[1].value, pair[0])):
            material = path.removeprefix(head)
            name = network.materials[material].name if material in network.materials else material
            taken = central(network.sites[site].cover.get(material, item.value))
            cells = _figure_cells(item, known)
            if not math.isclose(taken, item.value, rel_tol=1e-9):  # by a law of `uncertain:`, or by a belief
                cells = (f"{taken:.3g} d", "-", CHANGED, "-", f"in the tables {item.value:.3g} {item.unit}")
            found.append((network.sites[site].name, name, *cells))
    return found[:MOST_STOCKS], max(0, len(found) - MOST_STOCKS)


def _figure_cells(item: Figure, known: Mapping[str, Origin]) -> tuple[str, ...]:
    from sim.steady.report import origin_of

    spread = (
        "-" if item.low is None or item.high is None else f"{item.low:.3g} to {item.high:.3g} {item.unit}"
    )
    kind = CHANGED if item.source_id == "scenario" else origin_of(item)
    says = known[item.source_id].title if item.source_id in known else item.derived_from or item.note
    name = "-" if item.source_id in ("scenario", "derived") else item.source_id
    return f"{item.value:.3g} {item.unit}", spread, kind, name, says or "-"
