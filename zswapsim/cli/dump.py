# SPDX-License-Identifier: GPL-2.0-only
"""The settings of a command as a file that --config reads, and where each came from."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import click
import tomli_w
from click.core import ParameterSource

from zswapsim.cli.settings import FILE, setting_names, setting_of, variable_of
from zswapsim.experiment.config import ReplayConfig
from zswapsim.printable import printable

COMMENT_COLUMN = 40
SHARED = [field.name for field in fields(ReplayConfig)]


def dump(ctx: click.Context, params: Sequence[click.Parameter]) -> str:
    """Return all settings as TOML.

    Those of a replay that are the kernel's or the machine's are flat, so that every command takes
    them; the others, and all of another command, are in a table. What has no value is a comment.
    """
    command = ctx.command.name or ""
    flat: list[str] = []
    own: list[str] = []
    for param in params:
        name, *others = setting_names(param)
        is_shared = name in SHARED
        lines = flat if is_shared and command == "replay" else own
        lines.append(_line(ctx, param, name if is_shared or not others else others[-1]))
    return "\n".join([*flat, *[""] * bool(flat), f"[{command}]", *own, ""])


def _line(ctx: click.Context, param: click.Parameter, name: str) -> str:
    value = _plain(ctx.params.get(param.name or ""))
    if value is None or value == []:
        default = getattr(param, "show_default", None)
        return f"# {name}: {default if isinstance(default, str) else 'not set'}"
    line = f"{name} = {_toml(value)}"
    return f"{line:<{COMMENT_COLUMN - 2}}  # {printable(_origin(ctx, param))}"


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    text = tomli_w.dumps({"x": value}).removeprefix("x = ").rstrip("\n")
    # What it leaves as it is may still steer a terminal; TOML reads these as the same letters.
    return "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\U{ord(letter):08x}"
        for letter in text
    )


def _plain(value: Any) -> Any:
    """Return a value as TOML has it."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _origin(ctx: click.Context, param: click.Parameter) -> str:
    """Say where a value comes from."""
    source = ctx.get_parameter_source(param.name or "")
    setting = setting_of(ctx, param)
    if source is ParameterSource.COMMANDLINE:
        return "command line"
    if source is ParameterSource.ENVIRONMENT:
        return f"{variable_of(param)} in the environment"
    if source is ParameterSource.DEFAULT_MAP and setting is not None:
        where: str = ctx.meta[FILE][0].where(setting)
        return where
    return "default"
