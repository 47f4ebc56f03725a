"""What waited at each gate, and for how long; the books of licensing offices.

The order of gates is that in which goods meet them: ``licence`` (also a content rule's, and tests),
``ban`` (also a buyer that refuses), ``quota``, ``route``; ``seller`` is what passed all and waited for goods.
``transit`` are goods held on their way. A tonne is in one place at a time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.trajectory import GATE_BAN, GATE_QUOTA, GATE_ROUTE, GATE_SELLER, LICENCE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from sim.domain import Network
    from sim.engine.trajectory import FloatArray, Trajectory

CODES = {"ban": GATE_BAN, "quota": GATE_QUOTA, "route": GATE_ROUTE, "seller": GATE_SELLER}
GATES = ("licence", "ban", "quota", "route", "transit", "seller")
TONNE = "tonne"


def waiting_at(run: Trajectory, gate: str) -> FloatArray:
    """Return what waits at a gate at the end of each day, shape (day, lane) [unit of material]."""
    if gate == "licence":
        return run.waiting
    if gate == "transit":
        return run.held
    return np.where(run.gate == CODES[gate], run.unshipped, 0.0)


def entered(run: Trajectory, gate: str) -> FloatArray:
    """Return what came to wait at a gate within the run, by lane, shape (lane,) [unit of material].

    What leaves first is what has waited longest. At the gate of licences it is what was applied for.
    """
    if gate == "licence":
        index = {lane: i for i, lane in enumerate(run.lanes)}
        filed = np.zeros(len(run.lanes))
        for office in run.filed.values():
            for lane, tonnes in office.items():
                filed[index[lane]] += tonnes
        return filed
    now = waiting_at(run, gate)
    before = np.vstack([np.zeros((1, now.shape[1])), now[:-1]])
    left = 0.0 if gate == "transit" else np.minimum(run.shipped, before) + np.minimum(run.cancelled, before)
    return np.asarray(np.maximum(now - before + left, 0.0).sum(axis=0))


def gate_frame(run: Trajectory, network: Network) -> pd.DataFrame:
    """Return one row per gate and lane at which anything waited.

    Columns: supplier, buyer, material, unit, quantity (that came to wait), quantity_days, mean_days, most
    (waiting at once) and most_date. Needs a run in detail.
    """
    import pandas as pd

    rows = []
    for gate in GATES:
        waiting, came = waiting_at(run, gate), entered(run, gate)
        if not waiting.size:
            continue
        for i in np.flatnonzero((waiting.max(axis=0) > 0.0) | (came > 0.0)):
            lane = network.lanes[run.lanes[i]]
            days, most = float(waiting[:, i].sum()), int(waiting[:, i].argmax())
            rows.append(
                {
                    "gate": gate, "lane": lane.lane_id, "supplier": lane.supplier, "buyer": lane.buyer,
                    "material": lane.material, "unit": network.materials[lane.material].unit,
                    "quantity": float(came[i]), "quantity_days": days,
                    "mean_days": days / came[i] if came[i] > 0.0 else np.nan,
                    "most": float(waiting[most, i]), "most_date": run.start + timedelta(days=most),
                }
            )  # fmt: skip
    columns = ["gate", "lane", "supplier", "buyer", "material", "unit", "quantity", "quantity_days",
               "mean_days", "most", "most_date"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    frame["most_date"] = pd.to_datetime(frame["most_date"])
    frame.attrs = {"title": "what waited at each gate", "unit": "unit of material"}
    return frame


def by_gate(lanes: pd.DataFrame) -> pd.DataFrame:
    """Return the tonnes that came to wait at each gate and their mean wait, from the rows of `gate_frame`.

    Goods counted in units (components, vehicles) are left out. Columns: tonnes, mean_days; a gate at which
    nothing waited has no mean.
    """
    import pandas as pd

    mass = lanes[lanes["unit"] == TONNE]
    sums = mass.groupby("gate")[["quantity", "quantity_days"]].sum().reindex(list(GATES), fill_value=0.0)
    tonnes = sums["quantity"].astype(float)
    frame = pd.DataFrame({"tonnes": tonnes, "mean_days": sums["quantity_days"] / tonnes.where(tonnes > 0.0)})
    return frame.astype(float).rename_axis("gate")


def licence_frame(run: Trajectory) -> pd.DataFrame:
    """Return the books of every office: a row per office and week, with the columns of the trajectory.

    `day` becomes `date`; `approved_share` is what is granted so far of what was filed.
    """
    import pandas as pd

    parts = []
    for office, books in sorted(run.licences.items()):
        if not len(books):
            continue
        part = pd.DataFrame(books, columns=list(LICENCE_COLUMNS))
        part.insert(0, "date", pd.Timestamp(run.start) + pd.to_timedelta(part.pop("day"), unit="D"))
        part.insert(0, "office", office)
        part["approved_share"] = part["granted"] / part["filed"].where(part["filed"] > 0.0)
        parts.append(part)
    columns = ["office", "date", *LICENCE_COLUMNS[1:], "approved_share"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    frame.attrs = {"title": "licences by office and week", "unit": "unit of material"}
    return frame
