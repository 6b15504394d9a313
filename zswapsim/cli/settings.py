# SPDX-License-Identifier: GPL-2.0-only
"""Commands whose options may also come from a file or from the environment.

`@click.command("replay", cls=SettingsCommand)` is all that a command needs. It gets --config FILE
and --dump-config, and each option NAME the variables ZSWAPSIM_COMMAND_NAME and ZSWAPSIM_NAME. What
the command line says goes first, then the environment, then the file, then the default.
"""

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from zswapsim.errors import InvalidArgument
from zswapsim.printable import printable

if TYPE_CHECKING:
    from zswapsim.experiment.settings import Setting, SettingsFile

FILE, DUMP = f"{__name__}.file", f"{__name__}.dump"
"""Where a context keeps the file that was read, and whether the settings are to be printed."""


class SettingsCommand(click.Command):
    """A command with --config, --dump-config and variables of the environment."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for param in self.params:
            if not param.envvar:
                param.envvar = _variables(self.name or "", param)
        self.params += [
            click.Option(
                ["--config", "config_file"],
                type=click.Path(dir_okay=False, path_type=Path),
                envvar="ZSWAPSIM_CONFIG",
                is_eager=True,
                expose_value=False,
                callback=_read_config,
                metavar="FILE",
                help="Take what the command line does not say from this TOML file.",
            ),
            click.Option(
                ["--dump-config"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                help="Print all settings as such a file, and do nothing else.",
            ),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line and the rest; an error tells where the wrong value is from."""
        words = args[: args.index("--")] if "--" in args else args
        ctx.meta[DUMP] = "--dump-config" in words and not ctx.resilient_parsing
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            raise _with_origin(ctx, error) from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return options and arguments, of which none is required to print the settings."""
        params = super().get_params(ctx)
        if ctx.meta.get(DUMP):
            for at, param in enumerate(params):
                if param.required:
                    params[at] = copy.copy(param)
                    params[at].required = False
        return params

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, or print its settings."""
        if not ctx.meta.get(DUMP):
            return super().invoke(ctx)
        from zswapsim.cli.dump import dump

        click.echo(dump(ctx, settable(self)), nl=False)
        return 0


def setting_names(param: click.Parameter) -> list[str]:
    """Return the names of an option's setting: as ReplayConfig has it, and as the option is."""
    long = [option[2:].replace("-", "_") for option in param.opts if option.startswith("--")]
    return list(dict.fromkeys([(param.name or "").rstrip("_"), *long]))


def _variables(command: str, param: click.Parameter) -> list[str]:
    """Return the variables of an option; an argument, which is one command's only, has its own."""
    starts = [f"ZSWAPSIM_{command.upper()}_"]
    if isinstance(param, click.Option):
        starts.append("ZSWAPSIM_")
    return [start + name.upper() for start in starts for name in setting_names(param)]


def settable(command: click.Command) -> list[click.Parameter]:
    """Return what a file may say for a command: all options and arguments but two."""
    not_here = ("config_file", "dump_config")
    return [param for param in command.params if param.name not in not_here]


def variable_of(param: click.Parameter) -> str:
    """Return the variable of the environment that says an option's value."""
    names = [param.envvar] if isinstance(param.envvar, str) else param.envvar or ()
    return next((name for name in names if os.environ.get(name)), "")


def setting_of(ctx: click.Context, param: click.Parameter) -> "Setting | None":
    """Return what the file says for an option or an argument, if anything."""
    said: dict[str, Setting] = ctx.meta.get(FILE, (None, {}))[1]
    return said.get(param.name or "")


def _read_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Make a file's values the defaults of the options that come after."""
    if path is None or ctx.resilient_parsing:
        return path
    from zswapsim.cli.settings_file import values_for

    file, said = values_for(ctx, path)
    ctx.meta[FILE] = (file, {name: setting for name, (setting, _) in said.items()})
    ctx.default_map = {name: value for name, (_, value) in said.items()}
    return path


def _with_origin(ctx: click.Context, error: click.BadParameter) -> Exception:
    """Return the error for a value of a file or of the environment, which says where it is."""
    param = error.param
    if param is None or isinstance(error, click.MissingParameter):
        return error
    source = ctx.get_parameter_source(param.name or "")
    setting = setting_of(ctx, param)
    problem = error.message.rstrip(".").replace("valid integer range", "whole number")
    if source is ParameterSource.DEFAULT_MAP and setting is not None:
        file: SettingsFile = ctx.meta[FILE][0]
        return file.refuse(setting, problem.removeprefix(f"{param.name}: "))
    if source is ParameterSource.ENVIRONMENT:
        return InvalidArgument(printable(f"{variable_of(param)} in the environment: {problem}"))
    return error
