"""What ``sim run --dry-run`` says: what would be simulated, and roughly what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.cli.console import say, say_json

if TYPE_CHECKING:
    from sim.results.plan import Source

MILLISECONDS_PER_SITE_YEAR = 0.35
"""Rough cost of a simulation."""
BYTES_PER_VALUE = 1.5
"""Rough size of a stored daily value after compression."""


def forecast(plan: Source) -> dict[str, Any]:
    """Return what a run would simulate, and roughly its time and room."""
    from sim.results.branches import futures
    from sim.results.store import ROOT

    case = plan.case
    network = case.network
    worlds = len(futures(case)) if case.replications > 1 else 0
    count = 2 + 2 * worlds * case.replications
    years = case.horizon_days / 365.0
    values = case.horizon_days * (4 * len(network.lanes) + 2 * len(network.lines) + 3 * len(network.sites))
    cost = years * len(network.sites) * MILLISECONDS_PER_SITE_YEAR / 1e3
    return {
        "name": case.name,
        "title": case.title,
        "network": network.name,
        "sites": len(network.sites),
        "lanes": len(network.lanes),
        "interventions": [item.id for item in case.interventions],
        "start": case.start.isoformat(),
        "horizon_days": case.horizon_days,
        "replications": case.replications,
        "futures": max(worlds, 1),
        "simulations": count,
        "estimated_seconds": round(1.0 + count * cost, 1),
        "estimated_megabytes": round(0.3 + values * BYTES_PER_VALUE / 1e6, 1),
        "folder": str(ROOT),
    }


def print_dry(forecasts: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print forecasts on stdout."""
    if as_json:
        say_json({"schema_version": 1, "dry_run": True, "runs": forecasts})
        return
    for item in forecasts:
        say(
            f"{item['name']}: {item['network']} ({item['sites']} sites, {item['lanes']} lanes), "
            f"{item['horizon_days']} days from {item['start']}, "
            f"{len(item['interventions'])} interventions, {item['replications']} replications x "
            f"{item['futures']} futures = {item['simulations']} simulations with the baseline; "
            f"about {item['estimated_seconds']} s and {item['estimated_megabytes']} MB; nothing was run"
        )
