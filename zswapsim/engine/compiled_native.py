# SPDX-License-Identifier: GPL-2.0-only
"""native for compiled code. Imported by engines.py only when a run is to be compiled."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic, overload

from zswapsim.engine import native

# numba's own type has the parameter that a caller does not give.
_intrinsic: Any = intrinsic
cgutils: Any = untyped_cgutils
_I1, _I8, _I32, _I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
_BYTES = _I8.as_pointer()
_FUNCTION = ir.FunctionType(_I32, [_I64] * 6)
_CLOCK_MONOTONIC = 1


@_intrinsic  # type: ignore[untyped-decorator]
def _call(typing: Any, address: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], _FUNCTION.as_pointer())
        return builder.sext(builder.call(function, args[1:]), _I64)

    return types.int64(*[types.int64] * 7), build


@_intrinsic  # type: ignore[untyped-decorator]
def _copy(typing: Any, target: Any, source: Any, length: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        to, where = (builder.inttoptr(address, _BYTES) for address in args[:2])
        cgutils.raw_memmove(builder, to, where, args[2], 1)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), build


@_intrinsic  # type: ignore[untyped-decorator]
def _is_same(typing: Any, one: Any, other: Any, length: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_I32, [_BYTES, _BYTES, _I64])
        memcmp = cgutils.get_or_insert_function(builder.module, kind, "memcmp")
        places = [builder.inttoptr(address, _BYTES) for address in args[:2]]
        return builder.icmp_signed("==", builder.call(memcmp, [*places, args[2]]), _I32(0))

    return types.boolean(*[types.int64] * 3), build


@_intrinsic  # type: ignore[untyped-decorator]
def _load(typing: Any, address: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(builder.inttoptr(args[0], _I64.as_pointer()))
        value.align = 1
        return value

    return types.int64(types.int64), build


@_intrinsic  # type: ignore[untyped-decorator]
def _store(typing: Any, address: Any, value: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        stored = builder.store(args[1], builder.inttoptr(args[0], _I64.as_pointer()))
        stored.align = 1
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build


@_intrinsic  # type: ignore[untyped-decorator]
def _clock(typing: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_I32, [_I32, _I64.as_pointer()])
        clock_gettime = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        time = cgutils.alloca_once(builder, _I64, 2)  # seconds, nanoseconds
        builder.call(clock_gettime, [_I32(_CLOCK_MONOTONIC), time])
        seconds, rest = (builder.load(builder.gep(time, [_I32(k)])) for k in range(2))
        return builder.add(builder.mul(seconds, _I64(1_000_000_000)), rest)

    return types.int64(), build


overload(native.call_native)(
    lambda address, a, b, c, d, e, f: (
        lambda address, a, b, c, d, e, f: _call(address, a, b, c, d, e, f)
    )
)
overload(native.copy_memory)(
    lambda target, source, length: lambda target, source, length: _copy(target, source, length)
)
overload(native.is_same_memory)(
    lambda one, other, length: lambda one, other, length: _is_same(one, other, length)
)
overload(native.load_word)(lambda address: lambda address: _load(address))
overload(native.store_word)(lambda address, value: lambda address, value: _store(address, value))
overload(native.clock_ns)(lambda: lambda: _clock())
