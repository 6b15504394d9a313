# SPDX-License-Identifier: GPL-2.0-only
"""The pictures that explain, and the names of all."""

from collections.abc import Callable

from docs.pictures.draw import Picture
from docs.pictures.ran import curve, limit, pool_pages, zspage
from docs.pictures.speed import speed


def swap_cache() -> str:
    """Draw what zswap is put in front of."""
    picture = Picture(250, "zswap between memory and the swap file")
    picture.text(20, 28, "Memory", "bold")
    picture.box(20, 40, 450, 150)
    picture.labelled(40, 60, 150, 110, "memory", "resident pages", "4,096 bytes each", "in use")
    picture.labelled(300, 60, 150, 110, "pool", "zswap's pool", "compressed pages", "up to 20 %")
    picture.text(590, 28, "Disk", "bold")
    picture.labelled(590, 60, 110, 110, "disk", "swap file", "whole pages", "slow")
    picture.arrow((190, 90), (300, 90))
    picture.middle(245, 82, "store", "small")
    picture.arrow((300, 140), (190, 140))
    picture.middle(245, 158, "load", "small")
    picture.arrow((450, 90), (590, 90))
    picture.middle(530, 82, "writeback", "small")
    picture.path([(645, 170), (645, 222), (115, 222), (115, 170)])
    picture.arrow((115, 222), (115, 170))
    picture.middle(380, 215, "read from the disk: far slower", "small")
    return picture.svg()


def store() -> str:
    """Draw the questions that a store answers, in their order."""
    picture = Picture(430, "What becomes of a page that is swapped out")
    picture.labelled(40, 10, 300, 44, "memory", "a page is swapped out to its slot")
    questions = [
        ("Is the pool at its limit,", "or waiting for the threshold?", "refused"),
        ("Is it one word, repeated?", "as a page of zeros", "the word is noted"),
        ("Does it become smaller?", "the compressor says how much", "refused"),
        ("Has the allocator a place?", "zbud, z3fold or zsmalloc", "refused"),
    ]
    for at, (question, more, answer) in enumerate(questions):
        top = 80 + 74 * at
        picture.arrow((190, top - (26 if at == 0 else 24)), (190, top))
        picture.labelled(40, top, 300, 50, "paper", question, more)
        refused = answer == "refused"
        picture.middle(390, top + 18, "no" if at > 1 else "yes", "small")
        picture.arrow((340, top + 25), (460 if not refused else 540, top + 25))
        if not refused:
            picture.labelled(460, top + 4, 150, 42, "pool", answer)
    picture.box(540, 80, 150, 50, "disk")
    picture.middle(615, 102, "swap file", "bold")
    picture.middle(615, 120, "the whole page", "small")
    for at in (2, 3):
        top = 80 + 74 * at
        picture.labelled(540, top, 150, 50, "disk", "swap file", "the whole page")
    picture.arrow((190, 352), (190, 376))
    picture.labelled(40, 376, 300, 44, "pool", "an entry: slot, handle, length")
    picture.text(360, 403, "the oldest entries may later be written back", "small")
    return picture.svg()


def load() -> str:
    """Draw where a page that is needed again comes from."""
    picture = Picture(190, "Where a page that is needed comes from")
    picture.labelled(20, 60, 150, 60, "memory", "an access", "page is not there")
    picture.labelled(215, 60, 150, 60, "paper", "major fault", "what is in its slot?")
    picture.arrow((170, 90), (215, 90))
    rows = [
        (10, "pool", "zswap has it", "decompress: microseconds"),
        (70, "pool", "it was one word", "fill the page: less still"),
        (130, "disk", "the swap file has it", "read the disk: 10 to 10,000 µs"),
    ]
    for top, kind, name, cost in rows:
        picture.labelled(460, top, 240, 50, kind, name, cost)
        picture.path([(365, 90), (410, 90), (410, top + 25)])
        picture.arrow((410, top + 25), (460, top + 25))
    return picture.svg()


def writeback() -> str:
    """Draw how a full pool makes room."""
    picture = Picture(220, "Writeback takes the oldest entry")
    picture.text(20, 26, "zswap's entries, by when they were stored", "bold")
    ages = ["newest", "", "", "", "oldest"]
    for at, age in enumerate(ages):
        x = 20 + 104 * at
        picture.labelled(x, 40, 84, 50, "pool", f"slot {[41, 7, 30, 12, 19][at]}")
        if at < len(ages) - 1:
            picture.path([(x + 84, 65), (x + 104, 65)])
        picture.middle(x + 42, 108, age, "small")
    steps = ["1 decompress the page", "2 write it to slot 19", "3 free its place in the pool"]
    for at, step in enumerate(steps):
        picture.text(20, 146 + 20 * at, step)
    picture.labelled(560, 130, 140, 60, "disk", "swap file", "slot 19: whole page")
    picture.path([(520, 65), (630, 65), (630, 130)])
    picture.arrow((630, 100), (630, 130))
    picture.text(236, 206, "so one slow write now, and a slow read if the page is needed", "small")
    return picture.svg()


def zram() -> str:
    """Draw zram against zswap."""
    picture = Picture(300, "zram is the swap device, zswap stands before one")
    for x, name, left in ((20, "zswap", 0), (380, "zram", 1)):
        picture.text(x, 26, name, "bold")
        picture.labelled(x, 40, 320, 50, "memory", "resident pages")
        picture.arrow((x + 80, 90), (x + 80, 130))
        picture.text(x + 92, 115, "swap out", "small")
        pool = ("pool", "up to 20 % of memory") if not left else ("the swap device", "no limit")
        picture.labelled(x, 130, 200 if not left else 320, 60, "pool", *pool)
    picture.path([(300, 90), (300, 230)])
    picture.text(292, 160, "refused", "small", "end")
    picture.arrow((300, 200), (300, 230))
    picture.arrow((80, 190), (80, 230))
    picture.text(92, 214, "oldest written back", "small")
    picture.labelled(20, 230, 320, 50, "disk", "swap file", "needed; takes what does not fit")
    picture.path([(460, 190), (460, 230)], "line dash")
    picture.text(472, 214, "only if an administrator asks", "small")
    picture.box(380, 230, 320, 50, "line dash")
    picture.middle(540, 252, "backing device")
    picture.middle(540, 270, "optional; for idle and huge pages", "small")
    return picture.svg()


PICTURES: dict[str, Callable[[], str]] = {
    "swap-cache": swap_cache,
    "store": store,
    "load": load,
    "writeback": writeback,
    "zram": zram,
    "pool-pages": pool_pages,
    "zspage": zspage,
    "limit": limit,
    "curve": curve,
    "speed": speed,
}
