"""``sim stress``: every node out in turn."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import INTERRUPTED, SOME_FAILED, guarded, note, reader_may_leave, say, say_json
from sim.cli.forecast import print_stress
from sim.cli.options import DRY_RUN, REFERENCE_NETWORK, AsJson

if TYPE_CHECKING:
    import pandas as pd

    from sim.analysis.stress import Stress, Verdict
    from sim.analysis.stress_work import Progress

MOST_DAYS = 3650
"""Longest time a node may be out, and the longest time after it [days]."""
MOST_JOBS = 256
SHOWN = ("rank", "kind", "name", "duration_days", "severity", "time_to_survive_days", "first_site",
         "time_to_recover_days", "lost_plan_days", "lp_days", "lp_as_ordered_days", "difference")  # fmt: skip


@guarded
def stress(
    network: Annotated[
        str,
        typer.Argument(metavar="[NETWORK|SCENARIO]", help="Network or folder; of a scenario its network."),
    ] = REFERENCE_NETWORK,
    what: Annotated[
        str, typer.Option(help="What is taken out: site, lane, chokepoint, country.")
    ] = "site,lane,chokepoint,country",
    durations: Annotated[str, typer.Option(help="How long each is out.")] = "14d,30d,60d,90d,180d",
    severity: Annotated[str, typer.Option(help="Share of it that is lost.")] = "1",
    after: Annotated[str, typer.Option(help="Time after it, in which lines recover.")] = "1 yr",
    jobs: Annotated[int, typer.Option(min=1, max=MOST_JOBS, help="Processes.")] = 1,
    top: Annotated[int, typer.Option(min=1, help="Nodes in the table.")] = 15,
    out: Annotated[Path | None, typer.Option(help="Folder; default runs/stress-<network>-<hash>.")] = None,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=DRY_RUN)] = False,
) -> None:
    """Take each node out in turn: who is short first, for how long, what is lost."""
    from sim.analysis import stress_work
    from sim.analysis.knockouts import nodes_of
    from sim.analysis.stress import Stress
    from sim.cli.networks import network_of_any
    from sim.engine import kernels_are_cached
    from sim.results.store import ROOT

    asked = Stress(
        network_of_any(network),
        tuple(sorted(set(_listed("--durations", durations, _days)))),
        tuple(sorted(set(_listed("--severity", severity, _share)))),
        _days("--after", after),
    )
    try:
        nodes = nodes_of(asked.network, _listed("--what", what, lambda _, word: word))
    except ValueError as error:
        raise typer.BadParameter(f"--what: {error}") from None
    if not kernels_are_cached():
        note("compiling kernels once; later runs start at once")
    folder = out or stress_work.default_folder(asked, ROOT)
    if dry_run:
        print_stress(asked, nodes, folder, jobs, as_json=as_json)
        return
    stress_work.open_folder(asked, folder)
    with _bar(quiet=as_json) as tell:
        progress = stress_work.run_all(asked, nodes, folder, jobs, tell)
    _write(asked, progress, folder)
    _print(asked, progress, folder, top, as_json=as_json)
    _finish(progress, len(nodes), folder, network, what, durations, severity, after, jobs, out)


def _listed(option: str, text: str, read: Callable[[str, str], Any]) -> tuple[Any, ...]:
    """Return the values of a list with commas."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise typer.BadParameter(f"{option} is empty")
    return tuple(read(option, word) for word in words)


def _days(option: str, word: str) -> int:
    from sim.units import UnitError, WorkingDays, duration

    try:
        days = duration(word)
    except UnitError as error:
        raise typer.BadParameter(f"{option}: {error}") from None
    if isinstance(days, WorkingDays):
        raise typer.BadParameter(f"{option}: {word!r} needs a calendar; give days, weeks, months or years")
    if not 1 <= round(days) <= MOST_DAYS:
        raise typer.BadParameter(f"{option}: {word!r} is {days:g} days; allowed: 1 d to {MOST_DAYS} d")
    return round(days)


def _share(option: str, word: str) -> float:
    from sim.units import UnitError, share

    try:
        found = share(word)
    except UnitError as error:
        raise typer.BadParameter(f"{option}: {error}") from None
    if not 0.0 < found <= 1.0:
        raise typer.BadParameter(f"{option}: {word!r} lies outside 0 to 1, 0 excluded")
    return found


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function that draws a bar with time left on stderr, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("nodes", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _write(asked: Stress, progress: Progress, folder: Path) -> None:
    """Write tables and picture of what is finished; verdicts are there already."""
    from sim.analysis.stress import lost_by_site, ranked
    from sim.plots.stress import save_stress
    from sim.results.folders import whole_file

    verdicts = _sound(progress)
    for name, table in (("ranking", ranked(verdicts)), ("lost_units", lost_by_site(verdicts))):
        with whole_file(folder / f"{name}.csv") as draft:
            table.to_csv(draft, index=False, float_format="%.10g")
    title = f"{asked.network.title}: the costliest of {len(verdicts)} losses"
    with whole_file(folder / "stress.png") as draft:
        save_stress(draft, verdicts, asked.network, title)


def _sound(progress: Progress) -> list[Verdict]:
    return [verdict for verdict in progress.verdicts.values() if not verdict.failure]


def _print(asked: Stress, progress: Progress, folder: Path, top: int, *, as_json: bool) -> None:
    from sim.analysis.stress import lost_by_site, ranked

    verdicts = _sound(progress)
    table, lost = ranked(verdicts), lost_by_site(verdicts)
    with reader_may_leave():
        if as_json:
            from sim.analysis.stress_work import identity
            from sim.cli.frames import records

            say_json({
                "schema_version": 1, "stress": identity(asked), "folder": str(folder),
                "nodes": len(verdicts), "ranking": records(table), "lost_units": records(lost),
                "failures": [{"kind": item.node.kind, "node": item.node.node_id, "message": item.failure}
                             for item in progress.verdicts.values() if item.failure],
            })  # fmt: skip
            return
        _print_table(asked, table, top, len(verdicts))
        say(f"\n{folder}: ranking.csv, lost_units.csv, stress.png")


def _print_table(asked: Stress, table: pd.DataFrame, top: int, count: int) -> None:
    """Print each node's costliest turn, the costliest nodes first."""
    from sim.cli.frames import print_frame

    by = ["rank", "lost_plan_days", "severity", "duration_days"]
    worst = table.sort_values(by, kind="stable", ascending=[True, False, False, False])
    worst = worst.drop_duplicates("rank")
    harmful = worst[(worst.lost_plan_days > 0.0) | worst.time_to_survive_days.notna()]
    if harmful.empty:
        say(f"none of {count} losses stops anybody, for up to {max(asked.durations)} days")
        return
    shown = harmful.head(top)[list(SHOWN)].rename(columns={
        "duration_days": "out d", "severity": "lost", "time_to_survive_days": "survive d",
        "first_site": "first short", "time_to_recover_days": "recover d", "lost_plan_days": "plan lost d",
        "lp_days": "LP d", "lp_as_ordered_days": "LP as ordered d",
        "difference": "why the LP differs",
    })  # fmt: skip
    print_frame(shown, f"The costliest of {count} losses, each at its worst", {"lost": "share"})
    calm = count - len(harmful)
    say(
        f"{calm} of {count} losses stop nobody. LP: time to survive of a loss without end, by linear "
        "programming, without transit and ordering; as ordered: no lane carries more than before."
    )


def _finish(
    progress: Progress,
    count: int,
    folder: Path,
    network: str,
    what: str,
    durations: str,
    severity: str,
    after: str,
    jobs: int,
    out: Path | None,
) -> None:
    """Leave with the code of what happened, and say how to go on."""
    failed = [item for item in progress.verdicts.values() if item.failure]
    for item in failed:
        note(f"{item.node.kind} {item.node.node_id} failed: {item.failure}")
    if progress.interrupted:
        words: Sequence[str] = (
            "sim", "stress", network, "--what", what, "--durations", durations, "--severity", severity,
            "--after", after, "--jobs", str(jobs), *(() if out is None else ("--out", str(out))),
        )  # fmt: skip
        note(f"interrupted: {len(progress.verdicts)} of {count} nodes are kept in {folder}")
        note(f"    to go on: {shlex.join(words)}")
        raise typer.Exit(INTERRUPTED)
    if failed:
        raise typer.Exit(SOME_FAILED)
