# SPDX-License-Identifier: GPL-2.0-only
"""Bytes to be read by compiled loops: a uint8 array that numba sees as a bare address.

The same for bytes as compiled_ints for integers, and for the same reason: a loop that calls small
functions with one of numba's own arrays pays for counting references at each call, measured 15
times the time of reading lines. What a loop reads is a non-negative int64. Imported by engines.py
only when a run is to be compiled.
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


class ByteArray(np.ndarray[Any, Any]):
    """A uint8 array of one dimension, contiguous, not to be written to."""


class BytesType(types.Type):
    """The type of ByteArray."""

    def __init__(self) -> None:
        super().__init__("Bytes")


BYTES = BytesType()
_AS_ARRAY = types.Array(types.uint8, 1, "C", readonly=True)


def byte_array(data: Any) -> ByteArray:
    """Return bytes as a ByteArray, which shares their memory and keeps it alive."""
    return np.frombuffer(data, np.uint8).view(ByteArray)


@typeof_impl.register(ByteArray)
def _typeof(value: ByteArray, context: Any) -> BytesType:
    return BYTES


@register_model(BytesType)
class _Model(models.StructModel):
    def __init__(self, manager: Any, kind: BytesType) -> None:
        super().__init__(manager, kind, [("data", types.CPointer(types.uint8))])


@unbox(BytesType)
def _unbox(kind: BytesType, value: Any, c: Any) -> NativeValue:
    """Take the address; the caller's Python object keeps the memory alive."""
    native = c.unbox(_AS_ARRAY, value)
    array = c.context.make_array(_AS_ARRAY)(c.context, c.builder, native.value)
    taken = cgutils.create_struct_proxy(kind)(c.context, c.builder)
    taken.data = array.data
    c.context.nrt.decref(c.builder, _AS_ARRAY, native.value)
    return NativeValue(taken._getvalue(), is_error=native.is_error)


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], BytesType) and isinstance(args[1], types.Integer):
            return signature(types.int64, BYTES, types.int64)
        return None


@lower_builtin(operator.getitem, BytesType, types.int64)
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    data = cgutils.create_struct_proxy(BYTES)(context, builder, args[0]).data
    byte = builder.load(builder.gep(data, [args[1]]))
    return builder.zext(byte, context.get_value_type(types.int64))
