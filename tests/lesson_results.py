# SPDX-License-Identifier: GPL-2.0-only
"""Lessons to make pages of: small ones after the format, whatever the machine does."""

import json
from pathlib import Path
from typing import Any

Facts = dict[str, Any]
SAMPLES = Path(__file__).parent / "samples" / "lesson"


def apart(lesson: Facts) -> Facts:
    """Return a lesson of which no part is another one, too."""
    told: Facts = json.loads(json.dumps(lesson))
    return told


def thing(slot: int, place: str, offset: int, size: int, length: int) -> Facts:
    """An object of a page."""
    return {
        "slot": slot,
        "place": place,
        "offset_bytes": offset,
        "size_bytes": size,
        "length_bytes": length,
    }


def page(number: int, *objects: Facts, chunks: int | None = None, **more: Any) -> Facts:
    """A page of a pool."""
    taken = sum(one["size_bytes"] for one in objects)
    capacity = more.get("pages", 1) * 4096
    return {
        "page": number,
        "capacity_bytes": capacity,
        "objects": list(objects),
        "free_bytes": capacity - taken - (0 if chunks is None else 64),
        "free_chunks": chunks,
        **more,
    }


def state(driver: str, pages: list[Facts], lists: Facts, counters: Facts, **more: Any) -> Facts:
    """A state; more: entries, entry_lru, memory, swap_file, full."""
    objects = [one for told in pages for one in told["objects"]]
    kept = [
        {"slot": one["slot"], "kind": "compressed", "length_bytes": one["length_bytes"]}
        for one in objects
    ]
    total = sum(told.get("pages", 1) for told in pages)
    return {
        "pool": {
            "driver": driver,
            "total_pages": total,
            "limit_pages": 2,
            "accept_pages": more.get("accept_pages"),
            "full": more.get("full", False),
            "pages": pages,
            "lists": [{"name": name, "pages": told} for name, told in lists.items()],
        },
        "entries": [*kept, *more.get("entries", [])],
        "entry_lru": more.get("entry_lru"),
        "memory": more.get("memory"),
        "swap_file": more.get("swap_file", []),
        "counters": {
            "pool_total_size": 4096 * total,
            "stored_pages": len(objects),
            "pool_limit_hit": 0,
            "written_back_pages": 0,
            "reject_alloc_fail": 0,
            "same_filled_pages": 0,
            "duplicate_entry": 0,
            "zswpout": 0,
            "zswpin": 0,
            **counters,
        },
    }


def step(number: int, command: str, outcome: str, after: Facts, **more: Any) -> Facts:
    """A step; more: notes, events, question."""
    return {
        "number": number,
        "line": number + 4,
        "command": command,
        "notes": more.get("notes", []),
        "events": [
            {"name": name, "values": values, "text": text}
            for name, values, text in more.get("events", [])
        ],
        "outcome": outcome,
        "question": more.get("question"),
        "state": after,
        "changed": [],
    }


def question(text: str, kind: str, answer: str, why: str, *choices: str) -> Facts:
    """A question."""
    return {"text": text, "kind": kind, "choices": list(choices), "answer": answer, "why": why}


SMALL = thing(2, "LAST", 2688, 1408, 1379)
THREE, FOUR = thing(3, "FIRST", 64, 1984, 1970), thing(4, "FIRST", 64, 2880, 2854)
FIVE = thing(5, "LAST", 2240, 1856, 1799)

ZBUD = [
    state("zbud", [], {"buddied": [], "lru (newest first)": []}, {}),
    state(
        "zbud",
        [page(0, THREE, chunks=32)],
        {"unbuddied[32]": [0], "buddied": [], "lru (newest first)": [0]},
        {"zswpout": 1},
    ),
    state(
        "zbud",
        [page(0, THREE, chunks=32), page(1, FOUR, chunks=18)],
        {"unbuddied[18]": [1], "unbuddied[32]": [0], "buddied": [], "lru (newest first)": [1, 0]},
        {"zswpout": 2},
    ),
    state(
        "zbud",
        [page(0, THREE, SMALL, chunks=10), page(1, FOUR, chunks=18)],
        {"unbuddied[18]": [1], "buddied": [0], "lru (newest first)": [0, 1]},
        {"zswpout": 3},
    ),
    state(
        "zbud",
        [page(0, THREE, SMALL, chunks=10), page(1, FOUR, chunks=18)],
        {"unbuddied[18]": [1], "buddied": [0], "lru (newest first)": [0, 1]},
        {"zswpout": 4, "same_filled_pages": 1, "stored_pages": 4},
        entries=[{"slot": 6, "kind": "same-filled", "length_bytes": 0}],
    ),
    state(
        "zbud",
        [page(0, THREE, SMALL, chunks=10)],
        {"buddied": [0], "lru (newest first)": [0]},
        {"zswpout": 4, "same_filled_pages": 1, "stored_pages": 3, "pool_limit_hit": 1,
         "written_back_pages": 1},
        entries=[{"slot": 6, "kind": "same-filled", "length_bytes": 0}],
        swap_file=[4],
        full=True,
    ),
    state(
        "zbud",
        [page(0, SMALL, chunks=41), page(2, FIVE, chunks=34)],
        {"unbuddied[41]": [0], "unbuddied[34]": [2], "lru (newest first)": [2, 0]},
        {"zswpout": 5, "same_filled_pages": 1, "stored_pages": 3, "pool_limit_hit": 1,
         "written_back_pages": 1},
        entries=[{"slot": 6, "kind": "same-filled", "length_bytes": 0}],
        swap_file=[4, 9],
    ),
]  # fmt: skip


def zbud_lesson() -> Facts:
    """A lesson of zbud with a question of each kind."""
    steps = [
        step(
            1, "store 3 size=1970", "stored", ZBUD[1],
            notes=["The pool is empty; its limit is two pages."],
            events=[
                ("zbud_search", {"chunks": 31, "free_chunks": 0, "page": -1},
                 "1,970 bytes are 31 chunks of 64; no page has as many free, as there is none."),
                ("zbud_alloc", {"page": 0, "last": 0, "chunks": 31},
                 "zbud takes a new page, page 0, and the object is its FIRST."),
            ],
        ),
        step(2, "store 4 size=2854", "stored", ZBUD[2],
             question=question("How many pages does the pool have afterwards?", "number", "2",
                               "45 chunks do not fit beside the 31 of page 0.")),
        step(
            3, "store 2 size=1379", "stored", ZBUD[3],
            question=question("Which page takes this 1,379-byte object?", "page", "page 0",
                              "22 chunks: the list of 32 free chunks is the first that is not "
                              "empty.", "page 0", "page 1", "a new page"),
            events=[
                ("zbud_search", {"chunks": 22, "free_chunks": 32, "page": 0},
                 "1,379 bytes are 22 chunks; searched upwards from 22, the first list with a page "
                 "is that of 32 free chunks: page 0."),
                ("zbud_alloc", {"page": 0, "last": 1, "chunks": 22},
                 "The object goes to the end of page 0, as its LAST; the page is the newest now."),
            ],
        ),
        step(4, "store 6 zero", "stored", ZBUD[4],
             events=[("same_filled", {"slot": 6}, "All words of the page are the same: zswap keeps "
                      "one word, and no room in the pool.")]),
        step(
            5, "store 9 random", "refused: the pool is full, written to the swap file", ZBUD[5],
            question=question("Which slot is written back first?", "slot", "4",
                              "Page 1 is the oldest of the LRU, and slot 4 its FIRST."),
            events=[
                ("limit_hit", {"used_pages": 2, "max_pages": 2}, "The pool has its 2 pages."),
                ("zbud_reclaim", {"page": 1, "first": 65, "last": 0},
                 "The oldest page of the LRU is page 1."),
                ("zbud_evict", {"page": 1, "last": 0}, "Its FIRST, slot 4, is written back."),
            ],
        ),
        step(6, "store 5 size=1799", "stored", ZBUD[6],
             question=question("Is it stored or refused?", "choice", "stored",
                               "The pool has room again.", "stored", "refused")),
    ]  # fmt: skip
    lesson = {
        "kind": "lesson",
        "title": "Pairs and density",
        "goals": [
            "Say why zbud holds at most two pages in one.",
            "Predict which page takes an object.",
        ],
        "source": "pairs.zswap",
        "settings": {
            "kernel": "5.4",
            "zpool": "zbud",
            "compressor": "lz4",
            "limit": 2,
            "same_filled": True,
        },
        "start": ZBUD[0],
        "steps": steps,
    }
    return apart(lesson)


def z3fold_lesson() -> Facts:
    """A lesson with three buddies, one of which moves."""
    first, middle = thing(1, "FIRST", 64, 640, 600), thing(2, "MIDDLE", 704, 1280, 1230)
    last, moved = thing(3, "LAST", 3072, 1024, 1000), thing(2, "FIRST", 64, 1280, 1230)
    lists = {"lru (newest first)": [1]}
    return {
        **zbud_lesson(),
        "title": "Three buddies",
        "start": state("z3fold", [page(1, first, middle, chunks=33)], lists, {}),
        "steps": [
            step(1, "store 3 size=1000", "stored",
                 state("z3fold", [page(1, first, middle, last, chunks=17)], lists, {"zswpout": 3})),
            step(2, "invalidate 1", "gone from zswap",
                 state("z3fold", [page(1, moved, last, chunks=27)], lists, {"zswpout": 3})),
        ],
    }  # fmt: skip


def zsmalloc_lesson() -> Facts:
    """A lesson with zspages of several pages, memory, and an LRU of zswap's own."""
    small = [thing(at, "", 48 * at, 48, 40) for at in range(60)]
    big = [thing(100 + at, "", 3264 * at, 3264, 3200 + at) for at in range(4)]
    more: Facts = {"memory": {"limit_pages": 12, "resident": [3, 1, 2]}, "swap_file": [8]}

    def after(count: int) -> Facts:
        pages = [
            page(0, *small, pages=3, size_class=48),
            page(1, *big[:count], pages=4, size_class=3264),
        ]
        lists = {"class 48: almost empty": [0], "class 3264: almost full": [1]}
        lru = [one["slot"] for one in [*big[:count], *small]]
        return state("zsmalloc", pages, lists, {"zswpout": count}, entry_lru=lru, **more)

    return {
        **zbud_lesson(),
        "title": "Size classes",
        "start": after(2),
        "steps": [
            step(1, "access 7 write", "stored", after(3)),
            step(2, "access 9", "stored", after(4)),
        ],
    }


def every_lesson() -> dict[str, Facts]:
    """Return lessons of all kinds of pools by their names."""
    sample = json.loads((SAMPLES / "pairs.json").read_bytes())
    made = {
        "pairs": sample,
        "zbud": zbud_lesson(),
        "z3fold": z3fold_lesson(),
        "zsmalloc": zsmalloc_lesson(),
    }
    return {name: apart(lesson) for name, lesson in made.items()}
