# SPDX-License-Identifier: GPL-2.0-only
"""Recordings of zram: pages written one after the other, and compr_data_size after each.

A recording has no compressed lengths, so pages are compressed by our own compressors.
"""

import contextlib
from typing import Any

import numpy as np

from zswapsim.content.compressors import Compressor, compressor, most_exact
from zswapsim.content.page_store import PageStore
from zswapsim.content.same_filled import same_filled_kinds
from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument, TraceError
from zswapsim.experiment.kernel_recording import KernelRecording
from zswapsim.machine import events as ev
from zswapsim.machine.build import ZramConfig, ints, make_zram_swap
from zswapsim.machine.zram.device import COMPR_DATA_SIZE
from zswapsim.units import PAGE_SIZE, parse_pages


class ZramScript:
    """The writes of a recording of zram, and a device to make them on. codecs: by name."""

    def __init__(self, recording: KernelRecording) -> None:
        self.recording = recording
        self.codecs: dict[str, Compressor] = {}
        self._limit_pages = 0
        self._contents: list[int] = []
        name = str(recording.experiment.get("compressor", "lzo-rle"))
        for number, step in enumerate(recording.steps):
            if step.words[0] == "Z":
                self._contents.append(int(step.words[1]))
                continue
            path, _, value = step.words[1].partition("=")
            knob = path.rpartition("/")[2]
            if knob == "comp_algorithm":
                name = value
            elif knob == "mem_limit":
                self._limit_pages = self._pages(number, value)
        self.codecs[name] = compressor(most_exact(name), recording.kernel)
        if max(self._contents, default=0) * PAGE_SIZE >= len(recording.pages):
            raise TraceError(f"{recording.path}: a write of a page that is not in its page set")

    def first_difference(self, engine: str) -> tuple[int, str]:
        """Return how many steps are equal, and one line on the first that differs, or ""."""
        sizes = iter(self._run(engine))
        for number, step in enumerate(self.recording.steps):
            if step.words[0] == "Z":
                size = next(sizes)
                if step.verify != str(size):
                    expected = f"compr_data_size: expected {step.verify}, got {size}"
                    return number, f"step {number} ({step.op}): {expected}"
        return len(self.recording.steps), ""

    def _run(self, engine: str) -> list[int]:
        """Write all pages; return compr_data_size after each."""
        zeros = engines.zeros(engine)
        pages = self.recording.pages
        (codec,) = self.codecs.values()
        store = PageStore(pages, len(pages) // PAGE_SIZE, digest=self.recording.pages_sha256)
        lengths: Any = store.lengths(codec)
        lengths = np.where(lengths < 0, PAGE_SIZE, lengths).tolist()
        kinds = same_filled_kinds(pages).tolist()
        rows = []
        for slot, content in enumerate(self._contents, 1):
            rows.append((ev.OP_STORE, slot, content, lengths[content], kinds[content]))
            rows.append((ev.OP_LOOK, 0, 0, 0, 0))
        config = ZramConfig(kernel=self.recording.kernel, limit_pages=self._limit_pages)
        swap = make_zram_swap(config, len(self._contents) + 1, 0, zeros)
        events = ev.Events(*(ints(column, engine) for column in zip(*rows, strict=True)))
        outcomes = ev.make_outcomes(len(rows), 0, zeros)
        run = engines.entry(ev.run_events, engine)
        sizes = []
        position = 0
        while position < len(rows):
            with engines.uninterrupted() if position == 0 else contextlib.nullcontext():
                position = run(swap, events, outcomes, position)
            sizes.append(int(swap.disk.counters[COMPR_DATA_SIZE]))
        return sizes

    def _pages(self, number: int, value: str) -> int:
        try:
            return parse_pages(value, 0)
        except InvalidArgument as error:
            raise TraceError(f"{self.recording.path}: step {number}: {error}") from None
