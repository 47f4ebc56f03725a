"""A network without one of its nodes: how long its manufacturers survive, when they recover, what they lose.

Owns what one node's turn is and what is read from it, and the table of all. Who runs the turns, and where
they are kept, is the business of `stress_work`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.analysis.knockouts import Node, intervention_of, loss_of
from sim.analysis.potential import Potential
from sim.analysis.survival import stocks_of, time_to_survive
from sim.case import Case
from sim.domain import Network
from sim.metrics import Reading
from sim.metrics.measures import lost_units, shortfall_day, time_to_recover_days
from sim.steady.flows import planned_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sim.engine.trajectory import Trajectory

START = date(2025, 1, 1)
"""Day 0 of every turn; the network is at rest, so no other date would tell anything else."""
WORTH_NAMING_DAYS = 0.05
"""A manufacturer that loses less than this many days of its plan has lost nothing."""


@dataclass(frozen=True)
class Stress:
    """What is asked of every node.

    Attributes
    ----------
    durations
        How long a node is out [days].
    severities
        Which share of what it does is lost; a chokepoint is closed altogether.
    after_days
        Days that are simulated after the end, in which lines recover.
    """

    network: Network
    durations: tuple[int, ...]
    severities: tuple[float, ...]
    after_days: int = 365

    def severities_of(self, node: Node) -> tuple[float, ...]:
        """Return the shares a node loses in turn."""
        return self.severities if node.has_halves else (1.0,)

    def runs(self, nodes: Sequence[Node]) -> int:
        """Return how many simulations some nodes take."""
        return sum(len(self.durations) * len(self.severities_of(node)) for node in nodes)

    @cached_property
    def at_rest(self) -> Rest:
        """The network as it stands on day 0, found once and shared by all turns of a process."""
        from sim.engine.realise import realise
        from sim.engine.simulate import compiled, simulate

        case = Case("stress", self.network, start=START, horizon_days=max(self.durations) + self.after_days)
        trajectory = simulate(case, in_detail=False)
        flow = compiled(self.network, realise(case, None)).flows.lane_flow
        potential = Potential(self.network, stocks_of(trajectory, self.network))
        return Rest(Reading(trajectory, self.network), potential, flow)


@dataclass(frozen=True, slots=True)
class Rest:
    """A run in which nothing happens, and what the linear programmes know of it."""

    reading: Reading
    potential: Potential
    flow: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One node out for so long, by so much.

    Attributes
    ----------
    time_to_survive_days
        From the loss to the first shortfall of any manufacturer; None: none within the window.
    first_site
        Who was short first.
    time_to_recover_days
        The longest of any manufacturer from its shortfall to 95 % of plan for good; None: nobody was short,
        or somebody is not back by the end of the window (`is_recovered` tells).
    lost_units
        By manufacturer, plan less output beyond what is lost without the loss, catching up included [unit].
    lost_plan_days
        The same over each manufacturer's plan a day, summed: the days of plan that are gone [days].
    """

    duration_days: int
    severity: float
    time_to_survive_days: float | None
    first_site: str
    time_to_recover_days: float | None
    is_recovered: bool
    lost_units: dict[str, float]
    lost_plan_days: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """All outcomes of one node, beside the linear programme's times to survive.

    Attributes
    ----------
    lp_days, lp_as_ordered_days
        By severity: with perfect reallocation, and with no lane carrying more than on day zero [days]; None:
        for ever. A loss in the programme has no end.
    """

    node: Node
    outcomes: tuple[Outcome, ...] = ()
    lp_days: dict[str, float | None] = field(default_factory=dict)
    lp_as_ordered_days: dict[str, float | None] = field(default_factory=dict)
    failure: str = ""
    traceback: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def of_dict(cls, values: Mapping[str, Any]) -> Verdict:
        """Return what `as_dict` wrote."""
        outcomes = tuple(Outcome(**item) for item in values["outcomes"])
        return cls(**{**values, "node": Node(**values["node"]), "outcomes": outcomes})


def take_out(stress: Stress, node: Node) -> Verdict:
    """Take a node out for each duration and severity, and ask the linear programmes once per severity."""
    from sim.engine.simulate import simulate

    rest = stress.at_rest
    outcomes, free, ordered = [], {}, {}
    for severity in stress.severities_of(node):
        loss, key = loss_of(stress.network, node, severity), f"{severity:g}"
        free[key] = _finite(time_to_survive(rest.potential, loss, rest.flow))
        ordered[key] = _finite(time_to_survive(rest.potential, loss, rest.flow, as_ordered=True))
        for days in stress.durations:
            case = Case(
                "stress", stress.network, start=START, horizon_days=days + stress.after_days,
                interventions=intervention_of(stress.network, node, START, days, severity),
            )  # fmt: skip
            outcomes.append(_outcome(rest, simulate(case, in_detail=False), days, severity))
    return Verdict(node, tuple(outcomes), free, ordered)


def _finite(days: float) -> float | None:
    return None if math.isinf(days) else days


def _outcome(rest: Rest, run: Trajectory, days: int, severity: float) -> Outcome:
    reading = replace(rest.reading, trajectory=run)
    shortfalls: dict[str, int] = {}
    recoveries: list[float | None] = []
    lost: dict[str, float] = {}
    lost_days = 0.0
    for calm, view in zip(rest.reading.sites, reading.sites, strict=True):
        day = shortfall_day(reading, view)
        if day is not None:
            shortfalls[view.site] = day
            back_after = time_to_recover_days(reading, view)
            recoveries.append(None if back_after is None else _number(back_after))
        window = slice(0, run.n_days)
        usual = max(0.0, float(calm.planned[window].sum() - calm.made[window].sum()))
        gone = _number(lost_units(reading, view)) - usual
        plan = float(view.planned.mean())
        if plan > 0.0 and gone > WORTH_NAMING_DAYS * plan:
            lost[view.site] = gone
            lost_days += gone / plan
    first = min(shortfalls, key=lambda site: (shortfalls[site], site), default="")
    back = [value for value in recoveries if value is not None]
    is_recovered = len(back) == len(recoveries)
    return Outcome(
        duration_days=days,
        severity=severity,
        time_to_survive_days=float(shortfalls[first]) if first else None,
        first_site=first,
        time_to_recover_days=max(back) if back and is_recovered else None,
        is_recovered=is_recovered,
        lost_units=lost,
        lost_plan_days=lost_days,
    )


def _number(value: object) -> float:
    """Return a measure that is a number (measures may also be dates and names)."""
    assert isinstance(value, float)
    return value


def planned_a_day(network: Network, site: str) -> float:
    """Return what a manufacturer plans a day, over its lines [unit/day]."""
    return sum(planned_rate(line) or 0.0 for line in network.lines_at(site))


def difference(outcome: Outcome, lp_days: float | None, as_ordered_days: float | None) -> str:
    """Say why the simulated time to survive is not the linear programme's.

    The programme knows no transit and no ordering behaviour: what lies between its two answers is buying
    elsewhere, what lies between the second and the run is transit, sharing out and requalification.
    """
    seen = outcome.time_to_survive_days
    if seen is None:
        if lp_days is None:
            return "neither is short"
        if lp_days > outcome.duration_days:
            return "the loss ends before stocks do"
        return "short by less than 0.1 % of a day's plan"
    if as_ordered_days is not None and seen > as_ordered_days:
        return f"buying elsewhere brings {seen - as_ordered_days:.0f} d beyond day zero's orders"
    parts = []
    if lp_days is None:
        reach = "for ever" if as_ordered_days is None else f"{as_ordered_days:.0f} d"
        parts.append(f"others could make up for it; as ordered {reach}")
    elif as_ordered_days is not None and lp_days - as_ordered_days >= 1.0:
        parts.append(f"{lp_days - as_ordered_days:.0f} d perfect buying elsewhere")
    if as_ordered_days is not None:
        parts.append(f"{as_ordered_days - seen:.0f} d transit and sharing out")
    elif lp_days is None:
        parts.append("transit and sharing out take the rest")
    return ", ".join(parts)


def ranked(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Return a row per node, duration and severity; the nodes that cost most in their worst case come first.

    Columns: rank, kind, node, name, duration_days, severity, time_to_survive_days, first_site,
    time_to_recover_days, is_recovered, lost_plan_days, lp_days, lp_as_ordered_days, difference. Never is NaN.
    """
    import pandas as pd

    ordered = sorted(verdicts, key=_worst)
    rows = []
    for rank, verdict in enumerate(ordered, start=1):
        for item in verdict.outcomes:
            key = f"{item.severity:g}"
            free, as_ordered = verdict.lp_days[key], verdict.lp_as_ordered_days[key]
            node, told = verdict.node, difference(item, free, as_ordered)
            values = asdict(item)
            del values["lost_units"]
            row = {"rank": rank, "kind": node.kind, "node": node.node_id, "name": node.name, **values}
            rows.append({**row, "lp_days": free, "lp_as_ordered_days": as_ordered, "difference": told})
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numbers = [name for name in COLUMNS if name.endswith("_days") or name == "severity"]
    frame[numbers] = frame[numbers].astype(float)
    return frame


COLUMNS = (
    "rank", "kind", "node", "name", "duration_days", "severity", "time_to_survive_days", "first_site",
    "time_to_recover_days", "is_recovered", "lost_plan_days", "lp_days", "lp_as_ordered_days", "difference",
)  # fmt: skip


def _worst(verdict: Verdict) -> tuple[float, float, str, str]:
    """Return what nodes are ranked by: most plan lost, then the shortest survival, then kind and id."""
    lost = max((item.lost_plan_days for item in verdict.outcomes), default=0.0)
    times = [item.time_to_survive_days for item in verdict.outcomes if item.time_to_survive_days is not None]
    return -round(lost, 6), min(times, default=math.inf), verdict.node.kind, verdict.node.node_id


def lost_by_site(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Return what each manufacturer loses in each turn; only losses.

    Columns: kind, node, duration_days, severity, site, lost_units [unit of the site's goods].
    """
    import pandas as pd

    rows = [
        (verdict.node.kind, verdict.node.node_id, item.duration_days, item.severity, site, units)
        for verdict in sorted(verdicts, key=_worst)
        for item in verdict.outcomes
        for site, units in sorted(item.lost_units.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return pd.DataFrame(rows, columns=["kind", "node", "duration_days", "severity", "site", "lost_units"])
