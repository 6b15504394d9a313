# SPDX-License-Identifier: GPL-2.0-only
"""byte_arrays for compiled code: unaligned loads, memcpy and memset, without bounds checks.

Imported by engines.py only when a run is to be compiled.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from zswapsim.engine import byte_arrays

# numba's own type has the parameter that a caller does not give.
_intrinsic: Any = intrinsic
_U32 = ir.IntType(32)
_U64 = ir.IntType(64)


def _are_bytes(*kinds: Any) -> bool:
    return all(
        isinstance(kind, types.Array)
        and (kind.dtype, kind.ndim, kind.layout) == (types.uint8, 1, "C")
        for kind in kinds
    )


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


def _load(builder: Any, address: Any, word: Any) -> Any:
    value = builder.load(builder.bitcast(address, word.as_pointer()))
    value.align = 1
    return value


@_intrinsic
def _load_u32(typing: Any, data: Any, at: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(context, builder, sig.args[0], *args)
        return builder.zext(_load(builder, address, _U32), _U64)

    return (types.int64(data, types.int64), build) if _are_bytes(data) else None


@_intrinsic
def _matching_bytes(typing: Any, data: Any, at: Any, other: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = [
            _load(builder, _address(context, builder, sig.args[0], args[0], place), _U64)
            for place in args[1:]
        ]
        # A word of zeros has 64 at its end: all of its 8 bytes.
        zeros = builder.cttz(builder.xor(*words), ir.Constant(ir.IntType(1), 0))
        return builder.lshr(zeros, ir.Constant(_U64, 3))

    return (types.int64(data, types.int64, types.int64), build) if _are_bytes(data) else None


@_intrinsic
def _copy_bytes(typing: Any, target: Any, at: Any, source: Any, start: Any, length: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        to = _address(context, builder, sig.args[0], args[0], args[1])
        where = _address(context, builder, sig.args[2], args[2], args[3])
        cgutils.raw_memcpy(builder, to, where, args[4], 1)
        return context.get_dummy_value()

    if not _are_bytes(target, source):
        return None
    return types.void(target, types.int64, source, types.int64, types.int64), build


def _clear(numbers):  # type: ignore[no-untyped-def]
    for index in range(len(numbers)):
        numbers[index] = 0


# numba wants the parameters of both functions alike, annotations included: so there are none.
overload(byte_arrays.load_u32)(lambda data, at: lambda data, at: _load_u32(data, at))
overload(byte_arrays.matching_bytes)(
    lambda data, at, other: lambda data, at, other: _matching_bytes(data, at, other)
)
overload(byte_arrays.copy_bytes)(
    lambda target, at, source, start, length: (
        lambda target, at, source, start, length: _copy_bytes(target, at, source, start, length)
    )
)
overload(byte_arrays.clear)(lambda numbers: _clear)
