# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim sweep."""

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.asserting import assert_option, check_assertions
from zswapsim.cli.costs import CostOptions, cost_options
from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, workload_options
from zswapsim.cli.machine_options import engine_option, jobs_option
from zswapsim.cli.options import (
    check_distinct,
    check_writable,
    checked,
    console,
    progress_bar,
    say,
)
from zswapsim.cli.settings import SettingsCommand
from zswapsim.cli.values import AXIS
from zswapsim.errors import InvalidArgument
from zswapsim.progress import Progress

if TYPE_CHECKING:
    from zswapsim.experiment.assertions import Assertion, Names
    from zswapsim.experiment.sweep.files import RowFile
    from zswapsim.experiment.sweep.grid import Settings
    from zswapsim.experiment.sweep.rows import Row
    from zswapsim.trace.trace import Trace

AXIS_HELP = {
    "frontend": ("zswap,zram,none", "What keeps pages: zswap, zram, or none for plain swap."),
    "memory": ("30%,50%|10%:90%:20%", "Total RAM; percentages are of what the trace touches."),
    "compressor": ("lz4,zstd:1-9", "Compressors, with settings or ranges of them."),
    "zpool": ("zbud,zsmalloc", "Allocators of the pool."),
    "max_pool_percent": ("20|5:50:5", "The pool's limit; first:last:step is a range."),
    "accept_threshold_percent": ("90|50:90:10", "Below which a full pool accepts pages again."),
    "same_filled_pages_enabled": ("on,off", "Keep pages of one repeated word as that word."),
    "exclusive_loads": ("on,off", "Take pages out of zswap when they are loaded."),
    "shrinker_enabled": ("on,off", "Let reclaim ask zswap for writeback."),
    "kernel": ("5.4,6.1,...", "Kernels, see `zswapsim list profiles`."),
    "reclaim": ("lru,clock,...", "Policies, see `zswapsim list policies`."),
    "page_cluster": ("0,3", "Read-ahead."),
    "swap_size": ("25%,50%", "Size of the swap file."),
    "zram_limit": ("20%,50%", "Limit of zram's memory."),
    "zram_writeback": ("idle:1000,...", "Writeback of zram."),
}
SHORT = {"same_filled_pages_enabled": "same-filled", "shrinker_enabled": "shrinker"}


def _axis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, (metavar, text) in reversed(AXIS_HELP.items()):
        option = f"--{SHORT.get(name, name.replace('_', '-'))}"
        command = click.option(option, name, metavar=metavar, type=AXIS, help=text)(command)
    return command


def _check_output(path: Path) -> None:
    from zswapsim.experiment.sweep.files import ending

    check_writable(path)
    ending(path)


def _names() -> "Names":
    from zswapsim.experiment.assertions import names_of_rows
    from zswapsim.experiment.sweep.rows import COLUMNS

    return names_of_rows([name for name, kind in COLUMNS.items() if kind in (int, float)])


@click.command("sweep", cls=SettingsCommand, short_help="Run a grid of settings over traces.")
@click.argument("traces", metavar="TRACE...", nargs=-1, required=True, type=TRACE_PATH)
@_axis_options
@cost_options
@workload_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(_check_output),
    help="Append a row for each cell to this file, as it comes: .jsonl, .csv or .parquet.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with an output that is there: run only what it lacks."
)
@jobs_option("Processes to run cells in.")
@click.option("--dask", metavar="ADDRESS", help="Run cells on the workers of a dask scheduler.")
@engine_option("How the machine runs; auto compiles for sweeps of many accesses.")
@assert_option(_names)
@html_option
@click.option("--json", "as_json", is_flag=True, help="Print each row as a line of JSON.")
def command(
    traces: tuple[Path, ...],
    asked: CostOptions,
    workload: Callable[..., Any],
    seed: int,
    output: Path | None,
    resume: bool,
    jobs: int | None,
    dask: str | None,
    engine: str,
    assertions: "Sequence[Assertion]",
    html: Path | None,
    as_json: bool,
    **axes: Any,
) -> int:
    """Run every combination of the settings over each TRACE, and show which wait least.

    A setting takes one value or several: 30%,50%,70%, 5:50:5 (first:last:step), lz4,zstd:1-9.
    What is left out has the default of replay. The contents are compressed once for each
    compressor, then a cell takes milliseconds. A combination that is not possible is a row with its
    error.
    """
    from zswapsim.experiment.sweep.grid import expand

    if traces.count(Path("-")) > 1:
        raise click.UsageError("standard input can be read once only")
    for path in traces:
        check_not_terminal(path)
        check_distinct(path, output, html)
    grid = expand({name: values for name, values in axes.items() if values is not None})
    kept = _kept(output, resume=resume)
    rows = list(kept)
    try:
        with ExitStack() as open_until_the_end:
            file = _open(output, kept, open_until_the_end)
            progress = open_until_the_end.enter_context(progress_bar())
            for path in traces:
                trace = workload(path, progress)
                for row in _run(trace, grid, asked, rows, (jobs, dask, engine), progress):
                    if file is not None:
                        file.append(row)
                    rows.append(row)
                    if as_json:
                        click.echo(json.dumps(row))
    except BaseException as error:
        if output is not None and (rows or isinstance(error, KeyboardInterrupt)):
            # Said where the bar has gone, and the file is complete.
            say(f"{len(rows):,} cells are in {output}; --resume goes on with it")
        raise
    if not as_json:
        from zswapsim.report.sweep import print_sweep

        print_sweep(rows, console())
    if html is not None:
        write_report([{"kind": "sweep", "rows": rows}], html)
    if rows and all(row["error"] for row in rows):
        return 1
    varied = [name for name, values in axes.items() if values is not None and len(values) > 1]
    return check_assertions(
        assertions, [(_label(row, varied), row) for row in rows if not row["error"]]
    )


def _label(row: "Row", varied: Sequence[str]) -> str:
    """Return what tells a cell from others."""
    return ", ".join([row["trace"], *(f"{name} {row[name]}" for name in varied)])


def _kept(output: Path | None, *, resume: bool) -> "list[Row]":
    """Return the rows that need not be run again. InvalidArgument unless they may be there."""
    from zswapsim.experiment.sweep.files import is_there
    from zswapsim.experiment.sweep.rows import rows_of_file

    if output is None:
        if resume:
            raise click.UsageError("--resume needs the --output that it is to go on with")
        return []
    if not is_there(output):
        return []
    if not resume:
        raise InvalidArgument(f"{output}: is there already; --resume goes on with it")
    return rows_of_file(output)


def _open(output: Path | None, kept: "list[Row]", stack: ExitStack) -> "RowFile | None":
    from zswapsim.experiment.sweep.files import open_rows
    from zswapsim.experiment.sweep.rows import COLUMNS

    if output is None:
        return None
    file = open_rows(output, COLUMNS, kept)
    stack.callback(file.close)
    return file


def _run(
    trace: "Trace",
    grid: "Sequence[Settings]",
    asked: CostOptions,
    there: "Sequence[Row]",
    how: tuple[int | None, str | None, str],
    progress: Progress | None,
) -> "Generator[Row]":
    """Yield the rows of the cells of one trace that are not there yet."""
    from zswapsim.experiment.sweep.sweep import Sweep

    jobs, dask, engine = how
    done = {row["cell"] for row in there}
    sweep = Sweep.of(
        trace,
        grid,
        asked.costs,
        measure=asked.measure,
        done=done,
        engine=engine,
        progress=progress,
    )
    with closing(sweep.rows(jobs=jobs, dask=dask, progress=progress)) as rows:
        yield from rows
