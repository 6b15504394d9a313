# SPDX-License-Identifier: GPL-2.0-only
"""Page store: every page compressed once, in one process or many, whatever happens to them."""

import mmap
import os
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from zswapsim.content.compressors import Buffer, Compressor, Option, batches, compressor
from zswapsim.content.page_store import PageStore
from zswapsim.content.same_filled import same_filled_words
from zswapsim.errors import InvalidArgument

ZEROS = bytes(4096)
RANDOM = random.Random(1).randbytes(4096)
PATTERN = b"abcdefgh" * 512
TEXT = b"".join(b"%d squared is %d\n" % (i, i * i) for i in range(400))[:4096]


def _contents(count: int) -> bytes:
    generator = random.Random(2)
    pages = []
    for number in range(count):
        noise = generator.randbytes(number * 37 % 4097)
        pages.append(noise.ljust(4096, bytes([number % 251])))
    return b"".join(pages)


COUNT = 700
CONTENTS = _contents(COUNT)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Process ids of all children that were started."""
    started: list[int] = []
    fork = os.fork

    def noted() -> int:
        child = fork()
        if child:
            started.append(child)
        return child

    monkeypatch.setattr(os, "fork", noted)
    return started


def _all_collected(children: list[int]) -> bool:
    for child in children:
        try:
            os.waitpid(child, os.WNOHANG)
        except ChildProcessError:
            continue
        return False
    return True


class Moody:
    """A compressor that copies, and does something else in a child or at a certain page."""

    name: ClassVar[str] = "moody"
    summary: ClassVar[str] = "for tests"
    options: ClassVar[Mapping[str, Option]] = {}

    def __init__(self, **settings: int) -> None:
        self.settings = settings
        self.version = "1"
        self.key = "moody-1"
        self.mood = ""
        self.parent = os.getpid()
        self.in_child = mmap.mmap(-1, 1)

    def compress(self, page: Buffer) -> bytes:
        if os.getpid() != self.parent:
            self.in_child[0] = 1
            if self.mood == "die":
                os._exit(3)
            if self.mood == "hang":
                time.sleep(600)
        if self.mood in ("die", "hang", "slow"):
            time.sleep(0.0005)  # so that the children get something to do
        if self.mood == "raise" and page == CONTENTS[500 * 4096 : 501 * 4096]:
            raise RuntimeError("page 500")
        return bytes(page).rstrip(page[-1:]) + b"x"

    def decompress(self, data: Buffer) -> bytes:
        raise NotImplementedError


def test_known_lengths_and_the_kernels_capacity() -> None:
    store = PageStore(ZEROS + RANDOM + PATTERN, 3)
    assert store.lengths(compressor("lz4")).tolist() == [26, -22, 33]
    assert store.lengths(compressor("zstd")).tolist() == [19, -22, 25]
    assert store.lengths(compressor("lz4")).dtype == np.int32


def test_lengths_of_4096_fit_and_4097_do_not() -> None:
    pages = [bytes([1]) * (n - 1) + bytes(4096 - n + 1) for n in (4095, 4096)]
    full = bytes([1]) * 4095 + b"\2"
    store = PageStore(b"".join(pages) + full, 3)
    moody = Moody()
    expected = [len(moody.compress(page)) for page in (*pages, full)]
    assert expected == [4095, 4096, 4096]
    assert store.lengths(moody).tolist() == expected


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("kernel", ["3.11", "6.1"])
def test_lengths_above_a_page_are_passed_on_or_errors_and_their_bytes_made_again(
    kernel: str, processes: int
) -> None:
    noise = random.Random(9)
    pages = [noise.randbytes(4096) if number % 3 else TEXT for number in range(400)]
    made = compressor("lz4", kernel)
    store = PageStore(b"".join(pages), len(pages), processes=processes)
    lengths = store.lengths(made).tolist()
    assert set(lengths[1::3]) == {4114 if kernel == "3.11" else -22}
    assert 0 < lengths[0] < 4096
    for content, page in enumerate(pages):
        data = store.compressed(content, made)
        assert made.decompress(data) == page
        assert len(data) == lengths[content] or lengths[content] == -22


def test_what_becomes_of_long_results_keeps_lengths_apart_and_bytes_together() -> None:
    store = PageStore(ZEROS + RANDOM, 2)
    old, new = compressor("lz4", "3.11"), compressor("lz4", "6.1")
    assert store.lengths(old).tolist() == [26, 4114]
    assert store.lengths(new).tolist() == [26, -22]
    assert store.lengths(old).tolist() == [26, 4114]
    assert store.compressed(0, new) is store.compressed(0, old)


def test_pages_and_compressed_bytes() -> None:
    lz4 = compressor("lz4")
    store = PageStore(ZEROS + RANDOM + PATTERN, 3)
    assert store.page(2) == PATTERN
    first = store.compressed(2, lz4)
    store.lengths(lz4)
    for content, page in enumerate((ZEROS, RANDOM, PATTERN)):
        assert lz4.decompress(store.compressed(content, lz4)) == page
    assert store.compressed(2, lz4) == first
    assert len(store.compressed(1, lz4)) == 4114, "what did not fit is still what it is"
    assert store.page(3) == ZEROS, "the number behind the last is the fresh page"
    for content in (-1, 4):
        with pytest.raises(InvalidArgument, match="there are 3"):
            store.page(content)
        with pytest.raises(InvalidArgument, match="there are 3"):
            store.compressed(content, lz4)


def test_each_page_is_compressed_once_per_compressor() -> None:
    store = PageStore(CONTENTS, COUNT)
    lz4, zstd = compressor("lz4"), compressor("zstd")
    once = store.lengths(lz4)
    fitting = [content for content in range(COUNT) if once[content] > 0]
    assert 0 < len(fitting) < COUNT
    for content in fitting:
        assert len(store.compressed(content, lz4)) == once[content]
    assert store.lengths(lz4) is once
    assert store.compressions == COUNT
    assert store.compress_ns > 0
    store.lengths(zstd)
    assert store.compressions == 2 * COUNT
    assert store.lengths(compressor("lz4:2")).tolist() != once.tolist()
    assert store.compressions == 3 * COUNT


def test_single_pages_are_kept_too() -> None:
    store, lz4 = PageStore(CONTENTS, COUNT), compressor("lz4")
    assert store.compressed(3, lz4) == store.compressed(3, lz4) == lz4.compress(store.page(3))
    assert store.compressions == 1


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("name", ["lz4", "zstd"])
def test_many_processes_give_what_one_gives(name: str, processes: int, children: list[int]) -> None:
    made = compressor(name)
    expected = [len(made.compress(CONTENTS[i * 4096 :][:4096])) for i in range(COUNT)]
    store = PageStore(CONTENTS, COUNT, processes=processes)
    lengths = store.lengths(made)
    assert lengths.tolist() == [n if n <= 4096 else -22 for n in expected]
    assert len(children) == processes - 1
    assert _all_collected(children)
    for content in range(COUNT):
        if lengths[content] > 0:
            assert made.decompress(store.compressed(content, made)) == store.page(content)
    assert store.compressions == COUNT


def test_contents_in_a_mapped_file(tmp_path: Path) -> None:
    path = tmp_path / "pages"
    path.write_bytes(CONTENTS)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        store = PageStore(mapped, COUNT, processes=2)
        lengths = store.lengths(compressor("zstd"))
        assert store.page(7) == CONTENTS[7 * 4096 : 8 * 4096]
        flags, _ = same_filled_words(mapped)
    assert lengths.tolist() == PageStore(CONTENTS, COUNT).lengths(compressor("zstd")).tolist()
    assert flags.sum() == 1


def test_no_pages() -> None:
    for processes in (None, 2):
        store = PageStore(b"", 0, processes=processes)
        assert store.lengths(compressor("lz4")).shape == (0,)


@pytest.mark.parametrize("mood", ["die", "hang"])
def test_a_child_that_dies_or_hangs_costs_time_only(
    mood: str, children: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "PATIENCE_S", 0.2)
    moody = Moody()
    expected = PageStore(CONTENTS, COUNT, processes=1).lengths(moody).tolist()
    moody.mood = mood
    store = PageStore(CONTENTS, COUNT, processes=3)
    assert store.lengths(moody).tolist() == expected
    assert moody.in_child[0]
    assert len(children) == 2
    assert _all_collected(children)
    assert len(store.compressed(5, moody)) == expected[5]


def test_the_error_of_a_compressor_is_met_and_no_child_is_left(children: list[int]) -> None:
    moody = Moody()
    moody.mood = "raise"
    for processes in (1, 2):
        with pytest.raises(RuntimeError, match="page 500"):
            PageStore(CONTENTS, COUNT, processes=processes).lengths(moody)
    assert len(children) == 1
    assert _all_collected(children)


def test_control_c_leaves_no_child(children: list[int]) -> None:
    def pressed(done: int, total: int) -> None:
        raise KeyboardInterrupt

    moody = Moody()
    moody.mood = "slow"
    with pytest.raises(KeyboardInterrupt):
        PageStore(CONTENTS, COUNT, processes=3).lengths(moody, pressed)
    assert len(children) == 2
    assert _all_collected(children)


def test_processes_that_cannot_be_started_are_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    expected = PageStore(CONTENTS, COUNT, processes=1).lengths(compressor("lz4")).tolist()
    monkeypatch.setattr(os, "fork", refused)
    store = PageStore(CONTENTS, COUNT, processes=4)
    assert store.lengths(compressor("lz4")).tolist() == expected


def test_few_pages_start_no_process(children: list[int]) -> None:
    PageStore(CONTENTS, COUNT).lengths(compressor("lz4"))
    assert children == []


@pytest.mark.parametrize("processes", [1, 2])
def test_progress_rises_to_the_total(processes: int) -> None:
    told: list[tuple[int, int]] = []
    store = PageStore(CONTENTS, COUNT, processes=processes)
    store.lengths(compressor("lz4"), lambda done, total: told.append((done, total)))
    assert len(told) > 1
    assert told == sorted(told)
    assert {total for _, total in told} == {COUNT}
    assert told[-1] == (COUNT, COUNT)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("keep_bytes", [0, 100_000])
def test_what_is_over_the_budget_is_compressed_again(processes: int, keep_bytes: int) -> None:
    lz4 = compressor("lz4")
    store = PageStore(CONTENTS, COUNT, keep_bytes=keep_bytes, processes=processes)
    lengths = store.lengths(lz4)
    for _ in range(2):
        for content in range(COUNT):
            assert lz4.decompress(store.compressed(content, lz4)) == store.page(content)
    fitting = lengths[lengths > 0]
    kept = 2 * COUNT - (store.compressions - COUNT)
    # Every page is asked for twice; the smallest ones would be the most that can be kept.
    most = int((np.cumsum(np.sort(fitting)) <= keep_bytes).sum())
    assert kept <= 2 * most
    assert (kept > 0) == (keep_bytes > 0)


class TestOnDisk:
    """With a digest, the lengths are kept between runs."""

    def test_second_run_compresses_nothing(self) -> None:
        first = PageStore(CONTENTS, COUNT, digest="abc")
        lengths = first.lengths(compressor("lz4")).tolist()
        second = PageStore(CONTENTS, COUNT, digest="abc")
        told: list[tuple[int, int]] = []
        found = second.lengths(compressor("lz4"), lambda done, total: told.append((done, total)))
        assert found.tolist() == lengths
        assert (second.compressions, second.compress_ns) == (0, 0)
        assert told == [(COUNT, COUNT)]
        lz4 = compressor("lz4")
        assert len(second.compressed(9, lz4)) == lengths[9]
        assert second.compressions == 1

    def test_each_kernel_has_its_own_lengths_where_they_differ(self, cache: Path) -> None:
        for _ in range(2):
            for kernel, length in (("3.11", 4114), ("5.4", -22), ("6.18", -22)):
                store = PageStore(RANDOM, 1, digest="noise")
                assert store.lengths(compressor("lz4", kernel)).tolist() == [length]
        assert len(list((cache / "sizes").iterdir())) == 2

    def test_damaged_file_is_rebuilt(self, cache: Path) -> None:
        expected = PageStore(CONTENTS, COUNT, digest="abc").lengths(compressor("lz4")).tolist()
        (path,) = (cache / "sizes").iterdir()
        good = path.read_bytes()
        for damaged in (good[:-9], b"", good[:-9] + b"\1" + good[-8:]):
            path.write_bytes(damaged)
            store = PageStore(CONTENTS, COUNT, digest="abc")
            assert store.lengths(compressor("lz4")).tolist() == expected
            assert store.compressions == COUNT
            assert path.read_bytes() == good

    def test_without_a_digest_nothing_is_written(self, cache: Path) -> None:
        PageStore(CONTENTS, COUNT).lengths(compressor("lz4"))
        assert not cache.exists()


def test_lengths_cannot_be_changed_by_mistake() -> None:
    with pytest.raises(ValueError, match="read-only"):
        PageStore(ZEROS, 1).lengths(compressor("lz4"))[0] = 1


def test_bad_arguments() -> None:
    for contents, count in ((ZEROS, 2), (ZEROS, 0), (ZEROS + b"x", 1), (b"", -1)):
        with pytest.raises(InvalidArgument):
            PageStore(contents, count)
    with pytest.raises(InvalidArgument, match="processes=0"):
        PageStore(ZEROS, 1, processes=0)
    with pytest.raises(InvalidArgument, match="whole pages"):
        same_filled_words(ZEROS + b"x")


def test_same_filled_pages_across_blocks() -> None:
    pages = [RANDOM] * 2500
    expected = {}
    for content, word in ((0, 0), (1023, 2**64 - 1), (1024, 0x0807060504030201), (2499, 5)):
        pages[content] = word.to_bytes(8, "little") * 512
        expected[content] = word
    # First and last word equal, one between them not.
    pages[100] = bytes(8 * 300) + b"\1" + bytes(4096 - 8 * 300 - 1)
    # A period of 16 bytes is not enough.
    pages[101] = b"abcdefghABCDEFGH" * 256
    flags, words = same_filled_words(b"".join(pages))
    assert flags.dtype == np.uint8
    assert words.dtype == np.uint64
    assert {int(c): int(words[c]) for c in np.flatnonzero(flags)} == expected
    assert int(words.sum()) == sum(expected.values()) % 2**64


def test_a_moody_compressor_is_a_compressor() -> None:
    made: Compressor = Moody()
    assert PageStore(ZEROS, 1).lengths(made).tolist() == [1]
