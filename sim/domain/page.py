"""How a network shows itself in a notebook: what it holds, stage by stage."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.domain.network import Network

MOST_COUNTRIES = 8
ORDER = ("mining", "separation", "metal", "magnet", "tier1", "oem")
"""Stages down the chain; all others follow by name."""


def network_html(network: Network) -> str:
    """Return the network as one self-contained piece of HTML: a row per stage; all text is escaped."""
    counts = ", ".join(
        f"{len(getattr(network, kind)):,} {kind}"
        for kind in ("sites", "lines", "lanes", "routes", "materials", "figures")
    )
    return (
        f"<div><b>{escape(network.title or network.name)}</b>"
        f"<p>{escape(network.name)}: {counts}; elements {escape(', '.join(network.elements))}</p>"
        f"<table><thead><tr><th>stage</th><th>sites</th><th>countries</th></tr></thead>"
        f"<tbody>{''.join(_rows(network))}</tbody></table></div>"
    )


def _rows(network: Network) -> list[str]:
    stages: dict[str, list[str]] = {}
    for site in network.sites.values():
        stages.setdefault(site.stage, []).append(site.country)
    found = []
    place = {stage: number for number, stage in enumerate(ORDER)}
    for stage in sorted(stages, key=lambda name: (place.get(name, len(ORDER)), name)):
        countries = stages[stage]
        by_count = sorted(set(countries), key=lambda code: (-countries.count(code), code))
        names = [f"{code} {countries.count(code)}" for code in by_count[:MOST_COUNTRIES]]
        names += [f"{len(by_count) - MOST_COUNTRIES} more"] if len(by_count) > MOST_COUNTRIES else []
        cells = (stage.replace("_", " "), str(len(countries)), ", ".join(names))
        found.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return found
