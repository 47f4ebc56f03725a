"""Pictures drawn from frames made by hand, so that stored images guard the drawing and not the model.

``python -m tests.plots.heroes`` writes the images anew; look at each before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from sim.plots import PLOTS, drawn
from sim.plots.ladder import COLUMNS

IMAGES = Path(__file__).with_name("images")
DOTS_PER_INCH = 50
BLOCKS = (48, 36)
"""Columns and rows of the grid on which pictures are compared: letters blur, bars and bands stay."""


def ladder(shift: float = 0.0) -> pd.DataFrame:
    """Three lines: one stops and returns, one stops for good with a band, one only falls short."""
    first, stop = 40.0 + shift, 60.0 + shift
    nan = np.nan
    rows = [
        (
            "Alpha: electric",
            20.0,
            28.0,
            first,
            30.0,
            55.0,
            stop,
            160.0,
            ((first, stop),),
            ((stop, 160),),
            0.3,
        ),
        ("Beta", 35.0, 45.0, 90.0, nan, nan, 120.0, nan, ((90, 120),), ((120 + shift, 300),), 0.6),
        ("Gamma", 60.0, 70.0, 150.0, nan, nan, nan, 200.0, ((150, 200),), (), 0.1),
    ]
    records = [[*row[:10], "traction motor", "Some maker of motors", 1e6 * row[10], 1e6] for row in rows]
    frame = pd.DataFrame(records, columns=list(COLUMNS), index=["alpha", "beta", "gamma"])
    frame.attrs = {"window_days": 300, "counted_from": "2025-04-01", "title": "A cut", "held": 7, "more": 0,
                   "has_band": True}  # fmt: skip
    return frame


def why_stopped(shift: float = 0.0) -> pd.DataFrame:
    """Two tiers: a maker runs dry on day 60, its buyer on day 100."""
    days = pd.date_range("2025-01-01", periods=200, name="date")
    t = np.arange(200.0)
    columns = {
        (0, "cover"): np.clip(40.0 - (t - 60.0 - shift).clip(0.0), 0.0, 40.0),
        (0, "baseline"): np.full(200, 40.0),
        (0, "binding"): (t >= 100.0 + shift).astype(float),
        (1, "cover"): np.clip(30.0 - (t - 30.0).clip(0.0), 0.0, 30.0),
        (1, "baseline"): np.full(200, 30.0),
        (1, "binding"): (t >= 60.0).astype(float),
        (2, "binding"): np.zeros(200),
    }
    frame = pd.DataFrame(columns, index=days)
    start = date(2025, 1, 1)

    def link(ships: int, lands: int, starves: int, *, licence: bool) -> dict[str, object]:
        day = {"fails": ships, "ships_less": ships, "lands_less": lands, "starves": starves}
        dates = {name: start + timedelta(days=number) for name, number in day.items()}
        said = {"licence_wait": licence, "material": "motor", "left": ""}
        return {**dates, "transit_days": lands - ships, **said}

    frame.attrs = {
        "title": "A cut", "size": (9.5, 5.3),
        "from": start, "to": date(2025, 7, 1), "short": date(2025, 4, 11),
        "tiers": [
            {"name": "Alpha", "missing": "cover of motor"},
            {"name": "Maker", "missing": "cover of magnet"},
            {"name": "Mill", "missing": "the lane was cut (a ban)"},
        ],
        "links": [link(58, 62, 100, licence=False), link(20, 30, 60, licence=True)],
    }  # fmt: skip
    return frame


def cover_delay(shift: float = 0.0) -> pd.DataFrame:
    """Losses that begin where half the delay is longer than the cover."""
    covers, delays = (15, 30, 60, 90), (30, 63, 126, 180)
    values = [[max(0.5 * delay + shift - cover, 0.0) / 2.0 for delay in delays] for cover in covers]
    frame = pd.DataFrame(values, index=pd.Index(covers), columns=pd.Index(delays))
    points = [("Alpha", 40.0, 80.0), ("Beta", 20.0, 100.0), ("Gamma", 80.0, 400.0)]
    frame.attrs = {"site": "alpha", "name": "Alpha", "by": "Somewhere", "share": 0.5, "points": points,
                   "size": (8.6, 5.0)}  # fmt: skip
    return frame


def river(shift: float = 0.0) -> pd.DataFrame:
    """Two countries; the scenario loses most of what the second separates."""
    rows = []
    for when, left in (("before", 40.0), ("after", 10.0 + shift)):
        for step in range(5):
            rows += [(when, step, "CN", "CN", 100.0), (when, step, "CN", "JP", left / 2.0)]
            rows += [(when, step, "AU", "JP", left)] if step == 0 else [(when, step, "JP", "JP", left)]
    frame = pd.DataFrame(rows, columns=["when", "step", "source", "target", "tonnes"])
    frame.insert(2, "to", frame["step"] + 1)
    frame.attrs = {"element": "ndpr", "title": "A cut", "from": "2025-04-01", "size": (9.5, 7.2)}
    return frame


def shortfalls(shift: float = 0.0) -> pd.DataFrame:
    """Three manufacturers under two scenarios."""
    frame = pd.DataFrame(
        {"one": [30.0 + shift, 90.0, np.nan], "two": [np.nan, 200.0, 280.0]}, index=list("abc")
    )
    frame.attrs = {
        "names": {"a": "Alpha", "b": "Beta", "c": "Gamma"}, "windows": {"one": 300, "two": 300},
        "counted_from": {"one": "2025-04-01", "two": "2025-06-01"}, "size": (7.1, 2.8),
    }  # fmt: skip
    return frame


HEROES: dict[str, Callable[..., pd.DataFrame]] = {
    "ladder": ladder,
    "why_stopped": why_stopped,
    "cover_delay": cover_delay,
    "river": river,
    "shortfalls": shortfalls,
}
"""Makers of frames by the name of their picture; ``shift`` moves the data, to see that it is noticed."""


def picture(name: str, shift: float = 0.0) -> Figure:
    return drawn(PLOTS[name], HEROES[name](shift))


def blocks(path_or_figure: Path | Figure) -> np.ndarray:
    """Return a picture as means of blocks in shades of grey, shape (row, column) [0 to 255]."""
    if isinstance(path_or_figure, Figure):
        canvas = path_or_figure.canvas
        path_or_figure.set_dpi(DOTS_PER_INCH)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba()))  # type: ignore[attr-defined]
    else:
        image = Image.open(path_or_figure)
    small = image.convert("L").resize(BLOCKS, Image.Resampling.BOX)
    return np.asarray(small, dtype=float)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the root mean square difference of two pictures [shades of 255]."""
    return float(np.sqrt(np.mean((one - other) ** 2)))


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for hero in HEROES:
        picture(hero).savefig(IMAGES / f"{hero}.png", dpi=DOTS_PER_INCH)
