# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim host."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.costs import CostOptions, cost_options
from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import TRACE_PATH, workload_options
from zswapsim.cli.machine_options import memory_option
from zswapsim.cli.options import (
    check_distinct,
    check_writable,
    checked,
    console,
    progress_bar,
    say,
)
from zswapsim.cli.settings import SettingsCommand
from zswapsim.json_text import json_text


@click.command("host", cls=SettingsCommand, short_help="Explain a machine's own zswap and zram.")
@click.argument(
    "copy", metavar="[FOLDER|ARCHIVE]", required=False, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--save",
    metavar="FILE.tar",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(check_writable),
    help="Copy the small files that are read into this archive, to look at it elsewhere.",
)
@click.option(
    "--trace",
    type=TRACE_PATH,
    help="Run this trace with these settings, and with others beside them.",
)
@memory_option("With --trace: memory, as a share of the pages that it touches, or a size.")
@cost_options
@workload_options
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
@html_option
def command(
    copy: Path | None,
    save: Path | None,
    trace: Path | None,
    memory: str,
    asked: CostOptions,
    workload: Callable[..., Any],
    seed: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Read zswap's and zram's settings and counters of this machine, and say what they mean.

    With FOLDER or ARCHIVE those of another one: an archive that --save wrote there, or its files
    below /sys and /proc, copied by hand with their paths kept. They are not trusted: nothing is
    unpacked, and links are not followed.

    Counters of zswap are in debugfs, which only root may read; without them the rest is told.

    With --trace, a trace of such a workload is run with the machine's settings and with others, as
    `zswapsim compare` does.
    """
    from zswapsim.experiment.host import host_facts, read_host, write_archive

    check_distinct(copy, save, html, trace)
    files = read_host(copy)
    if save is not None:
        write_archive(files, save)
        say(f"{save}: {len(files.texts)} files")
    facts = host_facts(files)
    if trace is not None:
        facts["comparison"] = _compared(facts, trace, memory, asked, workload)
    if html is not None:
        write_report([facts], html)
    if as_json:
        click.echo(json_text(facts))
        return
    from zswapsim.report.host import print_host

    print_host(facts, console())
    if trace is not None:
        from zswapsim.report.compare import print_comparison

        click.echo()
        print_comparison(facts["comparison"], console())


def _compared(
    facts: Mapping[str, Any],
    trace: Path,
    memory: str,
    asked: CostOptions,
    workload: Callable[..., Any],
) -> dict[str, Any]:
    """Return the comparison of the machine's settings with others over a trace."""
    from zswapsim.experiment.comparison import compare, parse_configs
    from zswapsim.experiment.host import comparison

    settings = facts["settings"]
    shared = {
        "memory": memory,
        "kernel": settings["kernel"],
        "page_cluster": settings.get("page_cluster", 0),
    }
    named = parse_configs(comparison(facts), shared)
    with progress_bar() as progress:
        return compare(
            workload(trace, progress),
            named,
            asked.costs,
            measure=asked.measure,
            progress=progress,
        )
