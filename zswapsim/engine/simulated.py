# SPDX-License-Identifier: GPL-2.0-only
"""What makes one source run two ways: simulated functions, and generic functions by type.

State is a NamedTuple of integer arrays: Python lists when interpreted, numpy arrays when compiled,
of 64 bits, or fewer where `zeros(length, "int32")` says that all they hold fits. A function marked
@simulated is left as it is and only remembered; engines.py teaches the remembered ones to numba
when a run is to be compiled. A function marked @generic picks its implementation by the type of its
first argument, in both ways; that is how drivers and policies plug in. Inside simulated functions
there are integers only: no dict, str, None or closure.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])


class Ints(Protocol):
    """A fixed-length array of integers: list[int] interpreted, numpy array compiled."""

    def __getitem__(self, index: int, /) -> int: ...

    def __setitem__(self, index: int, value: int, /) -> None: ...

    def __len__(self) -> int: ...


Item = Literal["int8", "int16", "int32", "int64"]
"""What compiled arrays keep a number in; what does not fit loses its upper bits there."""


class Zeros(Protocol):
    """Makes an array of zeros for the engine in use."""

    def __call__(self, length: int, item: Item = "int64", /) -> Ints: ...


def zeros_interpreted(length: int, item: Item = "int64") -> Ints:
    """Return a list of zeros."""
    return [0] * length


def index_item(count: int) -> Item:
    """Return what numbers up to count fit into: 32 bits at least, as each kind is compiled."""
    return "int32" if count < 1 << 31 else "int64"


SIMULATED: list[Callable[..., Any]] = []
"""Every function of the machine, in definition order."""

GENERICS: list["Generic[Any, Any]"] = []


def simulated(function: F) -> F:
    """Mark a function of the machine: integers in, an integer (or nothing) out."""
    SIMULATED.append(function)
    return function


class Generic(Protocol[P, R_co]):
    """A function with one implementation per type of its first argument."""

    __name__: str
    table: dict[type, Callable[..., Any]]
    method: str
    prototype: Callable[..., Any]
    register: Callable[[type, Callable[..., Any]], None]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


def generic(prototype: Callable[P, R_co]) -> Generic[P, R_co]:
    """Make a generic function; the prototype gives its name and parameters.

    An ordinary Python object as first argument is asked for a method instead, of that name without
    its prefix: that is how a driver written as a plain class takes part in an interpreted run.
    """
    table: dict[type, Callable[..., Any]] = {}
    name = prototype.__name__
    method = name.partition("_")[2]  # zpool_malloc(pool, ...) is pool.malloc(...) of a plain class

    def call(first: Any, *rest: Any) -> Any:
        implementation = table.get(type(first))
        if implementation is None:
            return getattr(first, method)(*rest)
        return implementation(first, *rest)

    call.__name__ = name
    call.__doc__ = prototype.__doc__
    call.method = method  # type: ignore[attr-defined]
    call.table = table  # type: ignore[attr-defined]
    call.prototype = prototype  # type: ignore[attr-defined]
    call.register = table.__setitem__  # type: ignore[attr-defined]
    GENERICS.append(call)  # type: ignore[arg-type]
    return call  # type: ignore[return-value]


def missing(first: Any, operations: Iterable[Generic[Any, Any]]) -> list[str]:
    """Return what a first argument has no implementation of: methods of a plain class, or else
    generic functions of which none is registered for its type."""
    wanted = list(operations)
    if any(type(first) in operation.table for operation in wanted):
        return [one.__name__ for one in wanted if type(first) not in one.table]
    return [one.method for one in wanted if not callable(getattr(first, one.method, None))]
