"""What governments really did from 2009 to 2026: a dated table with its sources.

`policy_actual.csv` holds every measure; those whose kind can be imposed name the intervention of
``policy/actual.yaml`` that does it. Dates are ISO days or, where no source gives the day, months.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

_HERE = Path(__file__).resolve().parent
MEASURES = _HERE / "policy_actual.csv"
SOURCES = _HERE / "policy_sources.csv"
OTHER = "other"
"""The kind of a measure that no intervention stands for, such as an agreement."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    Attributes
    ----------
    announced, in_force, end
        ``2025-04-04``, or ``2024-10`` where only the month is known; empty: not stated.
    quantity, unit
        The number of a quota, a rate or a threshold; empty where there is none.
    intervention
        Its id in ``policy/actual.yaml``; empty where it cannot be imposed yet.
    source_ids
        Rows of `policy_sources.csv`; those that begin with ``A_`` are assumptions.
    """

    policy_id: str
    announced: str
    in_force: str
    end: str
    jurisdiction: str
    kind: str
    scope: str
    what: str
    quantity: str
    unit: str
    intervention: str
    source_ids: tuple[str, ...]
    reference: str
    note: str

    @property
    def first_known(self) -> str:
        """Return the date it took force, else the one it was announced or ended at."""
        return self.in_force or self.announced or self.end


@cache
def measures() -> tuple[Measure, ...]:
    """Return every measure, by date."""
    found = []
    for row in _rows(MEASURES):
        sources = tuple(row.pop("source_id").split())
        found.append(Measure(**row, source_ids=sources))
    return tuple(sorted(found, key=lambda item: (item.first_known, item.policy_id)))


@cache
def policy_sources() -> Mapping[str, Mapping[str, str]]:
    """Return the sources of the measures, assumptions included, by id."""
    return MappingProxyType({row["source_id"]: MappingProxyType(row) for row in _rows(SOURCES)})


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
