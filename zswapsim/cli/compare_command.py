# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim compare."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.asserting import assert_option, check_assertions
from zswapsim.cli.costs import CostOptions, cost_options
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
)
from zswapsim.cli.options import (
    check_distinct,
    console,
    csv_option,
    csv_text,
    progress_bar,
    write_whole,
)
from zswapsim.cli.settings import SettingsCommand
from zswapsim.cli.values import COMPRESSOR
from zswapsim.json_text import json_text
from zswapsim.profiles import CURRENT_KERNEL

if TYPE_CHECKING:
    from zswapsim.experiment.assertions import Assertion, Names


def _names() -> "Names":
    from zswapsim.experiment.assertions import names_of_rows
    from zswapsim.experiment.comparison import ROW_NAMES

    return names_of_rows(ROW_NAMES)


@click.command("compare", cls=SettingsCommand, short_help="Set zswap and zram side by side.")
@click.argument("trace", type=TRACE_PATH)
@click.argument("configs", metavar="[CONFIG]...", nargs=-1)
@memory_option()
@kernel_option("Kernel that is simulated", CURRENT_KERNEL)
@click.option(
    "--compressor",
    default="zstd",
    show_default=True,
    metavar="NAME[:SETTING]",
    type=COMPRESSOR,
    help="Compressor of zswap and zram, as lz4 or zstd:5.",
)
@reclaim_option
@page_cluster_option(
    "Read ahead up to 2^N slots around that of a fault, but never from zram; 0 is off, 3 the "
    "kernel's default."
)
@swap_size_option("Size of the swap file, or of zram.")
@fault_option
@cost_options
@workload_options
@click.option(
    "--sensitivity",
    "with_sensitivity",
    is_flag=True,
    help="Say how the answer changes with the device (a tenth to ten times as slow), the CPU (a "
    "quarter to four times) and the share of reclaim that is waited for.",
)
@engine_option("How the machine runs; the numbers are the same.")
@assert_option(_names)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@csv_option("Write a row for each configuration to this CSV file.")
@html_option
def command(
    trace: Path,
    configs: tuple[str, ...],
    asked: CostOptions,
    workload: Callable[..., Any],
    seed: int,
    with_sensitivity: bool,
    assertions: "Sequence[Assertion]",
    html: Path | None,
    as_json: bool,
    csv_path: Path | None,
    **shared: Any,
) -> int:
    """Run TRACE under several configurations: which waits least, and what does that cost?

    CONFIG is [NAME:] FRONTEND[,SETTING=VALUE]..., as 'small: zswap,max_pool_percent=10', with the
    frontends zswap, zram and none (plain swap), and replay's settings under the kernel's names.
    Without CONFIG these are plain swap, zswap with the kernel's own pool and limit, and zram
    without a limit. Faults, reads, writes and memory are counted; times are made of them and of
    what a page costs on a device and a CPU, which is printed beside the answer.
    """
    from zswapsim.experiment.comparison import DEFAULT_CONFIGS, compare, flat_rows, parse_configs

    check_distinct(trace, csv_path, html)
    named = parse_configs(configs or DEFAULT_CONFIGS, shared)
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
    rows = flat_rows(told)
    if csv_path is not None:
        write_whole(csv_path, csv_text(rows))
    if as_json:
        click.echo(json_text(told))
    else:
        from zswapsim.report.compare import print_comparison

        print_comparison(told, console())
    if html is not None:
        write_report([told], html)
    return check_assertions(assertions, [(row["name"], row) for row in rows])
