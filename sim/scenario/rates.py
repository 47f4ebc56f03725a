"""Rates that interventions state of a line: tonnes where it makes tonnes, units where it makes pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.data.paths import line_word
from sim.domain import Network
from sim.scenario.names import names_of
from sim.scenario.syntax import Node, Problems
from sim.units import UnitError, rate

RATES: Mapping[str, tuple[str, str]] = {"new_capacity": ("capacity", "line"), "recycling": ("added", "lines")}
"""By kind: the key of the rate, and the key that names the lines it is of."""
WORDS = {"tonne": "t", "unit": "unit"}


def check_rates(root: Node, network: Network, problems: Problems) -> None:
    """Note every rate whose amount is not what its line makes; what is no rate at all is told elsewhere."""
    listed = root.get("interventions")
    for number, item in enumerate(listed.value if listed is not None and listed.is_list else ()):
        kind = item.get("kind")
        if kind is None or kind.text not in RATES:
            continue
        key, owner = RATES[kind.text]
        figure, named = item.get(key), item.get(owner)
        lines = [text for _, text in names_of(named) if text in network.lines] if named is not None else []
        for part, given in _amounts(figure):
            for line in lines:
                wanted = line_word(network, network.lines[line])
                if WORDS[given] != wanted:
                    where = f"interventions[{number}].{key}"
                    counts = ("units", "tonnes") if wanted == "unit" else ("tonnes", "units")
                    problems.add(
                        f"{where} is counted in {counts[0]}, as {line} makes them, not in {counts[1]}",
                        part.mark,
                        key=where,
                        given=part.text,
                        allowed=f"{wanted}/d, {wanted}/yr ...",
                    )


def _amounts(figure: Node | None) -> Iterator[tuple[Node, str]]:
    """Yield each rate of a figure, or of its law, with what it counts."""
    if figure is None:
        return
    for part in figure.value.values() if figure.is_mapping else (figure,):
        try:
            yield part, rate(part.text).of
        except UnitError:
            continue
