# SPDX-License-Identifier: GPL-2.0-only
"""lz4hc: the high-compression LZ4 block encoder; its blocks are those that lz4 decompresses.

Models crypto/lz4hc.c, level 9 (specification 7.3). Deviation: the kernel has the hash-chain code
of an older library, so lengths are near the kernel's, not equal.
"""

from typing import ClassVar

import lz4.block

from zswapsim.content.compressors.fidelity import Fidelity
from zswapsim.content.compressors.fit import BOUNDED, lz4_fit
from zswapsim.content.compressors.lz4 import VERSION, decompress_address, decompress_block
from zswapsim.content.compressors.protocol import Buffer, Option, check_page, key_of, settled
from zswapsim.profiles import Profile


class Lz4Hc:
    """LZ4 HC. level: higher is slower and compresses more; the kernel uses 9."""

    name: ClassVar[str] = "lz4hc"
    summary: ClassVar[str] = "LZ4 high compression, slow to compress and as fast to decompress"
    fidelity: ClassVar[Fidelity] = Fidelity(note="the kernel's library is older")
    # LZ4HC_CLEVEL_MAX; the library takes anything above as this.
    options: ClassVar[dict[str, Option]] = {
        "level": Option(9, 1, 12, "higher is slower and compresses more")
    }

    def __init__(self, **settings: int) -> None:
        self.settings = settled(self.name, self.options, settings)
        self.version = VERSION
        self.key = key_of(self.name, self.settings, VERSION)
        self._level = self.settings["level"]
        self.fit = BOUNDED

    def set_kernel(self, row: Profile) -> None:
        """Refuse long results, or not, as that kernel does."""
        self.fit = lz4_fit(row)

    def compress(self, page: Buffer) -> bytes:
        """Return the LZ4 block of a page, 26..4114 bytes."""
        check_page(page)
        data: bytes = lz4.block.compress(
            page, mode="high_compression", compression=self._level, store_size=False
        )
        return data

    def decompress(self, data: Buffer) -> bytes:
        """Return the page. DataMismatch if data is not the block of one."""
        return decompress_block(self.name, data)

    decompress_address = staticmethod(decompress_address)
