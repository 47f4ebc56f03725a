"""What differs between two runs of one scenario: settings, the resolved scenario, and the results."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.metrics.tables import COLUMNS
from sim.results.compare import NotComparable
from sim.results.document import plain

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.run import Run

SETTINGS = (
    "network", "start", "horizon_days", "runway_from", "replications", "seed", "set", "case_hash", "versions",
)  # fmt: skip
CLOSE = 1e-9
"""Relative difference that is rounding: the last digits of a sum."""


@dataclass(frozen=True)
class RunDifference:
    """Two runs of one scenario, side by side.

    Attributes
    ----------
    settings
        Name, value before, value after, of each setting that differs.
    scenario
        Lines of the resolved scenario, removed (``-``) and added (``+``).
    metrics
        A row per site and measure that differs: site, name, metric, before, after.
    """

    settings: tuple[tuple[str, str, str], ...]
    scenario: tuple[str, ...]
    metrics: pd.DataFrame

    @property
    def is_same(self) -> bool:
        """Whether world and results are the same; versions of packages may differ."""
        return not self.scenario and self.metrics.empty

    def document(self) -> dict[str, Any]:
        """Return the difference as one JSON-ready object."""
        rows = self.metrics.to_dict("records")
        return {
            "schema_version": 1,
            "same": self.is_same,
            "settings": [{"setting": n, "before": b, "after": a} for n, b, a in self.settings],
            "scenario": list(self.scenario),
            "metrics": [{str(key): plain(value) for key, value in row.items()} for row in rows],
        }


def difference(before: Run, after: Run) -> RunDifference:
    """Return what differs between two runs of one scenario.

    Raises
    ------
    NotComparable
        If they are of different scenarios.
    """
    if before.name != after.name:
        raise NotComparable(
            f"{before.name} and {after.name} are different scenarios; "
            "sim compare sets those beside each other"
        )
    return RunDifference(_settings(before, after), _scenario(before, after), _metrics(before, after))


def _settings(before: Run, after: Run) -> tuple[tuple[str, str, str], ...]:
    rows = []
    for name in SETTINGS:
        one, other = before.manifest.get(name), after.manifest.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            rows += [
                (f"{name}.{key}", str(one.get(key, "-")), str(other.get(key, "-")))
                for key in sorted({*one, *other})
                if one.get(key) != other.get(key)
            ]
        elif one != other:
            rows.append((name, str(one), str(other)))
    return tuple(rows)


def _scenario(before: Run, after: Run) -> tuple[str, ...]:
    ours, theirs = before.resolved_yaml.splitlines(), after.resolved_yaml.splitlines()
    lines = list(difflib.unified_diff(ours, theirs, lineterm="", n=1))[2:]
    return tuple(line for line in lines if not line.startswith("@@"))


def _metrics(before: Run, after: Run) -> pd.DataFrame:
    import pandas as pd

    rows = []
    ours: dict[Any, Any] = before.metrics.to_dict("index")
    theirs: dict[Any, Any] = after.metrics.to_dict("index")
    for site in dict.fromkeys([*ours, *theirs]):
        for metric in COLUMNS:
            one, other = (table.get(site, {}).get(metric) for table in (ours, theirs))
            if not _alike(one, other):
                name = ours.get(site, theirs.get(site, {}))["name"]
                rows.append({"site": site, "name": name, "metric": metric, "before": one, "after": other})
    return pd.DataFrame(rows, columns=["site", "name", "metric", "before", "after"], dtype=object)


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two values are the same but for rounding; never equals never."""
    if isinstance(one, float) and isinstance(other, float):
        both_never = math.isnan(one) and math.isnan(other)
        return both_never or math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-6)
    return bool(one == other)
