"""What a report is about: runs, and a comparison of them where there are several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.results.compare import Comparison, NotComparable, compare, kept_run, labels_of
from sim.results.execute import run
from sim.results.pairing import pairs_of
from sim.results.run import Run

if TYPE_CHECKING:
    from sim.case import Case

    Source = str | Path | Case | Run


@dataclass(frozen=True, slots=True)
class Subject:
    """The runs of a report by label, and how they stand beside each other.

    Attributes
    ----------
    comparison
        None for a single run, and for runs of different networks.
    apart
        Why the runs are not paired against one baseline; empty if they are.
    """

    runs: dict[str, Run]
    comparison: Comparison | None = None
    apart: str = ""

    @classmethod
    def of(cls, comparison: Comparison) -> Subject:
        """Return the subject of a comparison."""
        return cls(dict(comparison.runs), comparison if len(comparison.runs) > 1 else None)


def gathered(
    sources: Sequence[Source],
    *,
    replications: int | None = None,
    seed: int | None = None,
    sets: Sequence[str] = (),
) -> Subject:
    """Return the runs of a report, read or made, paired as `sim.compare` does wherever that is possible.

    Runs whose windows or seeds differ are each set against their own baseline instead, and ``apart`` says
    so: a report may hold questions of different years, a comparison may not.

    Raises
    ------
    NotComparable
        If there is no source.
    StoreError, ScenarioError, DataError
        If a folder or a file is wrong.
    """
    if not sources:
        raise NotComparable("nothing to report; name at least one scenario or run folder")
    options: dict[str, Any] = {"replications": replications, "seed": seed, "sets": tuple(sets)}
    try:
        return Subject.of(compare(*sources, **options))
    except NotComparable as error:
        reason = str(error)
    runs = [_run(source, options) for source in sources]
    return _beside(dict(zip(labels_of([item.name for item in runs]), runs, strict=True)), reason)


def _run(source: Source, options: dict[str, Any]) -> Run:
    kept = kept_run(source)
    return run(source, **options) if kept is None else kept  # type: ignore[arg-type]


def _beside(runs: dict[str, Run], reason: str) -> Subject:
    """Return runs that share no window, each against its own baseline."""
    if len({str(item.manifest["network"]) for item in runs.values()}) > 1:
        return Subject(runs, None, reason)  # they share no manufacturer either
    baselines = {label: item.baseline_metrics for label, item in runs.items()}
    pairs = {
        label: pairs_of(item, item.baseline_metrics, item.baseline_replications)
        for label, item in runs.items()
    }
    return Subject(runs, Comparison(runs, baselines, pairs, is_common=False), reason)
