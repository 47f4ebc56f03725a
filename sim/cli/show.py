"""``sim show``: a composed scenario, or a network on day zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import guarded, say, say_json
from sim.cli.options import REFERENCE_NETWORK, AsJson, NetworkName, Sets
from sim.units import percent

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {
    "world_share": "share",
    "country_share": "share",
    "utilisation": "share",
    "table_share": "share",
    "solved_share": "share",
}


@guarded
def show(
    what: Annotated[str, typer.Argument(metavar="SCENARIO|network", help="Scenario, or: network.")],
    trace: Annotated[str | None, typer.Option(help="Element or material: all its paths.")] = None,
    sourcing: Annotated[bool, typer.Option("--sourcing", help="Table shares beside solved shares.")] = False,
    network: NetworkName = REFERENCE_NETWORK,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Print the composed scenario with the origin of each value, or the steady flows of a network."""
    if what == "network":
        _network(network, tuple(sets or ()), trace, sourcing=sourcing, as_json=as_json)
        return
    if trace or sourcing:
        raise typer.BadParameter("--trace and --sourcing belong to: sim show network")
    _scenario(what, tuple(sets or ()), as_json=as_json)


def _scenario(name: str, sets: tuple[str, ...], *, as_json: bool) -> None:
    from sim.scenario import load

    rows = [tuple(str(part) for part in row) for row in _cells(load(name, sets=sets).rows())]
    if as_json:
        values = [{"path": path, "value": value, "origin": origin} for path, value, origin in rows]
        say_json({"schema_version": 1, "values": values})
        return
    widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
    for path, value, origin in rows:
        say(f"{path:<{min(widths[0], 60)}}  {value:<{min(widths[1], 50)}}  # {origin}".rstrip())


def _cells(rows: Any) -> list[tuple[Any, Any, Any]]:
    return [(row.path, row.value, row.origin) for row in rows]


def _network(name: str, sets: tuple[str, ...], trace: str | None, *, sourcing: bool, as_json: bool) -> None:
    from sim.cli.frames import print_frame, print_long, records
    from sim.cli.networks import network_of
    from sim.steady import report, solve

    loaded = network_of(name, sets)
    flows = solve(loaded)
    if trace is not None:
        frame = report.trace(loaded, flows, trace)
        title = f"{trace}: every path to a builder"
    elif sourcing:
        frame, title = report.sourcing(loaded, flows), "sourcing: shares of the table and as solved"
    else:
        frame, title = report.mass_balance(loaded, flows), f"{loaded.title}: what each site makes"
    if as_json:
        document = {"schema_version": 1, "network": loaded.name, "rows": records(_flat(frame))}
        say_json(document if trace is None else {**document, "coverage": _coverage(frame)})
        return
    if trace is None:
        print_frame(_flat(frame), title, FORMATS)
        return
    print_long(frame, title, last="path")
    say(_coverage_in_words(frame))


def _coverage(frame: pd.DataFrame) -> dict[str, float]:
    """Return how much of the whole the paths of a trace are."""
    looped = frame.loc[frame["origin_kind"] == "scrap", "tonnes_per_year"].sum()
    shown = frame["tonnes_per_year"].sum()
    return {
        "paths": len(frame),
        "pairs": int(frame.attrs["pairs"]),
        "tonnes_per_year": float(shown),
        "covered_share": float(frame.attrs["covered_share"]),
        "left_out_tonnes_per_year": float(frame.attrs["left_out_tonnes_per_year"]),
        "scrap_share": float(looped / shown) if shown > 0 else 0.0,
    }


def _coverage_in_words(frame: pd.DataFrame) -> str:
    found = _coverage(frame)
    return (
        f"{found['paths']:,} paths between {found['pairs']} pairs of origin and builder carry "
        f"{found['tonnes_per_year']:,.6g} t a year, {percent(found['covered_share'], 2)} of the whole; "
        f"left out: {found['left_out_tonnes_per_year']:.1g} t a year\n"
        f"{percent(found['scrap_share'], 1)} begins as scrap: what returns from the magnet makers ends its "
        "path there, having come up one of the others before"
    )


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with lists of names as text."""
    out = frame.copy()
    for column in out.columns:
        if out[column].dtype == object:
            out[column] = [_joined(value) for value in out[column]]
    return out


def _joined(value: Any) -> Any:
    return " -> ".join(map(str, value)) if isinstance(value, tuple | list) else value
