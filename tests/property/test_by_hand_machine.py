# SPDX-License-Identifier: GPL-2.0-only
"""Zswap by hand against a dict: whatever is set and switched, the last stored page comes back."""

import random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from kernels import KERNELS, version

from zswapsim import SwapFile, Zswap, compressor, zpool
from zswapsim.profiles import profile

SLOTS = 24
SLOT = st.integers(1, SLOTS - 1)
KINDS = ("zeros", "word", "text", "half", "dense", "large", "noise")
COMPRESSORS = ("lz4", "zstd", "lz4hc:4")


def page_of(kind: str, number: int) -> bytes:
    """A page of the kind, another for each number; a part of it is noise, the rest zeros."""
    if kind == "zeros":
        return bytes(4096)
    if kind == "word":
        return number.to_bytes(8, "little") * 512
    if kind == "text":
        return b"".join(b"%d and %d " % (number, n) for n in range(800))[:4096]
    noisy_bytes = {"half": 1800, "dense": 2600, "large": 4000, "noise": 4096}[kind]
    return random.Random(number).randbytes(noisy_bytes) + bytes(4096 - noisy_bytes)


class ByHandMachine(RuleBasedStateMachine):
    @initialize(
        kernel=st.sampled_from(KERNELS),
        data=st.data(),
        name=st.sampled_from(COMPRESSORS),
        max_pool_pages=st.sampled_from([0, 1, 3, 6, 100]),
        same_filled=st.booleans(),
        threshold=st.sampled_from([None, 0, 50, 100]),
    )
    def make(
        self,
        kernel: str,
        data: Any,
        name: str,
        max_pool_pages: int,
        same_filled: bool,
        threshold: int | None,
    ) -> None:
        self.zpool = data.draw(st.sampled_from(profile(kernel).zpools))
        self.others = zpool._refcount[id(zpool.get_driver(self.zpool))]
        self.kernel, self.since = kernel, version(kernel)
        self.zswap = Zswap(
            compressor=name,
            zpool=self.zpool,
            max_pool_pages=max_pool_pages,
            swap=SwapFile(SLOTS),
            kernel=kernel,
            accept_threshold_percent=threshold,
            same_filled_pages_enabled=same_filled,
        )
        self.held: dict[int, bytes] = {}
        self.name = name
        self.same_filled = same_filled
        self.enabled = True
        self.number = 0

    @rule(slot=SLOT, kind=st.sampled_from(KINDS))
    def store(self, slot: int, kind: str) -> None:
        self.number += 1
        page = page_of(kind, self.number)
        before = self.zswap.stats
        outcome = self.zswap.store(slot, page)
        self.held[slot] = page
        after = self.zswap.stats
        taken = sum(after[name] - before[name] for name in ("zswpout", "swpout_zero"))
        assert taken == bool(outcome)
        length = len(compressor(self.name, self.kernel).compress(page))
        if outcome:
            assert outcome.length_bytes == self.expected_length(kind, min(length, 4096))
            assert self.enabled or (kind == "zeros" and self.since >= (6, 12))
        else:
            assert self.zswap.swap_file.read(slot) == page
        if kind == "noise" and self.since < (6, 18):
            assert not outcome
        written = after["pswpout"] - before["pswpout"]
        assert written == after["written_back_pages"] - before["written_back_pages"] + (not outcome)

    def expected_length(self, kind: str, length: int) -> int:
        """The bytes that zswap keeps of a page that it took."""
        if kind == "zeros" and self.since >= (6, 12):
            return 0
        knows_same = (5, 4) <= self.since < (6, 12)
        same = kind in ("zeros", "word") and self.same_filled and knows_same
        return 0 if same else length

    @rule(
        slot=st.integers(1, SLOTS - 5),
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
    )
    def store_folio(self, slot: int, kinds: list[str]) -> None:
        self.number += 1
        pages = [page_of(kind, self.number + 1000 * k) for k, kind in enumerate(kinds)]
        for k, page in enumerate(pages):
            self.invalidate(slot + k)  # an older entry may stay, for loads to find
            self.held[slot + k] = page
        before = self.zswap.stats
        outcome = self.zswap.store_folio(slot, pages)
        after = self.zswap.stats
        taken = sum(after[name] - before[name] for name in ("zswpout", "swpout_zero"))
        assert taken == (len(pages) if outcome else 0)

    @rule(slot=SLOT)
    def load(self, slot: int) -> None:
        before = self.zswap.stats
        assert self.zswap.load(slot) == self.held.get(slot)
        after = self.zswap.stats
        reads = sum(after[name] - before[name] for name in ("zswpin", "pswpin", "swpin_zero"))
        assert reads == (slot in self.held)
        if self.since >= (6, 12) and after["zswpin"] > before["zswpin"]:
            del self.held[slot]  # zswap gave it up

    @rule(slot=SLOT)
    def invalidate(self, slot: int) -> None:
        self.zswap.invalidate(slot)
        self.held.pop(slot, None)

    @rule()
    def invalidate_area(self) -> None:
        self.zswap.invalidate_area()
        swap = self.zswap.swap
        elsewhere = [slot for slot in self.held if swap.device[slot] or swap.zero[slot]]
        self.held = {slot: self.held[slot] for slot in elsewhere}
        assert self.zswap.stats["stored_pages"] == 0

    @rule(slot=SLOT, present=st.booleans())
    def swap_cache(self, slot: int, present: bool) -> None:
        self.zswap.swap_cache(slot, present=present)

    @rule(name=st.sampled_from(COMPRESSORS))
    def set_compressor(self, name: str) -> None:
        self.zswap.set_compressor(name)
        self.name = name

    @rule(pages=st.sampled_from([0, 1, 2, 4, 100]))
    def set_max_pool_pages(self, pages: int) -> None:
        self.zswap.set_max_pool_pages(pages)

    @rule(enabled=st.booleans())
    def set_enabled(self, enabled: bool) -> None:
        self.zswap.set_enabled(enabled)
        self.enabled = enabled

    @invariant()
    def all_agrees(self) -> None:
        if not hasattr(self, "zswap"):
            return
        self.zswap.check()
        stats, pools = self.zswap.stats, self.zswap.pools
        compressed = stats["stored_pages"] - stats["same_filled_pages"]
        assert compressed == sum(pool.objects for pool in pools)
        assert [pool.current for pool in pools] == [True] + [False] * (len(pools) - 1)
        assert pools[0].compressor == self.name
        assert all(pool.objects or pool.current for pool in pools)
        for pool in pools if self.zpool == "zbud" else ():
            assert pool.objects <= 2 * pool.pages <= 2 * pool.objects
        if self.kernel not in ("3.11", "6.6", "6.8"):
            assert stats["duplicate_entry"] == 0
        live = zpool._refcount[id(zpool.get_driver(self.zpool))]
        assert live == self.others + len(pools)

    def teardown(self) -> None:
        if hasattr(self, "zswap"):
            for slot in range(1, SLOTS):
                assert self.zswap.load(slot) == self.held.get(slot)
            assert self.zswap.stats["decompress_fail"] == 0
            self.zswap.close()


TestByHandMachine = ByHandMachine.TestCase
