# SPDX-License-Identifier: GPL-2.0-only
"""What compressors and pools make of some memory, as a person reads it at the terminal.

Takes the plain dictionaries of results. A table that does not fit into the columns there are is
told row by row instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.report.columns import aligned, indented
from zswapsim.report.drawing import folded, sparkline
from zswapsim.units import PAGE_SIZE, format_bytes, format_pages

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
            lines += ["", *_speeds(result, width, ascii_only=ascii_only)]
        lines += ["", *_pools(result, width), "", *_best(result, width, ascii_only=ascii_only)]
    return lines


def _heading(result: Facts, width: int) -> list[str]:
    pages = result["pages"]
    what = f" ({result['what']})" if result["what"] else ""
    measured, of = pages["measured"], pages["of"]
    drawn = f", drawn from {of:,} with seed {result['config']['seed']}" if of > measured else ""
    lines = folded(f"{result['name']}{what}", width)
    told = [
        (pages["unit"], measured, f"{format_bytes(measured * PAGE_SIZE)}{drawn}"),
        ("  all zero", pages["zero"], _share(pages["zero"], measured)),
        ("  another word repeated", pages["same_filled"], _share(pages["same_filled"], measured)),
        ("different contents", pages["distinct"], ""),
    ]
    size = max(len(f"{count:,}") for _, count, _ in told)
    for label, count, remark in told:
        line = f" {label:<23}  {count:>{size},}"
        if len(line) + 2 + len(remark) <= width:
            lines.append(f"{line}  {remark}".rstrip())
        else:
            lines += [line, *indented(remark, width, 5)]
    if pages["padded_bytes"]:
        lines += indented(
            f"{pages['padded_bytes']:,} zeros were put at the end to fill the last page", width, 1
        )
    return lines


def _lengths(result: Facts, width: int, *, ascii_only: bool) -> list[str]:
    kernel, need = result["config"]["kernel"], result["pages"]["need_room"]
    lines = folded(
        f"Compressed lengths of the {format_pages(need)} that Linux {kernel} compresses", width
    )
    first = result["compressors"][0]
    header = ["", "ratio", "mean", *(f"{p} %" for p in first["percentiles"]), "too long"]
    rows = [
        [
            told["name"],
            f"{told['ratio']:.2f}",
            f"{told['mean_length_bytes']:.0f}",
            *(f"{size:,}" for size in told["percentiles"].values()),
            _share(told["incompressible"], told["pages"]),
        ]
        for told in result["compressors"]
    ]
    lines += aligned(header, rows, width, names=1)
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


def _speeds(result: Facts, width: int, *, ascii_only: bool) -> list[str]:
    timing, unit = result["timing"], _micro(ascii_only)
    lines = folded(
        f"Time for a page, {unit}: {timing['rounds']} rounds over {timing['pages']:,} pages", width
    )
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
    return lines + aligned(header, rows, width, names=1) + indented(timing["how"], width, 1)


def _pools(result: Facts, width: int) -> list[str]:
    lines = folded("Pools filled with them: GiB of pages that 1 GiB of pool holds", width)
    header = ["", "", "1 GiB", "dens", "file", "data", "head", "round", "holes", "unfull", "out"]
    rows = [_pool_row(pool) for pool in result["pools"]]
    lines += aligned(header, rows, width, names=2)
    for line in LEGEND:
        lines += indented(line, width, 1)
    kernel = result["config"]["kernel"]
    others = {pool["zpool"]: pool["kernel"] for pool in result["pools"] if pool["kernel"] != kernel}
    for zpool, other in others.items():
        lines += indented(f"{zpool} is that of Linux {other}; {kernel} has none", width, 1)
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


def _best(result: Facts, width: int, *, ascii_only: bool) -> list[str]:
    """Return the answer in a sentence or two."""
    filled = [pool for pool in result["pools"] if pool["gib_holds"]]
    if not filled:
        return folded("No pool took any of them", width)
    best = max(filled, key=lambda pool: pool["gib_holds"])
    lines = folded(
        f"1 GiB of pool holds most with {best['compressor']} in {best['zpool']}: "
        f"{best['gib_holds']:.2f} GiB",
        width,
    )
    lines += indented(
        f"with that, 1 GiB of memory holds {best['ram_ratio']:.2f} GiB when a pool of "
        f"{result['config']['pool_percent']} % of it is full",
        width,
        1,
    )
    if result["timing"]:
        quick = min(
            result["compressors"], key=lambda told: told["speed"]["decompress"]["median_us"]
        )
        taken = quick["speed"]["decompress"]["median_us"]
        lines += indented(
            f"quickest to bring back: {quick['name']}, {taken:.1f} {_micro(ascii_only)} a page",
            width,
            1,
        )
    return lines


def _micro(ascii_only: bool) -> str:
    return "us" if ascii_only else "µs"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f} %"
