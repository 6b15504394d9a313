# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace info."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, input_options, open_trace
from zswapsim.cli.options import console, progress_bar
from zswapsim.progress import Progress

if TYPE_CHECKING:
    from zswapsim.trace.trace import Trace


MEASURED = ("written_pages", "reuse", "working_set", "content_mix")
"""What is said besides Trace.info, which has what the trace's meta says under any name."""


@click.command("info")
@click.argument("file", type=TRACE_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print all numbers as JSON.")
@click.option("--quick", is_flag=True, help="Leave out what the accesses have to be read for.")
@input_options
def command(file: Path, as_json: bool, quick: bool, reading: Any, seed: int) -> None:
    """Say what FILE holds, and how it will behave under memory pressure.

    Prints accesses, footprint and contents; how many faults exact LRU makes with memory
    for 10 %, 20 %, ... of the footprint; how many pages are in use over time; and what
    kind of data the pages hold. The faults are those of a replay with --reclaim lru and
    --frontend none, if the trace frees no pages.
    """
    check_not_terminal(file)
    with progress_bar() as progress:
        facts = facts_of(open_trace(file, reading, progress), progress, quick=quick)
    if as_json:
        click.echo(json.dumps(facts, indent=2, sort_keys=True))
        return
    from zswapsim.report.trace_info import print_trace

    print_trace(facts, console())


def facts_of(trace: "Trace", progress: Progress | None, *, quick: bool) -> dict[str, Any]:
    """Return everything that is said of a trace, JSON-able."""
    from zswapsim.trace.analysis.content_mix import content_mix

    facts = {key: fact for key, fact in trace.info().items() if key not in MEASURED}
    if not quick:
        facts |= _behaviour(trace, progress)
    if trace.has_contents:
        mix = content_mix(trace)
        facts["content_mix"] = {"sampled": mix.sampled, "of": mix.of, "counts": mix.counts}
    return facts


def _behaviour(trace: "Trace", progress: Progress | None) -> dict[str, Any]:
    """Return what one pass over the accesses tells."""
    from zswapsim.trace.analysis.reuse import ReuseMeter, choose_engine, watched_blocks
    from zswapsim.trace.analysis.working_set import WorkingSetMeter

    reuse = ReuseMeter(trace.pages, choose_engine("auto", trace.accesses))
    windows = WorkingSetMeter(trace.pages, trace.accesses)
    for block in watched_blocks(trace, progress, "analyse"):
        reuse.add(block)
        windows.add(block)
    distances, working_set = reuse.result(), windows.result()
    footprint = distances.cold
    sizes = {percent: max(1, footprint * percent // 100) for percent in range(1, 101)}
    _, faults = distances.curve()
    return {
        "written_pages": working_set.written_pages,
        "reuse": {
            "first_accesses": footprint,
            "repeated_accesses": distances.accesses - footprint,
            "quantiles": {
                str(percent): distances.quantile(percent / 100) for percent in (50, 90, 99, 100)
            },
            "curve": [
                {"percent": percent, "memory_pages": pages, "faults": int(faults[pages])}
                for percent, pages in sizes.items()
                if pages < len(faults)
            ],
        },
        "working_set": {
            "window_accesses": working_set.window_accesses,
            "touched": working_set.touched.tolist(),
            "footprint": working_set.footprint.tolist(),
            "writes": working_set.writes.tolist(),
        },
    }
