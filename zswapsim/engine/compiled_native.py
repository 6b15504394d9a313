# SPDX-License-Identifier: GPL-2.0-only
"""call_native for compiled code. Imported by engines.py only when a run is to be compiled."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from zswapsim.engine import native

# numba's own type has the parameter that a caller does not give.
_intrinsic: Any = intrinsic
_I32, _I64 = ir.IntType(32), ir.IntType(64)
_FUNCTION = ir.FunctionType(_I32, [_I64] * 6)


@_intrinsic  # type: ignore[untyped-decorator]
def _call(typing: Any, address: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], _FUNCTION.as_pointer())
        return builder.sext(builder.call(function, args[1:]), _I64)

    return types.int64(*[types.int64] * 7), build


overload(native.call_native)(
    lambda address, a, b, c, d, e, f: (
        lambda address, a, b, c, d, e, f: _call(address, a, b, c, d, e, f)
    )
)
