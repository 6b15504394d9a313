# SPDX-License-Identifier: GPL-2.0-only
"""Compressors by name, each with the settings that the kernel gives it unless told otherwise.

A spec is a name, optionally followed by settings: "lz4", "zstd:5", "zstd:level=5",
"lz4:acceleration=4". The libraries are loaded when a compressor is first asked for.
"""

from zswapsim.content.compressors.protocol import Buffer, Compressor, Option, settled
from zswapsim.errors import InvalidArgument
from zswapsim.registry import Registry

__all__ = ["COMPRESSORS", "Buffer", "Compressor", "Option", "compressor"]

COMPRESSORS: Registry[type[Compressor]] = Registry(
    "compressor",
    "zswapsim.compressors",
    {
        "lz4": "zswapsim.content.compressors.lz4:Lz4",
        "lz4hc": "zswapsim.content.compressors.lz4hc:Lz4Hc",
        "zstd": "zswapsim.content.compressors.zstd:Zstd",
        "lz4-kernel": "zswapsim.content.compressors.lz4_kernel:Lz4Kernel",
        "lzo-rle": "zswapsim.content.compressors.lzo_rle:LzoRle",
    },
)


def compressor(spec: str, **settings: int) -> Compressor:
    """Return a new compressor for a name or spec; settings add to those of the spec.

    NoEntry: no such name. InvalidArgument: unknown setting, value out of range, or set twice.
    """
    name, colon, text = spec.partition(":")
    part = COMPRESSORS.get(name.strip())
    options = part.options
    if colon:
        for key, value in _parsed(spec, text, next(iter(options), "")).items():
            if key in settings:
                raise InvalidArgument(f"{spec!r}: {key} is set twice, also to {settings[key]!r}")
            settings[key] = value
    settled(name, options, settings)
    return part(**settings)


def _parsed(spec: str, text: str, first: str) -> dict[str, int]:
    settings: dict[str, int] = {}
    for word in text.split(","):
        key, equals, number = word.partition("=")
        if not equals:
            key, number = first, word
        key = key.strip()
        try:
            value = int(number)
        except ValueError:
            raise InvalidArgument(
                f"{spec!r}: {word!r} is no setting; allowed are NAME:NUMBER and NAME:SETTING=NUMBER"
            ) from None
        if key in settings:
            raise InvalidArgument(f"{spec!r}: {key} is set twice")
        settings[key] = value
    return settings
