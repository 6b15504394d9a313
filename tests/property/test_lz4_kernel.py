# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's LZ4 encoder on any page: both engines, a naive one, every capacity."""

import lz4.block
import lz4_oracle
from encoder_driver import PAGES, bench
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.content.compressors.lz4_kernel import HASH_LOG, MOST_BYTES, lz4_compress
from zswapsim.errors import EINVAL


def run(engine: str, page: bytes, capacity: int = MOST_BYTES) -> tuple[int, bytes]:
    return bench(lz4_compress, 1 << HASH_LOG, engine).run(page, capacity)


@given(PAGES)
def test_both_engines_make_the_block_of_the_naive_encoder(page: bytes) -> None:
    block = lz4_oracle.pack(lz4_oracle.greedy(page))
    assert run("interpreted", page) == (len(block), block)
    assert run("compiled", page) == (len(block), block)
    assert lz4.block.decompress(block, uncompressed_size=4096) == page
    assert lz4_oracle.unpack(lz4_oracle.parse(block)) == page


@given(PAGES, st.data())
def test_with_any_capacity_the_block_is_the_same_or_fails_because_it_is_longer(
    page: bytes, data: st.DataObject
) -> None:
    length, block = run("compiled", page)
    near = st.integers(-16, 16).map(lambda more: min(max(length + more, 0), MOST_BYTES))
    capacity = data.draw(near | st.integers(0, MOST_BYTES))
    expected = (length, block) if length <= capacity else (-EINVAL, b"")
    assert run("compiled", page, capacity) == expected
    assert run("interpreted", page, capacity) == expected
