# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim list."""

from collections.abc import Iterable

import click

from zswapsim.cli.options import console
from zswapsim.errors import ZswapSimError

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
        text = zpool.get_driver(type_).summary + _default(bool(kernels), f" of {' '.join(kernels)}")
        yield type_, text, zpool.origin(type_)


def _policies() -> Iterable[Row]:
    from zswapsim.machine.reclaim import POLICIES

    for name in POLICIES.names():
        text = POLICIES.get(name).summary + _default(name == _setting("reclaim"))
        yield name, text, POLICIES.origin(name)


def _formats() -> Iterable[Row]:
    from zswapsim.trace.formats import FORMATS

    for name in FORMATS.names():
        yield name, FORMATS.get(name).summary, FORMATS.origin(name)


def _default(is_default: bool, where: str = " here") -> str:
    """Return the mark of what is taken if nothing is said. where: it is."""
    return f"; the default{where}" if is_default else ""


def _setting(name: str) -> object:
    """Return the default of a replay's setting."""
    from dataclasses import fields

    from zswapsim.experiment.config import ReplayConfig

    return next(field.default for field in fields(ReplayConfig) if field.name == name)


HEADINGS = ("name", "what it is", "from")
COMPRESSOR_HEADINGS = ("name", "what it is", "lengths, against Linux 6.1's", "from")
PARTS = {
    "compressors": _compressors,
    "zpools": _zpools,
    "policies": _policies,
    "formats": _formats,
}


@click.command("list", short_help="List what there is.")
@click.argument("parts", type=click.Choice([*PARTS, "profiles"]), metavar="PARTS")
def command(parts: str) -> None:
    """List the PARTS there are: built-in ones and those of other packages.

    PARTS is compressors, zpools, policies, formats or profiles.
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
        for heading in COMPRESSOR_HEADINGS if parts == "compressors" else HEADINGS:
            table.add_column(heading, overflow="fold")
        rows = PARTS[parts]()
    for row in rows:
        table.add_row(*row)
    console().print(table)
