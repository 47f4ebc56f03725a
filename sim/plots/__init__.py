"""Pictures of a run. Each is a pair: `prepare_*(run)` gives a frame, `draw_*(frame, ax)` draws it.

matplotlib is imported only in this package, and only when something is drawn. `PLOTS` in `registry` has
every picture by its name.
"""

from sim.plots.accessor import ComparisonPlots, Plots, pictures_of
from sim.plots.registry import PLOTS, NoPicture, Plot, UnknownPlot, drawn, figure_of, plot_named, save_figure

__all__ = [
    "PLOTS",
    "ComparisonPlots",
    "NoPicture",
    "Plot",
    "Plots",
    "UnknownPlot",
    "drawn",
    "figure_of",
    "pictures_of",
    "plot_named",
    "save_figure",
]
