"""The authority's desk against the theory of queues: OR26 M/M/1, OR27 M/D/1, OR28 M/M/3."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
import simpy

from sim.engine.desk import Desk

ARRIVALS = 4_000
LONG = 4_000_000
CASES = {
    "M/M/1": {"examiners": 1, "rate": 0.8, "fixed": False},
    "M/D/1": {"examiners": 1, "rate": 0.8, "fixed": True},
    "M/M/3": {"examiners": 3, "rate": 2.4, "fixed": False},
}


def luck(rate, fixed, count, seed):
    """Return times between arrivals and times of service, of mean 1/rate and 1."""
    rng = np.random.default_rng(seed)
    between = rng.exponential(1.0 / rate, count)
    return between, np.ones(count) if fixed else rng.exponential(1.0, count)


def waits_of_desk(examiners, between, service):
    """Let the desk's processes deal with the arrivals."""
    env = simpy.Environment()
    given = iter(service)
    desk = Desk(env, examiners, lambda: float(next(given)))

    def arrive():
        for gap in between:
            yield env.timeout(gap)
            env.process(desk.decide())

    env.process(arrive())
    env.run()
    return np.array(desk.waits)


def waits_by_recursion(examiners, between, service):
    """Kiefer and Wolfowitz: each arrival takes the examiner who is free first."""
    free = [0.0] * examiners
    now, waits = 0.0, np.empty(len(between))
    for i, (gap, needed) in enumerate(zip(between, service, strict=True)):
        now += gap
        begins = max(now, heapq.heappop(free))
        waits[i] = begins - now
        heapq.heappush(free, begins + needed)
    return waits


def lindley(between, service):
    """Return the waits at one examiner, all at once: the walk less its lowest point so far."""
    walk = np.concatenate([[0.0], np.cumsum(service[:-1] - between[1:])])
    return walk - np.minimum.accumulate(walk)


@pytest.mark.parametrize("name", CASES)
def test_the_desk_makes_everyone_wait_as_the_recursion_does(name):
    case = CASES[name]
    between, service = luck(case["rate"], case["fixed"], ARRIVALS, 7)
    waits = waits_of_desk(case["examiners"], between, service)
    np.testing.assert_allclose(waits, waits_by_recursion(case["examiners"], between, service), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "in_queue"),
    # OR26: L = 4 in the system and Wq = 4, so Lq = rate x Wq = 3.2. OR27: Lq = 1.6.
    [("M/M/1", 3.2), ("M/D/1", 1.6)],
)
def test_or26_or27_one_examiner(name, in_queue):
    case = CASES[name]
    between, service = luck(case["rate"], case["fixed"], LONG, 11)
    waits = lindley(between, service)
    some = slice(ARRIVALS)
    np.testing.assert_allclose(waits[some], waits_by_recursion(1, between[some], service[some]), atol=1e-6)
    assert case["rate"] * waits.mean() == pytest.approx(in_queue, rel=0.02)
    if name == "M/M/1":
        assert waits.mean() == pytest.approx(4.0, rel=0.02)
        assert case["rate"] * (waits + service).mean() == pytest.approx(4.0, rel=0.02)


def test_or28_three_examiners():
    """Erlang C at 2.4 offered: 0.64719 must wait; Lq = 2.58876."""
    case = CASES["M/M/3"]
    between, service = luck(case["rate"], case["fixed"], 1_000_000, 13)
    waits = waits_by_recursion(3, between, service)
    assert (waits > 0.0).mean() == pytest.approx(0.64719, rel=0.02)
    assert case["rate"] * waits.mean() == pytest.approx(2.58876, rel=0.02)


def test_priority_goes_before_arrival():
    env = simpy.Environment()
    desk = Desk(env, 1, lambda: 1.0)
    order = []

    def apply(name, rank):
        yield from desk.decide(rank)
        order.append(name)

    for name, rank in (("first", 1), ("second", 1), ("urgent", 0)):
        env.process(apply(name, rank))
    env.run()
    assert order == ["first", "urgent", "second"]
