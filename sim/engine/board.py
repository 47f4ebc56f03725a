"""The board of levers: who has turned what, and what that adds up to.

Several interventions may turn one row; the lever's own rule combines them, in the order of their ids,
so that nothing depends on which came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.engine import faults
from sim.engine import state as factory
from sim.engine.arrays import OF_LANES, OF_LINES, Levers, Net, State
from sim.engine.index import Index
from sim.engine.kernels.goods import release_held, stop_under_way
from sim.engine.kernels.licences import follow_licences
from sim.engine.reference import ref_to
from sim.engine.state import lever_column
from sim.interventions.instructions import Allow, Turn
from sim.interventions.levers import LEVERS, Lever, UnderWay

FAR = 10**9
"""A day that never comes."""
FOR_QUOTAS = frozenset({"lane_quota_level", "line_quota_level"})
"""Levers that bind the quotas of whoever turns them."""


class Quota(NamedTuple):
    """A quota of an intervention: its row, and what its window allows at level 1."""

    owner: str
    row: int
    quantity: float


def combine(lever: Lever, contributions: Mapping[str, float]) -> float:
    """Return what contributions of several owners to one row amount to; none: the neutral value."""
    if not contributions:
        return lever.neutral
    if len(contributions) == 1:
        (only,) = contributions.values()
        return only
    listed = [contributions[name] for name in sorted(contributions)]
    if lever.combine == "min":
        return min(listed)
    if lever.combine == "max":
        return max(listed)
    if lever.combine == "sum":
        return float(sum(listed))
    if lever.combine == "product":
        return float(np.prod(np.array(listed)))
    return listed[-1]


def _numbered(axis: str, net: Net, index: Index) -> dict[str, int]:
    """Return the rows of an axis whose ids are made of two names."""
    if axis == "lane_route":
        return {f"{lane}|{route}": i for i, (lane, route) in enumerate(index.lane_routes)}
    if axis == "group":
        return {f"{site}|{material}": i for (site, material), i in index.group.items()}
    materials = net.groups.material[net.inputs.group].tolist()
    lines = net.inputs.line.tolist()
    return {
        f"{index.lines[line]}|{index.materials[material]}": slot
        for slot, (line, material) in enumerate(zip(lines, materials, strict=True))
    }


class Board:
    """Contributions by lever and row, and the arrays the kernel reads."""

    def __init__(self, net: Net, index: Index, levers: Levers) -> None:
        self.net = net
        self.index = index
        self.levers = levers
        self.levers_ref = ref_to(levers)
        self._quotas: dict[str, Quota] = {}
        self._strengths: dict[str, float] = {}
        self._turned: dict[str, dict[int, dict[str, float]]] = {}
        self._rows: dict[str, Mapping[str, int]] = {
            "lane": index.lane, "line": index.line, "route": index.route
        }  # fmt: skip

    def rows_of(self, lever: Lever) -> Mapping[str, int]:
        """Return the rows of all ids on a lever's axis."""
        axis = lever.rows
        if axis not in self._rows:
            self._rows[axis] = _numbered(axis, self.net, self.index)
        return self._rows[axis]

    def turn(self, owner: str, turn: Turn, state: Any, today: int) -> bool:
        """Carry out a turn; goods under way and shares follow at once, before the day's receipts.

        `state` is a reference to the state. Return whether any row has another value than before.
        """
        lever = LEVERS[turn.lever]
        table, column = lever_column(lever)
        array = getattr(self.levers, table)[column]
        touched = []
        rows, turned = self.rows_of(lever), self._turned.setdefault(lever.name, {})
        for key in turn.scope:
            row = rows[key]
            contributions = turned.setdefault(row, {})
            if turn.value == lever.neutral:
                contributions.pop(owner, None)
            else:
                contributions[owner] = turn.value
            before = float(array[row])
            now = combine(lever, contributions)
            if now != before:
                array[row] = now
                touched.append((row, before))
        self._follow(lever, touched, state, today)
        if lever.name in FOR_QUOTAS:
            self._strengths[owner] = turn.value
            for quota in self._quotas.values():
                if quota.owner == owner:
                    self._bind(quota, state)
        return bool(touched)

    def allow(self, owner: str, rule: Allow, state: State, first_day: int) -> State:
        """Begin a window of a quota; return the state, which may have got new rows for it."""
        before = self._quotas.get(rule.quota)
        if before is None:
            rows = self.index.line if rule.of_lines else self.index.lane
            of = OF_LINES if rule.of_lines else OF_LANES
            state = factory.with_quota(state, of, [rows[key] for key in rule.rows], rule.weights, rule.free)
        row = len(state.quotas) - 1 if before is None else before.row
        self._quotas[rule.quota] = Quota(owner, row, rule.quantity)
        self._bind(self._quotas[rule.quota], state)
        state.quotas.used[row] = 0.0
        state.quotas.until[row] = first_day + int(min(rule.until, FAR))
        return state

    def _bind(self, quota: Quota, state: State) -> None:
        """Let a quota out what it allows at the level of its owner; without a level it has no limit."""
        strength = self._strengths.get(quota.owner, 0.0)
        state.quotas.quantity[quota.row] = quota.quantity / strength if strength > 0.0 else np.inf

    def _follow(self, lever: Lever, touched: list[tuple[int, float]], state: Any, today: int) -> None:
        """Let goods and orders follow rows that have been turned (row, value before)."""
        if not touched:
            return
        if lever.name == "under_way":
            for row, before in touched:
                self._under_way(row, before, state, today)
        elif lever.name == "lane_sourcing_share":
            for group in sorted({int(self.net.lanes.group[row]) for row, _ in touched}):
                self._reshare(group, state)
        elif lever.name in ("lane_licensed_share", "lane_exempt_share"):
            follow_licences(self.net, self.levers_ref, state, today)
        elif lever.name == "line_capacity_added":
            for row, _ in touched:
                if self.levers.lines.capacity_added[row] > 0.0:
                    state.lines.awake[row] = 1
        elif lever.name == "lane_flow_share" and faults.is_planted("ban_stops_goods_under_way"):
            for row, _ in touched:
                for lr in range(self.net.lanes.lr_first[row], self.net.lanes.lr_end[row]):
                    stop_under_way(self.net, state, lr, False, today)

    def _under_way(self, lr: int, before: float, state: Any, today: int) -> None:
        now = self.levers.lane_routes.under_way[lr]
        if now > before:
            stop_under_way(self.net, state, lr, now == UnderWay.RETURNED, today)
        elif now == UnderWay.LET_THROUGH:
            release_held(self.net, state, lr, today)

    def _reshare(self, group: int, state: State) -> None:
        """Give lanes the shares interventions state; the others of the buyer scale to what is left."""
        net = self.net
        lanes = range(net.groups.lane_first[group], net.groups.lane_end[group])
        stated = {int(lane): max(float(self.levers.lanes.sourcing_share[lane]), 0.0) for lane in lanes
                  if self.levers.lanes.sourcing_share[lane] >= 0.0}  # fmt: skip
        left = max(1.0 - sum(stated.values()), 0.0)
        others = sum(net.lanes.share[lane] for lane in lanes if int(lane) not in stated)
        for lane in lanes:
            if int(lane) in stated:
                state.lanes.share_now[lane] = stated[int(lane)]
                state.lanes.qualified[lane] = 1  # a contract is signed for goods that have been tested
            elif stated:
                state.lanes.share_now[lane] = net.lanes.share[lane] * left / others if others > 0.0 else 0.0
            else:
                state.lanes.share_now[lane] = net.lanes.share[lane]
