"""Every plot draws on the axes it is given, labels both with units, and leaves no figure open."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

import sim.engine
from sim.interventions import ExportBan
from sim.plots import PLOTS
from sim.plots.style import spread
from sim.results.execute import run
from sim.results.run import Run
from sim.testing import day, small_case
from tests.support.stub import stub_engine, two_tier_network

mpl.use("Agg")


def make_run(monkeypatch: pytest.MonkeyPatch, works: int, replications: int) -> Run:
    monkeypatch.setattr(sim.engine, "simulate", stub_engine(spread_days=2))
    ban = ExportBan(id="april_ban", start=day(10), from_places=("CN",))
    return run(small_case(two_tier_network(works), 180, ban, replications=replications))


@pytest.mark.parametrize("name", ["cover", "runway"])
@pytest.mark.parametrize(("works", "replications"), [(1, 1), (30, 5)])
def test_plot_contract(monkeypatch: pytest.MonkeyPatch, name: str, works: int, replications: int) -> None:
    prepare, draw = PLOTS[name].prepare, PLOTS[name].draw
    frame = prepare(make_run(monkeypatch, works, replications))
    ax = Figure().subplots()
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what must not move
    assert draw(frame, ax) is ax
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert ax.has_data()
    labels = (ax.get_xlabel(), ax.get_ylabel())
    assert all(labels)
    assert any("[days]" in label for label in labels)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("works", [1, 12, 30])
def test_labels_of_many_sites_do_not_overlap(monkeypatch: pytest.MonkeyPatch, works: int) -> None:
    figure = make_run(monkeypatch, works, 3).plot.runway()
    figure.canvas.draw()
    above, below = figure.axes
    rows = [label.get_window_extent() for label in below.get_yticklabels()]
    for one, other in pairwise(sorted(rows, key=lambda box: box.y0)):
        assert other.y0 >= one.y1 - 0.2 * one.height
    ends = sorted(label.xyann[1] for label in above.texts if "starts" not in label.get_text())
    height = above.get_window_extent().height
    # Both kinds of label have the same size of type.
    for one, other in pairwise(ends):
        assert (other - one) * height >= 0.8 * rows[0].height
    assert plt.get_fignums() == []


def test_runway_frame_is_shortest_first_and_keeps_the_band(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = PLOTS["runway"].prepare(make_run(monkeypatch, 3, 5))
    assert frame["realised"].is_monotonic_increasing
    assert (frame["low"] < frame["realised"]).all()
    assert (frame["realised"] < frame["high"]).all()
    assert frame.attrs["window_days"] == 170


def test_spread_keeps_order_and_distance() -> None:
    levels = spread([0.9, 0.91, 0.92, 0.1], 0.1)
    assert levels[3] == pytest.approx(0.1)
    assert levels[:3] == pytest.approx([0.8, 0.9, 1.0])


@pytest.mark.parametrize("length", [5, 60])
def test_names_of_interventions_stand_clear_of_all_lines(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(sim.engine, "simulate", stub_engine(length_days=length))
    dates = {"start": day(10), "end": day(100)}
    bans = [ExportBan(id=f"ban_{i}", from_places=("CN",), **dates) for i in range(2)]
    figure = run(small_case(two_tier_network(2), 180, *bans)).plot.runway()
    figure.canvas.draw()
    above = figure.axes[0]
    top = max(float(np.nanmax(line.get_ydata())) for line in above.get_lines() if len(line.get_xdata()) > 2)
    highest = above.transData.transform((0.0, top))[1]
    named = [text for text in above.texts if " starts " in text.get_text() or " ends " in text.get_text()]
    assert len(named) == 4
    for text in named:
        assert Text.get_window_extent(text).y0 > highest


@pytest.mark.parametrize(("length", "swatches"), [(0, {"never short"}), (60, {"realised"})])
def test_the_legend_has_no_swatch_that_no_bar_uses(
    monkeypatch: pytest.MonkeyPatch, length: int, swatches: set[str]
) -> None:
    monkeypatch.setattr(sim.engine, "simulate", stub_engine(length_days=length))
    ban = ExportBan(id="april_ban", start=day(10), from_places=("CN",))
    below = run(small_case(two_tier_network(2), 180, ban)).plot.runway().axes[1]
    legend = below.get_legend()
    assert legend is not None
    named = {text.get_text() for text in legend.get_texts()}
    assert named & {"realised", "never short"} == swatches
