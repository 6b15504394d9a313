# SPDX-License-Identifier: GPL-2.0-only
"""All built-in parts keep to the laws, and the laws catch parts that do not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest
from bump_pool import BumpPool, bump_driver
from format_samples import ASKED_FOR, SAMPLES_OF, samples_of
from simulated_here import known, simulated_here

from zswapsim.conformance import (
    LawBroken,
    check_compressor,
    check_driver,
    check_format,
    check_policy,
)
from zswapsim.conformance.__main__ import main
from zswapsim.conformance.law import shortest
from zswapsim.content.compressors import COMPRESSORS
from zswapsim.content.compressors.protocol import check_page, key_of, settled
from zswapsim.engine.simulated import Ints, Zeros
from zswapsim.errors import EAGAIN, EINVAL, ENOMEM, InvalidArgument, NoEntry, TraceError
from zswapsim.machine import reclaim
from zswapsim.machine.pools import zpool
from zswapsim.machine.pools.plain import PlainPool, driver_of
from zswapsim.machine.reclaim import POLICIES, ReclaimPolicy
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import Input
from zswapsim.trace.trace import Trace


@pytest.mark.long
@pytest.mark.parametrize("type_", ["z3fold", "zsmalloc"])
def test_other_built_in_drivers_keep_to_the_laws(type_: str) -> None:
    assert check_driver(type_, runs=2).ways == ("interpreted", "compiled")


@pytest.mark.parametrize("type_", ["zbud"])
def test_a_built_in_driver_keeps_to_the_laws(type_: str) -> None:
    told = check_driver(type_, runs=1)
    assert told.ways == ("interpreted", "compiled")
    assert len(told.laws) > 20


def test_a_driver_of_a_plain_class_keeps_to_the_laws() -> None:
    told = check_driver(bump_driver())
    assert told.ways == ("interpreted",)
    assert "not tried: eviction" in str(told)
    assert not zpool.has_pool("bump")


@pytest.mark.parametrize("name", ["lru", "clock", "two-list"])
def test_every_built_in_policy_keeps_to_the_laws(name: str) -> None:
    assert check_policy(name).ways == ("interpreted", "compiled")


@pytest.mark.parametrize(
    "name", ["lz4", "lz4hc", "zstd", "deflate", "lz4-kernel", "lzo-rle", "lzo"]
)
def test_every_built_in_compressor_keeps_to_the_laws(name: str) -> None:
    assert check_compressor(name).laws


@pytest.mark.parametrize("name", sorted(set(SAMPLES_OF) - {"kdump"}))
def test_every_built_in_format_keeps_to_the_laws(name: str) -> None:
    if name == "avml":
        pytest.importorskip("cramjam")
    sample = samples_of(name)[0]
    check_format(
        name,
        [sample.data],
        beside=dict(sample.beside),
        asked_for=name in ASKED_FOR,
        packed=name != "recording",
        skip_bad=2,
        damages=20,
    )


def test_all_built_in_parts_are_among_those_tried() -> None:
    assert set(zpool.types()) == {"zbud", "z3fold", "zsmalloc"}
    assert set(SAMPLES_OF) == set(FORMATS.names())
    assert len(COMPRESSORS.names()) == 7
    assert len(POLICIES.names()) == 3


class Pages(BumpPool):
    """A page per object, and right; each class below breaks one law."""

    def shrink(self, owner: Any, pages: int) -> int:
        self.pages_reclaimed = 0
        if not self.words or pages == 0:
            return -EINVAL
        while self.words and self.pages_reclaimed < pages:
            if not self.evict(owner, next(iter(self.words))):
                return -EAGAIN
            self.pages_reclaimed += 1
        return 0 if self.pages_reclaimed == pages else -EINVAL


class Overlapping(Pages):
    def map(self, handle: int) -> int:
        return 0 if handle in self.words else -EINVAL


class Moving(Pages):
    def map(self, handle: int) -> int:
        found = super().map(handle)
        return found if found < 0 or len(self.words) < 3 else found ^ 4096


class OneHandle(Pages):
    def malloc(self, size: int) -> int:
        handle = super().malloc(size)
        return handle if handle < 0 else next(iter(self.words))


class WrongErrno(Pages):
    def malloc(self, size: int) -> int:
        handle = super().malloc(size)
        return -EAGAIN if handle == -ENOMEM else handle


class TakesNothing(Pages):
    def malloc(self, size: int) -> int:
        return super().malloc(max(size, 1))


class Stingy(Pages):
    def malloc(self, size: int) -> int:
        return -ENOMEM if len(self.words) > self.max_pages // 2 else super().malloc(size)


class FreesTwice(Pages):
    def free(self, handle: int) -> int:
        super().free(handle)
        return 0


class Counts(Pages):
    def total_pages(self) -> int:
        return len(self.words) // 2


class Leaks(Pages):
    def total_pages(self) -> int:
        return min(self.max_pages, self.next - 1)


class ForgetsOwners(Pages):
    def read_owner(self, handle: int) -> int:
        return 7 if handle in self.words else -EINVAL


class SaysSo(Pages):
    def reclaimed(self) -> int:
        return self.pages_reclaimed + 1


class AsksAgain(Pages):
    def shrink(self, owner: Any, pages: int) -> int:
        while self.words and pages:
            self.evict(owner, next(iter(self.words)))
        return -EINVAL


class AsksForAnything(Pages):
    def shrink(self, owner: Any, pages: int) -> int:
        return zpool.zpool_evict(owner, self, 12345)


class Shared(Pages):
    made = 0

    def __init__(self, max_pages: int) -> None:
        super().__init__(max_pages)
        Shared.made += 1
        self.next = Shared.made


class Raises(Pages):
    def free(self, handle: int) -> int:
        raise KeyError(handle)


class ReturnsNone(Pages):
    def unmap(self, handle: int) -> Any:
        return None

    def free(self, handle: int) -> Any:
        super().free(handle)


@pytest.mark.parametrize(
    ("pool", "law"),
    [
        (Overlapping, "no two objects overlap"),
        (Moving, "an object stays at its address"),
        (OneHandle, "a handle is positive, and no other object has it"),
        (WrongErrno, "malloc refuses with"),
        (TakesNothing, "malloc refuses with"),
        (Stingy, "room for n objects"),
        (FreesTwice, "what was freed, or never there, is -EINVAL"),
        (Counts, "total_pages is 0 for an empty pool, and enough"),
        (Leaks, "total_pages is 0 for an empty pool, and enough"),
        (ForgetsOwners, "the owner's word"),
        (SaysSo, "shrink makes pages free, and reclaimed tells how many"),
        (AsksAgain, "shrink ends"),
        (AsksForAnything, "shrink asks for objects that are there"),
        (Shared, "the same results"),
        (Raises, "raises nothing and returns a whole number"),
        (ReturnsNone, "raises nothing and returns a whole number"),
    ],
)
def test_a_driver_that_breaks_a_law_is_told_which(pool: type[PlainPool], law: str) -> None:
    driver = driver_of(pool, name="wrong", summary="")
    with pytest.raises(LawBroken) as raised:
        check_driver(driver, runs=2, machine=False)
    first, _, rest = str(raised.value).partition("\n")
    assert first.startswith("zpool driver 'wrong' breaks a law: ")
    assert law in first
    steps = rest.partition("the shortest sequence that was found to show it:\n")[2].splitlines()
    assert steps[0].startswith("    create(max_pages=")
    assert len(steps) <= 8


def test_the_pool_that_they_are_made_of_keeps_to_the_laws() -> None:
    check_driver(driver_of(Pages, name="right", summary=""), runs=2)


def test_a_driver_without_an_operation_is_told_which() -> None:
    class Half:
        def malloc(self, size: int) -> int:
            return -ENOMEM

    driver = driver_of(lambda pages: Half(), name="half", summary="")  # type: ignore[arg-type, return-value]
    with pytest.raises(LawBroken, match="a Half has no free, map, unmap"):
        check_driver(driver)


class Stack(NamedTuple):
    """A policy in the machine's style: pages as a stack, whose height is the last number."""

    pages: Ints


@simulated_here
def stack_add(policy: Stack, page: int) -> None:
    """Put a page on top."""
    top = len(policy.pages) - 1
    policy.pages[policy.pages[top]] = page
    policy.pages[top] += 1


@simulated_here
def stack_access(policy: Stack, page: int) -> None:
    """Do nothing."""


@simulated_here
def stack_victim(policy: Stack) -> int:
    """Take the top, without asking whether there is one."""
    policy.pages[-1] -= 1
    return policy.pages[policy.pages[len(policy.pages) - 1]]


reclaim.reclaim_add.register(Stack, stack_add)
reclaim.reclaim_access.register(Stack, stack_access)
reclaim.reclaim_remove.register(Stack, stack_access)
reclaim.reclaim_victim.register(Stack, stack_victim)
reclaim.reclaim_putback.register(Stack, stack_add)


def test_a_negative_index_is_found_before_it_does_harm() -> None:
    def create(pages: int, zeros: Zeros) -> Stack:
        return Stack(zeros(pages + 1))

    policy = ReclaimPolicy(name="stack", summary="", create=create, check=lambda state: [])
    with known(), pytest.raises(LawBroken, match=r"indexed from 0 on.*\n.*IndexError: index -1"):
        check_policy(policy, machine=False)


def test_a_sequence_is_as_short_as_can_be() -> None:
    def breaks(some: Any) -> bool:
        return 3 in some and 8 in some

    assert shortest(range(100), breaks) == [3, 8]
    assert shortest([8, 3], breaks) == [8, 3]


class Lifo:
    """A policy as a plain class, and right; each class below breaks one law."""

    def __init__(self) -> None:
        self.pages: list[int] = []

    def add(self, page: int) -> None:
        self.pages.append(page)

    def access(self, page: int) -> None: ...

    def remove(self, page: int) -> None:
        self.pages.remove(page)

    def victim(self) -> int:
        return self.pages.pop() if self.pages else -1

    def putback(self, page: int) -> None:
        self.pages.insert(0, page)


class ForgetsRemoval(Lifo):
    def remove(self, page: int) -> None: ...


class LosesVictims(Lifo):
    def putback(self, page: int) -> None: ...


class GivesUp(Lifo):
    def victim(self) -> int:
        return super().victim() if len(self.pages) > 1 else -1


class Invents(Lifo):
    def victim(self) -> int:
        return super().victim() if self.pages else 0


def policy_of(make: Callable[[], Any]) -> ReclaimPolicy:
    return ReclaimPolicy(
        name="wrong",
        summary="",
        create=lambda pages, zeros: make(),
        check=lambda state: list(state.pages),
    )


def test_a_policy_of_a_plain_class_keeps_to_the_laws() -> None:
    assert check_policy(policy_of(Lifo)).ways == ("interpreted",)
    assert "wrong" not in POLICIES.names()


@pytest.mark.parametrize(
    ("make", "law"),
    [
        (ForgetsRemoval, "check tells each resident page once"),
        (LosesVictims, "a victim that is put back is resident again"),
        (GivesUp, "victim returns -1 where no page is resident, and only there"),
        (Invents, "victim returns -1 where no page is resident, and only there"),
        (object, "every operation is there"),
    ],
)
def test_a_policy_that_breaks_a_law_is_told_which(make: type, law: str) -> None:
    with pytest.raises(LawBroken) as raised:
        check_policy(policy_of(make), machine=False)
    assert law in str(raised.value).splitlines()[0]
    assert len(str(raised.value).splitlines()) <= 12


class Odd:
    """A compressor that is right: it stores pages as they are, behind one byte."""

    name = "odd"
    summary = "stores"
    options: ClassVar[dict[str, Any]] = {}

    def __init__(self, **settings: int) -> None:
        self.settings = settled(self.name, self.options, settings)
        self.version = "odd 1"
        self.key = key_of(self.name, self.settings, self.version)

    def compress(self, page: Any) -> bytes:
        check_page(page)
        return b"\1" + bytes(page)

    def decompress(self, data: Any) -> bytes:
        return bytes(data[1:]).ljust(4096, b"\0")[:4096]


class Counting(Odd):
    count = 0

    def compress(self, page: Any) -> bytes:
        self.count = (self.count + 1) % 256
        return bytes([self.count]) + super().compress(page)[1:]


class Lossy(Odd):
    def decompress(self, data: Any) -> bytes:
        return super().decompress(data)[:-1] + b"\0"


class Crashing(Odd):
    def decompress(self, data: Any) -> bytes:
        assert len(data) == 4097
        return super().decompress(data)


class AnySize(Odd):
    def compress(self, page: Any) -> bytes:
        return b"\1" + bytes(page)


class AnySetting(Odd):
    def __init__(self, **settings: int) -> None:
        super().__init__()


@pytest.mark.parametrize(
    ("part", "law"),
    [
        (Counting, "a page compresses to the same bytes always"),
        (Lossy, "every page comes back"),
        (Crashing, "damaged data are a DataMismatch"),
        (AnySize, "what is no page of 4096 bytes is an InvalidArgument"),
        (AnySetting, "and no other setting"),
    ],
)
def test_a_compressor_that_breaks_a_law_is_told_which(part: Any, law: str) -> None:
    with pytest.raises(LawBroken) as raised:
        check_compressor(part, machine=False)
    assert law in str(raised.value).splitlines()[0]


def test_a_compressor_that_only_stores_keeps_to_the_laws() -> None:
    assert check_compressor(Odd, machine=False).name == "odd"


class Digits:
    """A format of bytes, each the number of a page, behind a mark."""

    name = "digits"
    summary = "bytes"
    mark = b"DIGITS"

    def recognises(self, path: Path, head: bytes) -> bool:
        return head.startswith(self.mark)

    def open(self, source: Input) -> Trace:
        data = b"".join(source.chunks())
        if not data.startswith(self.mark) or len(data) == len(self.mark):
            raise TraceError(f"{source.where}: no digits")
        page = list(data[len(self.mark) :])
        order = sorted(set(page))
        return Trace.from_arrays([order.index(one) for one in page], [False] * len(page))


class Greedy(Digits):
    def recognises(self, path: Path, head: bytes) -> bool:
        return True


class Careless(Digits):
    def open(self, source: Input) -> Trace:
        data = b"".join(source.chunks())
        if not data:
            raise TraceError("no digits")
        if data[:6] != self.mark:
            raise ValueError("no digits")
        return super().open(Input(source.path))


class Deaf(Digits):
    def recognises(self, path: Path, head: bytes) -> bool:
        return False


@pytest.mark.parametrize(
    ("part", "law"),
    [
        (Greedy(), "what is none of its files is not recognised"),
        (Careless(), "a damaged file is a trace, or a TraceError"),
        (Deaf(), "each sample is recognised"),
    ],
)
def test_a_format_that_breaks_a_law_is_told_which(part: Any, law: str) -> None:
    with pytest.raises(LawBroken) as raised:
        check_format(part, [b"DIGITS" + bytes(range(40))])
    assert law in str(raised.value).splitlines()[0]


def test_a_format_of_any_class_keeps_to_the_laws() -> None:
    assert check_format(Digits(), [b"DIGITS" + bytes(range(40)), b"DIGITS1"]).laws
    with pytest.raises(InvalidArgument, match="needs a sample"):
        check_format(Digits(), [])
    with pytest.raises(NoEntry):
        check_format("no-such-format", [b"x"])


def test_the_command_tells_what_was_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compressor", "deflate"]) == 0
    assert capsys.readouterr().out.startswith("compressor 'deflate': all 11 laws hold\n")
    assert main(["policy", "none such"]) == 2
    assert "no reclaim policy 'none such'" in capsys.readouterr().err
    assert main(["format", "msr", "/no/such/file"]) == 2
    assert capsys.readouterr().err == "error: /no/such/file: No such file or directory\n"
