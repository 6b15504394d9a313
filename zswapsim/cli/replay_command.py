# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim replay."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, workload_options
from zswapsim.cli.options import (
    StopFlag,
    check_distinct,
    check_writable,
    checked,
    console,
    csv_text,
    progress_bar,
    write_whole,
)
from zswapsim.machine.pools import zpool
from zswapsim.machine.readahead import MAX_PAGE_CLUSTER
from zswapsim.machine.reclaim import POLICIES
from zswapsim.profiles import DEFAULT_KERNEL, profile
from zswapsim.units import MAX_PAGES, MAX_PERCENT, parse_pages


def _is_size(text: str) -> int:
    return parse_pages(text, MAX_PAGES)


def _is_compressor(spec: str) -> None:
    from zswapsim.content.compressors import compressor

    compressor(spec)


@click.command("replay", short_help="Replay a trace.")
@click.argument("trace", type=TRACE_PATH)
@workload_options
@click.option(
    "--frontend",
    type=click.Choice(["zswap", "zram", "none"]),
    default="zswap",
    show_default=True,
    help="What keeps swapped-out pages compressed in memory: zswap in front of a swap file, zram "
    "in its place, or nothing (plain swap).",
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
    "--compressor",
    default="lz4",
    show_default=True,
    metavar="NAME[:SETTING]",
    callback=checked(_is_compressor),
    help="Compressor, as lz4, lz4:acceleration=4 or zstd:5.",
)
@click.option(
    "--zpool",
    "zpool_",
    metavar="NAME",
    callback=checked(zpool.get_driver),
    show_default="the kernel's own: zbud, from 6.8 on zsmalloc",
    help="Allocator of the pool; see `zswapsim list zpools`.",
)
@click.option(
    "--max-pool-percent",
    type=click.IntRange(0, MAX_PERCENT),
    default=20,
    show_default=True,
    help="The pool's limit, in percent of memory.",
)
@click.option(
    "--accept-threshold-percent",
    type=click.IntRange(0, MAX_PERCENT),
    default=None,
    show_default="the kernel's",
    help="Once full, accept pages again below this percentage of the limit.",
)
@click.option(
    "--same-filled/--no-same-filled",
    "same_filled_pages_enabled",
    default=True,
    show_default=True,
    help="Keep pages of one repeated word without compressing them.",
)
@click.option(
    "--kernel",
    default=DEFAULT_KERNEL,
    show_default=True,
    metavar="VERSION",
    callback=checked(profile),
    help="Kernel whose zswap is simulated, as 5.4; see `zswapsim list profiles`.",
)
@click.option(
    "--zram-limit",
    metavar="SIZE|PERCENT",
    callback=checked(_is_size),
    show_default="none",
    help="Limit of zram's memory; a percentage is of --memory.",
)
@click.option(
    "--zram-writeback",
    metavar="MODE:ACCESSES",
    help="Every so many accesses, write pages of zram back to a backing device: idle:100000 those "
    "not used since the last time, huge:N those stored uncompressed, huge_idle:N those of both.",
)
@click.option(
    "--exclusive-loads",
    is_flag=True,
    help="Take a page out of zswap when it is loaded: an option of 6.6 and 6.8, and the only way "
    "from 6.12 on.",
)
@click.option(
    "--shrinker",
    "shrinker_enabled",
    is_flag=True,
    help="Let reclaim ask zswap for writeback before its limit is hit: an option from 6.8 on.",
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
    help="Read ahead up to 2^N slots around that of a fault; 0 is off, 3 the kernel's default.",
)
@click.option(
    "--swap-size",
    metavar="SIZE|PERCENT",
    callback=checked(_is_size),
    show_default="room for every page",
    help="Size of the swap file.",
)
@click.option(
    "--swap-file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(check_writable),
    show_default="a temporary file",
    help="Put the swap file here and keep it.",
)
@click.option(
    "--bytes/--no-bytes",
    "carry_bytes",
    default=True,
    show_default=True,
    help="Move real bytes through pool and swap file, and check every page that comes back.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "interpreted", "compiled"]),
    default="auto",
    show_default=True,
    help="How the machine runs; the numbers are the same. Compiling takes half a minute once, then "
    "a run is many times faster; auto compiles for long traces.",
)
@click.option(
    "--series",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(check_writable),
    help="Write the counters over time to this CSV file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    trace: Path,
    workload: Callable[..., Any],
    seed: int,
    zpool_: str | None,
    swap_file: Path | None,
    series: Path | None,
    as_json: bool,
    **settings: Any,
) -> int:
    """Replay TRACE: resident memory under a limit, zswap, and a swap file behind it.

    Prints what happened and what zswap saved. Every page that comes back is checked.

    TRACE is a trace, a log of another tool (see `zswapsim list formats`), a snapshot or a core
    file, plain or compressed; - is standard input. What it lacks, accesses or contents, is made up,
    and the result says so.
    """
    from zswapsim.experiment.config import ReplayConfig
    from zswapsim.experiment.replay import replay

    check_not_terminal(trace)
    check_distinct(trace, swap_file, series)
    config = ReplayConfig(
        zpool=zpool_, swap_file=None if swap_file is None else str(swap_file), **settings
    )
    samples: list[dict[str, int]] | None = None if series is None else []
    with StopFlag().watching() as stop, progress_bar() as progress:
        whole = workload(trace, progress)
        result = replay(whole, config, progress=progress, stop=stop, series=samples)
    if as_json:
        click.echo(result.to_json())
    else:
        from zswapsim.report.table import print_result

        print_result(result.to_dict(), console())
    if series is not None and samples is not None:
        write_whole(series, csv_text(samples))
    return 0 if result.complete else 130
