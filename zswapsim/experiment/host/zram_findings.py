# SPDX-License-Identifier: GPL-2.0-only
"""What the settings and counters of a zram mean."""

from collections.abc import Iterator, Mapping
from typing import Any

from zswapsim.experiment.host.finding import GOOD, NOTE, WARNING, Finding, percent
from zswapsim.experiment.host.settings import compressor_known
from zswapsim.units import format_bytes

Facts = Mapping[str, Any]
FEW_BYTES = 1 << 22
"""With less stored, ratios say nothing."""

HUGE_PERCENT = 20
OVERHEAD_PERCENT = 20


def zram_findings(device: Facts, facts: Facts) -> Iterator[Finding]:
    """Tell how well one zram compresses, what its memory is spent on, and what limits it."""
    name, stat = device["name"], device["mm_stat"]
    if not device["disksize_bytes"]:
        yield Finding(name, NOTE, "not set up (its disksize is 0)")
        return
    if device["swap"] is None:
        yield Finding(name, NOTE, "no swap device; it may hold a file system")
    yield from _size(device, facts)
    if stat.get("orig_data_size", 0) >= FEW_BYTES:
        yield from _ratio(device)
    elif stat:
        yield Finding(
            name, NOTE, f"it holds {format_bytes(stat.get('orig_data_size', 0))}: too little "
            "to judge by"
        )  # fmt: skip
    yield from _limits(device)
    yield from _backing(device)
    if device["algorithm"] and not compressor_known(device["algorithm"]):
        yield Finding(
            name, NOTE, f"{device['algorithm']} cannot be simulated; lzo-rle is taken for it"
        )


def _size(device: Facts, facts: Facts) -> Iterator[Finding]:
    total = facts["memory"].get("total_bytes")
    ratio = device["effective_ratio"] or 2.0
    if total and device["disksize_bytes"] / ratio > total:
        yield Finding(
            device["name"],
            WARNING,
            f"its disksize of {format_bytes(device['disksize_bytes'])} would take "
            f"{format_bytes(device['disksize_bytes'] / ratio)} when it is full, at {ratio:.1f} to "
            f"1; the machine has {format_bytes(total)}",
            "a smaller disksize, or a mem_limit",
        )


def _ratio(device: Facts) -> Iterator[Finding]:
    name, stat = device["name"], device["mm_stat"]
    if device["effective_ratio"] is not None:
        yield Finding(
            name,
            GOOD if device["effective_ratio"] >= 2 else NOTE,
            f"{format_bytes(stat['orig_data_size'])} take {format_bytes(stat['mem_used_total'])}"
            f" of memory, {device['effective_ratio']:.2f} to 1; {device['algorithm']} alone makes "
            f"{device['ratio'] or 0:.2f} to 1",
            "zstd makes pages smaller, at a higher price a page; `zswapsim ratio` compares them"
            if device["effective_ratio"] < 2
            else "",
        )
    if device["overhead_percent"] is not None and device["overhead_percent"] >= OVERHEAD_PERCENT:
        yield Finding(
            name,
            NOTE,
            f"its memory is {device['overhead_percent']:.0f} % more than the compressed pages: "
            "holes that freed pages left in zsmalloc",
            f"`echo 1 > /sys/block/{name}/compact` gives some of it back",
        )
    if device["same_pages_percent"]:
        yield Finding(
            name,
            GOOD,
            f"{device['same_pages_percent']:.1f} % of its pages are one repeated word and take no "
            "memory (same_pages)",
        )
    if device["huge_pages_percent"] >= HUGE_PERCENT:
        yield Finding(
            name,
            WARNING,
            f"{device['huge_pages_percent']:.0f} % of its pages hardly compress and are stored as "
            "they are (huge_pages)",
            f"a backing device, and `echo huge > /sys/block/{name}/writeback`, moves them out",
        )


def _limits(device: Facts) -> Iterator[Finding]:
    name, stat, swap = device["name"], device["mm_stat"], device["swap"]
    limit, used = stat.get("mem_limit", 0), stat.get("mem_used_total", 0)
    if limit:
        full = used >= 0.9 * limit
        yield Finding(
            name,
            WARNING if full else GOOD,
            f"it has {percent(used, limit)} of its mem_limit of {format_bytes(limit)}",
            "over the limit writes fail, and the pages stay in memory: a larger limit, zstd, or a "
            "backing device"
            if full
            else "",
        )
    if swap is not None and swap["size_bytes"] and swap["used_bytes"] >= 0.9 * swap["size_bytes"]:
        yield Finding(
            name,
            WARNING,
            f"{percent(swap['used_bytes'], swap['size_bytes'])} of it is in use; what comes next "
            "goes to another swap device, or nowhere",
            "a larger disksize; it has to be set before swapon",
        )


def _backing(device: Facts) -> Iterator[Finding]:
    name, backing = device["name"], device["backing_device"]
    if backing not in (None, "none"):
        moved = device["bd_stat"].get("bd_count", 0) << 12
        says = f"{format_bytes(moved)} of its pages are on its backing device {backing}"
        if not moved:
            says = f"its backing device {backing} is empty: nothing is written to it by itself"
        yield Finding(
            name,
            NOTE,
            says,
            ""
            if moved
            else f"`echo all > /sys/block/{name}/idle`, later "
            f"`echo idle > /sys/block/{name}/writeback`, by a timer",
        )
    for priority, algorithm in device["recompression"].items():
        yield Finding(
            name,
            NOTE,
            f"{algorithm} is set for recompression (priority {priority}); pages are recompressed "
            f"only when /sys/block/{name}/recompress is written to",
        )
