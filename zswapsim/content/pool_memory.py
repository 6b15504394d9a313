# SPDX-License-Identifier: GPL-2.0-only
"""The memory of one pool: real bytes at the places that the driver hands out."""

import mmap

from zswapsim.files import Closing
from zswapsim.units import PAGE_SIZE


class PoolMemory(Closing):
    """Memory of max_pages pages; what is never written takes no memory of this machine's.

    memory: the bytes, whose slices are copies; view: the same without a copy.
    """

    def __init__(self, max_pages: int) -> None:
        self.memory = mmap.mmap(-1, max_pages * PAGE_SIZE)
        self.view = memoryview(self.memory)

    def close(self) -> None:
        """Give the memory back."""
        self.view.release()
        self.memory.close()
