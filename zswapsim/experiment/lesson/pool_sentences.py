# SPDX-License-Identifier: GPL-2.0-only
"""The sentences of the pools: where an object goes, what gives way, what moves."""

from collections.abc import Callable
from typing import Any

from zswapsim.machine.pools import zbud
from zswapsim.machine.pools.layout import BUDDIES
from zswapsim.machine.pools.z3fold_page import FIRST, HEADLESS, LAST, MIDDLE
from zswapsim.machine.pools.zsmalloc_classes import ZS_HANDLE_SIZE, ZS_MAX_ALLOC_SIZE

Values = dict[str, Any]

ZBUD_BUDDIES = ("FIRST", "LAST")


def _chunks(count: int) -> str:
    return f"{count} chunk" if count == 1 else f"{count} chunks"


def _searched(values: Values) -> str:
    chunks = values["chunks"]
    return (
        f"The object takes {_chunks(chunks)} of 64 bytes, so the lists unbuddied[{chunks}] and up "
        "were searched"
    )


def _found(values: Values) -> str:
    return (
        f"; page {values['page']}, which was put on unbuddied[{values['free_chunks']}] last, is "
        "the smallest gap that fits."
    )


def _zbud_search(values: Values, about: Any) -> str:
    if values["page"] >= 0:
        return _searched(values) + _found(values)
    return _searched(values) + "; all are empty, so the object gets a new page."


def _zbud_alloc(values: Values, about: Any) -> str:
    page = values["page"]
    if values["last"]:
        return (
            f"FIRST of page {page} is taken, so the object becomes LAST, at the end of the page. "
            f"The page has both its buddies: it is on buddied, and the newest of the LRU."
        )
    start = f"FIRST of page {page} is free, so the object goes there, right behind the header. "
    search = about.before("zbud_search") or {}
    if search.get("page", -1) >= 0:
        return f"{start}The page has both its buddies: it is on buddied, and the newest of the LRU."
    left = zbud.NCHUNKS - values["chunks"]
    return (
        f"{start}That leaves {_chunks(left)}: the page is on unbuddied[{left}], and the newest of "
        "the LRU."
    )


def _zbud_free(values: Values, about: Any) -> str:
    page, bud = values["page"], ZBUD_BUDDIES[values["last"]]
    if values["released"]:
        return f"{bud} of page {page} was its only object, so the pool gives the page back."
    if about.within("zbud_reclaim", "zbud_reclaim_end"):
        return f"{bud} of page {page} is free."
    return (
        f"{bud} of page {page} is free. Its buddy stays where it is, and so does the page in the "
        "LRU; its gap is larger now, so it heads another unbuddied list."
    )


def _zbud_reclaim(values: Values, about: Any) -> str:
    buddies = [name for name, key in (("FIRST", "first"), ("LAST", "last")) if values[key]]
    return (
        f"Page {values['page']} is the oldest of the LRU, so it is to be emptied: it holds "
        f"{' and '.join(buddies)}."
    )


def _zbud_evict(values: Values, about: Any) -> str:
    bud = ZBUD_BUDDIES[values["last"]]
    return f"zbud asks zswap to write {bud} of page {values['page']} back."


def _reclaim_end(values: Values, about: Any) -> str:
    if values["released"]:
        return f"Page {values['page']} is empty, so the pool gives it back."
    return (
        f"Page {values['page']} still holds an object, so it is not free; it is the newest of the "
        "LRU now."
    )


def _z3fold_search(values: Values, about: Any) -> str:
    if about.following != "z3fold_alloc":
        what = f"Compaction looks for another page for an object of {_chunks(values['chunks'])}"
        if values["page"]:
            return (
                f"{what}: page {values['page']} on unbuddied[{values['free_chunks']}] is the "
                "smallest gap that fits."
            )
        return f"{what}: none has room, so it stays."
    if values["page"]:
        return _searched(values) + _found(values)
    return _searched(values) + "; none has a page, so the object gets a new one."


def _z3fold_alloc(values: Values, about: Any) -> str:
    page, bud = values["page"], values["bud"]
    if bud == HEADLESS:
        return (
            f"The object is too large to share a page with a header, so page {page} is all its "
            "own, a headless one."
        )
    why = {
        FIRST: f"FIRST of page {page} is free and has room, so the object goes right behind the "
        "header.",
        MIDDLE: f"FIRST and LAST of page {page} are taken, so the object becomes MIDDLE, right "
        "behind FIRST.",
        LAST: f"The object becomes LAST of page {page}, at its end: FIRST is taken, or has no room "
        "before MIDDLE.",
    }
    return f"{why[bud]} The page is the newest of the LRU."


def _z3fold_free(values: Values, about: Any) -> str:
    page, bud = values["page"], BUDDIES[values["bud"]]
    if about.within("z3fold_reclaim", "z3fold_reclaim_end"):
        return f"{bud} of page {page} is free."
    return (
        f"{bud} of page {page} is free; a page that is empty is given back, any other is compacted."
    )


def _z3fold_reclaim(values: Values, about: Any) -> str:
    return (
        f"Page {values['page']} is the oldest of the LRU that holds no object moved in from "
        "another page, so it is to be emptied."
    )


def _z3fold_evict(values: Values, about: Any) -> str:
    bud = BUDDIES[values["bud"]]
    return (
        f"z3fold asks zswap to write {bud} of page {values['page']} back; the order is MIDDLE, "
        "FIRST, LAST."
    )


def _z3fold_move(values: Values, about: Any) -> str:
    page, bud = values["page"], BUDDIES[values["bud"]]
    to_page, to_bud = values["to_page"], BUDDIES[values["to_bud"]]
    if page != to_page:
        return (
            f"The object was alone in page {page}: it moves to page {to_page}, as {to_bud}, and "
            f"page {page} is given back. Page {to_page} is barred from reclaim for as long as it "
            "holds it."
        )
    if bud != to_bud:
        return f"MIDDLE is alone in page {page}, so it moves to the front and is {to_bud}."
    return f"MIDDLE of page {page} slides next to its neighbour, so that the gaps become one."


def _zs_malloc(values: Values, about: Any) -> str:
    size, zspage, obj = values["size_class"], values["zspage"], values["obj"]
    start = f"The smallest size class for the object is that of {size:,} bytes"
    if size < ZS_MAX_ALLOC_SIZE:
        start += f", {ZS_HANDLE_SIZE} of them for its handle"
    else:
        start += ", a whole page without a handle"
    if values["fresh"]:
        return (
            f"{start}. No zspage of the class has room, so a new one is made, zspage {zspage}, and "
            f"the object is number {obj} in it."
        )
    return (
        f"{start}. Of its zspages with room the fullest go first: zspage {zspage} takes it as "
        f"number {obj}."
    )


def _zs_free(values: Values, about: Any) -> str:
    size, zspage, obj = values["size_class"], values["zspage"], values["obj"]
    start = f"Object {obj} of zspage {zspage} in the class of {size:,} bytes is free"
    if values["released"]:
        return f"{start}; it was the last one, so the pages of the zspage are given back."
    return f"{start}; its room is for the next object of the same class only."


def _zs_move(values: Values, about: Any) -> str:
    return (
        f"Compaction of the class of {values['size_class']:,} bytes moves object {values['obj']} "
        f"of zspage {values['zspage']}, a sparse one, to place {values['to_obj']} of zspage "
        f"{values['to_zspage']}, a fuller one."
    )


SENTENCES: dict[str, Callable[[Values, Any], str]] = {
    "zbud_search": _zbud_search,
    "zbud_alloc": _zbud_alloc,
    "zbud_free": _zbud_free,
    "zbud_reclaim": _zbud_reclaim,
    "zbud_evict": _zbud_evict,
    "zbud_reclaim_end": _reclaim_end,
    "z3fold_search": _z3fold_search,
    "z3fold_alloc": _z3fold_alloc,
    "z3fold_free": _z3fold_free,
    "z3fold_reclaim": _z3fold_reclaim,
    "z3fold_evict": _z3fold_evict,
    "z3fold_reclaim_end": _reclaim_end,
    "z3fold_move": _z3fold_move,
    "zs_malloc": _zs_malloc,
    "zs_free": _zs_free,
    "zs_move": _zs_move,
}
