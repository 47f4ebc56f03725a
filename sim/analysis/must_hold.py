"""Does what a scenario promises hold? A closed language of conditions, each checked on run and baseline.

Conditions (words in capitals vary, brackets may be left out; `oem` is every site of that stage)::

    no oem [in PLACE] stops [within DAYS d]          five days at 5 % of plan or less; days from `runway_from`
    some oem [in PLACE] stops [within DAYS d]
    SITE stops [within DAYS d]
    no oem [in PLACE] affected                       affected: more than 0.5 % of plan lost
    some oem [in PLACE] affected
    no USE oem loses more than PERCENT % of plan     USE: civil, military; beyond the baseline
    every oem [in PLACE] at 100 %                    no unit lost, no day short
    SITE unchanged                                   dates and units as in the baseline
    every oem [in PLACE] unchanged
    no oem runway changes                            realised runways as in the baseline
    static <= pipeline <= realised [at SITE]
    SITE FIGURE OP DAYS d [+- TOLERANCE d]           FIGURE: static, pipeline, realised; OP: >= <= = < >
    SITE FIGURE between LOW d and HIGH d
    SITE realised = pipeline                         to the day
    MEASURE at SITE OP AMOUNT                        AMOUNT: 1000, 120 d, 95 % or 2025-12-31
    stop probability at SITE [by DATE] OP PERCENT %  of a run with replications
    limiting component at SITE is MATERIAL
    stop order [in PLACE] follows cover [within DAYS d]
    PLACE.touched_by.COUNTRY TREND                   TREND: rises, falls
    ELEMENT at SITE touched by COUNTRY is PERCENT % +- TOLERANCE %          before `runway_from`
    headline is TEXT                                 in double quotes
    MATERIAL leaving COUNTRY [for DESTINATION] = TONNES t/yr +- PERCENT %
    MATERIAL landing in COUNTRY from ORIGIN is PERCENT % of the baseline +- TOLERANCE % [from FIRST to LAST]
    ORIGIN share of MATERIAL landing in COUNTRY is PERCENT % +- TOLERANCE % [from FIRST to LAST]
    exports of GOODS from COUNTRY from FIRST to LAST are TONNES t +- PERCENT %      GOODS: oxide and metal
    exports of GOODS from COUNTRY in MONTH are PERCENT % of those in EARLIER +- TOLERANCE %     MONTH: 2010-10
    COUNTRY share of MATERIAL = PERCENT % +- TOLERANCE %      of world output, tolerance in points
    output of MATERIAL changes by less than PERCENT %
    output of MATERIAL at SITE falls by PERCENT % +- TOLERANCE % [from FIRST to LAST]
    goods land later on ROUTE                        a route or a chokepoint

A condition that needs prices gives "not yet checked"; `NOT_YET` is the whole list of those. So does one that
needs replications, of a single history. Any other text is an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from sim.analysis.amounts import BANDS
from sim.analysis.grammar import Sentence, compile_template, find, number, tidy
from sim.analysis.names import check_names
from sim.errors import Problem, ScenarioError
from sim.interventions.scope import resolve_place, suggestion
from sim.metrics import reported_sites
from sim.units import percent

if TYPE_CHECKING:
    import pandas as pd

    from sim.case import Case
    from sim.domain import Network
    from sim.results.ensemble import Ensemble

NOT_YET = frozenset(
    {
        "ndpr price < +10 %",
        "ndpr price < +0.2 %",
        "netback of raw ore < 0",
        "netback of concentrate > netback of raw ore",
        "case A-D4 holds",
        "case B-D1 holds",
        "case B-D3 holds",
        "price floor holds",
    }
)
"""Conditions on prices: of `india_halt`, of `kazakhstan_transit_refused`, three cases, the price floor."""

AFFECTED_SHARE = 0.005
SAME = 1e-9
"""Relative difference below which two figures are the same."""
TOUCHED_STEP = 1e-4
"""Least change of a touched share that counts [share]."""


class Facts(Protocol):
    """What conditions are checked on: a finished run beside its baseline.

    `metrics` and `baseline_metrics` have a row per site and the columns of ``sim run --json``; the site
    is the index or the column ``site``. Never is None or NaN.
    """

    @property
    def metrics(self) -> pd.DataFrame:
        """A row per site, of the run."""

    @property
    def baseline_metrics(self) -> pd.DataFrame:
        """A row per site, of the baseline."""

    @property
    def headline(self) -> str:
        """The result in one sentence."""

    @property
    def runway_from(self) -> date:
        """Day from which runways count."""

    @property
    def ensemble(self) -> Ensemble | None:
        """What the replications say together; None of a single history."""

    def sites_in(self, place: str) -> Collection[str]:
        """Return the sites of a site, country, bloc or operator."""

    def sites_of_use(self, end_use: str) -> Collection[str]:
        """Return the sites of an end use."""

    def touched_share(self, element: str, site: str, jurisdiction: str) -> float:
        """Return the share of an element at a site touched in a jurisdiction before `runway_from`."""

    def touched(self, place: str, jurisdiction: str) -> tuple[float, float]:
        """Return the share touched in a jurisdiction on the day before `runway_from`, and at the end."""

    def leaving_tonnes_per_year(self, material: str, country: str, destination: str | None) -> float:
        """Return what a country ships of a material or form to others [t/yr]."""

    def output_tonnes(self, material: str, country: str | None) -> tuple[float, float]:
        """Return the output of a material or form over the horizon, in baseline and run [t]."""

    def site_output_tonnes(
        self, material: str, site: str, first: date | None, last: date | None
    ) -> tuple[float, float]:
        """Return what a site made of a material or form in `[first, last)`, in baseline and run [t]."""

    def landed_tonnes(
        self, material: str, origin: str, country: str, first: date | None, last: date | None
    ) -> tuple[float, float]:
        """Return what landed in a country from another in `[first, last)`, in baseline and run [t]."""

    def landed_share(
        self, material: str, origin: str, country: str, first: date | None, last: date | None
    ) -> float:
        """Return what part of what landed in a country in `[first, last)` came from another or itself."""

    def exported_tonnes(self, goods: str, country: str, first: date, last: date) -> float:
        """Return what a country shipped of some goods to others in `[first, last)` [t]."""

    def transit_days(self, route: str) -> tuple[float, float]:
        """Return the mean days of goods by a route or chokepoint that left in force, baseline and run."""


class Outcome(StrEnum):
    """What a check gives."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_YET_CHECKED = "not yet checked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition, its outcome, and the numbers behind it."""

    condition: str
    outcome: Outcome
    detail: str


class Unchecked(Exception):  # noqa: N818 - no error: a verdict
    """A run does not have what a condition needs."""


Check = Callable[[Facts, dict[str, str]], tuple[bool, str]]
SENTENCES: list[Sentence[Check]] = []


def sentence(
    template: str, *, any_site: bool = False, of_replications: bool = False
) -> Callable[[Check], Check]:
    """Register the meaning of a template."""

    def register(meaning: Check) -> Check:
        pattern = compile_template(template)
        SENTENCES.append(Sentence(template, pattern, meaning, any_site, of_replications))
        return meaning

    return register


def parse(condition: str) -> dict[str, str]:
    """Check that a condition is in the language, without a run; return what its words are.

    Raises
    ------
    ScenarioError
        If it is not; the message shows the nearest template.
    """
    if tidy(condition) in NOT_YET:
        return {}
    try:
        return find(condition, SENTENCES, NOT_YET)[1]
    except ValueError as error:
        raise fault(condition, error) from None


def fault(condition: str, error: ValueError) -> ScenarioError:
    """Return what is wrong with a condition as an error of the scenario."""
    return ScenarioError(Problem(str(error), key="must_hold", given=condition))


def problems_of(case: Case) -> tuple[Problem, ...]:
    """Return what is wrong with a case's conditions before it is run: language and names."""
    return tuple(
        replace(problem, key=f"must_hold[{number}]")
        for number, condition in enumerate(case.must_hold)
        for problem in problems_of_one(case.network, condition)
    )


def problems_of_one(network: Network | None, condition: str) -> tuple[Problem, ...]:
    """Return what is wrong with one condition: its language, and its names if there is a network."""
    try:
        words = parse(condition)
        if network is not None:
            check_names(network, words)
            if tidy(condition) not in NOT_YET:
                _check_reported(network, *find(condition, SENTENCES, NOT_YET))
    except ScenarioError as error:
        return error.problems
    except ValueError as error:
        return fault(condition, error).problems
    return ()


def _check_reported(network: Network, asked: Sentence[Check], words: dict[str, str]) -> None:
    """Refuse a site that no run would report, and oems that are none: a condition about nothing."""
    reported = reported_sites(network)
    if "site" in words and not asked.any_site and words["site"] not in reported:
        message = f"a condition names the site {words['site']!r}, which a run does not report"
        raise ValueError(message + suggestion(words["site"], reported))
    if " oem" in asked.template:
        found = {site for site in reported if network.sites[site].stage == "oem"}
        if "place" in words:
            found &= resolve_place(network, words["place"])
        if "use" in words:
            found = {site for site in found if network.sites[site].end_use == words["use"].lower()}
        if not found:
            where = f"{words.get('use', '')} oems in {words.get('place', 'the network')}".strip()
            raise ValueError(f"a condition speaks of {where}, but there are none")


def needs_replications(condition: str) -> bool:
    """Tell whether a condition, which is in the language, cannot be checked on a single history."""
    if tidy(condition) in NOT_YET:
        return False
    asked, words = find(condition, SENTENCES, NOT_YET)
    return asked.of_replications or words.get("measure", "").lower() in BANDS


def check(conditions: Sequence[str], facts: Facts) -> tuple[Verdict, ...]:
    """Check every condition on facts.

    Raises
    ------
    ScenarioError
        If a condition is not in the language, or names what the run does not have.
    """
    return tuple(_check_one(condition, facts) for condition in conditions)


def _check_one(condition: str, facts: Facts) -> Verdict:
    if tidy(condition) in NOT_YET:
        return Verdict(condition, Outcome.NOT_YET_CHECKED, "needs prices")
    try:
        asked, words = find(condition, SENTENCES, NOT_YET)
        holds, detail = asked.meaning(facts, words)
    except Unchecked as missing:
        return Verdict(condition, Outcome.NOT_YET_CHECKED, str(missing))
    except ValueError as error:
        raise fault(condition, error) from error
    return Verdict(condition, Outcome.PASSED if holds else Outcome.FAILED, detail)


def rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a metrics frame with the site as its index."""
    return frame.set_index("site") if "site" in frame.columns else frame


def is_never(value: Any) -> bool:
    """Tell whether a figure says that something never happens."""
    return value is None or bool(value != value)


def figure(facts: Facts, site: str, name: str) -> Any:
    """Return one figure of the run's table; infinity where a runway never ends.

    Raises
    ------
    ValueError
        If the run has no such site.
    """
    table = rows(facts.metrics)
    if site not in table.index:
        from difflib import get_close_matches

        near = get_close_matches(site, [str(item) for item in table.index], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"a condition names the site {site!r}, which the run does not report{hint}")
    value = table.at[site, name]
    return math.inf if name.endswith("_days") and is_never(value) else value


def oems(facts: Facts, words: dict[str, str]) -> list[str]:
    """Return the reported OEM sites, of one place if the condition names one.

    Raises
    ------
    ValueError
        If there are none: a condition about nothing would always hold.
    """
    table = rows(facts.metrics)
    found = [str(site) for site in table.index[table["stage"] == "oem"]]
    if "place" in words:
        inside = facts.sites_in(words["place"])
        found = [site for site in found if site in inside]
    if not found:
        raise ValueError(f"a condition speaks of oems in {words.get('place', 'the run')}, but there are none")
    return found


def stop_day(facts: Facts, site: str) -> float:
    """Return the days from `runway_from` to the line stop; infinity if it never comes."""
    stopped = figure(facts, site, "line_stop_date")
    return math.inf if is_never(stopped) else float((as_date(stopped) - facts.runway_from).days)


def as_date(value: Any) -> date:
    """Return a date from a date, a timestamp or ISO text."""
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return date(value.year, value.month, value.day)


def lost_share(facts: Facts, site: str) -> float:
    """Return the share of plan lost."""
    planned = float(figure(facts, site, "planned_units"))
    return float(figure(facts, site, "lost_units")) / planned if planned > 0.0 else 0.0


def listed(items: Sequence[str], none: str) -> str:
    """Join findings for a verdict, at most eight of them."""
    if not items:
        return none
    more = f" and {len(items) - 8} more" if len(items) > 8 else ""
    return ", ".join(items[:8]) + more


def _stops(facts: Facts, words: dict[str, str], sites: Sequence[str]) -> list[str]:
    limit = number(words["days"]) if "days" in words else math.inf
    found = []
    for site in sites:
        day = stop_day(facts, site)
        # A stop on day N lies within N days; without a limit any stop counts.
        if day <= limit and day < math.inf:
            found.append(f"{site} on {facts.runway_from + timedelta(days=int(day))} (day {day:g})")
    return found


@sentence("no oem [in PLACE] stops [within DAYS d]")
def no_oem_stops(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """No line stop, at all or within a time from `runway_from`."""
    found = _stops(facts, words, oems(facts, words))
    return not found, listed(found, "no line stops")


@sentence("some oem [in PLACE] stops [within DAYS d]")
def some_oem_stops(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """At least one line stop."""
    found = _stops(facts, words, oems(facts, words))
    return bool(found), listed(found, "no line stops")


@sentence("SITE stops [within DAYS d]")
def site_stops(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """The site's line stops."""
    found = _stops(facts, words, [words["site"]])
    return bool(found), listed(found, f"{words['site']} does not stop")


def _affected(facts: Facts, sites: Sequence[str], limit: float = AFFECTED_SHARE) -> list[str]:
    before = rows(facts.baseline_metrics)["lost_units"].to_dict()
    planned = rows(facts.metrics)["planned_units"].to_dict()
    shares = {
        site: lost_share(facts, site) - before[site] / planned[site] if planned[site] > 0.0 else 0.0
        for site in sites
    }
    return [f"{site} loses {percent(share, 2)}" for site, share in shares.items() if share > limit]


@sentence("no oem [in PLACE] affected")
def no_oem_affected(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """Nobody loses more than 0.5 % of plan beyond its baseline."""
    found = _affected(facts, oems(facts, words))
    return not found, listed(found, "nobody loses more than 0.5 % of plan")


@sentence("some oem [in PLACE] affected")
def some_oem_affected(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """Somebody loses more than 0.5 % of plan beyond its baseline."""
    found = _affected(facts, oems(facts, words))
    return bool(found), listed(found, "nobody loses more than 0.5 % of plan")


@sentence("no USE oem loses more than PERCENT % of plan")
def no_oem_of_use_loses(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """Nobody of an end use, civil or military, loses more than this beyond its baseline."""
    inside = facts.sites_of_use(words["use"].lower())
    sites = [site for site in oems(facts, {}) if site in inside]
    if not sites:
        raise ValueError(f"a condition speaks of {words['use']} oems, but there are none")
    found = _affected(facts, sites, number(words["percent"]) / 100.0)
    return not found, listed(found, f"none of {len(sites)} loses more")


@sentence("every oem [in PLACE] at 100 %")
def every_oem_at_full(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """No unit lost beyond rounding, no first shortfall."""
    found = [
        f"{site} builds {percent(1.0 - lost_share(facts, site), 4)}"
        for site in oems(facts, words)
        if lost_share(facts, site) > SAME or not is_never(figure(facts, site, "first_shortfall_date"))
    ]
    return not found, listed(found, "all build to plan")


COMPARED = (
    "planned_units", "lost_units", "first_shortfall_date", "first_below_half_date", "line_stop_date",
    "realised_runway_days",
)  # fmt: skip


def differences(facts: Facts, site: str, names: Sequence[str] = COMPARED) -> list[str]:
    """Return how a site differs from its baseline, in words."""
    figure(facts, site, "stage")
    run = rows(facts.metrics).to_dict("index")[site]
    base = rows(facts.baseline_metrics).to_dict("index")[site]
    scale = max(float(base["planned_units"]), 1.0)
    out = []
    for name in names:
        one, other = run[name], base[name]
        if is_never(one) or is_never(other):
            same = is_never(one) and is_never(other)
        elif isinstance(one, int | float) and isinstance(other, int | float):
            same = abs(one - other) <= SAME * scale
        else:
            same = bool(one == other)
        if not same:
            out.append(f"{site} {name}: {other} -> {one}")
    return out


@sentence("SITE unchanged")
def site_unchanged(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """The site's dates and units are those of the baseline."""
    found = differences(facts, words["site"])
    return not found, listed(found, "as in the baseline")


@sentence("every oem [in PLACE] unchanged")
def every_oem_unchanged(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """All dates and units are those of the baseline."""
    found = [text for site in oems(facts, words) for text in differences(facts, site)]
    return not found, listed(found, "as in the baseline")


@sentence("no oem runway changes")
def no_runway_changes(facts: Facts, words: dict[str, str]) -> tuple[bool, str]:
    """All realised runways are those of the baseline."""
    names = ("first_shortfall_date", "realised_runway_days")
    found = [text for site in oems(facts, words) for text in differences(facts, site, names)]
    return not found, listed(found, "as in the baseline")
