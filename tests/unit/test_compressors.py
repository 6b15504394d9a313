# SPDX-License-Identifier: GPL-2.0-only
"""Compressors: known lengths, settings, specs, damaged data."""

import random
import subprocess
import sys

import lz4.block
import pytest
import zstandard

from zswapsim.content.compressors import COMPRESSORS, compressor
from zswapsim.errors import DataMismatch, InvalidArgument, NoEntry

ZEROS = bytes(4096)
RANDOM = random.Random(1).randbytes(4096)
PATTERN = b"abcdefgh" * 512
TEXT = b"".join(b"%d squared is %d\n" % (i, i * i) for i in range(400))[:4096]
NAMES = ["lz4", "lz4hc", "zstd", "lz4-kernel", "lzo-rle"]


def test_built_in_names_come_first() -> None:
    assert COMPRESSORS.names()[: len(NAMES)] == NAMES


@pytest.mark.parametrize(
    ("name", "zeros", "noise", "pattern"),
    [
        ("lz4", 26, 4114, 33),
        ("lz4-kernel", 26, 4114, 33),
        ("lzo-rle", 41, 4118, 55),
        ("zstd", 19, 4106, 25),
    ],
)
def test_known_lengths(name: str, zeros: int, noise: int, pattern: int) -> None:
    """Specification 7.3, handy constants."""
    made = compressor(name)
    assert len(made.compress(ZEROS)) == zeros
    assert len(made.compress(RANDOM)) == noise
    assert len(made.compress(PATTERN)) == pattern


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("page", [ZEROS, RANDOM, PATTERN, TEXT])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_round_trip_of_every_kind_of_buffer(
    name: str, page: bytes, kind: type[bytes] | type[bytearray] | type[memoryview]
) -> None:
    made = compressor(name)
    data = made.compress(kind(page))
    assert type(data) is bytes
    assert made.compress(page) == data
    back = made.decompress(kind(data))
    assert type(back) is bytes
    assert back == page


def test_zstd_default_is_the_kernels_level_3_not_that_for_small_sources() -> None:
    made = compressor("zstd")
    small = zstandard.ZstdCompressionParameters.from_level(3, source_size=4096)
    plain = zstandard.ZstdCompressor(compression_params=small)
    generator = random.Random(3)
    words = [generator.randbytes(generator.randint(3, 6)) for _ in range(300)]
    page = b"".join(generator.choice(words) for _ in range(2000))[:4096]
    # The shrunken parameters of the specification give the same bytes.
    shrunken = zstandard.ZstdCompressionParameters(
        window_log=12,
        chain_log=12,
        hash_log=13,
        search_log=1,
        min_match=5,
        target_length=0,
        strategy=zstandard.STRATEGY_DFAST,
        write_content_size=True,
    )
    assert made.compress(page) == zstandard.ZstdCompressor(compression_params=shrunken).compress(
        page
    )
    assert made.compress(page) != plain.compress(page)


def test_zstd_frame_has_content_size_and_neither_checksum_nor_dictionary() -> None:
    header = zstandard.get_frame_parameters(compressor("zstd").compress(TEXT))
    assert (header.content_size, header.has_checksum, header.dict_id) == (4096, False, 0)


def test_lz4_block_has_no_size_prefix() -> None:
    data = compressor("lz4").compress(TEXT)
    assert lz4.block.decompress(data, uncompressed_size=4096) == TEXT


def test_settings_change_what_comes_out() -> None:
    assert len(compressor("lz4:acceleration=64").compress(TEXT)) > len(
        compressor("lz4").compress(TEXT)
    )
    assert len(compressor("zstd:19").compress(TEXT)) < len(compressor("zstd:1").compress(TEXT))
    assert len(compressor("lz4hc").compress(TEXT)) < len(compressor("lz4").compress(TEXT))


@pytest.mark.parametrize(
    ("spec", "settings"),
    [
        ("lz4", {"acceleration": 1}),
        ("lz4:4", {"acceleration": 4}),
        ("lz4:acceleration=4", {"acceleration": 4}),
        ("lz4hc", {"level": 9}),
        ("zstd", {"level": 3}),
        ("zstd:5", {"level": 5}),
        ("lz4-kernel", {}),
        ("lzo-rle", {}),
        ("zstd: level = 5 ", {"level": 5}),
    ],
)
def test_specs(spec: str, settings: dict[str, int]) -> None:
    assert compressor(spec).settings == settings


def test_settings_by_keyword() -> None:
    assert compressor("zstd", level=7).settings == {"level": 7}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("lz4:0", ["acceleration=0", "1..65537"]),
        ("lz4:65538", ["acceleration=65538", "1..65537"]),
        ("lz4hc:13", ["level=13", "1..12"]),
        ("zstd:level=0", ["level=0", "1..22"]),
        ("zstd:23", ["level=23", "1..22"]),
        ("zstd:speed=5", ["speed", "5", "level", "1..22"]),
        ("zstd:level=5,level=6", ["level", "twice"]),
        ("lz4-kernel:acceleration=2", ["acceleration", "2", "none"]),
        ("zstd:", ["no setting", "NUMBER"]),
        ("zstd:high", ["high", "NUMBER"]),
        ("zstd:level=", ["level=", "NUMBER"]),
    ],
)
def test_bad_settings_name_option_value_and_range(spec: str, words: list[str]) -> None:
    with pytest.raises(InvalidArgument) as raised:
        compressor(spec)
    for word in words:
        assert word in str(raised.value)


def test_bad_settings_by_keyword_and_of_the_class() -> None:
    with pytest.raises(InvalidArgument, match="twice"):
        compressor("zstd:5", level=5)
    with pytest.raises(InvalidArgument, match="True"):
        compressor("zstd", level=True)
    with pytest.raises(InvalidArgument, match=r"1\.\.22"):
        COMPRESSORS.get("zstd")(level=99)


def test_unknown_name_lists_the_names() -> None:
    with pytest.raises(NoEntry, match="lz4, lz4hc, zstd"):
        compressor("gzip:9")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [0, 1, 4095, 4097, 8192])
def test_a_page_has_4096_bytes(name: str, size: int) -> None:
    for page in (bytes(size), memoryview(bytes(size))):
        with pytest.raises(InvalidArgument, match=str(size)):
            compressor(name).compress(page)


@pytest.mark.parametrize("name", NAMES)
def test_data_of_something_else_are_a_mismatch(name: str) -> None:
    made = compressor(name)
    data = made.compress(TEXT)
    if name == "zstd":
        other = [zstandard.compress(bytes(n)) for n in (0, 4095, 4097, 1 << 24)]
    else:
        other = [lz4.block.compress(bytes(n), store_size=False) for n in (0, 4095, 4097)]
    for wrong in (b"", b"\xff" * 40, data[:-1], data[: len(data) // 2], data + b"\0", *other):
        with pytest.raises(DataMismatch, match=name):
            made.decompress(wrong)
    assert made.decompress(data) == TEXT, "the object goes on working"


def test_keys_tell_settings_and_versions_apart() -> None:
    made = [compressor(spec) for spec in ("lz4", "lz4:2", "lz4hc", "zstd", "zstd:4", *NAMES[3:])]
    keys = [one.key for one in made]
    assert len(set(keys)) == len(keys)
    version = ".".join(map(str, zstandard.ZSTD_VERSION))
    assert keys[3] == f"zstd-level=3-zstandard{zstandard.__version__}-libzstd{version}"
    for one in made:
        assert not set(one.key) & set(" /,\n")
        assert one.version
        assert one.summary
        assert "\n" not in one.summary


def test_import_loads_neither_numpy_nor_the_libraries() -> None:
    script = (
        "import sys, zswapsim.content.compressors\n"
        "print(*sorted({'numpy', 'lz4', 'zstandard'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
