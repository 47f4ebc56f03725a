"""The folder of a comparison: tables and pictures, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.plots.registry import NoPicture, figure_of, save_figure
from sim.results.folders import whole_folder
from sim.results.tabulate import comparison_document, markdown

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.compare import Comparison

MARK = "comparison.json"
"""The file by which a folder of a comparison is known, and may be replaced."""


def save_comparison(
    comparison: Comparison,
    frame: pd.DataFrame,
    folder: Path,
    metric: str = "lost_units",
    sites: Sequence[str] = (),
    countries: Sequence[str] = (),
) -> list[Path]:
    """Write comparison.csv, .md and .json and the pictures into a folder; return their paths.

    Parameters
    ----------
    frame
        The table of the comparison, for the sites that are told.
    metric
        Measure of the forest of paired differences.

    Raises
    ------
    StoreError
        If the folder holds something else, or cannot be written. What was there stays.
    """
    some: dict[str, Any] = {"sites": tuple(sites), "countries": tuple(countries)}
    with whole_folder(folder, MARK) as temporary:
        frame.to_csv(temporary / "comparison.csv", index=False)
        (temporary / "comparison.md").write_text(markdown(comparison, frame), encoding="utf-8")
        _draw(temporary / "first_shortfalls.png", "shortfalls", comparison, **some)
        _draw(temporary / f"forest_{metric}.png", "forest", comparison, metric=metric, **some)
        for label, run in comparison.runs.items():
            _draw(temporary / f"ladder_{_file_name(label)}.png", "ladder", run)
        document = comparison_document(comparison, frame, metric)
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        (temporary / MARK).write_text(text + "\n", encoding="utf-8")
        names = sorted(path.name for path in temporary.iterdir())
    return [folder / name for name in names]


def _draw(path: Path, name: str, subject: Any, **options: Any) -> None:
    try:
        save_figure(figure_of(name, subject, **options), path)
    except NoPicture:  # nobody is affected, which the table says
        return


def _file_name(label: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in label).strip("_")
