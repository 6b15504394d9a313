# SPDX-License-Identifier: GPL-2.0-only
"""Many pages through liblz4 at once: the same bytes as one after the other through python-lz4."""

import random

import numpy as np
import pytest

from zswapsim.content.compressors import compressor, lz4_batch
from zswapsim.content.page_store import PageStore

PAGES = 2500
pytestmark = pytest.mark.skipif(lz4_batch.liblz4() is None, reason="liblz4 is not to be had here")


def pages_of_many_kinds() -> bytes:
    """Zeros, noise that does not compress, text, and mixtures."""
    chance = random.Random(1)
    pages = []
    for at in range(PAGES):
        noise = chance.randbytes(4096 * (at % 5) // 4)
        text = (b"page %d of many; " % at) * 300
        pages.append((noise + text)[:4096] if at % 7 else bytes(4096))
    return b"".join(pages)


CONTENTS = pages_of_many_kinds()


def one_by_one(acceleration: int, count: int = PAGES) -> list[bytes]:
    codec = compressor(f"lz4:{acceleration}")
    return [codec.compress(CONTENTS[at * 4096 : (at + 1) * 4096]) for at in range(count)]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("acceleration", [1, 8])
def test_many_at_once_give_the_same_bytes(threads: int, acceleration: int) -> None:
    told: list[tuple[int, int]] = []
    found = lz4_batch.compress_pages(
        CONTENTS,
        PAGES,
        acceleration,
        keep_bytes=PAGES * 4096,
        threads=threads,
        progress=lambda done, total: told.append((done, total)),
    )
    assert found is not None and found.area is not None
    for content, data in enumerate(one_by_one(acceleration)):
        assert found.lengths[content] == len(data)
        if len(data) > 4096:
            assert found.places[content] == 0
        else:
            place = found.places[content] - 1
            assert found.area[place : place + len(data)] == data
    assert told == [(1024, PAGES), (2048, PAGES), (PAGES, PAGES)]


def test_so_they_do_interpreted() -> None:
    found = lz4_batch.compress_pages(
        CONTENTS[: 20 * 4096], 20, 1, keep_bytes=1 << 20, threads=2, engine="interpreted"
    )
    assert found is not None
    assert list(found.lengths) == [len(data) for data in one_by_one(1, 20)]


@pytest.mark.parametrize("keep_bytes", [0, 1, 100_000, 1_500_000])
def test_no_more_is_kept_than_allowed_and_the_rest_is_made_again(keep_bytes: int) -> None:
    store = PageStore(CONTENTS, PAGES, keep_bytes=keep_bytes, compiled=True)
    codec = compressor("lz4")
    expected = one_by_one(1)
    lengths = store.lengths(codec)
    assert [len(data) if len(data) <= 4096 else -22 for data in expected] == lengths.tolist()
    batch = store._batches.get(codec.key)
    if batch is None:
        assert keep_bytes == 0
    else:
        kept = np.asarray(batch.places) > 0
        assert int(np.asarray(batch.lengths)[kept].sum()) <= keep_bytes
    for content in random.Random(2).sample(range(PAGES), 200):
        assert store.compressed(content, codec) == expected[content]


def test_where_the_library_cannot_be_called_the_pages_are_compressed_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lz4_batch, "liblz4", lambda: None)
    lengths = PageStore(CONTENTS, PAGES, compiled=True).lengths(compressor("lz4"))
    monkeypatch.undo()
    assert (
        lengths.tolist()
        == PageStore(CONTENTS, PAGES, compiled=True).lengths(compressor("lz4")).tolist()
    )
