# SPDX-License-Identifier: GPL-2.0-only
"""zstd: one frame a page, with the parameters that the kernel asks for.

Models Linux 6.1 to 6.12 crypto/zstd.c, which asks for the parameters of a source of unknown size,
zstd_get_params(level, 0), and not for those of 4096 bytes (specification 7.3). The library then
shrinks window and tables to the page. Deviations: from 6.18 on the kernel asks for those of a
small source; the bytes are those of the installed library, equal to the kernel's for about half
the pages and within a few bytes for the rest.
"""

from typing import ClassVar

import zstandard

from zswapsim.content.compressors.protocol import (
    Buffer,
    Option,
    check_decompressed,
    check_page,
    key_of,
    settled,
)
from zswapsim.errors import DataMismatch
from zswapsim.units import PAGE_SIZE

KERNEL_LEVEL = 3
_LIBRARY = ".".join(map(str, zstandard.ZSTD_VERSION))


def _parameters(level: int) -> zstandard.ZstdCompressionParameters:
    if level != KERNEL_LEVEL:
        return zstandard.ZstdCompressionParameters.from_level(level)
    # Spelled out, so that a library with another idea of level 3 still gives the kernel's.
    return zstandard.ZstdCompressionParameters(
        window_log=21,
        chain_log=16,
        hash_log=17,
        search_log=1,
        min_match=5,
        target_length=0,
        strategy=zstandard.STRATEGY_DFAST,
        write_content_size=True,
        write_checksum=False,
        write_dict_id=False,
    )


class Zstd:
    """Zstandard. level: higher is slower and compresses more; the kernel uses 3."""

    name: ClassVar[str] = "zstd"
    summary: ClassVar[str] = "Zstandard, smaller and slower than lz4"
    options: ClassVar[dict[str, Option]] = {
        "level": Option(
            KERNEL_LEVEL,
            1,
            zstandard.MAX_COMPRESSION_LEVEL,
            "higher is slower and compresses more",
        )
    }

    def __init__(self, **settings: int) -> None:
        self.settings = settled(self.name, self.options, settings)
        self.version = f"zstandard {zstandard.__version__}, libzstd {_LIBRARY}"
        self.key = key_of(self.name, self.settings, self.version)
        self._compress = zstandard.ZstdCompressor(
            compression_params=_parameters(self.settings["level"])
        ).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def compress(self, page: Buffer) -> bytes:
        """Return the frame of a page, 19..4106 bytes."""
        check_page(page)
        return self._compress(page)

    def decompress(self, data: Buffer) -> bytes:
        """Return the page. DataMismatch if data is not the frame of one."""
        try:
            # First, because a damaged header may ask for any amount of memory.
            size = zstandard.frame_content_size(data)
            if size != PAGE_SIZE:
                raise DataMismatch(f"zstd: the frame holds {size} bytes, not {PAGE_SIZE}")
            page = self._decompress(data, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise DataMismatch(f"zstd: the data do not decompress: {error}") from error
        return check_decompressed(self.name, page)
