# SPDX-License-Identifier: GPL-2.0-only
"""What every command that turns counters into time shares: options for the values of the model."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zswapsim.cli.options import checked
from zswapsim.cli.values import DEVICE
from zswapsim.errors import InvalidArgument

if TYPE_CHECKING:
    from zswapsim.experiment.costs import Costs

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class CostOptions:
    """What was asked for. costs: with a person's own values; measure: the other compressors."""

    costs: "Costs"
    measure: bool


def _is_time(text: str) -> None:
    from zswapsim.experiment.costs import parse_us

    parse_us(text)


def _parse_pairs(texts: tuple[str, ...]) -> dict[str, float]:
    """Return microseconds by cost_key of "lz4=3.2" or "zstd:5=30us". InvalidArgument."""
    from zswapsim.experiment.costs import cost_key, parse_us

    given: dict[str, float] = {}
    for text in texts:
        spec, equals, time = text.rpartition("=")
        if not equals:
            raise InvalidArgument(f"{text!r}: allowed is COMPRESSOR=TIME, as lz4=3.2us")
        key = cost_key(spec)
        if key in given:
            raise InvalidArgument(f"{text!r}: {key} is given twice")
        given[key] = parse_us(time)
    return given


_OPTIONS = (
    click.option(
        "--device",
        "device_",
        default="nvme",
        show_default=True,
        metavar="NAME[:read=TIME,write=TIME]",
        type=DEVICE,
        help="What swap lies on: nvme, ssd, emmc, sd or disk, or read=90us,write=20us: of a page "
        "until it is there, and of each of many that are written.",
    ),
    click.option(
        "--cpu",
        type=click.Choice(["preset", "measured"]),
        default="preset",
        show_default=True,
        help="What compressors cost: as on a current x86 core, or as measured on this machine with "
        "these contents. One without a preset is measured.",
    ),
    click.option(
        "--compress-us",
        "compress_us",
        multiple=True,
        metavar="NAME=TIME",
        callback=checked(_parse_pairs),
        help="Time to compress a page, as lz4=3.2 (microseconds); may be repeated.",
    ),
    click.option(
        "--decompress-us",
        "decompress_us",
        multiple=True,
        metavar="NAME=TIME",
        callback=checked(_parse_pairs),
        help="Time to decompress a page, as lz4=1.1; may be repeated.",
    ),
    click.option(
        "--trap-us",
        default="1",
        show_default=True,
        metavar="TIME",
        callback=checked(_is_time),
        help="Time of a fault itself, without the page coming in.",
    ),
    click.option(
        "--reclaim-stall-percent",
        type=click.IntRange(0, 100),
        default=100,
        show_default=True,
        help="Share of reclaim's work that the program waits for: 100 at the limit of a memory "
        "cgroup, 0 where kswapd always keeps ahead.",
    ),
)


def cost_options(command: F) -> F:
    """Add the values of the cost model; the command gets them as `asked`, CostOptions."""

    @functools.wraps(command)
    def with_costs(
        *args: Any,
        device_: str,
        cpu: str,
        compress_us: tuple[str, ...],
        decompress_us: tuple[str, ...],
        trap_us: str,
        reclaim_stall_percent: int,
        **rest: Any,
    ) -> Any:
        from zswapsim.experiment.costs import Costs, parse_device, parse_us

        costs = Costs(
            device=parse_device(device_),
            trap_us=parse_us(trap_us),
            reclaim_stall_percent=reclaim_stall_percent,
        ).with_own(_parse_pairs(compress_us), _parse_pairs(decompress_us))
        return command(*args, asked=CostOptions(costs, cpu == "measured"), **rest)

    for option in reversed(_OPTIONS):
        with_costs = option(with_costs)
    return with_costs  # type: ignore[return-value]
