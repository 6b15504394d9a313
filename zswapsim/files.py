# SPDX-License-Identifier: GPL-2.0-only
"""Files that are complete or absent, temporary files, and what is closed with a block."""

import os
import secrets
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, Self


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when the block ends well.

    A link is followed. What exists and is no plain file (a pipe, a device) is written to directly,
    as it cannot be replaced. OSError as the file system says.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


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
