"""``run.plot``: figures made of the drawing pairs, and the picture a run folder keeps."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from sim.plots.cover import draw_cover, prepare_cover
from sim.plots.runway import draw_runway, prepare_runway

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.results.run import Run

STYLE = Path(__file__).with_name("style.mplstyle")
WIDTH_INCHES = 10.0
ROW_INCHES = 0.235
TITLE_WIDTH = 105


class Plots:
    """The pictures of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def runway(self) -> Figure:
        """Return the figure of the run: cover over time above, the three runways below.

        The figure belongs to no window and to no global list, so nothing has to be closed.
        """
        from matplotlib import style
        from matplotlib.figure import Figure

        bars = prepare_runway(self._run)
        lower = 0.9 + ROW_INCHES * max(len(bars), 4)
        upper = 3.6
        with style.context(STYLE):
            # A bare Figure draws with Agg and never opens a window.
            figure = Figure(figsize=(WIDTH_INCHES, upper + lower + 1.1), layout="constrained")
            above, below = figure.subplots(2, 1, height_ratios=[upper, lower])
            draw_cover(prepare_cover(self._run), above)
            draw_runway(bars, below)
            title = self._run.manifest["title"] or self._run.name
            lines = [str(title), *wrap(self._run.headline, TITLE_WIDTH)]
            figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10.5)
        return figure

    def save_runway(self, path: Path) -> None:
        """Write the figure of the run as a PNG."""
        from matplotlib import style

        figure = self.runway()
        with style.context(STYLE):
            figure.savefig(path, format="png")
