"""How the compiler reads ``net.lanes.share[lane]``: one address, known offsets, one load.

Numba's own arrays are structures of seven words, built anew at each mention and copied out of by
code that must fit every kind of array; the kernels mention arrays a thousand times, and that was two
thirds of the time to compile them. Here a record, a table of it and a column of the table are all the
same machine word, an address in the record's table of addresses (`reference`); their types say the
rest. Only what kernels use is there: an element, whole columns set to one value, sizes. An index is
taken as it is: below zero it does not count from the end.
"""

from __future__ import annotations

import hashlib
import operator
from typing import Any, ClassVar

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin, lower_getattr, lower_getattr_generic
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import register_model
from numba.np.numpy_support import from_dtype

from sim.engine.arrays import KINDS

ROWS, PLACES, FIRST_COLUMN = range(3)
"""What the table of addresses says of a table: rows, places in a row, then where each column begins."""
WORD_BYTES = 8
FIRST = {"target": "cpu"}
"""Marks a rule to be tried before Numba's own, which are many."""


class ColumnType(types.Type):
    """A column of a table, or an array by itself (a table of one column); `owner` says which."""

    def __init__(self, owner: str, dtype: types.Type, ndim: int, number: int) -> None:
        self.owner = owner
        self.dtype = dtype
        self.ndim = ndim
        self.number = number
        super().__init__(name=f"Column[{owner},{dtype},{ndim},{number}]")


class TableType(types.Type):
    """A table: its columns by name."""

    def __init__(self, columns: tuple[tuple[str, ColumnType], ...]) -> None:
        self.columns = dict(columns)
        super().__init__(name=f"Table[{_digest(columns)}]")


Field = tuple[int, ColumnType | TableType]
"""Where an array is in the table of addresses, and its type."""


class RefType(types.Type):
    """A record of arrays: the place and the type of each by name."""

    def __init__(self, record: str, fields: tuple[tuple[str, Field], ...]) -> None:
        self.fields = dict(fields)
        super().__init__(name=f"Ref[{record},{_digest(fields)}]")


def _digest(parts: Any) -> str:
    """Return a short name: Numba repeats the names of types in every symbol and compares them often."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


Kinds = tuple[tuple[str, str], ...]
"""Name and kind of each column of a table (`sim.engine.arrays`)."""


def type_of(owner: str, columns: Kinds | np.dtype[Any], ndim: int) -> ColumnType | TableType:
    """Return the type of a record's table with these columns, or of its array of this one type."""
    if isinstance(columns, np.dtype):
        return ColumnType(owner, from_dtype(columns), ndim, 0)
    listed = enumerate(columns)
    return TableType(
        tuple(
            (name, ColumnType(owner, from_dtype(np.dtype(KINDS[kind])), ndim, number))
            for number, (name, kind) in listed
        )
    )


@register_model(RefType)
@register_model(TableType)
@register_model(ColumnType)
class _AddressModel(models.PrimitiveModel):
    """An address in the table of addresses."""

    def __init__(self, manager: Any, kind: types.Type) -> None:
        super().__init__(manager, kind, cgutils.intp_t)


@infer_getattr
class _RefAttributes(AttributeTemplate):
    key = RefType

    def generic_resolve(self, kind: RefType, name: str) -> Any:
        """Return the type of one of the record's arrays."""
        return kind.fields[name][1] if name in kind.fields else None


@lower_getattr_generic(RefType)
def _array_of_ref(context: Any, builder: Any, kind: RefType, value: Any, name: str) -> Any:
    return builder.add(value, context.get_constant(types.intp, WORD_BYTES * kind.fields[name][0]))


@infer_getattr
class _TableAttributes(AttributeTemplate):
    key = TableType

    def generic_resolve(self, kind: TableType, name: str) -> Any:
        """Return the type of a column."""
        return kind.columns.get(name)


@lower_getattr_generic(TableType)
def _column_of_table(_context: Any, _builder: Any, _kind: TableType, value: Any, _name: str) -> Any:
    return value


@infer_getattr
class _ColumnAttributes(AttributeTemplate):
    key = ColumnType

    def resolve_size(self, _kind: ColumnType) -> types.Type:
        """Return the type of the number of elements."""
        return types.intp

    def resolve_shape(self, kind: ColumnType) -> types.Type:
        """Return the type of the numbers of rows and columns."""
        return types.UniTuple(types.intp, kind.ndim)


class _ItemTemplate(AbstractTemplate):
    metadata: ClassVar[Any] = FIRST

    def index_type(self, args: tuple[Any, ...]) -> types.Type | None:
        """Return what the index is converted to; None where the object is not a column."""
        if not isinstance(args[0], ColumnType):
            return None
        if args[0].ndim == 1:
            return types.intp if isinstance(args[1], types.Integer) else None
        return types.UniTuple(types.intp, 2) if isinstance(args[1], types.BaseTuple) else None


@infer_global(operator.getitem)
class _GetItem(_ItemTemplate):
    def generic(self, args: tuple[Any, ...], _kws: dict[str, Any]) -> Any:
        """Return the signature of reading one element."""
        index = self.index_type(args)
        return None if index is None else signature(args[0].dtype, args[0], index)


@infer_global(operator.setitem)
class _SetItem(_ItemTemplate):
    def generic(self, args: tuple[Any, ...], _kws: dict[str, Any]) -> Any:
        """Return the signature of writing one element, or all of them."""
        index = self.index_type(args)
        if index is None and isinstance(args[0], ColumnType) and args[1] == types.slice2_type:
            index = args[1]
        return None if index is None else signature(types.none, args[0], index, args[0].dtype)


def _word(builder: Any, address: Any, slot: int) -> Any:
    """Load what is said of a table; that never changes, so loads may be merged."""
    table = builder.inttoptr(address, cgutils.intp_t.as_pointer())
    loaded = builder.load(builder.gep(table, [cgutils.intp_t(slot)], inbounds=True))
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def _element(context: Any, builder: Any, kind: ColumnType, address: Any, place: Any) -> Any:
    """Return the pointer to an element of a column."""
    word = context.get_value_type(kind.dtype)
    begin = builder.inttoptr(_word(builder, address, FIRST_COLUMN + kind.number), word.as_pointer())
    return builder.gep(begin, [place], inbounds=True)


def _mark(builder: Any, kind: ColumnType, access: Any) -> Any:
    """Say which column is read or written: columns never overlap, so a store to one leaves all others."""
    module = builder.module
    root = module.add_metadata(["columns"])
    column = module.add_metadata([f"{kind.owner}/{kind.number}", root, cgutils.intp_t(0)])
    access.set_metadata("tbaa", module.add_metadata([column, column, cgutils.intp_t(0)]))
    return access


def _place(builder: Any, kind: ColumnType, address: Any, index: Any) -> Any:
    """Return how far from the beginning of its column an index, or a pair of them, points."""
    if kind.ndim == 1:
        return index
    row, place = cgutils.unpack_tuple(builder, index, 2)
    return builder.add(builder.mul(row, _word(builder, address, PLACES)), place)


def _count(builder: Any, kind: ColumnType, address: Any) -> Any:
    rows = _word(builder, address, ROWS)
    return rows if kind.ndim == 1 else builder.mul(rows, _word(builder, address, PLACES))


@infer_global(len)
class _Len(AbstractTemplate):
    metadata: ClassVar[Any] = FIRST

    def generic(self, args: tuple[Any, ...], _kws: dict[str, Any]) -> Any:
        """Return the signature of counting the rows of a table or of an array."""
        return signature(types.intp, args[0]) if isinstance(args[0], ColumnType | TableType) else None


@lower_builtin(len, ColumnType)
@lower_builtin(len, TableType)
def _rows(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
    return _word(builder, args[0], ROWS)


@lower_getattr(ColumnType, "size")
def _size(_context: Any, builder: Any, kind: ColumnType, value: Any) -> Any:
    return _count(builder, kind, value)


@lower_getattr(ColumnType, "shape")
def _shape(_context: Any, builder: Any, kind: ColumnType, value: Any) -> Any:
    return cgutils.pack_array(builder, [_word(builder, value, axis) for axis in range(kind.ndim)])


@lower_builtin(operator.getitem, ColumnType, types.Any)
def _get_item(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, (address, index) = sig.args[0], args
    element = _element(context, builder, kind, address, _place(builder, kind, address, index))
    return _mark(builder, kind, builder.load(element))


@lower_builtin(operator.setitem, ColumnType, types.Any, types.Any)
def _set_item(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, (address, index, value) = sig.args[0], args
    if sig.args[1] == types.slice2_type:
        with cgutils.for_range(builder, _count(builder, kind, address)) as loop:
            _mark(builder, kind, builder.store(value, _element(context, builder, kind, address, loop.index)))
    else:
        element = _element(context, builder, kind, address, _place(builder, kind, address, index))
        _mark(builder, kind, builder.store(value, element))
    return context.get_dummy_value()
