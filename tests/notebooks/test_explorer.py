"""The explorer: its update function changes the figure, and a redraw costs one simulation."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import sim
from sim.errors import SimError
from sim.explore import LIMITS, Knobs, WrongKnob
from sim.interventions import ExportLicence
from sim.metrics import MEASURES, Reading, SiteView
from sim.metrics.registry import Value

FIVE_SITES = Path(__file__).resolve().parents[2] / "docs" / "five_sites"
CHEAP_SECONDS = 1.0
"""Generous: a redraw takes some 0.1 s of processor time, the PNG in the page as much again."""


@pytest.fixture(scope="module")
def explorer() -> sim.Explorer:
    made = sim.Explorer(site="toyota_japan", by="China")
    made.update()
    return made


def test_the_figure_changes_with_each_knob(explorer: sim.Explorer) -> None:
    pictures = {explorer.update()._repr_png_()}  # type: ignore[attr-defined]
    for knobs in ({"cover_days": 20.0}, {"licence_days": 90.0}, {"cut_share": 0.9}, {"transit_days": 30.0}):
        pictures.add(explorer.update(**knobs)._repr_png_())  # type: ignore[attr-defined]
    assert len(pictures) == 5
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)


def test_the_runway_moves_the_way_it_must(explorer: sim.Explorer) -> None:
    def runway(**knobs: float) -> float:
        explorer.update(**knobs)
        days = float(explorer.result["realised_runway_days"])
        return explorer.horizon_days if days != days else days

    assert runway(cover_days=60.0) == explorer.horizon_days
    cut = [runway(cut_share=0.9, cover_days=cover) for cover in (20.0, 60.0, 100.0)]
    assert cut == sorted(cut)
    assert cut[0] < cut[2]
    assert explorer.result["static_runway_days"] == pytest.approx(100.0)


def test_a_redraw_costs_one_simulation(explorer: sim.Explorer) -> None:
    explorer.update(cover_days=55.0)
    before = explorer.simulations
    started = time.process_time()
    explorer.update(cover_days=55.0, licence_days=45.0, cut_share=0.2)
    assert time.process_time() - started < CHEAP_SECONDS
    assert explorer.simulations == before + 1
    explorer.update(cover_days=56.0)
    assert explorer.simulations == before + 3  # a new cover has a baseline of its own


def test_a_redraw_measures_only_the_maker_it_shows(
    explorer: sim.Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: set[str] = set()
    item = MEASURES["lost_units"]

    def noted(reading: Reading, view: SiteView) -> Value:
        measured.add(view.site)
        return item.function(reading, view)

    monkeypatch.setitem(MEASURES, "lost_units", replace(item, function=noted))
    explorer.update(cover_days=57.0, licence_days=45.0)
    assert measured == {"toyota_japan"}


def test_it_is_what_sim_run_says(explorer: sim.Explorer) -> None:
    knobs = {"cover_days": 30.0, "licence_days": 90.0, "transit_days": 5.0}
    explorer.update(**knobs)
    row = sim.run(explorer.case(Knobs(**knobs))).metrics.loc["toyota_japan"]
    for name in ("static_runway_days", "pipeline_runway_days", "realised_runway_days", "lost_units"):
        assert explorer.result[name] == pytest.approx(row[name], nan_ok=True), name
    measured = set(MEASURES) & set(explorer.result)
    assert measured == set(MEASURES)
    texts = [name for name, item in MEASURES.items() if item.unit in ("date", "name")]
    assert {name: explorer.result[name] for name in texts} == {name: row[name] for name in texts}


def test_sliders_turn_the_picture() -> None:
    explorer = sim.Explorer(str(FIVE_SITES), "nagoya_cars", by="MY")
    assert set(explorer.sliders) == set(LIMITS)
    box = explorer.widget
    assert box.children[-1] is explorer.image
    shown, count = explorer.image.value, explorer.simulations
    explorer.sliders["cut_share"].value = 1.0
    assert explorer.image.value != shown
    assert explorer.simulations == count + 1


def test_materials_narrow_the_licence() -> None:
    explorer = sim.Explorer(materials=["magnet_heavy"])
    (licence,) = explorer.case(Knobs(licence_days=45.0)).interventions
    assert isinstance(licence, ExportLicence)
    assert licence.materials == ("magnet_heavy",)


def test_wrong_use_is_told() -> None:
    with pytest.raises(WrongKnob, match="did you mean 'toyota_japan'"):
        sim.Explorer(site="toyota_jpan")
    with pytest.raises(WrongKnob, match="outside the window"):
        sim.Explorer(acts=date(2030, 1, 1))
    with pytest.raises(WrongKnob, match="no slider is named 'cover'"):
        sim.Explorer().update(cover=3.0)
    with pytest.raises(WrongKnob, match="share from 0 to 1"):
        Knobs(cut_share=60.0)
    with pytest.raises(WrongKnob, match="number of days"):
        Knobs(cover_days=-1.0)


def test_without_ipywidgets_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(SimError, match="notebook"):
        _ = sim.Explorer().sliders


def test_import_loads_no_widgets() -> None:
    code = (
        "import sys, sim; sim.Explorer; "
        "print([m for m in ('ipywidgets', 'IPython', 'matplotlib') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
