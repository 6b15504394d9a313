# SPDX-License-Identifier: GPL-2.0-only
"""fifo: the page that has been resident for the longest time goes, however often it is used."""

from zswapsim.engine.simulated import Zeros
from zswapsim.machine.reclaim import ReclaimPolicy


class Fifo:
    """A plain class: its methods are the operations of a policy."""

    def __init__(self) -> None:
        self.pages: dict[int, None] = {}  # in the order in which they came

    def add(self, page: int) -> None:
        self.pages[page] = None

    def access(self, page: int) -> None:
        pass

    def remove(self, page: int) -> None:
        del self.pages[page]

    def victim(self) -> int:
        page = next(iter(self.pages), -1)
        self.pages.pop(page, None)
        return page

    def putback(self, page: int) -> None:
        self.pages[page] = None


def create(pages: int, zeros: Zeros) -> Fifo:
    """Return the state for that many pages, of which none is resident."""
    return Fifo()


POLICY = ReclaimPolicy(
    name="fifo",
    summary="first in, first out; plain Python",
    create=create,
    check=lambda state: list(state.pages),
)
