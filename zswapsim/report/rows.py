# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a result that the reports of several frontends share."""

from collections.abc import Mapping
from typing import Any

from zswapsim.units import PAGE_SIZE

Row = tuple[str, str, str]
"""Label, number, remark."""


def zero_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return the line of pages of zeros, which later kernels keep from zswap and from any disk."""
    out, back = result["vmstat"]["swpout_zero"], result["vmstat"]["swpin_zero"]
    if not out:
        return []
    return [("pages of zeros, only noted", f"{out:,}", f"swpout_zero; {back:,} came back")]


def ratio_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return the line of how well the contents compress, if any did."""
    compression = result["compression"]
    if not compression["ratio"]:
        return []
    mean = f"mean {compression['mean_length_bytes']:.0f} bytes of {PAGE_SIZE}"
    return [("compression ratio of all contents", f"{compression['ratio']:.2f}", mean)]
