# SPDX-License-Identifier: GPL-2.0-only
"""Several compressors in one line: "lz4,zstd:1-9,lzo-rle", "zstd:1,3,9", "lz4:acceleration=1-4"."""

import re

from zswapsim.content.compressors import compressor
from zswapsim.errors import InvalidArgument

MOST = 64
"""More is a slip of the hand, as lz4's acceleration goes up to 65537."""

_RANGE = re.compile(r"((?:[\w-]+=)?)(\d+)-(\d+)")


def parse_spec_list(text: str) -> list[str]:
    """Return the specs that a list of compressors means, in its order.

    A number, or SETTING=NUMBER, without a name is one more setting of the compressor before it.
    InvalidArgument or NoEntry says what is wrong, or which compressors there are.
    """
    specs: list[str] = []
    name = ""
    for part in text.split(","):
        word = part.strip()
        is_setting = bool(name) and ":" not in word and (word[:1].isdigit() or "=" in word)
        head, colon, setting = (name, ":", word) if is_setting else word.partition(":")
        name = head.strip()
        specs += [f"{name}{colon}{one}" for one in _expanded(text, setting.strip())]
        if len(specs) > MOST:
            raise InvalidArgument(f"{text!r} are more than {MOST} compressors")
    for spec in specs:
        compressor(spec)
    return list(dict.fromkeys(specs))


def _expanded(text: str, setting: str) -> list[str]:
    """Return the settings that one stands for, a range for all its numbers."""
    found = _RANGE.fullmatch(setting)
    if found is None:
        return [setting]
    key, first, last = found[1], int(found[2]), int(found[3])
    if first > last or last - first >= MOST:
        raise InvalidArgument(
            f"{text!r}: {setting!r} is no range; allowed are up to {MOST} numbers, the lowest first"
        )
    return [f"{key}{number}" for number in range(first, last + 1)]
