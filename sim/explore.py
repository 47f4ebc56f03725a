"""Sliders beside a picture: how a manufacturer's runway moves with its stock and with what is done to it.

One country acts on one day, in three ways that can be mixed: every export in scope waits for a licence, a
share of the exports is cut, and transit takes longer. The fourth slider is the manufacturer's own cover.
Every redraw is one simulation of the whole network (and one of its baseline for each new cover).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.case import Case
from sim.data import load_network, with_numbers
from sim.errors import SimError
from sim.interventions import ExportBan, ExportLicence, Intervention, RouteDelay
from sim.metrics import MEASURES, Reading, days_of_site, measured_at, reported_sites
from sim.units import did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.domain import Network

COVERS_KEPT = 32
"""Baselines kept, by cover."""


class WrongKnob(SimError, ValueError):  # noqa: N818 - reads as what happened
    """A slider is set to what it cannot mean; the message says what it takes."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What the sliders say."""

    cover_days: float = 60.0
    """Cover of the manufacturer's thinnest component [days]; its others scale with it."""
    licence_days: float = 0.0
    """Days from application to licence; 0: no licence is needed."""
    cut_share: float = 0.0
    """Share of normal exports that is not let out, 0 to 1."""
    transit_days: float = 0.0
    """Days added to every journey."""

    def __post_init__(self) -> None:
        for name in ("cover_days", "licence_days", "transit_days"):
            value = getattr(self, name)
            if not 0.0 <= value < float("inf"):
                raise WrongKnob(f"{name} is {value:g}; it is a number of days, 0 or more")
        if not 0.0 <= self.cut_share <= 1.0:
            raise WrongKnob(f"cut_share is {self.cut_share:g}; it is a share from 0 to 1")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one simulation says of the manufacturer."""

    row: dict[str, Any]
    """Its measures."""
    days: pd.DataFrame
    """Its cover, output and plan by date."""


LIMITS = {
    "cover_days": (0.0, 150.0, 5.0, "cover [days]"),
    "licence_days": (0.0, 180.0, 5.0, "licence [days]"),
    "cut_share": (0.0, 1.0, 0.05, "cut [share]"),
    "transit_days": (0.0, 60.0, 1.0, "transit + [days]"),
}
"""Of each slider: least, most, step, label."""


class Explorer:
    """Sliders for cover, licence days, cut share and transit days beside the picture of a manufacturer.

    In Jupyter an explorer shows itself. Without a browser, `update` does what a slider does.

    Parameters
    ----------
    network
        Name or folder of a network, or a `Network`.
    site
        The manufacturer.
    by
        Whose exports: a country, bloc, site or operator.
    materials
        What the licence and the cut apply to; empty: all its exports.
    acts
        First day of licence, cut and delay; none of them ends.
    start, horizon_days
        The window.

    Raises
    ------
    WrongKnob
        If the network has no such manufacturer.
    """

    def __init__(
        self,
        network: str | Network = "rare_earths_2024",
        site: str = "toyota_japan",
        *,
        by: str = "China",
        materials: Sequence[str] = (),
        acts: date = date(2025, 4, 1),
        start: date = date(2025, 1, 1),
        horizon_days: int = 540,
    ) -> None:
        self.network = load_network(network) if isinstance(network, str) else network
        known = reported_sites(self.network)
        if site not in known:
            guess = did_you_mean(site, known)
            raise WrongKnob(f"site {site!r} is not a manufacturer; {guess} manufacturers: {', '.join(known)}")
        if not start <= acts < start + timedelta(days=horizon_days):
            raise WrongKnob(f"acts is {acts.isoformat()}, outside the window from {start.isoformat()}")
        self.site, self.by, self.materials = site, by, tuple(materials)
        self.acts, self.start, self.horizon_days = acts, start, horizon_days
        self.simulations = 0
        self.figure: Figure | None = None
        self.result: dict[str, Any] = {}
        self._baselines: dict[float, Measured] = {}

    def case(self, knobs: Knobs) -> Case:
        """Return the case the sliders describe."""
        world = with_numbers(self.network, {f"sites.{self.site}.cover": knobs.cover_days})
        return Case(
            "explorer",
            world,
            start=self.start,
            horizon_days=self.horizon_days,
            interventions=tuple(self._rules(knobs)),
            runway_from=self.acts,
        )

    def _rules(self, knobs: Knobs) -> list[Intervention]:
        found: list[Intervention] = []
        if knobs.licence_days > 0.0:
            found.append(
                ExportLicence(
                    id="licence",
                    by=(self.by,),
                    materials=self.materials,
                    start=self.acts,
                    processing_days=knobs.licence_days,
                )
            )
        if knobs.cut_share > 0.0:
            found.append(
                ExportBan(
                    id="cut",
                    from_places=(self.by,),
                    materials=self.materials,
                    start=self.acts,
                    leak=1.0 - knobs.cut_share,
                )
            )
        if knobs.transit_days > 0.0:
            modes = tuple(sorted({route.mode for route in self.network.routes.values()}))
            found.append(
                RouteDelay(
                    id="transit",
                    from_places=(self.by,),
                    modes=modes,
                    start=self.acts,
                    added_days=knobs.transit_days,
                )
            )
        return found

    def update(self, **knobs: float) -> Figure:
        """Simulate what the sliders say and return the picture; `result` has the manufacturer's measures.

        Parameters
        ----------
        knobs
            Fields of `Knobs`; what is not named has its default.

        Raises
        ------
        WrongKnob
            If a value is out of range or there is no such slider.
        """
        from sim.plots import PLOTS, drawn

        unknown = set(knobs) - set(LIMITS)
        if unknown:
            raise WrongKnob(f"no slider is named {sorted(unknown)[0]!r}; sliders: {', '.join(LIMITS)}")
        self.figure = drawn(PLOTS["manufacturer"], self.frame(Knobs(**knobs)))
        return self.figure

    def frame(self, knobs: Knobs) -> pd.DataFrame:
        """Simulate and return the frame of `sim.plots.manufacturer`."""
        from sim.plots.manufacturer import days_of

        case = self.case(knobs)
        run, before = self._measured(case), self._baseline(knobs.cover_days, case)
        row = dict(run.row)
        row["lost_beyond_baseline_units"] = max(0.0, row["lost_units"] - before.row["lost_units"])
        self.result = row
        return days_of(
            run.days["days_of_cover"],
            before.days["days_of_cover"],
            run.days["built"],
            run.days["planned"],
            row,
            title=self._title(knobs),
            rules=[(self.acts.isoformat(), "acts", self.by)] if case.interventions else [],
            counted_from=self.acts.isoformat(),
            window_days=self.horizon_days - self._acts_day,
        )

    @property
    def _acts_day(self) -> int:
        return (self.acts - self.start).days

    def _measured(self, case: Case) -> Measured:
        """Simulate, and measure the manufacturer alone: what the others do is in no picture."""
        from sim.engine import simulate

        self.simulations += 1
        reading = Reading(simulate(case, None, in_detail=False), case.network, self._acts_day)
        view = reading.view(self.site)
        never = {
            name: math.nan if value is None and MEASURES[name].unit not in ("date", "name") else value
            for name, value in measured_at(reading, view).items()
        }
        return Measured({"name": case.network.sites[self.site].name, **never}, days_of_site(reading, view))

    def _title(self, knobs: Knobs) -> str:
        return (
            f"cover {knobs.cover_days:g} d, licence {knobs.licence_days:g} d, "
            f"cut {100.0 * knobs.cut_share:.0f} %, transit + {knobs.transit_days:g} d"
        )

    def _baseline(self, cover_days: float, case: Case) -> Measured:
        if cover_days not in self._baselines:
            if len(self._baselines) >= COVERS_KEPT:
                self._baselines.pop(next(iter(self._baselines)))
            self._baselines[cover_days] = self._measured(case.baseline())
        return self._baselines[cover_days]

    @cached_property
    def sliders(self) -> dict[str, Any]:
        """The sliders of ipywidgets by the name of their knob.

        Raises
        ------
        SimError
            If ipywidgets is not installed.
        """
        widgets = _widgets()
        usual, found = Knobs(), {}
        for name, (low, high, step, label) in LIMITS.items():
            found[name] = widgets.FloatSlider(
                value=getattr(usual, name),
                min=low,
                max=high,
                step=step,
                description=label,
                continuous_update=False,
                style={"description_width": "9em"},
                layout={"width": "32em"},
            )
            found[name].observe(self._turned, names="value")
        return found

    @cached_property
    def image(self) -> Any:
        """The widget that shows the picture; its ``value`` is a PNG."""
        return _widgets().Image(format="png")

    def _turned(self, _change: Any = None) -> None:
        figure: Any = self.update(**{name: slider.value for name, slider in self.sliders.items()})
        self.image.value = figure._repr_png_()

    @cached_property
    def widget(self) -> Any:
        """Sliders above the picture, drawn once."""
        box = _widgets().VBox([*self.sliders.values(), self.image])
        self._turned()
        return box

    def _ipython_display_(self) -> None:
        from IPython import display  # ipywidgets brings IPython

        show: Any = display.display
        show(self.widget)


def _widgets() -> Any:
    try:
        import ipywidgets
    except ImportError as error:
        raise SimError("sliders need ipywidgets: pip install 'rare-earth-runway[notebook]'") from error
    return ipywidgets
