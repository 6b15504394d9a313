# SPDX-License-Identifier: GPL-2.0-only
"""zstd: one frame a page, with the parameters that the kernel asks for.

Models crypto/zstd.c (specification 7.3). Up to 6.12 the kernel asks for the parameters of a source
of unknown size, zstd_get_params(3, 0), and not for those of 4096 bytes; from 6.18 on for those of
256 KiB. The library then shrinks window and tables to the page. Up to 5.10 the frames do not tell
the size of what they hold.

Deviations: the bytes are those of the installed library, and every release finds other matches.
EXACT_LIBRARIES are those whose lengths are all equal to a kernel's. libzstd 1.5.7 has the lengths
of half of the pages of 6.1 and of five in six of 6.12; the mean differs by less than 0.1 %. Those
of 5.10 and before, with a library much older, and of 6.18 have not been compared. 3.11 had no zstd
for zswap; it gets that of 5.4.
"""

from typing import Any, ClassVar

import zstandard

from zswapsim.content.compressors.fidelity import NOT_COMPARED, Fidelity
from zswapsim.content.compressors.protocol import (
    Buffer,
    Option,
    check_decompressed,
    check_page,
    key_of,
    settled,
)
from zswapsim.errors import DataMismatch
from zswapsim.profiles import SMALL_SIZE, UNKNOWN_SIZE, UNKNOWN_SIZE_OLD, Profile
from zswapsim.units import PAGE_SIZE

KERNEL_LEVEL = 3
LIBRARY = ".".join(map(str, zstandard.ZSTD_VERSION))
EXACT_LIBRARIES = {
    "6.1": {"1.4.8": "0.15.2", "1.5.0": "0.16.0"},
    "6.12": {"1.5.2": "0.19.0"},
}
"""Kernel -> releases of libzstd that have all its lengths -> release of zstandard with it."""

# From 0.19 on the library can refuse what follows a frame; before, it passes over it.
CHECKS_END = tuple(map(int, zstandard.__version__.split(".")[:2])) >= (0, 19)
_AT_END: dict[str, Any] = {"allow_extra_data": False} if CHECKS_END else {}

_UNKNOWN = -1
"""What the library says of a frame that does not tell its size."""

_MEASURED = {"6.1": Fidelity(4460, 51.2, -0.07), "6.12": Fidelity(3450, 83.7, -0.02)}
"""Kernel -> what libzstd 1.5.7 has."""

_DFAST = {"chain_log": 16, "search_log": 1, "strategy": zstandard.STRATEGY_DFAST}
# Spelled out, so that a library with another idea of level 3 still gives the kernel's.
_PARAMETERS: dict[int, dict[str, Any]] = {
    UNKNOWN_SIZE_OLD: _DFAST
    | {"window_log": 20, "hash_log": 17, "min_match": 5, "target_length": 16}
    | {"write_content_size": False},
    UNKNOWN_SIZE: _DFAST
    | {"window_log": 21, "hash_log": 17, "min_match": 5, "target_length": 0}
    | {"write_content_size": True},
    SMALL_SIZE: _DFAST
    | {"window_log": 18, "hash_log": 16, "min_match": 4, "target_length": 0}
    | {"write_content_size": True},
}
# More than any of these, and no memory worth speaking of where a damaged header asks for it.
_MAX_WINDOW_BYTES = 1 << 23


class Zstd:
    """Zstandard. level: higher is slower and compresses more; the kernel uses 3.

    Other levels are the library's own, whatever the kernel.
    """

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
        self.version = f"zstandard {zstandard.__version__}, libzstd {LIBRARY}"
        self._use(UNKNOWN_SIZE, "6.1")
        self._decompress = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES).decompress

    def set_kernel(self, row: Profile) -> None:
        """Take the parameters of that kernel."""
        self._use(row.zstd_parameters, row.kernel)

    def _use(self, parameters: int, kernel: str) -> None:
        level = self.settings["level"]
        names = self.settings
        self.fidelity = NOT_COMPARED
        if level != KERNEL_LEVEL:
            taken = zstandard.ZstdCompressionParameters.from_level(level)
        else:
            self.fidelity = _fidelity(kernel)
            taken = zstandard.ZstdCompressionParameters(
                **_PARAMETERS[parameters], write_checksum=False, write_dict_id=False
            )
            if parameters != UNKNOWN_SIZE:
                names = {**names, "parameters": parameters}
        self.key = key_of(self.name, names, self.version)
        self._compress = zstandard.ZstdCompressor(compression_params=taken).compress

    def compress(self, page: Buffer) -> bytes:
        """Return the frame of a page, 18..4106 bytes."""
        check_page(page)
        return self._compress(page)

    def decompress(self, data: Buffer) -> bytes:
        """Return the page. DataMismatch if data is not the frame of one."""
        try:
            # First, because a damaged header may ask for any amount of memory.
            size = zstandard.frame_content_size(data)
            if size not in (PAGE_SIZE, _UNKNOWN):
                raise DataMismatch(f"zstd: the frame holds {size} bytes, not {PAGE_SIZE}")
            page = self._decompress(data, max_output_size=PAGE_SIZE, **_AT_END)
        except zstandard.ZstdError as error:
            raise DataMismatch(f"zstd: the data do not decompress: {error}") from error
        return check_decompressed(self.name, page)


def _fidelity(kernel: str) -> Fidelity:
    """Return how near the installed library is to that kernel's."""
    exact = EXACT_LIBRARIES.get(kernel, {})
    measured = _MEASURED.get(kernel, NOT_COMPARED)
    if LIBRARY in exact:
        return Fidelity(measured.pages, 100.0)
    if not exact:
        return measured
    return measured._replace(note=f"all equal with zstandard {' or '.join(exact.values())}")
