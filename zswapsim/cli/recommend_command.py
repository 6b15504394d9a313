# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim recommend."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.costs import CostOptions, cost_options
from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import TRACE_PATH, workload_options
from zswapsim.cli.machine_options import (
    engine_option,
    jobs_option,
    kernel_option,
    memory_option,
    reclaim_option,
)
from zswapsim.cli.options import StopFlag, check_distinct, console, progress_bar
from zswapsim.cli.settings import SettingsCommand
from zswapsim.cli.values import COMPRESSORS, FRONTENDS, ZPOOLS, names_in_list
from zswapsim.json_text import json_text
from zswapsim.profiles import CURRENT_KERNEL

MOST_COPIES = 1000


@click.command("recommend", cls=SettingsCommand, short_help="Find settings that wait least.")
@click.argument("trace", type=TRACE_PATH)
@memory_option("Memory, less than the trace touches: a share of that, or a size.")
@kernel_option("Kernel whose settings these are", CURRENT_KERNEL)
@click.option(
    "--max-cpu",
    "max_cpu_percent",
    type=click.FloatRange(0, 100_000),
    metavar="PERCENT",
    show_default="any",
    help="CPU time that swapping may take, in percent of the time that plain swap would wait.",
)
@click.option(
    "--frontend",
    "frontends",
    type=FRONTENDS,
    metavar="NAME,...",
    default="zswap,zram,none",
    show_default=True,
    help="What to choose among: zswap, zram, none (plain swap).",
)
@click.option(
    "--compressor",
    "compressors",
    type=COMPRESSORS,
    metavar="NAME,...",
    show_default="lz4, lzo-rle, zstd as far as the kernel has them",
    help="Compressors to try, with levels as zstd:1 where zram takes them.",
)
@click.option(
    "--zpool",
    "zpools",
    type=ZPOOLS,
    metavar="NAME,...",
    show_default="the kernel's",
    help="Pools to try.",
)
@click.option(
    "--copies",
    type=click.IntRange(1, MOST_COPIES),
    metavar="N",
    show_default="as many as make 64 MiB, at most 16",
    help="Run so many of the program side by side: on a few MiB, zsmalloc's partly filled groups "
    "weigh far more than on a machine of gigabytes.",
)
@reclaim_option
@jobs_option("Processes to run settings in.")
@cost_options
@workload_options
@engine_option(
    "How machines run; the numbers are the same. Each kind is compiled once, in 20 seconds."
)
@html_option
@click.option("--json", "as_json", is_flag=True, help="Print the recommendation as JSON.")
def command(
    trace: Path,
    asked: CostOptions,
    workload: Callable[..., Any],
    seed: int,
    frontends: str,
    compressors: str | None,
    zpools: str | None,
    html: Path | None,
    as_json: bool,
    **settings: Any,
) -> int:
    """Search the settings of zswap, zram and plain swap for those that let TRACE wait least.

    Says what to set, what that is worth against the others, and why; and prints the settings as a
    kernel command line, files and commands to paste.

    TRACE is what `zswapsim replay` takes. It stands for a larger program of its kind: --memory is
    the share of it that fits into memory.
    """
    from zswapsim.experiment.recommend import RecommendConfig, recommend

    check_distinct(trace, html)
    config = RecommendConfig(
        costs=asked.costs,
        measure=asked.measure,
        frontends=names_in_list(frontends),
        compressors=None if compressors is None else names_in_list(compressors),
        zpools=None if zpools is None else names_in_list(zpools),
        **settings,
    )
    with StopFlag().watching() as stop, progress_bar() as progress:
        whole = workload(trace, progress)
        told = recommend(whole, config, progress=progress, stop=stop)
    if html is not None:
        write_report([told], html)
    if as_json:
        click.echo(json_text(told))
    else:
        from zswapsim.report.recommend import print_recommendation

        print_recommendation(told, console())
    return 0 if told["best"] is not None else 1
