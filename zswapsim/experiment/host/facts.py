# SPDX-License-Identifier: GPL-2.0-only
"""All that those files tell of a machine, as one plain dictionary."""

from typing import Any

from zswapsim.experiment.host.answer import answer
from zswapsim.experiment.host.findings import findings
from zswapsim.experiment.host.nearest import nearest_profile, version_of
from zswapsim.experiment.host.settings import commands, settings_of
from zswapsim.experiment.host.values import Values
from zswapsim.experiment.host.wanted import BLOCK, CONFIG, DEBUGFS, PARAMETERS, HostCopy
from zswapsim.profiles import DEFAULT_KERNEL, PROFILES
from zswapsim.units import PAGE_SIZE

Facts = dict[str, Any]

VMSTAT = (
    *("pswpin", "pswpout", "zswpin", "zswpout", "zswpwb", "swpin_zero", "swpout_zero"),
    *("swap_ra", "swap_ra_hit", "pgmajfault", "pgscan_kswapd", "pgscan_direct", "oom_kill"),
    *("workingset_refault_anon", "allocstall_normal", "allocstall_movable"),
)
MEMINFO = {
    "total_bytes": "MemTotal",
    "available_bytes": "MemAvailable",
    "swap_total_bytes": "SwapTotal",
    "swap_free_bytes": "SwapFree",
    "swap_cached_bytes": "SwapCached",
    "zswap_bytes": "Zswap",
    "zswapped_bytes": "Zswapped",
}
PAGE_SIZES = (4096, 16384, 65536)


def host_facts(copy: HostCopy) -> Facts:
    """Return what a copy tells: {"kind": "host", ...}, JSON through and through.

    kernel: release, version, profile, releases_off; memory: bytes, of /proc/meminfo; zswap:
    parameters, counters (None where debugfs could not be read) and what follows from them; zram: a
    list of devices; swaps; vmstat; vm: settings; pressure; config: of the kernel; missing, damaged:
    path -> why; answer: in a sentence; findings: what it means, warnings first; settings: as a
    replay's; commands: to go on with.
    """
    values = Values(copy)
    facts: Facts = {
        "kind": "host",
        "from": copy.where,
        "missing": dict(sorted(copy.missing.items())),
        "kernel": _kernel(copy),
        "memory": _memory(values),
        "vmstat": _picked(values.table("proc/vmstat"), VMSTAT),
        "vm": _vm(values),
        "swaps": values.swaps(),
        "pressure": values.pressure(),
        "command_line": copy.texts.get("proc/cmdline", "").split(),
        "config": _config(copy),
    }
    facts["zswap"] = _zswap(values, facts)
    facts["zram"] = [_zram(values, name, facts) for name in copy.zram_names()]
    facts["damaged"] = values.damaged
    facts["answer"] = answer(facts)
    facts["findings"] = [finding._asdict() for finding in findings(facts)]
    facts["settings"] = settings_of(facts)
    facts["commands"] = commands(facts)
    return facts


def _picked(table: dict[str, int], names: tuple[str, ...]) -> dict[str, int]:
    return {name: table[name] for name in names if name in table}


def _kernel(copy: HostCopy) -> Facts:
    release = copy.texts.get("proc/sys/kernel/osrelease", "").strip()
    if not release:
        words = copy.texts.get("proc/version", "").split()
        release = words[2] if len(words) > 2 else ""
    version = version_of(release)
    told: Facts = {"release": release[:80] or None, "version": version}
    if version is None:
        return told | {"profile": DEFAULT_KERNEL, "releases_off": None}
    kernel, off = nearest_profile(version)
    return told | {"profile": kernel, "releases_off": off}


def _memory(values: Values) -> Facts:
    table = values.table("proc/meminfo")
    told: Facts = {name: table[word] for name, word in MEMINFO.items() if word in table}
    told["page_bytes"] = PAGE_SIZE
    pages = values.table("proc/vmstat").get("nr_file_pages", 0)
    held = sum(table.get(word, 0) for word in ("Cached", "Buffers", "SwapCached"))
    if pages and held:  # the same in pages and in bytes, though not at the same moment
        told["page_bytes"] = min(PAGE_SIZES, key=lambda size: abs(held / pages - size))
    return told


def _vm(values: Values) -> Facts:
    told: Facts = {}
    for name in ("swappiness", "page-cluster", "watermark_scale_factor"):
        number = values.number(f"proc/sys/vm/{name}")
        if number is not None:
            told[name.replace("-", "_")] = number
    huge, _ = values.choice("sys/kernel/mm/transparent_hugepage/enabled")
    if huge is not None:
        told["transparent_hugepage"] = huge
    return told


def _config(copy: HostCopy) -> dict[str, str]:
    """Return the options that are set, of those about swap."""
    options = {}
    for line in copy.texts.get(CONFIG, "").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            options[name.removeprefix("CONFIG_")] = value.strip('"')[:40]
    return options


def _zswap(values: Values, facts: Facts) -> Facts:
    names = values.copy.in_folder(PARAMETERS)
    if not names:
        return {"present": False}
    told: Facts = {"present": True, "enabled": values.flag(f"{PARAMETERS}/enabled")}
    told["compressor"] = values.word(f"{PARAMETERS}/compressor")
    zpools = PROFILES[facts["kernel"]["profile"]].zpools
    told["zpool"] = values.word(f"{PARAMETERS}/zpool") or (zpools[0] if len(zpools) == 1 else None)
    for name in ("max_pool_percent", "accept_threshold_percent"):
        told[name] = values.number(f"{PARAMETERS}/{name}")
    flags = ("same_filled_pages_enabled", "exclusive_loads", "shrinker_enabled")
    told |= {name: values.flag(f"{PARAMETERS}/{name}") for name in flags}
    counters = {name: values.number(f"{DEBUGFS}/{name}") for name in values.copy.in_folder(DEBUGFS)}
    known = {name: count for name, count in counters.items() if count is not None}
    told["counters"] = known or None
    return told | _fill(told, facts["memory"])


def _fill(zswap: Facts, memory: Facts) -> Facts:
    """Return what is in the pool, and how full it is, from debugfs or else from meminfo."""
    counters, page = zswap["counters"] or {}, memory["page_bytes"]
    pool = counters.get("pool_total_size", memory.get("zswap_bytes"))
    if pool is None and "pool_pages" in counters:
        pool = counters["pool_pages"] * page
    stored = counters.get("stored_pages")
    if stored is None and "zswapped_bytes" in memory:
        stored = memory["zswapped_bytes"] // page
    told: Facts = dict.fromkeys(
        ("pool_bytes", "stored_pages", "max_pool_bytes", "accept_bytes", "full_percent", "density")
    )
    told |= {"pool_bytes": pool, "stored_pages": stored}
    if memory.get("total_bytes") and zswap["max_pool_percent"] is not None:
        most = memory["total_bytes"] // page * zswap["max_pool_percent"] // 100
        told["max_pool_bytes"] = most * page
        if zswap["accept_threshold_percent"] is not None:
            told["accept_bytes"] = most * zswap["accept_threshold_percent"] // 100 * page
        if most and pool is not None:
            told["full_percent"] = round(100 * pool / (most * page), 1)
    if pool and stored is not None:
        compressed = max(0, stored - counters.get("same_filled_pages", 0))
        told["density"] = round(compressed * page / pool, 2)
    return told


def _zram(values: Values, name: str, facts: Facts) -> Facts:
    device = f"{BLOCK}/{name}"
    chosen, algorithms = values.choice(f"{device}/comp_algorithm")
    mm_stat = values.mm_stat(device)
    page, used = facts["memory"]["page_bytes"], mm_stat.get("mem_used_total", 0)
    stored, compressed = mm_stat.get("orig_data_size", 0), mm_stat.get("compr_data_size", 0)
    told: Facts = {
        "name": name,
        "disksize_bytes": values.number(f"{device}/disksize"),
        "algorithm": chosen,
        "algorithms": algorithms,
        "recompression": values.algorithms_by_priority(f"{device}/recomp_algorithm"),
        "backing_device": values.word(f"{device}/backing_dev"),
        "mm_stat": mm_stat,
        "bd_stat": values.bd_stat(device),
        "swap": next((swap for swap in facts["swaps"] if swap["zram"] == name), None),
    }
    told["ratio"] = round(stored / compressed, 2) if compressed else None
    told["effective_ratio"] = round(stored / used, 2) if used else None
    told["overhead_percent"] = round(100 * used / compressed - 100, 1) if compressed else None
    pages = stored // page
    for kind in ("same_pages", "huge_pages"):
        count = mm_stat.get(kind)
        told[f"{kind}_percent"] = round(100 * count / pages, 1) if pages and count else 0.0
    return told
