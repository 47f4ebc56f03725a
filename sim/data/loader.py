"""Load a network from its folder of tables (`docs/tables.md`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sim.data import checks, flows, records
from sim.data.context import Context
from sim.data.tables import Problems, nearest, read_folder
from sim.domain import Network
from sim.errors import DataError, Problem

PACKAGED = Path(__file__).resolve().parent


def packaged_networks() -> tuple[str, ...]:
    """Return the names of the networks that come with the package."""
    return tuple(sorted(path.parent.name for path in PACKAGED.glob("*/network.csv")))


def find_folder(name_or_folder: str | Path) -> Path:
    """Return the folder of a packaged name, or the folder itself.

    Raises
    ------
    DataError
        If there is neither such a name nor such a folder.
    """
    packaged = packaged_networks()
    if str(name_or_folder) in packaged:
        return PACKAGED / str(name_or_folder)
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder
    what = "is a file, not a folder of tables" if folder.is_file() else "is not known"
    raise DataError(
        Problem(
            f"network {str(name_or_folder)!r} {what}",
            key="network",
            given=str(name_or_folder),
            allowed=f"{', '.join(packaged)}, or a folder with the tables of docs/tables.md",
            hint=nearest(str(name_or_folder), packaged),
        )
    )


def load_network(name_or_folder: str | Path) -> Network:
    """Load a network.

    Quantities become tonnes or units, rates per day (365 equal days a year), durations days.

    Parameters
    ----------
    name_or_folder
        Name of a packaged network such as ``rare_earths_2024``, or a folder of tables.

    Returns
    -------
    Network
        Frozen records; `figures` holds every figure with its unit, source, file and line.

    Raises
    ------
    DataError
        With every problem of every table: file, line, what is wrong, what is allowed.
    """
    folder = find_folder(name_or_folder)
    context = read_context(folder)
    keys = records.network_keys(context)
    elements = tuple(keys.get("elements", "").split())
    materials = records.materials(context, elements)
    countries = records.countries(context)
    sites = records.sites(context, countries, materials)
    routes = records.routes(context, countries)
    corridors = records.corridors(context, routes)
    lines = flows.lines(context, sites, materials)
    lanes = flows.lanes(context, sites, materials, corridors)
    unknown = tuple(sorted(row["site"] for row in context.tables["sites"] if row.is_yes("unknown_origin")))
    network = Network(
        folder.name, keys.get("title", folder.name), elements, tuple(keys.get("tracked", "").split()),
        materials, sites, lines, lanes, routes, countries,
        unknown_origin=unknown, figures=context.figures, folder=str(folder),
    )  # fmt: skip
    checks.check(context, network)
    context.problems.stop()
    return replace(network, lanes=checks.normalised(lanes))


def read_context(folder: Path, *only: str) -> Context:
    """Read a folder's tables (all, or those named) and its sources; nothing is built yet."""
    problems = Problems()
    wanted = (*only, "sources", "assumptions") if only else ()
    context = Context(folder, read_folder(folder, problems, wanted), problems)
    context.read_sources()
    return context
