# SPDX-License-Identifier: GPL-2.0-only
"""What a file of settings says for one command: known names only, values of the right kind."""

from pathlib import Path
from typing import Any

import click

from zswapsim.cli.settings import SettingsCommand, settable, setting_names
from zswapsim.cli.values import Kind
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.settings import (
    KERNEL_NAMES,
    FloatAsWritten,
    Setting,
    SettingsFile,
    as_bool,
    no_such,
    read_settings,
    shown,
)
from zswapsim.printable import printable

Said = dict[str, tuple[Setting, Any]]
"""By parameter: the setting, and its value as the parameter takes it."""


def values_for(ctx: click.Context, path: Path) -> tuple[SettingsFile, Said]:
    """Return a file, and what it says for the command; its own table goes before flat settings.

    InvalidArgument names file, line and setting. Other commands' tables are not looked into.
    """
    file = read_settings(path)
    _check_tables(file, ctx)
    command = ctx.command.name or ""
    own = file.own.get(command, {})
    return file, {
        **_said(file, file.shared, ctx, own=False),
        **_said(file, own, ctx, own=True),
    }


def _check_tables(file: SettingsFile, ctx: click.Context) -> None:
    group = ctx.find_root().command
    commands = group.list_commands(ctx) if isinstance(group, click.Group) else []
    for table, line in file.tables.items():
        if table not in commands:
            problem = no_such(table, [*commands, *KERNEL_NAMES], "command")
            raise file.refuse(line, f"[{table}]: {problem}")


def _said(
    file: SettingsFile, settings: dict[str, Setting], ctx: click.Context, *, own: bool
) -> Said:
    """Return what settings say for the command. own: they are of its table, so must be its."""
    params = {name: param for param in settable(ctx.command) for name in setting_names(param)}
    said: Said = {}
    for name, setting in settings.items():
        if name not in params:
            others = set() if own else _names_of_all(ctx)
            if name in others:
                continue
            prefix = f"{ctx.command.name}." if own else ""
            told = setting.name.removeprefix(prefix)
            problem = no_such(told, [*params, *sorted(others)], prefix=prefix)
            raise InvalidArgument(printable(f"{file.where(setting)}: {problem}"))
        key = params[name].name or ""
        if key in said:
            first = said[key][0]
            raise file.refuse(setting, f"is said already, as {first.name} in line {first.line}")
        said[key] = (setting, _converted(file, setting, params[name]))
    return said


def _names_of_all(ctx: click.Context) -> set[str]:
    """Return the names of the settings that any command has; for that they are imported."""
    group = ctx.find_root().command
    if not isinstance(group, click.Group):
        return set()
    commands = [group.get_command(ctx, name) for name in group.list_commands(ctx)]
    return {
        name
        for command in commands
        if isinstance(command, SettingsCommand)
        for param in settable(command)
        for name in setting_names(param)
    }


def _converted(file: SettingsFile, setting: Setting, param: click.Parameter) -> Any:
    """Return a value as an option or argument takes it. InvalidArgument says what is allowed.

    The type of an option may have of_file, to take a file's values as they are, or of_list, to
    take lists.
    """
    kind, value = param.type, setting.value
    if hasattr(kind, "of_file"):
        return kind.of_file(value)
    many = param.nargs == -1 or getattr(param, "multiple", False)
    if not isinstance(value, list):
        one = _one(file, setting, kind, value)
        return [one] if many else one
    values = [_one(file, setting, kind, each) for each in value]
    if many:
        return values
    if hasattr(kind, "of_list"):
        return kind.of_list(values)
    raise file.refuse(setting, f"{shown(value)} is a list; allowed is one value")


def _one(file: SettingsFile, setting: Setting, kind: Kind, value: Any) -> Any:
    """Return one value as click converts it: of TOML's own types, so that "20" is no number."""
    is_bool = isinstance(value, bool)
    if isinstance(kind, click.types.BoolParamType):
        try:
            return as_bool(value)
        except ValueError:
            raise file.refuse(setting, f"{shown(value)}; allowed are true and false") from None
    if isinstance(kind, click.types.IntParamType):
        if is_bool or not isinstance(value, int):
            raise file.refuse(setting, f"{shown(value)}; allowed is a whole number{_range(kind)}")
        return value
    if isinstance(kind, click.types.FloatParamType):
        if is_bool or not isinstance(value, int | float):
            raise file.refuse(setting, f"{shown(value)}; allowed is a number{_range(kind)}")
        return value
    if is_bool or not isinstance(value, str | int | FloatAsWritten):
        raise file.refuse(setting, f'{shown(value)}; allowed is text, as "{_example(kind)}"')
    return str(value)


def _range(kind: Kind) -> str:
    lowest, highest = getattr(kind, "min", None), getattr(kind, "max", None)
    if highest is None:
        return "" if lowest is None else f", {lowest} or more"
    return f", {lowest} to {highest}"


def _example(kind: Kind) -> str:
    choices = getattr(kind, "choices", None)
    return choices[0] if choices else "..."
