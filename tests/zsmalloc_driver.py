# SPDX-License-Identifier: GPL-2.0-only
"""Drives a zsmalloc pool in tests, the same way for both engines, and a naive model of one."""

from dataclasses import dataclass, field
from typing import Any

from zswapsim.conformance.strict import flatten, plain, zeros_of
from zswapsim.conformance.tape import (
    FREE,
    MALLOC,
    MAP,
    READ_OWNER,
    RECLAIMED,
    SHRINK,
    TOTAL_PAGES,
    WRITE_OWNER,
    entry,
)
from zswapsim.engine.simulated import Ints
from zswapsim.machine import build
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools import zpool, zsmalloc, zsmalloc_compact, zsmalloc_zspage
from zswapsim.machine.pools.zsmalloc_classes import size_classes
from zswapsim.profiles import PERCENT

COMPACT = 99


def run_zs_tape(
    pool: Any, operations: Ints, arguments: Ints, words: Ints, moves: Ints, results: Ints
) -> int:
    """Run operations on one zsmalloc pool; return their number."""
    for i in range(len(operations)):
        operation = operations[i]
        argument = arguments[i]
        if operation == MALLOC:
            results[i] = zpool.zpool_malloc(pool, argument)
        elif operation == FREE:
            results[i] = zpool.zpool_free(pool, argument)
        elif operation == SHRINK:
            results[i] = zpool.zpool_shrink(pool, pool, argument)
        elif operation == RECLAIMED:
            results[i] = zpool.zpool_reclaimed(pool)
        elif operation == TOTAL_PAGES:
            results[i] = zpool.zpool_total_pages(pool)
        elif operation == MAP:
            results[i] = zpool.zpool_map(pool, argument)
        elif operation == WRITE_OWNER:
            results[i] = zpool.zpool_write_owner(pool, argument, words[i])
        elif operation == READ_OWNER:
            results[i] = zpool.zpool_read_owner(pool, argument)
        else:
            results[i] = zsmalloc_compact.zs_compact(pool, moves)
    return len(operations)


class ZsBench:
    """A zsmalloc pool whose operations return what the machine returns, on either engine."""

    def __init__(self, engine: str, max_pages: int = 64, **options: Any) -> None:
        self.engine = engine
        self.state = zsmalloc_zspage.zs_create_pool(max_pages, zeros_of(engine), **options)
        self._entry = entry(run_zs_tape, engine)

    def tape(self, *steps: tuple[int, ...], room: int = 0) -> tuple[list[int], list[int]]:
        """Run steps of (operation, argument, word); return their results, and the moves."""
        rows = [(*step, 0, 0)[:3] for step in steps]
        columns = [build.ints([row[k] for row in rows], self.engine) for k in range(3)]
        zeros = zeros_of(self.engine)
        moves, results = zeros(max(1, 2 * room)), zeros(len(rows))
        assert self._entry(self.state, *columns, moves, results) == len(rows)
        return plain(results), plain(moves)

    def one(self, *step: int) -> int:
        return self.tape(step)[0][0]

    def malloc(self, size: int) -> int:
        return self.one(MALLOC, size)

    def free(self, handle: int) -> int:
        return self.one(FREE, handle)

    def map(self, handle: int) -> int:
        return self.one(MAP, handle)

    def owner(self, handle: int, word: int) -> tuple[int, int]:
        """Write an owner word and read it; return both outcomes."""
        wrote, read = self.tape((WRITE_OWNER, handle, word), (READ_OWNER, handle))[0]
        return wrote, read

    def shrink(self, pages: int) -> tuple[int, int]:
        outcome, reclaimed = self.tape((SHRINK, pages), (RECLAIMED,))[0]
        return outcome, reclaimed

    def compact(self, room: int = 20_000) -> tuple[int, list[tuple[int, int]]]:
        """Return the pages freed, or -errno, and the moves."""
        (freed,), moves = self.tape((COMPACT,), room=room)
        moved = int(self.state.counts[zsmalloc_zspage.MOVED])
        return freed, list(zip(moves[: 2 * moved : 2], moves[1 : 2 * moved : 2], strict=True))

    def compact_in_parts(self, room: int) -> tuple[int, list[tuple[int, int]]]:
        """Compact with room for so many moves at a time; return what compact returns."""
        pages, moves = self.compact(room)
        while self.state.counts[zsmalloc_zspage.RESUME]:
            self.check()
            more, moved = self.compact(room)
            pages, moves = pages + more, moves + moved
        return pages, moves

    @property
    def pages(self) -> int:
        return self.one(TOTAL_PAGES)

    def place(self, handle: int) -> tuple[int | str, ...]:
        assert handle > 0, handle
        return zsmalloc.zs_place(self.state, handle)

    def zspage(self, handle: int) -> int:
        return int(zsmalloc_zspage.handle_to_zspage(self.state, handle))

    def _class(self, handle: int) -> int:
        return int(self.state.zspage_class[self.zspage(handle)]) - 1

    def class_size(self, handle: int) -> int:
        return int(self.state.size[self._class(handle)])

    def objs(self, handle: int) -> int:
        return int(self.state.objs[self._class(handle)])

    @property
    def lists(self) -> dict[tuple[int, int], list[int]]:
        """(class size, group) -> zspages from the head on; empty lists left out."""
        groups = int(self.state.rules[zsmalloc_zspage.GROUPS])
        node = int(zsmalloc_zspage.zspage_node(self.state, 0))
        found = {}
        for class_ in {int(number) for number in self.state.merged}:
            for group in range(groups):
                nodes = list_nodes(self.state.fullness, class_ * groups + group)
                if nodes:
                    found[int(self.state.size[class_]), group] = [n - node for n in nodes]
        return found

    def snapshot(self) -> Any:
        return flatten(self.state)

    def check(self) -> None:
        zsmalloc.zs_check(self.state)


@dataclass
class ZsZspage:
    """One zspage: which objects are in use, and the free ones, next to be taken first."""

    size: int
    pages: int
    objs: int
    free: list[int]
    group: int = 0
    used: set[int] = field(default_factory=set)


@dataclass
class ZsOracle:
    """A zsmalloc pool of dicts and lists, written from specification section 4."""

    capacity: int
    max_chain: int = 4
    algorithm: int = PERCENT
    groups: int = 4
    oversize: int = -22
    zspages: dict[int, ZsZspage] = field(default_factory=dict)
    lists: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    released: list[int] = field(default_factory=list)

    def handle(self, number: int, obj: int) -> int:
        zspage = self.zspages[number]
        offset = 0 if zspage.size == 4096 else 8
        return number * self.max_chain * 4096 + obj * zspage.size + offset

    def objects(self) -> dict[int, tuple[int, int]]:
        return {self.handle(n, o): (n, o) for n, z in self.zspages.items() for o in z.used}

    def pages(self) -> int:
        return sum(zspage.pages for zspage in self.zspages.values())

    def group_of(self, zspage: ZsZspage) -> int:
        inuse, objs = len(zspage.used), zspage.objs
        if inuse in (0, objs):
            return 0 if inuse == 0 else self.groups - 1
        if self.groups == 12:
            return (100 * inuse // objs) // 10 + 1
        return 1 if inuse <= (3 * objs) // 4 else 2

    def unlist(self, number: int) -> None:
        zspage = self.zspages[number]
        key = (zspage.size, zspage.group)
        self.lists[key].remove(number)
        if not self.lists[key]:
            del self.lists[key]

    def insert(self, number: int) -> None:
        zspage = self.zspages[number]
        zspage.group = self.group_of(zspage)
        there = self.lists.setdefault((zspage.size, zspage.group), [])
        behind = self.groups == 4 and there
        second = behind and len(self.zspages[there[0]].used) > len(zspage.used)
        there.insert(1 if second else 0, number)

    def malloc(self, size: int) -> int:
        if size <= 0:
            return -22
        if size > 4096:
            return self.oversize
        wanted = min(size + 8, 4096)
        fitting = {c for c in size_classes(self.max_chain, self.algorithm) if c.size >= wanted}
        class_ = min(fitting, key=lambda c: c.size)
        for group in range(self.groups - 2, 0, -1):
            if (class_.size, group) in self.lists:
                number = self.lists[class_.size, group][0]
                break
        else:
            if self.pages() + class_.pages > self.capacity:
                return -12
            fresh = len(self.zspages) + len(self.released) + 1
            number = self.released.pop() if self.released else fresh
            free = list(range(class_.objs))
            self.zspages[number] = ZsZspage(class_.size, class_.pages, class_.objs, free)
            self.lists.setdefault((class_.size, 0), []).insert(0, number)
        zspage = self.zspages[number]
        obj = zspage.free.pop(0)
        zspage.used.add(obj)
        if self.group_of(zspage) != zspage.group:
            self.unlist(number)
            self.insert(number)
        return self.handle(number, obj)

    def free(self, handle: int) -> int:
        if handle not in self.objects():
            return -22
        number, obj = self.objects()[handle]
        zspage = self.zspages[number]
        zspage.used.remove(obj)
        zspage.free.insert(0, obj)
        if self.group_of(zspage) != zspage.group:
            self.unlist(number)
            self.insert(number)
        if not zspage.used:
            self.release(number)
        return 0

    def release(self, number: int) -> None:
        self.unlist(number)
        del self.zspages[number]
        self.released.append(number)

    def isolate(self, size: int, groups: tuple[int, ...]) -> int | None:
        for group in groups:
            if (size, group) in self.lists:
                number = self.lists[size, group][0]
                self.unlist(number)
                return number
        return None

    def compact(self) -> tuple[int, list[tuple[int, int]]]:
        if self.groups == 12:
            return self.compact_by_ratio()
        before, moves = self.pages(), []
        for size in sorted({zspage.size for zspage in self.zspages.values()}, reverse=True):
            while (source := self.isolate(size, (1, 2))) is not None:
                zspage = self.zspages[source]
                own = [z for z in self.zspages.values() if z.size == size]
                target = None
                if sum(len(z.free) for z in own) >= zspage.objs:
                    while (target := self.isolate(size, (2, 1))) is not None:
                        into = self.zspages[target]
                        while zspage.used and into.free:
                            obj, new = min(zspage.used), into.free.pop(0)
                            moves.append((self.handle(source, obj), self.handle(target, new)))
                            zspage.used.remove(obj)
                            zspage.free.insert(0, obj)
                            into.used.add(new)
                        self.insert(target)
                        if not zspage.used:
                            break
                self.insert(source)
                if not zspage.used:
                    self.release(source)
                if target is None:
                    break
        return before - self.pages(), moves

    def compact_by_ratio(self) -> tuple[int, list[tuple[int, int]]]:
        before, moves = self.pages(), []
        for size in sorted({zspage.size for zspage in self.zspages.values()}, reverse=True):
            target = None
            while True:
                own = [z for z in self.zspages.values() if z.size == size]
                if sum(len(z.free) for z in own) < max((z.objs for z in own), default=1):
                    break
                if target is None:
                    target = self.isolate(size, tuple(range(10, 0, -1)))
                source = self.isolate(size, tuple(range(1, 11)))
                if target is None or source is None:
                    break
                into, zspage = self.zspages[target], self.zspages[source]
                while zspage.used and into.free:
                    obj, new = min(zspage.used), into.free.pop(0)
                    moves.append((self.handle(source, obj), self.handle(target, new)))
                    zspage.used.remove(obj)
                    zspage.free.insert(0, obj)
                    into.used.add(new)
                self.insert(source)
                if not zspage.used:
                    self.release(source)
                if not into.free:
                    self.insert(target)
                    target = None
            if target is not None:
                self.insert(target)
        return before - self.pages(), moves
