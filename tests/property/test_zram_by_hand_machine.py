# SPDX-License-Identifier: GPL-2.0-only
"""Zram by hand against a dict: whatever is written back and moved, the right page comes back."""

import contextlib
import random
from collections.abc import Callable

from by_hand_pages import ZEROS, dense, raw, text
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from zswapsim import SwapFile, Zram, compressor
from zswapsim.errors import DeviceError, NoDevice, NoSpace

SLOTS = 24
SLOT = st.integers(0, SLOTS - 1)
KINDS: dict[str, Callable[[int], bytes]] = {
    "zeros": lambda number: ZEROS,
    "word": lambda number: number.to_bytes(8, "little") * 512,
    "text": text,
    "dense": dense,
    "raw": raw,
    "noise": lambda number: random.Random(number).randbytes(4096),
}
MODES = ("idle", "huge", "huge_idle")


class ZramByHandMachine(RuleBasedStateMachine):
    @initialize(
        kernel=st.sampled_from(["5.4", "6.1"]),
        name=st.sampled_from(["lz4", "zstd"]),
        mem_limit_pages=st.sampled_from([0, 0, 3, 10]),
        device_pages=st.sampled_from([32, 4, 0]),
    )
    def make(self, kernel: str, name: str, mem_limit_pages: int, device_pages: int) -> None:
        self.device = SwapFile(device_pages) if device_pages else None
        self.codec = compressor(name, kernel)
        self.zram = Zram(
            compressor=name,
            slots=SLOTS,
            mem_limit_pages=mem_limit_pages,
            backing=self.device,
            kernel=kernel,
            memory_tracking=True,
        )
        self.held: dict[int, bytes] = {}
        self.number = 0

    @rule(slot=SLOT, kind=st.sampled_from(sorted(KINDS)))
    def write(self, slot: int, kind: str) -> None:
        self.number += 1
        page = KINDS[kind](self.number)
        outcome = self.zram.write(slot, page)
        length = len(self.codec.compress(page))
        if outcome:
            self.held[slot] = page
            same = kind in ("zeros", "word")
            assert outcome.length_bytes == (0 if same else length if length < 3257 else 4096)
        else:
            assert outcome.errno == -12
            assert self.zram.mm_stat["mem_limit"] > 0

    @rule(first=SLOT, kind=st.sampled_from(sorted(KINDS)))
    def write_every_other(self, first: int, kind: str) -> None:
        for slot in range(first, SLOTS, 2):
            self.write(slot, kind)

    @rule(slot=SLOT)
    def read(self, slot: int) -> None:
        assert self.zram.read(slot) == self.held.get(slot, bytes(4096))

    @rule(slots=st.lists(SLOT, max_size=12))
    def discard(self, slots: list[int]) -> None:
        for slot in slots:
            self.zram.discard(slot)
            self.held.pop(slot, None)

    @rule(age=st.sampled_from([None, 0, 5]))
    def mark_idle(self, age: int | None) -> None:
        self.zram.mark_idle(age)

    @rule(mode=st.sampled_from(MODES) | SLOT.map("page_index={}".format))
    def writeback(self, mode: str) -> None:
        before = self.zram.bd_stat["bd_writes"]
        try:
            pages = self.zram.writeback(mode)
        except NoDevice:
            assert self.device is None
        except (NoSpace, DeviceError):
            assert self.device is not None
        else:
            assert self.zram.bd_stat["bd_writes"] == before + pages

    @rule(pages=st.sampled_from([None, None, 3]))
    def set_writeback_limit(self, pages: int | None) -> None:
        self.zram.set_writeback_limit(pages)

    @rule()
    def compact(self) -> None:
        before = self.zram.mm_stat["mem_used_total"]
        freed = self.zram.compact()
        assert self.zram.mm_stat["mem_used_total"] == before - 4096 * freed

    @invariant()
    def all_agrees(self) -> None:
        if hasattr(self, "zram"):
            self.zram.check()
            assert self.zram.mm_stat["orig_data_size"] == 4096 * len(self.held)

    def teardown(self) -> None:
        if hasattr(self, "zram"):
            with contextlib.closing(self.zram):
                for slot in range(SLOTS):
                    self.read(slot)
            if self.device is not None:
                self.device.close()


TestZramByHandMachine = ZramByHandMachine.TestCase
