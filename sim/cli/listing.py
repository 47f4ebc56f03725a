"""``sim list``: everything that has a name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated

import typer

from sim.cli.console import guarded, note, say, say_json
from sim.cli.options import REFERENCE_NETWORK, AsJson, NetworkName

Rows = list[dict[str, str]]


class Kind(StrEnum):
    """What can be listed."""

    scenarios = "scenarios"
    sites = "sites"
    materials = "materials"
    interventions = "interventions"
    metrics = "metrics"
    networks = "networks"
    distributions = "distributions"
    policy = "policy"
    plots = "plots"


@guarded
def listing(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    network: NetworkName = REFERENCE_NETWORK,
    example: Annotated[
        str | None,
        typer.Option("--example", metavar="KIND", help="interventions: a scenario of this kind that runs."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what has a name: scenarios, sites, materials, intervention kinds, policy measures and more."""
    if example is not None:
        if kind is not Kind.interventions:
            raise typer.BadParameter("--example belongs to `sim list interventions`")
        say(_example(example))
        return
    rows = READERS[kind](network)
    if as_json:
        say_json({"schema_version": 1, kind.value: rows})
        return
    keys = [key for key in rows[0] if key != "example"] if rows else []
    widths = {key: max(len(row[key]) for row in rows) for key in keys}
    for row in rows:
        say("  ".join(f"{row[key]:<{widths[key]}}" for key in keys).rstrip())
    if kind is Kind.interventions:
        note("one that runs: sim list interventions --example KIND > my.yaml")


def _scenarios(_: str) -> Rows:
    from sim.scenario import library

    return [{"name": name, "title": title, "question": asks} for name, title, asks, _path in library()]


def _sites(name: str) -> Rows:
    from sim.data import load_network

    sites = load_network(name).sites
    return [
        {"site": site.site_id, "stage": site.stage, "country": site.country, "name": site.name}
        for _, site in sorted(sites.items(), key=lambda item: (item[1].stage, item[0]))
    ]


def _materials(name: str) -> Rows:
    from sim.data import load_network

    return [
        {"material": item.material_id, "form": item.form, "unit": item.unit, "name": item.name}
        for _, item in sorted(load_network(name).materials.items(), key=lambda pair: (pair[1].form, pair[0]))
    ]


def _interventions(_: str) -> Rows:
    from sim.interventions import KINDS
    from sim.interventions.examples import example_of

    return [
        {"kind": kind, "does": (found.__doc__ or "").strip().splitlines()[0], "example": example_of(found)}
        for kind, found in sorted(KINDS.items())
    ]


def _example(kind: str) -> str:
    """Return a scenario of one kind."""
    from sim.interventions import KINDS
    from sim.interventions.examples import example_scenario

    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        guess = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join(sorted(KINDS))
        raise typer.BadParameter(f"{kind!r} is not a kind of intervention{guess} kinds: {known}")
    return example_scenario(KINDS[kind]).rstrip()


def _metrics(_: str) -> Rows:
    from sim.metrics import MEASURES, SERIES

    values = [{"name": m.name, "of": "site", "unit": m.unit, "title": m.title} for m in MEASURES.values()]
    days = [
        {"name": s.name, "of": "day x " + ", ".join(s.columns), "unit": s.unit, "title": s.title}
        for s in SERIES.values()
    ]
    return values + days


def _networks(_: str) -> Rows:
    from sim.data import load_network, packaged_networks

    return [{"network": name, "title": load_network(name).title} for name in packaged_networks()]


def _distributions(_: str) -> Rows:
    from sim.domain.distribution import PARAMETERS

    return [{"distribution": law, "parameters": ", ".join(names)} for law, names in PARAMETERS.items()]


def _policy(_: str) -> Rows:
    from sim.data.policy import measures

    return [
        {
            "announced": item.announced or "-",
            "in_force": item.in_force or "-",
            "end": item.end or "-",
            "by": item.jurisdiction,
            "kind": item.kind,
            "what": item.what + (f", {item.quantity} {item.unit}" if item.quantity else ""),
            "scope": item.scope,
            "intervention": item.intervention or "-",
            "sources": " ".join(item.source_ids),
        }
        for item in measures()
    ]


def _plots(_: str) -> Rows:
    from sim.plots import PLOTS

    return [{"plot": name, "of": item.of, "shows": item.shows} for name, item in PLOTS.items()]


READERS: dict[Kind, Callable[[str], Rows]] = {
    Kind.scenarios: _scenarios,
    Kind.sites: _sites,
    Kind.materials: _materials,
    Kind.interventions: _interventions,
    Kind.metrics: _metrics,
    Kind.networks: _networks,
    Kind.distributions: _distributions,
    Kind.policy: _policy,
    Kind.plots: _plots,
}
