"""The second half of the language of conditions: runways in days, order, origin, tonnes, transit."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.analysis.amounts import BANDS, UNITS, amount_of, date_of
from sim.analysis.grammar import number
from sim.analysis.must_hold import (
    SAME,
    TOUCHED_STEP,
    Facts,
    Unchecked,
    as_date,
    figure,
    is_never,
    listed,
    oems,
    sentence,
)
from sim.analysis.names import month_of
from sim.units import percent

WHOLE_DAY = 1e-6
"""Runways from stock are counted in whole days; this is rounding, not time [days]."""

COMPARE: dict[str, Callable[[float, float, float], bool]] = {
    ">=": lambda value, bound, slack: value >= bound - slack,
    "<=": lambda value, bound, slack: value <= bound + slack,
    ">": lambda value, bound, slack: value > bound - slack,
    "<": lambda value, bound, slack: value < bound + slack,
    "=": lambda value, bound, slack: abs(value - bound) <= slack,
}


def whole_days(value: float) -> float:
    """Return the whole days a stock lasts; a stock of 90.5 days is short on day 90."""
    return value if math.isinf(value) else float(math.floor(value + WHOLE_DAY))


def runway(facts: Facts, site: str, name: str) -> float:
    """Return one of the three runways of a site [days]."""
    return float(figure(facts, site, f"{name}_runway_days"))


def _rounding(operator: str, least: float) -> float:
    """Return the slack that lets rounding decide nothing: what is equal is neither less nor more."""
    return -least if operator in ("<", ">") else least


def in_days(value: float) -> str:
    """Return a runway in words."""
    return "never short" if math.isinf(value) else f"{value:g} d"


@sentence("static <= pipeline <= realised [at SITE]")
def runways_in_order(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """A line never falls short before the stock it could see has gone."""
    found = []
    for site in [words["site"]] if "site" in words else oems(facts, words):
        names = ("static", "pipeline", "realised")
        static, pipeline, realised = (runway(facts, site, name) for name in names)
        if static > pipeline + WHOLE_DAY or whole_days(pipeline) > realised + WHOLE_DAY:
            found.append(f"{site}: {in_days(static)}, {in_days(pipeline)}, {in_days(realised)}")
    return not found, listed(found, "in this order everywhere")


@sentence("SITE FIGURE OP DAYS d [+- TOLERANCE d]")
def runway_compared(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """A runway against a number of days."""
    value = runway(facts, words["site"], words["figure"].lower())
    slack = number(words["tolerance"]) if "tolerance" in words else _rounding(words["op"], WHOLE_DAY)
    return COMPARE[words["op"]](value, number(words["days"]), slack), in_days(value)


@sentence("SITE FIGURE between LOW d and HIGH d")
def runway_between(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """A runway inside two bounds, both included."""
    value = runway(facts, words["site"], words["figure"].lower())
    return number(words["low"]) <= value <= number(words["high"]), in_days(value)


@sentence("SITE realised = pipeline")
def realised_is_pipeline(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """The line runs exactly as long as stock and goods under way last."""
    realised, pipeline = (runway(facts, words["site"], name) for name in ("realised", "pipeline"))
    return realised == whole_days(pipeline), f"realised {in_days(realised)}, pipeline {in_days(pipeline)}"


@sentence("MEASURE at SITE OP AMOUNT")
def measure_compared(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """A measure of a site (`sim list metrics`) against an amount: a number, days, a percentage or a date."""
    name, site = words["measure"].lower(), words["site"]
    bound = amount_of(name, words["amount"])
    if name in BANDS and facts.ensemble is None:
        raise Unchecked("needs replications")
    value, told = _measured(facts, site, name)
    slack = _rounding(words["op"], SAME * max(abs(bound), 1.0))
    return COMPARE[words["op"]](value, bound, slack), told


def _measured(facts: Facts, site: str, name: str) -> tuple[float, str]:
    """Return a measure as a number, infinite where it never happens, and in words."""
    value, unit = figure(facts, site, name), UNITS[name]
    if name == "time_to_recover_days" and is_never(figure(facts, site, "first_shortfall_date")):
        return 0.0, "never short"
    if is_never(value) or (isinstance(value, float) and math.isinf(value)):
        return math.inf, "never"
    if unit == "date":
        return float(as_date(value).toordinal()), as_date(value).isoformat()
    found = float(value)
    told = percent(found, 2) if unit == "share" else f"{found:,.0f}" if found >= 1e5 else f"{found:,.6g}"
    return found, f"{told} d" if unit == "d" else told


@sentence("stop probability at SITE [by DATE] OP PERCENT %", of_replications=True)
def stop_probability(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """The share of replications whose line has stopped by the end of a date, else of the horizon."""
    if facts.ensemble is None:
        raise Unchecked("needs replications")
    by = date_of(words["date"]) if "date" in words else facts.ensemble.last_day
    if not facts.ensemble.start <= by <= facts.ensemble.last_day:
        raise Unchecked(f"{by} lies outside the run")
    found = facts.ensemble.stop_probability(words["site"], by)
    bound = number(words["percent"]) / 100.0
    holds = COMPARE[words["op"]](found.value, bound, _rounding(words["op"], SAME))
    return holds, f"{percent(found.value, 2)} +- {percent(found.standard_error, 2)} by {by}"


@sentence("limiting component at SITE is MATERIAL")
def limiting_component(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """What the first short line was short of."""
    value = figure(facts, words["site"], "limiting_component")
    return value == words["material"], "none" if is_never(value) else str(value)


@sentence("stop order [in PLACE] follows cover [within DAYS d]")
def stop_order(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """Nobody falls short later than a site with more cover, both by more than the days allowed."""
    slack = number(words["days"]) if "days" in words else 7.0
    short = [
        (float(figure(facts, site, "days_of_cover_at_start")), runway(facts, site, "realised"), site)
        for site in oems(facts, words)
    ]
    short = sorted(item for item in short if not math.isinf(item[1]))
    if len(short) < 2:
        return False, f"only {len(short)} fall short; an order needs two"
    found = [
        f"{lean} ({cover:g} d) after {rich} ({more:g} d): {in_days(day)}, {in_days(other)}"
        for index, (cover, day, lean) in enumerate(short)
        for more, other, rich in short[index + 1 :]
        if more > cover + slack and day > other + slack
    ]
    order = ", ".join(f"{site} {in_days(day)}" for _, day, site in sorted(short, key=lambda item: item[1]))
    return not found, listed(found, order)


@sentence("PLACE.touched_by.COUNTRY TREND")
def touched(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """The share touched in a jurisdiction goes up, or down, from `runway_from` to the end."""
    before, after = facts.touched(words["place"], words["country"])
    change = after - before if words["trend"].lower() == "rises" else before - after
    return change > TOUCHED_STEP, f"{percent(before, 2)} -> {percent(after, 2)}"


@sentence("ELEMENT at SITE touched by COUNTRY is PERCENT % +- TOLERANCE %", any_site=True)
def element_touched(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """What part of an element at a site a country touched, just before `runway_from`; tolerance in points."""
    share = 100.0 * facts.touched_share(words["element"], words["site"], words["country"])
    return abs(share - number(words["percent"])) <= number(words["tolerance"]), f"{share:.2f} %"


@sentence("headline is TEXT")
def headline(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """The headline says this."""
    return words["text"].strip('"').casefold() in facts.headline.casefold(), facts.headline


@sentence("MATERIAL leaving COUNTRY [for DESTINATION] = TONNES t/yr +- PERCENT %")
def leaving(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """What a country ships of a material to others, per year."""
    value = facts.leaving_tonnes_per_year(words["material"], words["country"], words.get("destination"))
    wanted = number(words["tonnes"])
    return abs(value - wanted) <= wanted * number(words["percent"]) / 100.0, f"{value:,.1f} t/yr"


@sentence(
    "MATERIAL landing in COUNTRY from ORIGIN is PERCENT % of the baseline +- TOLERANCE % [from FIRST to LAST]"
)
def landing(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """What lands in a country from another, over the horizon or between dates; tolerance in points."""
    first, last = (as_date(words[key]) if key in words else None for key in ("first", "last"))
    goods, origin, country = words["material"], words["origin"], words["country"]
    before, after = facts.landed_tonnes(goods, origin, country, first, last)
    share = 100.0 * after / before if before > 0.0 else math.nan
    holds = abs(share - number(words["percent"])) <= number(words["tolerance"])
    return holds, f"{before:,.1f} t -> {after:,.1f} t, {share:.2f} %"


@sentence("ORIGIN share of MATERIAL landing in COUNTRY is PERCENT % +- TOLERANCE % [from FIRST to LAST]")
def landed_share(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """What part of what lands in a country comes from another, or from itself; tolerance in points."""
    first, last = (as_date(words[key]) if key in words else None for key in ("first", "last"))
    share = 100.0 * facts.landed_share(words["material"], words["origin"], words["country"], first, last)
    return abs(share - number(words["percent"])) <= number(words["tolerance"]), f"{share:.2f} %"


@sentence("exports of GOODS from COUNTRY from FIRST to LAST are TONNES t +- PERCENT %")
def exports(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """What a country ships to others between two dates, several goods together."""
    first, last = as_date(words["first"]), as_date(words["last"])
    value = facts.exported_tonnes(words["goods"], words["country"], first, last)
    wanted = number(words["tonnes"])
    return abs(value - wanted) <= wanted * number(words["percent"]) / 100.0, f"{value:,.1f} t"


@sentence("exports of GOODS from COUNTRY in MONTH are PERCENT % of those in EARLIER +- TOLERANCE %")
def exports_by_month(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """What a country ships to others in a month against another month; tolerance in points."""
    later, earlier = (
        facts.exported_tonnes(words["goods"], words["country"], *month_of(words[key]))
        for key in ("month", "earlier")
    )
    share = 100.0 * later / earlier if earlier > 0.0 else math.nan
    holds = abs(share - number(words["percent"])) <= number(words["tolerance"])
    return holds, f"{earlier:,.1f} t -> {later:,.1f} t, {share:.2f} %"


@sentence("COUNTRY share of MATERIAL = PERCENT % +- TOLERANCE %")
def share_of_output(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """A country's share of the world's output; the tolerance is in points."""
    own = facts.output_tonnes(words["material"], words["country"])[1]
    world = facts.output_tonnes(words["material"], None)[1]
    value = 100.0 * own / world if world > 0.0 else math.nan
    return abs(value - number(words["percent"])) <= number(words["tolerance"]), f"{value:.2f} %"


@sentence("output of MATERIAL changes by less than PERCENT %")
def output_changes(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """The world's output over the horizon against the baseline."""
    before, after = facts.output_tonnes(words["material"], None)
    change = 100.0 * (after / before - 1.0) if before > 0.0 else math.nan
    return abs(change) < number(words["percent"]), f"{change:+.3f} %"


@sentence(
    "output of MATERIAL at SITE falls by PERCENT % +- TOLERANCE % [from FIRST to LAST]", any_site=True
)
def site_output_falls(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """A site's output, over the horizon or between dates, against the baseline; tolerance in points."""
    first, last = (as_date(words[key]) if key in words else None for key in ("first", "last"))
    before, after = facts.site_output_tonnes(words["material"], words["site"], first, last)
    fall = 100.0 * (1.0 - after / before) if before > 0.0 else math.nan
    holds = abs(fall - number(words["percent"])) <= number(words["tolerance"])
    return holds, f"{before:,.1f} t -> {after:,.1f} t, {-fall:+.2f} %"


@sentence("goods land later on ROUTE")
def land_later(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """Goods that left while the measure was in force travelled longer than in the baseline."""
    before, after = facts.transit_days(words["route"])
    return after > before, f"{before:.1f} d -> {after:.1f} d"
