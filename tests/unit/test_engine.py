# SPDX-License-Identifier: GPL-2.0-only
"""The choice of the engine, the cache's name, and what is imported when."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from machine_driver import run_tape

from zswapsim.engine import engines, simulated
from zswapsim.errors import InvalidArgument
from zswapsim.machine import build
from zswapsim.trace.interruptible import interruptible

TESTS = Path(__file__).resolve().parents[1]
MACHINE = TESTS.parent / "zswapsim" / "machine"


def run_python(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter; return what it printed."""
    inherited = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_command_that_a_test_starts_finds_the_code_that_tests_compiled() -> None:
    """A test's function that is marked @simulated, not @simulated_here, would hide it."""
    code = "from zswapsim.engine import engines; print(engines.cache_folder())"
    assert run_python(code) == str(engines.cache_folder())


def test_a_named_engine_is_taken_whatever_the_work() -> None:
    for accesses in (0, 10**12):
        assert engines.choose("interpreted", accesses) == "interpreted"
        assert engines.choose("compiled", accesses) == "compiled"


def test_an_unknown_engine_lists_what_is_allowed() -> None:
    with pytest.raises(InvalidArgument, match="'jit': allowed are auto, interpreted, compiled"):
        engines.choose("jit", 1)


def test_auto_goes_by_the_work_and_what_is_compiled_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path))
    few, some, many = engines.WARM_ACCESSES - 1, engines.WARM_ACCESSES, engines.COLD_ACCESSES
    assert [engines.choose("auto", n, "key") for n in (0, few, some, many - 1, many)] == [
        "interpreted",
        "interpreted",
        "interpreted",
        "interpreted",
        "compiled",
    ]
    engines.mark_warm("key")  # no folder, no compiled code in it, no mark
    assert engines.choose("auto", some, "key") == "interpreted"
    engines.cache_folder().mkdir(parents=True)
    engines.mark_warm("key")
    assert engines.choose("auto", some, "key") == "compiled"
    assert engines.choose("auto", few, "key") == "interpreted"
    assert engines.choose("auto", some, "other key") == "interpreted"
    assert engines.choose("auto", some) == "interpreted"


def test_the_cache_lies_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("ZSWAPSIM_CACHE_DIR", raising=False)
    assert engines.cache_folder().parent == tmp_path / "xdg" / "zswapsim" / "compiled"
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path / "own"))
    assert engines.cache_folder().parent == tmp_path / "own" / "compiled"
    monkeypatch.delenv("ZSWAPSIM_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert engines.cache_folder().parent == Path.home() / ".cache" / "zswapsim" / "compiled"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert engines.cache_folder().parent == Path.home() / ".cache" / "zswapsim" / "compiled"


PLUGIN = """
from zswapsim.engine.simulated import simulated


@simulated
def twice(number: int) -> int:
    return number * {factor}
"""


def test_the_cache_is_named_by_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = engines.cache_folder()
    assert engines.cache_folder() == before
    monkeypatch.setattr(engines, "SIMULATED", list(simulated.SIMULATED))
    source = tmp_path / "plugin.py"
    source.write_text(PLUGIN.format(factor=2))
    namespace: dict[str, object] = {}
    exec(compile(source.read_text(), str(source), "exec"), namespace)
    twice = simulated.SIMULATED.pop()  # the real list stays as it was
    assert twice is namespace["twice"]
    engines.SIMULATED.append(twice)
    with_plugin = engines.cache_folder()
    assert with_plugin != before
    source.write_text(PLUGIN.format(factor=3))
    assert engines.cache_folder() not in (before, with_plugin)


@pytest.mark.parametrize(
    "source",
    ["pools/zbud.py", "memory.py", "reclaim/lru.py", "../profiles.py", "swap.py", "../errors.py"],
)
def test_every_source_that_goes_into_compiled_code_names_the_cache(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those with constants only: they are frozen into the code."""
    changed = (MACHINE / source).resolve()
    before = engines.cache_folder()
    read_bytes = Path.read_bytes

    def edited(path: Path) -> bytes:
        return read_bytes(path) + (b"# edited" if path.resolve() == changed else b"")

    monkeypatch.setattr(Path, "read_bytes", edited)
    assert engines.cache_folder() != before


def test_a_driver_loaded_after_the_first_compilation_names_the_cache_too(tmp_path: Path) -> None:
    (tmp_path / "late_plugin.py").write_text(PLUGIN.format(factor=2))
    code = (
        "import sys; from machine_driver import run_tape; from zswapsim.engine import engines\n"
        "engines.entry(run_tape, 'compiled')\n"
        f"sys.path.insert(0, {str(tmp_path)!r}); import late_plugin\n"
        "late = engines.entry(run_tape, 'compiled').stats.cache_path\n"
        "print(late.startswith(str(engines.cache_folder())), late, engines.cache_folder())"
    )
    said = run_python(code, ZSWAPSIM_CACHE_DIR=str(tmp_path / "cache"))
    assert said.startswith("True"), said


def test_the_machine_alone_imports_neither_numpy_nor_numba() -> None:
    code = (
        "import sys, zswapsim.machine.memory, zswapsim.machine.pools.pool, zswapsim.machine.build\n"
        "print(sorted({'numpy', 'numba'} & set(sys.modules)))"
    )
    assert run_python(code) == "[]"


def test_an_interpreted_run_imports_neither_numpy_nor_numba() -> None:
    code = (
        "import sys; from machine_driver import MachineBench\n"
        "run = MachineBench('interpreted', pages=9, limit_pages=4, lengths=[9, 9],\n"
        "                   same_filled=[0, 1], totalram_pages=100)\n"
        "run.run(list(range(9)) * 3); run.check()\n"
        "print(run.stat['pgfault'], sorted({'numpy', 'numba'} & set(sys.modules)))"
    )
    assert run_python(code) == "27 []"


def test_arrays_are_those_of_the_engine() -> None:
    assert engines.zeros("interpreted")(3) == [0, 0, 0]
    assert build.ints(range(3), "interpreted") == [0, 1, 2]
    array = engines.zeros("compiled")(3)
    assert type(array).__name__ == "IntArray"
    assert build.ints(array, "interpreted") == [0, 0, 0]
    values = build.ints([1, -2, 1 << 62], "compiled")
    assert [int(values[k]) for k in range(len(values))] == [1, -2, 1 << 62]


def test_an_entry_is_compiled_once() -> None:
    assert engines.entry(run_tape, "interpreted") is run_tape
    assert engines.entry(run_tape, "compiled") is engines.entry(run_tape, "compiled")


def test_two_processes_come_to_the_same_result() -> None:
    code = (
        "import hashlib; from machine_driver import MachineBench\n"
        "run = MachineBench('interpreted', pages=50, limit_pages=20, lengths=[900, 2000, 9],\n"
        "    same_filled=[0, 0, 1], totalram_pages=30,\n"
        "    versions=[(n, n * 7 % 50, n % 2) for n in range(400)])\n"
        "run.run([n * 7 % 50 | (1 << 31) for n in range(400)])\n"
        "print(hashlib.sha256(repr((run.state(), run.records)).encode()).hexdigest())"
    )
    assert run_python(code, PYTHONHASHSEED="1") == run_python(code, PYTHONHASHSEED="2")


def test_ctrl_c_waits_for_the_end_of_what_must_not_be_interrupted() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), engines.uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_ended_waits_for_the_same_where_it_is_an_exception(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    done = []
    with pytest.raises(KeyboardInterrupt), interruptible(), engines.uninterrupted():
        os.kill(os.getpid(), number)
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_ends_the_process_at_once() -> None:
    code = (
        "import os, signal\n"
        "from zswapsim.engine import engines\n"
        "with engines.uninterrupted():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_cache_that_cannot_be_looked_at_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    assert engines.choose("auto", engines.WARM_ACCESSES, "key") == "interpreted"
