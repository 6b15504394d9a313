# SPDX-License-Identifier: GPL-2.0-only
"""deflate: raw deflate by Python's zlib, with the kernel's small window.

Models crypto/deflate.c (specification 7.3): level 6, window of 2^11 bytes, memLevel 8. Deviation:
the kernel has code of an older zlib; nobody has compared the lengths.
"""

import zlib
from collections.abc import Mapping
from typing import ClassVar

from zswapsim.content.compressors.fidelity import Fidelity
from zswapsim.content.compressors.fit import BOUNDED, deflate_fit
from zswapsim.content.compressors.protocol import (
    Buffer,
    Option,
    check_decompressed,
    check_page,
    key_of,
    settled,
)
from zswapsim.errors import DataMismatch
from zswapsim.profiles import Profile
from zswapsim.units import PAGE_SIZE

RAW_WINDOW_BITS = -11  # negative: without zlib's header and checksum
MEMORY_LEVEL = 8


class Deflate:
    """Raw deflate. level: higher is slower and compresses more; the kernel uses 6."""

    name: ClassVar[str] = "deflate"
    summary: ClassVar[str] = "Deflate, small and slow"
    fidelity: ClassVar[Fidelity] = Fidelity(note="the kernel's zlib is older")
    options: ClassVar[Mapping[str, Option]] = {
        "level": Option(6, 1, 9, "higher is slower and compresses more")
    }

    def __init__(self, **settings: int) -> None:
        self.settings = settled(self.name, self.options, settings)
        self.version = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
        self.key = key_of(self.name, self.settings, self.version)
        self.fit = BOUNDED
        self._level = self.settings["level"]

    def set_kernel(self, row: Profile) -> None:
        """Refuse long results as that kernel does."""
        self.fit = deflate_fit(row)

    def compress(self, page: Buffer) -> bytes:
        """Return the deflated page, 20..4140 bytes."""
        check_page(page)
        stream = zlib.compressobj(self._level, zlib.DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL)
        return stream.compress(page) + stream.flush()

    def decompress(self, data: Buffer) -> bytes:
        """Return the page. DataMismatch if data is not the deflated form of one."""
        stream = zlib.decompressobj(RAW_WINDOW_BITS)
        try:
            page = stream.decompress(data, PAGE_SIZE + 1)
        except zlib.error as error:
            raise DataMismatch(f"deflate: the data do not decompress: {error}") from error
        check_decompressed(self.name, page)
        if not stream.eof or stream.unused_data:
            raise DataMismatch("deflate: the data do not end where the page does")
        return page
