# SPDX-License-Identifier: GPL-2.0-only
"""The two ways to run simulated functions, and the choice between them; knows numba.

numba's disk cache does not notice an edit in a file other than the entry's own, so its folder is
named by a hash of all source files that may hold simulated functions, plugged-in ones included, and
of the versions of Python, numba and numpy, below the user's cache folder. A call from Python into
compiled code costs about a microsecond and the unpacking of the state, so the boundary is a whole
loop, never one malloc.
"""

import contextlib
import hashlib
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from zswapsim.engine.simulated import (
    GENERICS,
    SIMULATED,
    Generic,
    Ints,
    Item,
    Zeros,
    zeros_interpreted,
)
from zswapsim.engine.tracepoint import TRACEPOINTS
from zswapsim.errors import InvalidArgument

ENGINES = ("auto", "interpreted", "compiled")

# Measured: an interpreted access costs 1 to 5 us, a first compilation 11 s, importing numba and
# loading compiled code from the cache 0.6 s.
WARM_ACCESSES = 500_000
COLD_ACCESSES = 8_000_000

# No C code calls a function of the machine; a wrapper for that takes time to compile.
WITHOUT_WRAPPER: Any = {"no_cfunc_wrapper": True}

F = TypeVar("F", bound=Callable[..., Any])
_taught_functions: set[Callable[..., Any]] = set()
_taught_generics: set[int] = set()
_entries: dict[tuple[Callable[..., Any], Path], Callable[..., Any]] = {}
_folders: dict[tuple[Path, int], Path] = {}
_lock = threading.RLock()

PACKAGE = Path(__file__).parents[1]
SOURCE_FOLDERS = ("engine", "machine", "content", "trace")
SOURCE_FILES = (
    *("errors.py", "profiles.py", "units.py"),
    *("experiment/carrying.py", "conformance/tape.py"),
)
"""Where simulated functions, and the constants they use, are at home, imported or not."""


def zeros_compiled(length: int, item: Item = "int64") -> Ints:
    """Return an array of zeros that numba sees as bare memory."""
    import numpy as np

    return int_array(np.zeros(length, item), item)


def int_array(values: Any, item: Item = "int64") -> Ints:
    """Return values as an array of the compiled machine."""
    from zswapsim.engine import compiled_arrays

    return compiled_arrays.int_array(values, item)


def shared(memory: Any, item: Item, engine: str) -> Ints:
    """Return what C or a memoryview has as an array of the engine, without a copy."""
    if engine == "interpreted":
        return memory  # type: ignore[no-any-return]
    import numpy as np

    return int_array(np.frombuffer(memory, item), item)


def bytes_of(data: bytes, engine: str) -> Any:
    """Return bytes as what simulated functions read them from, without a copy."""
    if engine == "interpreted":
        return data
    from zswapsim.engine import compiled_arrays

    return compiled_arrays.byte_array(data)


def zeros(engine: str) -> Zeros:
    """Return the array maker of an engine, "interpreted" or "compiled"."""
    return zeros_compiled if engine == "compiled" else zeros_interpreted


def choose(
    engine: str,
    amount: int,
    warm_key: str = "",
    *,
    warm: int = WARM_ACCESSES,
    cold: int = COLD_ACCESSES,
) -> str:
    """Return "interpreted" or "compiled"; "auto" goes by the amount of work, such as accesses.

    warm_key: names the entry and the types it is compiled for, see mark_warm; without compiled
    code from an earlier run, only a run longer than the compilation is worth compiling.
    warm, cold: the amounts from which on compiled code is worth loading, and making.
    """
    if engine not in ENGINES:
        raise InvalidArgument(f"engine {engine!r}: allowed are {', '.join(ENGINES)}")
    if engine != "auto":
        return engine
    if amount < warm:
        return "interpreted"
    if amount >= cold or is_warm(warm_key):
        return "compiled"
    return "interpreted"


def interpreted_only(engine: str, what: str) -> str:
    """Return the engine for what cannot be compiled. InvalidArgument: it was to be."""
    if engine == "compiled":
        raise InvalidArgument(
            f"engine 'compiled': {what} is a plain Python class, which runs interpreted only; "
            "allowed are auto and interpreted"
        )
    return "interpreted"


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off to the end of the block, as a compilation does not survive one.

    SIGTERM and SIGHUP as well, where they are made an exception, which numba would swallow. A
    second one ends the process at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def on_signal(number: int, frame: object) -> None:
        if asked:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        asked.append(number)

    others = [n for n in (signal.SIGTERM, signal.SIGHUP) if callable(signal.getsignal(n))]
    with contextlib.ExitStack() as undone:
        for number in (signal.SIGINT, *others):
            undone.callback(signal.signal, number, signal.signal(number, on_signal))
        yield
    if asked:
        signal.raise_signal(asked[0])  # to whoever listened before


def is_warm(warm_key: str) -> bool:
    """Say whether mark_warm left a note; a cache that cannot be looked at has none."""
    with contextlib.suppress(OSError):
        return (_known_folder() / warm_key).is_file()
    return False


def mark_warm(warm_key: str) -> None:
    """Leave a note that compiled code of that key is in the cache; never fails."""
    with contextlib.suppress(OSError):
        (_known_folder() / warm_key).touch()


def entry(function: F, engine: str) -> F:
    """Return an entry loop as it is, or compiled."""
    if engine == "interpreted":
        return function
    with _lock:  # a thread must not compile what another one is half done with teaching
        _teach_all()  # also what was imported since the entry was made: a driver, a policy
        key = (function, _known_folder())
        if key not in _entries:
            _entries[key] = _compile(function)
        return _entries[key]  # type: ignore[return-value]


def cache_folder() -> Path:
    """Return the folder of this source's compiled code; whether it exists is not said."""
    digest = hashlib.sha256()
    own = {PACKAGE / name for name in SOURCE_FILES}
    own.update(path for folder in SOURCE_FOLDERS for path in (PACKAGE / folder).rglob("*.py"))
    plugged_in = {Path(function.__code__.co_filename) for function in SIMULATED}
    for path in sorted(own | plugged_in):
        if path.is_file():
            digest.update(path.read_bytes())
    for function in SIMULATED:  # of a notebook's cell, which is in no file
        if not Path(function.__code__.co_filename).is_file():
            digest.update(function.__code__.co_code + repr(function.__code__.co_consts).encode())
    for part in (sys.version, version("numba"), version("numpy")):
        digest.update(part.encode())
    return cache_base() / "compiled" / digest.hexdigest()[:16]


def _known_folder() -> Path:
    """Return the same, with the sources read once for each set of functions."""
    state = (cache_base(), len(SIMULATED))
    if state not in _folders:
        _folders[state] = cache_folder()
    return _folders[state]


def cache_base() -> Path:
    """Return the folder of everything that is kept between runs; it may not exist yet."""
    base = os.environ.get("ZSWAPSIM_CACHE_DIR")
    if base is not None:
        return Path(base)
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says to ignore a relative one. numba runs what is in there, so that it
    # must not be wherever somebody happens to be.
    return (cache if cache.is_absolute() else Path.home() / ".cache") / "zswapsim"


def _teach_all() -> None:
    from numba.extending import register_jitable

    from zswapsim.engine import (  # teach byte_arrays and native
        compiled_byte_arrays,  # noqa: F401
        compiled_native,  # noqa: F401
    )

    for function in SIMULATED:
        if function not in _taught_functions:
            _taught_functions.add(function)
            register_jitable(**WITHOUT_WRAPPER)(function)
    for point in TRACEPOINTS:
        if point not in _taught_functions:
            _taught_functions.add(point)
            _teach_nothing(point)
    for generic_function in GENERICS:
        if id(generic_function) not in _taught_generics:
            _taught_generics.add(id(generic_function))
            _teach(generic_function)


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    import numba

    from zswapsim.engine import code_cache

    dispatcher = numba.njit(nogil=True, **WITHOUT_WRAPPER)(function)
    setattr(numba.config, "CACHE_DIR", str(_known_folder()))  # noqa: B010
    with contextlib.suppress(RuntimeError):  # no folder that can be written to: nothing is kept
        dispatcher._cache = code_cache.CodeCache(function)
    return dispatcher  # type: ignore[no-any-return]


def _teach_nothing(point: Callable[..., None]) -> None:
    """Make numba leave out the calls of a tracepoint."""
    from numba.extending import overload

    names = ", ".join(inspect.signature(point).parameters)
    namespace: dict[str, Any] = {}
    exec(
        f"def typing({names}):\n    def run({names}): return None\n    return run\n",
        namespace,
    )
    overload(point, jit_options=WITHOUT_WRAPPER)(namespace["typing"])


def _teach(call: Generic[Any, Any]) -> None:
    """Make numba choose a generic function's implementation by the type of its first argument."""
    from numba.extending import overload

    parameters = list(inspect.signature(call.prototype).parameters)
    names = ", ".join(parameters)
    namespace: dict[str, Any] = {"call": call}
    # numba wants an overload's parameters to have the names and number of the implementation's.
    exec(
        f"def typing({names}):\n"
        f"    implementation = call.table[{parameters[0]}.instance_class]\n"
        f"    def run({names}): return implementation({names})\n"
        f"    return run\n",
        namespace,
    )
    overload(call, jit_options=WITHOUT_WRAPPER)(namespace["typing"])
