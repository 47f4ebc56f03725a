"""A shorter way through Numba's compiler, for functions as plain as the kernels are.

Numba's standard list of passes serves every Python it knows: closures, context managers, generators,
parallel loops. Kernels have loops, conditions and arithmetic only, so the passes left here suffice.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import FixupArgs, IRProcessing, ReconstructSSA, TranslateByteCode


class _Folder(UserProvidedCacheLocator):
    """The one folder of compiled kernels, also where it cannot be written.

    Numba would try others then, beside the sources and in the home, whose names do not tell of an edited
    helper.
    """

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Folder:
        """Return the folder of a function's file."""
        return cls(py_func, py_file)


class _Files(CompileResultCacheImpl):
    _locator_classes = (_Folder,)


class KernelCache(FunctionCache):
    """Machine code kept in files; to load it, what Numba knows of compiling is not needed.

    Numba's own cache first gathers every rule for every library function, which takes longer than a run.
    Files that cannot be read or written (a full disk, a read-only one) cost the next run its time to compile,
    never this one its result.
    """

    _impl_class = _Files
    _is_told = False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the code for a signature; None where there is none yet, or none that can be read."""
        try:
            return self._load_overload(sig, target_context)
        except OSError:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for a signature; if that cannot be, say so once."""
        try:
            self._save_overload(sig, data)
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if KernelCache._is_told or multiprocessing.parent_process() is not None:
            return
        KernelCache._is_told = True
        sys.stderr.write(
            f"compiled kernels cannot be kept in {self.cache_path}: {error.strerror or error}; "
            "the next run will compile them again\n"
        )


class _PartLibrary(JITCodeLibrary):
    """Code that only other compiled code calls: it is optimised, and made machine code, there."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):
    """Lower to LLVM's language and leave it at that."""

    _name = "sim_part_lowering"

    def run_pass(self, state: Any) -> bool:
        """Make the function known to its callers under a key of its own."""
        state.library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        unique: list[int] = []
        key = unique.pop  # the dispatcher wants a built-in function, one per compiled form; none calls it
        state.targetctx.insert_user_function(key, state["cr"].fndesc, [state.library])
        state["cr"] = state["cr"]._replace(cfunc=key)
        return True


class KernelCompiler(CompilerBase):
    """Compile what Python calls."""

    lowering = NativeLowering

    def define_pipelines(self) -> list[PassManager]:
        """Return the one list of passes."""
        passes = PassManager("sim")
        for step in (
            TranslateByteCode,
            FixupArgs,
            IRProcessing,
            ReconstructSSA,
            NopythonTypeInference,
            PreLowerStripPhis,
            IRLegalization,
            self.lowering,
            NoPythonBackend,
        ):
            passes.add_pass(step, step.__name__)
        passes.finalize()
        return [passes]


class PartCompiler(KernelCompiler):
    """Compile a part of a kernel."""

    lowering = _PartLowering
