"""The run folder: written whole or not at all, and read back as a `Run`.

Everything goes to a temporary folder beside the target, which is then renamed. Nothing is half written.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import StoreError
from sim.metrics import SERIES
from sim.results.chosen import AT
from sim.results.document import document
from sim.results.folders import whole
from sim.results.hooks import HOOKS
from sim.results.run import Run
from sim.results.site_file import read_site_tables
from sim.results.tables import unknown_series
from sim.results.unfinished import finished_beyond, has_chunks, keep_chunks

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROOT = Path("runs")
MANIFEST = "manifest.json"
STORED = (
    "days_of_cover",
    "component_cover",
    "built",
    "planned",
    "parked",
    "made",
    "on_hand",
    "shipped",
    "received",
    "in_transit",
    "held",
    "touched_share",
)
"""Series every run folder keeps; a scenario's `outputs` adds to them."""
BASELINE_STORED = ("days_of_cover", "built", "touched_share")
BASELINE_PREFIX = "baseline:"
SEPARATOR = "|"
NEEDED: dict[str, type] = {
    "name": str, "title": str, "network": str, "start": str, "horizon_days": int, "runway_from": str,
    "runway_from_day": int, "replications": int, "seed": int, "case_hash": str, "interventions": list,
    "material_names": dict, "failures": list, "interrupted": bool, "timing": dict, "versions": dict,
    "files": list,
}  # fmt: skip
"""What a manifest must have to be read, and of which type."""
JSON_WORDS = {
    str: "a text", int: "a number of 0 or more", list: "a list", dict: "an object", bool: "true or false",
}  # fmt: skip
DATES = ("start", "runway_from")
OF_RULE = ("id", "kind", "start", "end")
"""What it says of every intervention."""


REPLICATED = ("replications", "baseline_replications", "series_quantiles", "replication_series")
"""Tables of a run with replications, each in a file of its name."""


def default_folder(name: str, case_hash: str) -> Path:
    """Return where a run is kept when nobody says: ``runs/<name>-<hash>``."""
    return ROOT / f"{name}-{case_hash[:10]}"


def save_run(run: Run, folder: str | Path | None = None, *, picture: bool = True) -> Path:
    """Write a run folder and return its path; an older one of the same run is replaced.

    Raises
    ------
    StoreError
        If the folder holds something else than a run, or cannot be written. What was there stays.
    """
    target = Path(folder) if folder is not None else default_folder(run.name, run.manifest["case_hash"])
    if holds_something_else(target):
        raise StoreError(f"{target} exists and is not a run folder; choose another --out")
    previous = run.folder
    try:
        with whole(target) as temporary:
            run.folder = target
            _write(run, temporary, picture=picture)
            if has_chunks(target) and (not run.is_complete or spare_replications(run, target)):
                keep_chunks(target, temporary)
    except OSError as error:
        run.folder = previous
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    except BaseException:
        run.folder = previous
        raise
    return target


def spare_replications(run: Run, folder: Path) -> list[int]:
    """Return the finished replications of a folder that a run had no use for, since it asked for fewer."""
    return finished_beyond(folder, 0 if run.replications.empty else int(run.manifest["replications"]))


def holds_something_else(target: Path) -> bool:
    """Tell whether a folder (or a file of that name) holds anything but a run, finished or not."""
    if not target.exists() or (target / MANIFEST).exists() or has_chunks(target):
        return False
    return not target.is_dir() or any(target.iterdir())


def _write(run: Run, folder: Path, *, picture: bool) -> None:
    if run.resolved_yaml:
        (folder / "scenario.resolved.yaml").write_text(run.resolved_yaml, encoding="utf-8")
    run.metrics.to_csv(folder / "metrics.csv")
    run.baseline_metrics.to_csv(folder / "baseline_metrics.csv")
    (folder / "metrics.json").write_text(_json(document(run)), encoding="utf-8")
    # Compression leaves the interpreter free, so the tables are written while the picture is drawn.
    with ThreadPoolExecutor(max_workers=1) as beside:
        written = [
            beside.submit(_write_series, _long_series(run), folder / "series.parquet"),
            beside.submit(_write_parquet, run.shipments, folder / "shipments.parquet"),
            beside.submit(_write_parquet, run.gates_by_lane, folder / "gates.parquet"),
            beside.submit(_write_parquet, run.licences, folder / "licences.parquet"),
            beside.submit(_write_parquet, run.origin, folder / "origin.parquet"),
        ]
        for name in REPLICATED if len(run.replications) else ():
            frame = getattr(run, name)
            long = frame if "series" in name else frame.reset_index()
            if len(long):
                written.append(beside.submit(_write_parquet, long, folder / f"{name}.parquet"))
        if len(run.replications):
            written += [
                beside.submit(_write_parquet, frame, folder / f"{name}.parquet")
                for name, frame in _summaries(run).items()
            ]
        if picture and HOOKS.picture is not None:
            HOOKS.picture(run, folder / "runway.png")
        why, verdicts = run.why, run.verdicts
        for one in written:
            one.result()
    manifest = {**run.manifest, "headline": run.headline, "why": why, "must_hold": verdicts}
    manifest["files"] = sorted([*(item.name for item in folder.iterdir()), MANIFEST])
    (folder / MANIFEST).write_text(_json(manifest), encoding="utf-8")


def _summaries(run: Run) -> dict[str, pd.DataFrame]:
    """Return what the replications say together, a table each."""
    ensemble = run.ensemble
    return {
        "quantiles": ensemble.quantiles(),
        "baseline_quantiles": ensemble.quantiles(baseline=True),
        "survival": ensemble.survival(),
        "differences": ensemble.differences(),
        "probabilities": ensemble.probabilities().reset_index(),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    bare = frame.copy(deep=False)
    bare.attrs = {}
    bare.to_parquet(path, engine="pyarrow", compression="zstd", index=False)


def _write_series(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    # Without the Arrow schema the names come back as plain text, not as categories.
    pq.write_table(table, path, compression="zstd", store_schema=False)


def _long_series(run: Run) -> pa.Table:
    """Return all kept series below each other: series, column, date, value."""
    import pyarrow as pa

    extra = tuple(run.case.outputs) if run.case is not None else ()
    if not len(run.replications):  # a single history has no table of its own for `built at toyota_japan`
        extra = tuple(name.partition(AT)[0].strip() for name in extra)
    names = dict.fromkeys([*STORED, *(name for name in extra if name in SERIES)])
    parts = [_melted(name, run.series(name)) for name in names]
    parts += [_melted(BASELINE_PREFIX + name, run.series(name, baseline=True)) for name in BASELINE_STORED]
    return pa.concat_tables(parts).unify_dictionaries()


def _melted(name: str, frame: pd.DataFrame) -> pa.Table:
    """Return one series as a long table; names are kept once and pointed at, which is quick to write."""
    import numpy as np
    import pyarrow as pa

    labels = [SEPARATOR.join(item) if isinstance(item, tuple) else str(item) for item in frame.columns]
    days, columns = frame.shape
    pointers = np.repeat(np.arange(columns, dtype=np.int32), days)
    values = frame.to_numpy(dtype=float).ravel(order="F")
    return pa.table(
        {
            "series": pa.DictionaryArray.from_arrays(np.zeros_like(pointers), pa.array([name], pa.string())),
            "column": pa.DictionaryArray.from_arrays(pointers, pa.array(labels, pa.string())),
            "date": pa.array(np.tile(frame.index.to_numpy(), columns)),
            "value": pa.array(values),
        }
    )


class StoredTables:
    """The tables of a run folder, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def series(self, name: str, *, baseline: bool) -> pd.DataFrame:
        """Read one series back as dates x columns."""
        import pandas as pd

        stored = (BASELINE_PREFIX if baseline else "") + name
        long = _read_parquet(self.folder / "series.parquet", filters=[("series", "==", stored)])
        if long.empty:
            raise unknown_series(name, self.names(baseline=baseline))
        frame = long.pivot(index="date", columns="column", values="value")
        frame = frame[list(dict.fromkeys(long["column"]))]
        levels = SERIES[name].columns
        if len(levels) > 1:
            tuples = [tuple(label.split(SEPARATOR)) for label in frame.columns]
            frame.columns = pd.MultiIndex.from_tuples(tuples, names=list(levels))
        else:
            frame.columns = pd.Index(list(frame.columns), name=levels[0])
        frame.attrs = {"name": name, "title": SERIES[name].title, "unit": SERIES[name].unit}
        return frame

    def names(self, *, baseline: bool) -> list[str]:
        """Return the names of the stored series."""
        found = _read_parquet(self.folder / "series.parquet", columns=["series"])["series"].unique()
        names = [str(name) for name in found]
        if baseline:
            return [name.removeprefix(BASELINE_PREFIX) for name in names if name.startswith(BASELINE_PREFIX)]
        return [name for name in names if not name.startswith(BASELINE_PREFIX)]

    def shipments(self) -> pd.DataFrame:
        """Read the shipments back."""
        return _read_parquet(self.folder / "shipments.parquet")

    def gates(self) -> pd.DataFrame:
        """Read back what waited at each gate."""
        return _read_parquet(self.folder / "gates.parquet")

    def licences(self) -> pd.DataFrame:
        """Read the books of licensing offices back."""
        return _read_parquet(self.folder / "licences.parquet")

    def origin(self) -> pd.DataFrame:
        """Read back where stocks come from."""
        return _read_parquet(self.folder / "origin.parquet")


def load_run(folder: str | Path) -> Run:
    """Read a run folder.

    Raises
    ------
    StoreError
        If the folder is not a run, or one of its files is missing or damaged.
    """
    path = Path(folder)
    if not (path / MANIFEST).is_file():
        if has_chunks(path):
            raise StoreError(f"{path} is not finished; sim run SCENARIO --resume {path} goes on with it")
        raise StoreError(f"{path} is not a run folder: it has no {MANIFEST}")
    try:
        manifest = _read_manifest(path / MANIFEST)
        _check_tables(path, manifest["files"])
        metrics, baseline = read_site_tables(path)
        replicated = {name: _read_replicated(path / f"{name}.parquet") for name in REPLICATED}
        resolved = path / "scenario.resolved.yaml"
        resolved_yaml = resolved.read_text(encoding="utf-8") if resolved.exists() else ""
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    return Run(
        metrics=metrics,
        baseline_metrics=baseline,
        manifest=manifest,
        tables=StoredTables(path),
        replications=replicated["replications"],
        baseline_replications=replicated["baseline_replications"],
        series_quantiles=replicated["series_quantiles"],
        replication_series=replicated["replication_series"],
        resolved_yaml=resolved_yaml,
        folder=path,
    )


def _check_tables(folder: Path, names: list[str]) -> None:
    """Refuse a folder that lost a table, whether or not what follows would have read it.

    Much is simulated again from the scenario, so a lost table would pass unseen. Only the ends of the files
    are read, which takes a millisecond.

    Raises
    ------
    StoreError
        If a table that the manifest lists is missing, or has no end that can be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in (folder / name for name in names if name.endswith(".parquet")):
        try:
            pq.read_metadata(path)
        except FileNotFoundError:
            raise StoreError(f"{path} is missing; run the scenario again") from None
        except (OSError, ValueError, pa.ArrowException) as error:
            raise StoreError(f"{path} is damaged ({error}); run the scenario again") from error


def _read_replicated(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    frame = _read_parquet(path)
    return frame if "date" in frame else frame.set_index(["replication", "branches", "site"])


def _read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest; raise ValueError if it is not one."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(manifest, dict):
        raise ValueError(f"{MANIFEST} holds no object")
    missing = [key for key in NEEDED if key not in manifest]
    if missing:
        raise ValueError(f"{MANIFEST} lacks {', '.join(missing)}")
    for key, kind in NEEDED.items():
        if type(manifest[key]) is not kind or (kind is int and manifest[key] < 0):
            raise ValueError(f"{MANIFEST}: {key} is {manifest[key]!r}, not {JSON_WORDS[kind]}")
    for key in DATES:
        try:
            date.fromisoformat(manifest[key])
        except ValueError:
            raise ValueError(f"{MANIFEST}: {key} is {manifest[key]!r}, not a date") from None
    for item in manifest["files"]:
        if not isinstance(item, str):
            raise ValueError(f"{MANIFEST}: files holds {item!r}, not a text")
    for item in manifest["interventions"]:
        if not isinstance(item, dict) or not set(OF_RULE) <= set(item):
            raise ValueError(f"{MANIFEST}: interventions holds {item!r}, which lacks {', '.join(OF_RULE)}")
    return manifest


def _read_parquet(path: Path, **how: Any) -> pd.DataFrame:
    """Read a table of a run folder.

    Raises
    ------
    StoreError
        If it is missing or damaged.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path, **how)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise StoreError(f"{path} is missing or damaged ({error}); run the scenario again") from error


def series_names(run: Run) -> list[str]:
    """Return the series a run keeps in its folder, or all if it is still in memory."""
    tables = run.tables
    return tables.names(baseline=False) if isinstance(tables, StoredTables) else list(SERIES)
