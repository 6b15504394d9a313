# SPDX-License-Identifier: GPL-2.0-only
"""Options for the machine that several commands run, each with its own words in the help.

What a command says of an option is its argument; name, kind and default are the same everywhere.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from zswapsim.cli.values import FAULT, KERNEL, POLICY, SIZE_OR_PERCENT, ZPOOL
from zswapsim.machine.readahead import MAX_PAGE_CLUSTER
from zswapsim.profiles import DEFAULT_KERNEL

F = TypeVar("F", bound=Callable[..., Any])

TOTAL_MEMORY = (
    "Total RAM, for resident pages and pool together: 64M, 300p (pages), or a share of the pages "
    "that the trace touches."
)

zpool_option = click.option(
    "--zpool",
    type=ZPOOL,
    metavar="NAME",
    show_default="the kernel's own: zbud, from 6.8 on zsmalloc",
    help="Allocator of the pool; see `zswapsim list zpools`.",
)

reclaim_option = click.option(
    "--reclaim",
    default="lru",
    show_default=True,
    metavar="NAME",
    type=POLICY,
    help="Policy that picks the pages to swap out; see `zswapsim list policies`.",
)


def kernel_option(what: str, default: str = DEFAULT_KERNEL) -> Callable[[F], F]:
    """Return the option --kernel of a command. what: the version is for, as its help has it."""
    return click.option(
        "--kernel",
        type=KERNEL,
        default=default,
        show_default=True,
        metavar="VERSION",
        help=f"{what}; see `zswapsim list profiles`.",
    )


def memory_option(text: str = TOTAL_MEMORY) -> Callable[[F], F]:
    """Return the option --memory."""
    return click.option(
        "--memory",
        default="50%",
        show_default=True,
        metavar="SIZE|PERCENT",
        type=SIZE_OR_PERCENT,
        help=text,
    )


def page_cluster_option(text: str) -> Callable[[F], F]:
    """Return the option --page-cluster."""
    return click.option(
        "--page-cluster",
        type=click.IntRange(0, MAX_PAGE_CLUSTER),
        default=0,
        show_default=True,
        help=text,
    )


def swap_size_option(text: str) -> Callable[[F], F]:
    """Return the option --swap-size."""
    return click.option(
        "--swap-size",
        metavar="SIZE|PERCENT",
        type=SIZE_OR_PERCENT,
        show_default="room for every page",
        help=text,
    )


def engine_option(text: str) -> Callable[[F], F]:
    """Return the option --engine."""
    return click.option(
        "--engine",
        type=click.Choice(["auto", "interpreted", "compiled"]),
        default="auto",
        show_default=True,
        help=text,
    )


fault_option = click.option(
    "--fault",
    "faults",
    type=FAULT,
    multiple=True,
    metavar="KIND[:OPTION,...]",
    help="Let something fail, as read-error:1%, write-error:slot=17, alloc-fail:every=100, "
    "bad-slots:5-20, slow:x4; see `zswapsim list faults`. May be given several times.",
)


def jobs_option(text: str) -> Callable[[F], F]:
    """Return the option --jobs."""
    return click.option(
        "--jobs", type=click.IntRange(1), metavar="N", show_default="one a core", help=text
    )
