"""Why a line fell short, or why none did: the chain of causes, in dates, stocks and transit days.

Everything is read off the central run beside its baseline; nothing is simulated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.evidence import Cause, Evidence
from sim.metrics import Reading
from sim.metrics.measures import limiting_component, shortfall_day
from sim.results.sentences import days_text

if TYPE_CHECKING:
    from sim.results.run import Run

MAX_DEPTH = 9
"""Longest chain of suppliers that is told."""
LANES_TOLD = 3


def why_of(run: Run) -> str:
    """Return the paragraph that stands under the headline; empty for a run read without its trajectory."""
    if run.case is None or run.trajectory is None or run.baseline_trajectory is None:
        return ""
    day = int(run.manifest["runway_from_day"])
    evidence = Evidence(run.case, run.trajectory, run.baseline_trajectory, day)
    first = _first_short(evidence)
    text = _absorbed(evidence) if first is None else _chain(evidence, *first)
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
    """Return (site, component, day) of the first shortfall that the baseline does not have."""
    reading = Reading(evidence.run, evidence.network, evidence.day)
    twin = Reading(evidence.base, evidence.network, evidence.day)
    found = []
    for view, other in zip(reading.sites, twin.sites, strict=True):
        day = shortfall_day(reading, view)
        before = shortfall_day(twin, other)
        if day is not None and (before is None or day < before):
            lost = float((other.made - view.made).sum() / max(other.planned.sum(), 1e-12))
            found.append((day, -lost, view.site, str(limiting_component(reading, view))))
    if not found:
        return None
    day, _, site, component = min(found)
    return site, component, day


def _chain(evidence: Evidence, site: str, component: str, day: int) -> str:
    name = evidence.site_name(site)
    opening = (
        f"{name} is the first to fall short, on {evidence.date(day)}, for want of "
        f"{evidence.material_name(component)}: it held {evidence.cover_text(site, component)} "
        f"on {evidence.date(evidence.day)}."
    )
    sentences = [opening]
    buyer, material, until = site, component, day
    seen = {(site, component)}
    for _ in range(MAX_DEPTH):
        lane = evidence.worst_lane(buyer, material, until)
        if lane is None:
            sentences.append(_no_lane(evidence, buyer, material))
            break
        step = evidence.cause_of(lane, until)
        sentences.append(_step(evidence, lane, step))
        if step.kind != "input" or (step.supplier, step.material) in seen:
            break
        seen.add((step.supplier, step.material))
        buyer, material, until = step.supplier, step.material, step.day
    return " ".join(sentences)


def _no_lane(evidence: Evidence, buyer: str, material: str) -> str:
    return (
        f"No lane brought {evidence.site_name(buyer)} less {evidence.material_name(material)} than in the "
        f"baseline until then: its own use of the stock is the cause."
    )


def _step(evidence: Evidence, lane: int, step: Cause) -> str:
    supplier = evidence.site_name(step.supplier)
    goods = evidence.material_name(evidence.lane(lane).material)
    way = days_text(evidence.transit_days(lane))
    landed = "" if step.landed is None else f", landing less from {evidence.date(step.landed)}"
    head = f"{supplier}, {way} away, shipped less {goods} from {evidence.date(step.shipped)}{landed}: "
    if step.kind == "input":
        return (
            f"{head}it ran short of {evidence.material_name(step.material)} on {evidence.date(step.day)}, "
            f"of which it held {evidence.cover_text(step.supplier, step.material)}."
        )
    if step.kind == "outage":
        return f"{head}its own line made less from {evidence.date(step.day)}{_because(evidence, lane)}."
    if step.kind == "late":
        return (
            f"{supplier} shipped as before, but its {goods} landed later from "
            f"{evidence.date(step.landed or step.shipped)}{_because(evidence, lane)}."
        )
    return f"{head}the lane itself was cut{_because(evidence, lane)}."


def _because(evidence: Evidence, lane: int) -> str:
    item = evidence.intervention_on(lane)
    if item is None:
        return ""
    return f" because {item.describe()}"


def _absorbed(evidence: Evidence) -> str:
    """Say what was cut and what covered it, when no line falls short."""
    cut = evidence.cut_lanes()
    if not cut:
        return _nothing_cut(evidence)
    total = len(cut)
    told = [_covered(evidence, lane) for lane in cut[:LANES_TOLD]]
    more = f" {total - LANES_TOLD} other lanes were cut less." if total > LANES_TOLD else ""
    return "No line falls short. " + " ".join(told) + more + _thinnest(evidence)


def _nothing_cut(evidence: Evidence) -> str:
    late = evidence.late_lanes()
    if not late:
        changed = evidence.changed_lines()[:LANES_TOLD]
        made = [_made_differently(evidence, line, more) for line, more in changed]
        rest = "" if made else ", and every lane carries what it carries in the baseline"
        return " ".join([f"No line falls short{rest}.", *made]) + _thinnest(evidence)
    lane = late[0]
    record = evidence.lane(lane)
    return (
        f"No line falls short. Goods landed later on {len(late)} lane{'s' if len(late) > 1 else ''}, first "
        f"{evidence.material_name(record.material)} from {evidence.site_name(record.supplier)} to "
        f"{evidence.site_name(record.buyer)} from {evidence.date(evidence.first_landed_less(lane) or 0)}"
        f"{_because(evidence, lane)}; the stocks on the way covered it.{_thinnest(evidence)}"
    )


def _made_differently(evidence: Evidence, line: int, more: float) -> str:
    """Say of one line what it made more or less, and what that did to its stock."""
    record = evidence.network.lines[evidence.run.lines[line]]
    material = record.drivers[0]
    amount = amount_text(abs(more), evidence.unit(material))
    site = evidence.site_name(record.site)
    name, begun = evidence.material_name(material), evidence.date(evidence.first_made_differently(line))
    if more > 0.0:
        return f"{site} made {amount} more {name} than in the baseline from {begun}."
    low = evidence.lowest_stock(record.site, material)
    return (
        f"{site} made {amount} less {name} than in the baseline from {begun}; its own "
        f"stock carried the sales and was never below {low:.0f} days of them."
    )


def _covered(evidence: Evidence, lane: int) -> str:
    record = evidence.lane(lane)
    lost, share = evidence.shipped_less(lane)
    buyer = evidence.site_name(record.buyer)
    others = evidence.alternatives(lane)
    drawn = evidence.drawn_from_stock(record.buyer, record.material)
    unit = evidence.unit(record.material)
    parts = [
        f"{amount_text(more, unit)} more from {evidence.site_name(evidence.lane(i).supplier)}"
        for i, more in others[:LANES_TOLD]
    ]
    if drawn > 0.005 * lost:
        parts.append(f"{amount_text(drawn, unit)} less in its own stock at the end")
    if not parts:
        parts.append("stocks further down the chain and lower use")
    begun = evidence.first_shipped_less(lane)
    when = "" if begun is None else f" from {evidence.date(begun)}"
    return (
        f"{evidence.material_name(record.material)} from {evidence.site_name(record.supplier)} to {buyer} "
        f"fell by {amount_text(lost, unit)} ({100.0 * share:.0f} %){when}{_because(evidence, lane)}; "
        f"{buyer} covered it with {_listed(parts)}."
    )


def _thinnest(evidence: Evidence) -> str:
    low = evidence.thinnest()
    if low is None:
        return ""
    site, normal, least, day = low
    return (
        f" The thinnest cover of a manufacturer that gave way is at {evidence.site_name(site)}: "
        f"{least:.0f} days on {evidence.date(day)} instead of {normal:.0f}."
    )


def amount_text(amount: float, unit: str) -> str:
    """Write an amount with its unit.

    Examples
    --------
    >>> amount_text(1234.4, "tonne"), amount_text(0.256, "tonne"), amount_text(51200.0, "unit")
    ('1,234 t', '0.26 t', '51,200 units')
    """
    number = f"{amount:,.0f}" if amount >= 10.0 else f"{amount:.2g}"
    return f"{number} t" if unit == "tonne" else f"{number} units"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
