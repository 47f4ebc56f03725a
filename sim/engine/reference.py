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

from sim.engine.arrays import Table
from sim.engine.columns import FIRST_COLUMN, WORD_BYTES, Kinds, RefType, type_of

Array = tuple[str, Kinds | np.dtype[Any], int]
"""Name of an array of a record, its columns or its one type, and its number of axes."""


class Ref:
    """One pointer to the arrays of a named tuple; its attributes are the tuple's."""

    def __init__(self, record: NamedTuple) -> None:
        self.__dict__.update(record._asdict())
        self._record = record
        arrays: list[Array] = []
        words: list[int] = []
        for name, array in record._asdict().items():
            block = array.words if isinstance(array, Table) else array[np.newaxis]
            assert block.flags.c_contiguous
            assert block.itemsize == WORD_BYTES
            columns = array.kinds if isinstance(array, Table) else array.dtype
            arrays.append((name, columns, block.ndim - 1))
            words += [block.shape[1], block.shape[2] if block.ndim > 2 else 1]
            begin, step = block.__array_interface__["data"][0], block.strides[0]
            words += [begin + column * step for column in range(len(block))]
        self._numba_type = _made_type(type(record).__name__, tuple(arrays))
        self._table = np.array(words, dtype=np.int64)
        self.address = int(self._table.ctypes.data)


def ref_to(record: Any) -> Any:
    """Return a reference to a record, or the one it already is; either has the record's attributes."""
    return record if isinstance(record, Ref) else Ref(record)


@lru_cache
def _made_type(record: str, arrays: tuple[Array, ...]) -> RefType:
    """Return the one type of all records with the same arrays (a `Ref` is made at every call)."""
    fields = []
    word = 0
    for name, columns, ndim in arrays:
        fields.append((name, (word, type_of(f"{record}.{name}", columns, ndim))))
        word += FIRST_COLUMN + (1 if isinstance(columns, np.dtype) else len(columns))
    return RefType(record, tuple(fields))


@typeof_impl.register(Ref)
def _typeof_ref(value: Ref, _context: Any) -> RefType:
    return value._numba_type


@unbox(RefType)
def _unbox_ref(_kind: types.Type, value: Any, context: Any) -> NativeValue:
    address = context.pyapi.object_getattr_string(value, "address")
    number = context.pyapi.number_as_ssize_t(address)
    context.pyapi.decref(address)
    return NativeValue(number, is_error=cgutils.is_not_null(context.builder, context.pyapi.err_occurred()))
