# SPDX-License-Identifier: GPL-2.0-only
"""Reads those files: of this machine, of a folder, or of an archive that somebody sent.

A folder or archive is not trusted: nothing is extracted, no link is followed, no file is read
further than such a file is long, and all else in it is passed over.
"""

import gzip
import io
import os
import re
import stat
import tarfile
import zlib
from pathlib import Path

from zswapsim.errors import TraceError
from zswapsim.experiment.host.wanted import (
    BLOCK,
    CONFIG,
    CONFIG_BYTES,
    DEBUGFS,
    FILE_BYTES,
    NEEDED,
    PARAMETERS,
    SINGLE_FILES,
    ZRAM_FILES,
    ZRAM_NAME,
    HostCopy,
    is_wanted,
)
from zswapsim.files import whole_file
from zswapsim.trace.input import Input

ARCHIVE_BYTES = 1 << 24
MOST_FILES = 4096
MOST_ZRAMS = 64
RELEASE = re.compile(r"[\w.+~-]{1,200}", re.ASCII)
"""What a kernel calls itself, where it can be a part of a file's name."""

_DAMAGE = (tarfile.TarError, ValueError, EOFError, OverflowError, OSError)


def read_machine(root: Path = Path("/")) -> HostCopy:
    """Return the files of the machine that this runs on. root: below which they are."""
    copy = HostCopy("this machine", is_live=True)
    for name in _names_below(root):
        data = _read_live(root / name, copy, name)
        if data is not None:
            copy.keep(name, data)
    _read_config(copy, root, follow=True)
    _say_missing(copy, _why_no_debugfs(root))
    return copy


def read_folder(folder: Path) -> HostCopy:
    """Return the files that were copied into a folder, with their paths kept.

    TraceError: it cannot be listed.
    """
    copy = HostCopy(str(folder))
    try:
        root = _root_of(folder.resolve())
        for name in _names_below(root):
            data = _read_plain(root / name, FILE_BYTES)
            if data is not None:
                copy.keep(name, data)
        _read_config(copy, root, follow=False)
    except OSError as error:
        raise TraceError(f"{folder}: {error.strerror or error}") from None
    _say_missing(copy, "it is not in the copy; only root may read it")
    return copy


def read_archive(path: Path) -> HostCopy:
    """Return the files in a tar archive, plain or compressed. TraceError: it is not one."""
    copy = HostCopy(str(path))
    given = Input(path)
    data = bytearray()
    for chunk in given.chunks(1 << 16):
        data += chunk
        if len(data) > ARCHIVE_BYTES:
            raise TraceError(
                f"{given.where}: more than {ARCHIVE_BYTES:,} bytes; the files that are asked for "
                "have some thousand"
            )
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            _take_members(archive, copy)
    except _DAMAGE as error:
        raise TraceError(f"{given.where}: no tar archive, or a damaged one: {error}") from None
    _say_missing(copy, "it is not in the copy; only root may read it")
    return copy


def write_archive(copy: HostCopy, path: Path) -> None:
    """Write the files of a copy as a tar archive, complete or not at all. OSError as usual.

    It is compressed if its name ends in .gz or .tgz.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(copy.texts):
            data = copy.texts[name].encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    data = packed.getvalue()
    with whole_file(path) as file:
        file.write(gzip.compress(data, mtime=0) if path.suffix in (".gz", ".tgz") else data)


def _take_members(archive: tarfile.TarFile, copy: HostCopy) -> None:
    """Read the members that are wanted, by name; the first of a name counts."""
    for number, member in enumerate(archive):
        if number >= MOST_FILES:
            raise TraceError(f"{copy.where}: more than {MOST_FILES:,} files")
        name = _path_of(member.name)
        if name is None or name in copy.texts or not member.isreg() or member.issparse():
            continue
        file = archive.extractfile(member)
        if file is None:
            continue
        if name == "proc/config.gz":
            copy.keep(CONFIG, _unzipped(file.read(CONFIG_BYTES)))
        elif is_wanted(name):
            copy.keep(name, file.read(CONFIG_BYTES if name == CONFIG else FILE_BYTES))


def _path_of(name: str) -> str | None:
    """Return the path of a member below the root of its machine, None where it has none.

    What is in front of sys, proc or etc is the name of a folder that was packed.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    for at, part in enumerate(parts[:8]):
        if part == "..":
            return None
        if part in ("sys", "proc", "etc"):
            return "/".join(parts[at:])
    return None


def _root_of(folder: Path) -> Path:
    """Return the folder, or the only one in it, which has sys or proc in it."""
    inside = sorted(folder.iterdir())[:2]
    if len(inside) == 1 and inside[0].is_dir() and inside[0].name not in ("sys", "proc", "etc"):
        return inside[0]
    return folder


def _names_below(root: Path) -> list[str]:
    """Return the paths of the wanted files that there may be, those of folders as listed."""
    names = [name for name in SINGLE_FILES if name != CONFIG]
    for folder in (PARAMETERS, DEBUGFS):
        names += [f"{folder}/{name}" for name in _listed(root / folder)[:MOST_FILES]]
    zrams = [name for name in _listed(root / BLOCK) if ZRAM_NAME.fullmatch(name)]
    names += [f"{BLOCK}/{zram}/{name}" for zram in zrams[:MOST_ZRAMS] for name in ZRAM_FILES]
    return [name for name in names if is_wanted(name)]


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def _read_live(path: Path, copy: HostCopy, name: str) -> bytes | None:
    """Return the start of a file of this machine, or note why it cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(FILE_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        if not name.endswith("/mem_limit"):  # may be written only; mm_stat tells the limit
            copy.missing[name] = str(error.strerror or error)
        return None


def _read_plain(path: Path, most_bytes: int) -> bytes | None:
    """Return the start of a plain file that is where it says, behind no link; else None."""
    try:
        if path.resolve() != path:
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            return file.read(most_bytes)
    except (OSError, RuntimeError):  # a loop of links
        return None


def _read_config(copy: HostCopy, root: Path, *, follow: bool) -> None:
    """Keep the lines of the kernel's configuration, wherever it is."""
    release = copy.texts.get("proc/sys/kernel/osrelease", "").strip()
    names = [CONFIG, "proc/config.gz"]
    if RELEASE.fullmatch(release):
        names.append(f"boot/config-{release}")
    for name in names:
        path = (root / name).resolve() if follow else root / name
        data = _read_plain(path, CONFIG_BYTES)
        if data is not None:
            copy.keep(CONFIG, _unzipped(data) if name.endswith(".gz") else data)
            return


def _unzipped(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return file.read(CONFIG_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _why_no_debugfs(root: Path) -> str:
    folder = root / "sys/kernel/debug"
    if not os.access(folder, os.R_OK | os.X_OK):
        return "only root may look into debugfs; run it with sudo"
    if not _listed(folder):
        return "debugfs is not mounted: mount -t debugfs none /sys/kernel/debug, as root"
    return "this kernel has no counters of zswap there"


def _say_missing(copy: HostCopy, why_no_debugfs: str) -> None:
    """Note what everybody has, and the counters of a zswap that is there."""
    for name in NEEDED:
        if name not in copy.texts:
            copy.missing.setdefault(name, "it is not there")
    if copy.in_folder(PARAMETERS) and not copy.in_folder(DEBUGFS):
        copy.missing[DEBUGFS] = why_no_debugfs
