"""The page of all commands, made from the signatures of the command line.

``python -m tests.docs.commands_page`` writes it anew.
"""

from __future__ import annotations

import inspect
import types
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo

from sim.cli.app import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
HEAD = """# Commands

Made from the command line itself by `python -m tests.docs.commands_page`; a test holds it current.

Data go to stdout, all else to stderr. Exit codes: 0 done, 1 the run failed or what `--fail-if` names holds, 2
wrong usage, 3 a scenario or data are wrong (nothing is written), 4 some replications failed, 130 interrupted.
`--debug`, anywhere, shows tracebacks. `python -m sim` is the same as `sim`, `sim --version` prints the
version.
"""


def commands_page() -> str:
    """Return the page: a section per command, a row per argument and option."""
    return "\n".join([HEAD, *(_section(str(item.name), item.callback) for item in app.registered_commands)])


def _section(name: str, callback: Any) -> str:
    hints = get_type_hints(callback, include_extras=True)
    arguments, options = [], []
    for parameter in inspect.signature(callback).parameters.values():
        kind, info = get_args(hints[parameter.name])[:2]
        (arguments if isinstance(info, ArgumentInfo) else options).append((parameter, kind, info))
    usage = ["sim", name, *(_placeholder(*item) for item in arguments), *(["[options]"] if options else [])]
    rows = [f"| `{_escaped(_placeholder(*item))}` | {_text(*item)} |" for item in arguments]
    rows += [f"| {_names(*item)} | {_text(*item)} |" for item in options]
    table = ["", "| argument or option | means |", "|---|---|", *rows] if rows else []
    summary = " ".join((inspect.getdoc(callback) or "").split("\n\n")[0].split())
    return "\n".join([f"## sim {name}", "", summary, "", "```", " ".join(usage), "```", *table, ""])


def _placeholder(parameter: inspect.Parameter, _kind: Any, info: Any) -> str:
    name = str(info.metavar or parameter.name.upper())
    name = name.strip("[]")
    return name if parameter.default is inspect.Parameter.empty else f"[{name}]"


def _names(parameter: inspect.Parameter, kind: Any, info: Any) -> str:
    # Inside Annotated the first name stands where a default would.
    first = [info.default] if isinstance(info.default, str) else []
    names = [*first, *(info.param_decls or ())] or [f"--{parameter.name.replace('_', '-')}"]
    shown = ", ".join(f"`{name}`" for name in names)
    return shown if kind is bool else f"{shown} `{info.metavar or _word(kind)}`"


def _word(kind: Any) -> str:
    """Return what an option takes, in capitals."""
    plain = _plain(kind)
    return {int: "NUMBER", Path: "PATH"}.get(plain, "TEXT")


def _plain(kind: Any) -> Any:
    """Return a type without the None beside it."""
    if get_origin(kind) is types.UnionType:
        return next(part for part in get_args(kind) if part is not type(None))
    return kind


def _text(parameter: inspect.Parameter, kind: Any, info: Any) -> str:
    text = " ".join((info.help or "").split())
    if choices := _choices(_plain(kind)):
        text += " One of: " + ", ".join(f"`{choice}`" for choice in choices) + "."
    default = parameter.default
    if default not in (inspect.Parameter.empty, None, False, ()):
        text += f" Default: `{getattr(default, 'value', default)}`."
    return _escaped(text)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _choices(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return tuple(get_args(kind))
    return tuple(item.value for item in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8")
