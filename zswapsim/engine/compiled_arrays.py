# SPDX-License-Identifier: GPL-2.0-only
"""Arrays of compiled code: numpy arrays that numba sees as a bare address and length.

numba's own array type counts references, and a state of sixty arrays pays for each of them at
every call and every field that is named: measured 7 times the compile time and 4 times the run
time of the machine, and 15 times the time of reading lines. What is passed outlives every compiled
call, so nothing needs counting. Items are read and written as int64, whatever they are kept in.
Imported by engines.py only when a run is to be compiled.
"""

import operator
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import (
    NativeValue,
    lower_builtin,
    models,
    register_model,
    typeof_impl,
    unbox,
)


class IntArray(np.ndarray[Any, Any]):
    """An array of integers of one dimension, contiguous.

    An item is an int to Python, as sums of numpy's own narrow ones would overflow.
    """

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return found.item() if isinstance(found, np.generic) else found

    def __iter__(self) -> Any:
        return iter(self.tolist())


class ByteArray(np.ndarray[Any, Any]):
    """A uint8 array of one dimension, contiguous, not to be written to."""


class BareType(types.Type):
    """The type of IntArray and ByteArray: item is what lies in memory."""

    def __init__(self, name: str, item: Any, *, readonly: bool) -> None:
        self.item = item
        self.readonly = readonly
        self.as_array = types.Array(item, 1, "C", readonly=readonly)
        super().__init__(name)


INTS = {
    np.dtype(name): BareType(f"Ints({name})", getattr(types, name), readonly=False)
    for name in ("int8", "int16", "int32", "int64")
}
BYTES = BareType("Bytes", types.uint8, readonly=True)


def int_array(values: Any, item: str = "int64") -> IntArray:
    """Return values as an IntArray, copied only where they are not kept in such items already."""
    return np.ascontiguousarray(values, item).view(IntArray)


def byte_array(data: Any) -> ByteArray:
    """Return bytes as a ByteArray, which shares their memory and keeps it alive."""
    return np.frombuffer(data, np.uint8).view(ByteArray)


@typeof_impl.register(IntArray)
def _typeof_ints(value: IntArray, context: Any) -> BareType:
    return INTS[value.dtype]


@typeof_impl.register(ByteArray)
def _typeof_bytes(value: ByteArray, context: Any) -> BareType:
    return BYTES


@register_model(BareType)
class _Model(models.StructModel):
    def __init__(self, manager: Any, kind: BareType) -> None:
        members = [("data", types.CPointer(kind.item)), ("length", types.intp)]
        super().__init__(manager, kind, members)


@unbox(BareType)
def _unbox(kind: BareType, value: Any, c: Any) -> NativeValue:
    """Take address and length; the caller's Python object keeps the memory alive."""
    native = c.unbox(kind.as_array, value)
    array = c.context.make_array(kind.as_array)(c.context, c.builder, native.value)
    bare = cgutils.create_struct_proxy(kind)(c.context, c.builder)
    bare.data = array.data
    bare.length = array.nitems
    c.context.nrt.decref(c.builder, kind.as_array, native.value)
    return NativeValue(bare._getvalue(), is_error=native.is_error)


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], BareType) and isinstance(args[1], types.Integer):
            return signature(types.int64, args[0], types.int64)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        kind = args[0]
        if isinstance(kind, BareType) and not kind.readonly and isinstance(args[1], types.Integer):
            return signature(types.none, kind, types.int64, types.int64)
        return None


@infer_global(len)
class _Len(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], BareType):
            return signature(types.intp, args[0])
        return None


def _item(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    bare = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0])
    return builder.gep(bare.data, [args[1]])


@lower_builtin(operator.getitem, BareType, types.int64)
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    value = builder.load(_item(context, builder, sig, args))
    return context.cast(builder, value, sig.args[0].item, types.int64)


@lower_builtin(operator.setitem, BareType, types.int64, types.int64)
def _lower_setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    value = context.cast(builder, args[2], types.int64, sig.args[0].item)
    builder.store(value, _item(context, builder, sig, args))
    return context.get_dummy_value()


@lower_builtin(len, BareType)
def _lower_len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).length
