# SPDX-License-Identifier: GPL-2.0-only
"""What zswap's settings and counters mean."""

from collections.abc import Iterator, Mapping
from typing import Any

from zswapsim.experiment.host.finding import GOOD, NOTE, WARNING, Finding, percent
from zswapsim.experiment.host.settings import compressor_known
from zswapsim.profiles import PROFILES
from zswapsim.units import format_bytes

Facts = Mapping[str, Any]
FEW = 1000
ENABLE = "`echo Y > /sys/module/zswap/parameters/enabled`, or zswap.enabled=1 at boot"

REACHES = {
    "zbud": "2 at most, as each page of the pool takes two pages",
    "z3fold": "3 at most, as each page of the pool takes three pages",
    "zsmalloc": "what the compression ratio allows, less some per cent",
}
"""What stored pages there can be in a page of the pool."""

REJECTIONS = {
    "reject_reclaim_fail": (
        "attempts to write pages back failed, or found none to write",
        "a swap device with room; up to Linux 6.1 not zsmalloc, of which nothing is written back",
    ),
    "reject_compress_poor": (
        "pages did not become small enough for the pool",
        "nothing if they are few: they are encrypted, random or compressed already. zbud takes "
        "up to 3,968 bytes, zsmalloc a whole page",
    ),
    "reject_compress_fail": (
        "the compressor could not make pages smaller",
        "nothing if they are few: such pages are no smaller compressed",
    ),
    "reject_alloc_fail": (
        "there was no page for the pool, as memory was out at that moment",
        "a higher vm.watermark_scale_factor makes the kernel reclaim earlier",
    ),
    "reject_kmemcache_fail": (
        "there was no memory for zswap's own records",
        "a higher vm.watermark_scale_factor makes the kernel reclaim earlier",
    ),
}
"""debugfs counter -> what happened, what helps."""


def zswap_findings(facts: Facts) -> Iterator[Finding]:
    """Tell whether zswap is on, how full it is, what it refuses, and how often it hits."""
    zswap = facts["zswap"]
    if not zswap["present"]:
        built = facts["config"].get("ZSWAP")
        why = "" if built or not facts["config"] else ": it was built without CONFIG_ZSWAP"
        yield Finding("zswap", NOTE, f"this kernel shows no zswap{why}")
        return
    if zswap["enabled"] is None:
        yield Finding("zswap", NOTE, "whether it is on could not be read")
        return
    if not zswap["enabled"]:
        yield from _off(facts)
        return
    if not facts["swaps"] and "proc/swaps" not in facts["missing"]:
        yield Finding(
            "zswap",
            WARNING,
            "it is on, but there is no swap device for it to be in front of: it does nothing",
            "a swap file or partition, or zram instead of zswap",
        )
    yield from _pool(facts)
    yield from _refused(facts)
    yield from _hits(facts)
    yield from _kernel_knows(facts)


def _off(facts: Facts) -> Iterator[Finding]:
    zswap = facts["zswap"]
    zram_first = bool(facts["swaps"]) and facts["swaps"][0]["zram"] is not None
    if facts["swaps"] and not zram_first:
        yield Finding(
            "zswap", NOTE, "it is off: pages go to swap as they are, at the disk's speed", ENABLE
        )
    else:
        yield Finding("zswap", GOOD if zram_first else NOTE, "it is off")
    if zswap.get("stored_pages"):
        yield Finding(
            "zswap",
            NOTE,
            f"{zswap['stored_pages']:,} pages are still in its pool from when it was on; they stay "
            "until they are used or freed",
        )


def _pool(facts: Facts) -> Iterator[Finding]:
    zswap = facts["zswap"]
    counters = zswap["counters"] or {}
    full, pool = zswap["full_percent"], zswap["pool_bytes"]
    limit_hits = counters.get("pool_limit_hit", 0)
    if full is not None:
        threshold = zswap["accept_threshold_percent"]
        state = "below the limit"
        if threshold is not None and full >= threshold:
            state = (
                f"above the accept threshold ({threshold} % of the limit): once the limit was "
                "hit, pages are refused until it has fallen below that"
            )
        yield Finding(
            "zswap",
            WARNING if full >= 100 or (limit_hits and "refused" in state) else GOOD,
            f"the pool has {format_bytes(pool)}, {percent(pool, zswap['max_pool_bytes'])} of the "
            f"{format_bytes(zswap['max_pool_bytes'])} that max_pool_percent="
            f"{zswap['max_pool_percent']} allows, {state}",
            "a larger max_pool_percent, if the pages come back soon" if full >= 90 else "",
        )
    if zswap["max_pool_percent"] is not None and zswap["max_pool_percent"] > 100:
        yield Finding(
            "zswap",
            WARNING,
            f"max_pool_percent is {zswap['max_pool_percent']}, more than there is: no limit",
        )
    if limit_hits:
        yield Finding(
            "zswap",
            NOTE,
            f"{limit_hits:,} stores found the pool full (pool_limit_hit)",
            "`zswapsim recommend TRACE` tries larger pools with a trace of such a workload",
        )
    if zswap["density"] is not None and zswap["zpool"] in REACHES and zswap["stored_pages"] >= FEW:
        helps = _denser(facts)
        yield Finding(
            "zswap",
            NOTE if helps else GOOD,
            f"{zswap['density']:.2f} pages in a page of the pool; {zswap['zpool']} can reach "
            f"{REACHES[zswap['zpool']]}",
            helps,
        )
    same = counters.get("same_filled_pages", 0)
    if same and zswap["stored_pages"]:
        yield Finding(
            "zswap",
            GOOD,
            f"{percent(same, zswap['stored_pages'])} of the stored pages are one repeated word "
            "and take no room in the pool (same_filled_pages)",
        )


def _denser(facts: Facts) -> str:
    zswap, row = facts["zswap"], PROFILES[facts["kernel"]["profile"]]
    if zswap["zpool"] == "zbud" and "zsmalloc" in row.zpools:
        if not _shrinks_zsmalloc(facts):
            return (
                "z3fold holds up to three; zsmalloc more, but this kernel cannot write back of it"
            )
        return "zsmalloc holds more: `echo zsmalloc > /sys/module/zswap/parameters/zpool`"
    if zswap["density"] < 1.5:
        return "a compressor that makes them smaller, as zstd; `zswapsim ratio` compares them"
    return ""


def _shrinks_zsmalloc(facts: Facts) -> bool:
    """Say whether the kernel can write back what is in a zsmalloc: it came with 6.2."""
    version = facts["kernel"]["version"] or facts["kernel"]["profile"]
    return tuple(map(int, version.split("."))) >= (6, 2)


def _refused(facts: Facts) -> Iterator[Finding]:
    zswap, vmstat = facts["zswap"], facts["vmstat"]
    counters = zswap["counters"] or {}
    stored = vmstat.get("zswpout", 0)
    for name, (says, helps) in REJECTIONS.items():
        count = counters.get(name, 0)
        if count:
            many = count > 0.05 * max(stored, FEW)
            share = f", against {stored:,} stored" if stored else ""
            yield Finding(
                "zswap",
                WARNING if many else NOTE,
                f"{count:,} times {says} ({name}{share})",
                helps if many else "",
            )
    back = counters.get("written_back_pages", vmstat.get("zswpwb", 0))
    if back:
        of = f", {percent(back, stored)} of {stored:,} that were stored" if stored else ""
        yield Finding(
            "zswap",
            NOTE,
            f"{back:,} pages were written back to the disk to make room{of}; each costs a "
            "decompression and a write",
            "a larger max_pool_percent, or a denser pool" if stored and back > stored / 5 else "",
        )


def _hits(facts: Facts) -> Iterator[Finding]:
    vmstat, zrams = facts["vmstat"], [swap for swap in facts["swaps"] if swap["zram"]]
    if "zswpin" not in vmstat:
        return
    hits, reads = vmstat["zswpin"], vmstat.get("pswpin", 0)
    if hits + reads < FEW:
        yield Finding(
            "zswap",
            NOTE,
            f"only {hits + reads:,} pages came back from swap since boot: too few to judge by",
        )
        return
    poor = hits < 0.5 * (hits + reads)
    source = "from the swap devices, zram among them" if zrams else "from disk"
    yield Finding(
        "zswap",
        WARNING if poor else GOOD,
        f"it served {percent(hits, hits + reads)} of the {hits + reads:,} pages that came back "
        f"(zswpin); {reads:,} were read {source} (pswpin)",
        "pages are refused or written back before they are used again: a larger or denser pool"
        if poor
        else "",
    )


def _kernel_knows(facts: Facts) -> Iterator[Finding]:
    """Tell what this kernel could do, or will no longer."""
    zswap, row = facts["zswap"], PROFILES[facts["kernel"]["profile"]]
    if zswap["zpool"] in ("zbud", "z3fold") and row.kernel in ("6.8", "6.12"):
        yield Finding(
            "zswap",
            NOTE,
            f"{zswap['zpool']} is gone from Linux 6.15 on, which has zsmalloc alone",
            "`echo zsmalloc > /sys/module/zswap/parameters/zpool`",
        )
    if zswap["zpool"] == "zsmalloc" and not _shrinks_zsmalloc(facts):
        yield Finding(
            "zswap",
            WARNING,
            "zsmalloc cannot be made smaller in this kernel: once the pool is full, new pages go "
            "to the disk and those of long ago stay",
            "`echo z3fold > /sys/module/zswap/parameters/zpool`, or zbud",
        )
    if row.shrinker and zswap["shrinker_enabled"] is False:
        yield Finding(
            "zswap",
            NOTE,
            "its shrinker is off: pages that are never used again stay until the pool is full",
            "`echo Y > /sys/module/zswap/parameters/shrinker_enabled` writes them back earlier",
        )
    if zswap["compressor"] and not compressor_known(zswap["compressor"]):
        yield Finding(
            "zswap",
            NOTE,
            f"{zswap['compressor']} is no compressor that can be simulated; lzo-rle is taken",
        )
