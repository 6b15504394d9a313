# SPDX-License-Identifier: GPL-2.0-only
"""Made-up traces and page contents, the same for the same seed on every machine.

For tests and benchmarks: their compression ratios and locality are nobody's workload.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.trace.trace import Trace
from zswapsim.units import PAGE_SIZE

Pages = npt.NDArray[np.uint8]

_LETTERS = b"etaoinshrdlucmfwypvbgkjqxz"


def zipf(
    accesses: int,
    pages: int,
    alpha: float = 1.0,
    *,
    seed: int = 0,
    write_percent: float = 30,
    contents: Pages | None = None,
) -> Trace:
    """Make a trace in which the k-th most popular page is accessed in proportion to k ** -alpha.

    Page numbers do not tell popularity. contents: uint8 (C, PAGE_SIZE); page p starts with content
    p modulo C and goes on to the next one with every write. InvalidArgument names what is wrong.
    """
    for field, value, lowest in (("accesses", accesses, 0), ("pages", pages, 1)):
        if value < lowest:
            raise InvalidArgument(f"{field} is {value}; allowed are {lowest} and more")
    if not 0 <= write_percent <= 100:
        raise InvalidArgument(f"write_percent is {write_percent}; allowed are 0..100")
    if not 0 <= alpha <= 10:
        raise InvalidArgument(f"alpha is {alpha}; allowed are 0..10")
    random = _random(seed)
    share = np.cumsum(np.arange(1, pages + 1, dtype=np.float64) ** -alpha)
    rank = np.searchsorted(share, random.random_sample(accesses) * share[-1], side="right")
    page = random.permutation(pages)[np.minimum(rank, pages - 1)]
    write = random.random_sample(accesses) * 100 < write_percent
    meta = {
        "name": f"zipf-{alpha:g}",
        "program": "none",
        "what": f"synthetic: Zipf {alpha:g} over {pages} pages, {write_percent:g} % writes",
        "origin": f"synthetic, seed {seed}",
    }
    if contents is None or not len(contents):
        return Trace.from_arrays(page, write, meta=meta)
    at, of, nth = _changes(page, write, pages)
    return Trace.from_arrays(page, write, at, of, (of + nth) % len(contents), contents, meta)


def _changes(
    page: npt.NDArray[np.int64], write: npt.NDArray[np.bool_], pages: int
) -> tuple[npt.NDArray[np.int64], ...]:
    """Return (at, page, nth): 0 at access 0 for all pages, n after the page's n-th write."""
    written_at = np.flatnonzero(write)
    written = page[written_at]
    order = np.argsort(written, kind="stable")
    starts = np.searchsorted(written[order], np.arange(pages))
    nth = np.empty(len(written), np.int64)
    nth[order] = np.arange(1, len(written) + 1) - starts[written[order]]
    return (
        np.concatenate([np.zeros(pages, np.int64), written_at + 1]),
        np.concatenate([np.arange(pages), written]),
        np.concatenate([np.zeros(pages, np.int64), nth]),
    )


def random_contents(
    count: int,
    seed: int = 0,
    *,
    zero: float = 5,
    same_filled: float = 5,
    text: float = 40,
    pointers: float = 40,
    random: float = 10,
) -> Pages:
    """Return uint8 (count, PAGE_SIZE): pages of five kinds, mixed, by percents that add up to 100.

    zero: all zero; same_filled: one 8-byte word; text: words; pointers: addresses near each other;
    random: cannot be compressed. Pages of one kind differ in how well they compress.
    """
    kinds: tuple[tuple[str, float, Callable[[np.random.RandomState], bytes]], ...] = (
        ("zero", zero, lambda _: bytes(PAGE_SIZE)),
        ("same_filled", same_filled, _same_filled_page),
        ("text", text, _text_page),
        ("pointers", pointers, _pointer_page),
        ("random", random, lambda numbers: numbers.bytes(PAGE_SIZE)),
    )
    total = sum(percent for _, percent, _ in kinds)
    if count < 0 or abs(total - 100) > 1e-6 or any(percent < 0 for _, percent, _ in kinds):
        shares = ", ".join(f"{name} {percent:g}" for name, percent, _ in kinds)
        raise InvalidArgument(
            f"count is {count}, percents are {shares}; allowed are 0 and more, and a sum of 100"
        )
    numbers = _random(seed)
    ends = [
        round(count * sum(percent for _, percent, _ in kinds[: kind + 1]) / 100)
        for kind in range(len(kinds))
    ]
    kind_of = numbers.permutation(np.searchsorted(ends, np.arange(count), side="right"))
    pages = b"".join(kinds[kind][2](numbers) for kind in kind_of)
    return np.frombuffer(pages, np.uint8).reshape(count, PAGE_SIZE)


def _random(seed: int) -> np.random.RandomState:
    # Not Generator: only this one's numbers are promised to stay the same in all numpy versions.
    if not 0 <= seed < 1 << 32:
        raise InvalidArgument(f"seed is {seed}; allowed are 0..{(1 << 32) - 1}")
    return np.random.RandomState(seed)


def _same_filled_page(numbers: np.random.RandomState) -> bytes:
    return (b"\x01" + numbers.bytes(7)) * (PAGE_SIZE // 8)


def _text_page(numbers: np.random.RandomState) -> bytes:
    letters = np.frombuffer(_LETTERS, np.uint8)
    vocabulary = []
    for length in numbers.randint(2, 11, numbers.randint(40, 400)):
        picked = (len(letters) * numbers.random_sample(length) ** 2).astype(np.int64)
        vocabulary.append(letters[picked].tobytes())
    picked = (len(vocabulary) * numbers.random_sample(PAGE_SIZE // 3) ** 2).astype(np.int64)
    return b" ".join(vocabulary[word] for word in picked)[:PAGE_SIZE]


def _pointer_page(numbers: np.random.RandomState) -> bytes:
    base = 0x7F0000000000 + (int(numbers.randint(1 << 20)) << 20)
    spread = 1 << int(numbers.randint(4, 20))
    words = base + 16 * numbers.randint(0, spread, PAGE_SIZE // 8).astype(np.int64)
    small = numbers.random_sample(len(words)) < numbers.random_sample()
    words[small] = numbers.randint(0, 16, len(words))[small]
    return words.astype("<u8").tobytes()
