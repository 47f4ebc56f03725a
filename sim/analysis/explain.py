"""Why a line fell short: the chain of causes in words, with dates, stocks and transit days.

Everything is read off the central run beside its baseline; nothing is simulated again.
What is said when no line falls short is in `absorbed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.absorbed import absorbed
from sim.analysis.causes import Link, chain
from sim.analysis.evidence import Evidence
from sim.analysis.words import listed
from sim.metrics import Reading
from sim.metrics.measures import AFFECTED_SHARE, limiting_component, shortfall_day
from sim.results.sentences import days_text

if TYPE_CHECKING:
    from sim.results.run import Run

LEFT_DAYS = 1.0
"""A stock of less than this is used up [days]."""


def why_of(run: Run) -> str:
    """Return the paragraph that stands under the headline; empty for a run read without its trajectory."""
    if run.case is None or run.trajectory is None or run.baseline_trajectory is None:
        return ""
    day = int(run.manifest["runway_from_day"])
    evidence = Evidence(run.case, run.trajectory, run.baseline_trajectory, day)
    first = _first_short(evidence)
    text = absorbed(evidence) if first is None else _chain(evidence, *first)
    return f"In the central run: {text}" if case_draws(run) else text


def case_draws(run: Run) -> bool:
    """Tell whether the table is of replications, while the paragraph is of the central run."""
    return int(run.manifest["replications"]) > 1


def verdicts_of(run: Run) -> list[dict[str, str]]:
    """Return what became of each `must_hold` condition of the run's case."""
    if run.case is None or not run.case.must_hold:
        return []
    from sim.analysis import check
    from sim.analysis.facts import RunFacts

    return [
        {"condition": item.condition, "verdict": str(item.outcome), "detail": item.detail}
        for item in check(run.case.must_hold, RunFacts.of(run))
    ]


def _first_short(evidence: Evidence) -> tuple[str, str, int] | None:
    """Return (site, component, day) of the first shortfall that the baseline does not have.

    Sites that lose next to nothing come after all others, as in the headline.
    """
    reading = Reading(evidence.run, evidence.network, evidence.day)
    twin = Reading(evidence.base, evidence.network, evidence.day)
    found = []
    for view, other in zip(reading.sites, twin.sites, strict=True):
        day = shortfall_day(reading, view)
        before = shortfall_day(twin, other)
        if day is not None and (before is None or day < before):
            lost = float((other.made - view.made).sum() / max(other.planned.sum(), 1e-12))
            component = str(limiting_component(reading, view))
            found.append((lost <= AFFECTED_SHARE, day, -lost, view.site, component))
    if not found:
        return None
    _, day, _, site, component = min(found)
    return site, component, day


def _chain(evidence: Evidence, site: str, component: str, day: int) -> str:
    links, own_use = chain(evidence, site, component, day)
    left = _misfit(evidence, site, component, day, links[0].lane) if links else ""
    opening = (
        f"{evidence.site_name(site)} is the first to fall short, on {evidence.date(day)}, for want of "
        f"{evidence.material_name(component)}: it held {evidence.cover_text(site, component)} "
        f"on {evidence.date(evidence.day)}{left}."
    )
    end = [] if own_use is None else [_no_lane(evidence, *own_use)]
    return " ".join([opening, *(_step(evidence, link) for link in links), *end])


def _misfit(evidence: Evidence, site: str, component: str, day: int, starved: int) -> str:
    """Say why a line was short with a stock in hand: what is left of other lanes fits only in part."""
    found = misfit(evidence, site, component, day, starved)
    if found is None:
        return ""
    left, fits, others = found
    makers = listed(list(dict.fromkeys(evidence.site_name(evidence.lane(i).supplier) for i in others)))
    return f"; the {left:.0f} days left, from {makers}, fit only {100.0 * fits:.0f} % of the missing use"


def misfit(
    evidence: Evidence, site: str, component: str, day: int, starved: int
) -> tuple[float, float, list[int]] | None:
    """Return what was left of other lanes on a day a line was short although it had a stock.

    The cover that was left [days], the share of the missing use that it fits, and the lanes it came by;
    None if next to nothing was left, or all of it fits.
    """
    left = evidence.cover_left(site, component, day)
    others = [i for i in evidence.lanes_into(site, component) if i != starved and evidence.feeds(i)]
    fits = max((evidence.lane(i).interchangeable_share for i in others), default=1.0)
    return None if left < LEFT_DAYS or fits >= 1.0 else (left, fits, others)


def _no_lane(evidence: Evidence, buyer: str, material: str) -> str:
    return (
        f"No lane brought {evidence.site_name(buyer)} less {evidence.material_name(material)} than in the "
        f"baseline until then: its own use of the stock is the cause."
    )


def _step(evidence: Evidence, link: Link) -> str:
    lane, step = link.lane, link.cause
    supplier = evidence.site_name(step.supplier)
    goods = evidence.material_name(evidence.lane(lane).material)
    way = days_text(evidence.transit_days(lane))
    landed = "" if step.landed is None else f", landing less from {evidence.date(step.landed)}"
    head = f"{supplier}, {way} away, shipped less {goods} from {evidence.date(step.shipped)}{landed}: "
    if step.kind == "input":
        held = evidence.cover_text(step.supplier, step.material)
        return (
            f"{head}it ran short of {evidence.material_name(step.material)} on {evidence.date(step.day)}, "
            f"of which it held {held}{_likewise(evidence, link)}."
        )
    if step.kind == "outage":
        return f"{head}its own line made less from {evidence.date(step.day)}{_because(evidence, lane)}."
    if step.kind == "late":
        return (
            f"{supplier} shipped as before, but its {goods} landed later from "
            f"{evidence.date(step.landed or step.shipped)}{_because(evidence, lane)}."
        )
    if step.kind == "shared":
        return f"{head}it made as before, but was asked for less or served others."
    return f"{head}the lane itself was cut{_because(evidence, lane)}."


def _likewise(evidence: Evidence, link: Link) -> str:
    others = [f"{evidence.site_name(item.supplier)} on {evidence.date(item.day)}" for item in link.likewise]
    return f"; so did {listed(others)}" if others else ""


def _because(evidence: Evidence, lane: int) -> str:
    item = evidence.acting_on(lane)
    return "" if item is None else f" because {item.describe()}"
