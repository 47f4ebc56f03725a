"""Which unknown makes the band: the drawn figure that the first affected runway follows most closely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.results.sentences import first_affected

if TYPE_CHECKING:
    import pandas as pd

    from sim.domain import Network

CLEAR = 0.5
"""Least rank correlation with which a figure is named."""
ENOUGH = 10
"""Fewest replications from which a rank correlation says anything."""


def band_of(
    metrics: pd.DataFrame,
    baseline: pd.DataFrame,
    network: Network,
    runways: np.ndarray,
    numbers: np.ndarray,
    paths: Sequence[str],
) -> str:
    """Return a clause that names the unknown behind the band; empty without a band.

    Parameters
    ----------
    runways
        Realised runway of the sites of `metrics`, shape (replication, site) [d]; NaN is never.
    numbers, paths
        What was drawn for the uncertain figures, shape (replication, figure), and which they are.

    Only figures of the manufacturer, of its suppliers and of the lanes between them are compared: with
    few replications some figure far away always seems to fit.
    """
    affected = metrics[metrics["is_affected"]]
    if affected.empty or len(runways) < ENOUGH or not paths:
        return ""
    first = first_affected(affected, baseline)
    site = str(first.name)
    own = runways[:, list(metrics.index).index(site)]
    ranked = _ranks(np.where(np.isnan(own), np.inf, own))
    if np.ptp(ranked) == 0.0:
        return ""
    best, strength = "", 0.0
    for path in sorted(_near(network, site) & set(paths)):
        other = _ranks(numbers[:, paths.index(path)])
        fit = abs(float(np.corrcoef(ranked, other)[0, 1])) if np.ptp(other) > 0.0 else 0.0
        if fit > strength:
            best, strength = path, fit
    if strength < CLEAR:
        return "no single unknown makes the band"
    return f"the band is mostly {_in_words(network, best)} (rank correlation {strength:.2f})"


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks, ties sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts).astype(float)
    return (last - (counts - 1) / 2.0)[inverse]


def _near(network: Network, site: str) -> set[str]:
    lanes = network.lanes_into(site)
    places = {site, *(lane.supplier for lane in lanes)}
    feeding = [lane for place in places for lane in network.lanes_into(place)]
    paths = {f"lanes.{lane.lane_id}.interchangeable_share" for lane in feeding}
    for place in places:
        record = network.sites[place]
        paths |= {f"sites.{place}.cover"}
        paths |= {f"sites.{place}.cover.{material}" for material in record.cover}
        paths |= {f"sites.{place}.output_cover.{material}" for material in record.output_cover}
    return paths


def _in_words(network: Network, path: str) -> str:
    owner, name, attribute, *rest = path.split(".")
    if owner == "lanes":
        return f"how much fits of what {name} brings"
    place = network.sites[name].name
    what = {"cover": "stock", "output_cover": "finished stock"}[attribute]
    material = f" of {network.materials[rest[0]].name}" if rest else ""
    return f"the {what}{material} at {place}"
