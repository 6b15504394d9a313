# SPDX-License-Identifier: GPL-2.0-only
"""Configurations side by side as a person reads them: the answer, the numbers, what they rest on.

Takes the plain dictionary of a comparison. A table that does not fit into the columns there are is
told configuration by configuration instead.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.printable import printable
from zswapsim.report.columns import indented
from zswapsim.report.drawing import folded
from zswapsim.report.sensitivity import sensitivity_lines
from zswapsim.report.table import origins, trace_line, warnings
from zswapsim.units import PAGE_SIZE, format_bytes, format_pages

Facts = Mapping[str, Any]
HEADING_COLUMNS = (20, 14, 9)
"""Of a name above its numbers, the widest that leaves room; longer names take several lines."""
HARDLY_MORE = 1.05
MOST_TOLD_OF = 3
"""Others that the answer names."""
ALL_PERCENT = 100
RESTS_ON = "What the times rest on"
MORE = "--sensitivity tells how the answer changes with these values"


def print_comparison(told: Facts, console: Console) -> None:
    """Print a comparison; the console decides on colour, width and characters."""
    for line in comparison_lines(told, console.width, ascii_only=console.options.ascii_only):
        warning = " OVER THE LIMIT" in line or " FULL: " in line
        heading = line[:1] not in ("", " ")
        style = "bold red" if warning else "bold" if heading else ""
        console.print(Text(line, style=style), soft_wrap=True)


def comparison_lines(told: Facts, width: int, *, ascii_only: bool = False) -> list[str]:
    """Return the lines to print, none longer than width; lines of a section begin with a space."""
    lines = [*folded(answer(told), width), ""]
    lines += _what(told, width)
    lines += ["", *side_by_side(told["results"], sections(told["results"]), width)]
    lines += ["", RESTS_ON]
    for line in rests_on(told, ascii_only=ascii_only):
        lines += indented(line, width, 1)
    if told["sensitivity"] is None:
        lines += indented(MORE, width, 1)
    if told["sensitivity"]:
        lines += ["", *sensitivity_lines(told["sensitivity"], width, ascii_only=ascii_only)]
    return lines


def answer(told: Facts) -> str:
    """Return who waits least, and what that costs, in a sentence or two."""
    best = next(one for one in told["results"] if one["name"] == told["best"])
    others = sorted(
        (one for one in told["results"] if one is not best),
        key=lambda one: one["cost"]["stall_seconds"],
    )
    least = best["cost"]["stall_seconds"]
    if not any(one["cost"]["stall_seconds"] for one in told["results"]):
        return "Nothing was ever looked for in swap: all of them wait for nothing."
    name = printable(best["name"])
    told_of = others[:MOST_TOLD_OF]
    more = len(others) - len(told_of)
    against = [f"{duration(_stall(one))} of {printable(one['name'])}" for one in told_of]
    against += [f"up to {duration(_stall(others[-1]))} of {_more(more)}"] if more else []
    near = [one for one in others if _stall(one) < HARDLY_MORE * least and not _over(one)]
    said = f"{name} waits least: {duration(least)}, against {listed(against)}"
    if near:
        said += f" ({listed([printable(one['name']) for one in near])} hardly more)"
    said += f"; it writes {_pages(best['cost']['device_writes'])} to the device, "
    said += listed(
        [f"{printable(one['name'])} {_number(one['cost']['device_writes'])}" for one in told_of]
    )
    return f"{said}.{_did_not_fit(best, others)}"


def _did_not_fit(best: Facts, others: Sequence[Facts]) -> str:
    """Return a sentence about what does not count, or for what nothing else is left."""
    unfit = [printable(one["name"]) for one in others if _over(one)]
    if _over(best):
        return " Memory was too small for all of them."
    if not unfit:
        return ""
    verb = "does" if len(unfit) == 1 else "do"
    return f" {listed(unfit)} {verb} not fit into this memory."


def _over(one: Facts) -> bool:
    return bool(one["result"]["memory"]["over_limit"])


def _stall(one: Facts) -> float:
    seconds: float = one["cost"]["stall_seconds"]
    return seconds


def _more(count: int) -> str:
    return "another one" if count == 1 else f"{count} others"


def _pages(count: int) -> str:
    return f"{count:,} page{'' if count == 1 else 's'}" if count else "nothing"


def _number(count: int) -> str:
    return f"{count:,}" if count else "none"


def listed(words: Sequence[str]) -> str:
    """Return words as "a", "a and b", "a, b and c"."""
    if len(words) < len(("a", "b")):
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def duration(seconds: float) -> str:
    """Return a time as a person reads it: "2.74 s", "31.9 ms"."""
    if seconds >= ALL_PERCENT:
        return f"{seconds:,.0f} s"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.1f} ms" if seconds else "0 s"


def _what(told: Facts, width: int) -> list[str]:
    """Return what was run, how, and what to be warned of."""
    results = told["results"]
    lines = folded("".join(trace_line(told["trace"])), width)
    memories = {one["result"]["memory"]["limit_pages"] for one in results}
    policies = {one["result"]["config"]["reclaim"] for one in results}
    said = []
    if len(memories) == 1:
        said.append(f"memory of {format_pages(memories.pop())}")
    if len(policies) == 1:
        said.append(f"reclaim {policies.pop()}")
    if said:
        lines += indented("; ".join(said), width, 1)
    widest = max(results, key=lambda one: one["result"]["memory"]["peak_pool_pages"])
    for line in origins(widest["result"]):
        lines += indented(line, width, 1)
    shared = len(said) > 0 and said[0].startswith("memory")
    for one in results:
        words = described(one["result"], with_memory=not shared)
        lines += indented(f"{printable(one['name'])}: {words}", width, 1)
    for one in results:
        for line in warnings(one["result"]):
            lines += indented(f"{printable(one['name'])}: {line}", width, 1)
    return lines


def described(result: Facts, *, with_memory: bool) -> str:
    """Return what a configuration is, in words."""
    config = result["config"]
    said = f"Linux {config['kernel']}"
    if config["frontend"] == "zswap":
        said = f"zswap of {said}, {config['zpool']} with {config['compressor']}, at most "
        said += f"{config['max_pool_percent']} % of memory"
    elif config["frontend"] == "zram":
        limit = result["zram"]["mem_limit"]
        most = f"at most {format_bytes(limit)}" if limit else "without a limit"
        said = f"zram of {said} with {config['compressor']}, {most}"
    if config["shrinker_enabled"]:
        said += ", shrinker"
    if config["zram_writeback"]:
        said += f", writeback {config['zram_writeback']}"
    if config["page_cluster"]:
        said += f", read-ahead of up to {1 << config['page_cluster']} pages"
    if config.get("faults"):
        said += f", faults {printable(' '.join(config['faults']))}"
    if with_memory:
        said += f"; memory of {format_pages(result['memory']['limit_pages'])}"
    return said


Row = tuple[str, Callable[[Facts], str | None]]
"""Label, and what a result has of it; None for what its kind cannot have."""
Section = tuple[str, list[Row]]
Filled = tuple[str, list[tuple[str, list[str]]]]
"""A section with a text for each result."""
NONE = "-"


def sections(results: Sequence[Facts]) -> list[Section]:
    """Return the sections of the table; rows that nobody has are left out."""
    unit, factor = ("s", 1.0) if max(_stall(one) for one in results) >= 1 else ("ms", 1000.0)

    def time(seconds: float) -> str:
        return f"{seconds * factor:,.3f}" if factor == 1 else f"{seconds * factor:,.1f}"

    def part(name: str) -> Callable[[Facts], str]:
        return lambda one: time(one["cost"]["stall"][name])

    def cost(name: str) -> Callable[[Facts], str]:
        return lambda one: time(one["cost"][f"{name}_seconds"])

    every: list[Section] = [
        ("Pages that the program found in swap", _faults()),
        (
            "Device and memory",
            [
                ("pages read from the device", lambda one: f"{one['cost']['device_reads']:,}"),
                ("pages written to it", lambda one: f"{one['cost']['device_writes']:,}"),
                ("memory saved, on average", _saved("saved_pages")),
                ("  at most", _saved("peak_saved_pages")),
                (
                    "pool's memory, at most",
                    lambda one: _held(one, one["result"]["memory"]["peak_pool_pages"]),
                ),
            ],
        ),
        (
            f"Time, {unit}",
            [
                ("the program waits (stall)", cost("stall")),
                ("  faults", part("trap")),
                ("  decompressing", part("decompress")),
                ("  reading the device", part("read")),
                ("  reclaim (compress, write)", part("reclaim")),
                ("the CPU is busy", cost("cpu")),
                ("the device is busy", cost("device")),
            ],
        ),
    ]
    return [
        (title, [row for row in rows if any(row[1](one) not in (None, "0") for one in results)])
        for title, rows in every
    ]


def _faults() -> list[Row]:
    def vmstat(name: str) -> Callable[[Facts], str]:
        return lambda one: f"{one['result']['vmstat'][name]:,}"

    def from_zram(one: Facts) -> str | None:
        if one["result"]["config"]["frontend"] != "zram":
            return None
        return f"{one['result']['vmstat']['pswpin'] - one['cost']['device_reads']:,}"

    def from_zswap(one: Facts) -> str | None:
        is_zswap = one["result"]["config"]["frontend"] == "zswap"
        return vmstat("zswpin")(one) if is_zswap else None

    def ahead(name: str) -> Callable[[Facts], str]:
        return lambda one: f"{one['result']['memory'][name]:,}"

    return [
        ("faults (pgmajfault)", vmstat("pgmajfault")),
        ("pages read ahead", ahead("swap_ra")),
        ("  of these used", ahead("swap_ra_hit")),
        ("from zswap", from_zswap),
        ("from zram's memory", from_zram),
        ("from the device", lambda one: f"{one['cost']['device_reads']:,}"),
        ("zeros, from the swap core", vmstat("swpin_zero")),
    ]


def _saved(name: str) -> Callable[[Facts], str | None]:
    return lambda one: _held(one, one["cost"][name])


def _held(one: Facts, pages: int) -> str | None:
    has_pool = one["result"]["config"]["frontend"] != "none"
    return format_bytes(pages * PAGE_SIZE) if has_pool else None


def side_by_side(results: Sequence[Facts], told: Sequence[Section], width: int) -> list[str]:
    """Return a table with a column for each result, or where that is too wide a block for each."""
    names = [printable(one["name"]) for one in results]
    filled = [
        (title, [(label, [cell(one) or NONE for one in results]) for label, cell in rows])
        for title, rows in told
        if rows
    ]
    every = [row for _, rows in filled for row in rows]
    label_size = max(len(label) for label, _ in every)
    for most in HEADING_COLUMNS:
        heads = [_heading(name, most) for name in names]
        sizes = [
            max(map(len, (*head, *(cells[at] for _, cells in every))))
            for at, head in enumerate(heads)
        ]
        if 1 + label_size + sum(2 + size for size in sizes) <= width:
            return _table(filled, heads, sizes, label_size)
    return _blocks(names, filled, width)


def _table(
    told: Sequence[Filled], heads: Sequence[list[str]], sizes: Sequence[int], label_size: int
) -> list[str]:
    """Return a column for each result, below its name in lines."""
    tall = max(map(len, heads))
    above = [[""] * (tall - len(head)) + head for head in heads]

    def line(label: str, cells: Sequence[str]) -> str:
        columns = (f"  {cell:>{size}}" for cell, size in zip(cells, sizes, strict=True))
        return f" {label:<{label_size}}{''.join(columns)}"

    lines = [line("", [head[at] for head in above]) for at in range(tall)]
    for title, rows in told:
        lines += [title, *(line(label, cells) for label, cells in rows)]
    return lines


def _heading(name: str, most: int) -> list[str]:
    """Return a name in lines, broken where it says another setting if that is possible."""
    if len(name) <= most:
        return [name]
    return textwrap.wrap(name.replace(",", " "), most, break_on_hyphens=False)


def _blocks(names: Sequence[str], told: Sequence[Filled], width: int) -> list[str]:
    """Return a block for each result, without what its kind cannot have."""
    lines: list[str] = []
    every = [row for _, rows in told for row in rows]
    size = max(len(cell) for _, cells in every for cell in cells)
    label_size = max(len(label) for label, _ in every)
    for at, name in enumerate(names):
        lines += [""] * (at > 0) + folded(name, width)
        for title, rows in told:
            lines += indented(title, width, 1)
            for label, cells in rows:
                if cells[at] == NONE:
                    continue
                line = f"  {label:<{label_size}}  {cells[at]:>{size}}"
                deep = 2 + len(label) - len(label.lstrip())
                folds = indented(f"{label.strip()}: {cells[at]}", width, deep)
                lines += [line] if len(line) <= width else folds
    return lines


def rests_on(told: Facts, *, ascii_only: bool = False) -> list[str]:
    """Return the values of the cost model."""
    costs, us = told["costs"], "us" if ascii_only else "µs"
    device = costs["device"]
    said = [
        f"device {printable(device['name'])}: {device['read_us']:g} {us} for a page that is waited "
        f"for, {device['write_us']:g} {us} for each of many written"
    ]
    said += [
        f"{printable(spec)}: {cpu['compress_us']:g} {us} to compress a page, "
        f"{cpu['decompress_us']:g} {us} to decompress it ({cpu['origin']})"
        for spec, cpu in costs["cpu"].items()
    ]
    share = costs["reclaim_stall_percent"]
    waits = (
        "the program waits for all of reclaim, as at the limit of a memory cgroup"
        if share == ALL_PERCENT
        else f"the program waits for {share} % of reclaim"
    )
    return [*said, f"{costs['trap_us']:g} {us} for each fault; {waits}"]
