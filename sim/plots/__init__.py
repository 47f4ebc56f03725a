"""Pictures of a run. Each is a pair: `prepare_*(run)` gives a frame, `draw_*(frame, ax)` draws it.

matplotlib is imported only in this package, and only when something is drawn.
"""

from sim.plots.accessor import Plots
from sim.plots.cover import draw_cover, prepare_cover
from sim.plots.runway import draw_runway, prepare_runway

__all__ = ["PLOTS", "Plots", "draw_cover", "draw_runway", "prepare_cover", "prepare_runway"]

PLOTS = {"cover": (prepare_cover, draw_cover), "runway": (prepare_runway, draw_runway)}
"""All pairs, by name; the contract tests go through this list."""
