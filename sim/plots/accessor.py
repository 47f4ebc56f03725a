"""``run.plot``: every picture of a run by its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.plots.registry import PLOTS, figure_of, plot_named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.results.compare import Comparison
    from sim.results.run import Run


class Plots:
    """The pictures of one run: ``run.plot.ladder()``; ``dir(run.plot)`` lists them."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def runway(self) -> Figure:
        """Return the summary of the run: cover over time above, the three runways below."""
        from sim.plots.summary import summary

        return summary(self._run)

    def save_runway(self, path: Path) -> None:
        """Write the summary of the run as a PNG."""
        from sim.plots.summary import save_summary

        save_summary(self._run, path)

    def __getattr__(self, name: str) -> Callable[..., Figure]:
        return _drawing(name, "run", self._run)

    def __dir__(self) -> list[str]:
        return _names("run")


class ComparisonPlots:
    """The pictures of a comparison: ``comparison.plot.shortfalls()``; ``dir`` lists them."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __getattr__(self, name: str) -> Callable[..., Figure]:
        return _drawing(name, "comparison", self._comparison)

    def __dir__(self) -> list[str]:
        return _names("comparison")


def pictures_of(subject: Run | Comparison) -> Plots | ComparisonPlots:
    """Return the pictures of a run or of a comparison."""
    from sim.results.run import Run

    return Plots(subject) if isinstance(subject, Run) else ComparisonPlots(subject)


def _drawing(name: str, of: str, subject: Any) -> Callable[..., Figure]:
    if name.startswith("_"):
        raise AttributeError(name)
    plot = plot_named(name, of=of)
    drawing: Any = partial(figure_of, plot.name, subject)
    drawing.__doc__ = plot.shows
    return drawing  # type: ignore[no-any-return]


def _names(of: str) -> list[str]:
    return sorted(name for name, item in PLOTS.items() if item.of == of)
