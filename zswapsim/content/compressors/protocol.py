# SPDX-License-Identifier: GPL-2.0-only
"""What a compressor is: a class whose objects turn a page of 4096 bytes into fewer, and back.

A third party brings one by naming such a class as an entry point of the group
zswapsim.compressors. The class is called with its settings as keywords. An object keeps its
compression contexts between calls and is therefore used by one thread only; a forked child may
go on with the copy it inherits.

compress() may return more than 4096 bytes. That it does not fit is the caller's business, as the
kernel's capacity is no part of the format.

A class may have as well:

prepare(pages: int)        told how many pages are coming, before a process is forked, to get ready
set_kernel(row: Profile)   told which kernel is simulated, once and first of all, to do as it does
prepare_many(pages, *, compiled) -> bool    whether compress_many is worth it, after getting ready
compress_many(...)         compresses contents at once, in threads, see Lz4 and lz4_batch.py
decompress_address()       where a C function is that does as decompress does, or None: an int of
                           (source, target, length, capacity), the bytes made, negative if none
fit: Fit                   what becomes of long results; otherwise up to 4096 bytes, then -EINVAL
fidelity: Fidelity         how near the lengths are to a real kernel's, for a listing
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol, TypeAlias

from zswapsim.errors import DataMismatch, InvalidArgument
from zswapsim.units import PAGE_SIZE

Buffer: TypeAlias = bytes | bytearray | memoryview


class Option(NamedTuple):
    """A whole number that can be set: lowest <= value <= highest."""

    default: int
    lowest: int
    highest: int
    summary: str


class Compressor(Protocol):
    """One algorithm with its settings.

    summary: one line for a listing; options: what can be set, the one that a bare number sets
    first; settings: the values in force; version: of the libraries, for people;
    key: one word that differs whenever the compressed lengths may, for naming cache files.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    options: ClassVar[Mapping[str, Option]]
    settings: dict[str, int]
    version: str
    key: str

    def __init__(self, **settings: int) -> None: ...

    def compress(self, page: Buffer) -> bytes:
        """Return the compressed page. InvalidArgument unless it has 4096 bytes."""

    def decompress(self, data: Buffer) -> bytes:
        """Return the 4096 bytes of the page. DataMismatch if data does not hold one."""


def prepare(compressor: Compressor, pages: int) -> None:
    """Tell a compressor that so many pages are coming; nothing happens if it need not know."""
    hook = getattr(compressor, "prepare", None)
    if hook is not None:
        hook(pages)


def settled(
    name: str, options: Mapping[str, Option], settings: Mapping[str, int]
) -> dict[str, int]:
    """Return the value of every option. InvalidArgument names option, value and allowed range."""
    for key, value in settings.items():
        if key not in options:
            there_are = ", ".join(f"{k} ({o.lowest}..{o.highest})" for k, o in options.items())
            raise InvalidArgument(
                f"{name} has no setting {key!r} (value {value!r}); there is {there_are or 'none'}"
            )
        option = options[key]
        # True is an int, but no level.
        if type(value) is not int or not option.lowest <= value <= option.highest:
            raise InvalidArgument(
                f"{name}: {key}={value!r} is not allowed; "
                f"allowed is a whole number of {option.lowest}..{option.highest}"
            )
    return {key: settings.get(key, option.default) for key, option in options.items()}


def key_of(name: str, settings: Mapping[str, int], version: str) -> str:
    """Return one word such as zstd-level=3-zstandard0.25.0-libzstd1.5.7."""
    words = [name, *(f"{key}={value}" for key, value in settings.items())]
    return "-".join([*words, version.replace(", ", "-").replace(" ", "")])


def check_page(page: Buffer) -> None:
    """InvalidArgument unless page has 4096 bytes."""
    # nbytes, because len() of a view counts its items; bytes first, because it is the usual case.
    size = len(page) if type(page) is bytes else memoryview(page).nbytes
    if size != PAGE_SIZE:
        raise InvalidArgument(f"a page has {PAGE_SIZE} bytes, not {size}")


def check_decompressed(name: str, page: bytes) -> bytes:
    """Return page. DataMismatch unless it has 4096 bytes."""
    if len(page) != PAGE_SIZE:
        raise DataMismatch(f"{name}: the data decompress to {len(page)} bytes, not {PAGE_SIZE}")
    return page
