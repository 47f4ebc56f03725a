"""What layers above the results add to a run: the picture, the why, the verdicts, the report.

Results may not import plots or analysis, so the package's `__init__` hands these functions down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.results.run import Run


@dataclass(slots=True)
class Hooks:
    """Functions of a run that higher layers provide; None leaves the thing out."""

    why: Callable[[Run], str] | None = None
    plot: Callable[[Any], Any] | None = None
    picture: Callable[[Run, Path], None] | None = None
    report: Callable[[Any, str | Path, str], Path] | None = None
    verdicts: Callable[[Run], list[dict[str, str]]] | None = None


HOOKS = Hooks()
