# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace gen."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.inputs import seed_option
from zswapsim.cli.options import output_option, progress_bar
from zswapsim.cli.trace.shared import save
from zswapsim.cli.values import ACCESSES

if TYPE_CHECKING:
    from zswapsim.trace.synthetic.accesses import AccessKind

DEFAULT_PAGES = 16_384


@click.command("gen")
@click.argument("kind", metavar="KIND", shell_complete=ACCESSES.shell_complete)
@output_option()
@click.option(
    "--accesses", type=click.IntRange(min=0), default=1_000_000, show_default=True, metavar="N"
)
@click.option("--pages", type=click.IntRange(min=1), metavar="N", help="Pages to access.")
@click.option("--size", metavar="SIZE", help="The same as a size, such as 64M, the default.")
@click.option(
    "--write-percent",
    type=click.FloatRange(0, 100),
    default=30,
    show_default=True,
    metavar="P",
    help="Accesses of a hundred that write.",
)
@click.option("--alpha", type=float, metavar="A", help="zipf: how uneven, 0 to 10; 1 unless said.")
@click.option("--set-size", metavar="SIZE", help="phases: size of a working set; an eighth.")
@click.option(
    "--phase-length",
    type=click.IntRange(min=1),
    metavar="N",
    help="phases: accesses of each; a sixteenth of all.",
)
@click.option(
    "--contents",
    metavar="MIX",
    default="zero=5,same=5,text=40,pointers=40,random=10",
    show_default=True,
    help="Percents of pages by kind of content, or none.",
)
@seed_option
def command(
    kind: str,
    output: Path,
    accesses: int,
    pages: int | None,
    size: str | None,
    write_percent: float,
    contents: str,
    seed: int,
    **settings: Any,
) -> None:
    """Make a trace up: KIND is zipf, scan, loop or phases.

    zipf: a few pages are popular. scan: one page after the other, each several times in
    a row and then never again. loop: all pages in order, over and over. phases: at random
    in a working set that changes from time to time. The same options give the same file
    on every machine. It is nobody's workload.
    """
    from zswapsim.trace.synthetic import parse_mix, synthetic_trace
    from zswapsim.units import parse_pages

    if pages is not None and size is not None:
        raise click.UsageError("--pages and --size say the same; give one of them")
    if pages is None:
        pages = DEFAULT_PAGES if size is None else parse_pages(size)
    mix = None if contents == "none" else parse_mix(contents)
    asked = _kind(kind, pages, **settings)
    with progress_bar() as progress:
        trace = synthetic_trace(
            asked,
            accesses,
            pages,
            seed=seed,
            write_percent=write_percent,
            mix=mix,
            progress=progress,
        )
        save(trace, output, progress)


def _kind(
    kind: str, pages: int, alpha: float | None, set_size: str | None, phase_length: int | None
) -> "AccessKind":
    """Return what KIND and the options that are for one kind only ask for."""
    from zswapsim.trace.synthetic.accesses import parse_accesses
    from zswapsim.units import parse_pages

    asked = parse_accesses(kind)
    for option, value, only in (
        ("--alpha", alpha, "zipf"),
        ("--set-size", set_size, "phases"),
        ("--phase-length", phase_length, "phases"),
    ):
        if value is not None and asked.kind != only:
            raise click.UsageError(f"{option} is for {only} only")
    if alpha is not None:
        asked = replace(asked, alpha=alpha)
    if set_size is not None:
        asked = replace(asked, set_pages=parse_pages(set_size, pages))
    if phase_length is not None:
        asked = replace(asked, length=phase_length)
    return asked
