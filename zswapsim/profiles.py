# SPDX-License-Identifier: GPL-2.0-only
"""Kernel profiles: how zswap and its pools differ from version to version, as a table of switches.

The machine reads the switches as integers and never asks for a version (specification section 9).
A new version is a new row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from zswapsim.errors import EINVAL, ENOSPC, EPERM, NoEntry


def words(*texts: str) -> Any:
    """Return a required switch whose values 0, 1, ... mean these words."""
    return field(metadata={"words": texts})


NO, YES = range(2)
ONE_LIST, PER_SWAP_TYPE = range(2)
OVER, REACHED = range(2)
CACHED, LIVE = range(2)
RAM_FIRST, POOL_FIRST = range(2)
GO_ON, RETEST, QUEUE = range(3)
POOL_PAGE, POOL_LRU, MEMCG_LRU, SECOND_CHANCE = range(4)
AT_INSERT, BY_FRONTSWAP, REMOVED_FIRST, REPLACED = range(4)
NEVER, ANY_WORD, ZERO_IN_CORE = range(3)
ON_REQUEST, ALWAYS = 1, 2
UNCOUNTED, COUNTED, BY_ERRNO = range(3)
PASS, WRAPPER, BOUNDED = range(3)
UNKNOWN_SIZE_OLD, UNKNOWN_SIZE, SMALL_SIZE = range(3)
PERCENT, WASTE = range(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One row. The integers are the machine's switches, the rest is for people.

    kernel, source: the version, and the release whose source was read; zpools, default_zpool,
    default_compressor, max_pool_percent, accept_threshold_percent: what it has, and its defaults.

    pool_scope: pools are one list, or each swap type has its own and the limit sees the last used;
    header_bytes: what zswap puts before the data of an object in a pool that can be shrunk;
    full_test: full is used > max, or used >= max; used_value: the pool's size as cached, or live;
    accept_level: how the accept threshold is rounded, and whether it has to be undercut;
    full_action: what a store does that finds the pool full; hysteresis: whether it then refuses
    until the threshold accepts; hysteresis_shrinks: whether that refusal queues a shrink too;
    shrink: whose order a shrink follows: the pool's pages, or zswap's own LRU of entries;
    duplicates: what becomes of the old entry when a slot is stored anew; frontswap: whether a
    bitmap decides which slots zswap is asked for;
    same_filled: pages of one word that cost nothing; non_same_filled_knob: whether others can be
    refused; exclusive_loads: whether a load takes the entry away;
    compress_errors: how a page that the compressor refuses is counted; raw_incompressible: whether
    it is stored as it is; lzo_oversize, lz4_bounded, deflate_oversize: what becomes of more than
    4096 bytes;
    zstd_parameters: which the kernel asks for;
    zswp_events, zswpwb_event: what vmstat has; shrinker: whether there is one to enable;
    large_folios: what becomes of a folio of several pages;
    zsmalloc_*, z3fold_*: the rules of the allocators, of which errors are those of zs_malloc.
    """

    kernel: str
    source: str
    zpools: tuple[str, ...]
    default_zpool: str = "zbud"
    default_compressor: str = "lzo"
    max_pool_percent: int = 20
    accept_threshold_percent: int = 90
    pool_scope: int = words("one list", "one a swap type")
    header_bytes: int
    full_test: int = words("used > max", "used >= max")
    used_value: int = words("cached", "live")
    accept_level: int = words("used < ram*thr*max", "used <= ram*max*thr")
    full_action: int = words("shrink, go on", "shrink, test again", "refuse, queue a shrink")
    hysteresis: int = words("no", "yes")
    hysteresis_shrinks: int = words("no", "yes")
    shrink: int = words(
        "one pool page", "entries of the pool", "entries, by memcg", "entries, second chance"
    )
    duplicates: int = words(
        "replaced, counted", "invalidated before", "removed before, counted", "replaced"
    )
    frontswap: int = words("no", "yes")
    same_filled: int = words("no", "any word", "zeros, in swap core")
    non_same_filled_knob: int = words("no", "yes")
    exclusive_loads: int = words("no", "on request", "always")
    compress_errors: int = words("not counted", "compress_fail", "by errno")
    raw_incompressible: int = words("no", "yes")
    lzo_oversize: int = words("passed on", "-ENOSPC", "-EINVAL")
    lz4_bounded: int = words("no", "yes")
    deflate_oversize: int
    zstd_parameters: int = words("unknown size, 5.4", "unknown size", "256 KiB")
    zswp_events: int = words("no", "yes")
    zswpwb_event: int = words("no", "yes")
    shrinker: int = words("no", "yes")
    large_folios: int = words("refused", "page by page")
    zsmalloc_max_chain: int
    zsmalloc_algorithm: int = words("percent", "waste")
    zsmalloc_groups: int
    zsmalloc_invalid_size: int
    zsmalloc_oversize: int
    z3fold_single_object_move: int = words("no", "yes")
    z3fold_relist: int = words("no", "yes")


_THREE = ("zbud", "z3fold", "zsmalloc")

_3_11 = {
    "kernel": "3.11",
    "source": "3.11.0",
    "zpools": ("zbud",),
    "pool_scope": PER_SWAP_TYPE,
    "header_bytes": 8,
    "full_test": OVER,
    "used_value": CACHED,
    "accept_level": RAM_FIRST,
    "full_action": GO_ON,
    "hysteresis": NO,
    "hysteresis_shrinks": NO,
    "shrink": POOL_PAGE,
    "duplicates": AT_INSERT,
    "frontswap": YES,
    "same_filled": NEVER,
    "non_same_filled_knob": NO,
    "exclusive_loads": NEVER,
    "compress_errors": UNCOUNTED,
    "raw_incompressible": NO,
    "lzo_oversize": PASS,
    "lz4_bounded": NO,
    "deflate_oversize": -EINVAL,
    "zstd_parameters": UNKNOWN_SIZE_OLD,
    "zswp_events": NO,
    "zswpwb_event": NO,
    "shrinker": NO,
    "large_folios": NO,
    "zsmalloc_max_chain": 4,
    "zsmalloc_algorithm": PERCENT,
    "zsmalloc_groups": 4,
    "zsmalloc_invalid_size": -EPERM,
    "zsmalloc_oversize": -EPERM,
    "z3fold_single_object_move": NO,
    "z3fold_relist": NO,
}
_5_4 = _3_11 | {
    "kernel": "5.4",
    "source": "5.4.273",
    "zpools": _THREE,
    "pool_scope": ONE_LIST,
    "full_action": RETEST,
    "duplicates": BY_FRONTSWAP,
    "same_filled": ANY_WORD,
    "lz4_bounded": YES,
}
_5_10 = _5_4 | {
    "kernel": "5.10",
    "source": "5.10.223",
    "full_action": QUEUE,
    "hysteresis": YES,
    "z3fold_single_object_move": YES,
}
_6_1 = _5_10 | {
    "kernel": "6.1",
    "source": "6.1.170",
    "non_same_filled_knob": YES,
    # Recordings of 6.1.192 show the bounded library, which 6.1.0 did not have.
    "lzo_oversize": BOUNDED,
    "zstd_parameters": UNKNOWN_SIZE,
    "zswp_events": YES,
    "zsmalloc_invalid_size": -EINVAL,
    "zsmalloc_oversize": -EINVAL,
    "z3fold_relist": YES,
}
_6_6 = _6_1 | {
    "kernel": "6.6",
    "source": "6.6.87",
    "header_bytes": 0,
    "hysteresis_shrinks": YES,
    "shrink": POOL_LRU,
    "duplicates": REMOVED_FIRST,
    "frontswap": NO,
    "exclusive_loads": ON_REQUEST,
    "lzo_oversize": WRAPPER,
    "zsmalloc_max_chain": 8,
    "zsmalloc_algorithm": WASTE,
    "zsmalloc_groups": 12,
}
_6_8 = _6_6 | {
    "kernel": "6.8",
    "source": "6.8.1",
    "default_zpool": "zsmalloc",
    "shrink": MEMCG_LRU,
    "compress_errors": COUNTED,
    "zswpwb_event": YES,
    "shrinker": YES,
    "zsmalloc_oversize": -ENOSPC,
}
_6_12 = _6_8 | {
    "kernel": "6.12",
    "source": "6.12.38",
    "full_test": REACHED,
    "used_value": LIVE,
    "accept_level": POOL_FIRST,
    "shrink": SECOND_CHANCE,
    "duplicates": REPLACED,
    "same_filled": ZERO_IN_CORE,
    "non_same_filled_knob": NO,
    "exclusive_loads": ALWAYS,
    "compress_errors": BY_ERRNO,
    "lzo_oversize": BOUNDED,
}
_6_18 = _6_12 | {
    "kernel": "6.18",
    "source": "6.18.5",
    "zpools": ("zsmalloc",),
    "raw_incompressible": YES,
    "large_folios": YES,
    "deflate_oversize": -ENOSPC,
    "zstd_parameters": SMALL_SIZE,
}

PROFILES: dict[str, Profile] = {
    str(row["kernel"]): Profile(**row)  # type: ignore[arg-type]
    for row in (_3_11, _5_4, _5_10, _6_1, _6_6, _6_8, _6_12, _6_18)
}
DEFAULT_KERNEL = "5.4"

CURRENT_KERNEL = "6.12"
"""With long support: what people run, where DEFAULT_KERNEL is one that many lessons are about."""

SWITCHES = tuple(
    field.name for field in fields(Profile) if field.type == "int" or field.type is int
)
"""The fields that the machine reads, in the order of its array."""


def profile(kernel: str) -> Profile:
    """Return the row of a kernel version; NoEntry lists the versions there are."""
    if kernel not in PROFILES:
        raise NoEntry(f"no kernel profile {kernel!r}; there are {', '.join(PROFILES)}")
    return PROFILES[kernel]


def check_zpool(row: Profile, type_: str) -> None:
    """NoEntry if that kernel had not this one of the kernel's zpools; it names those that had.

    A zpool that no kernel had, so of a third party, may go with any.
    """
    had = [other.kernel for other in PROFILES.values() if type_ in other.zpools]
    if had and row.kernel not in had:
        raise NoEntry(
            f"kernel {row.kernel} has no zpool {type_!r}, only {', '.join(row.zpools)}; "
            f"{type_} is in {_listed(had)}"
        )


def table_rows() -> list[tuple[str, str, str]]:
    """Return the table as people read it: (switch, value, kernels that have it), oldest first."""
    rows = []
    for column in fields(Profile):
        if column.name == "kernel":
            continue
        meanings = column.metadata.get("words", ())
        kernels_of: dict[str, list[str]] = {}
        for row in PROFILES.values():
            said = _say(meanings, getattr(row, column.name))
            kernels_of.setdefault(said, []).append(row.kernel)
        rows += [
            (column.name, said, "all" if len(had) == len(PROFILES) else " ".join(had))
            for said, had in kernels_of.items()
        ]
    return rows


def _say(meanings: Sequence[str], value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, int) and meanings:
        return meanings[value]
    return _ERRORS.get(value, str(value)) if isinstance(value, int) else str(value)


_ERRORS = {-EPERM: "-EPERM", -EINVAL: "-EINVAL", -ENOSPC: "-ENOSPC"}


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
