# SPDX-License-Identifier: GPL-2.0-only
"""Lists of compressors with ranges of settings."""

import pytest

from zswapsim.content.compressors.spec_list import parse_spec_list
from zswapsim.errors import InvalidArgument, NoEntry


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("lz4", ["lz4"]),
        ("lz4, zstd:2-4 ,lzo-rle", ["lz4", "zstd:2", "zstd:3", "zstd:4", "lzo-rle"]),
        ("zstd:1,3,9", ["zstd:1", "zstd:3", "zstd:9"]),
        ("zstd:1,3-4,lz4", ["zstd:1", "zstd:3", "zstd:4", "lz4"]),
        ("zstd:level=1-2,level=5", ["zstd:level=1", "zstd:level=2", "zstd:level=5"]),
        ("lz4:acceleration=7", ["lz4:acceleration=7"]),
        ("zstd:2-2,zstd:2", ["zstd:2"]),
    ],
)
def test_a_list_means_its_compressors(text: str, specs: list[str]) -> None:
    assert parse_spec_list(text) == specs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lz5", "there are lz4"),
        ("lz4,", "there are lz4"),
        ("", "there are lz4"),
        ("5", "there are lz4"),
        ("zstd:0-3", "allowed is a whole number of 1"),
        ("zstd:9-1", "the lowest first"),
        ("lz4:1-65537", "up to 64 numbers"),
        ("zstd:x", "allowed are NAME:NUMBER"),
        ("lzo-rle:1-3", "lzo-rle"),
        ("zstd:1-22,lz4:1-60", "more than 64 compressors"),
    ],
)
def test_a_wrong_list_says_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises((InvalidArgument, NoEntry), match=message):
        parse_spec_list(text)
