"""The figure that all pictures are drawn on. Importing this imports matplotlib."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim.plots.style import sheet


class Picture(Figure):
    """A figure that draws with Agg, belongs to no window, and shows itself in a notebook.

    Jupyter shows bare figures only once pyplot has been imported, which nothing here does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        """Return the picture as PNG at 100 dots per inch, with nothing cut."""
        out = BytesIO()
        with rc_context(sheet()):
            self.savefig(out, format="png", dpi=100, bbox_inches="tight", pad_inches=0.08)
        return out.getvalue()
