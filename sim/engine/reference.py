"""Records of arrays handed to kernels by reference.

Numba passes a named tuple of arrays field by field: with some fifty arrays each call has hundreds of
arguments, and compiling the engine takes a minute. A `Ref` is one pointer to a table of addresses;
what a kernel reads by it, such as ``net.lanes.share[lane]``, is described in `columns`. Without the
compiler a `Ref` is a plain object with the same attributes, so kernels read the same either way.

The arrays must be C-contiguous and stay alive as long as the `Ref` does, which holds them.
"""

from __future__ import annotations

from array import array
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
        self.__dict__.update(zip(record._fields, record, strict=True))
        self._record = record
        words: list[int] = []
        for part in record:
            block = part.words if isinstance(part, Table) else part
            assert block.flags.c_contiguous
            assert block.itemsize == WORD_BYTES
            shape, begin = block.shape, block.__array_interface__["data"][0]
            columns = 1
            if isinstance(part, Table):
                columns, shape = shape[0], shape[1:]
            step = block.nbytes // columns
            words += (shape[0], shape[1] if len(shape) > 1 else 1)
            words += range(begin, begin + columns * step, step) if step else [begin] * columns
        self._numba_type = _type_of_record(record)
        self._table = array("q", words)
        self.address = self._table.buffer_info()[0]


def ref_to(record: Any) -> Any:
    """Return a reference to a record, or the one it already is; either has the record's attributes."""
    return record if isinstance(record, Ref) else Ref(record)


_types: dict[type, RefType] = {}
"""By class of record: all records of a class have the same columns."""


def _type_of_record(record: Any) -> RefType:
    found = _types.get(type(record))
    if found is None:
        listed = zip(record._fields, record, strict=True)
        arrays = tuple(
            (name, part.kinds, part.words.ndim - 1)
            if isinstance(part, Table)
            else (name, part.dtype, part.ndim)
            for name, part in listed
        )
        found = _types[type(record)] = _made_type(type(record).__name__, arrays)
    return found


def _made_type(record: str, arrays: tuple[Array, ...]) -> RefType:
    """Return the type of a record with these arrays."""
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
