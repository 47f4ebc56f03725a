"""Series that are kept of every replication: ``built at toyota_japan`` in a scenario's `outputs`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import RunFailed
from sim.metrics import SERIES, Reading
from sim.units import did_you_mean

if TYPE_CHECKING:
    from sim.domain import Network

AT = " at "
SEPARATOR = "|"
"""Between the levels of a column's name."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One series at one site.

    Attributes
    ----------
    series, site
        What is kept.
    labels
        Its columns, such as ``toyota_japan|traction_motor|input``.
    """

    series: str
    site: str
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.series}{AT}{self.site}"

    def values(self, reading: Reading) -> np.ndarray:
        """Return its columns of a trajectory, shape (day, column), single precision."""
        frame = SERIES[self.series].function(reading)
        wanted = [i for i, column in enumerate(frame.columns) if _site(column) == self.site]
        found: np.ndarray = frame.to_numpy(dtype=np.float32)[:, wanted]
        return found


def _site(column: object) -> str:
    return str(column[0] if isinstance(column, tuple) else column)


def fault_of(text: str, network: Network | None = None) -> tuple[str, str, str] | None:
    """Return (message, hint, what is allowed) if an output ``SERIES at SITE`` cannot be kept, else None."""
    name, _, site = (part.strip() for part in text.partition(AT))
    by_site = [item.name for item in SERIES.values() if item.columns[0] == "site"]
    if name not in by_site:
        return f"{name!r} is no series of a site", did_you_mean(name, by_site), ", ".join(by_site)
    if network is not None and site not in network.sites:
        return f"{site!r} is not a site", did_you_mean(site, network.sites), "sim list sites prints them"
    return None


def chosen_of(outputs: Iterable[str], reading: Reading) -> tuple[Chosen, ...]:
    """Return what the outputs of a case choose, with the columns that a trajectory has.

    Raises
    ------
    RunFailed
        If a series or a site does not exist.
    """
    found = []
    for text in dict.fromkeys(" ".join(item.split()) for item in outputs if AT in item):
        if fault := fault_of(text, reading.network):
            raise RunFailed(f"outputs: {text!r}: {fault[0]}; {fault[1] or fault[2]}")
        name, _, site = text.partition(AT)
        columns = [c for c in SERIES[name].function(reading).columns if _site(c) == site]
        labels = (SEPARATOR.join(map(str, c)) if isinstance(c, tuple) else str(c) for c in columns)
        found.append(Chosen(name, site, tuple(labels)))
        if not found[-1].labels:
            raise RunFailed(f"outputs: {text!r}: {site} has no such series")
    return tuple(found)
