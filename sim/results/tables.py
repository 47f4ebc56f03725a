"""Where the frames of a run come from: trajectories in memory. Its twin in `store` reads a folder."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sim.errors import SimError
from sim.metrics import SERIES, series_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.domain import Network
    from sim.engine.trajectory import IntArray, Trajectory


class Tables(Protocol):
    """What a run needs to show its days."""

    def series(self, name: str, *, baseline: bool) -> pd.DataFrame:
        """Return a series by its name."""

    def shipments(self) -> pd.DataFrame:
        """Return one row per shipment."""

    def gates(self) -> pd.DataFrame:
        """Return one row per gate and lane at which anything waited."""

    def licences(self) -> pd.DataFrame:
        """Return the books of licensing offices, a row per office and week."""

    def origin(self) -> pd.DataFrame:
        """Return where stocks come from, by site, element, stage and jurisdiction."""


class UnknownSeries(SimError, KeyError):  # noqa: N818 - reads as what happened
    """A series was asked for by a name that does not exist, or that this run did not keep."""

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def unknown_series(name: str, known: list[str]) -> UnknownSeries:
    """Return the error for a series name that is not among ``known``."""
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return UnknownSeries(f"series {name!r} does not exist{guess} series: {', '.join(known)}")


@dataclass(frozen=True)
class LiveTables:
    """The tables of trajectories that are still in memory."""

    network: Network
    trajectory: Trajectory
    baseline: Trajectory
    runway_from_day: int

    def series(self, name: str, *, baseline: bool) -> pd.DataFrame:
        """Compute a registered series."""
        if name not in SERIES:
            raise unknown_series(name, list(SERIES))
        chosen = self.baseline if baseline else self.trajectory
        return series_frame(name, chosen, self.network, self.runway_from_day)

    def shipments(self) -> pd.DataFrame:
        """Return a row per shipment with names, dates and quantity; no arrival: not landed yet."""
        import pandas as pd

        run, rows = self.trajectory, self.trajectory.shipments
        lanes = [self.network.lanes[lane] for lane in run.lanes]
        start = pd.Timestamp(run.start)
        arrived = pd.Series(rows["arrival_day"], dtype="float64").where(lambda day: day >= 0)
        frame = pd.DataFrame(
            {
                "ship_date": start + pd.to_timedelta(rows["ship_day"].astype("int64"), unit="D"),
                "arrival_date": start + pd.to_timedelta(arrived, unit="D"),
                "lane": _named(rows["lane"], run.lanes),
                "supplier": _of_lane(rows["lane"], [lane.supplier for lane in lanes]),
                "buyer": _of_lane(rows["lane"], [lane.buyer for lane in lanes]),
                "material": _of_lane(rows["lane"], [lane.material for lane in lanes]),
                "route": _named(rows["route"], run.routes),
                "quantity": rows["quantity"],
            }
        )
        last = run.start + timedelta(days=run.n_days)
        frame.attrs = {"title": f"shipments until {last.isoformat()}", "unit": "unit of material"}
        return frame

    def gates(self) -> pd.DataFrame:
        """Return what waited at each gate, by lane."""
        from sim.metrics.gates import gate_frame

        return gate_frame(self.trajectory, self.network)

    def licences(self) -> pd.DataFrame:
        """Return the books of licensing offices."""
        from sim.metrics.gates import licence_frame

        return licence_frame(self.trajectory)

    def origin(self) -> pd.DataFrame:
        """Return where stocks come from."""
        from sim.metrics.origin import origin_frame

        return origin_frame(self.trajectory, self.network)


def _named(codes: IntArray, names: tuple[str, ...]) -> pd.Categorical[str]:
    import pandas as pd

    return pd.Categorical.from_codes(np.asarray(codes, dtype=np.int64), pd.Index(list(names)))


def _of_lane(rows: IntArray, names: list[str]) -> pd.Categorical[str]:
    """Return a property of the lane of each row, ``names`` being that of each lane."""
    import pandas as pd

    by_lane = pd.Categorical(names)
    codes = np.asarray(by_lane.codes)[np.asarray(rows, dtype=np.int64)]
    return pd.Categorical.from_codes(codes, by_lane.categories).remove_unused_categories()
