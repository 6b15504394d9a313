# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim verify."""

from pathlib import Path

import click

from zswapsim.cli.machine_options import engine_option
from zswapsim.cli.options import say
from zswapsim.errors import NoEntry, TraceError
from zswapsim.printable import printable


@click.command("verify", short_help="Compare with a real kernel.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--pages",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    show_default="pages, beside the recording",
    help="Folder of the page sets.",
)
@engine_option("How the machine runs.")
@click.option(
    "--own-sizes",
    is_flag=True,
    help="Compress the pages too, instead of taking the recorded sizes: from contents alone.",
)
def command(files: tuple[Path, ...], pages: Path | None, engine: str, own_sizes: bool) -> int:
    """Replay recordings of a real kernel and report the first step that differs, if any.

    Compared: outcomes, sizes and places of objects, evictions in order, all counters.

    With --own-sizes lz4 is our lz4-kernel, whose sizes are the kernel's; see `zswapsim list
    compressors` for how near the others are.
    """
    from zswapsim.experiment.verify import verify

    worst = 0
    for file in files:
        try:
            verdict = verify(file, pages, engine, own_sizes=own_sizes)
        except TraceError as error:
            say(f"error: {error}")
            worst = max(worst, 1)
            continue
        except NoEntry as error:  # a kernel or an allocator that there is not
            say(f"error: {file}: {error}")
            worst = 2
            continue
        click.echo(printable(str(verdict)))
        worst = max(worst, int(verdict.difference is not None))
    return worst
