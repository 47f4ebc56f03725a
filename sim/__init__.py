"""Simulate the rare-earth supply chain: say how many days each manufacturer keeps building.

The public names are loaded when asked for, so that ``import sim`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.promises import PROMISES
from sim.results.hooks import HOOKS
from sim.version import __version__

if TYPE_CHECKING:
    from sim.case import Case
    from sim.data import load_network
    from sim.domain import Network
    from sim.engine import simulate
    from sim.errors import Problem
    from sim.explore import Explorer
    from sim.reports import report
    from sim.results.compare import Comparison, compare
    from sim.results.execute import run
    from sim.results.run import Run
    from sim.results.store import load_run
    from sim.scenario.load import load

__all__ = [
    "Case",
    "Comparison",
    "Explorer",
    "Network",
    "Run",
    "__version__",
    "compare",
    "load",
    "load_network",
    "load_run",
    "report",
    "run",
    "simulate",
]

_HOME = {
    "Case": "sim.case",
    "Comparison": "sim.results.compare",
    "Explorer": "sim.explore",
    "compare": "sim.results.compare",
    "Network": "sim.domain",
    "Run": "sim.results.run",
    "load": "sim.scenario",
    "load_network": "sim.data",
    "load_run": "sim.results.store",
    "report": "sim.reports",
    "run": "sim.results.execute",
    "simulate": "sim.engine",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


# The functions below reach up by name: an import here would be an import by every module of the package.
def _why(result: Run) -> str:
    return str(import_module("sim.analysis.explain").why_of(result))


def _verdicts(result: Run) -> list[dict[str, str]]:
    found: list[dict[str, str]] = import_module("sim.analysis.explain").verdicts_of(result)
    return found


def _promise(key: str, text: str, network: Network | None) -> tuple[Problem, ...]:
    found: tuple[Problem, ...] = import_module("sim.analysis.before").problem_of(key, text, network)
    return found


def _plot(subject: Any) -> Any:
    return import_module("sim.plots").pictures_of(subject)


def _picture(result: Run, path: Path) -> None:
    import_module("sim.plots").Plots(result).save_runway(path)


def _report(subject: Any, path: str | Path, title: str) -> Path:
    written: Path = import_module("sim.reports").write_report(subject, path, title)
    return written


# Results may not import plots or analysis (they are higher layers), so they are handed down here.
HOOKS.why = _why
HOOKS.verdicts = _verdicts
PROMISES.check = _promise
HOOKS.plot = _plot
HOOKS.picture = _picture
HOOKS.report = _report
