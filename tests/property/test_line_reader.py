# SPDX-License-Identifier: GPL-2.0-only
"""The loop over lines reads what a naive reader reads, however the text is cut, on both engines."""

import csv
import io
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_oracle import BLANKS, Pieces, Read, read, reader_reads

from zswapsim.trace.readers import address, blkparse, drmemtrace, lackey, msr, object_ids, table
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.lines import Shape, TextFormat

HEADS: dict[str, tuple[TextFormat, bytes]] = {
    "lackey": (lackey.FORMAT, b""),
    "msr": (msr.FORMAT, b""),
    "blkparse": (blkparse.FORMAT, b""),
    "drmemtrace": (drmemtrace.FORMAT, b""),
    "objects": (object_ids.FORMAT, b""),
    "din": (address.FORMAT, b"0 1000\n1 70f60888\n"),
    "pin": (address.FORMAT, b"0x10: R 0x1000 8\n"),
    "decimal": (address.FORMAT, b"123 R\n"),
    "table": (table.FORMAT, b"time,op,address,size\n"),
    "pages": (table.FORMAT, b"op;page;dev\n"),
    "sectors": (table.FORMAT, b"lba\tsectors\tdisk\tvolume\trw\n"),
    "ids": (table.FORMAT, b"id,type\n"),
}
SHAPES = {
    name: text_format.shape(Reading(Pieces(head, []), "interpreted"))  # type: ignore[arg-type]
    for name, (text_format, head) in HEADS.items()
}
LINES = {
    "lackey": " L 0404a900,8\nI  0401ab70,3\n S 1fff000ffe,8\n M 1,1\n",
    "msr": "128166372003061629,hm,1,Read,4095,2,1\n1,hm,0,WRITE,0,4096,1\n",
    "blkparse": "  8,0 1 2 0.5 697  Q FWFS 7 + 2 [x]\n8,16 1 2 0.5 697 Q R 8 + 8 [x]\n"
    "8,0 1 1 1 1 Q W [\n",
    "drmemtrace": "  1  1:  7 read   8 byte(s) @ 0x7fff by PC 0x1\n 1 1: 7 <marker: x>\n",
    "objects": "7\nname\n",
    "din": "0 1000\n1 70f60888 comment\n2 0\n",
    "pin": "0x10: R 0x1000 8 0x0\n0x11 :W 0xfff 2\n",
    "decimal": "4096 R\n0x2000 write\n",
    "table": "1,R,4096,8192\n2 , write , 0xfff , 0x2\n",
    "pages": "r;5;a\nw;5;b\n",
    "sectors": "7\t2\ta\t0\tr\n7\t2\ta\t1\tW\n",
    "ids": "5,r\na b,w\n",
}
NUMBERS = st.one_of(
    st.integers(0, 1 << 65).map(str),
    st.integers(0, 1 << 65).map(hex),
    st.sampled_from([1 << 30, (1 << 30) + 1, 4096, 2**52, 2**55 - 1, 2**63, 2**64 - 1, 2**64])
    .flatmap(lambda n: st.integers(n - 2, n + 2))
    .flatmap(lambda n: st.sampled_from([str(n), hex(n), f"{n:x}", f"{n:022d}", f"{n:018x}"])),
    st.text("0123456789abcdefABCDEFxX", max_size=19),
)
WORDS = st.sampled_from(
    [
        *("R", "W", "r", "w", "L", "S", "M", "I", "Q", "N", "D", "FWS", "RA", "read", "write"),
        *("pref-r", "<marker", "+", "byte(s)", "@", "by", ":", "[x]", "-", "0x", "hm", "é"),
    ]
)
SEPARATORS = st.one_of(st.sampled_from([",", ", ", " ", "\t", ": ", ";", ",,", "  ", ""]))
JUNK = st.text(string.printable.replace("\n", "").replace('"', ""), max_size=12)


@st.composite
def texts(draw: st.DrawFn, name: str) -> bytes:
    """Right lines of a format, with fields exchanged, and lines of fields at random."""
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            line = draw(st.sampled_from(LINES[name].splitlines()))
            if draw(st.booleans()):
                words = line.split(" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.one_of(NUMBERS, WORDS))
                line = " ".join(words)
            for old, new in draw(st.lists(st.tuples(NUMBERS, JUNK), max_size=1)):
                line = line.replace(old[:1] or "1", new, 1)
        else:
            parts = st.lists(st.tuples(st.one_of(NUMBERS, WORDS, JUNK), SEPARATORS), max_size=12)
            line = "".join(token + separator for token, separator in draw(parts))
        lines.append(line + draw(st.sampled_from(["\n", "\r\n", "\n\n", " \n"])))
    text = "".join(lines)
    return (text if draw(st.booleans()) else text.rstrip("\n")).encode("utf-8")


def alike(ours: Read, theirs: Read) -> None:
    """The same accesses and bad lines; a name, which we hash, is one negative number."""
    assert ours.bad == theirs.bad
    numbers: dict[int | str, int] = {}
    for (key, write), (page, written) in zip(ours.accesses, theirs.accesses, strict=True):
        assert isinstance(key, int)
        assert write == written
        if isinstance(page, str):
            assert key < 0
            assert numbers.setdefault(page, key) == key
        else:
            assert key == page
    assert len(set(numbers.values())) == len(numbers)


@pytest.mark.parametrize("name", HEADS)
@given(data=st.data(), cuts=st.lists(st.integers(0, 500), max_size=5))
def test_lines_are_read_as_a_naive_reader_reads_them(
    name: str, data: st.DataObject, cuts: list[int]
) -> None:
    text = data.draw(texts(name))
    shape = SHAPES[name]
    theirs = read(shape, text)
    for engine in ("interpreted", "compiled"):
        alike(reader_reads(shape, text, cuts, engine), theirs)


def test_the_lines_that_are_drawn_are_right_ones() -> None:
    for name, lines in LINES.items():
        header = b"\n" * SHAPES[name].skip_lines
        done = read(SHAPES[name], header + lines.encode())
        assert done.accesses, name
        assert not done.bad, name


@given(
    st.lists(st.text(string.printable.replace("\n", "").replace("\r", ""), min_size=1), min_size=1),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_quoted_fields_are_those_that_the_csv_module_wrote(names: list[str], quoting: int) -> None:
    names = [name.replace('"', "'").strip(BLANKS) or "x" for name in names]
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([["1", name.replace("#", "="), "w"] for name in names])
    shape = Shape(
        fields=("", "object", "operation"),
        expected="x",
        delimiters=",",
        padded=True,
        quote='"',
        words={"w": 2},
    )
    ours = reader_reads(shape, out.getvalue().encode(), [], "interpreted")
    expected = Read([(_page(name.replace("#", "=")), 1) for name in names])
    alike(ours, expected)


def _page(name: str) -> int | str:
    plain = name.isascii() and name.isdigit() and len(name) <= 18 and str(int(name)) == name
    return int(name) if plain else name
