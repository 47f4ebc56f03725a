"""Day 0 as it is said to be: licences cover orders to the tonne, applications are decided in their turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.case import InitialState, OpenLicence, Uncertain
from sim.domain import Distribution
from sim.engine.simulate import simulate
from sim.engine.trajectory import LICENCE_COLUMNS
from sim.interventions import ExportLicence
from sim.interventions.export_licence import Approval
from sim.testing.networks import Sketch, day, small_case

RATE = 10.0
DELAY = 20
LANE = "mill_works_motor"
SECOND = "mill_yard_motor"


def network(second: bool = False):
    """One maker in CN and one user in JP, of ten motors a day; a second user of thirty if asked for."""
    sketch = Sketch()
    habits = {"patience_days": np.inf, "licence_patience_days": np.inf, "lead_time_learning_days": np.inf}
    sketch.source("mill", "motor", country="CN")
    for name, rate in (("works", RATE), ("yard", 3 * RATE))[: 2 if second else 1]:
        sketch.builder(name, {"motor": 1.0}, plan=rate, cover=400.0, country="JP", habits=habits)
        sketch.lane("mill", name, "motor", days=30)
    return sketch.network()


def case(*licences: OpenLicence, second: bool = False, **fields: object):
    """Return a case whose rule has been in force for a hundred days."""
    given = {"id": "rule", "by": ("CN",), "start": day(-100), "processing_days": float(DELAY)} | fields
    built = small_case(network(second), 120, ExportLicence(**given))
    return replace(built, initial_state=InitialState(licences=licences))


def granted(quantity: float, until: int | None = None, lanes: tuple[str, ...] = (LANE,)) -> OpenLicence:
    return OpenLicence("rule", lanes, quantity, is_granted=True, day=-5, until=until)


def filed(quantity: float, on: int, lanes: tuple[str, ...] = (LANE,)) -> OpenLicence:
    return OpenLicence("rule", lanes, quantity, is_granted=False, day=on)


def shipped(run, lane: str = LANE):
    return run.shipped[:, run.lanes.index(lane)]


def books(run):
    return dict(zip(LICENCE_COLUMNS, run.licences["rule"].T, strict=True))


def test_without_open_licences_nothing_ships_until_the_first_is_granted():
    run = simulate(case())
    assert np.all(shipped(run)[:DELAY] == 0.0)
    assert shipped(run).sum() > 0.0


def test_a_licence_covers_as_many_tonnes_as_it_says():
    run = simulate(case(granted(75.0)))
    np.testing.assert_allclose(shipped(run)[:DELAY], [RATE] * 7 + [5.0] + [0.0] * (DELAY - 8), atol=1e-9)


def test_a_licence_lapses_on_its_day():
    run = simulate(case(granted(500.0, until=6)))
    np.testing.assert_allclose(shipped(run)[:DELAY], [RATE] * 6 + [0.0] * (DELAY - 6), atol=1e-9)
    assert books(run)["lapsed"][-1] == pytest.approx(500.0 - 6 * RATE)


def test_of_two_licences_the_one_that_ends_first_is_used_first():
    run = simulate(case(granted(100.0, until=90), granted(50.0, until=3)))
    # 30 of the short one are used when it lapses; the long one lasts ten days more.
    np.testing.assert_allclose(shipped(run)[:DELAY], [RATE] * 13 + [0.0] * (DELAY - 13), atol=1e-9)


def test_an_application_is_decided_when_its_examination_is_over():
    run = simulate(case(filed(100.0, on=-12)))
    # Filed twelve days ago, it has eight to go; its orders count in the position: ten days are not ordered.
    assert np.flatnonzero(shipped(run))[0] == DELAY - 12
    assert shipped(run)[DELAY - 12] == pytest.approx(100.0)
    assert books(run)["filed"][0] == pytest.approx(100.0)
    last = {name: column[-1] for name, column in books(run).items()}
    pending = last["preparing"] + last["in_queue"] + last["returned"]
    assert last["granted"] + pending == pytest.approx(last["filed"])


def test_over_time_as_much_is_ordered_as_without_the_applications():
    one, other = simulate(case(filed(100.0, on=-12))), simulate(case())
    ends = [run.shipped.sum() + books(run)["waiting"][-1] for run in (one, other)]
    assert ends[0] == pytest.approx(ends[1], abs=8 * RATE)


def test_one_that_is_older_than_any_examination_is_decided_at_once():
    run = simulate(case(filed(40.0, on=-60)))
    assert shipped(run)[0] == pytest.approx(40.0)


def test_what_is_refused_for_good_is_ordered_anew():
    rule = {"approval": Approval(civil=0.0, on_refusal="final")}
    run = simulate(case(filed(100.0, on=-12), **rule))
    assert shipped(run).sum() == 0.0
    assert books(run)["refused"][-1] >= 100.0


def test_lanes_share_a_licence_by_their_normal_flow():
    run = simulate(case(granted(80.0, lanes=(LANE, SECOND)), second=True))
    np.testing.assert_allclose(shipped(run)[:3], [RATE, RATE, 0.0], atol=1e-9)
    np.testing.assert_allclose(shipped(run, SECOND)[:3], [3 * RATE, 3 * RATE, 0.0], atol=1e-9)


def test_the_rest_of_an_examination_follows_its_law_given_its_age():
    law = Distribution("uniform", {"low": 0.0, "high": 40.0})
    built = case(filed(1000.0, on=-20), processing_days=law)
    days = [int(np.flatnonzero(shipped(simulate(built, number)) > 500.0)[0]) for number in range(150)]
    assert min(days) >= 1
    assert max(days) <= 20
    # Known to last more than 20 d, it ends evenly over the next 20; the effect comes with the next morning.
    assert np.mean(days) == pytest.approx(10.5, abs=3 * 20 / np.sqrt(12 * len(days)))


def test_an_uncertain_quantity_is_drawn_once_per_replication():
    law = Distribution("uniform", {"low": 20.0, "high": 60.0})
    built = replace(case(granted(40.0)), uncertain=(Uncertain("initial_state.licences.0", law),))
    assert shipped(simulate(built))[:DELAY].sum() == pytest.approx(40.0)
    totals = [shipped(simulate(built, number))[:DELAY].sum() for number in range(20)]
    assert len(set(totals)) == 20
    assert min(totals) >= 20.0
    assert max(totals) <= 60.0


def test_the_ledger_opens_with_what_is_said_and_stays_balanced():
    built = case(granted(75.0), filed(100.0, on=-12))
    state = replace(
        built.initial_state, on_hand={("works", "motor"): 3210.0}, in_transit={LANE: ((4, 60.0), (9, 40.0))}
    )
    run = simulate(replace(built, initial_state=state))
    column = [(item.site, item.material, item.role) for item in run.stocks].index(("works", "motor", "input"))
    assert run.opening_on_hand[column] == pytest.approx(3210.0)
    assert max(run.balance.values(), default=0.0) < 1e-9
    arrived = run.received[:30, run.lanes.index(LANE)]
    np.testing.assert_allclose(np.flatnonzero(arrived), [4, 9])
    made = run.line_made[:, run.lines.index("works_line")].sum()
    closing = run.on_hand[-1, column]
    assert closing == pytest.approx(3210.0 + run.received[:, run.lanes.index(LANE)].sum() - made)
