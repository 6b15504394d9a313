# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim replay."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli import INTERRUPTED
from zswapsim.cli.asserting import assert_option, check_assertions, check_frontend
from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import TRACE_PATH, workload_options
from zswapsim.cli.machine_options import (
    engine_option,
    fault_option,
    kernel_option,
    memory_option,
    page_cluster_option,
    reclaim_option,
    swap_size_option,
    zpool_option,
)
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
from zswapsim.cli.settings import SettingsCommand
from zswapsim.cli.values import (
    COMPRESSOR,
    SIZE_OR_PERCENT,
)
from zswapsim.units import MAX_PERCENT

if TYPE_CHECKING:
    from zswapsim.experiment.assertions import Assertion


@click.command("replay", cls=SettingsCommand, short_help="Replay a trace.")
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
@memory_option()
@click.option(
    "--compressor",
    default="lz4",
    show_default=True,
    metavar="NAME[:SETTING]",
    type=COMPRESSOR,
    help="Compressor, as lz4, lz4:acceleration=4 or zstd:5.",
)
@zpool_option
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
@kernel_option("Kernel whose zswap is simulated, as 5.4")
@click.option(
    "--zram-limit",
    metavar="SIZE|PERCENT",
    type=SIZE_OR_PERCENT,
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
@reclaim_option
@page_cluster_option(
    "Read ahead up to 2^N slots around that of a fault; 0 is off, 3 the kernel's default."
)
@swap_size_option("Size of the swap file.")
@click.option(
    "--swap-file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(check_writable),
    show_default="a temporary file",
    help="Put the swap file here and keep it.",
)
@fault_option
@click.option(
    "--bytes/--no-bytes",
    "carry_bytes",
    default=True,
    show_default=True,
    help="Move real bytes through pool and swap file, and check every page that comes back.",
)
@engine_option(
    "How the machine runs; the numbers are the same. Compiling takes half a minute once, then "
    "a run is many times faster; auto compiles for long traces."
)
@click.option(
    "--series",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(check_writable),
    help="Write the counters over time to this CSV file.",
)
@assert_option()
@html_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    trace: Path,
    workload: Callable[..., Any],
    seed: int,
    swap_file: Path | None,
    series: Path | None,
    assertions: "Sequence[Assertion]",
    html: Path | None,
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

    check_distinct(trace, swap_file, series, html)
    pictures = as_json or series is not None or html is not None
    config = ReplayConfig(swap_file=None if swap_file is None else str(swap_file), **settings)
    check_frontend(assertions, config.frontend)
    with StopFlag().watching() as stop, progress_bar() as progress:
        whole = workload(trace, progress)
        result = replay(whole, config, progress=progress, stop=stop, pictures=pictures)
    if as_json:
        click.echo(result.to_json())
    else:
        from zswapsim.report.table import print_result

        print_result(result.to_dict(), console())
    if series is not None:
        write_whole(series, csv_text(_rows(result.series)))
    if html is not None:
        write_report([result.to_dict()], html)
    return (
        check_assertions(assertions, [("", result.to_dict())]) if result.complete else INTERRUPTED
    )


def _rows(columns: dict[str, list[int]]) -> list[dict[str, int]]:
    """Return columns as rows."""
    lines = zip(*columns.values(), strict=True)
    return [dict(zip(columns, line, strict=True)) for line in lines]
