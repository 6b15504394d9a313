# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim completion."""

import click

from zswapsim.cli.completion import SHELLS, script


@click.command("completion", short_help="Print a script for your shell.")
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
def command(shell: str) -> None:
    """Print the script that lets SHELL complete words with TAB: bash, zsh or fish.

    It completes commands, options, and names of compressors, zpools, kernels, policies and
    formats, also in lists with commas; where a file is wanted, files.

    \b
    bash  eval "$(zswapsim completion bash)"     in ~/.bashrc
    zsh   eval "$(zswapsim completion zsh)"      in ~/.zshrc, after compinit
    fish  zswapsim completion fish > ~/.config/fish/completions/zswapsim.fish
    """
    click.echo(script(shell))
