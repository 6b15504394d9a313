# SPDX-License-Identifier: GPL-2.0-only
"""The answer in a sentence: what keeps this machine's swapped-out pages, and how well."""

from collections.abc import Mapping
from typing import Any

from zswapsim.experiment.host.finding import percent
from zswapsim.units import format_bytes

Facts = Mapping[str, Any]


def answer(facts: Facts) -> str:
    """Return what is in use, with the two or three numbers that tell how it does."""
    told = [_zram(device) for device in facts["zram"] if device["swap"]]
    if facts["zswap"].get("enabled"):
        told.insert(0, _zswap(facts))
    if told:
        return "; ".join(told)
    if facts["swaps"]:
        paths = ", ".join(str(swap["path"]) for swap in facts["swaps"][:3])
        return f"Neither zswap nor zram is in use: pages are swapped out as they are, to {paths}"
    if "proc/swaps" in facts["missing"]:
        return "Neither zswap nor zram is seen in use, but what swap there is could not be read"
    return "Neither zswap nor zram is in use, and there is no swap"


def _zswap(facts: Facts) -> str:
    zswap, vmstat = facts["zswap"], facts["vmstat"]
    where = f" in {zswap['zpool']}" if zswap["zpool"] else ""
    said = f"zswap is on, {zswap['compressor'] or 'some compressor'}{where}"
    if zswap["full_percent"] is not None:
        said += f"; its pool is {percent(zswap['pool_bytes'], zswap['max_pool_bytes'])} full"
    came = vmstat.get("zswpin", 0) + vmstat.get("pswpin", 0)
    if "zswpin" in vmstat and came:
        said += f", and it served {percent(vmstat['zswpin'], came)} of what came back from swap"
    return said


def _zram(device: Facts) -> str:
    said = f"{device['name']} is swap, with {device['algorithm'] or 'some compressor'}"
    if device["effective_ratio"]:
        stat = device["mm_stat"]
        said += (
            f": {format_bytes(stat['orig_data_size'])} in {format_bytes(stat['mem_used_total'])}, "
            f"{device['effective_ratio']:.1f} to 1"
        )
    return said
