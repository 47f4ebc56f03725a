"""A sweep: one run per point of a grid, kept point by point, so that what is finished is not done again."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunFailed, StoreError
from sim.results.ensemble import Ensemble
from sim.results.execute import AllFailed, execute
from sim.results.folders import whole_file
from sim.results.points import PREFIX, Point

if TYPE_CHECKING:
    import pandas as pd

POINTS = "points"
"""Folder of the finished points within a sweep's folder."""
TABLE = "sweep.parquet"
FAILURE = "failure"
"""Column that says why a point failed; it is there only if one did."""
ATTEMPTS = 3
"""Workers that may die at one point, each alone with it, before it is left out."""
KEPT = (
    "name",
    "realised_runway_days",
    "realised_runway_p10_days",
    "realised_runway_p90_days",
    "first_shortfall_date",
    "line_stop_date",
    "limiting_component",
    "lost_units",
    "lost_beyond_baseline_units",
    "fill_rate",
)
"""Measures of the sites that are tabled for each point."""


Item = tuple[Point, Path]
"""A point and its file."""


def sweep(
    points: Sequence[Point],
    folder: Path,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Run every point of a grid that a folder lacks, and write the table of all.

    Parameters
    ----------
    folder
        Gets a file per finished point, then ``sweep.parquet`` and ``sweep.csv``. Points that it already has,
        from the same case and version, are not run again.
    jobs
        Processes: they share the replications of a point, or the points where these are deterministic.

    Returns
    -------
    DataFrame
        A row per point and site: a column ``at:PATH`` per swept path, then the measures; with replications
        also the probability of a stop and the mean loss beyond the baseline with its 95 % interval. A point
        that kills its workers has one row without a site, and why in the column ``failure``; it is tried
        again by the next sweep into the folder.
    """
    tell = progress or (lambda done, total: None)
    items = in_folder(points, folder)
    place = folder / POINTS
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{place} cannot be written: {error.strerror or error}") from error
    todo = [(point, file) for point, file in items if not file.exists()]
    done = len(points) - len(todo)
    tell(done, len(points))
    alone = jobs > 1 and len(todo) > 1 and all(point.plan.case.replications == 1 for point, _ in todo)
    failures: dict[Path, str] = {}
    for file, failure in _in_parallel(todo, jobs) if alone else _one_by_one(todo, jobs):
        if failure:
            failures[file] = failure
        done += 1
        tell(done, len(points))
    if len(failures) == len(points):
        raise RunFailed(f"all {len(points)} points failed; the first: {next(iter(failures.values()))}")
    return _table(items, failures, folder)


def in_folder(points: Sequence[Point], folder: Path) -> list[Item]:
    """Return the points with their files in a sweep's folder, which are there if the points are finished.

    Raises
    ------
    StoreError
        If the folder holds something else.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not (folder / POINTS).is_dir():
        raise StoreError(f"{folder} exists and is not the folder of a sweep; choose another --out")
    return [(point, folder / POINTS / f"{point.key}.parquet") for point in points]


Ended = Iterator[tuple[Path, str]]
"""The file of each point that has ended, and why it failed; empty if it did not."""


def _one_by_one(todo: Sequence[Item], jobs: int) -> Ended:
    for item in todo:
        try:
            _run_point(item, jobs)
        except AllFailed as error:
            yield item[1], str(error)
        else:
            yield item[1], ""


def _begin() -> None:
    # Ctrl-C goes to the whole group; the parent lets its workers finish their points.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_parallel(todo: Sequence[Item], jobs: int) -> Ended:
    """Run points side by side; those that were under way when a worker died are done again one by one.

    The pool cannot say at which point its worker died. It takes points in order, so it was one of the first
    that have not ended.
    """
    left = list(todo)
    while left:
        pool = ProcessPoolExecutor(max_workers=min(jobs, len(left)), initializer=_begin)
        ended = set()
        try:
            pending = {pool.submit(_run_point, item): item for item in left}
            for one in as_completed(pending):
                one.result()
                ended.add(pending[one][1])
                yield pending[one][1], ""
            return
        except BrokenProcessPool:
            left = [item for item in left if item[1] not in ended]
        finally:
            pool.shutdown(cancel_futures=True)
        for item in left[:jobs]:
            yield item[1], _alone(item)
        left = left[jobs:]


def _alone(item: Item) -> str:
    """Run a point in a worker of its own; return why it failed if it kills one after the other."""
    for _ in range(ATTEMPTS):
        with ProcessPoolExecutor(max_workers=1, initializer=_begin) as pool:
            try:
                pool.submit(os.getpid).result()
            except BrokenProcessPool:
                raise RunFailed(
                    "worker processes die before they begin; finished points are kept, or take --jobs 1"
                ) from None
            try:
                pool.submit(_run_point, item).result()
            except BrokenProcessPool:
                continue
            return ""
    return f"its worker process died, {ATTEMPTS} times"


def _run_point(item: Item, jobs: int = 1) -> None:
    """Run a point; its chunks are kept beside its file until that is written."""
    point, file = item
    beside = file.with_suffix("")
    result = execute(point.plan, jobs=jobs, folder=beside)
    if result.manifest["interrupted"]:
        raise KeyboardInterrupt
    frame = result.metrics[list(KEPT)].reset_index()
    if not result.replications.empty:
        frame = frame.assign(**_chances(result.ensemble))
    for position, (path, value) in enumerate(point.values.items()):
        frame.insert(position, PREFIX + path, value)
    frame["failed_replications"] = len({one["replication"] for one in result.manifest["failures"]})
    frame.attrs = {}
    with whole_file(file) as draft:
        frame.to_parquet(draft, index=False)
    shutil.rmtree(beside, ignore_errors=True)


def _chances(ensemble: Ensemble) -> dict[str, Any]:
    stops = [ensemble.stop_probability(site) for site in ensemble.sites]
    losses = [ensemble.difference("lost_units", site) for site in ensemble.sites]
    return {
        "replications": ensemble.count,
        "stop_probability": [one.value for one in stops],
        "stop_probability_standard_error": [one.standard_error for one in stops],
        "mean_loss_units": [one.value for one in losses],
        "mean_loss_low_units": [one.low for one in losses],
        "mean_loss_high_units": [one.high for one in losses],
    }


def _table(items: Sequence[Item], failures: Mapping[Path, str], folder: Path) -> pd.DataFrame:
    import pandas as pd

    frames = [
        _failed(point, failures[file]) if file in failures else pd.read_parquet(file)
        for point, file in items
    ]
    columns = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    columns.sort(key=lambda name: (not name.startswith(PREFIX), name == FAILURE))
    parts = [frame.dropna(axis=1, how="all") for frame in frames]
    whole = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    with whole_file(folder / TABLE) as draft:
        whole.to_parquet(draft, index=False)
    with whole_file(folder / "sweep.csv") as draft:
        whole.to_csv(draft, index=False)
    return whole


def _failed(point: Point, why: str) -> pd.DataFrame:
    """Return the one row of a point that failed."""
    import pandas as pd

    row = {f"{PREFIX}{path}": value for path, value in point.values.items()}
    return pd.DataFrame([row | {"failed_replications": point.plan.case.replications, FAILURE: why}])
