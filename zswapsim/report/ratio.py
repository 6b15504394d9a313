# SPDX-License-Identifier: GPL-2.0-only
"""What compressors and pools make of some memory, as a person reads it at the terminal.

Takes the plain dictionaries of results. A table that does not fit into the columns there are is
told row by row instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from zswapsim.report.columns import aligned, indented
from zswapsim.report.drawing import folded, sparkline
from zswapsim.units import PAGE_SIZE, format_bytes, format_pages, format_share

HISTOGRAM_COLUMNS = 64
LEGEND = (
    "dens: pages in a page of the pool, in an order that was drawn; file: in file order",
    "data, head(ers), round(ing up), holes, unfull (zsmalloc's zspages that are not full, which a "
    "larger pool has no more of): % of the pool as it was filled",
    "out: % of the pages that are too long for it and stay outside",
)
Facts = Mapping[str, Any]


def print_ratios(results: Sequence[Facts], console: Console) -> None:
    """Print results one after the other; the console decides on colour, width and characters."""
    ascii_only = console.options.ascii_only
    for at, result in enumerate(results):
        lines = ratio_lines(result, console.width, ascii_only=ascii_only)
        for line in [""] * (at > 0) + lines:
            heading = line[:1] not in ("", " ")
            console.print(Text(line, style="bold" if heading else ""), soft_wrap=True)


def ratio_lines(result: Facts, width: int, *, ascii_only: bool = False) -> list[str]:
    """Return the lines to print, none longer than width; lines of a section begin with a space."""
    lines = _heading(result, width)
    if result["pages"]["need_room"]:
        lines += ["", *_lengths(result, width, ascii_only=ascii_only)]
        if result["timing"]:
            table = speeds_table(result, ascii_only=ascii_only)
            lines += ["", *_with_notes(table, width, names=1)]
        lines += ["", *_with_notes(pools_table(result), width, names=2), ""]
        answer, *more = answers(result, ascii_only=ascii_only)
        lines += folded(answer, width)
        for line in more:
            lines += indented(line, width, 1)
    return lines


def heading(result: Facts) -> str:
    """Return which memory it is."""
    return f"{result['name']} ({result['what']})" if result["what"] else str(result["name"])


def page_rows(result: Facts) -> list[tuple[str, int, str]]:
    """Return what pages were measured: label, number, remark."""
    pages = result["pages"]
    measured, of = pages["measured"], pages["of"]
    drawn = f", drawn from {of:,} with seed {result['config']['seed']}" if of > measured else ""
    return [
        (pages["unit"], measured, f"{format_bytes(measured * PAGE_SIZE)}{drawn}"),
        ("  all zero", pages["zero"], format_share(pages["zero"], measured)),
        (
            "  another word repeated",
            pages["same_filled"],
            format_share(pages["same_filled"], measured),
        ),
        ("different contents", pages["distinct"], ""),
    ]


def padded(result: Facts) -> str:
    """Return how the last page was filled, if it was, or nothing."""
    count = result["pages"]["padded_bytes"]
    return f"{count:,} zeros were put at the end to fill the last page" if count else ""


def _heading(result: Facts, width: int) -> list[str]:
    lines = folded(heading(result), width)
    told = page_rows(result)
    size = max(len(f"{count:,}") for _, count, _ in told)
    for label, count, remark in told:
        line = f" {label:<23}  {count:>{size},}"
        if len(line) + 2 + len(remark) <= width:
            lines.append(f"{line}  {remark}".rstrip())
        else:
            lines += [line, *indented(remark, width, 5)]
    if said := padded(result):
        lines += indented(said, width, 1)
    return lines


class Printed(NamedTuple):
    """A table as text: title, heading, rows, and what it rests on."""

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]


def lengths_table(result: Facts) -> Printed:
    """Return what pages compress to, a row for each compressor."""
    kernel, need = result["config"]["kernel"], result["pages"]["need_room"]
    title = f"Compressed lengths of the {format_pages(need)} that Linux {kernel} compresses"
    first = result["compressors"][0]
    header = ["", "ratio", "mean", *(f"{p} %" for p in first["percentiles"]), "too long"]
    rows = [
        [
            told["name"],
            f"{told['ratio']:.2f}",
            f"{told['mean_length_bytes']:.0f}",
            *(f"{size:,}" for size in told["percentiles"].values()),
            format_share(told["incompressible"], told["pages"]),
        ]
        for told in result["compressors"]
    ]
    return Printed(title, header, rows, [])


def _lengths(result: Facts, width: int, *, ascii_only: bool) -> list[str]:
    title, header, rows, _ = lengths_table(result)
    lines = folded(title, width) + aligned(header, rows, width, names=1)
    columns = max(len(told["name"]) for told in result["compressors"])
    room = min(HISTOGRAM_COLUMNS, width - columns - 3)
    if room >= 16:
        lines += ["", *indented(f"pages by length, 0 to {PAGE_SIZE} bytes", width, 1)]
        lines += [
            f" {told['name']:<{columns}}  "
            + sparkline(told["histogram"], room, ascii_only=ascii_only)
            for told in result["compressors"]
        ]
    return lines


def speeds_table(result: Facts, *, ascii_only: bool = False) -> Printed:
    """Return how long pages take, a row for each compressor."""
    timing, unit = result["timing"], _micro(ascii_only)
    title = f"Time for a page, {unit}: {timing['rounds']} rounds over {timing['pages']:,} pages"
    header = [""]
    for way in ("compress", "decompress"):
        header += [way, "fastest-slowest", "MB/s"]
    rows = []
    for told in result["compressors"]:
        row = [told["name"]]
        for way in ("compress", "decompress"):
            speed = told["speed"][way]
            row += [
                f"{speed['median_us']:.1f}",
                f"{speed['min_us']:.1f}-{speed['max_us']:.1f}",
                f"{speed['mb_per_s']:,.0f}",
            ]
        rows.append(row)
    return Printed(title, header, rows, [timing["how"]])


def pools_table(result: Facts) -> Printed:
    """Return what pools make of the pages, a row for each compressor and pool."""
    title = "Pools filled with them: GiB of pages that 1 GiB of pool holds"
    header = ["", "", "1 GiB", "dens", "file", "data", "head", "round", "holes", "unfull", "out"]
    rows = [_pool_row(pool) for pool in result["pools"]]
    kernel = result["config"]["kernel"]
    said = [
        f"{pool['zpool']} is that of Linux {pool['kernel']}; {kernel} has none"
        for pool in result["pools"]
        if pool["kernel"] != kernel
    ]
    return Printed(title, header, rows, [*LEGEND, *dict.fromkeys(said)])


def _with_notes(table: Printed, width: int, *, names: int) -> list[str]:
    """Return the lines of a table, and below it what it rests on."""
    lines = folded(table.title, width) + aligned(table.header, table.rows, width, names=names)
    for line in table.notes:
        lines += indented(line, width, 1)
    return lines


def _pool_row(pool: Facts) -> list[str]:
    gone = pool["bytes"]
    total = pool["pool_pages"] * PAGE_SIZE

    def percent(*names: str) -> str:
        return f"{100 * sum(gone[name] for name in names) / total:.1f}" if total else "-"

    row = [pool["compressor"], pool["zpool"], _number(pool["gib_holds"])]
    row += [_number(pool["density"]), _number(pool["file_order"]["density"]), percent("data")]
    if "other" in gone:
        row += [percent("zswap_headers"), percent("other"), "-", "-"]
    else:
        row += [percent("zswap_headers", "pool_headers"), percent("rounding")]
        row += [percent("holes", "tails"), percent("unfilled")]
    return [*row, f"{100 * pool['refused'] / max(1, pool['offered']):.1f}"]


def answers(result: Facts, *, ascii_only: bool = False) -> list[str]:
    """Return the answer in a sentence or three."""
    filled = [pool for pool in result["pools"] if pool["gib_holds"]]
    if not filled:
        return ["No pool took any of them"]
    best = max(filled, key=lambda pool: pool["gib_holds"])
    said = [
        f"1 GiB of pool holds most with {best['compressor']} in {best['zpool']}: "
        f"{best['gib_holds']:.2f} GiB",
        f"with that, 1 GiB of memory holds {best['ram_ratio']:.2f} GiB when a pool of "
        f"{result['config']['pool_percent']} % of it is full",
    ]
    if result["timing"]:
        quick = min(
            result["compressors"], key=lambda told: told["speed"]["decompress"]["median_us"]
        )
        taken = quick["speed"]["decompress"]["median_us"]
        said.append(
            f"quickest to bring back: {quick['name']}, {taken:.1f} {_micro(ascii_only)} a page"
        )
    return said


def _micro(ascii_only: bool) -> str:
    return "us" if ascii_only else "µs"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
