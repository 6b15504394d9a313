# SPDX-License-Identifier: GPL-2.0-only
"""Scripts for the tests of lessons: by kernel and pool, and at random."""

from typing import Any

from hypothesis import strategies as st

from zswapsim.experiment.lesson.lesson import run_script
from zswapsim.experiment.lesson.script import parse_script

BY_HAND = (
    ("5.4", "zbud"),
    ("5.4", "z3fold"),
    ("5.4", "zsmalloc"),
    ("6.1", "zbud"),
    ("6.1", "z3fold"),
    ("6.1", "zsmalloc"),
    ("6.6", "zbud"),
    ("6.6", "zsmalloc"),
    ("6.12", "zbud"),
    ("6.12", "z3fold"),
    ("6.12", "zsmalloc"),
)
"""Kernels and their zpools that lessons are about."""

CONTENTS = (
    *("zero", "same", "text", "pointers", "random", "mixed"),
    *("size=200", "size=1000", "size=1900", "size=2600", "size=3900", "size=4090"),
)
SLOTS = 9


def lesson(text: str, *, ask_all: bool = True) -> dict[str, Any]:
    """Run a script."""
    return run_script(parse_script(text, "x.zswap"), ask_all=ask_all)


def _line(draw: st.DrawFn, names: tuple[str, ...], stored: list[int]) -> str:
    name = draw(st.sampled_from(names))
    slot = draw(st.integers(1, SLOTS))
    if name == "store":
        content = draw(st.sampled_from(CONTENTS))
        if stored and draw(st.booleans()) and draw(st.booleans()):
            content = f"like {draw(st.sampled_from(stored))}"
        stored.append(slot)
        return f"store {slot} {content}"
    if name == "limit":
        return f"limit {draw(st.integers(0, 5))}"
    return name if name in ("shrink", "compact") else f"{name} {slot}"


@st.composite
def by_hand_scripts(draw: st.DrawFn) -> str:
    """Return a script of stores and loads, of zswap or of zram."""
    names: tuple[str, ...] = ("store", "store", "store", "load", "invalidate", "limit")
    head = [f"slots {SLOTS}", f"seed {draw(st.integers(0, 3))}"]
    head.append(f"limit {draw(st.integers(0, 5))}")
    if draw(st.booleans()) and draw(st.booleans()):
        head += ["frontend zram", f"kernel {draw(st.sampled_from(('5.4', '6.1', '6.12')))}"]
        names += ("compact",)
    else:
        kernel, zpool = draw(st.sampled_from(BY_HAND))
        head += [f"zpool {zpool}", f"kernel {kernel}"]
        names += ("shrink", "busy", "idle")
    head.append("store 1 text")
    stored = [1]
    count = draw(st.integers(1, 20))
    return "\n".join([*head, *(_line(draw, names, stored) for _ in range(count))])


@st.composite
def memory_scripts(draw: st.DrawFn) -> str:
    """Return a script of accesses."""
    kernel, zpool = draw(st.sampled_from(BY_HAND))
    frontend = draw(st.sampled_from(("zswap", "zswap", "zram")))
    head = [f"kernel {kernel}", f"frontend {frontend}", f"memory {draw(st.integers(2, 6))}"]
    head.append(f"reclaim {draw(st.sampled_from(('lru', 'clock', 'two-list')))}")
    if frontend == "zswap":
        head += [f"zpool {zpool}", f"limit {draw(st.integers(0, 3))}"]
    accesses = st.tuples(
        st.integers(0, 8), st.sampled_from(("", " write", *(f" write {c}" for c in CONTENTS)))
    )
    drawn = draw(st.lists(accesses, min_size=1, max_size=24))
    return "\n".join([*head, *(f"access {page}{how}" for page, how in drawn)])
