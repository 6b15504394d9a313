# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.costs import CostOptions, cost_options
from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, workload_options
from zswapsim.cli.options import (
    check_distinct,
    check_writable,
    checked,
    console,
    csv_text,
    progress_bar,
    write_whole,
)
from zswapsim.json_text import json_text
from zswapsim.machine.readahead import MAX_PAGE_CLUSTER
from zswapsim.machine.reclaim import POLICIES
from zswapsim.profiles import profile
from zswapsim.units import MAX_PAGES, parse_pages


def _is_size(text: str) -> int:
    return parse_pages(text, MAX_PAGES)


def _is_compressor(spec: str) -> None:
    from zswapsim.content.compressors import compressor

    compressor(spec)


@click.command("compare", short_help="Set zswap, zram and plain swap side by side.")
@click.argument("trace", type=TRACE_PATH)
@click.argument("configs", metavar="[CONFIG]...", nargs=-1)
@click.option(
    "--config",
    "more_configs",
    multiple=True,
    metavar="[NAME:] FRONTEND[,SETTING=VALUE]...",
    show_default="plain swap, zswap and zram",
    help="A configuration, as 'small: zswap,compressor=lz4,max_pool_percent=10', in place of the "
    "usual three; the same as CONFIG. Frontends are zswap, zram and none, settings those of "
    "replay, under the kernel's names.",
)
@click.option(
    "--memory",
    default="50%",
    show_default=True,
    metavar="SIZE|PERCENT",
    callback=checked(_is_size),
    help="Total RAM, for resident pages and pool together: 64M, 300p (pages), or a share of the "
    "pages that the trace touches.",
)
@click.option(
    "--kernel",
    default="6.12",
    show_default=True,
    metavar="VERSION",
    callback=checked(profile),
    help="Kernel that is simulated; see `zswapsim list profiles`.",
)
@click.option(
    "--compressor",
    default="zstd",
    show_default=True,
    metavar="NAME[:SETTING]",
    callback=checked(_is_compressor),
    help="Compressor of zswap and zram, as lz4 or zstd:5.",
)
@click.option(
    "--reclaim",
    default="lru",
    show_default=True,
    metavar="NAME",
    callback=checked(POLICIES.get),
    help="Policy that picks the pages to swap out; see `zswapsim list policies`.",
)
@click.option(
    "--page-cluster",
    type=click.IntRange(0, MAX_PAGE_CLUSTER),
    default=0,
    show_default=True,
    help="Read ahead up to 2^N slots around that of a fault, but never from zram; 0 is off, 3 the "
    "kernel's default.",
)
@click.option(
    "--swap-size",
    metavar="SIZE|PERCENT",
    callback=checked(_is_size),
    show_default="room for every page",
    help="Size of the swap file, or of zram.",
)
@cost_options
@workload_options
@click.option(
    "--sensitivity",
    "with_sensitivity",
    is_flag=True,
    help="Say how the answer changes with the device (a tenth to ten times as slow), the CPU (a "
    "quarter to four times) and the share of reclaim that is waited for.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "interpreted", "compiled"]),
    default="auto",
    show_default=True,
    help="How the machine runs; the numbers are the same.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(check_writable),
    help="Write a row for each configuration to this CSV file.",
)
@html_option
def command(
    trace: Path,
    configs: tuple[str, ...],
    more_configs: tuple[str, ...],
    asked: CostOptions,
    workload: Callable[..., Any],
    seed: int,
    with_sensitivity: bool,
    as_json: bool,
    csv_path: Path | None,
    html: Path | None,
    **shared: Any,
) -> None:
    """Run TRACE under several configurations: which waits least, and what does that cost?

    Without CONFIG these are plain swap, zswap with the kernel's own pool and limit, and zram
    without a limit. Faults, reads, writes and memory are counted; times are made of them and of
    what a page costs on a device and a CPU, which is printed beside the answer.
    """
    from zswapsim.experiment.comparison import DEFAULT_CONFIGS, compare, flat_rows, parse_configs

    check_not_terminal(trace)
    check_distinct(trace, csv_path, html)
    named = parse_configs((*configs, *more_configs) or DEFAULT_CONFIGS, shared)
    with progress_bar() as progress:
        told = compare(
            workload(trace, progress),
            named,
            asked.costs,
            measure=asked.measure,
            with_sensitivity=with_sensitivity or html is not None,
            pictures=as_json or html is not None,
            progress=progress,
        )
    if csv_path is not None:
        write_whole(csv_path, csv_text(flat_rows(told)))
    if html is not None:
        write_report([told], html)
    if as_json:
        click.echo(json_text(told))
        return
    from zswapsim.report.compare import print_comparison

    print_comparison(told, console())
