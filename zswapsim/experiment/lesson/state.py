# SPDX-License-Identifier: GPL-2.0-only
"""The state of a machine as plain data: pool, entries, memory, swap file, counters; and changes."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from zswapsim.experiment.outcome import debugfs, vmstat, zram_stat
from zswapsim.machine import memory as m
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools.layout import PageLayout, layout_of
from zswapsim.machine.pools.zpool import PoolState, zpool_total_pages
from zswapsim.machine.reclaim import ReclaimPolicy
from zswapsim.machine.swap import Swap
from zswapsim.machine.zram import device as d
from zswapsim.machine.zram.device import Zram
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.entry import is_stale, lru_head
from zswapsim.machine.zswap.limit import (
    zswap_accept_thr_pages,
    zswap_is_full,
    zswap_max_pages,
)
from zswapsim.machine.zswap.pools import zswap_used_pages
from zswapsim.profiles import POOL_PAGE, SECOND_CHANCE, Profile
from zswapsim.units import PAGE_SIZE

State = dict[str, Any]

KEYS = ("page", "slot", "name")
"""By which of these an element of a list is known, in paths of what changed."""

ZRAM_KINDS = {
    d.SAME: "same-filled",
    d.COMPRESSED: "compressed",
    d.HUGE: "raw",
    d.WRITTEN_BACK: "written back",
}


def zswap_state(swap: Swap, row: Profile, driver: str) -> State:
    """Return the state of zswap with its first pool, and of the swap file behind it."""
    zswap = swap.zswap
    slots = range(len(zswap.kind))
    slot_of = {int(zswap.handle[slot]): slot for slot in slots if zswap.kind[slot] == z.COMPRESSED}
    lengths = [int(zswap.length[slot]) for slot in slots]
    lru = None
    if row.shrink != POOL_PAGE:
        lru = [int(slot) for slot in list_nodes(zswap.lru, int(lru_head(zswap, 0)))]
    return {
        "pool": {
            "driver": driver,
            "total_pages": int(zpool_total_pages(swap.pools.pool)),
            "counted_pages": int(zswap_used_pages(swap)),
            "limit_pages": int(zswap_max_pages(zswap)),
            "accept_pages": int(zswap_accept_thr_pages(zswap)) if row.hysteresis else None,
            "full": bool(zswap_is_full(swap)),
            "waiting": bool(zswap.counters[z.REACHED_FULL]),
            "header_bytes": int(zswap.pool_header[0]),
            **_layout(swap.pools.pool, slot_of, lengths),
        },
        "entries": [_entry(swap, row, slot) for slot in slots if zswap.kind[slot] != z.NONE],
        "entry_lru": lru,
        "memory": None,
        "swap_file": [slot for slot in slots if swap.device[slot] != 0],
        "zero_slots": [slot for slot in slots if swap.zero[slot] != 0],
        "counters": {**debugfs(swap), **vmstat(swap)},
    }


def _entry(swap: Swap, row: Profile, slot: int) -> dict[str, Any]:
    zswap = swap.zswap
    length = int(zswap.length[slot])
    kind = "same-filled"
    if zswap.kind[slot] == z.COMPRESSED:
        kind = "raw" if row.raw_incompressible and length == PAGE_SIZE else "compressed"
    entry = {"slot": slot, "kind": kind, "length_bytes": length}
    if swap.busy[slot]:
        entry["busy"] = True
    if is_stale(zswap, slot):
        entry["stale"] = True
    if row.shrink == SECOND_CHANCE and kind != "same-filled":
        entry["referenced"] = bool(zswap.referenced[slot])
    return entry


def zram_state(zram: Zram, pool: PoolState, counters: Mapping[str, int]) -> State:
    """Return the state of a zram device. counters: those of mm_stat and bd_stat."""
    slots = [slot for slot in range(len(zram.kind)) if zram.kind[slot] != d.EMPTY]
    objects = (d.COMPRESSED, d.HUGE)
    slot_of = {int(zram.handle[slot]): slot for slot in slots if zram.kind[slot] in objects}
    limit_pages = int(zram.parameters[d.LIMIT_PAGES])
    total_pages = int(zpool_total_pages(pool))
    return {
        "pool": {
            "driver": "zsmalloc",
            "total_pages": total_pages,
            "counted_pages": total_pages,
            "limit_pages": limit_pages or None,
            "accept_pages": None,
            "full": bool(limit_pages and total_pages >= limit_pages),
            "waiting": False,
            "header_bytes": 0,
            **_layout(pool, slot_of, [int(zram.length[slot]) for slot in range(len(zram.length))]),
        },
        "entries": [
            {
                "slot": slot,
                "kind": ZRAM_KINDS[int(zram.kind[slot])],
                "length_bytes": int(zram.length[slot]),
            }
            for slot in slots
        ],
        "entry_lru": None,
        "memory": None,
        "swap_file": [],
        "zero_slots": [],
        "counters": dict(counters),
    }


def machine_state(machine: m.Machine, row: Profile, driver: str, policy: ReclaimPolicy) -> State:
    """Return the state of a machine with memory, whose frontend is zswap or zram."""
    swap = machine.swap
    if isinstance(swap.disk, Zram):
        state = zram_state(swap.disk, swap.pools.pool, {**zram_stat(swap), **vmstat(swap)})
        state["zero_slots"] = [slot for slot in range(len(swap.zero)) if swap.zero[slot]]
    else:
        state = zswap_state(swap, row, driver)
    memory = machine.memory
    stat = memory.stat
    state["memory"] = {
        "limit_pages": int(stat[m.LIMIT_PAGES]),
        "resident": (resident := [int(page) for page in policy.check(machine.policy)]),
        "resident_pages": len(resident),
        "slots": [
            {"slot": int(memory.slot[page]), "of_page": page}
            for page in range(len(memory.slot))
            if memory.slot[page]
        ],
    }
    state["counters"].update(
        {name: int(stat[at]) for at, name in enumerate(m.MEMORY) if name in SHOWN_OF_MEMORY}
    )
    return state


SHOWN_OF_MEMORY = ("pgfault", "pgmajfault", "pgsteal", "clean_drops", "swap_full", "over_limit")


def _layout(pool: PoolState, slot_of: Mapping[int, int], lengths: Sequence[int]) -> dict[str, Any]:
    """Return pages and lists of a pool."""
    told = layout_of(pool)
    return {
        "pages": [_page(page, slot_of, lengths) for page in told.pages],
        "lists": [{"name": name, "pages": pages} for name, pages in told.lists],
    }


def _page(page: PageLayout, slot_of: Mapping[int, int], lengths: Sequence[int]) -> dict[str, Any]:
    objects = []
    for placed in page.objects:
        slot = slot_of.get(placed.handle)
        objects.append(
            {
                "slot": slot,
                "place": placed.place,
                "offset_bytes": placed.offset_bytes,
                "size_bytes": placed.size_bytes,
                "length_bytes": None if slot is None else lengths[slot],
            }
        )
    told: dict[str, Any] = {
        "page": page.page,
        "capacity_bytes": page.pages * PAGE_SIZE,
        "objects": objects,
        "free_bytes": page.free_bytes,
        "free_chunks": page.free_chunks,
    }
    if page.size_class:
        told["pages"] = page.pages
        told["size_class"] = page.size_class
    return told


def changes(before: Any, after: Any, path: str = "") -> list[str]:
    """Return the paths of what differs between two states, in their order.

    Elements of a list of objects are called by their page, slot or name, as
    "pool.pages.0.objects.3.size_bytes"; what is new or gone is one path, as "entries.3".
    """
    return list(_changes(before, after, path))


def _changes(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    old, new = _parts(before), _parts(after)
    if old is None or new is None:
        yield path
        return
    for key in dict.fromkeys((*old, *new)):
        inner = f"{path}.{key}" if path else key
        if key in old and key in new:
            yield from _changes(old[key], new[key], inner)
        else:
            yield inner


def _parts(value: Any) -> dict[str, Any] | None:
    """Return the parts of a value by name, None for one without such."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return {str(_key(each)): each for each in value}
    return None


def _key(element: dict[str, Any]) -> Any:
    return next(element[key] for key in KEYS if key in element)


MOST_SHOWN = 256
"""Pages, or entries, of a state that are all told; of more, those that the steps touch."""

ENDS = 32
"""Resident pages told at each end of their list, where it is too long."""


def leave_out(states: Sequence[State], steps: Sequence[Mapping[str, Any]]) -> None:
    """Take out of large states what no step touches, and say how much that is.

    A state then has "left_out": {"pages", "entries", "resident"}.
    """
    size = max(max(len(one["pool"]["pages"]), len(one["entries"])) for one in states)
    memory = states[0]["memory"]
    if max(size, len(memory["resident"]) if memory else 0) <= MOST_SHOWN:
        return
    paths = [path.split(".") for step in steps for path in step["changed"]]
    pages = {path[2] for path in paths if path[:2] == ["pool", "pages"]}
    slots = {path[1] for path in paths if path[0] == "entries" and len(path) > 1}
    for state in states:
        _keep(state, pages, slots)


def _keep(state: State, pages: Set[str], slots: Set[str]) -> None:
    """Leave only these pages of the pool and these slots in a state."""
    pool, memory = state["pool"], state["memory"]
    left_out = {"pages": len(pool["pages"]), "entries": len(state["entries"]), "resident": 0}
    pool["pages"] = [page for page in pool["pages"] if str(page["page"]) in pages]
    pool["lists"] = [
        {"name": one["name"], "pages": kept}
        for one in pool["lists"]
        if (kept := [page for page in one["pages"] if str(page) in pages])
    ]
    state["entries"] = [entry for entry in state["entries"] if str(entry["slot"]) in slots]
    for name in ("swap_file", "zero_slots", "entry_lru"):
        if state[name] is not None:
            state[name] = [slot for slot in state[name] if str(slot) in slots]
    if memory:
        resident = memory["resident"]
        if len(resident) > 2 * ENDS:
            memory["resident"] = resident[:ENDS] + resident[-ENDS:]
        left_out["resident"] = len(resident) - len(memory["resident"])
        memory["slots"] = [one for one in memory["slots"] if str(one["slot"]) in slots]
    left_out["pages"] -= len(pool["pages"])
    left_out["entries"] -= len(state["entries"])
    state["left_out"] = left_out
