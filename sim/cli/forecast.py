"""What ``--dry-run`` says: what would be simulated, and what it would cost, measured on one history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.cli.console import say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sim.analysis.knockouts import Node
    from sim.analysis.stress import Stress
    from sim.results.cost import Estimate
    from sim.results.plan import Source
    from sim.results.points import Point


def forecast(plan: Source, jobs: int = 1, *, picture: bool = True) -> dict[str, Any]:
    """Return what a run would simulate, and its time, memory and room; one history is simulated for it."""
    from sim.results.branches import futures
    from sim.results.cost import MEGA, estimate, measure
    from sim.results.store import ROOT

    case = plan.case
    network = case.network
    worlds = len(futures(case)) if case.replications > 1 else 0
    cost = measure(plan, picture=picture)
    found = estimate(plan, cost, jobs)
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
        "simulations": _simulations(worlds, case.replications),
        "measured_central_seconds": round(cost.central_seconds, 3),
        "measured_replication_seconds": round(cost.replication_seconds, 4) or None,
        **_costs(found),
        "estimated_megabytes": round(found.disk_bytes / MEGA, 1),
        "folder": str(ROOT),
    }


def print_sweep(points: Sequence[Point], folder: Path, jobs: int, *, as_json: bool) -> None:
    """Print on stdout what a sweep would run and what it would cost."""
    from sim.results.branches import futures
    from sim.results.cost import estimate_points
    from sim.results.sweep import in_folder

    left = [point.plan for point, file in in_folder(points, folder) if not file.exists()]
    found = estimate_points(left, jobs)
    count = sum(_simulations(len(futures(plan.case)), plan.case.replications) for plan in left)
    case = points[0].plan.case
    item = {
        "name": case.name,
        "points": len(points),
        "finished_points": len(points) - len(left),
        "replications": case.replications,
        "simulations": count,
        **_costs(found),
        "folder": str(folder),
    }
    if as_json:
        say_json({"schema_version": 1, "dry_run": True, **item})
        return
    say(
        f"{case.name}: {_counted(len(points), 'point')}{_already(len(points) - len(left), folder)}; "
        f"{_counted(case.replications, 'replication')} each, {count:,} simulations with the baselines; "
        f"{cost_text(item)}, measured on two points; nothing is kept"
    )


def print_stress(asked: Stress, nodes: Sequence[Node], folder: Path, jobs: int, *, as_json: bool) -> None:
    """Print on stdout what a stress test would run and what it would cost."""
    from sim.analysis.stress_work import check_folder, estimate, finished, identity

    check_folder(asked, folder)
    done = finished(folder, nodes)
    found = estimate(asked, nodes, folder, jobs)
    count = asked.runs([node for node in nodes if node not in done])
    item = {"nodes": len(nodes), "finished_nodes": len(done), "simulations": count, **_costs(found)}
    if as_json:
        head = {"schema_version": 1, "dry_run": True, "stress": identity(asked)}
        say_json({**head, **item, "folder": str(folder)})
        return
    say(
        f"{asked.network.name}: {_counted(len(nodes), 'node')}{_already(len(done), folder)}; "
        f"{_counted(len(asked.durations), 'duration')}, {count:,} simulations; "
        f"{cost_text(item)}, measured on some of the nodes; nothing is kept"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _already(done: int, folder: Path) -> str:
    return f", {done:,} of them in {folder} already" if done else ""


def _simulations(worlds: int, replications: int) -> int:
    return 2 + (2 * worlds * replications if replications > 1 else 0)


def _costs(found: Estimate) -> dict[str, Any]:
    from sim.results.cost import MEGA

    return {
        "processes": found.processes,
        "estimated_seconds": round(found.seconds, 3),
        "estimated_memory_megabytes": round(found.memory_bytes / MEGA) or None,
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
            f"{cost_text(item)}, measured on one history; nothing is kept"
        )


def cost_text(item: dict[str, Any]) -> str:
    """Return the estimates in words.

    Examples
    --------
    >>> cost_text({"estimated_seconds": 61.4, "processes": 2, "estimated_memory_megabytes": 900,
    ...            "estimated_megabytes": 13.2})
    'about 1 min in 2 processes, up to 900 MB of memory and 13.2 MB of disk'
    """
    seconds = item["estimated_seconds"]
    clock = f"{seconds:.1f} s" if seconds < 60.0 else f"{seconds / 60.0:.0f} min"
    hands = f" in {item['processes']} processes" if item["processes"] > 1 else ""
    memory = item["estimated_memory_megabytes"]
    room = [] if memory is None else [f"{memory:,.0f} MB of memory"]
    room += [f"{item['estimated_megabytes']:,.1f} MB of disk"] if "estimated_megabytes" in item else []
    return f"about {clock}{hands}" + (f", up to {' and '.join(room)}" if room else "")
