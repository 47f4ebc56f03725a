"""The common workload, and the reference network, in this package."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.workload import (
    BAN_DAYS,
    BAN_START_DAY,
    BANNED_SITE,
    COVER_DAYS,
    DEMAND_MEAN,
    DEMAND_SD,
    HORIZON_DAYS,
    TRANSIT_DAYS,
    Outcome,
)
from sim.case import Case, InitialState
from sim.domain import Distribution
from sim.engine import simulate
from sim.interventions import ExportBan
from sim.testing import START, Sketch, small_case


def site_id(echelon: int, column: int) -> str:
    """Return the id of a site of the workload."""
    return f"site_{echelon}_{column}"


def workload_case(demands: Sequence[tuple[float, ...]] = ()) -> Case:
    """Return the common workload as a case: full shelves and empty seas on day 0.

    Parameters
    ----------
    demands
        A series of daily demand per column, instead of the law [units/day].
    """
    law = Distribution("normal", {"mean": DEMAND_MEAN, "sd": DEMAND_SD})
    sketch = Sketch("common_workload")
    sketch.source("outside", "goods", country="OO")
    on_hand: dict[tuple[str, str], float] = {}
    in_transit: dict[str, tuple[tuple[int, float], ...]] = {}
    for echelon, row in enumerate(TRANSIT_DAYS):
        for column, transit_days in enumerate(row):
            here = site_id(echelon, column)
            level = DEMAND_MEAN * (transit_days + 1 + COVER_DAYS)
            ordering: dict[str, Any] = {"ordering": "order_up_to", "ordering_parameters": {"level": level}}
            if echelon == len(TRANSIT_DAYS) - 1:
                sketch.customer(
                    here,
                    "goods",
                    plan=DEMAND_MEAN,
                    demand=demands[column] if demands else law,
                    patience_days=math.inf,
                    **ordering,
                )
            else:
                sketch.store(here, "goods", cover=COVER_DAYS, patience_days=math.inf, **ordering)
            supplier = site_id(echelon - 1, column) if echelon else "outside"
            lane_id = sketch.lane(supplier, here, "goods", days=transit_days)
            on_hand[here, "goods"] = level
            in_transit[lane_id] = ()
    ban = ExportBan(
        id="ban",
        start=START + timedelta(days=BAN_START_DAY),
        end=START + timedelta(days=BAN_START_DAY + BAN_DAYS),
        from_places=(site_id(*BANNED_SITE),),
        domestic=True,
    )
    return small_case(
        sketch.network(),
        HORIZON_DAYS,
        ban,
        seed=2025,
        initial_state=InitialState(on_hand=on_hand, in_transit=in_transit),
    )


def replicate(case: Case, replication: int) -> Outcome:
    """Run one replication and report the stock-outs of column 0."""
    trajectory = simulate(case, replication, in_detail=False)
    line = trajectory.lines.index(f"{site_id(len(TRANSIT_DAYS) - 1, 0)}_line")
    return Outcome.of((trajectory.line_owed[:, line] > 1e-6).tolist())


def reference_case(scenario: str = "india_halt") -> Case:
    """Return a scenario on the reference network, three years long: a name, or a file of this folder."""
    from sim.scenario import load

    own = Path(__file__).with_name(f"{scenario}.yaml")
    return replace(load(own if own.exists() else scenario).case, horizon_days=HORIZON_DAYS)
