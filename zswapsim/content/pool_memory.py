# SPDX-License-Identifier: GPL-2.0-only
"""The memory of one pool: real bytes at the places that the driver hands out."""

import ctypes
import mmap

from zswapsim.files import Closing
from zswapsim.units import PAGE_SIZE


class PoolMemory(Closing):
    """Memory of so many pages; what is never written takes no memory of this machine's.

    memory: the bytes, whose slices are copies; address: where the first one is, until it is closed.
    """

    def __init__(self, pages: int) -> None:
        self.memory = mmap.mmap(-1, pages * PAGE_SIZE)
        self._held: ctypes.c_char | None = ctypes.c_char.from_buffer(self.memory)
        self.address = ctypes.addressof(self._held)

    def close(self) -> None:
        """Give the memory back."""
        self._held = None
        self.memory.close()
