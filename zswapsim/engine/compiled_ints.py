# SPDX-License-Identifier: GPL-2.0-only
"""The compiled machine's arrays: numpy int64 arrays that numba sees as a bare address and length.

numba's own array type counts references, and a state of sixty arrays pays for each of them at
every call and every field that is named: measured 7 times the compile time and 4 times the run
time. The state outlives every compiled call, so nothing needs counting. Imported by engines.py only
when a run is to be compiled.
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
    """An int64 array of one dimension, contiguous: an ordinary numpy array to Python."""


class IntsType(types.Type):
    """The type of IntArray."""

    def __init__(self) -> None:
        super().__init__("Ints")


INTS = IntsType()
_AS_ARRAY = types.Array(types.int64, 1, "C")


def int_array(values: Any) -> IntArray:
    """Return values as an IntArray, copied only where they are not int64 already."""
    return np.ascontiguousarray(values, np.int64).view(IntArray)


@typeof_impl.register(IntArray)
def _typeof(value: IntArray, context: Any) -> IntsType:
    return INTS


@register_model(IntsType)
class _Model(models.StructModel):
    def __init__(self, manager: Any, kind: IntsType) -> None:
        members = [("data", types.CPointer(types.int64)), ("length", types.intp)]
        super().__init__(manager, kind, members)


@unbox(IntsType)
def _unbox(kind: IntsType, value: Any, c: Any) -> NativeValue:
    """Take address and length; the caller's Python object keeps the memory alive."""
    native = c.unbox(_AS_ARRAY, value)
    array = c.context.make_array(_AS_ARRAY)(c.context, c.builder, native.value)
    ints = cgutils.create_struct_proxy(kind)(c.context, c.builder)
    ints.data = array.data
    ints.length = array.nitems
    c.context.nrt.decref(c.builder, _AS_ARRAY, native.value)
    return NativeValue(ints._getvalue(), is_error=native.is_error)


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], IntsType) and isinstance(args[1], types.Integer):
            return signature(types.int64, INTS, types.int64)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], IntsType) and isinstance(args[1], types.Integer):
            return signature(types.none, INTS, types.int64, types.int64)
        return None


@infer_global(len)
class _Len(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], IntsType):
            return signature(types.intp, INTS)
        return None


def _item(context: Any, builder: Any, ints: Any, index: Any) -> Any:
    data = cgutils.create_struct_proxy(INTS)(context, builder, ints).data
    return builder.gep(data, [index])


@lower_builtin(operator.getitem, IntsType, types.int64)
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.load(_item(context, builder, args[0], args[1]))


@lower_builtin(operator.setitem, IntsType, types.int64, types.int64)
def _lower_setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], _item(context, builder, args[0], args[1]))
    return context.get_dummy_value()


@lower_builtin(len, IntsType)
def _lower_len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return cgutils.create_struct_proxy(INTS)(context, builder, args[0]).length
