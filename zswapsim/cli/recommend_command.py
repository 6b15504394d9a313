# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim recommend."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.costs import CostOptions, cost_options
from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, workload_options
from zswapsim.cli.options import StopFlag, checked, console, progress_bar
from zswapsim.machine.reclaim import POLICIES
from zswapsim.profiles import profile
from zswapsim.units import MAX_PAGES, parse_pages

MOST_COPIES = 1000


def _is_size(text: str) -> int:
    return parse_pages(text, MAX_PAGES)


def _words(text: str | None) -> list[str] | None:
    return None if text is None else list(dict.fromkeys(map(str.strip, text.split(","))))


@click.command("recommend", short_help="Find the settings that let a program wait least.")
@click.argument("trace", type=TRACE_PATH)
@click.option(
    "--memory",
    default="50%",
    show_default=True,
    metavar="SIZE|PERCENT",
    callback=checked(_is_size),
    help="Memory, less than the trace touches: a share of that, or a size.",
)
@click.option(
    "--kernel",
    default="6.12",
    show_default=True,
    metavar="VERSION",
    callback=checked(profile),
    help="Kernel whose settings these are; see `zswapsim list profiles`.",
)
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
    metavar="NAME,...",
    default="zswap,zram,none",
    show_default=True,
    help="What to choose among: zswap, zram, none (plain swap).",
)
@click.option(
    "--compressor",
    "compressors",
    metavar="NAME,...",
    show_default="lz4, lzo-rle, zstd as far as the kernel has them",
    help="Compressors to try, with levels as zstd:1 where zram takes them.",
)
@click.option(
    "--zpool", "zpools", metavar="NAME,...", show_default="the kernel's", help="Pools to try."
)
@click.option(
    "--copies",
    type=click.IntRange(1, MOST_COPIES),
    metavar="N",
    show_default="as many as make 64 MiB, at most 16",
    help="Run so many of the program side by side: on a few MiB, zsmalloc's partly filled groups "
    "weigh far more than on a machine of gigabytes.",
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
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    show_default="one a core",
    help="Processes to run settings in.",
)
@cost_options
@workload_options
@click.option(
    "--engine",
    type=click.Choice(["auto", "interpreted", "compiled"]),
    default="auto",
    show_default=True,
    help="How machines run; the numbers are the same. Each kind is compiled once, in 20 seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the recommendation as JSON.")
def command(
    trace: Path,
    asked: CostOptions,
    workload: Callable[..., Any],
    seed: int,
    frontends: str,
    compressors: str | None,
    zpools: str | None,
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

    check_not_terminal(trace)
    config = RecommendConfig(
        costs=asked.costs,
        measure=asked.measure,
        frontends=_words(frontends) or [],
        compressors=_words(compressors),
        zpools=_words(zpools),
        **settings,
    )
    with StopFlag().watching() as stop, progress_bar() as progress:
        whole = workload(trace, progress)
        told = recommend(whole, config, progress=progress, stop=stop)
    if as_json:
        click.echo(json.dumps(told, indent=2, sort_keys=True))
    else:
        from zswapsim.report.recommend import print_recommendation

        print_recommendation(told, console())
    return 0 if told["best"] is not None else 1
