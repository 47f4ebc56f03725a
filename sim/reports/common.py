"""The sections of a report that tell of all its runs: beside each other, the network, how to repeat it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from sim.reports import provenance, words
from sim.reports.markup import code, escaped, paragraph, section, table
from sim.reports.pictures import OF_COMPARISON, picture
from sim.reports.sections import SOURCE_HEAD, in_brief
from sim.results.replay import planned_case
from sim.results.tabulate import cells, heading

if TYPE_CHECKING:
    from sim.domain import Network
    from sim.reports.gather import Subject
    from sim.results.run import Run

MOST_SOURCES = 15
BRIEF, BESIDE, TERMS, FIGURES, REPEAT = "brief", "beside", "terms", "figures", "repeat"
"""Anchors."""


def brief(subject: Subject) -> str:
    """Return question and answer of every run."""
    several = len(subject.runs) > 1
    parts = [in_brief(label, run, planned_case(run), several=several) for label, run in subject.runs.items()]
    return section(BRIEF, "Question and answer", *parts)


def beside(subject: Subject) -> str:
    """Return the comparison of the runs; nothing for a single one."""
    if len(subject.runs) < 2:
        return ""
    apart = ""
    if subject.apart:
        text = (
            "These scenarios are not paired day by day: each is set against the baseline of its own window, "
            f"so days may be compared, and shares of the plan only with care. Why: {subject.apart}."
        )
        apart = paragraph(text, "warning")
    if subject.comparison is None:
        return section(BESIDE, "Beside each other", apart)
    frame = subject.comparison.table()
    rows = cells(frame) if len(frame) else []
    head = list(rows[0]) if rows else []
    return section(
        BESIDE,
        "Beside each other",
        apart or paragraph(f"{heading(subject.comparison)}.", "quiet"),
        *(paragraph(f"Note: {note}.", "warning") for note in subject.comparison.notes),
        *(picture(item, subject.comparison, f"all-{item.name}") for item in OF_COMPARISON),
        table(head, [list(row.values()) for row in rows]) or paragraph("No scenario affects a manufacturer."),
    )


def terms() -> str:
    """Return the words a reader must know."""
    items = (
        f"<li><strong>{escaped(name)}</strong>: {escaped(text)}</li>" for name, text in words.TERMS.items()
    )
    return section(TERMS, "Words", f"<ul>{''.join(items)}</ul>")


def figures(subject: Subject) -> str:
    """Return what each network is, how much of it is assumed, and its largest sources."""
    networks: dict[str, Network] = {}
    for run in subject.runs.values():
        networks.setdefault(str(run.manifest["network"]), planned_case(run).network)
    return section(FIGURES, "Where the figures come from", *map(_network, networks.values()))


def _network(network: Network) -> str:
    from sim.steady.report import largest_sources, sources_coverage

    built = (
        f"{network.title}: {len(network.sites)} sites, {len(network.lines)} lines and {len(network.lanes)} "
        f"lanes between them, {len(network.materials)} materials."
    )
    if not network.figures:
        return f"<h3>{escaped(network.name)}</h3>" + paragraph(
            f"{built} It was written in Python, without sources."
        )
    counted = sources_coverage(network)
    whole: dict[Any, Any] = counted.loc["all"].to_dict()
    share = (
        f"Of {int(whole['rows']):,} rows of its tables {int(whole['published']):,} quote a published source, "
        f"{int(whole['derived']):,} are derived from others, and {int(whole['assumption']):,} "
        f"({100.0 * float(whole['assumption_share']):.0f} %) are assumptions, most with a range."
    )
    by_stage = [
        (stage, int(row["published"]), int(row["derived"]), int(row["assumption"]),
         f"{100.0 * float(row['assumption_share']):.0f} %")
        for stage, row in counted.iterrows()
    ]  # fmt: skip
    largest = largest_sources(network)
    rows = {str(name): int(count) for name, count in largest["rows"].items()}
    published = [name for name in rows if not name.startswith("A_")][:MOST_SOURCES]
    assumed = [name for name in rows if name.startswith("A_")][:MOST_SOURCES]
    said = {row[0]: row for row in provenance.origin_rows([*published, *assumed], network)}
    return "\n".join(
        [
            f"<h3>{escaped(network.name)}</h3>",
            paragraph(f"{built} {share}"),
            table(("stage", "published", "derived", "assumed", "share assumed"), by_stage, "Rows by origin"),
            table(
                ("rows", *SOURCE_HEAD),
                [(rows[name], *said[name]) for name in published if name in said],
                "Published sources that carry most rows",
            ),
            table(
                ("rows", "id", "what is assumed", "range and reason"),
                [(rows[name], name, said[name][1], said[name][5]) for name in assumed if name in said],
                "Assumptions that carry most rows",
            ),
            paragraph(f"All of them: sim sources {network.name}, and the tables of the network.", "quiet"),
        ]
    )


def repeat(subject: Subject) -> str:
    """Return the commands that make the runs and this report again, and by what they are recognised."""
    lines, files = [], []
    for run in subject.runs.values():
        file = f"{run.name}.yaml"
        if run.resolved_yaml:
            files.append(file)
            lines.append(shlex.join(["sim", "run", file, *_options(run)]))
    if files:
        first = next(iter(subject.runs.values()))
        luck = _options(first) if not subject.apart else []
        lines.append(shlex.join(["sim", "report", *dict.fromkeys(files), *luck, "--out", "report.html"]))
    rows = [
        (label, run.manifest["seed"], run.manifest["replications"], run.manifest["started"],
         run.manifest["versions"]["sim"], run.manifest["case_hash"])
        for label, run in subject.runs.items()
    ]  # fmt: skip
    versions = next(iter(subject.runs.values())).manifest["versions"]
    said = (
        "Save each resolved scenario above under its name, then:"
        if files
        else ("These cases were written in Python; sim.run(case) gives them again.")
    )
    return section(
        REPEAT,
        "How to repeat it",
        paragraph(said),
        code("\n".join(dict.fromkeys(lines))) if lines else "",
        table(
            ("scenario", "seed", "replications", "run at", "version of sim", "hash of what was simulated"),
            rows,
            "The same hash is the same world, rules and luck; manifest.json of a run folder has it too",
        ),
        paragraph(
            f"Made with {', '.join(f'{name} {number}' for name, number in versions.items())}.", "quiet"
        ),
        paragraph(_balance(subject), "quiet"),
    )


def _options(run: Run) -> list[str]:
    return ["--replications", str(run.manifest["replications"]), "--seed", str(run.manifest["seed"])]


def _balance(subject: Subject) -> str:
    worst = max(float(run.manifest["mass_balance_max_relative_error"]) for run in subject.runs.values())
    return f"Largest relative error of a balance of mass in any of these runs: {worst:.1e}."
