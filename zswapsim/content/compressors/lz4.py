# SPDX-License-Identifier: GPL-2.0-only
"""lz4: the fast LZ4 block encoder, no size prefix.

Models crypto/lz4.c (specification 7.3). Deviation: python-lz4 drives the library's streaming
encoder, whose hash table differs from LZ4_compress_default's. On recordings of a 6.1 kernel the
lengths are 7 to 24 bytes less in the mean, and 7 to 28 % of the pages take another number of
64-byte chunks. lz4-kernel has the kernel's lengths, and is a third slower.
"""

from functools import cache
from mmap import mmap
from typing import TYPE_CHECKING, ClassVar

import lz4
import lz4.block

from zswapsim.content.compressors.fidelity import NOT_COMPARED, Fidelity
from zswapsim.content.compressors.fit import BOUNDED, lz4_fit
from zswapsim.content.compressors.protocol import (
    Buffer,
    Option,
    check_decompressed,
    check_page,
    key_of,
    settled,
)
from zswapsim.engine.native import function_address
from zswapsim.errors import DataMismatch
from zswapsim.profiles import Profile
from zswapsim.units import PAGE_SIZE

if TYPE_CHECKING:  # what runs processes is imported where it is used
    from zswapsim.content.compressors.batches import Compressed, Progress

VERSION = f"python-lz4 {lz4.__version__}, liblz4 {lz4.library_version_string()}"

KERNEL_ACCELERATION = 1


@cache
def liblz4_address(name: str) -> int | None:
    """Return where a function of the library inside python-lz4 is; None: not to be had."""
    return function_address(lz4.block._block.__file__, name)


def decompress_address() -> int | None:
    """Return the address of LZ4_decompress_safe(source, target, length, capacity), or None."""
    return liblz4_address("LZ4_decompress_safe")


def decompress_block(name: str, data: Buffer) -> bytes:
    """Return the page of an LZ4 block. DataMismatch if it does not hold 4096 bytes."""
    try:
        page: bytes = lz4.block.decompress(data, uncompressed_size=PAGE_SIZE)
    except (lz4.block.LZ4BlockError, ValueError) as error:
        raise DataMismatch(f"{name}: the data do not decompress: {error}") from error
    return check_decompressed(name, page)


class Lz4:
    """LZ4 fast. acceleration: higher is faster and compresses less; the kernel uses 1."""

    name: ClassVar[str] = "lz4"
    summary: ClassVar[str] = "LZ4 fast, the usual choice for zswap where speed counts"
    # LZ4_ACCELERATION_MAX; the library takes anything above as this.
    options: ClassVar[dict[str, Option]] = {
        "acceleration": Option(
            KERNEL_ACCELERATION, 1, 65537, "higher is faster and compresses less"
        )
    }

    def __init__(self, **settings: int) -> None:
        self.settings = settled(self.name, self.options, settings)
        self.version = VERSION
        self.key = key_of(self.name, self.settings, VERSION)
        self._acceleration = self.settings["acceleration"]
        is_kernels = self._acceleration == KERNEL_ACCELERATION
        self.fidelity = Fidelity(4460, 36.8, -0.63) if is_kernels else NOT_COMPARED
        self.fit = BOUNDED

    def set_kernel(self, row: Profile) -> None:
        """Refuse long results, or not, as that kernel does."""
        self.fit = lz4_fit(row)

    def compress(self, page: Buffer) -> bytes:
        """Return the LZ4 block of a page, 26..4114 bytes."""
        check_page(page)
        data: bytes = lz4.block.compress(
            page, mode="fast", acceleration=self._acceleration, store_size=False
        )
        return data

    def decompress(self, data: Buffer) -> bytes:
        """Return the page. DataMismatch if data is not the block of one."""
        return decompress_block(self.name, data)

    decompress_address = staticmethod(decompress_address)

    def compress_many(
        self,
        contents: bytes | mmap,
        count: int,
        *,
        keep_bytes: int,
        threads: int,
        progress: "Progress | None",
    ) -> "Compressed | None":
        """Compress contents 0 .. count - 1, see lz4_batch; None where that cannot be."""
        from zswapsim.content.compressors import lz4_batch

        return lz4_batch.compress_pages(
            contents,
            count,
            self._acceleration,
            keep_bytes=keep_bytes,
            threads=threads,
            progress=progress,
        )

    def prepare_many(self, pages: int, *, compiled: bool) -> bool:
        """Say whether compress_many is worth it for so many pages, and get it ready if it is.

        compiled: compiled code will be loaded in any case.
        """
        from zswapsim.content.compressors import lz4_batch

        if lz4_batch.liblz4() is None or not (compiled or lz4_batch.is_worth_it(pages)):
            return False
        lz4_batch.load()
        return True
