# SPDX-License-Identifier: GPL-2.0-only
"""Kinds of values that options take: each is checked when it is read, and completed by a shell.

`type=KERNEL` is all that an option needs. What there is to choose from is imported when it is asked
for. A value that is refused tells what is allowed.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from zswapsim.errors import NoEntry, ZswapSimError

F = TypeVar("F", bound=Callable[..., Any])
if TYPE_CHECKING:
    Kind = click.ParamType[Any]
else:  # not generic in click 8.1
    Kind = click.ParamType
Items = list["CompletionItem[str]"]
Names = Callable[[], Iterable[str]]


class Named(Kind):
    """Text that `check` accepts, often one of `names`."""

    def __init__(self, name: str, check: Callable[[str], object], names: Names = tuple) -> None:
        """name: of the kind; check: raises ZswapSimError for what is not allowed."""
        self.name = name
        self._check = check
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text as it is. BadParameter says what is allowed."""
        try:
            self._check(value)
        except ZswapSimError as error:
            self.fail(str(error), param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
        """Return the names that begin so."""
        return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]


class NamedList(Named):
    """Text with commas between names; a list in a file of settings."""

    def of_list(self, values: list[Any]) -> Any:
        """Return the text that is a file's list."""
        return ",".join(map(str, values))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
        """Return what goes on with a name that is not in the list yet."""
        before, comma, begun = incomplete.rpartition(",")
        said = before.split(",")
        return [
            CompletionItem(f"{before}{comma}{name}")
            for name in self._names()
            if name.startswith(begun) and name not in said
        ]


class Axis(Kind):
    """One or several values of a setting, which a sweep varies: text, or a value or list of TOML.

    An option of this type is called as the setting is.
    """

    name = "values"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the list of values. BadParameter says what is allowed."""
        from zswapsim.experiment.sweep.axes import parse_values

        try:
            return parse_values(str(param and param.name), value)
        except ZswapSimError as error:
            self.fail(str(error), param, ctx)

    def of_file(self, value: Any) -> Any:
        """Return a file's value as convert takes it, lists too."""
        if isinstance(value, list):
            return [self.of_file(each) for each in value]
        return str(value) if isinstance(value, float) else value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
        """Return what goes on with a name that is not in the list yet."""
        kinds = {
            "frontend": FRONTENDS,
            "compressor": COMPRESSORS,
            "zpool": ZPOOLS,
            "kernel": KERNELS,
            "reclaim": POLICIES,
        }
        kind = kinds.get(str(param.name))
        return kind.shell_complete(ctx, param, incomplete) if kind else []


class FileOr(Kind):
    """A file, or one of a few words, or what else the command makes of it."""

    name = "file"

    def __init__(self, *words: str) -> None:
        self._words = words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
        """Return the words that begin so, and let the shell look for files."""
        words = [word for word in self._words if incomplete and word.startswith(incomplete)]
        return [CompletionItem(incomplete, type="file"), *map(CompletionItem, words)]


def names_in_list(text: str) -> list[str]:
    """Return the names of a list with commas, each once."""
    return list(dict.fromkeys(word.strip() for word in text.split(",")))


def _check_compressor(spec: str) -> None:
    from zswapsim.content.compressors import compressor

    compressor(spec)


def _check_compressors(text: str) -> None:
    from zswapsim.content.compressors.spec_list import parse_spec_list

    parse_spec_list(text)


def _compressor_names() -> Iterable[str]:
    from zswapsim.content.compressors import COMPRESSORS

    return COMPRESSORS.names()


def _check_zpool(type_: str) -> None:
    from zswapsim.machine.pools import zpool

    zpool.get_driver(type_)


def _check_zpools(text: str) -> None:
    for type_ in names_in_list(text):
        _check_zpool(type_)


def _zpool_names() -> Iterable[str]:
    from zswapsim.machine.pools import zpool

    return zpool.types()


def _check_kernel(version: str) -> None:
    from zswapsim.profiles import profile

    profile(version)


def _check_kernels(text: str) -> None:
    for version in names_in_list(text):
        _check_kernel(version)


def _kernel_names() -> Iterable[str]:
    from zswapsim.profiles import PROFILES

    return PROFILES


def _check_policy(name: str) -> None:
    from zswapsim.machine.reclaim import POLICIES

    POLICIES.get(name)


def _check_policies(text: str) -> None:
    for name in names_in_list(text):
        _check_policy(name)


def _policy_names() -> Iterable[str]:
    from zswapsim.machine.reclaim import POLICIES

    return POLICIES.names()


def _check_format(name: str) -> None:
    from zswapsim.trace.formats import FORMATS

    FORMATS.get(name)


def _format_names() -> Iterable[str]:
    from zswapsim.trace.formats import FORMATS

    return FORMATS.names()


def _frontend_names() -> Iterable[str]:
    from zswapsim.experiment.config import FRONTENDS

    return FRONTENDS


def _check_frontends(text: str) -> None:
    for name in names_in_list(text):
        if name not in _frontend_names():
            raise NoEntry(f"no frontend {name!r}; there are {', '.join(_frontend_names())}")


def _check_device(text: str) -> None:
    from zswapsim.experiment.costs import parse_device

    parse_device(text)


def _device_names() -> Iterable[str]:
    from zswapsim.experiment.costs import DEVICES

    return DEVICES


def _check_fault(text: str) -> None:
    from zswapsim.experiment.faults import parse_fault

    parse_fault(text)


def _fault_names() -> Iterable[str]:
    from zswapsim.experiment.faults import KINDS

    return KINDS


def _check_size(text: str) -> None:
    from zswapsim.units import parse_pages

    parse_pages(text)


def _check_share(text: str) -> None:
    from zswapsim.units import MAX_PAGES, parse_pages

    parse_pages(text, MAX_PAGES)


def _check_rate(text: str) -> None:
    from zswapsim.trace.analysis.shards import parse_rate

    parse_rate(text)


def _check_accesses(spec: str) -> None:
    from zswapsim.trace.synthetic.accesses import parse_accesses

    parse_accesses(spec)


def _access_kinds() -> Iterable[str]:
    from zswapsim.trace.synthetic.accesses import KINDS

    return KINDS


COMPRESSOR = Named("compressor", _check_compressor, _compressor_names)
COMPRESSORS = NamedList("compressors", _check_compressors, _compressor_names)
ZPOOL = Named("zpool", _check_zpool, _zpool_names)
ZPOOLS = NamedList("zpools", _check_zpools, _zpool_names)
KERNEL = Named("kernel", _check_kernel, _kernel_names)
KERNELS = NamedList("kernels", _check_kernels, _kernel_names)
POLICIES = NamedList("policies", _check_policies, _policy_names)
POLICY = Named("policy", _check_policy, _policy_names)
FORMAT = Named("format", _check_format, _format_names)
FRONTENDS = NamedList("frontends", _check_frontends, _frontend_names)
DEVICE = Named("device", _check_device, _device_names)
FAULT = Named("fault", _check_fault, _fault_names)
SIZE = Named("size", _check_size)
SIZE_OR_PERCENT = Named("size", _check_share)
RATE = Named("rate", _check_rate)
ACCESSES = Named("accesses", _check_accesses, _access_kinds)
CONTENTS = FileOr("mix")
FILE_OR_ID = FileOr()
AXIS = Axis()
