# SPDX-License-Identifier: GPL-2.0-only
"""The page of commands, made of the commands themselves, so that it says what `--help` says."""

import re
from collections.abc import Iterator

import click

from zswapsim.cli import help_text
from zswapsim.cli.group import cli


def markdown() -> str:
    """Return a section for each command, and one for each command of a group."""
    return "\n".join(["```text", help_text(), "```", "", *_group(cli, "zswapsim")])


def _group(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield from _command(command, f"{path} {name}")
        if isinstance(command, click.Group):
            yield from _group(command, f"{path} {name}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path, help_option_names=["-h", "--help"])
    words = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"{'#' * path.count(' ')}# {path}\n"
    yield f"```text\n{words}\n```\n"
    yield _prose(command.help or "") + "\n"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:
            yield f"`{record[0]}`\n: {_escaped(record[1])}\n"


def _prose(text: str) -> str:
    """Return paragraphs; one after a backspace keeps its lines, as click has it."""
    made = []
    for paragraph in text.split("\f")[0].split("\n\n"):
        if paragraph.startswith("\b"):
            made.append("```text\n" + paragraph.removeprefix("\b").strip("\n") + "\n```")
        else:
            made.append(_escaped(" ".join(paragraph.split())))
    return "\n\n".join(made)


def _escaped(text: str) -> str:
    """Return the text so that Markdown shows it as it is, but what is between backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\*_\[\]<>|#~$&])", r"\\\1", part)
        for part in parts
    )
