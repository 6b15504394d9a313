# SPDX-License-Identifier: GPL-2.0-only
"""The kernels that tests are run for, and ranges of them as the specification writes them."""

import pytest

KERNELS = ("3.11", "5.4", "5.10", "6.1", "6.6", "6.8", "6.12", "6.18")


def kernels(*spans: str) -> list[str]:
    """Return the kernels of some spans: "6.1", or "5.4..6.8" for all from the one to the other."""
    named: list[str] = []
    for span in spans:
        first, _, last = span.partition("..")
        named += KERNELS[KERNELS.index(first) : KERNELS.index(last or first) + 1]
    return named


def for_kernels(*spans: str) -> pytest.MarkDecorator:
    """Run a test for these kernels only."""
    return pytest.mark.parametrize("kernel", kernels(*spans))


def version(kernel: str) -> tuple[int, ...]:
    """Return a kernel's version in a form that can be compared."""
    return tuple(int(part) for part in kernel.split("."))


def full_at(kernel: str, max_pages: int = 20) -> int:
    """Return the pages that a store finds full: more than the limit, or from 6.12 on as many."""
    return max_pages if version(kernel) >= (6, 12) else max_pages + 1


def half_page(kernel: str) -> int:
    """Return a length of which two share a page, in 6.18 of zsmalloc and before of zbud."""
    return 2040 if version(kernel) >= (6, 18) else 1900
