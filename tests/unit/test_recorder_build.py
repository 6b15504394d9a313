# SPDX-License-Identifier: GPL-2.0-only
"""What is installed, what is built from it, and the line that says what to install."""

import os
import platform
from pathlib import Path

import pytest
from recorded_program import needs_valgrind

from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.trace.recorder import build, valgrind
from zswapsim.trace.recorder.build import tool_folder
from zswapsim.trace.recorder.lackey import Lackey
from zswapsim.trace.recorder.record import make_backend
from zswapsim.trace.recorder.valgrind import find_parts, find_valgrind

needs_headers = pytest.mark.skipif(
    platform.machine() not in valgrind.ARCHITECTURES, reason="pagetrace is for x86-64"
)


def script(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs; Valgrind, which does not do much, is in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script(folder, "valgrind", "echo valgrind-9.9.9")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def test_without_valgrind_the_line_says_what_to_install(path: Path) -> None:
    (path / "valgrind").unlink()
    with pytest.raises(NoEntry, match=r"valgrind is not installed.*apt install valgrind"):
        make_backend("auto", 64, None, None)


def test_a_valgrind_that_does_not_run_is_none(path: Path) -> None:
    script(path, "valgrind", "exit 1")
    with pytest.raises(NoEntry, match="does not run"):
        find_valgrind()


@needs_headers
def test_without_a_compiler_auto_takes_lackey_and_says_why(path: Path) -> None:
    backend, slow = make_backend("auto", 64, None, None)
    assert isinstance(backend, Lackey)
    assert slow is not None
    assert "no C compiler: apt install gcc" in slow
    with pytest.raises(NoEntry, match="no C compiler"):
        make_backend("pagetrace", 64, None, None)


@needs_headers
def test_without_headers_the_line_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(path, "gcc", "exit 0")
    monkeypatch.setattr(valgrind, "_folder", lambda name, folders: None)
    with pytest.raises(NoEntry, match="headers or libraries are not there: apt install"):
        find_parts(find_valgrind())


def test_another_machine_has_lackey(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    backend, slow = make_backend("auto", 64, None, None)
    assert backend.name == "lackey"
    assert slow is not None
    assert "riscv64" in slow


@needs_headers
def test_what_the_compiler_complains_of_is_said_in_one_line_and_nothing_is_left(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script(path, "gcc", "echo 'x.c: In function' >&2; echo 'x.c:1: error: no way' >&2; exit 1")
    monkeypatch.setattr(valgrind, "_folder", lambda name, folders: Path("/nonexistent"))
    backend, slow = make_backend("auto", 64, None, None)
    assert (backend.name, slow) == ("lackey", "pagetrace cannot be built: x.c:1: error: no way")
    assert list((tmp_path / "cache" / "recorder").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    parts = valgrind.Parts("gcc", "amd64-linux", tmp_path, tmp_path, tmp_path)
    with pytest.raises(NoEntry, match="cannot be built"):
        build._build(parts, tmp_path / "file" / "tool")


def test_there_is_no_other_recorder() -> None:
    with pytest.raises(InvalidArgument, match=r"'pin'.*auto, pagetrace, lackey"):
        make_backend("pin", 64, None, None)


@needs_valgrind
@needs_headers
def test_a_tool_is_built_once_and_a_second_builder_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path))
    found = find_valgrind()
    folder = tool_folder(found)
    names = {name.name for name in folder.iterdir()}
    assert {"pagetrace-amd64-linux", "vgpreload_core-amd64-linux.so"} <= names
    assert os.access(folder / "pagetrace-amd64-linux", os.X_OK)
    before = (folder / "pagetrace-amd64-linux").stat()
    build._build(find_parts(found), folder)
    assert tool_folder(found) == folder
    assert (folder / "pagetrace-amd64-linux").stat() == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@needs_valgrind
@needs_headers
def test_the_source_has_no_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = [*(flag for flag in build._COMPILE if flag != "-w"), "-Wall", "-Wextra", "-Werror"]
    monkeypatch.setattr(build, "_COMPILE", (*flags, "-Wno-unused-parameter"))
    build._compile(find_parts(find_valgrind()), tmp_path / "pagetrace-amd64-linux")
