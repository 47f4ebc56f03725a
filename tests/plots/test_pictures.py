"""Every picture: drawn for every scenario without a warning, units on its axes, no text on another."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.dates import num2date
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text

import sim
from sim.interventions import ExportBan, Pause
from sim.plots import PLOTS, NoPicture, UnknownPlot, drawn, figure_of, save_figure
from sim.plots.histories import histories, quantiles
from sim.plots.licences import HATCHES as LAYER_HATCHES
from sim.plots.licences import LAYERS
from sim.plots.rules import rules_of
from sim.plots.summary import summary
from sim.plots.world_map import COLOURS as MAP_COLOURS
from sim.plots.world_map import DASHES
from sim.results.run import Run
from sim.scenario import library
from sim.testing import day, small_case
from tests.plots.heroes import HEROES, IMAGES, apart, blocks, picture
from tests.support.stub import two_tier_network

OF_RUNS = sorted(name for name, item in PLOTS.items() if item.of == "run")
SMALLER: dict[str, dict[str, object]] = {"cover_delay": {"covers": (15, 60), "delays": (42,)}}
"""Options that make a picture that simulates a grid of its own simulate less."""
SCENARIOS = sorted(path.stem for *_, path in library())
FIRST_DAYS = 400
LOOKED_AT = "japan_import_cut"
ALIKE, NOTICED = 6.0, 8.0
"""Two renderings of one picture differ by no more than the first; a change of the data by more than the
second [shades of 255]."""
OVERLAP = 0.25
"""Two texts overlap if this share of the smaller lies on the other."""


@pytest.fixture(scope="module")
def cut() -> Run:
    """The reference network under the hardest cut, with everything in memory."""
    return sim.run(LOOKED_AT)


@pytest.fixture(scope="module")
def small() -> Run:
    """A small network with three replications, whose two works run dry."""
    ban = ExportBan(id="april_ban", start=day(10), end=day(120), from_places=("CN",))
    return sim.run(small_case(two_tier_network(2), 180, ban, replications=3))


def words(figure: Figure) -> list[tuple[str, object]]:
    """Return what is written, with its place on the canvas."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    # matplotlib keeps ticks outside the limits, so these are looked at below.
    ticks = {id(text) for axis in axes for tick in axis.get_major_ticks() for text in tick.findobj(Text)}
    found = [
        (text.get_text(), Text.get_window_extent(text, renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in ticks
    ]
    for axis in (axis for axis in axes if axis.get_visible()):
        low, high = sorted(axis.get_view_interval())
        pairs = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        shown = [label for place, label in pairs if low <= place <= high and label.get_text().strip()]
        found += [(label.get_text(), label.get_window_extent(renderer)) for label in shown]
    return found


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Return pairs of texts that lie on each other."""
    found = []
    for (one, a), (other, b) in combinations(words(figure), 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)  # type: ignore[attr-defined]
        height = min(a.y1, b.y1) - max(a.y0, b.y0)  # type: ignore[attr-defined]
        smaller = min(a.width * a.height, b.width * b.height)  # type: ignore[attr-defined]
        if width > 0.0 and height > 0.0 and width * height > OVERLAP * smaller:
            found.append((one, other))
    return found


def outside(figure: Figure) -> list[str]:
    """Return texts that the edge of the figure cuts."""
    edge = figure.bbox
    return [
        text
        for text, box in words(figure)
        if box.x0 < edge.x0 - 2 or box.x1 > edge.x1 + 2 or box.y0 < edge.y0 - 2 or box.y1 > edge.y1 + 2  # type: ignore[attr-defined]
    ]


def drawn_run(scenario: str) -> Run:
    """Return a run of the first days, or of the whole if a rule begins after them."""
    case = sim.load(scenario).case
    starts = [item.start for item in case.interventions if item.start is not None]
    is_late = any((start - case.start).days >= FIRST_DAYS for start in starts)
    return sim.run(scenario, sets=[] if is_late else [f"horizon={FIRST_DAYS} d"])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_picture_of_every_scenario_is_drawn_without_a_warning(scenario: str, cut: Run) -> None:
    run = cut if scenario == LOOKED_AT else drawn_run(scenario)
    for name in OF_RUNS:
        plot = PLOTS[name]
        ax = Figure().subplots()
        frame = plot.prepare(run, **SMALLER.get(name, {}))
        assert plot.draw(frame, ax) is ax, name
        assert "[" in ax.get_ylabel(), name
        assert ax.get_xlabel(), name
        assert ax.get_title(loc="left") or ax.get_title(), name
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", OF_RUNS)
def test_no_text_lies_on_another_or_is_cut(cut: Run, name: str) -> None:
    figure = figure_of(name, cut, **SMALLER.get(name, {}))
    assert overlapping(figure) == []
    assert outside(figure) == []
    for ax in figure.axes:
        legend = ax.get_legend()
        assert legend is None or legend.get_texts(), "an empty legend"


def test_pictures_of_licences_are_as_clear() -> None:
    """Long names of makers, many stops, and two axes of which one shows the dates."""
    run = sim.run("april_2025_licensing")
    for name in ("ladder", "licence_funnel", "gates", "manufacturer"):
        figure = figure_of(name, run)
        assert overlapping(figure) == [], name
        assert outside(figure) == [], name


@pytest.mark.parametrize(
    "scenario", ["everything_at_once", "content_rule_returns", "october_2025_content_rule"]
)
def test_every_line_of_a_rule_has_a_name_that_can_be_read(scenario: str) -> None:
    run = sim.run(scenario)
    for name in ("cover", "fan", "gates", "licence_funnel", "manufacturer", "stages"):
        figure = figure_of(name, run)
        assert overlapping(figure) == [], name
        assert outside(figure) == [], name
        lines = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "--"]
        days = {num2date(line.get_xdata()[0]).date().isoformat() for line in lines if upright(line)}
        said = [text.get_text() for text in figure.findobj(Text)]
        assert {day for day in days for text in said if text.endswith(day)} == days, name
        assert days or name == "licence_funnel"


def upright(line: Line2D) -> bool:
    return len(set(line.get_xdata())) == 1


def test_rules_too_many_to_stand_beside_their_lines_are_numbered() -> None:
    frame = PLOTS["manufacturer"].prepare(sim.run("everything_at_once"))
    ax = drawn(PLOTS["manufacturer"], frame).axes[0]
    numbers = [text.get_text() for text in ax.texts]
    assert numbers == ["1", "2–5", "6", "7", "8–9"]  # noqa: RUF001
    (key,) = (item for item in ax.get_children() if isinstance(item, Legend) and item is not ax.get_legend())
    said = [text.get_text() for text in key.get_texts()]
    assert said[0] == "1  irel stop starts 2025-06-13"
    assert [text.split()[0] for text in said] == [str(i + 1) for i in range(9)]


def test_a_pause_of_a_rule_is_seen_where_it_lies() -> None:
    """A rule that is suspended for a year is not drawn as if it were in force."""
    pauses = (Pause(start=day(5), end=day(40)), Pause(start=day(60), end=day(80)), Pause(start=day(150)))
    ban = ExportBan(id="ban", start=day(20), end=day(120), from_places=("CN",), pauses=pauses)
    found = sim.run(small_case(two_tier_network(2), 180, ban))
    frame = PLOTS["timeline"].prepare(found)
    (spans,) = frame["pauses"]
    assert [(str(a)[:10], str(b)[:10]) for a, b in spans] == [
        (str(day(20)), str(day(40))),
        (str(day(60)), str(day(80))),
    ]
    ax = drawn(PLOTS["timeline"], frame).axes[0]
    hatched = [bar for bar in ax.patches if bar.get_hatch()]
    assert [num2date(bar.get_x()).date() for bar in hatched] == [day(20), day(60)]
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["in force", "paused"]
    assert [(when, word) for when, word, _ in rules_of(found)] == [
        (str(day(20)), "pauses"),
        (str(day(20)), "starts"),
        (str(day(40)), "resumes"),
        (str(day(60)), "pauses"),
        (str(day(80)), "resumes"),
        (str(day(120)), "ends"),
    ]


@pytest.mark.parametrize("scenario", ["april_2025_licensing", "recycling_thrifting"])
def test_what_a_rule_says_stands_whole_above_its_bar(scenario: str) -> None:
    frame = PLOTS["timeline"].prepare(sim.run(scenario))
    ax = drawn(PLOTS["timeline"], frame).axes[0]
    said = [text.get_text().replace("\n", " ") for text in ax.texts]
    assert said == list(frame["says"])
    assert max(map(len, said)) > 110
    assert outside(ax.get_figure()) == overlapping(ax.get_figure()) == []


def test_a_run_from_its_folder_names_the_same_rules(tmp_path: Path) -> None:
    """Ends that follow from durations, and pauses, are not among the dates that a folder states."""
    run = sim.run("everything_at_once", sets=["horizon=600 d"])
    folder = run.save(tmp_path / "run", picture=False)
    assert len([word for _, word, _ in rules_of(run) if word == "ends"]) > 1
    assert rules_of(sim.load_run(folder)) == rules_of(run)
    (folder / "scenario.resolved.yaml").unlink()
    stated = [(i["start"], "starts") for i in run.manifest["interventions"]]
    assert [rule[:2] for rule in rules_of(sim.load_run(folder)) if rule[1] == "starts"] == sorted(stated)


def shade(colour: Any) -> float:
    """Return what a colour is in a print in grey, 0 to 255."""
    red, green, blue = to_rgb(colour)
    return 255.0 * (0.299 * red + 0.587 * green + 0.114 * blue)


def test_lanes_of_a_map_are_told_apart_in_grey() -> None:
    """No two states share a pattern of dashes unless their shades are far apart."""
    for (one, a), (other, b) in combinations(MAP_COLOURS.items(), 2):
        alike = DASHES[one] == DASHES[other]
        assert not alike or abs(shade(a) - shade(b)) > 80.0, (one, other)
    frame = PLOTS["world_map"].prepare(sim.run("kazakhstan_transit_refused"))
    ax = drawn(PLOTS["world_map"], frame).axes[0]
    widths = {
        colour: [line.get_linewidth() for line in ax.get_lines() if line.get_color() == colour]
        for colour in MAP_COLOURS.values()
    }
    assert min(widths[MAP_COLOURS["on other routes"]]) > 1.2
    assert min(widths[MAP_COLOURS["as before"]]) < 1.0


def test_lines_of_cover_are_told_apart_in_grey(cut: Run) -> None:
    ax = drawn(PLOTS["cover"], PLOTS["cover"].prepare(cut)).axes[0]
    named = [line for line in ax.get_lines() if line.get_zorder() == 3]
    assert len(named) == 8
    for one, other in combinations(named, 2):
        alike = one._unscaled_dash_pattern == other._unscaled_dash_pattern  # type: ignore[attr-defined]
        assert not alike or abs(shade(one.get_color()) - shade(other.get_color())) > 20.0


def test_parts_of_a_funnel_are_told_apart_in_grey() -> None:
    for (one, a), (other, b) in combinations(LAYERS.items(), 2):
        alike = LAYER_HATCHES.get(one) == LAYER_HATCHES.get(other)
        assert not alike or abs(shade(a) - shade(b)) > 30.0, (one, other)
    figure = figure_of("licence_funnel", sim.run("april_2025_licensing"))
    hatches = {layer.get_label(): layer.get_hatch() for layer in figure.axes[0].collections}
    assert hatches["refused"] != hatches["shipped"]
    assert hatches["preparing"] != hatches["in queue"]


@pytest.mark.parametrize("name", sorted({*OF_RUNS} - {"cover_delay"}))
def test_pictures_of_a_small_network_with_replications(small: Run, name: str) -> None:
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what must not move
    figure = figure_of(name, small)
    figure.canvas.draw()
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert plt.get_fignums() == []


def test_overlaps_are_found() -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    ax.set_axis_off()
    ax.text(0.5, 0.5, "on")
    ax.text(0.5, 0.51, "it")
    ax.text(1.6, 0.5, "away")
    assert overlapping(figure) == [("on", "it")]
    assert outside(figure) == ["away"]


@pytest.mark.parametrize("name", sorted(HEROES))
def test_heroes_look_like_the_stored_images(name: str) -> None:
    assert apart(blocks(picture(name)), blocks(IMAGES / f"{name}.png")) < ALIKE


@pytest.mark.parametrize(
    ("name", "shift"),
    [("ladder", 60.0), ("why_stopped", 40.0), ("cover_delay", 40.0), ("river", 80.0), ("shortfalls", 250.0)],
)
def test_a_change_of_the_data_shows_in_a_hero(name: str, shift: float) -> None:
    assert apart(blocks(picture(name, shift)), blocks(IMAGES / f"{name}.png")) > NOTICED


def test_a_ladder_tells_what_the_site_table_tells(cut: Run) -> None:
    frame = PLOTS["ladder"].prepare(cut)
    assert frame["stop"].is_monotonic_increasing or frame["stop"].dropna().is_monotonic_increasing
    assert (frame["static"] <= frame["pipeline"]).all()
    assert (frame["pipeline"] <= frame["realised"] + 1.0).all()
    sites = cut.metrics[cut.metrics["is_affected"]]
    lost = frame["lost_units"].sum()
    assert lost == pytest.approx(sites["lost_beyond_baseline_units"].sum(), rel=0.01)
    first = frame["realised"].min()
    assert first == sites["realised_runway_days"].min()


def test_why_a_line_starves_with_a_stock_in_hand_is_said(cut: Run) -> None:
    """A row whose cover stands at weeks on the day of the shortfall would contradict its title."""
    frame = PLOTS["why_stopped"].prepare(cut)
    short = str(frame.attrs["short"])
    left = float(frame.loc[short, (0, "cover")])
    assert left > 20.0
    said = [text.get_text() for text in drawn(PLOTS["why_stopped"], frame).axes[0].texts]
    assert f"{left:.0f} d left, from other suppliers, fit only 20 % of the missing use" in said
    assert f"the {left:.0f} days left, from " in cut.why
    assert "fit only 20 % of the missing use" in cut.why


def test_stock_by_stage_adds_up_to_what_is_there(small: Run) -> None:
    frame = PLOTS["stages"].prepare(small)
    run, network = small.trajectory, small.case.network  # type: ignore[union-attr]
    assert run is not None
    contents = [network.materials[stock.material].contents["dysprosium"] for stock in run.stocks]
    carried = [network.materials[network.lanes[lane].material].contents["dysprosium"] for lane in run.lanes]
    whole = run.on_hand @ np.array(contents) + (run.in_transit + run.held) @ np.array(carried)
    shown = frame.drop(columns=["baseline"]).sum(axis=1).to_numpy()
    assert shown == pytest.approx(whole, rel=0.01)


def test_a_fan_holds_its_median_and_tightens_to_eighty_percent(small: Run) -> None:
    frame = PLOTS["fan"].prepare(small)
    assert frame.attrs["histories"] == 3
    bounds = ["low95", "low80", "median", "high80", "high95"]
    assert (frame[bounds].diff(axis=1).iloc[:, 1:] >= 0.0).all(axis=None)


def test_a_fan_reads_what_the_run_keeps_of_all_its_replications(
    small: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kept quantiles are those of the histories themselves; what is not kept is simulated again."""
    bounds = ["low95", "low80", "median", "high80", "high95"]
    again = histories(small, "days_of_cover", "works_1", 3)
    wanted = quantiles(*again, [0.025, 0.1, 0.5, 0.9, 0.975])
    stock = PLOTS["fan"].prepare(small, series="on_hand", column="works_1|motor|input")
    assert stock.attrs["histories"] == 3
    monkeypatch.setattr("sim.plots.fan.histories", None)
    frame = PLOTS["fan"].prepare(small, column="works_1")
    np.testing.assert_allclose(frame[bounds].to_numpy().T, wanted, rtol=1e-6)


def test_survival_falls_from_all_to_none(small: Run) -> None:
    frame = PLOTS["survival"].prepare(small, until="shortfall")
    assert (frame.iloc[0] == 1.0).all()
    assert (frame.iloc[-1] == 0.0).all()
    ends = small.replications["realised_runway_days"].xs("works_1", level="site")
    assert frame["works_1"].sum() == pytest.approx(ends.mean(), abs=1.0)


def test_a_river_of_an_untouched_world_is_the_same_twice() -> None:
    frame = PLOTS["river"].prepare(sim.run("baseline", sets=["horizon=90 d"]))
    wide = frame.pivot_table(index=["step", "source", "target"], columns="when", values="tonnes")
    assert wide["after"].to_numpy() == pytest.approx(wide["before"].to_numpy(), rel=1e-6)


def test_pictures_say_that_losses_are_counted_beyond_a_baseline_that_has_some() -> None:
    """The cut of this scenario is in its baseline too: who is stopped by it loses nothing more."""
    run = sim.run("g7_alliance")
    assert float(run.baseline_metrics.loc["volkswagen", "lost_units"]) > 1e5
    said = [text.get_text() for text in figure_of("ladder", run).findobj(Text)]
    assert any("loses more than 0.5 % of its plan beyond the baseline in 640 days" in text for text in said)
    title = figure_of("manufacturer", run, site="volkswagen").axes[0].get_title(loc="left")
    assert "0 units lost beyond the baseline" in title
    title = figure_of("manufacturer", run, site="toyota_japan").axes[0].get_title(loc="left")
    assert "0 units lost\n" in title


def test_a_funnel_without_a_grant_has_no_axis_of_delays() -> None:
    """With reviews halted nothing is granted, so no delay is known; an empty scale would claim one."""
    figure = figure_of("licence_funnel", sim.run("japan_2026_dual_use", sets=["horizon=300 d"]))
    assert len(figure.axes) == 1
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["in queue"]


def test_cover_against_delay_runs_its_grid_and_losses_follow_the_line() -> None:
    frame = PLOTS["cover_delay"].prepare(sim.run("null_set"), covers=(10, 120), delays=(30, 126))
    assert frame.loc[120, 30] == pytest.approx(0.0, abs=0.1)
    assert frame.loc[10, 126] > frame.loc[10, 30] > frame.loc[120, 30]
    assert frame.loc[10, 126] > frame.loc[120, 126]
    ax = PLOTS["cover_delay"].draw(frame, Figure().subplots())
    assert "[calendar days]" in ax.get_xlabel()


@pytest.mark.parametrize("across", [0.02, 0.1, 0.28, 0.5, 0.75, 0.98])
@pytest.mark.parametrize("up", [0.03, 0.3, 0.5, 0.7, 0.97])
def test_no_manufacturer_hides_the_number_of_its_cell(across: float, up: float) -> None:
    frame = HEROES["cover_delay"]()
    frame.attrs["share"] = 0.3
    # A point somewhere in the cell of 30 days' cover and 63 days' delay, and one in the first cell.
    x, y = 46.5 + across * (94.5 - 46.5), 22.5 + up * (45.0 - 22.5)
    frame.attrs["points"] = [("Alpha", y, x), ("Beta", 22.5 * up, 46.5 * across)]
    figure = drawn(PLOTS["cover_delay"], frame)
    figure.canvas.draw()
    ax = figure.axes[0]
    numbers = [text for text in ax.texts if text.get_text().replace(".", "").isdigit()]
    assert len(numbers) == frame.size
    markers = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(markers) == 2
    (line,) = (line for line in ax.lines if line.get_linewidth() == 2.0 and line.get_marker() == "None")
    path = line.get_transform().transform(np.linspace(line.get_xydata()[0], line.get_xydata()[-1], 400))
    for number in numbers:
        box = number.get_window_extent()
        assert not any(box.overlaps(marker.get_window_extent()) for marker in markers)
        assert not any(box.contains(*point) for point in path)


def test_cover_against_delay_needs_somebody_who_buys_from_abroad(cut: Run, small: Run) -> None:
    with pytest.raises(NoPicture, match="no manufacturer buys anything from CN across a border"):
        small.plot.cover_delay()
    with pytest.raises(NoPicture, match="sony buys nothing from AU across a border; choose another"):
        cut.plot.cover_delay(site="sony", by="AU")
    with pytest.raises(UnknownPlot, match="'sonny' is not a manufacturer"):
        cut.plot.cover_delay(site="sonny")


def test_a_run_from_its_folder_gives_the_same_ladder(cut: Run, tmp_path: Path) -> None:
    read = sim.load_run(cut.save(tmp_path / "cut", picture=False))
    assert read.trajectory is None
    assert PLOTS["ladder"].prepare(read).equals(PLOTS["ladder"].prepare(cut))


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_figure_is_written_whole_and_the_same_twice(small: Run, tmp_path: Path, form: str) -> None:
    paths = [save_figure(figure_of("survival", small), tmp_path / f"{i}.{form}") for i in range(2)]
    one, other = (path.read_bytes() for path in paths)
    assert one == other
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"0.{form}", f"1.{form}"]


@pytest.mark.parametrize("name", OF_RUNS)
def test_every_picture_of_a_run_names_its_scenario(cut: Run, name: str) -> None:
    if name == "cover_delay":  # an experiment of its own, of no scenario
        return
    figure = figure_of(name, cut)
    titles = [ax.get_title(loc=loc) for ax in figure.axes for loc in ("left", "center")]
    assert any("Japan imports no rare earths for a year" in title for title in titles)


@pytest.mark.parametrize("scenario", ["technology_ban", "g7_alliance"])
def test_the_key_of_rules_in_the_picture_of_a_folder_is_not_cut(scenario: str) -> None:
    figure = summary(sim.run(scenario))
    assert outside(figure) == []
    assert overlapping(figure) == []
    edge = figure.bbox.x1
    keys = [item for item in figure.axes[0].get_children() if isinstance(item, Legend)]
    assert [key.get_window_extent().x1 < edge for key in keys] == [True]


def test_the_picture_of_a_folder_names_its_scenario_once(cut: Run) -> None:
    figure = summary(cut)
    title = "Japan imports no rare earths for a year"
    assert [title in text.get_text() for text in figure.findobj(Text)].count(True) == 1
    assert [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes] == ["Days of cover", "Runway"]


def test_run_plot_lists_and_finds_pictures(small: Run) -> None:
    assert set(OF_RUNS) == set(dir(small.plot))
    with pytest.raises(UnknownPlot, match="did you mean 'ladder'"):
        small.plot.lader()
    with pytest.raises(UnknownPlot, match="no option 'mots'; options: most"):
        small.plot.ladder(mots=2)
    with pytest.raises(UnknownPlot, match="did you mean 'works_1'"):
        small.plot.fan(column="work_1")
    with pytest.raises(UnknownPlot, match="not a manufacturer"):
        small.plot.why_stopped(site="mill")
    assert len(small.plot.ladder(most=1).axes) == 1


def test_a_picture_shows_itself_in_a_notebook(small: Run) -> None:
    for figure in (small.plot.ladder(), small.plot.runway(), small.plot.manufacturer()):
        assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_a_manufacturer_is_drawn_by_name_and_its_strip_says_how_it_builds(cut: Run) -> None:
    frame = PLOTS["manufacturer"].prepare(cut, site="toyota_japan")
    row = cut.metrics.loc["toyota_japan"]
    first = frame.index[(frame["share"] < 0.999)][0]
    assert first.date() == row["first_shortfall_date"]
    assert (first - np.datetime64(frame.attrs["counted_from"])).days == row["realised_runway_days"]
    assert frame["baseline"].notna().all()
    with pytest.raises(UnknownPlot, match="did you mean 'toyota_japan'"):
        PLOTS["manufacturer"].prepare(cut, site="toyota_japn")
