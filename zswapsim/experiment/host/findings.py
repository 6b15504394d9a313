# SPDX-License-Identifier: GPL-2.0-only
"""What the files of a machine mean: warnings first, then notes, then what is well."""

from collections.abc import Iterator, Mapping
from typing import Any

from zswapsim.experiment.host.finding import GOOD, LEVELS, NOTE, WARNING, Finding, percent
from zswapsim.experiment.host.zram_findings import zram_findings
from zswapsim.experiment.host.zswap_findings import zswap_findings
from zswapsim.profiles import PROFILES
from zswapsim.units import PAGE_SIZE, format_bytes

Facts = Mapping[str, Any]
FEW = 1000
"""Fewer events than that say nothing in per cent."""

PRESSED_PERCENT = 5.0


def findings(facts: Facts) -> list[Finding]:
    """Return all findings of host_facts, those that matter most in front."""
    told = [*_kernel(facts), *_both(facts), *zswap_findings(facts)]
    for device in facts["zram"]:
        told += zram_findings(device, facts)
    told += [*_swap(facts), *_traffic(facts)]
    return sorted(told, key=lambda finding: LEVELS.index(finding.level))


def _kernel(facts: Facts) -> Iterator[Finding]:
    kernel, page = facts["kernel"], facts["memory"]["page_bytes"]
    profile, off = kernel["profile"], kernel["releases_off"]
    if off is None:
        yield Finding(
            "kernel", NOTE, f"the kernel's version is not told; taken for Linux {profile}"
        )
    elif off:
        behind = f"{abs(off)} release{'s' * (abs(off) > 1)} {'older' if off < 0 else 'newer'}"
        yield Finding(
            "kernel",
            NOTE,
            f"Linux {kernel['version']} has no profile of its own; simulated as {profile}, "
            f"which is {behind}",
            "`zswapsim list profiles` tells what each of them does",
        )
    if page != PAGE_SIZE:
        yield Finding(
            "kernel",
            WARNING,
            f"its pages have {format_bytes(page)}; those that are simulated have 4 KiB, which "
            "compress less",
        )


def _both(facts: Facts) -> Iterator[Finding]:
    zrams = [swap["zram"] for swap in facts["swaps"] if swap["zram"]]
    if not zrams or not facts["zswap"].get("enabled"):
        return
    yield Finding(
        "swap",
        WARNING,
        f"zswap is on in front of {' and '.join(zrams)}: pages are compressed twice over, and in "
        "the wrong order - zswap keeps those swapped out last, and what it writes back to make "
        "room is decompressed and compressed again into the same memory; when zram is full, the "
        "pages used longest ago hold it and newer ones go to a disk (LRU inversion)",
        "keep one of the two: `echo N > /sys/module/zswap/parameters/enabled`, or zswap with a "
        "swap file or partition and no zram",
    )


def _swap(facts: Facts) -> Iterator[Finding]:
    swaps, memory = facts["swaps"], facts["memory"]
    if not swaps and "proc/swaps" in facts["missing"]:
        return
    if not swaps:
        yield Finding("swap", NOTE, "no swap device is in use, so no page is swapped out")
        return
    zrams = [swap for swap in swaps if swap["zram"]]
    disks = [swap for swap in swaps if not swap["zram"]]
    for disk in disks if zrams else ():
        best = max(swap["priority"] for swap in zrams)
        if disk["priority"] >= best:
            order = "before" if disk["priority"] > best else "by turns with"
            yield Finding(
                "swap",
                WARNING,
                f"{disk['path']} has priority {disk['priority']} and is filled {order} "
                f"{zrams[0]['zram']} with {best}: the disk gets pages that zram would keep",
                f"`swapoff {disk['path']}`, then `swapon -p 0 {disk['path']}`; zram-generator "
                "gives zram priority 100",
            )
    used, whole = (sum(swap[f"{what}_bytes"] for swap in swaps) for what in ("used", "size"))
    if whole and used >= 0.9 * whole:
        yield Finding(
            "swap",
            WARNING,
            f"{percent(used, whole)} of swap is in use; when it is full nothing more is swapped "
            "out, and zswap does not change that: each of its pages has a slot of swap",
            "a larger swap file or partition, or a larger disksize of zram",
        )
    if zrams and memory.get("total_bytes") and facts["vm"].get("page_cluster"):
        window = 1 << min(facts["vm"]["page_cluster"], 30)
        yield Finding(
            "swap",
            NOTE,
            f"vm.page-cluster is {facts['vm']['page_cluster']}: up to {window} pages are read for "
            "one. zram has no seek that would make up for it; the kernel leaves it out for most "
            "pages of zram itself, but not for those that several processes share",
            "`sysctl vm.page-cluster=0`",
        )


def _traffic(facts: Facts) -> Iterator[Finding]:
    """Tell how well swapped-out pages come back, from vmstat."""
    vmstat, swaps = facts["vmstat"], facts["swaps"]
    ahead, used = vmstat.get("swap_ra", 0), vmstat.get("swap_ra_hit", 0)
    if ahead >= FEW:
        poor = used < 0.5 * ahead
        yield Finding(
            "swap",
            NOTE if poor else GOOD,
            f"{percent(used, ahead)} of {ahead:,} pages read ahead were used (swap_ra_hit of "
            "swap_ra)",
            "`sysctl vm.page-cluster=0` reads none ahead; 1 or 2 fewer" if poor else "",
        )
    full = facts["pressure"].get("full", {}).get("avg300")
    if full is not None and full >= PRESSED_PERCENT:
        yield Finding(
            "swap",
            WARNING,
            f"in the last five minutes all work stood still for memory {full:.0f} % of the time "
            "(/proc/pressure/memory)",
            "more memory, or fewer things at once, before any of these settings",
        )
    events = PROFILES[facts["kernel"]["profile"]].zswp_events
    if facts["zswap"].get("enabled") and swaps and "zswpin" not in vmstat and not events:
        yield Finding(
            "zswap",
            NOTE,
            "this kernel does not count what zswap loads (zswpin is of 5.19 and later), so how "
            "often it hits is not known",
        )
