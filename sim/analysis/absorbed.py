"""Why no line fell short: what was cut, what covered it, and what nobody made good.

The amounts of a cut stock add up: what landed less on the lanes that were cut is what landed more on
others, what its stock gave, and what was used less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.analysis.ways import Diversion, diverted_lanes, late_lanes
from sim.analysis.words import amount_text, listed

if TYPE_CHECKING:
    from sim.analysis.evidence import Evidence

STOCKS_TOLD = 3
LANES_TOLD = 3
SMALL_SHARE = 0.005
"""Amounts below this share of what was cut are not told."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Where the goods came from that a stock did not get, over the whole run [unit of material]."""

    lanes: tuple[int, ...]
    """The lanes that were cut."""
    missing: float
    """What landed less on them."""
    others: tuple[tuple[int, float], ...]
    """What landed more on other lanes, most first; below zero where less landed."""
    drawn: float
    """How much less is in stock at the end; below zero if more."""
    unused: float
    """How much less was used; below zero if more."""


def cover_of(evidence: Evidence, lanes: list[int]) -> Cover:
    """Return what made good the goods that lanes into one stock did not bring."""
    record, last = evidence.lane(lanes[0]), evidence.run.n_days - 1
    into = evidence.lanes_into(record.buyer, record.material)
    gone = {i: evidence.landed_missing(i, 0, last) for i in into}
    others = sorted(((i, -gone[i]) for i in gone if i not in lanes), key=lambda item: (-item[1], item[0]))
    row = evidence.input_row(record.buyer, record.material)
    drawn = 0.0 if row is None else float(evidence.base.on_hand[-1, row] - evidence.run.on_hand[-1, row])
    missing = sum(gone[i] for i in lanes)
    unused = missing - sum(more for _, more in others) - drawn
    return Cover(tuple(lanes), missing, tuple(others), drawn, unused)


def absorbed(evidence: Evidence) -> str:
    """Return the sentences of a run in which no line falls short."""
    stocks = _cut_stocks(evidence)
    if not stocks:
        return _nothing_cut(evidence)
    told = [_cut(evidence, lanes) for lanes in stocks[:STOCKS_TOLD]]
    more = sum(len(lanes) for lanes in stocks[STOCKS_TOLD:])
    rest = f" {more} other lane{'s were' if more > 1 else ' was'} cut less." if more else ""
    return "No line falls short. " + " ".join(told) + rest + _thinnest(evidence)


def _cut_stocks(evidence: Evidence) -> list[list[int]]:
    """Return the lanes that were cut, those into one stock together."""
    stocks: dict[tuple[str, str], list[int]] = {}
    for lane in evidence.cut_lanes():
        record = evidence.lane(lane)
        stocks.setdefault((record.buyer, record.material), []).append(lane)
    return list(stocks.values())


def _cut(evidence: Evidence, lanes: list[int]) -> str:
    record = evidence.lane(lanes[0])
    buyer, unit = evidence.site_name(record.buyer), evidence.unit(record.material)
    makers = [evidence.site_name(evidence.lane(i).supplier) for i in lanes]
    named = makers if len(makers) <= LANES_TOLD else [*makers[: LANES_TOLD - 1], "others"]
    first = min(day for day in map(evidence.first_shipped_less, lanes) if day is not None)
    share = evidence.shipped_less_from(lanes, first)
    fell = "stopped" if share > 1.0 - SMALL_SHARE else f"fell by {100.0 * share:.0f} %"
    return (
        f"{evidence.material_name(record.material)} from {listed(named)} to {buyer} {fell} from "
        f"{evidence.date(first)}{_because(evidence, lanes[0])}{_landed(evidence, lanes, buyer, unit)}."
    )


def _landed(evidence: Evidence, lanes: list[int], buyer: str, unit: str) -> str:
    cover = cover_of(evidence, lanes)
    if cover.missing <= SMALL_SHARE * sum(float(evidence.base.received[:, i].sum()) for i in lanes):
        return "; what was under way and what was made up later leaves nothing missing"
    parts = [*_brought(evidence, cover, unit), *_balanced(cover, unit)]
    text = f"; {amount_text(cover.missing, unit)} less landed until {evidence.date(evidence.run.n_days - 1)}"
    used = _of_no_maker(evidence, lanes[0]) if cover.unused > SMALL_SHARE * cover.missing else ""
    return text + (f": {buyer} {', and '.join(parts)}" if parts else "") + used


def _brought(evidence: Evidence, cover: Cover, unit: str) -> list[str]:
    """Say what came by other lanes instead."""
    floor = SMALL_SHARE * cover.missing
    told = [(i, more) for i, more in cover.others[:LANES_TOLD] if more > floor]
    parts = [
        f"{amount_text(more, unit)} more from {evidence.site_name(evidence.lane(i).supplier)}"
        for i, more in told
    ]
    rest = sum(more for _, more in cover.others) - sum(more for _, more in told)
    if abs(rest) > floor:
        parts.append(f"{amount_text(abs(rest), unit)} {'more' if rest > 0.0 else 'less'} from others")
    return [f"got {listed(parts)}"] if parts else []


def _balanced(cover: Cover, unit: str) -> list[str]:
    """Say what the stock gave or took, and what was used less or more."""
    floor = SMALL_SHARE * cover.missing
    parts = []
    if abs(cover.drawn) > floor:
        way = "took {} out of" if cover.drawn > 0.0 else "put {} into"
        parts.append(f"{way.format(amount_text(abs(cover.drawn), unit))} its own stock")
    if abs(cover.unused) > floor:
        change = "less" if cover.unused > 0.0 else "more"
        parts.append(f"used {amount_text(abs(cover.unused), unit)} {change}")
    return parts


def _of_no_maker(evidence: Evidence, lane: int) -> str:
    """Say that a buyer is one on whom no manufacturer depends."""
    lines = evidence.network.lines_at(evidence.lane(lane).buyer)
    return "; no manufacturer depends on it" if lines and all(line.is_sink for line in lines) else ""


def _nothing_cut(evidence: Evidence) -> str:
    diverted = [_diverted(evidence, item) for item in diverted_lanes(evidence)[:LANES_TOLD]]
    late = _late(evidence)
    changed = evidence.changed_lines()[:LANES_TOLD]
    made = [_made_differently(evidence, line, more) for line, more in changed]
    told = [*diverted, *([late] if late else []), *made]
    rest = "" if told else ", and every lane carries what it carries in the baseline"
    return " ".join([f"No line falls short{rest}.", *told]) + _thinnest(evidence)


def _diverted(evidence: Evidence, item: Diversion) -> str:
    record = evidence.lane(item.lane)
    goods, unit = evidence.material_name(record.material), evidence.unit(record.material)
    amount = amount_text(float(evidence.run.shipped[:, item.lane].sum()), unit)
    what = "All" if item.share > 1.0 - SMALL_SHARE else f"{100.0 * item.share:.0f} % of the"
    taken, left = (evidence.network.routes[route].name for route in (item.taken, item.left))
    closed = evidence.closing(item.lane, item.left)
    why = "" if closed is None else f" because {closed.describe()}"
    return (
        f"{what} {goods} from {evidence.site_name(record.supplier)} to {evidence.site_name(record.buyer)} "
        f"({amount} in all) went by {taken} instead of {left}{why}."
    )


def _late(evidence: Evidence) -> str:
    late = late_lanes(evidence)
    if not late:
        return ""
    lane, more = late[0]
    record, count = evidence.lane(lane), f"{len(late)} lane{'s' if len(late) > 1 else ''}"
    return (
        f"Goods landed later on {count}, most of all "
        f"{evidence.material_name(record.material)} from {evidence.site_name(record.supplier)} to "
        f"{evidence.site_name(record.buyer)}, by {more:.0f} days{_because(evidence, lane)}; the stocks "
        f"on the way covered it."
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


def _because(evidence: Evidence, lane: int) -> str:
    item = evidence.acting_on(lane)
    return "" if item is None else f" because {item.describe()}"


def _thinnest(evidence: Evidence) -> str:
    low = evidence.thinnest()
    if low is None:
        return ""
    site, normal, least, day = low
    return (
        f" The thinnest cover of a manufacturer that gave way is at {evidence.site_name(site)}: "
        f"{least:.0f} days on {evidence.date(day)} instead of {normal:.0f}."
    )
