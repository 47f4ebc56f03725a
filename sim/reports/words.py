"""The sentences of a report that no other output has."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from sim.domain import central
from sim.metrics.measures import AFFECTED_SHARE, STOP_DAYS, STOP_SHARE
from sim.results.sentences import end_date, plain_name, window_days

if TYPE_CHECKING:
    from sim.case import Case
    from sim.results.run import Run

TERMS = {
    "Runway": "days from the first rule of the scenario in which a manufacturer still builds to plan. "
    "Realised: as simulated, with goods on the way, other suppliers and re-ordering. Static: its stock "
    "divided by its use. Pipeline: stock and what already is on the way.",
    "Shortfall and stop": "a shortfall is the first day below plan; a line stops when it builds "
    f"{100 * STOP_SHARE:g} % of its plan or less for {STOP_DAYS} days.",
    "Baseline": "the same world, window and random numbers without the scenario's rules. Losses are counted "
    "beyond it.",
    "Cover": "days for which a stock lasts at normal use.",
    "Affected": f"a manufacturer that loses more than {100 * AFFECTED_SHARE:g} % of its plan beyond the "
    "baseline.",
    "Units": "what the manufacturer makes: cars, turbines, devices. They are counted, not valued.",
}
"""What a reader must know who has seen nothing else."""
VERDICTS = {"passed": "holds", "failed": "does not hold", "not yet checked": "not checked"}


def sentence(text: str) -> str:
    """Return text that begins with a capital and ends with a full stop.

    Examples
    --------
    >>> sentence("no material effect")
    'No material effect.'
    """
    text = text.strip()
    return text and f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.?!' else '.'}"


def question_of(run: Run) -> str:
    """Return the question of a scenario, or its title where it states none."""
    return str(run.manifest["question"] or run.manifest["title"] or run.name)


def title_of(run: Run) -> str:
    """Return the title of a run's scenario, or its name."""
    return str(run.manifest["title"] or run.name)


def window_text(run: Run) -> str:
    """Return which days were simulated, and from which day runways count."""
    manifest = run.manifest
    return (
        f"Simulated day by day from {manifest['start']} to {end_date(manifest).isoformat()}; runways count "
        f"from {manifest['runway_from']}, so at most {window_days(manifest)} days can be seen."
    )


def doubt(run: Run, case: Case) -> list[str]:
    """Return what is known of the uncertainty of a run, in sentences."""
    from sim.data import ranges

    stated = len(case.uncertain)
    ranged = len(ranges(case.network, [item.path for item in case.uncertain]))
    drawn = f"{stated} of the scenario and {ranged} of the network's tables with a stated range"
    if run.replications.empty:
        single = (
            "This is one calculated history with every uncertain figure at its central value, so dates and "
            "losses come without a band: read the order of events and the causes before the exact day."
        )
        more = (
            f"The option --replications 100 of sim report draws {stated + ranged} figures instead: {drawn}."
        )
        return [part for part in (single, stock_band(run, case), more) if part]
    many = (
        f"{run.ensemble.count} random histories, in which {stated + ranged} figures are drawn anew: {drawn}. "
        "Runways and losses are medians; a band of 80 % leaves a tenth of the histories on either side."
    )
    out = [many]
    if run.manifest["band"]:
        out.append(sentence(f"for the first manufacturer affected {run.manifest['band']}"))
    if band := stock_band(run, case):
        out.append(band)
    if run.manifest["failures"]:
        out.append(f"{len(run.manifest['failures'])} histories failed and are left out.")
    if run.manifest["interrupted"]:
        out.append("The run was interrupted; only finished histories count.")
    return out


def stock_band(run: Run, case: Case) -> str:
    """Return how wide the stocks that manufacturers open with are stated; nothing where no range is.

    A stock whose first day the case states is known, and does not count.
    """
    laws = _cover_laws(case)
    known = case.initial_state.on_hand
    covers = {
        (site, material): central(number)
        for site in map(str, run.metrics.index)
        for material, number in case.network.sites[site].cover.items()
        if (site, material) not in known
    }
    spans = {place: laws[place] for place in covers if place in laws and covers[place] > 0.0}
    if not spans:
        return ""
    below, above = (
        100.0 * median(abs(spans[place][end] / covers[place] - 1.0) for place in spans) for end in (0, 1)
    )
    text = (
        f"What manufacturers hold on the first day is an assumption: of their {len(covers)} stocks of "
        f"components {len(spans)} have a range, in the median from {below:.0f} % below to {above:.0f} % "
        "above the days of cover used here. "
    )
    first = _first_short(run)
    own = {place: days for place, days in covers.items() if place[0] == first}
    thinnest = min(own, key=lambda place: (own[place], place), default=None)
    if thinnest in spans:
        low, high = spans[thinnest]
        name = plain_name(thinnest[1], run.manifest["material_names"])
        holder = case.network.sites[first].name
        text += (
            f"{holder} is taken to hold {covers[thinnest]:.3g} days of its scarcest "
            f"component, {name}; {low:.3g} to {high:.3g} days are possible. "
        )
    return f"{text}No runway is surer than the stock it rests on."


def _cover_laws(case: Case) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the lowest and highest days of cover by (site, material) where a table or the case has them."""
    from sim.data import ranges

    uncertain = {item.path: item.distribution for item in case.uncertain}
    laws = {**ranges(case.network, uncertain), **uncertain}
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for path, law in laws.items():
        owner, _, rest = path.partition(".")
        site, _, stock = rest.partition(".")
        attribute, _, material = stock.partition(".")
        if owner != "sites" or attribute != "cover" or not {"low", "high"} <= set(law.parameters):
            continue
        low, high = float(law.parameters["low"]), float(law.parameters["high"])
        if material:
            found[site, material] = (low, high)
            continue
        # A law of a whole site is that of its thinnest stock; the others move in proportion.
        covers = {name: central(number) for name, number in case.network.sites[site].cover.items()}
        least = min(covers.values(), default=0.0)
        if least > 0.0:
            found |= {(site, name): (low * d / least, high * d / least) for name, d in covers.items()}
    return found


def _first_short(run: Run) -> str:
    """Return the manufacturer that falls short first; if none does, the one with the shortest stock."""
    order = run.metrics.sort_values(["realised_runway_days", "static_runway_days"], kind="stable")
    return str(order.index[0])


def material_text(run: Run, material: str | None) -> str:
    """Return the plain name of what was missing, or a dash."""
    return "-" if not material else plain_name(material, run.manifest["material_names"])
