"""Records of arrays handed to kernels by reference.

Numba passes a named tuple of arrays field by field: with some fifty arrays each call has hundreds of
arguments, and compiling the engine takes a minute. A `Ref` is one pointer to a table of addresses;
a kernel's ``net.lanes`` reads the array's address and shape from it. Without the compiler a `Ref` is
a plain object with the same attributes, so kernels read the same either way.

The arrays must be C-contiguous and stay alive as long as the `Ref` does, which holds them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, register_model, typeof_impl, unbox
from numba.np import arrayobj
from numba.np.numpy_support import from_dtype

SLOTS = 3
"""Words per array in the table of addresses: data, rows, columns."""


class RefType(types.Type):
    """The compiled type: which record, and the type of each of its arrays."""

    def __init__(self, record: str, fields: tuple[tuple[str, types.Array], ...]) -> None:
        self.record = record
        self.fields = fields
        super().__init__(name=f"Ref[{record}]({', '.join(f'{name}: {kind}' for name, kind in fields)})")

    @property
    def key(self) -> tuple[str, tuple[tuple[str, types.Array], ...]]:
        """What makes two types the same."""
        return self.record, self.fields


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
        self._table = np.array(words, dtype=np.int64)
        self.address = int(self._table.ctypes.data)


def _type_of(record: NamedTuple) -> RefType:
    arrays = tuple((name, array.dtype, array.ndim) for name, array in record._asdict().items())
    return _made_type(type(record).__name__, arrays)


@lru_cache
def _made_type(record: str, arrays: tuple[tuple[str, np.dtype[Any], int], ...]) -> RefType:
    fields = ((name, types.Array(from_dtype(np.dtype(dtype)), ndim, "C")) for name, dtype, ndim in arrays)
    return RefType(record, tuple(fields))


@typeof_impl.register(Ref)
def _typeof_ref(value: Ref, _context: Any) -> RefType:
    return value._numba_type


@register_model(RefType)
class _RefModel(models.PrimitiveModel):
    """A Ref is an address."""

    def __init__(self, manager: Any, kind: RefType) -> None:
        super().__init__(manager, kind, cgutils.intp_t)


@unbox(RefType)
def _unbox_ref(_kind: RefType, value: Any, context: Any) -> NativeValue:
    address = context.pyapi.object_getattr_string(value, "address")
    number = context.pyapi.number_as_ssize_t(address)
    context.pyapi.decref(address)
    return NativeValue(number, is_error=cgutils.is_not_null(context.builder, context.pyapi.err_occurred()))


@infer_getattr
class _RefAttributes(AttributeTemplate):
    key = RefType

    def generic_resolve(self, kind: RefType, name: str) -> types.Array | None:
        """Return the type of one of the record's arrays."""
        return dict(kind.fields).get(name)


@lower_getattr_generic(RefType)
def _array_of_ref(context: Any, builder: Any, kind: RefType, value: Any, name: str) -> Any:
    """Build the array from its address and shape; these never change, so loads may be merged."""
    row = [field for field, _ in kind.fields].index(name)
    array_type = kind.fields[row][1]
    table = builder.inttoptr(value, cgutils.intp_t.as_pointer())

    def word(slot: int) -> Any:
        pointer = builder.gep(table, [context.get_constant(types.intp, SLOTS * row + slot)])
        loaded = builder.load(pointer)
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    array = arrayobj.make_array(array_type)(context, builder)
    item_size = context.get_constant(
        types.intp, context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    )
    data = builder.inttoptr(word(0), context.get_data_type(array_type.dtype).as_pointer())
    shape = [word(1 + axis) for axis in range(array_type.ndim)]
    strides = [item_size]
    for axis in range(array_type.ndim - 1, 0, -1):
        strides.insert(0, builder.mul(strides[0], shape[axis]))
    arrayobj.populate_array(array, data=data, shape=shape, strides=strides, itemsize=item_size, meminfo=None)
    return array._getvalue()
