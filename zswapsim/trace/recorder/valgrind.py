# SPDX-License-Identifier: GPL-2.0-only
"""Valgrind as it is installed: the program, its version, and what tools are built from."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from zswapsim.errors import NoEntry

INSTALL_VALGRIND = "apt install valgrind (or dnf, pacman, apk: the package has that name)"
INSTALL_COMPILER = "apt install gcc libc6-dev valgrind (elsewhere gcc and valgrind-devel)"

ARCHITECTURES = {"x86_64": "amd64"}
"""Machines, as uname names them, that pagetrace.c was written for; Valgrind's name of each."""

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Valgrind:
    """program: the launcher; version: as it says it, such as valgrind-3.19.0."""

    program: str
    version: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What a tool is built from.

    compiler: of C; platform: as Valgrind names it; headers: the folder of pub_tool_basics.h;
    libraries: that of libcoregrind; run_time: that of vgpreload_core.
    """

    compiler: str
    platform: str
    headers: Path
    libraries: Path
    run_time: Path


def find_valgrind() -> Valgrind:
    """Return the Valgrind on PATH. NoEntry says how to get one."""
    program = shutil.which("valgrind")
    if program is None:
        raise NoEntry(f"valgrind is not installed, which recording needs: {INSTALL_VALGRIND}")
    said = _output(program, "--version")
    if not said.startswith("valgrind"):
        raise NoEntry(f"{program} does not run; is it whole? {INSTALL_VALGRIND}")
    return Valgrind(program, said)


def find_parts(valgrind: Valgrind) -> Parts:
    """Return what a tool can be built from. NoEntry names what is missing and how to get it."""
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise NoEntry(f"pagetrace is for {', '.join(ARCHITECTURES)}, not {platform.machine()}")
    target = f"{architecture}-linux"
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoEntry(f"there is no C compiler: {INSTALL_COMPILER}")
    prefix = Path(os.path.realpath(valgrind.program)).parents[1]
    headers = _folder("pub_tool_basics.h", [*_include_folders(), prefix / "include/valgrind"])
    libraries = _folder(f"libcoregrind-{target}.a", _library_folders(prefix))
    run_time = _folder(f"vgpreload_core-{target}.so", _library_folders(prefix))
    if headers is None or libraries is None or run_time is None:
        raise NoEntry(f"valgrind's headers or libraries are not there: {INSTALL_COMPILER}")
    return Parts(compiler, target, headers, libraries, run_time)


def _include_folders() -> list[Path]:
    flags = _output("pkg-config", "--cflags-only-I", "valgrind").split()
    said = [Path(flag.removeprefix("-I")) for flag in flags]
    said += [folder / "valgrind" for folder in said]
    return [*said, Path("/usr/include/valgrind"), Path("/usr/local/include/valgrind")]


def _library_folders(prefix: Path) -> list[Path]:
    """Where distributions keep the static libraries and what the tools need when they run."""
    found = [Path(os.environ["VALGRIND_LIB"])] if os.environ.get("VALGRIND_LIB") else []
    said = _output("pkg-config", "--variable=libdir", "valgrind")
    found += [Path(said) / "valgrind"] if said else []
    for base in dict.fromkeys((prefix, Path("/usr"), Path("/usr/local"))):
        triplet = f"lib/{platform.machine()}-linux-gnu"
        found += [base / part / "valgrind" for part in (triplet, "lib64", "lib", "libexec")]
    return found


def _folder(name: str, folders: list[Path]) -> Path | None:
    return next((folder for folder in folders if (folder / name).is_file()), None)


def _output(*command: str) -> str:
    """Return what a command prints, without the last newline; nothing if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
