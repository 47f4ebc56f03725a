"""Pictures that stand inside the page: lines and letters as SVG, what is heavy as a PNG of few colours."""

from __future__ import annotations

import base64
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.metrics.gates import licence_frame
from sim.plots import NoPicture, drawn, plot_named, save_figure
from sim.reports.markup import escaped
from sim.results.replay import replayed

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.compare import Comparison
    from sim.results.run import Run

MOST_SVG_BYTES = 130_000
"""A longer SVG is put in as a PNG, which then is smaller."""
MOST_OFFICES = 4
"""Licence funnels of one run."""
COLOURS = 96
"""Of a PNG's palette; the style sheet has a dozen, the rest are edges of letters."""
POINT = 1.3
"""Widest a point is drawn [pixels], so that a small picture is not blown up to the width of the page."""
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
SMALL = 0.1
"""Numbers below this are scales and keep four decimals; points of a line need two."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of the report: its name in the registry, and how it is read."""

    name: str
    caption: str


OF_RUN = (
    Shown(
        "ladder",
        "Runway ladder: one row per product line that falls short, the first to stop at the top. Dark blue "
        "is the time it builds to plan, orange is short, red is stopped, pale is to plan again; black and "
        "orange marks are the static and the pipeline runway. At the right: what was missing first, the "
        "supplier that fell furthest behind, units lost beyond the baseline.",
    ),
    Shown(
        "why_stopped",
        "Why it stopped: the manufacturer is the lowest row, the cause the highest, all on one scale of days "
        "of cover. An arrow goes from the day a tier ships less to the day the next runs dry.",
    ),
    Shown(
        "timeline",
        "Timeline: when each rule is announced, in force and over.",
    ),
    Shown(
        "licence_funnel",
        "Licence funnel: what became of the tonnes that were filed for, and at the right the delay of "
        "licences.",
    ),
    Shown(
        "gates",
        "Gates: tonnes that wait for a licence, a ban, a quota, a route, or for goods the seller does not "
        "have.",
    ),
    Shown(
        "river",
        "Origin river: contained tonnes from stage to stage, coloured by jurisdiction, before and after the "
        "rules on one scale.",
    ),
)
OF_REPLICATIONS = Shown(
    "survival", "Survival: the share of the replications in which each manufacturer still builds."
)
OF_COMPARISON = (
    Shown(
        "shortfalls",
        "First shortfall: days from the first rule until a manufacturer builds below plan; darker is sooner, "
        "white is to plan until the end.",
    ),
    Shown(
        "forest",
        "Units lost compared with the baseline, as a share of the plan; bars are the 80 and 95 % intervals "
        "where there are replications.",
    ),
)


def pictures_of_run(run: Run, key: str) -> list[str]:
    """Return the pictures of a run in the order they are read, a licence funnel for each office."""
    shown = [*OF_RUN[:2], *([] if run.replications.empty else [OF_REPLICATIONS]), *OF_RUN[2:]]
    out = []
    for item in shown:
        if item.name != "licence_funnel":
            out.append(picture(item, run, f"{key}-{item.name}"))
            continue
        offices = _offices(run)
        out += [picture(item, run, f"{key}-{item.name}{i}", office=name) for i, name in enumerate(offices)]
    return out


def _offices(run: Run) -> list[str]:
    """Return the names of the offices that kept books, the first few by name."""
    books = licence_frame(replayed(run).trajectory)
    return sorted({str(name) for name in books["office"]})[:MOST_OFFICES]


def picture(shown: Shown, subject: Run | Comparison, key: str, **options: Any) -> str:
    """Return a picture of a subject as a figure of HTML; nothing where it has nothing to show.

    Parameters
    ----------
    key
        Unique on the page; names inside the picture begin with it.
    options
        Those of the picture's ``prepare``.
    """
    plot = plot_named(shown.name)
    try:
        frame = plot.prepare(subject, **options)
    except NoPicture:
        return ""
    if _is_empty(frame):
        return ""
    inside = _inside(drawn(plot, frame), key, shown.caption)
    return (
        f'<figure><div class="picture" tabindex="0">{inside}</div>'
        f"<figcaption>{escaped(shown.caption)}</figcaption></figure>"
    )


def _is_empty(frame: pd.DataFrame) -> bool:
    """Return whether the picture would only say that there is nothing; a ladder says who builds on."""
    return (frame.empty and "held" not in frame.attrs) or frame.attrs.get("tiers") == []


def _inside(figure: Any, key: str, words: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        vector = inline_svg(_bytes(figure, Path(folder) / "picture.svg").decode("utf-8"), key, words)
        if len(vector) <= MOST_SVG_BYTES:
            return vector
        pixels = _few_colours(_bytes(figure, Path(folder) / "picture.png"))
    if len(pixels) * 4 // 3 >= len(vector):
        return vector
    text = base64.b64encode(pixels).decode("ascii")
    wide = f"max-width: {figure.get_size_inches()[0] * 72 * POINT:.0f}px"
    return f'<img alt="{escaped(words)}" style="{wide}" src="data:image/png;base64,{text}">'


def _bytes(figure: Any, path: Path) -> bytes:
    return save_figure(figure, path).read_bytes()


def inline_svg(text: str, key: str, words: str) -> str:
    """Return an SVG as it may stand inside HTML: no header, no addresses, names of its own.

    Examples
    --------
    >>> inline_svg('<?xml?><svg xmlns="x" width="9pt" viewBox="0 0 9 9"><path id="a"/></svg>', "p1", "a line")
    '<svg role="img" aria-label="a line" viewBox="0 0 9 9" style="max-width: 12px"><path id="p1-a"/></svg>'
    """
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)  # each text once more, in clear
    head, _, rest = text.partition(">")
    box = re.search(r'viewBox="[^"]*?([\d.]+) [\d.]+"', head)
    size = f' {box[0]} style="max-width: {float(box[1]) * POINT:.0f}px"' if box else ""
    rest = LONG_NUMBER.sub(_short, rest)
    rest = re.sub(r'\bid="', f'id="{key}-', rest)
    rest = re.sub(r'(?:xlink:)?href="#', f'href="#{key}-', rest)
    rest = rest.replace("url(#", f"url(#{key}-")
    # A style of one picture would hold for the whole page.
    rest = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", "", rest, flags=re.DOTALL)
    rest = re.sub(r"\s*\n\s*", " ", rest)
    return f'<svg role="img" aria-label="{escaped(words)}"{size}>{rest}'.strip()


def _short(match: re.Match[str]) -> str:
    number = float(match[0])
    return f"{number:.4f}" if abs(number) < SMALL else f"{number:.2f}"


def _few_colours(png: bytes) -> bytes:
    """Return a PNG with a palette, a third of the size."""
    from PIL import Image

    out = io.BytesIO()
    image: Any = Image.open(io.BytesIO(png)).convert("RGB")
    few = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
