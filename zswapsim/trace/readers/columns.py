# SPDX-License-Identifier: GPL-2.0-only
"""What the columns of plain tables and address traces are, as far as their first lines show."""

import re
from collections.abc import Sequence

from zswapsim.trace.readers.line_kernel import AUTOMATIC

NUMBER = re.compile(r"(0[xX])?[0-9a-fA-F]{1,16}|\d{1,20}")
_HEX_LETTER = re.compile(r"[a-fA-F]")


def is_zero_padded(numbers: Sequence[str]) -> bool:
    """Say whether all have one length, and that of several digits with a zero before them."""
    lengths = {len(number) for number in numbers}
    return len(lengths) == 1 and lengths.pop() > 3 and any(n.startswith("0") for n in numbers)


def base_of(numbers: Sequence[str]) -> int:
    """Return the base of addresses: 16 where it shows, else AUTOMATIC, which is 10 without 0x."""
    plain = [number for number in numbers if not number.lower().startswith("0x")]
    if any(map(_HEX_LETTER.search, plain)) or (plain and is_zero_padded(plain)):
        return 16
    return AUTOMATIC


def says_hex(numbers: Sequence[str]) -> bool:
    """Say whether numbers are hexadecimal without doubt."""
    return base_of(numbers) == 16 or all(number.lower().startswith("0x") for number in numbers)


def base_note(what: str, numbers: Sequence[str], base: int) -> str:
    """Return the words for it. what: what the numbers are, such as address."""
    if base == 16 or (numbers and says_hex(numbers)):
        return f"each {what} is hexadecimal"
    return f"each {what} is decimal, hexadecimal after 0x"


def is_size(column: Sequence[str]) -> bool:
    """Say whether a column may be sizes of memory accesses."""
    return all(re.fullmatch(r"\d{1,4}", size) and int(size) <= 4096 for size in column)
