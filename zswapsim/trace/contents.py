# SPDX-License-Identifier: GPL-2.0-only
"""Page contents in memory, or, above 1 GiB, in an unlinked temporary file that is mapped."""

import hashlib
import mmap
import tempfile
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.units import FREED, PAGE_SIZE

Contents = bytes | mmap.mmap
"""Contents one after the other; a slice of either is bytes."""

IN_MEMORY_BYTES = 1 << 30


def collect(chunks: Iterable[bytes], total_bytes: int) -> Contents:
    """Join chunks that add up to total_bytes: as bytes up to IN_MEMORY_BYTES, else mapped."""
    if total_bytes <= IN_MEMORY_BYTES:
        return b"".join(chunks)
    with tempfile.TemporaryFile() as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        return mmap.mmap(file.fileno(), total_bytes, access=mmap.ACCESS_READ)


def distinct(
    contents: npt.NDArray[np.uint8] | bytes | None,
) -> tuple[Contents, npt.NDArray[np.int64]]:
    """Keep the first of equal contents; return the kept ones and, per given one, its new number.

    contents: uint8 (C, PAGE_SIZE), or C * PAGE_SIZE bytes, or None for none. InvalidArgument names
    the shape or the length.
    """
    if contents is None:
        contents = b""
    if isinstance(contents, np.ndarray):
        if contents.size and (contents.dtype != np.uint8 or contents.shape[1:] != (PAGE_SIZE,)):
            raise InvalidArgument(
                f"contents has dtype {contents.dtype} and shape {contents.shape}; "
                f"allowed is uint8 (any, {PAGE_SIZE})"
            )
        view = np.ascontiguousarray(contents).reshape(-1).data
    else:
        view = memoryview(contents)
    if len(view) % PAGE_SIZE:
        raise InvalidArgument(
            f"contents has {len(view)} bytes; allowed are whole pages of {PAGE_SIZE}"
        )
    count = len(view) // PAGE_SIZE
    if count >= FREED:
        raise InvalidArgument(f"contents has {count} pages; allowed are up to {FREED - 1}")
    number_of = np.empty(count, np.int64)
    first: dict[bytes, int] = {}
    kept: list[int] = []
    for given in range(count):
        digest = hashlib.blake2b(page_at(view, given), digest_size=20).digest()
        if digest not in first:
            first[digest] = len(kept)
            kept.append(given)
        number_of[given] = first[digest]
    if len(kept) == count and isinstance(contents, bytes):
        return contents, number_of
    pages = (bytes(page_at(view, given)) for given in kept)
    return collect(pages, len(kept) * PAGE_SIZE), number_of


def page_at(contents: memoryview, number: int) -> memoryview:
    """Return one content."""
    return contents[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
