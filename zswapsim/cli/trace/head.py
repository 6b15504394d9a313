# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace head."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, input_options, open_trace
from zswapsim.cli.options import progress_bar
from zswapsim.units import NUMBER_BITS, PAGE_SHIFT

if TYPE_CHECKING:
    from zswapsim.trace.trace import Trace


@click.command("head")
@click.argument("file", type=TRACE_PATH)
@click.option(
    "-n", "count", type=click.IntRange(min=0), default=20, show_default=True, help="So many."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@input_options
def command(file: Path, count: int, as_json: bool, reading: Any, seed: int) -> None:
    """Print the first accesses of FILE, one line each.

    Each line has the access's number, its page, the page's address if the trace knows it
    (with the number of its process in a merged trace), R or W, and the number and kind of
    what the page holds at that moment. A line "freed" says which pages the program gave
    back right before.
    """
    check_not_terminal(file)
    with progress_bar() as progress:
        trace = open_trace(file, reading, progress)
    accesses = list(described(trace, count))
    if as_json:
        click.echo(json.dumps(accesses, indent=1))
        return
    for line in _lines(trace, accesses):
        click.echo(line)


def described(trace: "Trace", count: int) -> Iterator[dict[str, Any]]:
    """Yield the first accesses, JSON-able."""
    from zswapsim.trace.analysis.content_mix import contents_of
    from zswapsim.trace.analysis.contents_at import first_accesses
    from zswapsim.trace.analysis.kinds import KINDS, kinds_of

    kinds: dict[int, str] = {}
    for access in first_accesses(trace, count):
        content = access.content
        if content is not None and content not in kinds:
            kinds[content] = KINDS[int(kinds_of(contents_of(trace, [content]))[0])]
        called = trace.page_numbers
        yield {
            "number": access.number,
            "page": access.page,
            "page_number": None if called is None else int(called[access.page]),
            "write": access.write,
            "content": content,
            "kind": "fresh" if access.fresh else None if content is None else kinds[content],
            "freed": list(access.freed),
        }


def _lines(trace: "Trace", accesses: list[dict[str, Any]]) -> Iterator[str]:
    if not accesses:
        yield f"{trace.accesses:,} accesses" + ("" if trace.accesses else ": there is no first one")
        return
    called = trace.page_numbers
    merged = called is not None and int(called.max()) >> NUMBER_BITS > 0
    rows = []
    for access in accesses:
        row = [str(access["number"]), str(access["page"])]
        if called is not None:
            row.append(_address(access["page_number"], merged=merged))
        row.append("W" if access["write"] else "R")
        if trace.has_contents or trace.counts.freed:
            content = access["content"]
            row += ["-" if content is None else str(content), access["kind"] or "-"]
        rows.append(row)
    headings = ["access", "page", *(["address"] if called is not None else []), "", "content", ""]
    headings = headings[: len(rows[0])]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))

    yield line(headings).rstrip()
    for access, row in zip(accesses, rows, strict=True):
        if access["freed"]:
            yield f"{'':>{widths[0]}} freed {_ranges(access['freed'])}"
        yield line([*row[:-1], row[-1].ljust(widths[-1])]).rstrip()


def _address(number: int, *, merged: bool) -> str:
    if not merged:
        return f"0x{number << PAGE_SHIFT:x}"
    return f"{number >> NUMBER_BITS}:0x{(number & ((1 << NUMBER_BITS) - 1)) << PAGE_SHIFT:x}"


def _ranges(pages: list[int]) -> str:
    """Return pages as text: 3-7, 9."""
    said: list[list[int]] = []
    for page in sorted(pages):
        if said and page <= said[-1][1] + 1:
            said[-1][1] = page
        else:
            said.append([page, page])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in said)
