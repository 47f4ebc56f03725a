"""Where stocks come from, by stage and bloc, against mixtures made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.domain import Country
from sim.engine.simulate import simulate
from sim.interventions import ExportBan
from sim.metrics.origin import by_bloc, origin_frame
from sim.testing.networks import Sketch, day, small_case


def mixed():
    """Return a presser in JP whose metal is of CN's ore (a quarter) and AU's, both smelted in VN."""
    sketch = Sketch(elements=("ndpr",), tracked=("CN", "AU", "JP"))
    for name, form in (("ore", "concentrate"), ("metal", "metal"), ("magnet", "magnet")):
        sketch.material(name, form=form, unit="tonne", contents={"ndpr": 0.3})
    sketch.mine("pit_cn", "ore", plan=1.0, country="CN")
    sketch.mine("pit_au", "ore", plan=3.0, country="AU")
    plant = {"cover": 20.0, "output_cover": 10.0}
    sketch.plant("smelter", {"metal": 1.0}, {"ore": 1.0}, country="VN", **plant)
    sketch.plant("presser", {"magnet": 1.0}, {"metal": 1.0}, country="JP", **plant)
    sketch.builder("works", {"magnet": 1.0}, plan=4.0, cover=20.0, country="JP")
    sketch.lane("pit_cn", "smelter", "ore", days=5, share=0.25)
    sketch.lane("pit_au", "smelter", "ore", days=5, share=0.75)
    sketch.lane("smelter", "presser", "metal", days=5)
    sketch.lane("presser", "works", "magnet", days=5)
    names = {"CN": (), "AU": ("g20", "quad"), "JP": ("g7", "quad"), "VN": ("asean",)}
    countries = {code: Country(code, code, blocs) for code, blocs in names.items()}
    return replace(sketch.network(), countries=countries)


def shares(frame, site, column):
    rows = frame[(frame["site"] == site) & (frame["stage"] != "touched")]
    return {(row.stage, row.jurisdiction): getattr(row, column) for row in rows.itertuples()}


def test_shares_by_stage_are_those_of_the_mixture():
    network = mixed()
    frame = origin_frame(simulate(small_case(network, 60)), network)
    found = shares(frame, "presser", "start_share")
    assert found == pytest.approx({("mined", "CN"): 0.25, ("mined", "AU"): 0.75, ("metal", "other"): 1.0})
    found = shares(frame, "works", "end_share")
    assert found["magnet", "JP"] == pytest.approx(1.0)
    assert found["mined", "CN"] == pytest.approx(0.25)
    touched = frame[(frame["site"] == "works") & (frame["stage"] == "touched")].set_index("jurisdiction")
    assert touched["end_share"].to_dict() == pytest.approx({"AU": 0.75, "CN": 0.25, "JP": 1.0, "other": 1.0})


def test_a_cut_shows_between_the_first_and_the_last_day():
    network = mixed()
    ban = ExportBan(id="ban", from_places=("CN",), start=day(10))
    frame = origin_frame(simulate(small_case(network, 900, ban)), network)
    row = frame[(frame["site"] == "works") & (frame["stage"] == "mined")].set_index("jurisdiction").loc["CN"]
    assert row["start_share"] == pytest.approx(0.25)
    assert row["end_share"] < 0.05


def test_a_country_counts_in_each_of_its_blocs():
    network = mixed()
    frame = by_bloc(origin_frame(simulate(small_case(network, 60)), network))
    works = frame[frame["site"] == "works"].set_index(["stage", "bloc"])["start_share"].to_dict()
    assert works == pytest.approx(
        {("mined", "g20"): 0.75, ("mined", "quad"): 0.75, ("magnet", "g7"): 1.0, ("magnet", "quad"): 1.0}
    )
