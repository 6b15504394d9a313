# SPDX-License-Identifier: GPL-2.0-only
"""An input is the same bytes however it is packed, and ends in one line when it is damaged."""

import bz2
import gzip
import io
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard

from zswapsim import Trace
from zswapsim.errors import InvalidArgument, NoEntry, TraceError
from zswapsim.trace.input import Input, InputOptions

DATA = np.random.RandomState(5).randint(0, 8, 300_000).astype(np.uint8).tobytes()
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "bzip2": bz2.compress,
}
packings = pytest.mark.parametrize("packing", PACKINGS)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@packings
@pytest.mark.parametrize("chunk_bytes", [1, 4095, 4096, 100_000, 1 << 20])
def test_chunks_add_up_to_the_bytes(packing: str, chunk_bytes: int, tmp_path: Path) -> None:
    data = DATA if chunk_bytes > 1 else DATA[:9000]
    source = Input(write(tmp_path / "x", PACKINGS[packing](data)))
    assert source.packing == packing
    assert source.head == data[:4096]
    chunks = list(source.chunks(chunk_bytes))
    assert b"".join(chunks) == data
    assert all(len(chunk) >= chunk_bytes for chunk in chunks[:-1])


@packings
def test_packed_streams_end_to_end_are_one(packing: str, tmp_path: Path) -> None:
    pack = PACKINGS[packing]
    source = Input(write(tmp_path / "x", pack(DATA[:7000]) + pack(DATA[7000:])))
    assert b"".join(source.chunks()) == DATA


@packings
def test_empty_and_tiny_inputs(packing: str, tmp_path: Path) -> None:
    for data in (b"", b"a", b"1234567"):
        source = Input(write(tmp_path / "x", PACKINGS[packing](data)))
        assert source.head == data
        assert b"".join(source.chunks()) == data


@pytest.mark.parametrize("packing", [name for name in PACKINGS if name])
def test_truncated_input_is_named(packing: str, tmp_path: Path) -> None:
    packed = PACKINGS[packing](DATA)
    path = write(tmp_path / "x", packed[: len(packed) // 2])
    with pytest.raises(TraceError, match=rf"x: damaged {packing} data, near unpacked byte [\d,]+"):
        list(Input(path).chunks())


@pytest.mark.parametrize("packing", [name for name in PACKINGS if name])
def test_flipped_bits_are_an_error_or_other_bytes(packing: str, tmp_path: Path) -> None:
    packed = PACKINGS[packing](DATA)
    for at in range(8, len(packed), len(packed) // 20):
        wrong = packed[:at] + bytes([packed[at] ^ 0x55]) + packed[at + 1 :]
        try:
            list(Input(write(tmp_path / "x", wrong)).chunks())
        except TraceError as error:
            assert "damaged" in str(error)


# gzip and xz never unpack to so many times their size.
@pytest.mark.parametrize("packing", ["zstd", "bzip2"])
def test_bomb_is_refused_in_bounded_memory(packing: str, tmp_path: Path) -> None:
    bomb = PACKINGS[packing](bytes(1 << 26)) * 8  # 512 MiB of zeros
    path = write(tmp_path / "bomb", bomb)
    tracemalloc.start()
    try:
        with pytest.raises(TraceError, match=r"bytes unpack to [\d,]+; allowed is up to 10,000"):
            for _ in Input(path).chunks():
                pass
        assert tracemalloc.get_traced_memory()[1] < 128 << 20
    finally:
        tracemalloc.stop()


def test_standard_input_is_read_once_from_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress(DATA))

    monkeypatch.setattr("sys.stdin", Stdin)
    source = Input("-")
    assert source.where == "standard input"
    copy = source.local_path()
    assert copy.read_bytes() == DATA
    del source
    assert not copy.exists()


def test_packed_and_piped_trace_files_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace.from_arrays([0, 1, 0], [True, False, False])
    trace.save(tmp_path / "a.ztrace")
    data = (tmp_path / "a.ztrace").read_bytes()
    write(tmp_path / "a.ztrace.xz", lzma.compress(data))
    opened = Trace.open(tmp_path / "a.ztrace.xz")
    assert [block.tolist() for block in opened.blocks()] == [b.tolist() for b in trace.blocks()]


@pytest.mark.parametrize("padding_bytes", [0, 4, (1 << 16) + 4])
def test_padding_between_xz_streams_is_passed_over(tmp_path: Path, padding_bytes: int) -> None:
    padding = bytes(padding_bytes)
    data = lzma.compress(b"one ") + padding + lzma.compress(b"two") + padding
    assert b"".join(Input(write(tmp_path / "x", data)).chunks()) == b"one two"


@packings
@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 4097, 100_000])
def test_reading_ahead_tells_the_length_and_takes_nothing_away(
    packing: str, length: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "x", PACKINGS[packing](DATA[:length]))
    for ahead in (0, 1, 4096, 5000, 200_000):
        source = Input(path)
        assert source.at_least(ahead) == (length >= ahead)
        assert source.at_least(50_000) == (length >= 50_000)
        assert source.head == DATA[: min(length, 4096)]
        assert b"".join(source.chunks(1000)) == DATA[:length]


def test_a_zstandard_that_cannot_tell_the_end_is_named_and_the_data_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old:
        def __init__(self, **_: int) -> None:
            pass

        def decompressobj(self) -> object:
            return object()

    path = write(tmp_path / "x", PACKINGS["zstd"](DATA))
    monkeypatch.setattr(zstandard, "ZstdDecompressor", Old)
    with pytest.raises(TraceError, match=r"zstandard 0\.18 or later is needed; \S+ is installed"):
        Input(path)


def test_progress_is_told_in_packed_bytes(tmp_path: Path) -> None:
    packed = gzip.compress(DATA)
    told: list[tuple[int, int]] = []
    source = Input(
        write(tmp_path / "x", packed), progress=lambda done, total: told.append((done, total))
    )
    list(source.chunks(10_000))
    assert told == sorted(told)
    assert told[-1] == (len(packed), len(packed))


def test_format_asked_for_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(NoEntry, match="no trace format 'abc'; there are ztrace,"):
        Trace.open(write(tmp_path / "x", b"abc"), InputOptions(format="abc"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"skip_bad": -1}, "skip_bad is -1; allowed are 0 and more"),
        ({"seed": -1}, "seed is -1; allowed are 0..4294967295"),
        ({"write_percent": 101}, r"write_percent is 101; allowed are 0\.\.100"),
    ],
)
def test_wrong_options_are_named(options: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        InputOptions(**options)  # type: ignore[arg-type]
