# SPDX-License-Identifier: GPL-2.0-only
"""replay: one trace through one machine."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

import numpy as np

from zswapsim.content.compressors import Compressor, compressor
from zswapsim.content.compressors.fit import fit_of
from zswapsim.content.page_store import PageStore
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.content.same_filled import ZERO_FILLED, same_filled_kinds
from zswapsim.content.swap_file import SwapFile
from zswapsim.engine import engines
from zswapsim.engine.simulated import Zeros
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.bytes_plane import BytesPlane, PoolBytes
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.outcome import collect, sample
from zswapsim.experiment.result import Result
from zswapsim.machine import journal as j
from zswapsim.machine import memory as m
from zswapsim.machine.accesses import run_accesses
from zswapsim.machine.build import ZramConfig, ZswapConfig, ints, make_zram_swap, make_zswap_swap
from zswapsim.machine.reclaim import POLICIES
from zswapsim.machine.swap import Swap
from zswapsim.machine.zram.disk import run_zram_writeback
from zswapsim.machine.zram.writeback import GO_ON
from zswapsim.profiles import profile
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace, first_contents
from zswapsim.units import PAGE_SIZE, format_pages, parse_pages

"""progress(stage, done, total), called now and then; stage is "compress" or "replay"."""

BLOCK_ACCESSES = {"interpreted": 1 << 14, "compiled": 1 << 18}
"""Accesses between two looks at the clock and at a request to stop: below half a second."""

COMPILED_NS = 1_500_000_000
"""Loading compiled code takes less than this, compiling more."""

MIN_PAGES = 2
SAMPLES = 500


@dataclass(slots=True)
class _Seconds:
    """Nanoseconds by what they were spent on."""

    compile_ns: int = 0
    machine_ns: int = 0
    began_ns: int = field(default_factory=perf_counter_ns)

    @contextlib.contextmanager
    def compile(self) -> Iterator[None]:
        """Count what runs inside as compiling, or loading what was compiled."""
        began = perf_counter_ns()
        yield
        self.compile_ns += perf_counter_ns() - began

    @contextlib.contextmanager
    def machine(self) -> Iterator[None]:
        """Count what runs inside as the machine's."""
        began = perf_counter_ns()
        try:
            yield
        finally:
            self.machine_ns += perf_counter_ns() - began


def replay(
    trace: Trace,
    config: ReplayConfig | None = None,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    series: list[dict[str, int]] | None = None,
) -> Result:
    """Replay a trace and return what happened.

    progress: told how far the work is. stop: asked a few times a second; when it says True the
    replay ends there, and the result says so. series: gets about 500 samples of the counters.
    InvalidArgument: a setting that does not fit the trace. DataMismatch: a page came back wrong.
    """
    config = config or ReplayConfig()
    clock = _Seconds()
    limit_pages, slots = _sizes(trace, config)
    if not trace.has_contents:
        raise InvalidArgument(
            f"trace {trace.name!r} has no page contents to compress; complete() takes them from "
            "elsewhere, or makes them up"
        )
    codec = compressor(config.compressor, config.kernel)
    pages = PageStore(trace.contents_bytes, trace.contents_count, digest=trace.contents_digest)
    lengths = pages.lengths(
        codec,
        progress and (lambda done, total: progress("compress", done, total)),
    )
    warm_key = f"run_accesses.{config.frontend}.{config.driver.type}.{config.reclaim}.warm"
    engine = engines.choose(config.engine, trace.accesses, warm_key)
    machine = _build(trace, config, codec, lengths, limit_pages, slots, engine)
    with contextlib.ExitStack() as stack:
        plane = None
        if config.carry_bytes:
            options = config.driver.options(profile(config.kernel))
            address_pages = config.driver.address_pages(slots + 1, **options)
            memory = stack.enter_context(PoolMemory(address_pages))
            swap_file = stack.enter_context(SwapFile(slots, config.swap_file))
            header_bytes = int(machine.swap.zswap.pool_header[0])
            raw = config.frontend == "zram" or bool(profile(config.kernel).raw_incompressible)
            plane = BytesPlane(pages, [PoolBytes(memory, codec, header_bytes, raw)], swap_file)
        run = engines.entry(run_accesses, engine)
        if engine == "compiled" and progress is not None:
            progress("compile (once)", 0, 1)
        with clock.compile(), engines.uninterrupted():
            run(machine, next(trace.blocks(1), np.zeros(1, np.uint32))[:0], 0, 0)
        if engine == "compiled" and progress is not None:
            progress("compile (once)", 1, 1)
        if engine == "compiled" and clock.compile_ns > COMPILED_NS:
            engines.mark_warm(warm_key)
        done = _run(run, trace, config, machine, engine, plane, clock, progress, stop, series)
    return collect(
        trace,
        config,
        engine=engine,
        machine=machine,
        codec=codec,
        lengths=lengths,
        plane=plane,
        accesses_done=done,
        seconds={
            "compress": pages.compress_ns / 1e9,
            "decompress": 0.0 if plane is None else plane.decompress_ns / 1e9,
            "compile": (pages.prepare_ns + clock.compile_ns) / 1e9,
            "machine": clock.machine_ns / 1e9,
            "total": (perf_counter_ns() - clock.began_ns) / 1e9,
        },
    )


def _sizes(trace: Trace, config: ReplayConfig) -> tuple[int, int]:
    """Return the memory limit in pages and the number of swap slots, the header included."""
    limit_pages = parse_pages(config.memory, trace.footprint_pages)
    if limit_pages < MIN_PAGES:
        raise InvalidArgument(
            f"memory {config.memory!r} is {limit_pages} page of this trace's "
            f"{format_pages(trace.footprint_pages)}; allowed is {MIN_PAGES} or more"
        )
    swap_pages = trace.footprint_pages
    if config.swap_size is not None:
        # More slots than pages are never in use at once, and would only take memory.
        swap_pages = min(parse_pages(config.swap_size, trace.footprint_pages), trace.pages)
    return limit_pages, max(1, swap_pages) + 1


def _build(
    trace: Trace,
    config: ReplayConfig,
    codec: Compressor,
    lengths: np.ndarray[Any, Any],
    limit_pages: int,
    slots: int,
    engine: str,
) -> m.Machine:
    zeros = engines.zeros(engine)
    wanted = j.BYTES_EVENTS if config.carry_bytes else 0
    swap = _make_swap(config, limit_pages, slots, wanted, zeros)
    if config.frontend == "zram":  # its buffer is larger than a page, so nothing is refused
        lengths = np.where(lengths < 0, np.int32(PAGE_SIZE), lengths)
    fresh = trace.contents_count
    fresh_length = fit_of(codec).length(len(codec.compress(bytes(PAGE_SIZE))))
    flags = same_filled_kinds(trace.contents_bytes)
    memory = m.make_memory(trace.pages, slots, limit_pages, zeros, config.page_cluster)
    at, page, content = trace.versions
    # Before its first version a page holds what that says, as best known.
    held = np.full(trace.pages, fresh, np.int64)
    first_page, first_content = first_contents(trace.versions)
    held[first_page] = first_content
    memory = memory._replace(content=ints(held, engine))
    return m.Machine(
        memory,
        POLICIES.get(config.reclaim).create(trace.pages, zeros),
        swap,
        m.Versions(ints(at, engine), ints(page, engine), ints(content, engine)),
        m.Contents(
            ints(np.append(lengths, fresh_length), engine),
            ints(np.append(flags, ZERO_FILLED), engine),
        ),
    )


def _make_swap(
    config: ReplayConfig, limit_pages: int, slots: int, wanted: int, zeros: Zeros
) -> Swap:
    """Return swap with what the frontend says in it."""
    if config.frontend == "zram":
        limit = 0 if config.zram_limit is None else parse_pages(config.zram_limit, limit_pages)
        return make_zram_swap(
            ZramConfig(
                kernel=config.kernel,
                limit_pages=limit,
                backing_blocks=slots if config.zram_writeback else 0,
            ),
            slots,
            wanted,
            zeros,
        )
    return make_zswap_swap(
        ZswapConfig(
            kernel=config.kernel,
            totalram_pages=limit_pages,
            max_pool_percent=config.max_pool_percent,
            accept_threshold_percent=config.accept_threshold_percent,
            enabled=config.frontend == "zswap",
            same_filled_pages_enabled=config.same_filled_pages_enabled,
            exclusive_loads=config.exclusive_loads,
            shrinker_enabled=config.shrinker_enabled,
        ),
        slots,
        [config.driver.type],
        wanted,
        zeros,
    )


def _run(
    run: Callable[..., int],
    trace: Trace,
    config: ReplayConfig,
    machine: m.Machine,
    engine: str,
    plane: BytesPlane | None,
    clock: _Seconds,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    series: list[dict[str, int]] | None,
) -> int:
    """Run all accesses; return how many were made."""
    block_accesses = BLOCK_ACCESSES[engine]
    if series is not None:
        block_accesses = max(1, min(block_accesses, trace.accesses // SAMPLES))
    mode, every = config.zram_writeback_mode if config.zram_writeback else (0, trace.accesses)
    write_back = engines.entry(run_zram_writeback, engine) if config.zram_writeback else None

    def follow() -> None:
        if plane is not None:
            plane.apply(j.drain(machine.swap.journal))

    base = 0
    if stop is not None and stop():  # from here on a stop leaves a result
        return base
    for block in _pieces(trace.blocks(block_accesses), every):
        accesses = block.tolist() if engine == "interpreted" else block
        first = 0
        while first < len(block):
            with clock.machine():
                first = run(machine, accesses, first, base)
            follow()
        base += len(block)
        if write_back is not None and base % every == 0 and base < trace.accesses:
            outcome = GO_ON
            while outcome == GO_ON:
                with clock.machine():
                    outcome = write_back(machine.swap, mode)
                follow()
        if series is not None:
            series.append(sample(machine, base))
        if progress is not None:
            progress("replay", base, trace.accesses)
        if stop is not None and stop():
            break
    return base


def _pieces(blocks: Iterator[np.ndarray[Any, Any]], every: int) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the blocks, cut wherever a multiple of `every` accesses is reached."""
    base = 0
    for block in blocks:
        first = 0
        while first < len(block):
            end = min(len(block), first + every - base % every)
            yield block[first:end]
            base += end - first
            first = end
