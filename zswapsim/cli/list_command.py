# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim list."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.options import console
from zswapsim.errors import ZswapSimError

if TYPE_CHECKING:
    from zswapsim.registry import Plugin

Row = tuple[str, ...]


def _compressors() -> Iterable[Row]:
    from zswapsim.content.compressors import COMPRESSORS, remedy
    from zswapsim.content.compressors.fidelity import fidelity_of

    for name in COMPRESSORS.names():
        origin = COMPRESSORS.origin(name)
        try:
            made = COMPRESSORS.get(name)()
        except ImportError as error:
            yield name, f"unavailable: {remedy(error)}", "", origin
            continue
        except ZswapSimError as error:
            yield name, f"unavailable: {error}", "", origin
            continue
        except Exception as error:  # of another package
            yield name, f"unavailable: {_told(error)}", "", origin
            continue
        options = "; ".join(
            f"{key} {option.lowest}..{option.highest}, default {option.default}"
            for key, option in made.options.items()
        )
        text = f"{made.summary} ({options})" if options else made.summary
        text += _default(name == _setting("compressor"))
        yield name, text, str(fidelity_of(made)), f"{origin}, {made.version}"


def _zpools() -> Iterable[Row]:
    from zswapsim.machine.pools import zpool
    from zswapsim.profiles import PROFILES

    for type_ in zpool.types():
        kernels = [row.kernel for row in PROFILES.values() if row.default_zpool == type_]
        text = _summary(lambda: zpool.get_driver(type_))  # noqa: B023
        yield (
            type_,
            text + _default(bool(kernels), f" of {' '.join(kernels)}"),
            zpool.origin(type_),
        )


def _policies() -> Iterable[Row]:
    from zswapsim.machine.reclaim import POLICIES

    for name in POLICIES.names():
        text = _summary(lambda: POLICIES.get(name))  # noqa: B023
        yield name, text + _default(name == _setting("reclaim")), POLICIES.origin(name)


def _formats() -> Iterable[Row]:
    from zswapsim.trace.formats import FORMATS

    for name in FORMATS.names():
        yield name, _summary(lambda: FORMATS.get(name)), FORMATS.origin(name)  # noqa: B023


def _faults() -> Iterable[Row]:
    from zswapsim.experiment.faults import KINDS, allowed_options

    for kind in KINDS.values():
        yield kind.name, kind.summary, allowed_options(kind), f"{kind.name}:{kind.example}"


def _plugins() -> Iterable[Row]:
    """Every part of another package. A broken one is a row, with what is wrong."""
    from zswapsim.content.compressors import COMPRESSORS
    from zswapsim.machine.pools import zpool
    from zswapsim.machine.reclaim import POLICIES
    from zswapsim.trace.formats import FORMATS

    kinds: tuple[tuple[list[Plugin], Callable[[str], str]], ...] = (
        (COMPRESSORS.plugins(), _how_a_compressor_runs),
        (zpool.plugins(), _how_a_zpool_runs),
        (POLICIES.plugins(), _how_a_policy_runs),
        (FORMATS.plugins(), lambda name: "yes"),
    )
    for plugins, runs in kinds:
        for plugin in plugins:
            outcome = f"no: {plugin.problem}"
            if not plugin.problem:
                try:
                    outcome = runs(plugin.name)
                except Exception as error:
                    outcome = f"no: {_told(error)}"
            yield plugin.kind, plugin.name, plugin.origin, plugin.target, outcome


def _how_a_compressor_runs(name: str) -> str:
    from zswapsim.content.compressors import COMPRESSORS

    COMPRESSORS.get(name)()
    return "yes"


def _how_a_zpool_runs(type_: str) -> str:
    from zswapsim.machine.pools import zpool
    from zswapsim.profiles import DEFAULT_KERNEL, profile

    return _runs(zpool.runs_compiled(zpool.get_driver(type_), profile(DEFAULT_KERNEL)))


def _how_a_policy_runs(name: str) -> str:
    from zswapsim.machine.reclaim import POLICIES, runs_compiled

    return _runs(runs_compiled(POLICIES.get(name)))


def _runs(compiled: bool) -> str:
    return "yes, in both engines" if compiled else "yes, interpreted"


def _summary(get: Callable[[], Any]) -> str:
    """Return a part's summary, or why there is none; the fault of a package ends no list."""
    try:
        return str(get().summary)
    except ZswapSimError as error:
        return f"unavailable: {error}"


def _told(error: Exception) -> str:
    """Return an error in one line."""
    from zswapsim.printable import printable

    told = " ".join(str(error).split())
    return printable(
        told if isinstance(error, ZswapSimError) else f"{type(error).__name__}: {told}"
    )


def _default(is_default: bool, where: str = " here") -> str:
    """Return the mark of what is taken if nothing is said. where: it is."""
    return f"; the default{where}" if is_default else ""


def _setting(name: str) -> object:
    """Return the default of a replay's setting."""
    from dataclasses import fields

    from zswapsim.experiment.config import ReplayConfig

    return next(field.default for field in fields(ReplayConfig) if field.name == name)


HEADINGS = ("name", "what it is", "from")
PLUGIN_HEADINGS = ("kind", "name", "from", "entry point", "loads")
COMPRESSOR_HEADINGS = ("name", "what it is", "lengths, against Linux 6.1's", "from")
FAULT_HEADINGS = ("kind", "what fails", "options", "as in")
PARTS = {
    "compressors": _compressors,
    "zpools": _zpools,
    "policies": _policies,
    "formats": _formats,
    "plugins": _plugins,
    "faults": _faults,
}


@click.command("list", short_help="List what there is.")
@click.argument("parts", type=click.Choice([*PARTS, "profiles"]), metavar="PARTS")
def command(parts: str) -> None:
    """List the PARTS there are: built-in ones and those of other packages.

    PARTS is compressors, zpools, policies, formats, plugins (what other packages bring, and whether
    it loads), faults (what --fault of a replay can let fail) or profiles.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    if parts == "profiles":
        from zswapsim.profiles import DEFAULT_KERNEL, PROFILES, table_rows

        click.echo(
            f"Kernels: {' '.join(PROFILES)}.\n{DEFAULT_KERNEL} unless --kernel says otherwise.\n"
        )
        for heading in ("switch", "value", "kernels"):
            table.add_column(heading, overflow="fold")
        rows: Iterable[Row] = table_rows()
    else:
        headings = {
            "compressors": COMPRESSOR_HEADINGS,
            "plugins": PLUGIN_HEADINGS,
            "faults": FAULT_HEADINGS,
        }
        for heading in headings.get(parts, HEADINGS):
            table.add_column(heading, overflow="fold")
        rows = list(PARTS[parts]())
        if not rows:
            click.echo("No package has brought a part.")
            return
    for row in rows:
        table.add_row(*row)
    console().print(table)
