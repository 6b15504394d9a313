# SPDX-License-Identifier: GPL-2.0-only
"""Files that are complete or absent, temporary files, and what is closed with a block."""

import errno
import os
import secrets
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, Self

from zswapsim.errors import InvalidArgument

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def bytes_of(path: Path, most_bytes: int) -> bytes:
    """Return all that a file has, or a pipe. InvalidArgument: there is more than allowed."""
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size or most_bytes  # of a pipe it is not known
        data = file.read(1 + min(size_bytes, most_bytes))
    if len(data) > most_bytes:
        raise InvalidArgument(f"{path}: has more than {most_bytes:,} bytes")
    return data


@contextmanager
def whole_file(path: Path, mode: int = 0o666, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when the block ends well.

    Until then it has no name where the file system can do that, so that whatever ends the process
    leaves nothing. A link is followed. What exists and is no plain file (a pipe, a device) is
    written to directly, as it cannot be replaced. mode: of the file, less what the umask takes.
    durable: wait until it is on the disk; what can be made again, and is checked when it is read,
    need not be.
    OSError as the file system says; a disk that is full is said with the path.
    """
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
        else:
            yield from _replaced(path, mode, durable)
    except OSError as error:
        if error.errno in FULL and error.filename is None:
            error.filename = str(path)
        raise


def _replaced(path: Path, mode: int, durable: bool) -> Iterator[BinaryIO]:
    """Yield a file that then takes the path's place."""
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.partial")
    descriptor = _nameless(path.parent, mode)
    named = descriptor is None
    try:
        if descriptor is None:
            descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            if not named:
                _give_name(descriptor, path, beside)
                return
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _nameless(folder: Path, mode: int) -> int | None:
    """Open a file in a folder that can be given a name later; None where that is not possible."""
    if not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, mode)
    except OSError:  # of any reason: the other way tells it
        return None


def _give_name(descriptor: int, path: Path, beside: Path) -> None:
    """Give an open file a name; one that is taken goes to it by way of the name `beside`."""
    source = f"/proc/self/fd/{descriptor}"
    # A folder's descriptor, which an absolute path makes no use of, is what lets links be followed.
    folder = os.open(path.parent, os.O_PATH)
    try:
        if not path.exists():
            with suppress(FileExistsError):
                os.link(source, path, src_dir_fd=folder, follow_symlinks=True)
                return
        os.link(source, beside, src_dir_fd=folder, follow_symlinks=True)
        beside.replace(path)
    finally:
        os.close(folder)


def seal(magic: bytes, body: bytes) -> bytes:
    """Return a body behind a magic and its SHA-256, so that damage is seen when it is read."""
    return magic + sha256(body).digest() + body


def unseal(magic: bytes, data: bytes) -> bytes | None:
    """Return the body of what seal made, or None if data is short, damaged or something else."""
    body = data[len(magic) + sha256().digest_size :]
    return body if data == seal(magic, body) else None


def temporary_file(owner: object) -> IO[bytes]:
    """Return an unnamed file in TMPDIR that is closed when its owner goes."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    weakref.finalize(owner, close_quietly, file)
    return file


def close_quietly(file: IO[bytes]) -> None:
    """Close a temporary file; what a full disk did not take when it was written is lost anyway."""
    with suppress(OSError):
        file.close()


class Closing:
    """What has to be closed, and is at the end of a with block; a subclass has close."""

    def close(self) -> None:
        """Give back what is held. Closing twice is allowed."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
