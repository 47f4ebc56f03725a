"""The table of all pictures in ``docs/pictures.md``, made from the registry.

``python -m tests.docs.plots_page`` writes it anew.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from sim.plots import PLOTS, Plot

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pictures.md"
BEGIN, END = "<!-- plots -->\n", "<!-- end -->"


def plots_page() -> str:
    """Return the page with a current table: a row per picture, with its options and their defaults."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    rows = [f"| `{name}` | {item.of} | {item.shows} | {_options(item)} |" for name, item in PLOTS.items()]
    table = "\n".join(["| picture | of a | shows | options |", "|---|---|---|---|", *rows])
    return f"{head}{BEGIN}{table}\n{END}{tail}"


def _options(plot: Plot) -> str:
    parameters = inspect.signature(plot.prepare).parameters
    simple = [name for name in plot.options if isinstance(parameters[name].default, str | int | float)]
    return ", ".join(f"`{name}`" for name in simple) or "-"


if __name__ == "__main__":
    PAGE.write_text(plots_page(), encoding="utf-8")
