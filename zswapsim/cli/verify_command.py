# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim verify."""

from pathlib import Path

import click


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
@click.option(
    "--engine",
    type=click.Choice(["auto", "interpreted", "compiled"]),
    default="auto",
    show_default=True,
    help="How the machine runs.",
)
def command(files: tuple[Path, ...], pages: Path | None, engine: str) -> int:
    """Replay recordings of a real kernel and report the first step that differs, if any.

    Compared: outcomes, sizes and places of objects, evictions in order, all counters.
    """
    from zswapsim.experiment.verify import verify

    verdicts = []
    for file in files:
        verdicts.append(verify(file, pages, engine))
        click.echo(str(verdicts[-1]))
    return 1 if any(verdict.difference for verdict in verdicts) else 0
