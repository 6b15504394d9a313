# SPDX-License-Identifier: GPL-2.0-only
"""The sentences of zram."""

from collections.abc import Callable
from typing import Any

from zswapsim.machine.zram import device as d

Values = dict[str, Any]


def _write(values: Values, about: Any) -> str:
    start = f"zram is given the page of slot {values['slot']}"
    if values["same_filled"]:
        return f"{start}, whose 512 words are all the same."
    if values["length"] < 0:
        return f"{start}, which the compressor fails on."
    return f"{start}, which compresses from 4,096 to {values['length']:,} bytes."


def _limit(values: Values, about: Any) -> str:
    return (
        f"With the new object the pool has {values['used_pages']:,} pages of "
        f"{values['limit_pages']:,} allowed: the object is freed again. The old page of a slot "
        "goes only after the new one is in, so that both have to fit."
    )


_KEPT = {
    d.SAME: "as its one word, without an object",
    d.COMPRESSED: "compressed",
    d.HUGE: "as it is: an object that large takes a whole page anyway, so it need not be "
    "decompressed",
}


def _write_end(values: Values, about: Any) -> str:
    slot, outcome = values["slot"], values["outcome"]
    if outcome == 0:
        return f"zram keeps the page of slot {slot} {_KEPT[values['kind']]}."
    why = "the pool is at its limit" if about.before("zram_limit") else f"errno {-outcome}"
    return f"zram refuses the page of slot {slot}: {why}. The slot holds what it held."


_READ = {
    d.EMPTY: "holds nothing, and reads as zeros",
    d.SAME: "is filled with its one word",
    d.COMPRESSED: "is decompressed; it stays in zram, whatever the reader does with it",
    d.HUGE: "is copied, as it is stored uncompressed",
    d.WRITTEN_BACK: "is read from the backing device",
}


def _read(values: Values, about: Any) -> str:
    return f"Slot {values['slot']} {_READ[values['kind']]}."


def _free(values: Values, about: Any) -> str:
    has_object = values["kind"] in (d.COMPRESSED, d.HUGE)
    what = "the object that it had" if has_object else "what it held"
    return f"Slot {values['slot']} gives {what} up."


def _writeback(values: Values, about: Any) -> str:
    return (
        f"The page of slot {values['slot']} goes to block {values['block']} of the backing device, "
        "the lowest that is free."
    )


SENTENCES: dict[str, Callable[[Values, Any], str]] = {
    "zram_write": _write,
    "zram_limit": _limit,
    "zram_write_end": _write_end,
    "zram_read": _read,
    "zram_free": _free,
    "zram_writeback": _writeback,
}
