"""Results: what a run is, how it is made, kept and read back.

`execute` runs a case and its baseline, `run` is the result, `store` the folder, `document` the JSON.
Names are loaded when asked for, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.results.document import document
    from sim.results.execute import Interrupted, run
    from sim.results.plan import plan_of
    from sim.results.run import Run
    from sim.results.store import load_run, save_run

__all__ = ["Interrupted", "Run", "document", "load_run", "plan_of", "run", "save_run"]

_HOME = {
    "Run": "sim.results.run",
    "Interrupted": "sim.results.execute",
    "run": "sim.results.execute",
    "plan_of": "sim.results.plan",
    "load_run": "sim.results.store",
    "save_run": "sim.results.store",
    "document": "sim.results.document",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
