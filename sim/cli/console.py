"""Where words go: data to stdout, all else to stderr; and what an error's exit code is."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

DONE, FAILED, USAGE, BAD_INPUT, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 130
"""Exit codes. 1: the run failed or what `--fail-if` names holds; 3: scenario or data are wrong; 4: some
replications failed."""
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""What a system says where nothing may be written: no bug of this program."""
PIPE_WIDTH = 240
"""Columns of a table that does not go to a terminal."""

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


@dataclass(slots=True)
class State:
    """What holds for the whole invocation."""

    debug: bool = False


STATE = State()


def say(text: str) -> None:
    """Print data on stdout."""
    print(text)


def note(text: str) -> None:
    """Print what is not data on stderr."""
    print(text, file=sys.stderr, flush=True)


def say_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def open_files(paths: Iterable[Path]) -> None:
    """Open files in whatever shows them on this machine, and say where nothing does."""
    import webbrowser

    for path in paths:
        if not webbrowser.open(path.resolve().as_uri()):
            note(f"no program opens {path}")


def tables() -> Console:
    """Return the console for tables on stdout; plain and wide unless it is a terminal."""
    from rich.console import Console

    class Tables(Console):
        def on_broken_pipe(self) -> None:
            """Leave a reader that has gone to `reader_may_leave`; Rich itself would exit with code 1."""
            raise BrokenPipeError

    return Tables(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print a block for a reader who may go before its end (``sim run x | head -1``), which is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _close_stdout()


def guarded(command: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Turn the errors of a command into messages and exit codes, without a traceback."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        try:
            result = command(*args, **kwargs)
            sys.stdout.flush()
            return result
        except (typer.Exit, typer.BadParameter, typer.Abort):
            raise
        except KeyboardInterrupt:
            note("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _close_stdout()
            raise typer.Exit(DONE) from None
        except Exception as error:
            if STATE.debug:
                raise
            note(_message(error))
            raise typer.Exit(_code(error)) from None

    return run


def _message(error: Exception) -> str:
    from sim.errors import InvariantError, SimError

    if isinstance(error, InvariantError):
        return f"{error}\n    this is a bug in sim, not in your scenario"
    if isinstance(error, SimError):
        return "\n".join(str(problem) for problem in error.problems)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        what = f"{error.filename} cannot be written" if error.filename else "a file cannot be written"
        return f"{what}: {error.strerror or error}"
    return f"bug in sim: {type(error).__name__}: {error}\n    --debug shows where"


def _code(error: Exception) -> int:
    from sim.errors import DataError, ScenarioError

    return BAD_INPUT if isinstance(error, ScenarioError | DataError) else FAILED


def _close_stdout() -> None:
    """Keep the interpreter from complaining about a reader that has gone (``sim list | head``)."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
