# SPDX-License-Identifier: GPL-2.0-only
"""Every switch of every kernel against specification 9, typed anew.

Where its columns are silent: 6.8 and 5.10 are the notes below the table, the rest sections 3.6,
4.5, 5.1, 5.9, 7.2 and 7.3; lzo of 6.1 is what recordings of it show.
"""

import pytest
from kernels import KERNELS

from zswapsim.errors import NoEntry
from zswapsim.profiles import (
    DEFAULT_KERNEL,
    PROFILES,
    SWITCHES,
    check_zpool,
    profile,
    table_rows,
)

# one word a kernel: 3.11, 5.4, 5.10, 6.1, 6.6, 6.8, 6.12, 6.18
TABLE = """
pool_scope                type    list    list    list    list    list    list    list
header_bytes              8       8       8       8       0       0       0       0
full_test                 over    over    over    over    over    over    reached reached
used_value                cached  cached  cached  cached  cached  cached  live    live
accept_level              ram     ram     ram     ram     ram     ram     pool    pool
full_action               goon    retest  queue   queue   queue   queue   queue   queue
hysteresis                no      no      yes     yes     yes     yes     yes     yes
hysteresis_shrinks        no      no      no      no      yes     yes     yes     yes
shrink                    page    page    page    page    entry   memcg   second  second
duplicates                insert  front   front   front   first   first   silent  silent
frontswap                 yes     yes     yes     yes     no      no      no      no
same_filled               no      word    word    word    word    word    core    core
non_same_filled_knob      no      no      no      yes     yes     yes     no      no
exclusive_loads           no      no      no      no      request request always  always
compress_errors           none    none    none    none    none    fail    errno   errno
raw_incompressible        no      no      no      no      no      no      no      yes
lzo_oversize              pass    pass    pass    bounded wrapper wrapper bounded bounded
deflate_oversize          -22     -22     -22     -22     -22     -22     -22     -28
lz4_bounded               no      yes     yes     yes     yes     yes     yes     yes
zstd_parameters           old     old     old     unknown unknown unknown unknown small
zswp_events               no      no      no      yes     yes     yes     yes     yes
zswpwb_event              no      no      no      no      no      yes     yes     yes
shrinker                  no      no      no      no      no      yes     yes     yes
large_folios              no      no      no      no      no      no      no      yes
zsmalloc_max_chain        4       4       4       4       8       8       8       8
zsmalloc_algorithm        percent percent percent percent waste   waste   waste   waste
zsmalloc_groups           4       4       4       4       12      12      12      12
zsmalloc_invalid_size     -1      -1      -1      -22     -22     -22     -22     -22
zsmalloc_oversize         -1      -1      -1      -22     -22     -28     -28     -28
z3fold_single_object_move no      no      yes     yes     yes     yes     yes     yes
z3fold_relist             no      no      no      yes     yes     yes     yes     yes
"""
# what the words of a switch are called in the table that people read
SAID = {
    "type": "one a swap type",
    "list": "one list",
    "over": "used > max",
    "reached": "used >= max",
    "ram": "used < ram*thr*max",
    "pool": "used <= ram*max*thr",
    "goon": "shrink, go on",
    "retest": "shrink, test again",
    "queue": "refuse, queue a shrink",
    "page": "one pool page",
    "entry": "entries of the pool",
    "memcg": "entries, by memcg",
    "second": "entries, second chance",
    "insert": "replaced, counted",
    "front": "invalidated before",
    "first": "removed before, counted",
    "silent": "replaced",
    "word": "any word",
    "core": "zeros, in swap core",
    "request": "on request",
    "none": "not counted",
    "fail": "compress_fail",
    "errno": "by errno",
    "pass": "passed on",
    "wrapper": "-ENOSPC",
    "bounded": "-EINVAL",
    "old": "unknown size, 5.4",
    "unknown": "unknown size",
    "small": "256 KiB",
    "-1": "-EPERM",
    "-22": "-EINVAL",
    "-28": "-ENOSPC",
}
YES_OR_NO = {"large_folios": {"no": "refused", "yes": "page by page"}}
ROWS = {name: values for name, *values in map(str.split, TABLE.strip().splitlines())}


def said(switch: str, kernel: str) -> str:
    """What the table for people says of a switch in a kernel."""
    [value] = [
        value
        for name, value, kernels in table_rows()
        if name == switch and (kernels == "all" or kernel in kernels.split())
    ]
    return value


def test_there_are_eight_kernels() -> None:
    assert tuple(PROFILES) == KERNELS
    assert DEFAULT_KERNEL == "5.4"
    with pytest.raises(NoEntry, match=r"no kernel profile '4.0'; there are 3\.11, 5\.4, 5\.10,"):
        profile("4.0")


def test_the_table_here_has_every_switch() -> None:
    assert set(ROWS) == set(SWITCHES) - {"max_pool_percent", "accept_threshold_percent"}
    assert {len(values) for values in ROWS.values()} == {len(KERNELS)}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("switch", ROWS)
def test_a_switch_is_as_specified(switch: str, kernel: str) -> None:
    word = ROWS[switch][KERNELS.index(kernel)]
    expected = YES_OR_NO.get(switch, SAID).get(word, word)
    assert said(switch, kernel) == expected


ZPOOLS = {"3.11": "zbud", "6.18": "zsmalloc"}
DEFAULT_ZPOOLS = {"6.8": "zsmalloc", "6.12": "zsmalloc", "6.18": "zsmalloc"}


@pytest.mark.parametrize("kernel", KERNELS)
def test_zpools_and_defaults_are_as_specified(kernel: str) -> None:
    row = profile(kernel)
    assert " ".join(row.zpools) == ZPOOLS.get(kernel, "zbud z3fold zsmalloc")
    assert row.default_zpool == DEFAULT_ZPOOLS.get(kernel, "zbud")
    assert row.default_compressor == "lzo"
    assert (row.max_pool_percent, row.accept_threshold_percent) == (20, 90)


@pytest.mark.parametrize(
    ("kernel", "type_"),
    [("3.11", "z3fold"), ("3.11", "zsmalloc"), ("6.18", "zbud"), ("6.18", "z3fold")],
)
def test_a_zpool_that_the_kernel_had_not_is_no_entry(kernel: str, type_: str) -> None:
    with pytest.raises(NoEntry, match=f"kernel {kernel} has no zpool '{type_}', only"):
        check_zpool(profile(kernel), type_)
