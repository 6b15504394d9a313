# SPDX-License-Identifier: GPL-2.0-only
"""One pool through a sequence of operations, with a memory of bytes beside it."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from zswapsim.conformance import tape
from zswapsim.conformance.law import Broken, label, raising_breaks, require
from zswapsim.conformance.strict import strict_zeros
from zswapsim.errors import EAGAIN, EEXIST, EINVAL, ENOMEM, ENOSPC, EPERM
from zswapsim.machine.pools import zpool
from zswapsim.units import PAGE_SIZE

FOREIGN = (0, -1, 1, 1 << 40)
"""Handles of no object in most pools; what was freed last is one as well."""

MOST_CALLS = 4000
"""Objects that a shrink may ask for before it counts as endless."""

MOST_BYTES = 1 << 26
"""Addresses beyond are an error, whatever the driver says of its memory."""


class Step(NamedTuple):
    """One operation. what: malloc, free, foreign, shrink, refused or work; number: of the object,
    or which foreign handle; size: bytes, or pages to shrink by."""

    what: str
    number: int = 0
    size: int = 0


class Setting(NamedTuple):
    """What a pool is made with. objects: as room_for was asked, 0 if only max_pages was given."""

    room: dict[str, int]
    options: dict[str, int]
    objects: int

    def create(self, driver: zpool.ZpoolDriver, zeros: Any) -> Any:
        """Return a new pool."""
        return driver.create(zeros=zeros, **self.room, **self.options)


class Object(NamedTuple):
    """An object that is allocated."""

    handle: int
    size: int
    address: int


class DriverRun:
    """Runs steps and checks the laws after each. lines: the steps as people read them.

    calls: (operation, argument, word), and results of all that was asked of the pool.
    """

    def __init__(self, driver: zpool.ZpoolDriver, setting: Setting) -> None:
        self.driver, self.setting = driver, setting
        with raising_breaks("complete", "create"):
            self.pool = setting.create(driver, strict_zeros)
        self._is_deferred = "deferred_work" in setting.options
        self._is_simulated = type(self.pool) in zpool.zpool_malloc.table
        self.live: dict[int, Object] = {}
        self.memory = bytearray()
        self.lines: list[str] = []
        self.calls: list[tuple[int, int, int]] = []
        self.results: list[int] = []
        self.asked: list[int] = []
        self._plan = 0
        self._within_shrink = False
        self._last_freed = 0
        self._taken_bytes, self._refused_bytes = 0, 1 << 20
        self._names: dict[int, str] = {}

    def run(self, steps: Sequence[Step]) -> None:
        """Run all steps, then empty the pool. Broken: a law does not hold."""
        self._verify()
        for step in steps:
            getattr(self, f"_{step.what}")(step)
            self._verify()
        self._drain()

    def _ask(self, operation: int, argument: int = 0, word: int = 0) -> int:
        names = {
            tape.MALLOC: f"malloc({argument})",
            tape.FREE: f"free({argument})",
            tape.SHRINK: f"shrink({argument})",
            tape.MAP: f"map({argument})",
            tape.MOVED: f"moved({argument})",
            tape.WRITE_OWNER: f"write_owner({argument}, {word})",
            tape.READ_OWNER: f"read_owner({argument})",
            tape.UNMAP: f"unmap({argument})",
        }
        what = names.get(operation, {tape.TOTAL_PAGES: "total_pages"}.get(operation, "reclaimed"))
        if operation == tape.WORK:
            what = "work()"
        try:
            with raising_breaks("numbers", what):
                plain_word = 0 if operation == tape.SHRINK else word
                result = tape.do_operation(self.pool, self, operation, argument, plain_word)
        except Broken as fault:
            if self._is_simulated and isinstance(fault.__cause__, IndexError | OverflowError):
                raise Broken("strict", fault.detail) from fault.__cause__
            raise
        is_number = hasattr(result, "__index__") and not isinstance(result, bool)
        require(is_number, "numbers", f"{what} returns {result!r}")
        if not self._within_shrink:
            self.calls.append((operation, argument, word))
            self.results.append(int(result))
        return int(result)

    def _name(self, number: int) -> str:
        return self._names.setdefault(number, label(len(self._names)))

    def _malloc(self, step: Step) -> None:
        before = self._pages()
        is_full = bool(self.setting.objects) and len(self.live) >= self.setting.objects
        if step.number in self.live or (is_full and step.size > 0):
            return
        handle = self._ask(tape.MALLOC, step.size)
        self.lines.append(f"{self._name(step.number)} = malloc({step.size})  -> {handle}")
        if handle <= 0:
            self._check_refusal(step.size, handle)
            require(self._pages() == before, "refusal", "total_pages is another one")
            return
        require(step.size > 0, "errno", f"malloc({step.size}) returns {handle}, no errno")
        self._taken_bytes = max(self._taken_bytes, step.size)
        self._check_limit()
        others = {object_.handle: self._name(n) for n, object_ in self.live.items()}
        require(handle not in others, "handles", f"{others.get(handle)} has {handle} already")
        address = self._ask(tape.MAP, handle)
        require(address >= 0, "stable", f"map({handle}) of a new object returns {address}")
        self.live[step.number] = Object(handle, step.size, address)
        self._write(address, _content(step.number, step.size))
        if self.driver.evictable:
            wrote = self._ask(tape.WRITE_OWNER, handle, step.number)
            require(wrote == 0, "owner", f"write_owner({handle}) returns {wrote}")

    def _check_refusal(self, size: int, outcome: int) -> None:
        allowed = {-ENOMEM, -ENOSPC}
        if size <= 0 or size > PAGE_SIZE:
            allowed |= {-EINVAL, -EPERM}  # zsmalloc has had both
        told = ", ".join(map(str, sorted(allowed, reverse=True)))
        require(
            outcome in allowed, "errno", f"malloc({size}) returns {outcome}; allowed are {told}"
        )
        if size > 0 and outcome != -ENOMEM:
            self._refused_bytes = min(self._refused_bytes, size)
            self._check_limit()
        objects = self.setting.objects
        require(
            outcome != -ENOMEM or not objects or len(self.live) >= objects or self._is_deferred,
            "room",
            f"malloc({size}) returns {-ENOMEM} with {len(self.live)} of {objects} objects there",
        )

    def _check_limit(self) -> None:
        require(
            self._taken_bytes < self._refused_bytes,
            "limit",
            f"{self._taken_bytes} bytes are taken, {self._refused_bytes} are too large",
        )

    def _free(self, step: Step) -> None:
        if step.number not in self.live:
            return
        status = self._free_object(step.number)
        self.lines.append(f"free({self._name(step.number)})  -> {status}")
        require(status == 0, "numbers", f"free of an allocated object returns {status}")

    def _free_object(self, number: int) -> int:
        object_ = self.live.pop(number)
        self._last_freed = object_.handle
        status = self._ask(tape.FREE, object_.handle)
        self._follow_move()
        return status

    def _follow_move(self) -> None:
        length, source, target = (self._ask(tape.MOVED, part) for part in range(3))
        if length == 0:
            return
        require(self.driver.moves, "stable", "zpool_moved tells of a move; the driver has no moves")
        data = self._read(source, length)
        self._write(target, data)
        for number, object_ in self.live.items():
            if object_.address == source:
                self.live[number] = object_._replace(address=target)

    def _foreign(self, step: Step) -> None:
        handle = (*FOREIGN, self._last_freed)[step.number % (len(FOREIGN) + 1)]
        if handle in {object_.handle for object_ in self.live.values()}:
            return
        before = self._pages()
        self.lines.append(f"free({handle}), which is not allocated")
        for operation in (tape.FREE, tape.MAP):
            status = self._ask(operation, handle)
            require(status == -EINVAL, "gone", f"handle {handle}: {status}, not {-EINVAL}")
        require(self._pages() == before, "refusal", "total_pages is another one")

    def _shrink(self, step: Step) -> None:
        self._do_shrink(step.size, tape.FREES)

    def _refused(self, step: Step) -> None:
        self._do_shrink(step.size, tape.FAILS)

    def _do_shrink(self, pages: int, plan: int) -> None:
        before, objects, calls = self._pages(), dict(self.live), len(self.asked)
        self._plan, self._within_shrink = plan, True
        how = "frees what it is asked for" if plan == tape.FREES else "refuses"
        self.lines.append(f"shrink({pages}), the owner {how}")
        self.calls.append((tape.SHRINK, pages, tape.PLAN | plan))
        self.results.append(0)
        try:
            status = self._ask(tape.SHRINK, pages)
        finally:
            self._within_shrink = False
        self.results[-1] = status
        self.lines[-1] += f"  -> {status}"
        reclaimed = self._ask(tape.RECLAIMED)
        pages_free = before - self._pages()
        asked = len(self.asked) - calls
        require(status in (0, -EINVAL, -EAGAIN), "shrink_outcome", f"shrink returns {status}")
        if not self.driver.evictable:
            require(status == -EINVAL, "shrink_outcome", f"it has no shrink and returns {status}")
            require(asked == 0, "shrink_asks", "the driver is not evictable")
        elif not objects or pages == 0:
            is_right = status == -EINVAL or (self._is_deferred and status < 0)
            require(is_right, "shrink_outcome", f"nothing to do: {status}, not {-EINVAL}")
        elif plan == tape.FAILS:
            require(status < 0, "shrink_outcome", "the owner refuses, and shrink returns 0")
            require(self.live == objects, "shrink_keeps", "an object is gone")
            require(pages_free == 0, "shrink_keeps", "total_pages is another one")
        else:
            told = f"{pages} wanted, {pages_free} are free, reclaimed says {reclaimed}"
            # What was moved may pin a page, as in z3fold.
            if pages <= before and not (self.driver.moves and status == -EAGAIN):
                require(status == 0, "shrink_outcome", f"the owner frees all; it returns {status}")
            require(pages_free == reclaimed, "shrink_frees", told)
            least = min(pages, before) if status == 0 else 0
            require(reclaimed >= least, "shrink_frees", told)

    def evict(self, pool: Any, handle: int) -> int:
        """Answer the driver as the owner of all objects."""
        self.asked.append(handle)
        require(len(self.asked) < MOST_CALLS, "shrink_ends", f"{MOST_CALLS} objects were asked for")
        number = next((n for n, one in self.live.items() if one.handle == handle), None)
        if number is None:
            raise Broken("shrink_asks", f"it asks for {handle}, where there is none")
        if self._plan == tape.FAILS:
            return -EEXIST
        self._free_object(number)
        return 0

    def _work(self, step: Step) -> None:
        if not self._is_deferred:
            return
        self.lines.append("work")
        if self._ask(tape.WORK):
            self._follow_move()

    def _finish_work(self) -> None:
        while self._is_deferred and self._ask(tape.WORK):
            self._follow_move()

    def _drain(self) -> None:
        """Empty the pool by shrinking, where that works, or by freeing."""
        is_stuck = False
        for _ in range(2 * len(self.live) + 1):
            if not self.live:
                break
            asked = len(self.asked)
            self._finish_work()
            if self.driver.evictable and not is_stuck:
                self._do_shrink(1, tape.FREES)
                is_stuck = self.driver.moves and len(self.asked) == asked
                require(is_stuck or len(self.asked) > asked, "drain", "a shrink asks for nothing")
                asked_now = self.asked[asked:]
                twice = len(asked_now) != len(set(asked_now))
                require(not twice, "drain", f"an object is asked for twice: {asked_now}")
            else:
                self._free(Step("free", next(iter(self.live))))
            self._verify()
        require(not self.live, "drain", f"{len(self.live)} objects never come up")
        self._finish_work()
        pages = self._pages()
        require(pages == 0, "total", f"the pool is empty, total_pages is {pages}")

    def _pages(self) -> int:
        return self._ask(tape.TOTAL_PAGES)

    def _verify(self) -> None:
        """Check what holds between any two operations."""
        spans = []
        for number, (handle, size, address) in self.live.items():
            name = self._name(number)
            found = self._ask(tape.MAP, handle)
            require(found == address, "stable", f"{name} was at byte {address}, map says {found}")
            spans.append((address, address + size, name))
        spans.sort()
        for (start, end, name), (begin, stop, other) in pairwise(spans):
            told = f"{name} has bytes {start} to {end}, {other} has {begin} to {stop}"
            require(end <= begin, "overlap", told)
        self._verify_pages(spans)
        self._verify_objects()
        with raising_breaks("check", "check"):
            self.driver.check(self.pool)

    def _verify_objects(self) -> None:
        places: dict[Any, str] = {}
        for number, (handle, size, address) in self.live.items():
            name = self._name(number)
            same = self._read(address, size) == _content(number, size)
            require(same, "bytes", f"{name}, {size} bytes at byte {address}, has others now")
            if self.driver.evictable:
                word = self._ask(tape.READ_OWNER, handle)
                require(word == number, "owner", f"the word of {name} is {word}, not {number}")
            with raising_breaks("place", f"place of {name}"):
                place = self.driver.place(self.pool, address)
            require(place not in places, "place", f"{name} and {places.get(place)} are at {place}")
            places[place] = name

    def _verify_pages(self, spans: list[tuple[int, int, str]]) -> None:
        pages = self._pages()
        touched = {page for start, end, _ in spans for page in _pages_of(start, end)}
        told = f"total_pages is {pages}"
        least = len(touched)
        require(pages >= least, "total", f"{told}; objects lie in {least} pages")
        is_right = self.live or self._is_deferred or pages == 0
        require(is_right, "total", f"{told} of an empty pool")
        most = self.setting.room.get("max_pages", pages)
        require(pages <= most, "capacity", f"{told} of {most}")
        if self.setting.objects and spans:
            reach = self.driver.address_pages(self.setting.objects, **self.setting.options)
            told = f"{spans[-1][2]} ends at byte {spans[-1][1]} of {reach * PAGE_SIZE}"
            require(spans[-1][1] <= reach * PAGE_SIZE, "memory", told)

    def _read(self, address: int, length: int) -> bytes:
        return bytes(self.memory[address : address + length]).ljust(length, b"\0")

    def _write(self, address: int, data: bytes) -> None:
        require(address + len(data) < MOST_BYTES, "memory", f"an object lies at byte {address}")
        if len(self.memory) < address + len(data):
            self.memory.extend(bytes(address + len(data) - len(self.memory)))
        self.memory[address : address + len(data)] = data


def _content(number: int, size: int) -> bytes:
    return Random(number).randbytes(size)


def _pages_of(start: int, end: int) -> range:
    return range(start // PAGE_SIZE, (end - 1) // PAGE_SIZE + 1)
