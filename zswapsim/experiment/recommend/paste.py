# SPDX-License-Identifier: GPL-2.0-only
"""Settings as what a machine is told: kernel command line, sysfs, tmpfiles.d, zram-generator."""

import math
from typing import Any

from zswapsim.experiment.recommend.space import KERNEL_PAGE_CLUSTER, Cell
from zswapsim.profiles import Profile

PARAMETERS = "/sys/module/zswap/parameters"
ZRAM_PRIORITY = 100
_ON = {True: "Y", False: "N"}

Snippet = dict[str, str]


def snippets(cell: Cell, row: Profile, ram_times: float) -> list[Snippet]:
    """Return what to paste: each with where it goes, its text, and a remark.

    ram_times: what swap has to hold, as a multiple of memory.
    """
    if cell.frontend == "zram":
        return [
            *_zram(cell, ram_times),
            *_page_cluster(0, "zram has no seek to save; the kernel has"),
        ]
    told = _zswap(cell, row) if cell.frontend == "zswap" else _off()
    return told + _page_cluster(cell.page_cluster, "")


def zswap_parameters(cell: Cell, row: Profile) -> dict[str, str]:
    """Return the module parameters, in the order in which they are to be written."""
    told: dict[str, Any] = {}
    if len(row.zpools) > 1:
        told["zpool"] = cell.zpool
    told |= {"compressor": cell.compressor, "max_pool_percent": cell.max_pool_percent}
    if row.hysteresis and cell.accept_threshold_percent is not None:
        told["accept_threshold_percent"] = cell.accept_threshold_percent
    if row.shrinker:
        told["shrinker_enabled"] = _ON[cell.shrinker_enabled]
    if cell.exclusive_loads:
        told["exclusive_loads"] = "Y"
    return {name: str(value) for name, value in told.items()} | {"enabled": "Y"}


def _zswap(cell: Cell, row: Profile) -> list[Snippet]:
    parameters = zswap_parameters(cell, row)
    boot = [f"zswap.{name}={value}" for name, value in parameters.items()]
    live = [f"echo {value} > {PARAMETERS}/{name}" for name, value in parameters.items()]
    kept = [f"w {PARAMETERS}/{name} - - - - {value}" for name, value in parameters.items()]
    if row.kernel == "3.11":  # boot only
        return [_snippet("kernel command line", " ".join(boot), "")]
    return [
        _snippet("now, as root", "\n".join(live), "what is stored already stays as it is"),
        _snippet(
            "kernel command line",
            " ".join(boot),
            f"where {cell.compressor} is a module, it has to be in the initramfs; or instead:",
        ),
        _snippet("/etc/tmpfiles.d/zswap.conf", "\n".join(kept), ""),
    ]


def _off() -> list[Snippet]:
    return [
        _snippet("now, as root", f"echo N > {PARAMETERS}/enabled", ""),
        _snippet("kernel command line", "zswap.enabled=0", ""),
    ]


def _zram(cell: Cell, ram_times: float) -> list[Snippet]:
    name, _, level = cell.compressor.partition(":")
    times = math.ceil(ram_times * 4) / 4
    size = "ram" if times == 1 else f"ram * {times:g}"
    algorithm = f"{name}(level={level})" if level else name
    generator = [
        "[zram0]",
        f"zram-size = {size}",
        f"compression-algorithm = {algorithm}",
        f"swap-priority = {ZRAM_PRIORITY}",
    ]
    by_hand = [
        f"echo N > {PARAMETERS}/enabled",
        "modprobe zram",
        f"echo {name} > /sys/block/zram0/comp_algorithm",
        f'echo "algo={name} level={level}" > /sys/block/zram0/algorithm_params',
        f"echo $(($(awk '/MemTotal/ {{print $2}}' /proc/meminfo) * {round(times * 100)} / 100))K "
        "> /sys/block/zram0/disksize",
        "mkswap /dev/zram0",
        f"swapon -p {ZRAM_PRIORITY} /dev/zram0",
    ]
    if not level:
        by_hand = [line for line in by_hand if "algorithm_params" not in line]
    remark = "zram-generator 1.2 or later, for the level" if level else ""
    return [
        _snippet("/etc/systemd/zram-generator.conf", "\n".join(generator), remark),
        _snippet("or now, as root", "\n".join(by_hand), ""),
        _snippet("kernel command line", "zswap.enabled=0", "zswap in front of zram does harm"),
    ]


def _page_cluster(value: int, why: str) -> list[Snippet]:
    remark = f"{why or 'the kernel has'} {KERNEL_PAGE_CLUSTER} unless told otherwise"
    return [_snippet("/etc/sysctl.d/90-swap.conf", f"vm.page-cluster = {value}", remark)]


def _snippet(where: str, text: str, remark: str) -> Snippet:
    return {"where": where, "text": f"{text}\n", "remark": remark}
