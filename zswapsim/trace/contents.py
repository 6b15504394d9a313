# SPDX-License-Identifier: GPL-2.0-only
"""Page contents in memory, or, above 1 GiB, in an unlinked temporary file that is mapped."""

import mmap
import secrets
import tempfile
import weakref
from collections.abc import Iterable
from typing import IO

import numpy as np
import numpy.typing as npt
import xxhash

from zswapsim.errors import InvalidArgument
from zswapsim.files import close_quietly
from zswapsim.units import FREED, PAGE_SIZE

Contents = bytes | mmap.mmap
"""Contents one after the other; a slice of either is bytes."""

IN_MEMORY_BYTES = 1 << 30
_SPOOL_BYTES = 1 << 24


def collect(chunks: Iterable[bytes | memoryview], total_bytes: int) -> Contents:
    """Join chunks that add up to total_bytes: as bytes up to IN_MEMORY_BYTES, else mapped."""
    if total_bytes <= IN_MEMORY_BYTES:
        return b"".join(chunks)
    with tempfile.TemporaryFile() as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        return mmap.mmap(file.fileno(), total_bytes, access=mmap.ACCESS_READ)


class Numbers:
    """Numbers distinct contents as they come. Memory: about 100 bytes a content.

    They are told apart by 128 bits of XXH3, with a seed that nobody knows: 0.3 us a page, where a
    cryptographic hash takes 4, two thirds of an LZ4 compression.
    """

    def __init__(self) -> None:
        self._number_of: dict[bytes, int] = {}
        self._seed = secrets.randbits(64)

    def __len__(self) -> int:
        return len(self._number_of)

    def number(self, page: bytes | bytearray | memoryview) -> int:
        """Return the number of a content: the count so far if it is new."""
        digest = xxhash.xxh3_128_digest(page, self._seed)
        return self._number_of.setdefault(digest, len(self._number_of))


class ContentsBuilder:
    """Collects contents one page at a time: add, count, finish. Equal contents become one.

    The contents go to a temporary file beyond a few MiB.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115
        weakref.finalize(self, close_quietly, self._file)
        self._numbers = Numbers()

    @property
    def count(self) -> int:
        """Number of distinct contents so far."""
        return len(self._numbers)

    def add(self, page: bytes | bytearray | memoryview) -> int:
        """Return the number of a content of PAGE_SIZE bytes, kept if it is new.

        InvalidArgument if it is no page, or one too many to be numbered.
        """
        if len(page) != PAGE_SIZE:
            raise InvalidArgument(f"a content has {len(page)} bytes; allowed is {PAGE_SIZE}")
        count = len(self._numbers)
        number = self._numbers.number(page)
        if number == count:
            if count >= FREED - 1:
                raise InvalidArgument(f"more than {FREED - 1} contents")
            self._file.write(page)
        return number

    def finish(self) -> Contents:
        """Return all contents; nothing can be added after that."""
        self._file.seek(0)
        with self._file:
            total_bytes = self.count * PAGE_SIZE
            if total_bytes <= IN_MEMORY_BYTES:
                return self._file.read()
            self._file.flush()
            return mmap.mmap(self._file.fileno(), total_bytes, access=mmap.ACCESS_READ)


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
    numbers = Numbers()
    number_of = np.fromiter(
        (numbers.number(page_at(view, given)) for given in range(count)), np.int64, count
    )
    if len(numbers) == count and isinstance(contents, bytes):
        return contents, number_of
    _, first = np.unique(number_of, return_index=True)
    ends = np.flatnonzero(np.diff(first, append=-1) != 1) + 1
    runs = zip(first[np.append(0, ends[:-1])], first[ends - 1] + 1, strict=True)
    kept = (view[begin * PAGE_SIZE : end * PAGE_SIZE] for begin, end in runs)
    return collect(kept, len(first) * PAGE_SIZE), number_of


def page_at(contents: memoryview, number: int) -> memoryview:
    """Return one content."""
    return contents[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
