"""The manifest: everything needed to repeat a run and to judge it. The one reader of the clock."""

from __future__ import annotations

import platform
from datetime import UTC, date, datetime
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from sim.results.identity import case_hash
from sim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.case import Case

PACKAGES = ("numpy", "numba", "simpy", "pandas", "pyarrow", "scipy")


def versions() -> dict[str, str]:
    """Return the versions of this package, Python and the packages that can change a figure."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    found = {"sim": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def runway_from(case: Case) -> date:
    """Return the day runways count from: as stated, or the first day of the first intervention in force.

    Background interventions do not count; without a dated intervention it is the start of the run.
    """
    if case.runway_from is not None:
        return max(case.runway_from, case.start)
    starts = [
        item.start for item in case.interventions if item.id not in case.background and item.start is not None
    ]
    return max(min(starts), case.start) if starts else case.start


def describe(case: Case, sets: Sequence[str], warnings: Sequence[str]) -> dict[str, Any]:
    """Return the part of the manifest that is known before the run."""
    counted = runway_from(case)
    day = min((counted - case.start).days, case.horizon_days - 1)
    return {
        "schema_version": 1,
        "name": case.name,
        "title": case.title,
        "question": case.question,
        "file": case.file,
        "network": case.network.name,
        "start": case.start.isoformat(),
        "horizon_days": case.horizon_days,
        "runway_from": counted.isoformat(),
        "runway_from_day": day,
        "replications": case.replications,
        "seed": case.seed,
        "design": case.design.value,
        "set": list(sets),
        "case_hash": case_hash(case),
        "versions": versions(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "warnings": list(warnings),
        "tracked": list(case.network.tracked),
        "material_names": {key: item.name for key, item in case.network.materials.items()},
        "interventions": [
            {
                "id": item.id,
                "kind": item.kind,
                "start": None if item.start is None else item.start.isoformat(),
                "end": None if item.end is None else item.end.isoformat(),
            }
            for item in case.interventions
        ],
        "failures": [],
        "interrupted": False,
    }
