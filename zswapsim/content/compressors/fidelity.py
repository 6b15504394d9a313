# SPDX-License-Identifier: GPL-2.0-only
"""How near a compressor's lengths are to those that a real kernel was seen to have.

The numbers are measured on recordings of Linux 6.1, and tests/golden/test_fidelity.py measures
them anew.
"""

from typing import NamedTuple

from zswapsim.content.compressors.protocol import Compressor


class Fidelity(NamedTuple):
    """How many pages were compared, 0 for none, and what came of it.

    equal_percent: of these; mean_percent: by how much our mean length differs, over the pages that
    compress in both; note: what else there is to say.
    """

    pages: int = 0
    equal_percent: float = 0.0
    mean_percent: float = 0.0
    note: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether every length is the kernel's."""
        return self.pages > 0 and self.equal_percent == 100

    def __str__(self) -> str:
        if not self.pages:
            said = "not compared"
        elif self.is_equal:
            said = f"equal: {self.pages:,} pages"
        else:
            said = (
                f"near: {self.equal_percent:.0f} % of {self.pages:,} pages equal, "
                f"mean {self.mean_percent:+.2f} %"
            )
        return f"{said}; {self.note}" if self.note else said


NOT_COMPARED = Fidelity()


def fidelity_of(compressor: Compressor) -> Fidelity:
    """Return what is known of a compressor's lengths."""
    known: Fidelity = getattr(compressor, "fidelity", NOT_COMPARED)
    return known
