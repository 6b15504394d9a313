# SPDX-License-Identifier: GPL-2.0-only
"""Made-up page contents of five kinds, in any mixture."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.trace.synthetic.random import random_state
from zswapsim.units import PAGE_SIZE

Pages = npt.NDArray[np.uint8]

MAX_CONTENTS = 4096
"""Contents made for a trace at most; with more pages than that, several pages share one."""

_LETTERS = b"etaoinshrdlucmfwypvbgkjqxz"


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
    percents = (zero, same_filled, text, pointers, random)
    return mix_contents(count, dict(zip(MAKERS, percents, strict=True)), seed)


def parse_mix(text: str) -> dict[str, float]:
    """Return the percents of a mixture such as "zero=5,same=5,text=40,pointers=40,random=10".

    A kind that is not named has no share; the percents add up to 100. InvalidArgument says what is
    wrong.
    """
    mix = dict.fromkeys(MAKERS, 0.0)
    named: set[str] = set()
    for part in text.split(","):
        kind, _, percent = (word.strip() for word in part.partition("="))
        if kind not in mix or kind in named:
            wrong = "named twice" if kind in named else "unknown"
            raise InvalidArgument(
                f"contents {text!r}: {kind!r} is {wrong}; allowed are {', '.join(MAKERS)}, "
                f"each with its percents, such as {DEFAULT_MIX}"
            )
        named.add(kind)
        try:
            mix[kind] = float(percent)
        except ValueError:
            raise InvalidArgument(
                f"contents {text!r}: {percent!r} is no number of percents"
            ) from None
    _check_mix(mix)
    return mix


def mix_contents(count: int, mix: Mapping[str, float], seed: int = 0) -> Pages:
    """Return pages of a mixture: uint8 (count, PAGE_SIZE), read-only. See mix_pages."""
    pages = b"".join(mix_pages(count, mix, seed))
    return np.frombuffer(pages, np.uint8).reshape(count, PAGE_SIZE)


def mix_pages(count: int, mix: Mapping[str, float], seed: int = 0) -> Iterator[bytes]:
    """Yield the pages of a mixture one by one. mix: percents by kind, as parse_mix returns them.

    The number of each kind is what the percents say, rounded; the order is random.
    InvalidArgument, at once, names what is wrong.
    """
    if count < 0:
        raise InvalidArgument(f"count is {count}; allowed are 0 and more")
    _check_mix(mix)
    numbers = random_state(seed)
    share = np.cumsum([mix.get(kind, 0) for kind in MAKERS])
    ends = [round(count * percent / 100) for percent in share.tolist()]
    kind_of = numbers.permutation(np.searchsorted(ends, np.arange(count), side="right"))
    makers = tuple(MAKERS.values())
    return (makers[kind](numbers) for kind in kind_of)


def _check_mix(mix: Mapping[str, float]) -> None:
    percents = [mix.get(kind, 0) for kind in MAKERS]
    if not all(percent >= 0 for percent in percents) or not abs(sum(percents) - 100) <= 1e-6:
        shares = ", ".join(f"{kind} {mix.get(kind, 0):g}" for kind in MAKERS)
        raise InvalidArgument(
            f"percents of contents are {shares}; allowed are 0 and more, and a sum of 100"
        )


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


MAKERS: dict[str, Callable[[np.random.RandomState], bytes]] = {
    "zero": lambda _: bytes(PAGE_SIZE),
    "same": _same_filled_page,
    "text": _text_page,
    "pointers": _pointer_page,
    "random": lambda numbers: numbers.bytes(PAGE_SIZE),
}
"""How a page of each kind is made, by the kind's name in a mixture."""

DEFAULT_MIX = "zero=5,same=5,text=40,pointers=40,random=10"
