# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a page that compresses to more than a page, by kernel and compressor.

zswap gives a compressor a buffer of two pages and tells it to use one (specification 7.1, 7.2).
Most refuse what is longer, with an error of their own. Some do not look at what they are told, and
the length goes on to the allocator, which refuses it. What is not stored is never kept either.
"""

from typing import TYPE_CHECKING, NamedTuple

from zswapsim.content.compressors.protocol import Compressor
from zswapsim.errors import EINVAL, ENOSPC
from zswapsim.profiles import NO, PASS, WRAPPER, Profile
from zswapsim.units import PAGE_SIZE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Fit(NamedTuple):
    """Up to most_bytes a result is a length, beyond it is this error, a negative errno."""

    most_bytes: int = PAGE_SIZE
    error: int = -EINVAL

    def length(self, size_bytes: int) -> int:
        """Return what zswap sees of a result of that size: bytes, or the error."""
        return size_bytes if size_bytes <= self.most_bytes else self.error

    def lengths(self, sizes_bytes: "NDArray[np.int32]") -> "NDArray[np.int32]":
        """Return the same of many results: int32, of the shape of sizes_bytes."""
        lengths = sizes_bytes.copy()
        lengths[sizes_bytes > self.most_bytes] = self.error
        return lengths


BOUNDED = Fit()
PASSED_ON = Fit(2 * PAGE_SIZE)
"""Whatever the buffer holds: LZ4 needs up to 4114 bytes for a page, LZO up to about 4600."""


def fit_of(compressor: Compressor) -> Fit:
    """Return what becomes of a compressor's long results; one that does not say is bounded."""
    fit: Fit = getattr(compressor, "fit", BOUNDED)
    return fit


def lengths_key(compressor: Compressor) -> str:
    """Return one word that differs whenever lengths or errors may, for naming cache files."""
    fit = fit_of(compressor)
    if fit == BOUNDED:
        return compressor.key
    return f"{compressor.key}-most{fit.most_bytes}{fit.error}"


def lz4_fit(row: Profile) -> Fit:
    """Return the fit of lz4 and lz4hc: the first port did not look at the capacity."""
    return PASSED_ON if row.lz4_bounded == NO else BOUNDED


def lzo_fit(row: Profile) -> Fit:
    """Return the fit of lzo and lzo-rle, which stable releases changed twice."""
    if row.lzo_oversize == PASS:
        return PASSED_ON
    return Fit(error=-ENOSPC) if row.lzo_oversize == WRAPPER else BOUNDED


def deflate_fit(row: Profile) -> Fit:
    """Return the fit of deflate, whose error has changed."""
    return Fit(error=row.deflate_oversize)
