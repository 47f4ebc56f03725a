"""All pictures by name, and the figure that is made of one.

A picture is a pair of functions: ``prepare(subject, **options)`` gives a frame, ``draw(frame, ax)`` draws
it on axes and returns them. The subject is a run or a comparison. Pairs are imported when asked for.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError, StoreError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")
ROW_INCHES = 0.27


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: where its pair of functions stands, what it shows, how large it is."""

    name: str
    module: str
    shows: str
    """What a reader sees, in one sentence."""
    of: str = "run"
    """`run` or `comparison`."""
    width: float = 7.5
    """Width [inches]; half a page or less when printed."""
    height: float = 4.2
    """Height without rows [inches]."""
    per_row: bool = False
    """Whether each row of the frame adds to the height."""
    most_rows: int = 60

    @property
    def prepare(self) -> Callable[..., pd.DataFrame]:
        """The function that makes the frame."""
        found: Callable[..., pd.DataFrame] = getattr(import_module(self.module), f"prepare_{self.name}")
        return found

    @property
    def draw(self) -> Callable[[pd.DataFrame, Axes], Axes]:
        """The function that draws the frame on axes."""
        found: Callable[[pd.DataFrame, Axes], Axes] = getattr(import_module(self.module), f"draw_{self.name}")
        return found

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options of `prepare`."""
        return tuple(inspect.signature(self.prepare).parameters)[1:]

    def size(self, frame: pd.DataFrame) -> tuple[float, float]:
        """Return width and height of the figure [inches]; ``attrs["size"]`` of a frame overrules."""
        if "size" in frame.attrs:
            width, height = frame.attrs["size"]
            return float(width), float(height)
        rows = min(len(frame), self.most_rows) if self.per_row else 0
        return self.width, self.height + ROW_INCHES * rows + self._key(frame)

    def _key(self, frame: pd.DataFrame) -> float:
        """Return the height of the key of rules below a picture over time [inches]."""
        from sim.plots.rules import key_inches

        rules = frame.attrs.get("rules")
        return key_inches(rules, frame.index[0], frame.index[-1], self.width) if rules and len(frame) else 0.0


class NoPicture(SimError):  # noqa: N818 - reads as what happened
    """A picture has nothing to show for this run; the message says why."""


class UnknownPlot(SimError, KeyError):  # noqa: N818 - reads as what happened
    """No picture has this name, or it has no such option; the message has the nearest."""

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


_PLOTS = (
    Plot(
        "runway",
        "sim.plots.runway",
        "the three runways of each manufacturer, shortest first",
        per_row=True,
        width=9.5,
        height=1.6,
    ),
    Plot("cover", "sim.plots.cover", "days of cover over time, the thinnest by name", height=3.6),
    Plot(
        "ladder",
        "sim.plots.ladder",
        "product lines by the day they stop: runways, standstill, return, "
        "what was missing, from whom, units lost",
        width=11.0,
        height=2.0,
        per_row=True,
    ),
    Plot(
        "fan",
        "sim.plots.fan",
        "any daily series with its bands over the replications, baseline in grey",
        width=8.0,
    ),
    Plot(
        "survival",
        "sim.plots.survival",
        "share of the replications in which each manufacturer still builds",
        width=8.0,
    ),
    Plot(
        "stages", "sim.plots.stages", "tonnes of one element by stage of the chain and under way", width=8.0
    ),
    Plot("timeline", "sim.plots.timeline", "when each rule is announced, in force and over"),
    Plot(
        "licence_funnel",
        "sim.plots.licences",
        "what becomes of what was filed for, and the delay of licences",
        width=8.0,
        height=4.6,
    ),
    Plot(
        "gates",
        "sim.plots.gates",
        "tonnes that wait at each gate: licence, ban, quota, route, on the way",
        width=8.0,
        height=4.6,
    ),
    Plot(
        "why_stopped",
        "sim.plots.why_stopped",
        "the tiers above the line that fell short first, their cover and the steps between them",
    ),
    Plot(
        "river", "sim.plots.river", "contained tonnes from stage to stage by jurisdiction, before and after"
    ),
    Plot(
        "manufacturer",
        "sim.plots.manufacturer",
        "one manufacturer: cover over time, when it builds, falls short and stops, and its runways",
        width=8.0,
        height=3.6,
    ),
    Plot("world_map", "sim.plots.world_map", "sites, lanes by what they carry, closed lanes and detours"),
    Plot(
        "cover_delay",
        "sim.plots.cover_delay",
        "units lost on a grid of covers and licence delays, run for it",
    ),
    Plot(
        "shortfalls",
        "sim.plots.shortfalls",
        "first shortfall by scenario and manufacturer, as a heat map",
        of="comparison",
    ),
    Plot(
        "forest",
        "sim.plots.forest",
        "paired differences from the baseline with 80 and 95 % intervals",
        of="comparison",
    ),
)

PLOTS: Mapping[str, Plot] = {item.name: item for item in _PLOTS}
"""Every picture by its name; the contract tests go through this list."""


def plot_named(name: str, of: str | None = None) -> Plot:
    """Return a picture by its name.

    Raises
    ------
    UnknownPlot
        If there is none of that name; the message has the nearest.
    """
    known = [item.name for item in PLOTS.values() if of in (None, item.of)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        guess = f"; did you mean {near[0]!r}?" if near else ";"
        raise UnknownPlot(f"plot {name!r} does not exist{guess} plots: {', '.join(known)}")
    return PLOTS[name]


def figure_of(name: str, subject: Any, **options: Any) -> Figure:
    """Return a figure of one picture; it belongs to no window, so nothing has to be closed.

    Parameters
    ----------
    subject
        A `Run`, or a `Comparison` for the pictures of comparisons.
    options
        Those of the picture's ``prepare``.

    Raises
    ------
    UnknownPlot
        If there is no such picture or option.
    NoPicture
        If the subject has nothing the picture could show.
    """
    plot = plot_named(name)
    for option in options:
        if option not in plot.options:
            known = ", ".join(plot.options) or "none"
            raise UnknownPlot(f"plot {name!r} has no option {option!r}; options: {known}")
    return drawn(plot, plot.prepare(subject, **options))


def drawn(plot: Plot, frame: pd.DataFrame) -> Figure:
    """Return a figure of a prepared frame."""
    from matplotlib import rc_context

    from sim.plots.picture import Picture
    from sim.plots.style import sheet

    with rc_context(sheet()):
        figure = Picture(figsize=plot.size(frame), layout="constrained")
        plot.draw(frame, figure.subplots())
    return figure


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure by the ending of its path (png or svg), the same bytes for the same picture.

    Raises
    ------
    StoreError
        If the file cannot be written; nothing half written stays.
    """
    from matplotlib import rc_context

    from sim.plots.style import sheet

    form = path.suffix.lstrip(".")
    beside = path.with_name(f".{path.name}.part")
    extra: dict[str, Any] = (
        {"metadata": {"Date": None}} if form == "svg" else {"pil_kwargs": {"compress_level": 6}}
    )
    try:
        with rc_context({**sheet(), "svg.hashsalt": "sim"}):
            figure.savefig(beside, format=form, bbox_inches="tight", pad_inches=0.08, **extra)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    return path
