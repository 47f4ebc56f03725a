"""Records of arrays handed to kernels by reference.

Numba passes a named tuple of arrays field by field: with some fifty arrays each call has hundreds of
arguments, and compiling the engine takes a minute. A `Ref` is one pointer to a table of addresses;
what a kernel reads by it, such as ``net.lanes.share[lane]``, is described in `columns`. Without the
compiler a `Ref` is a plain object with the same attributes, so kernels read the same either way.

The arrays must be C-contiguous and stay alive as long as the `Ref` does, which holds them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import NativeValue, typeof_impl, unbox

from sim.engine.columns import SLOTS, RefType, field_of


class Ref:
    """One pointer to the arrays of a named tuple; its attributes are the tuple's."""

    def __init__(self, record: NamedTuple) -> None:
        self.__dict__.update(record._asdict())
        self._record = record
        self._numba_type = _type_of(record)
        words: list[int] = []
        for array in record:
            assert isinstance(array, np.ndarray)
            assert array.flags.c_contiguous
            words += [array.ctypes.data, array.shape[0], array.shape[1] if array.ndim > 1 else 1]
            assert len(words) % SLOTS == 0
        self._table = np.array(words, dtype=np.int64)
        self.address = int(self._table.ctypes.data)


def ref_to(record: Any) -> Any:
    """Return a reference to a record, or the one it already is; either has the record's attributes."""
    return record if isinstance(record, Ref) else Ref(record)


def _type_of(record: NamedTuple) -> RefType:
    arrays = tuple((name, array.dtype, array.ndim) for name, array in record._asdict().items())
    return _made_type(type(record).__name__, arrays)


@lru_cache
def _made_type(record: str, arrays: tuple[tuple[str, np.dtype[Any], int], ...]) -> RefType:
    """Return the one type of all records with the same arrays (a `Ref` is made at every call)."""
    fields = enumerate(arrays)
    return RefType(record, tuple((name, field_of(row, dtype, ndim)) for row, (name, dtype, ndim) in fields))


@typeof_impl.register(Ref)
def _typeof_ref(value: Ref, _context: Any) -> RefType:
    return value._numba_type


@unbox(RefType)
def _unbox_ref(_kind: types.Type, value: Any, context: Any) -> NativeValue:
    address = context.pyapi.object_getattr_string(value, "address")
    number = context.pyapi.number_as_ssize_t(address)
    context.pyapi.decref(address)
    return NativeValue(number, is_error=cgutils.is_not_null(context.builder, context.pyapi.err_occurred()))
