# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim host."""

from pathlib import Path

import click

from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.options import check_distinct, check_writable, checked, console, say
from zswapsim.json_text import json_text


@click.command("host", short_help="Explain a machine's own zswap and zram.")
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
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
@html_option
def command(copy: Path | None, save: Path | None, as_json: bool, html: Path | None) -> None:
    """Read zswap's and zram's settings and counters of this machine, and say what they mean.

    With FOLDER or ARCHIVE those of another one: an archive that --save wrote there, or its files
    below /sys and /proc, copied by hand with their paths kept. They are not trusted: nothing is
    unpacked, and links are not followed.

    Counters of zswap are in debugfs, which only root may read; without them the rest is told.
    """
    from zswapsim.experiment.host import host_facts, read_host, write_archive

    check_distinct(copy, save, html)
    files = read_host(copy)
    if save is not None:
        write_archive(files, save)
        say(f"{save}: {len(files.texts)} files")
    facts = host_facts(files)
    if html is not None:
        write_report([facts], html)
    if as_json:
        click.echo(json_text(facts))
        return
    from zswapsim.report.host import print_host

    print_host(facts, console())
