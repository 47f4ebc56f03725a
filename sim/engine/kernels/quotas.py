"""Quotas: what some lanes may ship together, or some lines make, within a window of time.

A quota is a row of `state.quotas`, its lanes or lines are rows of `state.members`. What is left is shared
in proportion to what each could ship today, so that nobody's place in a list matters. Its quantity follows
the level of its own intervention (`board`); without limit it neither binds nor counts. What a lane ships up
to its `free` flow of the day is not counted and needs nothing to be left.
"""

from __future__ import annotations

import numpy as np

from sim.engine.arrays import OF_LANES, Net, State, Work
from sim.engine.jit import helper

ROUNDING = 1e-12


@helper
def left_of(state: State, quota: int) -> float:
    """Return what is left of a quota; infinity where it does not bind."""
    return max(state.quotas.quantity[quota] - state.quotas.used[quota], 0.0)


@helper
def limit_lanes(state: State, work: Work) -> None:
    """Say in the morning what each lane may ship of what is left; a lane without any is closed."""
    work.lanes.rationed[:] = 0
    for quota in range(len(state.quotas)):
        if state.quotas.of[quota] != OF_LANES:
            continue
        left = left_of(state, quota)
        if left >= np.inf:
            continue
        asked = 0.0
        for j in range(state.quotas.first[quota], state.quotas.end[quota]):
            lane = state.members.who[j]
            ask = min(state.lanes.unshipped[lane] + state.lanes.stale[lane], work.lanes.room[lane])
            asked += max(ask - state.members.free[j], 0.0)
        for j in range(state.quotas.first[quota], state.quotas.end[quota]):
            lane, free = state.members.who[j], state.members.free[j]
            if left <= 0.0:
                work.lanes.room[lane] = min(work.lanes.room[lane], free)
                work.lanes.rationed[lane] = 1
                if work.lanes.room[lane] <= 0.0:
                    work.lanes.open[lane] = 0
            elif asked > left:
                ask = min(state.lanes.unshipped[lane] + state.lanes.stale[lane], work.lanes.room[lane])
                work.lanes.room[lane] = min(ask, free) + max(ask - free, 0.0) * (left / asked)


@helper
def reopen_lanes(state: State, work: Work) -> None:
    """Undo the shares of the morning: with the orders of the day they are other ones."""
    for quota in range(len(state.quotas)):
        if state.quotas.of[quota] == OF_LANES:
            for j in range(state.quotas.first[quota], state.quotas.end[quota]):
                lane = state.members.who[j]
                if work.lanes.open[lane] == 1:
                    work.lanes.room[lane] = work.lanes.gate[lane]


@helper
def cut_to_quotas(net: Net, state: State, work: Work) -> bool:
    """Cut what lanes would ship today to what is left of their quotas; tell whether anything was cut."""
    any_cut = False
    for quota in range(len(state.quotas)):
        if state.quotas.of[quota] != OF_LANES:
            continue
        left = left_of(state, quota)
        asked = 0.0
        for j in range(state.quotas.first[quota], state.quotas.end[quota]):
            asked += max(work.lanes.give[state.members.who[j]] - state.members.free[j], 0.0)
        if asked <= left * (1.0 + ROUNDING):
            continue
        any_cut = True
        for j in range(state.quotas.first[quota], state.quotas.end[quota]):
            lane, free = state.members.who[j], state.members.free[j]
            give = work.lanes.give[lane]
            work.lanes.give[lane] = min(give, free) + max(give - free, 0.0) * (left / asked)
            work.lanes.room[lane] = min(work.lanes.room[lane], work.lanes.give[lane])
            work.lanes.rationed[lane] = 1
            work.outs.is_cut[net.lanes.source[lane]] = 1
    return any_cut


@helper
def count_shipped(state: State, work: Work) -> None:
    """Count what was shipped today."""
    for quota in range(len(state.quotas)):
        if state.quotas.of[quota] == OF_LANES and left_of(state, quota) < np.inf:
            for j in range(state.quotas.first[quota], state.quotas.end[quota]):
                shipped = work.lanes.shipped[state.members.who[j]]
                state.quotas.used[quota] += max(shipped - state.members.free[j], 0.0)


@helper
def limit_lines(state: State, work: Work, today: int) -> None:
    """Cut what lines want to the quota of the day: what is left, over the days the window still has."""
    for quota in range(len(state.quotas)):
        if state.quotas.of[quota] == OF_LANES:
            continue
        left = left_of(state, quota)
        if left >= np.inf:
            continue
        wanted = 0.0
        for j in range(state.quotas.first[quota], state.quotas.end[quota]):
            wanted += max(work.lines.want[state.members.who[j]], 0.0) * state.members.weight[j]
        allowed = left / max(state.quotas.until[quota] - today, 1)
        if wanted > allowed:
            for j in range(state.quotas.first[quota], state.quotas.end[quota]):
                work.lines.want[state.members.who[j]] *= allowed / wanted


@helper
def count_made(state: State, work: Work) -> None:
    """Count what was made today."""
    for quota in range(len(state.quotas)):
        if state.quotas.of[quota] != OF_LANES and left_of(state, quota) < np.inf:
            for j in range(state.quotas.first[quota], state.quotas.end[quota]):
                made = work.lines.made[state.members.who[j]]
                state.quotas.used[quota] += made * state.members.weight[j]
