# SPDX-License-Identifier: GPL-2.0-only
"""A result as a person reads it at the terminal: what was asked, what happened, what it saved.

Takes the plain dictionary of a result, so that it also renders a file of an earlier run.
"""

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from zswapsim.printable import printable
from zswapsim.report.faults import fault_rows, lost_line
from zswapsim.report.rows import Row, ratio_rows, zero_rows
from zswapsim.report.zram import zram_rows, zram_saved_rows
from zswapsim.units import PAGE_SIZE, format_bytes, format_pages, format_share

NARROW = 76
"""Columns below which label, number and remark do not fit side by side."""


def print_result(result: Mapping[str, Any], console: Console) -> None:
    """Print a result; the console decides on colour and width."""
    console.print(render(result, narrow=console.width < NARROW))


def render(result: Mapping[str, Any], *, narrow: bool = False) -> RenderableType:
    """Return a result as text and tables; narrow puts each remark on a line of its own."""
    parts: list[RenderableType] = [headline(result)]
    parts += [*(Text(line, style="yellow") for line in origins(result)), Text()]
    if line := stopped(result):
        parts += [Text(line, style="bold yellow"), Text()]
    parts += [part for line in warnings(result) for part in (Text(line, style="bold red"), Text())]
    for title, rows in sections(result):
        parts += [_section(title, rows, narrow=narrow), Text()]
    parts.append(Text("\n".join(footer(result)), style="dim"))
    return Group(*parts)


def stopped(result: Mapping[str, Any]) -> str:
    """Return where a replay ended that did not reach the end of its trace, or nothing."""
    if result["complete"]:
        return ""
    done, of = result["trace"]["accesses_replayed"], result["trace"]["accesses"]
    return f"stopped after {done:,} of {of:,} accesses"


def origins(result: Mapping[str, Any]) -> list[str]:
    """Return where accesses and contents come from, if not from one recording; if it is exact."""
    trace = result["trace"]
    said = [
        f"{word}: {trace[f'{word}_from']}"
        for word in ("accesses", "contents")
        if trace.get(f"{word}_from")
    ]
    exact_pages = trace.get("recorder_resident_pages", 0)
    kept_pages = result["memory"]["limit_pages"] - result["memory"]["peak_pool_pages"]
    if kept_pages < exact_pages:
        what = "faults" if trace.get("contents_from") else "faults and contents"
        said.append(
            f"below what was recorded: {what} are the program's with {exact_pages:,} "
            f"pages resident or more, here down to {max(kept_pages, 0):,} were"
        )
    return [printable(line) for line in said]


def warnings(result: Mapping[str, Any]) -> list[str]:
    """Return what a person has to know before the numbers."""
    memory = result["memory"]
    refuses = "ZRAM FULL" if result["config"]["frontend"] == "zram" else "WRITE ERROR"
    said = lost_line(result)
    said += [
        f"{what}: {memory[name]:,} times a page had to stay in memory"
        for name, what in (("swap_full", "SWAP FULL"), ("write_errors", refuses))
        if memory[name]
    ]
    if memory["over_limit"]:
        said.append(
            f"OVER THE LIMIT at {memory['over_limit']:,} faults: pages and pool did not fit into "
            "memory together; a real machine would have run out of it"
        )
    return said


def sections(result: Mapping[str, Any]) -> list[tuple[str, list[Row]]]:
    """Return the numbers of a result: titles, and under each its rows."""
    frontend = result["config"]["frontend"]
    if frontend == "zram":
        middle = [("What zram did", zram_rows(result))]
    elif frontend == "zswap":
        middle = [("What zswap did", _zswap(result))]
    else:
        middle = [("What the swap file did", _plain(result))]
    happened = ("What happened", _happened(result))
    if injected := fault_rows(result):
        middle.append(("What was made to fail", injected))
    if frontend == "none":
        return [happened, *middle]
    saved = zram_saved_rows(result) if frontend == "zram" else _saved(result)
    return [happened, *middle, ("What went to a disk, and what stayed", saved)]


def headline(result: Mapping[str, Any]) -> Text:
    """Return two lines: which trace, and what was simulated."""
    name, about = trace_line(result["trace"])
    return Text.assemble(
        (name, "bold"),
        f"{about}\n",
        *what_is_simulated(result),
        f"; reclaim {result['config']['reclaim']}",
    )


def trace_line(trace: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name of a trace, and what follows it in one line about it."""
    program = printable(f" ({trace['program']})") if trace.get("program") else ""
    return (
        printable(str(trace["name"])),
        f"{program}: {trace['accesses']:,} accesses, {trace['write_percent']:.0f} % writes, "
        f"footprint {format_pages(trace['footprint_pages'])}",
    )


def what_is_simulated(result: Mapping[str, Any]) -> list[str | tuple[str, str]]:
    """Return the frontend, bold, and what it is set to."""
    config = result["config"]
    memory = format_pages(result["memory"]["limit_pages"])
    kernel = f" of Linux {config['kernel']}"
    if config["frontend"] == "zram":
        limit = result["zram"]["mem_limit"]
        most = f"at most {format_bytes(limit)}" if limit else "without a limit"
        return [
            ("zram", "bold"),
            f"{kernel} with {config['compressor']}, {most}; memory of {memory}",
        ]
    if config["frontend"] == "none":
        return [("plain swap", "bold"), f"{kernel}; memory of {memory}"]
    return [
        ("zswap", "bold"),
        f"{kernel}: {config['zpool']} with {config['compressor']}, at most "
        f"{config['max_pool_percent']} % of {memory} of memory",
    ]


def _section(title: str, rows: list[Row], *, narrow: bool) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, show_header=False
    )
    table.add_column(min_width=0 if narrow else 40, overflow="fold")
    table.add_column(justify="right", min_width=10, no_wrap=True)
    if not narrow:
        table.add_column(style="dim", overflow="fold")
    for label, value, remark in rows:
        if not narrow:
            table.add_row(label, value, remark)
            continue
        table.add_row(label, value)
        if remark:
            table.add_row(Text(f"  {remark}", style="dim"), "")
    return table


def _happened(result: Mapping[str, Any]) -> list[Row]:
    memory, vmstat, frontend = result["memory"], result["vmstat"], result["config"]["frontend"]
    came_in = loads(result)
    served = _share(vmstat["zswpin"], came_in, "zswpin")
    read = _share(vmstat["pswpin"], came_in, "pswpin")
    disk = "zram" if frontend == "zram" else "the swap file"
    rows = [
        ("accesses that found the page swapped out", f"{vmstat['pgmajfault']:,}", "pgmajfault"),
        *_readahead(result),
        ("  served by zswap", f"{vmstat['zswpin']:,}", served),
        (f"  read from {disk}", f"{vmstat['pswpin']:,}", read),
        *_filled(vmstat["swpin_zero"], came_in),
        ("pages reclaimed", f"{memory['pgsteal']:,}", "pgsteal"),
        ("  still clean, dropped without a write", f"{memory['clean_drops']:,}", ""),
    ]
    if frontend != "zswap":
        rows = [row for row in rows if row[0] != "  served by zswap"]
    return rows


def _filled(pages: int, came_in: int) -> list[Row]:
    """Return the line of pages that the swap core made, from 6.12 on."""
    if not pages:
        return []
    return [
        ("  filled with zeros by the swap core", f"{pages:,}", _share(pages, came_in, "swpin_zero"))
    ]


def loads(result: Mapping[str, Any]) -> int:
    """Return how many pages came in: those that an access waited for, and those read ahead."""
    majors: int = result["vmstat"]["pgmajfault"]
    ahead: int = result["memory"].get("swap_ra", 0)
    return majors + ahead


def _readahead(result: Mapping[str, Any]) -> list[Row]:
    """Return the line of read-ahead, if it was on."""
    if not result["config"].get("page_cluster", 0):
        return []
    ahead, used = result["memory"]["swap_ra"], result["memory"]["swap_ra_hit"]
    remark = _share(used, ahead, f"swap_ra; {used:,} of these used, swap_ra_hit")
    return [("and pages read ahead", f"{ahead:,}", remark)]


def _zswap(result: Mapping[str, Any]) -> list[Row]:
    zswap, vmstat, memory = result["zswap"], result["vmstat"], result["memory"]
    refused = vmstat["pswpout"] - zswap["written_back_pages"]
    full = zswap["pool_total_size"] // PAGE_SIZE
    compressed = zswap["stored_pages"] - zswap["same_filled_pages"]
    density = f"{compressed / full:.2f} to a pool page" if full else ""
    peak = f"peak {format_pages(memory['peak_pool_pages'])} of {memory['max_pool_pages']:,} allowed"
    return [
        ("pages stored", f"{vmstat['zswpout']:,}", "zswpout"),
        ("pages refused, to the swap file", f"{refused:,}", _refusals(result, refused)),
        ("pool found full", f"{zswap['pool_limit_hit']:,}", "pool_limit_hit"),
        (
            "pages written back to make room",
            f"{zswap['written_back_pages']:,}",
            "written_back_pages",
        ),
        (
            "failed attempts to make room",
            f"{zswap['reject_reclaim_fail']:,}",
            "reject_reclaim_fail",
        ),
        ("stored at the end", f"{zswap['stored_pages']:,}", density),
        *_same_filled(zswap["same_filled_pages"]),
        ("pool at the end", format_bytes(zswap["pool_total_size"]), peak),
        *zero_rows(result),
    ]


def _same_filled(pages: int) -> list[Row]:
    """Return the line of same-filled pages, which not every kernel treats apart."""
    return [("  of these same-filled", f"{pages:,}", "same_filled_pages")] if pages else []


def _refusals(result: Mapping[str, Any], refused: int) -> str:
    zswap, compression = result["zswap"], result["compression"]
    counts = [
        ("too large for the pool", zswap["reject_compress_poor"]),
        ("incompressible", compression["compress_errors"]),
        ("waiting for the accept threshold", compression["hysteresis_rejects"]),
        ("no memory", zswap["reject_alloc_fail"] + zswap["reject_kmemcache_fail"]),
    ]
    counts.insert(0, ("found no room", max(0, refused - sum(count for _, count in counts))))
    said = [f"{count:,} {name}" for name, count in counts if count]
    return ", ".join(said)


def _plain(result: Mapping[str, Any]) -> list[Row]:
    vmstat, memory = result["vmstat"], result["memory"]
    used = f"of {memory['swap_slots']:,}"
    return [
        ("pages read", f"{vmstat['pswpin']:,}", "pswpin"),
        ("pages written", f"{vmstat['pswpout']:,}", "pswpout"),
        ("slots in use at the end", f"{memory['swap_slots_used']:,}", used),
        *zero_rows(result),
    ]


def _saved(result: Mapping[str, Any]) -> list[Row]:
    zswap, vmstat = result["zswap"], result["vmstat"]
    writes = vmstat["zswpout"] + vmstat["pswpout"] - zswap["written_back_pages"]
    held = zswap["stored_pages"] * PAGE_SIZE - zswap["pool_total_size"]
    rows = [
        (
            "reads from the swap file",
            f"{vmstat['pswpin']:,}",
            f"of {loads(result) - vmstat['swpin_zero']:,} that came in",
        ),
        ("writes to the swap file", f"{vmstat['pswpout']:,}", f"of {writes:,} that went out"),
        ("gain at the end", format_bytes(held), "stored pages less the pool"),
    ]
    return rows + ratio_rows(result)


def footer(result: Mapping[str, Any]) -> list[str]:
    """Return what was checked, and how long all took."""
    seconds, carried = result["seconds"], result["bytes"]
    checked = (
        f"{carried['checked_pages']:,} pages came back and were checked, all equal to what was "
        "stored"
        if carried["carried"]
        else "no bytes carried"
    )
    if lost := result.get("faults", {}).get("lost_pages", 0):
        checked += f"; {lost:,} {'was' if lost == 1 else 'were'} lost"
    return [
        checked,
        f"{seconds['total']:.2f} s: machine {seconds['machine']:.2f} s "
        f"({result['config']['engine']}), compile {seconds['compile']:.2f} s, "
        f"compress {seconds['compress']:.2f} s, decompress {seconds['decompress']:.2f} s",
    ]


def _share(part: int, whole: int, name: str) -> str:
    return f"{name}, {format_share(part, whole)}" if whole else name
