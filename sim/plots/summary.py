"""The picture every run folder keeps: cover over time above, the three runways below."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import TYPE_CHECKING

from sim.plots.cover import LABEL_X, draw_cover, prepare_cover
from sim.plots.rules import key_inches, move_key
from sim.plots.runway import TITLE_PAD, draw_runway, prepare_runway
from sim.plots.style import sheet, title_of

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from sim.results.run import Run

WIDTH_INCHES = 10.0
ROW_INCHES = 0.235
TITLE_WIDTH = 105
EDGE_INCHES = 0.08
LINE_INCHES = 0.18
HEADING_INCHES = 0.42
"""Room for the heading of the upper axes."""
BETWEEN_INCHES = 1.14
"""Room for the dates below the upper axes and for heading and legend of the lower."""
BOTTOM_INCHES = 0.52
LEFT_INCHES = 0.46
"""Room for the label of the axis and the ticks, beside the names."""
LEAST_RIGHT_INCHES = 0.25


def summary(run: Run) -> Figure:
    """Return the figure of the run: cover over time above, the three runways below.

    The figure belongs to no window and to no global list, so nothing has to be closed.
    """
    from matplotlib import rc_context

    from sim.plots.picture import Picture

    bars = prepare_runway(run)
    cover = prepare_cover(run)
    key = key_inches(cover.attrs["rules"], cover.index[0], cover.index[-1], WIDTH_INCHES)
    lower = 0.9 + ROW_INCHES * max(len(bars), 4)
    upper = 3.6
    lines = [title_of(run), *wrap(run.headline, TITLE_WIDTH)]
    with rc_context(sheet()):
        figure = Picture(figsize=(WIDTH_INCHES, upper + lower + 1.4 + key))
        above, below = figure.subplots(2, 1)
        draw_cover(cover, above)
        draw_runway(bars, below)
        # The scenario is named once, above both.
        above.set_title("Days of cover")
        below.set_title("Runway", pad=TITLE_PAD)
        _arrange(figure, (upper, lower), len(lines), BETWEEN_INCHES + key)
        top = 1.0 - EDGE_INCHES / figure.get_figheight()
        figure.suptitle("\n".join(lines), x=0.01, y=top, ha="left", va="top", fontsize=10.5)
    return figure


def save_summary(run: Run, path: Path) -> None:
    """Write the figure of the run as a PNG."""
    from matplotlib import rc_context

    figure = summary(run)
    with rc_context(sheet()):
        figure.savefig(path, format="png", pil_kwargs={"compress_level": 2})


def _arrange(figure: Figure, ratios: tuple[float, float], title_lines: int, between: float) -> None:
    """Place both axes so that the names left and right of them fit.

    A layout engine would draw the whole figure a second time to find the same margins.
    """
    above, below = figure.axes
    width, height = figure.get_size_inches()
    names = _widest(figure, below.get_yticklabels())
    ends = _widest(figure, [text for text in above.texts if text.get_position()[0] == LABEL_X])
    left = names + LEFT_INCHES
    across = (width - left - max(ends, LEAST_RIGHT_INCHES) - EDGE_INCHES) / LABEL_X
    top = EDGE_INCHES + LINE_INCHES * title_lines + HEADING_INCHES
    down = height - top - between - BOTTOM_INCHES
    first, second = (down * ratio / sum(ratios) for ratio in ratios)
    above.set_position((left / width, 1.0 - (top + first) / height, across / width, first / height))
    # The names of the lower axes leave little room right of the upper ones; the key has the whole width.
    move_key(above, left - LEFT_INCHES)
    below.set_position((left / width, BOTTOM_INCHES / height, across / width, second / height))


def _widest(figure: Figure, texts: Iterable[Text]) -> float:
    """Return the width of the widest text [inches]."""
    from matplotlib.text import Text

    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    # Text.get_window_extent, not that of an annotation, which would count its leader as well.
    widths = (Text.get_window_extent(text, renderer).width for text in texts)
    return float(max(widths, default=0.0)) / figure.dpi
