# SPDX-License-Identifier: GPL-2.0-only
"""Damage to files and data, as a list of steps that is drawn and then done."""

from collections.abc import Iterable
from random import Random

Step = tuple[str, int, bytes, int]
"""Kind, place, new bytes, times."""

KINDS = ("overwrite", "number", "flip", "insert", "cut", "truncate", "repeat", "fill")
HEAD_BYTES = 700
"""Damage falls into the first bytes, where most of what steers a reader is, or anywhere."""

LARGE = [0, 1, 0xFF, 0x1000, 0xFFFF, 1 << 20, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1]
NUMBERS = [
    *(b"0", b"-1", b"99999999999999999999999", b"18446744073709551616", b"9223372036854775807"),
    *(b"0x7fffffffffffffff", b"ffffffffffffffff", b"1e308", b"nan", b"1073741824"),
    *(b'"', b"{", b"["),
]
JUNK = [b"\0", b"\n", b"\r\n", b"\r", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b[31m", b" ", b",", b"A"]


def damaged(whole: bytes, steps: Iterable[Step]) -> bytes:
    """Return the bytes after all steps."""
    data = bytearray(whole)
    for kind, at, new, times in steps:
        if kind == "overwrite":
            start = at & ~3  # fields are aligned
            data[start : start + len(new)] = new
        elif kind == "number":  # the next one of the text
            found = next(
                (i for i in range(at, min(at + 200, len(data))) if data[i : i + 1].isdigit()), at
            )
            stop = found
            while data[stop : stop + 1].isalnum():
                stop += 1
            data[found:stop] = new
        elif kind == "flip":
            data[at : at + 1] = bytes([byte ^ 1 << (new[0] % 8) for byte in data[at : at + 1]])
        elif kind == "insert":
            data[at:at] = new
        elif kind == "fill":
            data[at:at] = new * min(20 * times, 100_000 // len(new))
        elif kind == "cut":
            del data[at : at + new[0]]
        elif kind == "truncate":
            del data[at:]
        else:
            data[at:at] = (data[at : at + 16 * new[0]] * times)[:100_000]
    return bytes(data)


def drawn(random: Random, length: int) -> list[Step]:
    """Draw what to do to so many bytes."""
    steps = []
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, min(HEAD_BYTES, length) if random.random() < 0.5 else length)
        new = random.choice(
            (
                random.randbytes(random.randint(1, 8)),
                random.choice(LARGE).to_bytes(8, "little")[: random.choice((2, 4, 8))],
                random.choice(NUMBERS),
                random.choice(JUNK),
            )
        )
        steps.append((random.choice(KINDS), at, new, random.choice((1, 1, 2, 50))))
    return steps
