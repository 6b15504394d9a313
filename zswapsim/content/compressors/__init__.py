# SPDX-License-Identifier: GPL-2.0-only
"""Compressors by name, each with the settings that the kernel gives it unless told otherwise.

A spec is a name, optionally followed by settings: "lz4", "zstd:5", "zstd:level=5",
"lz4:acceleration=4". The libraries are loaded when a compressor is first asked for.
"""

from typing import Any

from zswapsim.content.compressors.protocol import Buffer, Compressor, Option, settled
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.profiles import profile
from zswapsim.registry import Registry, lacking

__all__ = [
    "COMPRESSORS",
    "Buffer",
    "Compressor",
    "Option",
    "compressor",
    "most_exact",
    "remedy",
]


def _fault(name: str, part: Any) -> str:
    if not isinstance(part, type):
        return f"it is a {type(part).__name__}, not a class"
    absent = lacking(part, ("name", "summary", "options", "compress", "decompress"))
    return absent or ("" if part.name == name else f"its name is {part.name!r}")  # type: ignore[attr-defined]


COMPRESSORS: Registry[type[Compressor]] = Registry(
    "compressor",
    "zswapsim.compressors",
    {
        "lz4": "zswapsim.content.compressors.lz4:Lz4",
        "lz4hc": "zswapsim.content.compressors.lz4hc:Lz4Hc",
        "zstd": "zswapsim.content.compressors.zstd:Zstd",
        "deflate": "zswapsim.content.compressors.deflate:Deflate",
        "lz4-kernel": "zswapsim.content.compressors.lz4_kernel:Lz4Kernel",
        "lzo-rle": "zswapsim.content.compressors.lzo_rle:LzoRle",
        "lzo": "zswapsim.content.compressors.lzo:Lzo",
    },
    _fault,
)

_EXACT = {"lz4": "lz4-kernel"}
"""The kernel's name of a compressor -> ours whose lengths are those, where the name is another."""


def compressor(spec: str, kernel: str | None = None, **settings: int) -> Compressor:
    """Return a new compressor for a name or spec; settings add to those of the spec.

    kernel: whose parameters it takes, and whose answer to a page that does not fit; None for those
    of 6.1. NoEntry: no such name or kernel, or a library of it is not installed. InvalidArgument:
    unknown setting, value out of range, or set twice.
    """
    row = None if kernel is None else profile(kernel)
    name, colon, text = spec.partition(":")
    part = _part(name.strip())
    options = part.options
    if colon:
        for key, value in _parsed(spec, text, next(iter(options), "")).items():
            if key in settings:
                raise InvalidArgument(f"{spec!r}: {key} is set twice, also to {settings[key]!r}")
            settings[key] = value
    settled(name, options, settings)
    made = part(**settings)
    set_kernel = getattr(made, "set_kernel", None)
    if row is not None and set_kernel is not None:
        set_kernel(row)
    return made


def most_exact(name: str) -> str:
    """Return the name of our compressor whose lengths are nearest to the kernel's of that name."""
    return _EXACT.get(name, name)


def _part(name: str) -> type[Compressor]:
    try:
        return COMPRESSORS.get(name)
    except ImportError as error:
        raise NoEntry(f"compressor {name!r} is unavailable: {remedy(error)}") from error


def remedy(error: ImportError) -> str:
    """Say what to install for a compressor; one that knows better says so in the error itself."""
    module = (error.name or "").partition(".")[0]
    if type(error) is ModuleNotFoundError and module and module != "zswapsim":
        return f"pip install {module}"
    return str(error)


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
