# SPDX-License-Identifier: GPL-2.0-only
"""Runs an encoder of our own on pages: interpreted for few of them, compiled for many.

An encoder is a simulated function encode(page, out, table, capacity) that returns the length of
what it wrote to out, or -errno. A decoder, where there is one, is a simulated function
decode(out, length, page) that returns 0 or -errno and is safe for any bytes in out. Both get the
same buffers each time, whatever is in them:

page    uint8   (4096,)          the page
out     uint8   (most_bytes,)    the compressed page
table   uint16  (table_length,)  where what was seen, cleared by the encoder itself

They are bytearrays and a list when interpreted, numpy arrays when compiled. A process that is
forked goes on with the copies it inherits, and with the code that is compiled by then.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from zswapsim.content.compressors.protocol import Buffer, check_page
from zswapsim.engine import engines
from zswapsim.units import PAGE_SIZE

Encode: TypeAlias = Callable[[Any, Any, Any, int], int]
Decode: TypeAlias = Callable[[Any, int, Any], int]

# Measured with lz4-kernel: 2.2 ms a page interpreted and 0.01 compiled; compiling it takes 3.2 s,
# importing numba and loading it from the cache 0.5 s.
WARM_PAGES = 250
COLD_PAGES = 1500


class OwnEncoder:
    """compress, decompress; before many pages prepare.

    engine: what runs now, "interpreted" or "compiled".
    """

    def __init__(
        self,
        encode: Encode,
        table_length: int,
        most_bytes: int,
        engine: str = "auto",
        decode: Decode | None = None,
    ) -> None:
        """most_bytes: no page's result is longer; engine: "auto" goes by the number of pages.

        InvalidArgument: no such engine.
        """
        engines.choose(engine, 0)
        self.engine = "interpreted"
        self._encode = encode
        self._decode = decode
        self._table_length = table_length
        self._most_bytes = most_bytes
        self._wanted = engine
        self._pages = 0
        self._choose_at = WARM_PAGES if engine == "auto" else 0
        self._use_interpreted()

    def prepare(self, pages: int) -> None:
        """Compile now if so many pages more are worth it, or those that were done until now."""
        amount = self._pages + pages
        if self.engine == "compiled" or amount < self._choose_at:
            return
        warm_key = f"{self._encode.__name__}.warm"
        chosen = engines.choose(self._wanted, amount, warm_key, warm=WARM_PAGES, cold=COLD_PAGES)
        if chosen == "compiled":
            with engines.uninterrupted():
                self._use_compiled()
            engines.mark_warm(warm_key)
        # What is not compiled for a run is not asked for again within it.
        self._choose_at = COLD_PAGES

    def compress(self, page: Buffer, capacity: int) -> bytes | None:
        """Return the compressed page, or None if the encoder fails with that capacity.

        capacity: bytes, up to most_bytes. InvalidArgument: not a page.
        """
        check_page(page)
        self._count_page()
        self._page_view[:] = bytes(page)
        length = self._run(self._page, self._out, self._table, capacity)
        return self._out_view[:length].tobytes() if length >= 0 else None

    def decompress(self, data: Buffer) -> bytes | None:
        """Return the page that data hold, or None if the decoder fails."""
        assert self._run_back is not None, "there is no decoder"
        given = bytes(data)
        if len(given) > self._most_bytes:
            return None
        self._count_page()
        self._out_view[: len(given)] = given
        status = self._run_back(self._out, len(given), self._page)
        return self._page_view.tobytes() if status == 0 else None

    def _count_page(self) -> None:
        if self.engine != "compiled":
            self.prepare(1)
            self._pages += 1

    def _use_interpreted(self) -> None:
        self._run = engines.entry(self._encode, "interpreted")
        self._run_back = self._decode
        self._page: Any = bytearray(PAGE_SIZE)
        self._out: Any = bytearray(self._most_bytes)
        self._table: Any = [0] * self._table_length
        self._page_view, self._out_view = memoryview(self._page), memoryview(self._out)

    def _use_compiled(self) -> None:
        import numpy as np

        self._run = engines.entry(self._encode, "compiled")
        self._page = np.zeros(PAGE_SIZE, np.uint8)
        self._out = np.zeros(self._most_bytes, np.uint8)
        self._table = np.zeros(self._table_length, np.uint16)
        self._page_view, self._out_view = memoryview(self._page), memoryview(self._out)
        self._run(self._page, self._out, self._table, self._most_bytes)
        if self._decode is not None:
            self._run_back = engines.entry(self._decode, "compiled")
            self._run_back(self._out, 0, self._page)
        self.engine = "compiled"
