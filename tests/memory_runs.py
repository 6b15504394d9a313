# SPDX-License-Identifier: GPL-2.0-only
"""Small runs of the whole machine for hypothesis: a trace, its contents, what strains it."""

from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st
from kernels import KERNELS, version
from oracles import EINVAL, FREED, ClockOracle, LruOracle
from two_list_oracle import TwoListOracle

from zswapsim.profiles import profile

WRITE = 1 << 31
KINDS = {"lru": LruOracle, "clock": ClockOracle, "two-list": TwoListOracle}


@st.composite
def runs(
    draw: Any,
    kernels: Sequence[str] = KERNELS,
    *,
    shrinker: bool = False,
    any_pool: bool = False,
) -> dict[str, Any]:
    """A small trace with its contents and versions, and a configuration that it strains.

    A seed makes the accesses, as those drawn one by one hardly ever fill memory. A third of the
    traces mostly goes on to the next page, with room in swap: neighbours leave and come back
    together, which is what read-ahead is for. any_pool: with all that the kernel has, and
    sometimes without zswap; else with one that other tests compile, too.
    """
    random = Random(draw(st.integers(0, 1 << 32)))
    kernel = draw(st.sampled_from(kernels))
    usual = ["zsmalloc" if kernel == "6.18" else "zbud"]
    sweeps = draw(st.sampled_from([0, 0.3, 0.95]))
    for_readahead = sweeps == 0.95
    pages = 40 if for_readahead else draw(st.integers(2, 40))
    contents = random.randrange(1, 8)
    lengths = [random.choice([-EINVAL, 4000, 3960, 100, 1900, 700]) for _ in range(contents)]
    accesses, versions = [], []
    writes, lone_changes, frees = random.random(), random.random() / 5, random.random() / 10
    length = 250 if for_readahead else draw(st.sampled_from([250, 100, 20]) | st.integers(1, 250))
    page = 0
    for number in range(length):
        page = (page + 1) % pages if random.random() < sweeps else random.randrange(pages)
        write = random.random() < writes
        accesses.append(page | (WRITE if write else 0))
        if random.random() < frees:
            versions.append((number, random.randrange(pages), FREED))
        if random.random() < lone_changes:  # a content that changes without a write
            versions.append((number, random.randrange(pages), random.randrange(contents + 1)))
        if write and random.random() < 0.9:
            versions.append((number, page, random.randrange(contents + 1)))
    return {
        "accesses": accesses,
        "machine": {
            "pages": pages,
            "limit_pages": draw(
                st.integers(6, 30)
                if for_readahead
                else st.just(1 + pages // 2) | st.integers(1, pages + 2)
            ),
            "lengths": [*lengths, 30],  # the last content is the page of zeros
            "same_filled": [*(random.choice([0, 0, 0, 0, 1, 2]) for _ in lengths), 2],
            "versions": versions,
            "slots": draw(st.sampled_from([300, 41] if for_readahead else [300, 40, 12, 6, 3, 2])),
            "policy": draw(st.sampled_from(list(KINDS))),
            "page_cluster": draw(st.sampled_from([0, 3, 1, 2, 5])),
            "kernel": kernel,
            "pool_type": draw(st.sampled_from(profile(kernel).zpools if any_pool else usual)),
            "enabled": not any_pool or draw(st.sampled_from([True, True, True, False])),
            "exclusive_loads": version(kernel) in [(6, 6), (6, 8)] and draw(st.booleans()),
            "shrinker_enabled": shrinker and version(kernel) >= (6, 8) and draw(st.booleans()),
            "totalram_pages": draw(st.sampled_from([10, 5, 25, 0, 100])),
            "pool_pages": draw(st.sampled_from([64, 64, 1])),
        },
    }
