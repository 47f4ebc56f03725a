"""What waits at a gate, and for how long: every tonne at one gate, its days by Little's law."""

from __future__ import annotations

import numpy as np
import pytest

from sim.domain import Distribution
from sim.engine.simulate import simulate
from sim.engine.trajectory import LICENCE_COLUMNS
from sim.interventions import ExportBan, ExportLicence, ExportQuota, Outage, TransitRefusal
from sim.interventions.export_licence import Approval
from sim.metrics.gates import GATES, by_gate, entered, gate_frame, licence_frame, waiting_at
from sim.testing.networks import Sketch, day, small_case

PLAN = 10.0


def world(patience=np.inf):
    sketch = Sketch()
    sketch.material("magnet", form="magnet", unit="tonne")
    sketch.mine("maker", "magnet", plan=PLAN, capacity_per_day=3 * PLAN, country="CN")
    habits = {"patience_days": patience, "licence_patience_days": np.inf, "lead_time_learning_days": np.inf}
    sketch.builder("works", {"magnet": 1.0}, plan=PLAN, cover=300.0, country="JP", habits=habits)
    sketch.lane("maker", "works", "magnet", days=30)
    return sketch.network()


LANE = "maker_works_magnet"


def totals(run, network):
    return by_gate(gate_frame(run, network))["tonnes"].to_dict()


def test_a_calm_world_holds_nothing_anywhere():
    network = world()
    run = simulate(small_case(network, 100))
    assert set(totals(run, network).values()) == {0.0}
    assert gate_frame(run, network).empty


def test_what_a_ban_holds_waits_until_it_ends():
    network = world()
    run = simulate(small_case(network, 200, ExportBan(id="ban", start=day(50), end=day(80))))
    frame = by_gate(gate_frame(run, network))
    # Orders of days 50 to 79 are held; that of day 50 for 30 days, that of day 79 for one: 15.5 on average.
    assert frame.loc["ban", "tonnes"] == pytest.approx(30 * PLAN)
    assert frame.loc["ban", "mean_days"] == pytest.approx(15.5)
    held = gate_frame(run, network).set_index("gate")
    assert held.loc["ban", "most"] == pytest.approx(30 * PLAN)
    assert frame.loc[["licence", "quota", "route", "transit"], "tonnes"].eq(0.0).all()


def test_orders_cancelled_at_a_gate_have_waited_their_patience():
    network = world(patience=10.0)
    run = simulate(small_case(network, 200, ExportBan(id="ban", start=day(50), end=day(80), leak=0.3)))
    frame = gate_frame(run, network).set_index("gate")
    assert frame.loc["ban", "mean_days"] <= 10.0 + 1e-9
    assert frame.loc["ban", "quantity"] > 0.0


def test_a_licence_holds_what_is_filed_for_its_time():
    network = world()
    rule = ExportLicence(id="rule", by=("CN",), start=day(0), processing_days=21.0)
    run = simulate(small_case(network, 400, rule))
    frame = by_gate(gate_frame(run, network))
    waiting = waiting_at(run, "licence").sum()
    assert frame.loc["licence", "tonnes"] * frame.loc["licence", "mean_days"] == pytest.approx(waiting)
    # Those of the last weeks have not waited their time yet; a decision takes effect in the morning after.
    filed = frame.loc["licence", "tonnes"]
    assert frame.loc["licence", "mean_days"] == pytest.approx(21.5, abs=21.5 * 21.5 * PLAN / filed + 0.5)


def test_a_quota_and_a_closed_route_and_a_short_seller_are_told_apart():
    network = world()
    quota = ExportQuota(id="quota", from_places=("CN",), start=day(20), end=day(60), window_days=100.0,
                        quantity=100.0)  # fmt: skip
    closed = TransitRefusal(
        id="strait", through=(f"{LANE}_strait",), start=day(80), end=day(100), under_way="held"
    )
    broken = Outage(id="broken", sites=("maker",), start=day(120), end=day(160))
    run = simulate(small_case(network, 300, quota, closed, broken))
    found = totals(run, network)
    assert found["quota"] == pytest.approx(30 * PLAN)
    assert found["route"] == pytest.approx(20 * PLAN)
    assert found["transit"] == pytest.approx(run.in_transit[79, 0])
    assert found["seller"] > 0.0
    assert found["ban"] == found["licence"] == 0.0
    frame = gate_frame(run, network)
    assert set(frame["gate"]) == {"quota", "route", "seller", "transit"}


def test_a_tonne_waits_in_one_place():
    """With every gate shut in turn and together, open orders are exactly what the gates hold."""
    network = world()
    rules = (
        ExportBan(id="ban", start=day(30), end=day(60)),
        ExportQuota(id="quota", from_places=("CN",), start=day(40), window_days=50.0, quantity=200.0),
        ExportLicence(id="rule", by=("CN",), start=day(50), processing_days=20.0, enforced_days=21.0),
        Outage(id="broken", sites=("maker",), start=day(150), end=day(200)),
    )
    run = simulate(small_case(network, 300, *rules))
    held = sum(waiting_at(run, gate) for gate in GATES if gate not in ("licence", "transit"))
    np.testing.assert_allclose(held, run.unshipped, rtol=1e-12, atol=1e-12)
    for gate in GATES:
        assert np.all(entered(run, gate) >= 0.0)


def test_the_books_of_an_office_add_up():
    network = world()
    law = Distribution("gamma", {"mean": 30.0, "cv": 0.5})
    rule = ExportLicence(id="rule", by=("CN",), start=day(10), preparing_days=10.0, processing_days=law,
                         decisions_per_week=0.8, returned=0.3, returned_days=14.0, validity_days=60.0,
                         approval=Approval(civil=0.9))  # fmt: skip
    run = simulate(small_case(network, 500, rule))
    books = licence_frame(run)
    assert list(books["office"].unique()) == ["rule"]
    for name in ("filed", "granted", "refused", "lapsed", "shipped"):
        assert np.all(np.diff(books[name]) >= -1e-9), name
    # What was filed is granted or still somewhere: refused tonnes are applied for anew.
    there = books["preparing"] + books["in_queue"] + books["returned"]
    np.testing.assert_allclose(books["filed"], books["granted"] + there, rtol=1e-9)
    assert np.all(books["shipped"] + books["lapsed"] <= books["granted"] + 1e-9)
    for name in ("preparing", "in_queue", "returned", "refused", "shipped"):
        assert books[name].max() > 0.0, name
    delay = books["delay_days"].dropna()
    assert delay.iloc[-1] > 40.0  # preparing and examination alone
    assert books["approved_share"].iloc[-1] < 1.0
    assert set(books.columns) == {"office", "date", "approved_share", *LICENCE_COLUMNS[1:]}
