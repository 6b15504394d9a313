# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim recommend."""

from pathlib import Path
from typing import Any

import click

from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import (
    TRACE_PATH,
    check_not_terminal,
    contents_asked_for,
    input_options,
    open_trace,
)
from zswapsim.cli.options import StopFlag, check_distinct, checked, console, progress_bar
from zswapsim.json_text import json_text
from zswapsim.machine.reclaim import POLICIES
from zswapsim.profiles import profile
from zswapsim.units import MAX_PAGES, parse_pages

MOST_COPIES = 1000


def _is_size(text: str) -> int:
    return parse_pages(text, MAX_PAGES)


def _check_device(text: str) -> None:
    from zswapsim.experiment.costs import parse_device

    parse_device(text)


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
    "--device",
    default="nvme",
    show_default=True,
    metavar="NAME|read=TIME,write=TIME",
    callback=checked(_check_device),
    help="What swap is on: nvme, ssd, emmc, sd, disk, or times, as read=90us,write=20us.",
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
    "--contents",
    metavar="FILE|mix[:KIND=PERCENT,...]",
    show_default="the trace's own, or mix if it has none",
    help="What the pages hold, as for `zswapsim replay`.",
)
@click.option(
    "--accesses",
    metavar="KIND[:SETTING]",
    show_default="the trace's own, or zipf:1.0 if it has none",
    help="Make up the accesses to the pages of a snapshot, as for `zswapsim replay`.",
)
@input_options
@click.option(
    "--engine",
    type=click.Choice(["auto", "interpreted", "compiled"]),
    default="auto",
    show_default=True,
    help="How machines run; the numbers are the same. Each kind is compiled once, in 20 seconds.",
)
@html_option
@click.option("--json", "as_json", is_flag=True, help="Print the recommendation as JSON.")
def command(
    trace: Path,
    device: str,
    frontends: str,
    compressors: str | None,
    zpools: str | None,
    contents: str | None,
    accesses: str | None,
    reading: Any,
    seed: int,
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
    from zswapsim.experiment.costs import Costs, parse_device
    from zswapsim.experiment.recommend import RecommendConfig, recommend
    from zswapsim.trace.derive.join import complete

    check_not_terminal(trace)
    check_distinct(trace, html)
    config = RecommendConfig(
        costs=Costs(device=parse_device(device)),
        frontends=_words(frontends) or [],
        compressors=_words(compressors),
        zpools=_words(zpools),
        **settings,
    )
    with StopFlag().watching() as stop, progress_bar() as progress:
        held = contents_asked_for(contents, seed)
        whole = complete(
            open_trace(trace, reading, progress), contents=held, accesses=accesses, seed=seed
        )
        told = recommend(whole, config, progress=progress, stop=stop)
    if html is not None:
        write_report([told], html)
    if as_json:
        click.echo(json_text(told))
    else:
        from zswapsim.report.recommend import print_recommendation

        print_recommendation(told, console())
    return 0 if told["best"] is not None else 1
