# SPDX-License-Identifier: GPL-2.0-only
"""Building our own Valgrind tool, once for each version of it and of Valgrind.

The folder lies in the user's cache, and is what VALGRIND_LIB has to be when the tool runs.
"""

import hashlib
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from zswapsim.engine import engines
from zswapsim.errors import NoEntry
from zswapsim.trace.recorder.valgrind import Parts, Valgrind, find_parts

SOURCE = Path(__file__).with_name("pagetrace.c")
HEADER = SOURCE.with_suffix(".h")
TOOL = "pagetrace"

_DEFINES = {
    "amd64-linux": ("VGA_amd64=1", "VGO_linux=1", "VGP_amd64_linux=1", "VGPV_amd64_linux_vanilla=1")
}
_COMPILE = (
    *("-O2", "-std=gnu11", "-w", "-m64", "-fno-pie", "-no-pie", "-fno-stack-protector"),
    *("-fno-strict-aliasing", "-fno-builtin", "-fomit-frame-pointer"),
)
# A tool is a static program without the C library, loaded where programs do not lie.
_LINK = (
    *("-m64", "-no-pie", "-static", "-nodefaultlibs", "-nostartfiles", "-u", "_start"),
    *("-Wl,--build-id=none", "-Wl,-Ttext-segment=0x58000000"),
)
_TIMEOUT_SECONDS = 120


def tool_folder(valgrind: Valgrind) -> Path:
    """Return the folder of the built tool, building it if it is not there.

    NoEntry: something to build it with is missing, or the compiler's first complaint.
    """
    parts = find_parts(valgrind)
    folder = engines.cache_base() / "recorder" / f"{TOOL}-{_key(valgrind, parts)}"
    if not (folder / _file_name(parts)).is_file():
        _build(parts, folder)
    return folder


def _file_name(parts: Parts) -> str:
    return f"{TOOL}-{parts.platform}"


def _key(valgrind: Valgrind, parts: Parts) -> str:
    digest = hashlib.sha256(SOURCE.read_bytes() + HEADER.read_bytes())
    for word in (valgrind.version, str(parts), *_COMPILE, *_LINK):
        digest.update(word.encode() + b"\0")
    return digest.hexdigest()[:16]


def _build(parts: Parts, folder: Path) -> None:
    """Build beside the folder and move it there: whoever builds it too is not disturbed."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    except OSError as error:
        raise NoEntry(
            f"{folder.parent}: {error.strerror}, so {TOOL} cannot be built; set "
            "ZSWAPSIM_CACHE_DIR to a folder that can be written to"
        ) from error
    try:
        _compile(parts, fresh / _file_name(parts))
        for name in (f"vgpreload_core-{parts.platform}.so", "default.supp"):
            if (parts.run_time / name).exists():
                (fresh / name).symlink_to(parts.run_time / name)
        fresh.chmod(0o755)
        with suppress(OSError):  # another process was faster
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _compile(parts: Parts, program: Path) -> None:
    object_file = program.with_suffix(".o")
    libraries = [
        parts.libraries / f"lib{name}-{parts.platform}.a"
        for name in ("coregrind", "vex", "gcc-sup")
    ]
    defines = [f"-D{define}" for define in _DEFINES[parts.platform]]
    there = [str(library) for library in libraries if library.is_file()]
    _run(
        *(parts.compiler, *_COMPILE, *defines, f"-I{parts.headers}"),
        *("-c", str(SOURCE), "-o", str(object_file)),
    )
    _run(parts.compiler, *_LINK, "-o", str(program), str(object_file), *there, "-lgcc")
    object_file.unlink()


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEntry(f"{TOOL} cannot be built: {error}") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or ["no reason said"]
        raise NoEntry(f"{TOOL} cannot be built: {lines[0].strip()[:300]}")
