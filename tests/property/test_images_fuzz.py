# SPDX-License-Identifier: GPL-2.0-only
"""Damaged memory images: a snapshot or one clear line, in bounded memory, whatever the damage."""

import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_files import SAMPLES, avml, elf_core, lime, page, pages

from zswapsim.errors import TraceError
from zswapsim.trace.images.snapshot import open_contents
from zswapsim.trace.input import Input, InputOptions
from zswapsim.units import PAGE_SIZE

Damage = Callable[[bytes], bytes]


@cache
def real(name: str) -> bytes:
    """The unpacked bytes of a sample."""
    return b"".join(Input(SAMPLES / name).chunks())


def small_core() -> bytes:
    return elf_core(
        [
            (0x10000, pages(0, 2), 3 * PAGE_SIZE),
            (0x20000, page(3), PAGE_SIZE),
            (0x11000, page(1), PAGE_SIZE),
        ]
    )


WHOLE: dict[str, Callable[[], bytes]] = {
    "kernel": lambda: real("kernel.core.xz"),
    "gcore": lambda: real("gcore.core.xz"),
    "qemu": lambda: real("qemu-paging.elf.zst"),
    "kdump": lambda: real("qemu.kdump.zst"),
    "core": small_core,
    "xnum": lambda: elf_core([(0x10000, page(1), PAGE_SIZE)], xnum_at_end=False),
    "lime": lambda: lime([(0x1000, pages(1, 2)), (0x10100, pages(5, 2))]),
    "avml": lambda: avml([(0x1000, pages(1, 2)), (0x10000, bytes(20 * PAGE_SIZE))]),
    "raw": lambda: pages(0, 3),
}
HEADER_BYTES = 700
"""Damage falls into the headers, where it matters, or anywhere."""


@st.composite
def damages(draw: st.DrawFn, length: int) -> list[tuple[str, int, bytes]]:
    """What to do to a file of that length, one thing after the other."""
    at = st.one_of(st.integers(0, min(HEADER_BYTES, length)), st.integers(0, length))
    numbers = st.sampled_from([0, 1, 0xFF, 0x1000, 0xFFFF, 1 << 31, (1 << 63) - 1, (1 << 64) - 1])
    data = st.one_of(
        st.binary(min_size=1, max_size=8),
        st.builds(lambda n, size: n.to_bytes(8, "little")[:size], numbers, st.sampled_from([4, 8])),
    )
    kind = st.sampled_from(
        ["overwrite", "overwrite", "flip", "insert", "cut", "truncate", "repeat"]
    )
    return draw(st.lists(st.tuples(kind, at, data), min_size=1, max_size=4))


def damaged(whole: bytes, steps: list[tuple[str, int, bytes]]) -> bytes:
    data = bytearray(whole)
    for kind, at, new in steps:
        if kind == "overwrite":
            at &= ~3  # fields are aligned
            data[at : at + len(new)] = new
        elif kind == "flip":
            data[at : at + 1] = bytes([byte ^ 1 << (new[0] % 8) for byte in data[at : at + 1]])
        elif kind == "insert":
            data[at:at] = new
        elif kind == "cut":
            del data[at : at + new[0]]
        elif kind == "truncate":
            del data[at:]
        else:
            data[at:at] = data[: 16 * new[0]]
    return bytes(data)


def read(data: bytes, format_: str | None) -> str:
    """Read a damaged file; return the message, or "" where it could be read."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "memory.img")
        path.write_bytes(data)
        try:
            source = Input(path, InputOptions(format=format_))
            trace = open_contents(source, sample_pages=100)
        except TraceError as error:
            return str(error)
    assert 0 < trace.pages <= 100
    assert trace.accesses == 0
    numbers = trace.page_numbers
    assert numbers is not None
    assert len(set(numbers.tolist())) == trace.pages
    assert numbers.max() < 1 << 52
    return ""


@pytest.mark.parametrize("name", WHOLE)
@given(st.data())
def test_a_damaged_image_is_read_or_refused_in_one_line(name: str, draw: st.DataObject) -> None:
    if name == "avml":
        pytest.importorskip("cramjam")
    whole = WHOLE[name]()
    data = damaged(whole, draw.draw(damages(len(whole))))
    forced = {"xnum": "elf-core", "core": "elf-core"}.get(name, name)
    known = forced in ("elf-core", "lime", "avml", "kdump", "raw")
    format_ = draw.draw(st.sampled_from([None, forced])) if known else None
    tracemalloc.start()
    try:
        message = read(data, format_)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in message
    assert not message or "memory.img: " in message
    assert peak_bytes < 16 << 20


@given(st.sampled_from(["core", "lime", "raw", "avml"]), st.sampled_from(["core", "lime", "avml"]),
       st.integers(0, 9000), st.integers(0, 9000))  # fmt: skip
def test_two_images_spliced_are_read_or_refused(one: str, other: str, end: int, start: int) -> None:
    pytest.importorskip("cramjam")
    message = read(WHOLE[one]()[:end] + WHOLE[other]()[start:], None)
    assert "\n" not in message
