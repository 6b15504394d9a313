# SPDX-License-Identifier: GPL-2.0-only
"""lzo-rle: LZO1X-1 with zero runs, by an encoder and a decoder of our own.

Models crypto/lzo-rle.c (specification 7.3). No library has this encoder; its lengths are those of
Linux 6.1 and 6.12 for all recorded pages. A stream above 4096 bytes is returned, as Linux up to
6.1.0 returns it; later stable releases refuse it (specification 7.2).
"""

from collections.abc import Mapping
from typing import ClassVar

from zswapsim.content.compressors.fidelity import Fidelity
from zswapsim.content.compressors.fit import BOUNDED, lzo_fit
from zswapsim.content.compressors.lzo_decoder import lzo1x_decompress
from zswapsim.content.compressors.lzo_encoder import (
    MOST_BYTES,
    TABLE_LENGTH,
    lzorle1x_1_compress,
)
from zswapsim.content.compressors.own_encoder import OwnEncoder
from zswapsim.content.compressors.protocol import Buffer, Option, key_of, settled
from zswapsim.errors import DataMismatch
from zswapsim.profiles import Profile

REVISION = 1
"""To be raised when a length changes."""


class LzoRle:
    """LZO1X-1 with zero runs as the kernel has it; there is nothing to set."""

    name: ClassVar[str] = "lzo-rle"
    summary: ClassVar[str] = "LZO1X-1 with zero runs, every length that of the kernel"
    fidelity: ClassVar[Fidelity] = Fidelity(4460, 100.0)
    options: ClassVar[Mapping[str, Option]] = {}
    encode = staticmethod(lzorle1x_1_compress)

    def __init__(self, **settings: int) -> None:
        self.settings = settled(self.name, self.options, settings)
        self.version = f"own encoder, revision {REVISION}"
        self.key = key_of(self.name, self.settings, f"revision{REVISION}")
        self.encoder = OwnEncoder(self.encode, TABLE_LENGTH, MOST_BYTES, decode=lzo1x_decompress)
        self.fit = BOUNDED

    def set_kernel(self, row: Profile) -> None:
        """Refuse long results, or not, as that kernel does."""
        self.fit = lzo_fit(row)

    def prepare(self, pages: int) -> None:
        """Compile encoder and decoder if so many pages are worth it."""
        self.encoder.prepare(pages)

    def compress(self, page: Buffer) -> bytes:
        """Return the stream of a page, of up to about 4600 bytes."""
        data = self.encoder.compress(page, MOST_BYTES)
        assert data is not None, "no stream is longer than MOST_BYTES"
        return data

    def decompress(self, data: Buffer) -> bytes:
        """Return the page. DataMismatch if data are not the stream of one."""
        page = self.encoder.decompress(data)
        if page is None:
            raise DataMismatch(f"{self.name}: the data do not decompress to a page")
        return page
