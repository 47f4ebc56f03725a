"""The Run: what `sim.run` returns and `sim.load_run` reads back.

A run holds frames and a manifest. It imports neither plots nor analysis; those are handed down
through `hooks`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.results.hooks import HOOKS
from sim.results.sentences import headline_of

if TYPE_CHECKING:
    import pandas as pd

    from sim.case import Case
    from sim.engine.trajectory import Trajectory
    from sim.results.ensemble import Ensemble
    from sim.results.tables import Tables


class Run:
    """A case that was simulated, beside its baseline with the same luck.

    With replications, `metrics` and `baseline_metrics` are medians over them; `series` and
    `shipments` are those of the central run, in which every uncertain figure has its central value.

    Attributes
    ----------
    metrics, baseline_metrics
        A row per reported site; columns as in `sim.metrics.COLUMNS`.
    manifest
        Everything needed to repeat the run: versions, hash, seed, settings, warnings, timing.
    replications
        One row per replication, branches and site with each measure and its weight; empty for a
        deterministic run.
    baseline_replications
        The same of the baseline, with the same luck row by row.
    series_quantiles
        Quantiles of daily series over the replications: series, site, date, p02.5 ... p97.5.
    replication_series
        Series that the scenario's `outputs` choose, of every replication: series, column, replication,
        branches, date, value.
    case, trajectory, baseline_trajectory
        What was simulated; None for a run that was read from its folder.
    folder
        Where the run is kept; None if it was not written.
    """

    def __init__(
        self,
        *,
        metrics: pd.DataFrame,
        baseline_metrics: pd.DataFrame,
        manifest: dict[str, Any],
        tables: Tables,
        replications: pd.DataFrame | None = None,
        baseline_replications: pd.DataFrame | None = None,
        series_quantiles: pd.DataFrame | None = None,
        replication_series: pd.DataFrame | None = None,
        case: Case | None = None,
        trajectory: Trajectory | None = None,
        baseline_trajectory: Trajectory | None = None,
        resolved_yaml: str = "",
        folder: Path | None = None,
    ) -> None:
        self.metrics = metrics
        self.baseline_metrics = baseline_metrics
        self.manifest = manifest
        self.replications = _or_empty(replications)
        self.baseline_replications = _or_empty(baseline_replications)
        self.series_quantiles = _or_empty(series_quantiles)
        self.replication_series = _or_empty(replication_series)
        self.case = case
        self.trajectory = trajectory
        self.baseline_trajectory = baseline_trajectory
        self.resolved_yaml = resolved_yaml
        self.folder = folder
        self.tables = tables

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self.manifest["name"])

    @property
    def is_complete(self) -> bool:
        """Whether every replication finished."""
        return not self.manifest["failures"] and not self.manifest["interrupted"]

    @cached_property
    def ensemble(self) -> Ensemble:
        """What the replications say together: quantiles, probabilities, survival, paired differences.

        Raises
        ------
        RunFailed
            If the run is deterministic.
        """
        from sim.results.ensemble import Ensemble

        return Ensemble(self.replications, self.baseline_replications, self.manifest)

    @cached_property
    def headline(self) -> str:
        """The result in one sentence."""
        if "headline" in self.manifest:
            return str(self.manifest["headline"])
        return headline_of(self.metrics, self.baseline_metrics, self.manifest)

    @cached_property
    def why(self) -> str:
        """The paragraph that follows the first shortfall back to the intervention."""
        if "why" in self.manifest:
            return str(self.manifest["why"])
        return HOOKS.why(self) if HOOKS.why is not None else ""

    @cached_property
    def verdicts(self) -> list[dict[str, str]]:
        """What became of each `must_hold` condition: condition, verdict, detail."""
        if "must_hold" in self.manifest:
            return list(self.manifest["must_hold"])
        return HOOKS.verdicts(self) if HOOKS.verdicts is not None else []

    @property
    def plot(self) -> Any:
        """The pictures of this run: ``run.plot.runway()``."""
        if HOOKS.plot is None:
            raise SimError("plots are not attached; import sim instead of sim.results alone")
        return HOOKS.plot(self)

    def series(self, name: str, *, baseline: bool = False) -> pd.DataFrame:
        """Return a daily series: dates as rows, sites (or lanes, lines, stocks) as columns.

        Parameters
        ----------
        name
            ``days_of_cover``, ``touched_share``, ``on_hand``, ``built``, ``shipped`` ...; all names
            are printed by ``sim list metrics``.
        baseline
            The same series without the scenario's own interventions.

        Raises
        ------
        UnknownSeries
            If the name is not a series; the message has the nearest one.
        """
        return self.tables.series(name, baseline=baseline)

    @cached_property
    def shipments(self) -> pd.DataFrame:
        """One row per shipment: dates, lane, supplier, buyer, material, route, quantity."""
        return self.tables.shipments()

    @cached_property
    def gates_by_lane(self) -> pd.DataFrame:
        """What waited at each gate, a row per gate and lane: quantity, days, the most at once and when."""
        return self.tables.gates()

    @cached_property
    def gates(self) -> pd.DataFrame:
        """Tonnes that came to wait at each gate, and their mean wait [days]; rows in the order of gates."""
        from sim.metrics.gates import by_gate

        return by_gate(self.gates_by_lane)

    @cached_property
    def licences(self) -> pd.DataFrame:
        """The books of licensing offices, a row per office and week; `approved_share` is approved so far."""
        return self.tables.licences()

    @cached_property
    def origin(self) -> pd.DataFrame:
        """Where stocks of inputs come from, by site, element, stage and jurisdiction: first and last day."""
        return self.tables.origin()

    @cached_property
    def origin_by_bloc(self) -> pd.DataFrame:
        """The same by site, element, stage and bloc, without what was only touched."""
        from sim.metrics.origin import by_bloc

        return by_bloc(self.origin)

    def save(self, folder: str | Path | None = None, *, picture: bool = True) -> Path:
        """Write the run folder, all of it or nothing, and return its path."""
        from sim.results.store import save_run

        return save_run(self, folder, picture=picture)

    def report(self, path: str | Path = "report.html", title: str = "") -> Path:
        """Write the run as one HTML file that opens without a network, and return its path.

        Raises
        ------
        StoreError
            If the file cannot be written, or is something else than a report.
        """
        if HOOKS.report is None:
            raise SimError("reports are not attached; import sim instead of sim.results alone")
        return HOOKS.report(self, path, title)

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.headline}>"

    def _repr_html_(self) -> str:
        from sim.results.page import html_of

        return html_of(self)


def _or_empty(frame: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame() if frame is None else frame
