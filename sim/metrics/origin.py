"""Where what sites have in stock comes from, by stage and jurisdiction or bloc, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sim.domain import Network
    from sim.engine.trajectory import Trajectory

KEYS = ("site", "element", "stage", "jurisdiction")
TOUCHED = "touched"


def origin_frame(run: Trajectory, network: Network) -> pd.DataFrame:
    """Return a row per site, element, stage and jurisdiction, with the share on the first and the last day.

    Columns beside the keys: country (of the site), blocs (of the jurisdiction, joined by ``;``), start_share,
    end_share. Needs a run in detail.
    """
    import pandas as pd

    start, end = run.origin
    rows = [
        (*key, network.sites[key[0]].country, _blocs(network, key[3]), start.get(key, 0.0), end.get(key, 0.0))
        for key in sorted({*start, *end})
    ]
    frame = pd.DataFrame(rows, columns=[*KEYS, "country", "blocs", "start_share", "end_share"])
    frame.attrs = {"title": "origin of stocks by stage", "unit": "share of the element"}
    return frame


def by_bloc(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of `origin_frame` by site, element, stage and bloc.

    A country counts in each of its blocs. What blocs have *touched* does not follow from what countries have
    (goods that two of them touched would count twice), so this stage is left out.
    """
    done = frame[(frame["stage"] != TOUCHED) & (frame["blocs"] != "")]
    long = done.assign(bloc=done["blocs"].str.split(";")).explode("bloc")
    keys = ["site", "country", "element", "stage", "bloc"]
    return long.groupby(keys, as_index=False)[["start_share", "end_share"]].sum()


def _blocs(network: Network, jurisdiction: str) -> str:
    country = network.countries.get(jurisdiction)
    return ";".join(country.blocs) if country is not None else ""
