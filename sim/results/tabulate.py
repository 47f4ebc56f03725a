"""A comparison as tables: frames, Markdown and HTML."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.metrics import MEASURES
from sim.results.document import plain
from sim.results.pairing import LEVELS, check_metric, interval
from sim.results.sentences import days_text, end_date, units_text, window_days

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.compare import Comparison
    from sim.results.run import Run

TOLD = ("lost_units", "realised_runway_days")
"""Measures whose paired differences stand in the table."""


class UnknownPlace(SimError, KeyError):  # noqa: N818 - reads as what happened
    """No compared site, or country of one, has this name; the message has the nearest."""

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def differences(comparison: Comparison, metric: str) -> pd.DataFrame:
    """Return the paired differences of a metric; see `Comparison.differences`."""
    import pandas as pd

    check_metric(metric)
    rows: list[dict[str, Any]] = []
    for label, run in comparison.runs.items():
        pairs = comparison.pairs[label]
        by_site = {str(site): part for site, part in pairs.differences(metric).groupby("site")}
        before = comparison.baselines[label][metric].to_dict()
        for site, record in _records(run).items():
            found = by_site.get(site)
            if found is None:  # a site that this scenario alone has, or a measure it lacks
                continue
            bounds = interval(list(found["difference"]), list(found["weight"]))
            if not pairs.is_random:
                bounds |= dict.fromkeys(LEVELS, math.nan)
            rows.append(
                {
                    "scenario": label, "site": site, "name": record["name"],
                    "country": record["country"], "value": float(record[metric]),
                    "baseline": float(before[site]), **bounds,
                }
            )  # fmt: skip
    columns = ["scenario", "site", "name", "country", "value", "baseline", "difference", *LEVELS]
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs = {"metric": metric, "title": MEASURES[metric].title, "unit": MEASURES[metric].unit}
    return frame


def _records(run: Run) -> dict[str, dict[str, Any]]:
    """Return the site table of a run, a row by site."""
    return {str(site): row for site, row in run.metrics.to_dict("index").items()}  # type: ignore[misc]


def table(comparison: Comparison, sites: Sequence[str] = (), countries: Sequence[str] = ()) -> pd.DataFrame:
    """Return a row per site and scenario, for sites that any scenario affects or that are asked for.

    Columns: name, country, scenario, runway_days and its p10 and p90 (NaN: never within the window, or no
    replications), window_days, first_shortfall_date, line_stop_date, lost_units beyond the baseline,
    recovery_days, then the paired differences from the baseline with their 80 and 95 % intervals.
    A never counts in a difference as the rest of the window. Rows are by site, hardest hit first.

    Raises
    ------
    UnknownPlace
        If a site or country is not among those compared.
    """
    import pandas as pd

    wanted = _wanted(comparison, sites, countries)
    told: dict[str, dict[Any, Any]] = {
        metric: differences(comparison, metric).set_index(["scenario", "site"]).to_dict("index")
        for metric in TOLD
    }
    rows: list[dict[str, Any]] = []
    for site in wanted:
        for label, run in comparison.runs.items():
            if site not in run.metrics.index:
                continue
            row = _row(label, _records(run)[site], window_days(run.manifest), site)
            for metric in TOLD:
                found = told[metric]
                stem = metric.removesuffix("_units").removesuffix("_days").removeprefix("realised_")
                for name in ("difference", *LEVELS):
                    row[f"{stem}_{name}"] = found.get((label, site), {}).get(name, math.nan)
            before = comparison.baselines[label]["realised_runway_days"].to_dict()
            row["baseline_never"] = math.isnan(before.get(site, math.nan))
            rows.append(row)
    frame = pd.DataFrame(rows)
    frame.attrs = {"labels": list(comparison.labels), "sites": wanted}
    return frame


def _row(label: str, record: dict[str, Any], window: int, site: str) -> dict[str, Any]:
    return {
        "site": site,
        "name": record["name"],
        "country": record["country"],
        "scenario": label,
        "runway_days": float(record["realised_runway_days"]),
        "runway_p10_days": float(record["realised_runway_p10_days"]),
        "runway_p90_days": float(record["realised_runway_p90_days"]),
        "window_days": window,
        "first_shortfall_date": record["first_shortfall_date"],
        "line_stop_date": record["line_stop_date"],
        "lost_units": float(record["lost_beyond_baseline_units"]),
        "planned_units": float(record["planned_units"]),
        "recovery_days": float(record["time_to_recover_days"]),
    }


def _wanted(comparison: Comparison, sites: Sequence[str], countries: Sequence[str]) -> list[str]:
    known: dict[str, Any] = {}
    worst: dict[str, float] = {}
    affected: set[str] = set()
    for run in comparison.runs.values():
        for site, record in _records(run).items():
            known[site] = record
            lost = float(record["lost_beyond_baseline_units"]) / max(float(record["planned_units"]), 1e-12)
            worst[site] = max(worst.get(site, 0.0), lost)
            if record["is_affected"]:
                affected.add(site)
    _check(list(sites), list(known), "site")
    codes = sorted({str(record["country"]) for record in known.values()})
    by_name = {name.casefold(): code for code, name in comparison.country_names.items()}
    asked = [code.upper() if len(code) == 2 else by_name.get(code.casefold(), code) for code in countries]
    names = {code: comparison.country_names.get(code, code) for code in codes}
    _check(asked, codes, "country", names)
    chosen = {site for site in known if site in sites or known[site]["country"] in asked}
    shown = chosen if sites or countries else affected
    return sorted(shown, key=lambda site: (-worst[site], str(known[site]["name"])))


def _check(asked: list[str], known: list[str], what: str, names: dict[str, str] | None = None) -> None:
    for name in asked:
        if name not in known:
            near = difflib.get_close_matches(name, [*known, *(names or {}).values()], n=1)
            guess = f"; did you mean {near[0]!r}?" if near else ";"
            plural = {"site": "sites", "country": "countries"}[what]
            raise UnknownPlace(f"{what} {name!r} has no manufacturer{guess} {plural}: {', '.join(known)}")


def cells(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Return the table in words, one row per row of the frame, for people."""
    return [_cells({str(key): value for key, value in row.items()}) for row in frame.to_dict("records")]


def _cells(row: dict[str, Any]) -> dict[str, str]:
    stop = row["line_stop_date"]
    return {
        "manufacturer": str(row["name"]),
        "scenario": str(row["scenario"]),
        "runway": _with_band(row),
        "line stop": "-" if stop is None else stop.isoformat(),
        "lost units": units_text(row["lost_units"]),
        "of plan": f"{100.0 * row['lost_units'] / max(row['planned_units'], 1e-12):.1f} %",
        "recovery": _recovery(row),
        "runway vs baseline": _sooner(row),
        "lost vs baseline": _signed(row, "lost", ""),
    }


def _with_band(row: dict[str, Any]) -> str:
    text = days_text(row["runway_days"], row["window_days"])
    if math.isnan(row["runway_p10_days"]):
        return text
    return f"{text} ({row['runway_p10_days']:.0f} to {days_text(row['runway_p90_days'], row['window_days'])})"


def _recovery(row: dict[str, Any]) -> str:
    if math.isnan(row["runway_days"]):
        return "-"
    return "not in the window" if math.isnan(row["recovery_days"]) else f"{row['recovery_days']:.0f} d"


def _sooner(row: dict[str, Any]) -> str:
    """Write the difference of runways; where the baseline is never short it is a bound, and says so."""
    text = _signed(row, "runway", " d", never=math.isnan(row["runway_days"]))
    is_bound = row["baseline_never"] and not math.isnan(row["runway_days"])
    return f"<= {text}" if is_bound and text.startswith("-") else text


def _signed(row: dict[str, Any], stem: str, unit: str, *, never: bool = False) -> str:
    value = row[f"{stem}_difference"]
    if math.isnan(value):
        return "-"

    def write(number: float) -> str:
        sign = "-" if number < 0.0 else "+"
        return f"{sign}{units_text(abs(number))}" if abs(number) >= 0.5 else "0"

    text = write(value) + ("" if write(value) == "0" else unit)
    low, high = row[f"{stem}_low80"], row[f"{stem}_high80"]
    if never or math.isnan(low):
        return text
    return f"{text} [{write(low)}, {write(high)}]"


def heading(comparison: Comparison) -> str:
    """Return the line above the table: how many scenarios, the window, the luck."""
    manifest = comparison.manifest
    count = int(manifest["replications"])
    luck = "deterministic" if count == 1 else f"{count} replications, seed {manifest['seed']}; 80 % intervals"
    scenarios = f"{len(comparison.runs)} scenario{'s' if len(comparison.runs) > 1 else ''}"
    return (
        f"{scenarios} of {manifest['network']} against one baseline, "
        f"{manifest['start']} to {end_date(manifest).isoformat()}; {luck}"
    )


def markdown(comparison: Comparison, frame: pd.DataFrame) -> str:
    """Return the comparison as Markdown: heading, headlines, table, notes."""
    rows = cells(frame)
    parts = [f"# {' / '.join(comparison.labels)}", "", heading(comparison), ""]
    parts += [f"- **{label}**: {run.headline}" for label, run in comparison.runs.items()]
    if rows:
        names = list(rows[0])
        parts += ["", f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
        parts += [f"| {' | '.join(text.replace('|', ' ') for text in row.values())} |" for row in rows]
    else:
        parts += ["", "No scenario affects a manufacturer."]
    parts += ["", *(f"Note: {note}." for note in comparison.notes)]
    return "\n".join(parts).rstrip() + "\n"


def comparison_document(comparison: Comparison, frame: pd.DataFrame, metric: str) -> dict[str, Any]:
    """Return the comparison as one JSON-ready object; dates ISO, null where it never happens."""
    manifest = comparison.manifest
    found = differences(comparison, metric)
    kept = found[found["site"].isin(frame.attrs["sites"])]
    return {
        "schema_version": 1,
        "network": manifest["network"],
        "start": manifest["start"],
        "horizon_days": manifest["horizon_days"],
        "replications": manifest["replications"],
        "seed": manifest["seed"],
        "notes": list(comparison.notes),
        "scenarios": [
            {
                "label": label,
                "runway_from": run.manifest["runway_from"],
                "case_hash": run.manifest["case_hash"],
                "headline": run.headline,
            }
            for label, run in comparison.runs.items()
        ],
        "sites": _rows(frame),
        "differences": {"metric": metric, "unit": found.attrs["unit"], "rows": _rows(kept)},
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    return bool(value) if type(value).__name__ == "bool" else plain(value)


def html(comparison: Comparison) -> str:
    """Return the comparison as one self-contained piece of HTML; all text is escaped."""
    rows = cells(comparison.table())
    head = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else ()))
    body = "".join("<tr>" + "".join(f"<td>{escape(v)}</td>" for v in row.values()) + "</tr>" for row in rows)
    lines = "".join(
        f"<li><b>{escape(label)}</b>: {escape(run.headline)}</li>" for label, run in comparison.runs.items()
    )
    notes = "".join(f"<p>Note: {escape(note)}.</p>" for note in comparison.notes)
    table_html = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    head_line = f"<p>{escape(heading(comparison))}</p>"
    return f'<div class="sim-compare">{head_line}<ul>{lines}</ul>{table_html}{notes}</div>'
