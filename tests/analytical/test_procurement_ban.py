"""A ban on procurement: only stocks that no covered country has worked are bought from, and mass is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.simulate import simulate
from sim.interventions import ExportBan, ProcurementBan
from sim.testing.networks import Sketch, day, small_case


def magnets(segregated=False, unknown=False):
    """Return a US presser of mixed feed, a European one of clean feed, and a defence and a civil works."""
    sketch = Sketch(elements=("ndpr",), tracked=("CN", "US", "AU"))
    for name, form in (("oxide", "oxide"), ("magnet", "magnet")):
        sketch.material(name, form=form, unit="tonne", contents={"ndpr": 0.8 if form == "oxide" else 0.3})
    sketch.source("chinese", "oxide", country="CN")
    sketch.source("clean", "oxide", country="AU")
    plant = {"cover": 20.0, "output_cover": 10.0}
    sketch.plant("mixed", {"magnet": 1.0}, {"oxide": 0.4}, country="US", **plant)
    sketch.plant("pure", {"magnet": 1.0}, {"oxide": 0.4}, country="DE", **plant)
    habits = {"patience_days": 10.0}
    for site, use, plan in (("defence", "military", 1.0), ("civil", "civil", 9.0)):
        sketch.builder(site, {"magnet": 1.0}, plan=plan, cover=60.0, country="US",
                       habits=habits | {"end_use": use})  # fmt: skip
        sketch.lane("mixed", site, "magnet", days=5, share=1.0)
        sketch.lane("pure", site, "magnet", days=10, share=0.0)
    feeds = (("chinese", "mixed", 0.01), ("clean", "mixed", 0.99), ("clean", "pure", 1.0))
    for seller, buyer, share in feeds:
        if not (segregated and seller == "chinese"):
            sketch.lane(seller, buyer, "oxide", days=5, share=1.0 if segregated else share)
    network = sketch.network()
    return replace(network, unknown_origin=("clean",)) if unknown else network


def ban(**fields):
    given = {"id": "ban", "end_use": ("military",), "covered": ("CN",), "start": day(30)}
    return ProcurementBan(**(given | fields))


def shipped(run, lane):
    return run.shipped[:, run.lanes.index(lane)]


def test_the_buyer_turns_to_compliant_stock_and_others_go_on():
    network = magnets()
    run, free = simulate(small_case(network, 400, ban())), simulate(small_case(network, 400))
    assert np.all(shipped(run, "mixed_defence_magnet")[30:] == 0.0)
    assert shipped(run, "pure_defence_magnet")[300:].mean() == pytest.approx(1.0, rel=0.02)
    civil = "mixed_civil_magnet"
    np.testing.assert_allclose(shipped(run, civil), shipped(free, civil), rtol=1e-9)
    assert run.line_made[:, run.lines.index("defence_line")].min() == pytest.approx(1.0)


def test_a_hundredth_of_chinese_feed_is_too_much_and_none_is_enough():
    kept = simulate(small_case(magnets(segregated=True), 200, ban()))
    np.testing.assert_allclose(shipped(kept, "mixed_defence_magnet"), 1.0, rtol=1e-9)


def test_goods_of_unknown_origin_never_comply():
    run = simulate(small_case(magnets(segregated=True, unknown=True), 200, ban()))
    for seller in ("mixed", "pure"):
        assert np.all(shipped(run, f"{seller}_defence_magnet")[30:] == 0.0)


@pytest.mark.parametrize(
    ("stages", "refuses"), [(("magnet",), False), (("metal",), False), (("separated",), True)]
)
def test_only_the_stages_of_the_ban_count(stages, refuses):
    run = simulate(small_case(magnets(), 120, ban(stages=stages)))
    assert bool(np.all(shipped(run, "mixed_defence_magnet")[30:] == 0.0)) is refuses


def test_a_stock_that_washes_out_does_not_comply_soon():
    """After the last Chinese delivery a mixed stock keeps a share for ever, though an ever smaller one."""
    network = magnets()
    stop = ExportBan(id="stop", from_places=("CN",), start=day(0))
    run = simulate(small_case(network, 400, ban(), stop))
    assert np.all(shipped(run, "mixed_defence_magnet")[30:60] == 0.0)


def test_a_country_whose_touch_is_not_followed_is_refused():
    assert "does not follow the touch of DE" in ban(covered=("DE",)).problems(magnets())[0]
    assert "no country" in ban(covered=("Chin",)).problems(magnets())[0]
