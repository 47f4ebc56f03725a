"""The one decorator of kernels, and the folder where their compiled form is kept.

Numba notices an edit of a kernel's own file, not of a helper in another file: a stale result would
pass unseen. So the cache folder is named after everything a compiled kernel depends on: the sources
of the engine, the versions of Numba and Python, and the processor.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])
Returned = TypeVar("Returned")
SOURCES = Path(__file__).parent


def _cache_root() -> Path:
    base = os.environ.get("SIM_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "sim" if base else Path.home() / ".cache" / "sim"


def source_hash(folder: Path = SOURCES) -> str:
    """Return a hash of every engine source under a folder and of what compiles it."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(f"{version('numba')} {sys.version} {platform.machine()} {platform.processor()}".encode())
    return digest.hexdigest()[:16]


CACHE_FOLDER = _cache_root() / f"kernels-{source_hash()}"
os.environ["NUMBA_CACHE_DIR"] = str(CACHE_FOLDER)

from numba import config, njit  # noqa: E402 - the folder must be known before Numba is imported

from sim.engine.lean import KernelCache, KernelCompiler, PartCompiler  # noqa: E402

config.CACHE_DIR = str(CACHE_FOLDER)
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}


def kernels_are_cached() -> bool:
    """Tell whether a first run need not compile."""
    try:
        return bool(config.DISABLE_JIT) or any(CACHE_FOLDER.rglob("*.nbc"))
    except OSError:  # a folder nobody may read, or that lies below a file
        return False


def helper(function: Function) -> Function:
    """Mark a part of a kernel: it becomes machine code only as part of the kernels that call it."""
    options = {**OPTIONS, "forceinline": True, "no_cpython_wrapper": True}
    part: Function = njit(**options, pipeline_class=PartCompiler)(function)
    return part


class Direct:
    """A kernel that is always called with the same types: after its first call, its machine code itself.

    Numba looks at the type of each argument of each call, which takes longer than a small network's day.
    """

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self._code: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """Call the kernel."""
        if self._code is not None:
            return self._code(*arguments)
        found = self.compiled(*arguments)
        if not config.DISABLE_JIT:
            (only,) = self.compiled.overloads.values()
            self._code = only.entry_point
        return found


def direct(function: Callable[..., Returned]) -> Callable[..., Returned]:
    """Compile a function that Python calls often, with references and numbers of always the same types."""
    return cast(Callable[..., Returned], Direct(kernel(function)))


def kernel(function: Callable[..., Returned]) -> Callable[..., Returned]:
    """Compile a function that Python calls (plain Python under ``NUMBA_DISABLE_JIT=1``).

    Its callers hand over the records it names, or a `Ref` to each.
    """
    compiled: Any = njit(**OPTIONS, pipeline_class=KernelCompiler)(function)
    if not config.DISABLE_JIT:
        compiled._cache = KernelCache(function)
    return compiled
