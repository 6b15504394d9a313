# SPDX-License-Identifier: GPL-2.0-only
"""Compressors: known lengths, settings, specs, damaged data."""

import random
import subprocess
import sys
import zlib

import lz4.block
import pytest
import zstandard

from zswapsim.content.compressors import COMPRESSORS, compressor, most_exact, zstd
from zswapsim.content.compressors.fidelity import NOT_COMPARED, Fidelity, fidelity_of
from zswapsim.errors import DataMismatch, InvalidArgument, NoEntry

ZEROS = bytes(4096)
RANDOM = random.Random(1).randbytes(4096)
PATTERN = b"abcdefgh" * 512
TEXT = b"".join(b"%d squared is %d\n" % (i, i * i) for i in range(400))[:4096]
NAMES = ["lz4", "lz4hc", "zstd", "deflate", "lz4-kernel", "lzo-rle", "lzo"]


def test_built_in_names_come_first() -> None:
    assert COMPRESSORS.names()[: len(NAMES)] == NAMES


@pytest.mark.parametrize(
    ("name", "zeros", "noise", "pattern"),
    [
        ("lz4", 26, 4114, 33),
        ("lz4-kernel", 26, 4114, 33),
        ("lzo-rle", 41, 4118, 55),
        ("lzo", 44, 4116, 53),
        ("zstd", 19, 4106, 25),
        ("deflate", 20, 4140, 31),
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


def test_zstd_of_6_18_is_a_plain_call_of_level_3_for_a_page() -> None:
    """Specification 7.3."""
    plain = zstandard.ZstdCompressor(level=3)
    made = compressor("zstd", kernel="6.18")
    for page in (ZEROS, RANDOM, PATTERN, TEXT):
        assert made.compress(page) == plain.compress(page)


@pytest.mark.parametrize("kernel", ["3.11", "5.4", "5.10"])
@pytest.mark.parametrize("page", [ZEROS, RANDOM, PATTERN, TEXT])
def test_zstd_frame_of_old_kernels_does_not_tell_its_size_and_comes_back_all_the_same(
    kernel: str, page: bytes
) -> None:
    """Specification 7.3: magic 4, descriptor 1, window 1, then the first block."""
    made = compressor("zstd", kernel=kernel)
    data = made.compress(page)
    header = zstandard.get_frame_parameters(data)
    assert header.content_size == zstandard.CONTENTSIZE_UNKNOWN
    assert zstandard.frame_header_size(data) == 6
    assert (header.has_checksum, header.dict_id) == (False, 0)
    assert made.decompress(data) == page


def test_zstd_parameters_are_the_same_within_a_group_of_kernels_and_change_between_them() -> None:
    generator = random.Random(3)
    words = [generator.randbytes(generator.randint(3, 6)) for _ in range(300)]
    page = b"".join(generator.choice(words) for _ in range(2000))[:4096]
    groups = (("3.11", "5.4", "5.10"), ("6.1", "6.6", "6.8", "6.12"), ("6.18",))
    data = [{compressor("zstd", kernel=one).compress(page) for one in group} for group in groups]
    assert [len(group) for group in data] == [1, 1, 1]
    assert len(set.union(*data)) == 3
    assert compressor("zstd").compress(page) in data[1]


def test_other_levels_of_zstd_do_not_depend_on_the_kernel() -> None:
    made = [compressor("zstd:5", kernel=kernel) for kernel in ("3.11", "6.1", "6.18")]
    assert len({one.compress(TEXT) for one in made}) == 1
    assert {one.key for one in made} == {compressor("zstd:5").key}


def test_a_frame_that_asks_for_a_large_window_is_a_mismatch_not_memory() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = stream.compress(TEXT) + stream.flush()
    with pytest.raises(DataMismatch, match="zstd: the data do not decompress"):
        compressor("zstd").decompress(data)


def test_deflate_is_raw_with_a_window_of_2048_bytes() -> None:
    data = compressor("deflate").compress(TEXT)
    assert zlib.decompressobj(-11).decompress(data) == TEXT
    other = zlib.compressobj(6, zlib.DEFLATED, -15, 8)
    repeated = random.Random(2).randbytes(2048) * 2
    wide = other.compress(repeated) + other.flush()
    assert len(compressor("deflate").compress(repeated)) > 4096 > len(wide)


def test_lz4_block_has_no_size_prefix() -> None:
    data = compressor("lz4").compress(TEXT)
    assert lz4.block.decompress(data, uncompressed_size=4096) == TEXT


def test_settings_change_what_comes_out() -> None:
    assert len(compressor("lz4:acceleration=64").compress(TEXT)) > len(
        compressor("lz4").compress(TEXT)
    )
    assert len(compressor("zstd:19").compress(TEXT)) < len(compressor("zstd:1").compress(TEXT))
    assert len(compressor("lz4hc").compress(TEXT)) < len(compressor("lz4").compress(TEXT))
    assert len(compressor("deflate:9").compress(TEXT)) < len(compressor("deflate:1").compress(TEXT))


@pytest.mark.parametrize(
    ("spec", "settings"),
    [
        ("lz4", {"acceleration": 1}),
        ("lz4:4", {"acceleration": 4}),
        ("lz4:acceleration=4", {"acceleration": 4}),
        ("lz4hc", {"level": 9}),
        ("zstd", {"level": 3}),
        ("zstd:5", {"level": 5}),
        ("deflate", {"level": 6}),
        ("deflate:1", {"level": 1}),
        ("lz4-kernel", {}),
        ("lzo-rle", {}),
        ("lzo", {}),
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
        ("deflate:0", ["level=0", "1..9"]),
        ("deflate:10", ["level=10", "1..9"]),
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
    elif name == "deflate":
        other = [zlib.compress(bytes(n), wbits=-11) for n in (0, 4095, 4097, 1 << 24)]
    else:
        other = [lz4.block.compress(bytes(n), store_size=False) for n in (0, 4095, 4097)]
    if name != "zstd" or zstd.CHECKS_END:
        other.append(data + b"\0")
    for wrong in (b"", b"\xff" * 40, data[:-1], data[: len(data) // 2], *other):
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


# A library that is not installed, and what is known of lengths


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module named 'lz4'", name="lz4.block"), "pip install lz4"),
        (ImportError("pip install 'acme[fast]'"), "pip install 'acme[fast]'"),
        (ImportError("cannot import name 'x' from 'lz4'", name="lz4"), "cannot import name 'x'"),
        (ModuleNotFoundError("No module named 'zswapsim.x'", name="zswapsim.x"), "No module named"),
    ],
)
def test_a_compressor_without_its_library_is_no_entry_that_says_what_to_install(
    error: ImportError, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(name: str) -> None:
        raise error

    monkeypatch.setattr(COMPRESSORS, "get", get)
    with pytest.raises(NoEntry, match=r"^compressor 'lz4' is unavailable: ") as raised:
        compressor("lz4:5")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_most_exact_compressor_is_one_of_ours_or_of_the_same_name() -> None:
    assert most_exact("lz4") == "lz4-kernel"
    assert [most_exact(name) for name in ("zstd", "lz4hc", "842")] == ["zstd", "lz4hc", "842"]
    assert fidelity_of(compressor(most_exact("lz4"))).is_equal


@pytest.mark.parametrize(
    ("fidelity", "said"),
    [
        (Fidelity(), "not compared"),
        (Fidelity(note="old"), "not compared; old"),
        (Fidelity(4460, 100.0), "equal: 4,460 pages"),
        (Fidelity(1000, 51.4, -0.066), "near: 51 % of 1,000 pages equal, mean -0.07 %"),
        (Fidelity(7, 99.9, 1.5, "x"), "near: 100 % of 7 pages equal, mean +1.50 %; x"),
    ],
)
def test_a_fidelity_reads_as_words(fidelity: Fidelity, said: str) -> None:
    assert str(fidelity) == said


def test_a_compressor_that_says_nothing_of_its_lengths_is_not_compared() -> None:
    class Plain:
        pass

    assert fidelity_of(Plain()) == NOT_COMPARED  # type: ignore[arg-type]
    assert not NOT_COMPARED.is_equal


@pytest.mark.parametrize("spec", ["zstd:5", "lz4:2"])
def test_nothing_is_known_of_lengths_with_settings_that_the_kernel_has_not(spec: str) -> None:
    for kernel in (None, "6.1", "6.12"):
        assert fidelity_of(compressor(spec, kernel)) == NOT_COMPARED


@pytest.mark.parametrize(
    ("kernel", "library"), [("6.1", "1.5.0"), ("6.1", "1.4.8"), ("6.12", "1.5.2")]
)
def test_zstd_is_equal_with_the_library_of_the_kernel_and_near_with_another(
    kernel: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zstd, "LIBRARY", library)
    assert fidelity_of(compressor("zstd", kernel=kernel)).is_equal
    monkeypatch.setattr(zstd, "LIBRARY", "1.9.9")
    near = fidelity_of(compressor("zstd", kernel=kernel))
    assert not near.is_equal
    assert "all equal with zstandard 0." in near.note
    assert fidelity_of(compressor("zstd", kernel="5.4")) == NOT_COMPARED


def test_import_loads_neither_numpy_nor_the_libraries() -> None:
    script = (
        "import sys, zswapsim.content.compressors\n"
        "print(*sorted({'numpy', 'lz4', 'zstandard'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
