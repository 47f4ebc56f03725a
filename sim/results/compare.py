"""Scenarios beside each other: each against the same baseline, with the same random numbers.

Draws come from streams found by name, so replication 7 of one scenario has the luck of replication 7 of
another and of the baseline: differences are taken pair by pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunFailed
from sim.results.execute import run
from sim.results.hooks import HOOKS
from sim.results.pairing import Pairs, pairs_of
from sim.results.plan import plan_of
from sim.results.replay import planned_case
from sim.results.run import Run
from sim.results.store import MANIFEST, load_run

if TYPE_CHECKING:
    import pandas as pd

    from sim.case import Case
    from sim.results.plan import Source

SAME = ("network", "start", "horizon_days", "replications", "seed")
"""Settings in which all runs of a comparison agree."""
FLAGS = {"replications": "--replications", "seed": "--seed"}
MOST_NAMED = 4
OF_RULES = "interventions."
"""Paths of figures that only the scenario has."""


class NotComparable(RunFailed):
    """Runs that cannot stand beside each other; the message says what differs and what to do."""


@dataclass(frozen=True)
class Comparison:
    """Runs of one world and window beside one baseline.

    Attributes
    ----------
    runs
        By label: the name of the scenario, numbered where it occurs twice.
    baselines
        By label: the metrics of the common baseline, with runways counted from the day of that run.
    pairs
        By label: values of the run and of the baseline, replication by replication.
    notes
        What a reader must know, such as a scenario that changes figures of the world itself.
    is_common
        Whether one baseline stands for all; False: each run is beside its own, in its own window
        (`sim.reports`).
    country_names
        By code: what the countries of the network are called.
    """

    runs: dict[str, Run]
    baselines: dict[str, pd.DataFrame]
    pairs: dict[str, Pairs]
    notes: tuple[str, ...] = ()
    is_common: bool = True
    country_names: dict[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the runs, in the order they were given."""
        return tuple(self.runs)

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the first run, for what all have in common."""
        return next(iter(self.runs.values())).manifest

    def differences(self, metric: str) -> pd.DataFrame:
        """Return the paired differences from the baseline: a row per scenario and site.

        Columns: scenario, site, name, country, value, baseline, difference, low95, low80, high80, high95
        [unit of the metric, in ``attrs["unit"]``]; intervals are of the replications, NaN without them.

        Raises
        ------
        UnknownMetric
            If the metric is not one of numbers; the message has the nearest.
        """
        from sim.results.tabulate import differences

        return differences(self, metric)

    def table(self, sites: Sequence[str] = (), countries: Sequence[str] = ()) -> pd.DataFrame:
        """Return the table of the comparison: a row per site and scenario; see `tabulate.table`."""
        from sim.results.tabulate import table

        return table(self, sites, countries)

    @property
    def plot(self) -> Any:
        """The pictures of the comparison: ``comparison.plot.shortfalls()``."""
        if HOOKS.plot is None:
            raise RunFailed("plots are not attached; import sim instead of sim.results alone")
        return HOOKS.plot(self)

    def report(self, path: str | Path = "report.html", title: str = "") -> Path:
        """Write the comparison as one HTML file that opens without a network, and return its path.

        Raises
        ------
        StoreError
            If the file cannot be written, or is something else than a report.
        """
        if HOOKS.report is None:
            raise RunFailed("reports are not attached; import sim instead of sim.results alone")
        return HOOKS.report(self, path, title)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.labels)}>"

    def _repr_html_(self) -> str:
        from sim.results.tabulate import html

        return html(self)


def run_of(source: str | Path | Case | Run) -> Run:
    """Return a run: itself, read from its folder, or made of a scenario.

    Raises
    ------
    StoreError, ScenarioError, DataError
        If the folder or the file is wrong.
    """
    kept = kept_run(source)
    return run(source) if kept is None else kept  # type: ignore[arg-type]


def kept_run(source: str | Path | Case | Run) -> Run | None:
    """Return a run that was made already: itself, or read from its folder; None for a scenario.

    Raises
    ------
    StoreError
        If the folder is no run folder, or cannot be read.
    """
    if isinstance(source, Run):
        return source
    return load_run(str(source)) if _is_folder(source) else None


def _is_folder(source: object) -> bool:
    return isinstance(source, str | Path) and (Path(source).is_dir() or (Path(source) / MANIFEST).exists())


def compare(
    *sources: str | Path | Case | Run,
    replications: int | None = None,
    seed: int | None = None,
    sets: Sequence[str] = (),
) -> Comparison:
    """Compare scenarios or runs, each with the same baseline and the same random numbers.

    Parameters
    ----------
    sources
        Scenario files, names of the library, cases, run folders or runs.
    replications, seed, sets
        As for `sim.run`, for all that is run; a run that is read keeps what it was made with.

    Raises
    ------
    NotComparable
        If networks, windows, seeds or numbers of replications differ. Nothing was simulated then.
    StoreError, ScenarioError, DataError
        If a folder or a file is wrong.
    """
    if not sources:
        raise NotComparable("nothing to compare; name at least one scenario or run folder")
    prepared = [_prepare(source, replications, seed, sets) for source in sources]
    labels = labels_of([_name(item) for item in prepared])
    cases = dict(zip(labels, (_case(item) for item in prepared), strict=True))
    _check_alike(cases)
    runs = {}
    for label, item in zip(labels, prepared, strict=True):
        from sim.results.execute import execute

        runs[label] = item if isinstance(item, Run) else execute(item)
    return _paired(runs, cases)


def _prepare(source: Any, replications: int | None, seed: int | None, sets: Sequence[str]) -> Run | Source:
    kept = kept_run(source)
    if kept is not None:
        return kept
    return plan_of(source, replications=replications, seed=seed, sets=sets)


def _name(item: Run | Source) -> str:
    return item.name if isinstance(item, Run) else item.case.name


def _case(item: Run | Source) -> Case:
    return planned_case(item) if isinstance(item, Run) else item.case


def labels_of(names: list[str]) -> list[str]:
    """Return the names, numbered where one occurs twice.

    Examples
    --------
    >>> labels_of(["halt", "cut", "halt"])
    ['halt', 'cut', 'halt (2)']
    """
    out: list[str] = []
    for i, name in enumerate(names):
        count = names[: i + 1].count(name)
        out.append(name if count == 1 else f"{name} ({count})")
    return out


def _check_alike(cases: dict[str, Case]) -> None:
    found = {label: _settings(case) for label, case in cases.items()}
    first_label, first = next(iter(found.items()))
    longest = max(other["horizon_days"] for other in found.values())
    for label, other in found.items():
        for key in SAME:
            if other[key] != first[key]:
                raise NotComparable(
                    f"{key.replace('_', ' ')} differs: {first_label} has {first[key]}, "
                    f"{label} has {other[key]}; "
                    f"{_remedy(key, str(longest if key == 'horizon_days' else first[key]))}"
                )


def _settings(case: Case) -> dict[str, Any]:
    return {
        "network": case.network.name,
        "start": case.start.isoformat(),
        "horizon_days": case.horizon_days,
        "replications": case.replications,
        "seed": case.seed,
    }


def _remedy(key: str, value: str) -> str:
    if key == "network":
        return "only scenarios of one network can be compared"
    if key in FLAGS:
        return f"run both with {FLAGS[key]} {value}, or name the scenario files to have them run alike"
    setting = f"horizon={value}d" if key == "horizon_days" else f"start={value}"
    return f"name the scenario files and add --set {setting}, so that all have one window"


def _paired(runs: dict[str, Run], cases: dict[str, Case]) -> Comparison:
    base = _world(next(iter(cases.values())))
    baselines, pairs, notes = {}, {}, []
    made: dict[date, Run] = {}
    for label, item in runs.items():
        changed = _changed(base, _world(cases[label]))
        if changed:
            notes.append(
                f"{label} changes the world itself ({', '.join(changed)}): its differences from the common "
                f"baseline, that of {next(iter(runs))}, hold this too"
            )
        has_luck = int(item.manifest["replications"]) == 1 or len(item.baseline_replications) > 0
        if not changed and has_luck:  # then the run's own baseline is the common one
            baselines[label] = item.baseline_metrics
            pairs[label] = pairs_of(item, item.baseline_metrics, item.baseline_replications)
            continue
        counted = date.fromisoformat(str(item.manifest["runway_from"]))
        if counted not in made:
            made[counted] = run(replace(base, runway_from=counted))
        baselines[label] = made[counted].metrics
        pairs[label] = pairs_of(
            item, made[counted].metrics, _alike_for_all_branches(made[counted].replications)
        )
    names = {code: country.name for code, country in base.network.countries.items()}
    return Comparison(runs, baselines, pairs, tuple(notes), country_names=names)


def _alike_for_all_branches(replications: pd.DataFrame) -> pd.DataFrame:
    """Return the replications of a baseline that stands for all branches of a scenario."""
    return replications.droplevel("branches") if "branches" in replications.index.names else replications


def _world(case: Case) -> Case:
    """Return the baseline of a case without what only names or measures it."""
    kept = tuple(item for item in case.uncertain if not item.path.startswith(OF_RULES))
    tied = tuple(
        item for item in case.correlations if not any(path.startswith(OF_RULES) for path in item.paths)
    )
    return replace(
        case.baseline(),
        name="baseline",
        title="",
        question="",
        file="",
        uncertain=kept,
        correlations=tied,
        runway_from=None,
        branches={},
        outputs=(),
        must_hold=(),
        sources=(),
    )


def _changed(base: Case, other: Case) -> list[str]:
    """Return the paths of what differs between two worlds, a few by name; empty if they are the same."""
    found = []
    for kind in ("sites", "lines", "lanes", "routes", "materials"):
        ours, theirs = getattr(base.network, kind), getattr(other.network, kind)
        names = sorted({*ours, *theirs})
        found += [f"{kind}.{name}" for name in names if ours.get(name) != theirs.get(name)]
    for part in ("interventions", "uncertain", "correlations", "design", "initial_state"):
        if getattr(base, part) != getattr(other, part):
            found.append({"interventions": "background policy"}.get(part, part.replace("_", " ")))
    more = [f"{len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    return found[:MOST_NAMED] + more
