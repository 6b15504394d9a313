# SPDX-License-Identifier: GPL-2.0-only
"""The lines of a result that tell of zram."""

from collections.abc import Mapping
from typing import Any

from zswapsim.report.rows import Row, ratio_rows, zero_rows
from zswapsim.units import PAGE_SIZE, format_bytes


def zram_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return what zram did, under the names of mm_stat and bd_stat."""
    zram, memory = result["zram"], result["memory"]
    stored = zram["orig_data_size"] // PAGE_SIZE
    rows = [
        ("pages written", f"{result['vmstat']['pswpout']:,}", "pswpout"),
        ("stored at the end", f"{stored:,}", "orig_data_size, in pages"),
        ("  of these same-filled", f"{zram['same_pages']:,}", "same_pages"),
        ("  of these too large to compress", f"{zram['huge_pages']:,}", "huge_pages"),
        ("compressed to", format_bytes(zram["compr_data_size"]), "compr_data_size"),
        ("memory at the end", format_bytes(zram["mem_used_total"]), "mem_used_total"),
        ("memory at most", format_bytes(zram["mem_used_max"]), "mem_used_max"),
        ("pages refused, which stayed in memory", f"{memory['write_errors']:,}", "write errors"),
    ]
    if zram["bd_writes"]:
        rows += [
            ("pages written back", f"{zram['bd_writes']:,}", "bd_writes"),
            ("  reads of such pages", f"{zram['bd_reads']:,}", "bd_reads"),
            ("  there at the end", f"{zram['bd_count']:,}", "bd_count"),
        ]
    return rows + zero_rows(result)


def zram_saved_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return what zram saved, against a swap file."""
    zram, vmstat = result["zram"], result["vmstat"]
    in_memory = zram["orig_data_size"] - zram["bd_count"] * PAGE_SIZE
    rows = [
        ("reads from a disk", f"{zram['bd_reads']:,}", f"of {vmstat['pswpin']:,} that came in"),
        ("writes to a disk", f"{zram['bd_writes']:,}", f"of {vmstat['pswpout']:,} that went out"),
        (
            "gain at the end",
            format_bytes(in_memory - zram["mem_used_total"]),
            "stored pages less zram's memory",
        ),
    ]
    return rows + ratio_rows(result)
