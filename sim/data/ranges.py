"""The ranges of a network's figures, as laws: what is drawn when a run has replications.

Figures of single firms are known to some 30 to 50 per cent. Each stock in days of cover and each
interchangeable share whose row states a range becomes a triangle over it, with the figure as its mode.
Figures that day zero must balance (plans, recipes, shares) keep their value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sim.data.paths import get_number
from sim.domain import Distribution, Network

DRAWN = ("cover", "output_cover", "interchangeable_share")
"""The attributes whose ranges are drawn."""
OWNERS = ("sites", "lanes")


def ranges(network: Network, taken: Iterable[str] = ()) -> Mapping[str, Distribution]:
    """Return a law for every figure with a range that nobody has set otherwise.

    Parameters
    ----------
    taken
        Paths that already have a law; they and the figures below them are left out.
    """
    own = tuple(taken)
    laws = {}
    for path, figure in sorted(network.figures.items()):
        owner, _, attribute = path.split(".")[:3] if path.count(".") >= 2 else ("", "", "")
        if owner not in OWNERS or attribute not in DRAWN or figure.low is None or figure.high is None:
            continue
        if any(path == other or path.startswith(f"{other}.") for other in own):
            continue
        now = get_number(network, path)
        if figure.low < figure.high and figure.low <= figure.value <= figure.high and now == figure.value:
            laws[path] = Distribution(
                "triangular", {"low": figure.low, "mode": figure.value, "high": figure.high}
            )
    return laws
