# SPDX-License-Identifier: GPL-2.0-only
"""lzo: plain LZO1X-1, zswap's own default, by the encoder and the decoder of lzo-rle.

Models crypto/lzo.c (specification 7.3). The kernel has one encoder for both, which lzo asks for a
stream of version 0, without marker and zero runs. No lengths of lzo are recorded; those of lzo-rle
are all equal.
"""

from typing import ClassVar

from zswapsim.content.compressors.fidelity import Fidelity
from zswapsim.content.compressors.lzo_encoder import lzo1x_1_compress
from zswapsim.content.compressors.lzo_rle import LzoRle


class Lzo(LzoRle):
    """LZO1X-1 as the kernel has it; there is nothing to set."""

    name: ClassVar[str] = "lzo"
    summary: ClassVar[str] = "LZO1X-1, the default of zswap"
    fidelity: ClassVar[Fidelity] = Fidelity(note="derived from lzo-rle, which is equal")
    encode = staticmethod(lzo1x_1_compress)
