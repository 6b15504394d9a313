# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim ratio."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.asserting import assert_option, check_assertions
from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import check_not_terminal, seed_option
from zswapsim.cli.machine_options import kernel_option
from zswapsim.cli.options import (
    check_distinct,
    console,
    csv_option,
    csv_text,
    progress_bar,
    write_whole,
)
from zswapsim.cli.settings import SettingsCommand
from zswapsim.cli.values import (
    COMPRESSORS,
    FILE_OR_ID,
    FORMAT,
    SIZE,
    ZPOOLS,
    names_in_list,
)
from zswapsim.json_text import json_text
from zswapsim.progress import Progress
from zswapsim.units import MAX_PERCENT, parse_pages

if TYPE_CHECKING:
    from zswapsim.experiment.assertions import Assertion, Names
    from zswapsim.experiment.ratio import PageSet, RatioResult


def _names() -> "Names":
    from zswapsim.experiment.ratio.result import ROW_NUMBERS

    return {"": ROW_NUMBERS}


@click.command(
    "ratio", cls=SettingsCommand, short_help="Say what compressors and pools make of your memory."
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=FILE_OR_ID)
@click.option(
    "--compressor",
    "compressors",
    default="lz4,lzo-rle,zstd",
    show_default=True,
    metavar="NAME[:SETTING],...",
    type=COMPRESSORS,
    help="Compressors, as lz4,zstd:1-9,lzo-rle; a setting may be a range.",
)
@click.option(
    "--zpool",
    "zpools",
    default="zbud,z3fold,zsmalloc",
    show_default=True,
    metavar="NAME,...",
    type=ZPOOLS,
    help="Pools to fill. One that the kernel has not is that of the nearest kernel that had it.",
)
@kernel_option("Kernel whose compressors and pools these are, as 6.1")
@click.option(
    "--sample",
    default="64M",
    show_default=True,
    metavar="SIZE",
    type=SIZE,
    help="Look at a sample of each INPUT if it holds more than that.",
)
@seed_option
@click.option(
    "--pool-percent",
    type=click.IntRange(0, MAX_PERCENT),
    default=20,
    show_default=True,
    help="Share of memory that the pool may take, to say what all of it would hold.",
)
@click.option(
    "--time/--no-time",
    "timed",
    default=True,
    show_default=True,
    help="Measure how long pages take. Without, the same pages give the same output.",
)
@click.option(
    "--format",
    "format_",
    metavar="NAME",
    type=FORMAT,
    show_default="recognised by the content",
    help="What the files are; raw for their bytes, whatever they are.",
)
@assert_option(_names)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@csv_option("Write a row for each compressor and pool to this CSV file.")
@html_option
def command(
    inputs: tuple[str, ...],
    compressors: str,
    zpools: str,
    kernel: str,
    sample: str,
    seed: int,
    pool_percent: int,
    timed: bool,
    format_: str | None,
    assertions: "Sequence[Assertion]",
    as_json: bool,
    csv_path: Path | None,
    html: Path | None,
) -> int:
    """Say what compressors and pools make of the memory in INPUT, without a replay.

    How small pages become and how long that takes, how many pages each pool holds, and where its
    memory goes. Several INPUTs are told one by one and together.

    INPUT is a trace, a snapshot, a process ID, a core file or memory image, or any file, whose
    bytes are cut into pages; - is standard input, and ./123 a file of that name.
    """
    from zswapsim.content.compressors.spec_list import parse_spec_list
    from zswapsim.experiment.ratio import RatioConfig, measure_ratios

    _check_inputs(inputs, csv_path, html)
    config = RatioConfig(
        compressors=parse_spec_list(compressors),
        zpools=names_in_list(zpools),
        kernel=kernel,
        sample_pages=parse_pages(sample),
        seed=seed,
        timed=timed,
        pool_percent=pool_percent,
    )
    with progress_bar() as progress:
        pages = [_pages(text, format_, config.sample_pages, seed, progress) for text in inputs]
        results = measure_ratios(_told_apart(pages, inputs), config, progress)
    _print(results, as_json=as_json)
    rows = [row for result in results for row in result.rows()]
    if csv_path is not None:
        write_whole(csv_path, csv_text(rows))
    if html is not None:
        write_report([_told(results)], html)
    names = ("{input}, " if len(inputs) > 1 else "") + "{compressor} in {zpool}"
    return check_assertions(assertions, [(names.format_map(row), row) for row in rows])


def _check_inputs(inputs: Sequence[str], csv_path: Path | None, html: Path | None) -> None:
    """Refuse inputs that cannot be read, before any is."""
    for text in inputs:
        check_not_terminal(Path(text))
        if text != "-" and not text.isdecimal():
            check_distinct(Path(text), csv_path, html)
            if Path(text).is_dir():
                raise click.UsageError(f"{text}: is a folder")
    check_distinct(csv_path, html)
    if inputs.count("-") > 1:
        raise click.UsageError("standard input can be read once only")


def _pages(
    text: str, format_: str | None, sample_pages: int, seed: int, progress: Progress | None
) -> "PageSet":
    """Return the pages of one input, or a sample of them."""
    from zswapsim.experiment.ratio import pages_of_trace
    from zswapsim.trace.images.plain import open_memory

    trace = open_memory(
        text, format_=format_, sample_pages=sample_pages, seed=seed, progress=progress
    )
    return pages_of_trace(trace, sample_pages=sample_pages, seed=seed)


def _told_apart(pages: "list[PageSet]", inputs: Sequence[str]) -> "list[PageSet]":
    """Return the pages with names by which a person can tell one from the other."""
    times = Counter(one.name for one in pages)
    return [
        one if times[one.name] == 1 else replace(one, name=text)
        for one, text in zip(pages, inputs, strict=True)
    ]


def _told(results: "Sequence[RatioResult]") -> dict[str, Any]:
    """Return all results as plain data, the one of all inputs together apart."""
    told = [result.to_dict() for result in results]
    inputs = told[:-1] if len(told) > 1 else told
    return {"inputs": inputs, "total": told[-1] if len(told) > 1 else None}


def _print(results: "Sequence[RatioResult]", *, as_json: bool) -> None:
    if as_json:
        click.echo(json_text(_told(results)))
        return
    from zswapsim.report.ratio import print_ratios

    print_ratios([result.to_dict() for result in results], console())
