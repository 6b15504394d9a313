# SPDX-License-Identifier: GPL-2.0-only
"""Pictures of what the simulated machine really did: where objects lie, when stores are refused."""

import random
from collections import deque
from pathlib import Path

from docs.pictures.draw import Picture
from zswapsim import Pool, Trace, Zswap
from zswapsim.trace.analysis.curve import curve_facts

TRACES = Path(__file__).parents[2] / "traces"

LENGTHS = [1744, 1058, 612, 2310, 1302, 3011, 980, 1460]
"""Compressed lengths in bytes of the eight pages that are placed."""
KINDS = ["pool", "second", "third"]
PAGE = 4096
ACCEPT = 70
"""Percent of the limit below which a pool that was full takes pages again."""
BAR = 300
"""Pixels of a page of the pool."""


def pool_pages() -> str:
    """Draw eight objects in pages of zbud and of z3fold."""
    picture = Picture(300, "The same eight compressed pages in zbud and in z3fold")
    for left, type_ in ((20, "zbud"), (380, "z3fold")):
        pages = placed(type_, LENGTHS)
        picture.text(left, 26, f"{type_}: {len(LENGTHS)} objects in {len(pages)} pages", "bold")
        for row, objects in enumerate(pages.values()):
            top = 44 + 46 * row
            picture.box(left, top, BAR, 34)
            for number, start, length in objects:
                x, width = left + start * BAR / PAGE, length * BAR / PAGE
                picture.box(round(x, 1), top, round(width, 1), 34, KINDS[number % 3])
                picture.middle(round(x + width / 2, 1), top + 21, f"{length:,}", "tiny")
    picture.text(20, 290, "Numbers are bytes of 4,096; grey is lost until an object fits", "small")
    return picture.svg()


def zspage() -> str:
    """Draw a zspage, the pages of which are shared by objects of one size."""
    lengths = [2700, 2688, 2712]
    picture = Picture(190, "Three objects in a zspage of two pages")
    picture.text(20, 26, "zsmalloc: one zspage of the class of 2,720 bytes", "bold")
    width = 680
    with Pool("zsmalloc") as pool:
        spots = [pool.map(pool.malloc(length)) for length in lengths]
        size, pages = spots[1] - spots[0], pool.total_pages
    scale = width / (pages * PAGE)
    for at, length in enumerate(lengths):
        x = round(20 + (spots[at] - spots[0]) * scale, 1)
        picture.box(x, 44, round(size * scale, 1), 44, KINDS[at])
        picture.middle(round(x + size * scale / 2, 1), 71, f"object of {length:,}", "small")
    for page in range(pages):
        x = 20 + page * width / pages
        picture.box(x, 44, width / pages, 44, "line dash")
        picture.middle(x + width / pages / 2, 110, f"page {page + 1} of the zspage", "small")
    picture.text(20, 146, f"Each object has a place of {size:,} bytes, 8 of them for its handle.")
    picture.text(20, 168, "The second reaches from one page into the next: little is lost.")
    return picture.svg()


def placed(type_: str, lengths: list[int]) -> dict[int, list[tuple[int, int, int]]]:
    """Return by page of the pool the objects that lie there, as (number, offset, length)."""
    pages: dict[int, list[tuple[int, int, int]]] = {}
    with Pool(type_) as pool:
        handles = [pool.malloc(length) for length in lengths]
        for number, (handle, length) in enumerate(zip(handles, lengths, strict=True)):
            page, offset = divmod(pool.map(handle), PAGE)
            pages.setdefault(page, []).append((number, offset, length))
    return dict(sorted(pages.items()))


def limit() -> str:
    """Draw a pool that meets its limit, and takes pages again below the threshold."""
    sizes, refused, most = hysteresis()
    picture = Picture(310, "Pages of a pool that meets its limit")
    left, top, width, height = 30, 40, 530, 210
    across, up = width / (len(sizes) - 1), height / (most + 3)

    def y_of(pages: float) -> float:
        return round(top + height - pages * up, 1)

    picture.path([(left, top), (left, top + height), (left + width, top + height)])
    for pages, words, kind in (
        (most, f"limit: {most} pages", "alert-line dash"),
        (most * ACCEPT / 100, f"accept threshold: {ACCEPT} %", "line dash"),
    ):
        picture.path([(left, y_of(pages)), (left + width, y_of(pages))], kind)
        picture.text(left + width + 8, y_of(pages) + 4, words, "small")
    points = [(round(left + across * at, 1), y_of(size)) for at, size in enumerate(sizes)]
    picture.path(points, "curve")
    for at in refused:
        x = round(left + across * at, 1)
        picture.path([(x, top + height - 1), (x, top + height - 13)], "alert-line")
    picture.text(left - 8, top - 12, "pages of the pool", "small")
    picture.text(left + width, top + height + 20, f"{len(sizes) - 1} stores", "small", "end")
    words = f"red: the {len(refused)} stores that are refused, and go to the swap file"
    picture.text(left, top + height + 46, words, "alert")
    return picture.svg()


def hysteresis() -> tuple[list[int], list[int], int]:
    """Return pool pages after each step, the steps that were refused, and the limit.

    The program stores a page at each step, and frees its oldest stored one at every second.
    """
    draw = random.Random(7)
    most = 20
    sizes, refused = [0], []
    live: deque[int] = deque()
    with Zswap("lz4-kernel", "zbud", most, kernel="6.1", accept_threshold_percent=ACCEPT) as zswap:
        for slot in range(1, 261):
            if slot % 2 and len(live) > 4:
                zswap.invalidate(live.popleft())
            page = draw.randbytes(draw.randrange(900, 2600)).ljust(PAGE, b"z")
            if zswap.store(slot, page):
                live.append(slot)
            else:
                refused.append(slot)
            sizes.append(sum(pool.pages for pool in zswap.pools))
    return sizes, refused, most


def curve() -> str:
    """Draw a miss-ratio curve, and what a sample makes of it."""
    picture = Picture(330, "Faults by memory: a recorded program, and a sample of its pages")
    left, top, width, height, most = 70, 40, 610, 220, 4.0
    trace = Trace.open(TRACES / "python.ztrace")
    exact = curve_facts(trace, engine="interpreted")["points"]
    sampled = curve_facts(trace, rate=0.2, engine="interpreted")["points"]

    def at(percent: float, ratio: float) -> tuple[float, float]:
        """Return where a share of the footprint and a miss ratio are."""
        shown = min(100 * ratio, most)
        return round(left + width * percent / 100, 1), round(top + height * (1 - shown / most), 1)

    picture.path([(left, top), (left, top + height), (left + width, top + height)])
    for percent in range(0, 101, 20):
        x, y = at(percent, 0)
        picture.middle(x, y + 18, f"{percent} %", "small")
    for ratio in range(5):
        x, y = at(0, ratio / 100)
        picture.text(x - 8, y + 4, f"{ratio} %", "small", "end")
    known = [point for point in sampled if point["plus_minus"] is not None]
    for sign in (-1, 1):
        edge = [(p["percent"], p["miss_ratio"] + sign * p["plus_minus"]) for p in known]
        picture.path([at(percent, max(0, ratio)) for percent, ratio in edge], "line dash")
    curve = [(point["percent"], point["miss_ratio"]) for point in exact]
    picture.path([at(percent, ratio) for percent, ratio in curve if 100 * ratio <= most], "curve")
    picture.text(left - 8, top - 14, "accesses that fault", "small")
    picture.text(left + width, top + height + 38, "memory, of the footprint", "small", "end")
    picture.text(left + 190, top + 50, "green: all pages looked at", "good")
    words = "dashed: where the curve is, as a fifth of the pages tell"
    picture.text(left + 190, top + 72, words, "small")
    return picture.svg()
