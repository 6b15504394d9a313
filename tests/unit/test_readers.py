# SPDX-License-Identifier: GPL-2.0-only
"""Text formats: a real sample of each, what is recognised as what, and what the messages say."""

import bz2
import csv
import gzip
import lzma
import re
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument, NoEntry, TraceError
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.readers import foreign
from zswapsim.trace.readers.foreign import ForeignFormat
from zswapsim.trace.readers.lines import TextFormat
from zswapsim.trace.trace import Trace

SAMPLES = Path(__file__).parents[1] / "samples" / "readers"
SHARED = Path(__file__).parents[3] / "shared" / "data"

# Per sample: format, accesses before those to one page are joined, and after, writes, pages.
FOUND = {
    "lackey-true.log.xz": ("lackey", 4887, 1036, 108, 8),
    "blkparse.txt.gz": ("blkparse", 125, 125, 92, 112),
    "drmemtrace-2023.txt": ("drmemtrace", 4, 3, 1, 3),
    "drmemtrace-2022.txt": ("drmemtrace", 4, 2, 1, 2),
    "drmemtrace-2021.txt": ("drmemtrace", 1, 1, 0, 1),
    "msr.csv": ("msr", 26, 26, 17, 26),
    "dinero.din": ("address", 4, 2, 1, 2),
    "pinatrace.out": ("address", 4, 1, 1, 1),
    "course.trace": ("address", 6, 6, 1, 5),
    "requests.csv": ("csv", 5, 5, 2, 5),
    "objects.csv": ("csv", 4, 4, 0, 3),
    "objects.txt": ("txt", 7, 7, 0, 6),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str | bytes, name: str = "in.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def accesses(trace: Trace) -> list[tuple[int, bool]]:
    """Page numbers, as their origin calls them, and whether written."""
    numbers = trace.page_numbers
    assert numbers is not None
    blocks = np.concatenate([np.zeros(0, np.uint32), *trace.blocks(1000)])
    return [(int(numbers[access & 0x7FFFFFFF]), bool(access >> 31)) for access in blocks]


def opened(path: Path, **options: object) -> Trace:
    return Trace.open(path, InputOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FOUND)
def test_a_sample_of_each_format_is_read(
    name: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign.ForeignFormat, "engine_for", lambda *_: engine)
    trace = Trace.open(SAMPLES / name)
    assert (
        trace.meta["origin"],
        trace.meta["raw_accesses"],
        trace.accesses,
        trace.counts.writes,
        trace.pages,
    ) == FOUND[name]
    assert f"read as {FOUND[name][0]}" in str(trace.meta["accesses_from"])


@pytest.mark.parametrize("name", FOUND)
def test_a_sample_is_recognised_as_one_format_only(name: str) -> None:
    source = Input(SAMPLES / name)
    taken = [
        other for other in FORMATS.names() if FORMATS.get(other).recognises(Path("x"), source.head)
    ]
    assert taken == [FOUND[name][0]]


@pytest.mark.parametrize("name", FOUND)
def test_a_head_that_ends_within_a_line_is_recognised_all_the_same(name: str) -> None:
    head = Input(SAMPLES / name).head
    padded = head * (4096 // len(head) + 1)
    if name in ("requests.csv", "objects.csv"):  # a header is at the start only
        padded = head[: head.index(b"\n") + 1] + head[head.index(b"\n") + 1 :] * 200
    assert FORMATS.get(FOUND[name][0]).recognises(Path("x"), padded[:4096])


@pytest.mark.parametrize(
    ("pack", "suffix"),
    [
        (gzip.compress, ".gz"),
        (lzma.compress, ".xz"),
        (zstandard.compress, ".zst"),
        (bz2.compress, ".bz2"),
    ],
)
def test_a_packed_trace_is_the_same_and_half_of_one_an_error(
    pack: Callable[[bytes], bytes], suffix: str, write: Callable[..., Path]
) -> None:
    text = lzma.decompress((SAMPLES / "lackey-true.log.xz").read_bytes())
    plain = Trace.open(write(text))
    packed = pack(text)
    assert accesses(Trace.open(write(packed, f"in{suffix}"))) == accesses(plain)
    with pytest.raises(TraceError, match=r"half.*: damaged \w+ data"):
        Trace.open(write(packed[: len(packed) * 3 // 4], f"half{suffix}"))


def test_a_lackey_log_holds_what_a_pattern_finds_in_it() -> None:
    text = lzma.decompress((SAMPLES / "lackey-true.log.xz").read_bytes()).decode()
    expected: list[tuple[int, bool]] = []
    for kind, address, size in re.findall(r"^ ([LSM]) ([0-9a-f]+),(\d+)$", text, re.M):
        first, last = int(address, 16) >> 12, int(address, 16) + int(size) - 1 >> 12
        expected += [(page, kind in "SM") for page in range(first, last + 1)]
    assert accesses(Trace.open(SAMPLES / "lackey-true.log.xz")) == joined(expected)


def joined(requests: list[tuple[int, bool]]) -> list[tuple[int, bool]]:
    """Make consecutive accesses to a page one."""
    done: list[tuple[int, bool]] = []
    for page, written in requests:
        if done and done[-1][0] == page:
            done[-1] = (page, done[-1][1] or written)
        else:
            done.append((page, written))
    return done


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data")
def test_three_records_of_one_run_tell_the_same() -> None:
    lackey = Trace.open(SHARED / "gawk-small.lackey.log.zst")
    table = accesses(Trace.open(SHARED / "gawk-small.csv.gz"))
    assert lackey.meta["raw_accesses"] == 124_389
    # The log starts with an access of an instruction before it, which the others leave out, and
    # goes on: the last access of the others may be half of one here.
    compact = joined(table)[:-1]
    assert compact == accesses(lackey)[1 : len(compact) + 1]
    with gzip.open(SHARED / "gawk-small.csv.gz", "rt") as file:
        rows = [(int(row["address"], 16) >> 12, row["op"] == "W") for row in csv.DictReader(file)]
    assert accesses(Trace.open(SHARED / "gawk-small.pinatrace.gz")) == joined(rows)


LACKEY = "==1== Lackey, an example Valgrind tool\n"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (LACKEY + " L 1000,8\nhello\n", {}, r"in\.txt:3: 'hello'; expected ' L hexad.*--log-file"),
        (LACKEY + " L 1000,8\n L 1000,x\n", {}, r":3: ' L 1000,x'; expected a size"),
        (LACKEY + " L 1000 8\n", {}, ":2: ' L 1000 8'; expected"),
        (LACKEY + " X 1000,8\n", {}, ":2: ' X 1000,8'; expected"),
        (LACKEY + " L 1000,8\n L 1000,2000000000\n", {}, ":3: .* a size of at most 1 GiB"),
        (LACKEY + " L fffffffffffffffff,1\n", {}, r":2: .*an address below 2\*\*64"),
        (LACKEY + " L ffffffffffffffff,2\n", {}, r":2: .*an address below 2\*\*64"),
        (LACKEY + " L 1,1\n" + "a\n" * 3, {"skip_bad": 2}, ":5: 'a'"),
        (LACKEY + "I  1000,3\n", {}, "no access in it, read as lackey"),
        ("R 0x7ff\n" * 5 + "z" * 100 + "\n", {}, r":6: 'z{80}'\.\.\.; expected"),
        ("7ffe R\n1\n", {"format": "address"}, ":2: '1'; expected a hexadecimal address in col"),
        ("no such\n", {"format": "address"}, "first lines have no column of addresses"),
        ("12 R\n" * 999 + "ff R\n", {}, ":1000: 'ff R'; expected an address in column 1"),
        ("a,b\n1,2\n", {"format": "csv"}, "no header that names a column"),
        ("op,address\nR,1\nR\n", {}, ":3: 'R'; expected operation in column 1, address in col"),
        ("op,address\nQ,1\n", {}, ":2: 'Q,1'"),
        ("1,hm,0,Read,0\n", {"format": "msr"}, ":1: '1,hm,0,Read,0'"),
        ("8,0 1 1 0.1 9 Q WZ 8 + 8\n", {"format": "blkparse"}, ":1: '8,0 1 1"),
        ("8,0 1 1 0.1 9 Q W eight + 8\n", {"format": "blkparse"}, "sector"),
        (" 1 1: 7 read 8 bytes @ 0x1\n", {"format": "drmemtrace"}, r"byte\(s\) @"),
        ("\0\1\2\xff", {"format": "lackey"}, r":1: '\\x00"),
        ("what is it?\n", {}, "no known trace format.*--columns"),
    ],
)
def test_a_wrong_line_is_named_with_its_number_and_text(
    text: str, options: dict[str, object], message: str, write: Callable[..., Path]
) -> None:
    with pytest.raises(TraceError, match=message):
        opened(write(text), **options)


def test_bad_lines_may_be_passed_over_and_are_counted(write: Callable[..., Path]) -> None:
    trace = opened(write(LACKEY + "x\n L 1000,8\n\xff\n S 2000,8\ny"), skip_bad=3)
    assert accesses(trace) == [(1, False), (2, True)]
    assert trace.meta["bad_lines"] == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r\n\r\n", ""])
def test_line_ends_of_any_kind(end: str, write: Callable[..., Path]) -> None:
    text = f"R 0x1000{end or chr(10)}W 0x2000{end}"
    assert accesses(Trace.open(write(text))) == [(1, False), (2, True)]


def test_a_byte_order_mark_is_no_part_of_the_first_line(write: Callable[..., Path]) -> None:
    trace = Trace.open(write(b"\xef\xbb\xbfaddress,op\r\n4096,w\r\n"))
    assert accesses(trace) == [(1, True)]


def test_a_request_is_all_pages_it_touches(write: Callable[..., Path]) -> None:
    trace = Trace.open(write("address,size,op\n4095,4098,w\n8192,0,r\n0,1073741824,r\n"))
    assert accesses(trace)[:4] == [(0, True), (1, True), (2, True), (0, False)]
    assert trace.accesses == 3 + (1 << 18)


def test_requests_to_one_page_are_not_joined_and_instructions_are(
    write: Callable[..., Path],
) -> None:
    assert accesses(Trace.open(write("op,page\nr,7\nw,7\n"))) == [(7, False), (7, True)]
    assert accesses(Trace.open(write("r 0x7000\nw 0x7000\n"))) == [(7, True)]


@pytest.mark.parametrize(
    ("text", "found", "said"),
    [
        ("0041f7a0 R\n13f5e2c0 W\n", [(0x41F, 0), (0x13F5E, 1)], "hexadecimal"),
        ("12288 r\n4096 W\n", [(3, 0), (1, 1)], "each address is decimal"),
        ("0x3000 store\n4096 LOAD\n", [(3, 1), (1, 0)], "decimal, hexadecimal after 0x"),
        ("read,0x3000,8\nwrite,0x1000,8\n", [(3, 0), (1, 1)], "hexadecimal"),
        ("L: 0x3000\nS: 0x1000\n", [(3, 0), (1, 1)], "hexadecimal"),
        ("0x3000 0\n0x1000 1\n", [(3, 0), (1, 1)], "hexadecimal"),
        ("0 3000\n1 1000\n2 9000\n", [(3, 0), (1, 1)], "1 instruction fetch"),
        ("0x1: R 0x3ffc 8 0x0\n0x2: W 0x8000 4 0x1\n", [(3, 0), (4, 0), (8, 1)], "hexadecimal"),
        (" 712 R 0x7fff1000\n 712 I 0x40\n", [(0x7FFF1, 0)], "hexadecimal"),
        ("# by hand\n0x3000\n\n0x1000\n", [(3, 0), (1, 0)], "all are reads"),
        ("readd 0x04000BE0 2\nwrite 0xBEFFFACC 4\n", [(0x4000, 0), (0xBEFFF, 1)], "hexadecimal"),
    ],
)
def test_columns_and_base_of_addresses_are_found_and_said(
    text: str, found: list[tuple[int, int]], said: str, write: Callable[..., Path]
) -> None:
    trace = Trace.open(write(text))
    assert trace.meta["origin"] == "address"
    assert accesses(trace) == found
    assert said in str(trace.meta["accesses_from"])


@pytest.mark.parametrize(
    ("text", "options", "found"),
    [
        ("Time;VAddr;R/W\n1;0x3000;R\n", {}, [(3, 0)]),
        ("pfn\tis_write\n3\t1\n4\t0\n", {}, [(3, 1), (4, 0)]),
        ("lba,sectors\n7,2\n", {}, [(0, 0), (1, 0)]),
        ("lba,bytes\n7,512\n", {}, [(0, 0)]),
        ("address,op\n7fff3000,r\n10000000,w\n", {}, [(0x7FFF3, 0), (0x10000, 1)]),
        ("disk,lba,volume\na,0,1\nb,0,1\na,0,1\na,0,2\n", {}, [(0, 0), (1 << 52, 0), (0, 0)]),
        ('"id","op"\n"7","get"\n"8","set"\n', {}, [(7, 0), (8, 1)]),
        ("1,R,4096,8\n", {"columns": "time,op,address,size"}, [(1, 0)]),
        ("t,what,where\n1,R,4096\n", {"columns": "time,op,address"}, [(1, 0)]),
        ("1 R 4096\n2 W 0\n", {"columns": "time,op,address"}, [(1, 0), (0, 1)]),
        ("5,7,x\n", {"columns": ",key"}, [(7, 0)]),
    ],
)
def test_columns_of_a_table_go_by_their_names(
    text: str,
    options: dict[str, object],
    found: list[tuple[int, int]],
    write: Callable[..., Path],
) -> None:
    trace = opened(write(text), **options)
    assert trace.meta["origin"] == "csv"
    assert accesses(trace)[: len(found)] == found


def test_columns_that_name_no_place_are_refused(write: Callable[..., Path]) -> None:
    with pytest.raises(InvalidArgument, match="none of them is address, page, sector or object"):
        opened(write("1,2\n"), columns="time,op")


def test_a_table_of_numbers_is_not_guessed_at(write: Callable[..., Path]) -> None:
    for text in ("1,R,4096,8192\n2,W,100,8\n", "1,5\n0,6\n"):
        with pytest.raises(TraceError, match="no known trace format"):
            Trace.open(write(text))


def test_names_of_objects_are_pages_of_their_own(write: Callable[..., Path]) -> None:
    trace = opened(write("a\nb\na\n7\n07\n7\n"), format="txt")
    pages = [page for page, _ in accesses(trace)]
    assert pages[0] == pages[2]
    assert pages[3] == pages[5] == 7
    assert len(set(pages)) == 4
    assert all(page >> 63 for page in (pages[0], pages[1], pages[4]))


def test_writes_are_drawn_where_nothing_tells_them(write: Callable[..., Path]) -> None:
    path = write("0\n1\n" * 5000)
    assert Trace.open(path).counts.writes == 0
    drawn = opened(path, write_percent=25.0, seed=3)
    assert 2200 < drawn.counts.writes < 2800
    assert accesses(drawn) == accesses(opened(path, write_percent=25.0, seed=3))
    assert accesses(drawn) != accesses(opened(path, write_percent=25.0, seed=4))
    assert "25 % of them, drawn with seed 3, are writes" in str(drawn.meta["accesses_from"])


def test_the_format_asked_for_is_taken_and_must_exist(write: Callable[..., Path]) -> None:
    path = write("4096\n8192\n")
    assert accesses(Trace.open(path)) == [(4096, False), (8192, False)]
    with pytest.raises(TraceError, match="no column of addresses"):
        opened(path, format="address")
    with pytest.raises(NoEntry, match="no trace format 'lacky'; there are"):
        opened(path, format="lacky")


def test_blkparse_counts_issued_requests_where_none_is_queued(write: Callable[..., Path]) -> None:
    text = gzip.decompress((SAMPLES / "blkparse.txt.gz").read_bytes()).decode()
    queued = Trace.open(SAMPLES / "blkparse.txt.gz")
    issued = Trace.open(write("".join(re.sub(r"^.* Q .*\n", "", text, flags=re.M))))
    assert accesses(issued) == accesses(queued)
    assert "requests of action D" in str(issued.meta["accesses_from"])


def test_devices_of_a_block_trace_are_kept_apart() -> None:
    numbers = Trace.open(SAMPLES / "blkparse.txt.gz").page_numbers
    assert numbers is not None
    assert set((numbers >> np.uint64(52)).tolist()) == {0, 1}


def bomb() -> Iterator[bytes]:
    """A gigabyte of one endless line, packed."""
    pack = zstandard.ZstdCompressor(level=1).compressobj()
    for _ in range(1 << 6):
        yield pack.compress(b" L 04" + b"0" * ((1 << 24) - 5))
    yield pack.flush()


@pytest.mark.parametrize("name", ["lackey", "address", "csv", "txt", "msr", "blkparse"])
def test_an_endless_line_is_an_error_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zst"
    path.write_bytes(b"".join(bomb()))
    tracemalloc.start()
    try:
        with pytest.raises(TraceError, match=r"bomb\.zst(:1: a line of more than|: )"):
            opened(path, format=name, columns="address" if name == "csv" else None)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_line_is_too_long_wherever_the_input_is_cut(write: Callable[..., Path]) -> None:
    for spaces in (65_536 - 8, 65_536 - 7):
        text = "R 0x1000\n" * 3 + " " * spaces + "R 0x1000" + "\nW 0x2000\n"
        if spaces == 65_536 - 8:
            assert accesses(Trace.open(write(text))) == [(1, False), (2, True)]
        else:
            with pytest.raises(TraceError, match=":4: a line of more than 65,536 bytes"):
                Trace.open(write(text))


def test_compiled_text_readers_leave_one_note_for_all(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(engines, "mark_warm", noted.append)
    monkeypatch.setattr(foreign, "COLD_BYTES", 1)
    monkeypatch.setattr(foreign, "WARM_BYTES", 1)
    Trace.open(SAMPLES / "msr.csv")
    Trace.open(SAMPLES / "course.trace")
    assert noted == ["read.text.warm"] * 2


@pytest.mark.parametrize("name", FOUND)
@given(data=st.data())
def test_a_damaged_sample_is_a_trace_or_a_trace_error(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = Input(SAMPLES / name)
    text = bytearray(b"".join(source.chunks())[:3000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        junk = data.draw(st.binary(max_size=4) | st.sampled_from([b"\n", b",", b" ", b"9" * 25]))
        text[at : at + data.draw(st.integers(0, 3))] = junk
    path = tmp_path_factory.getbasetemp() / f"damaged-{name}"
    path.write_bytes(text)
    for options in ({}, {"format": FOUND[name][0], "skip_bad": 10_000}):
        try:
            trace = opened(path, **options)
        except TraceError as error:
            assert str(path) in str(error)
        else:
            assert trace.accesses == len(accesses(trace)) > 0


def test_small_text_cannot_stand_for_more_than_its_worth(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of 20 bytes, each of a GiB at most, would fill a disk and take hours."""
    distinct = [f"w,{start << 24},{1 << 24}" for start in range(100)]
    again = ["w,0,16777216"] * 100
    for lines, what, other in ((distinct, "pages", "accesses"), (again, "accesses", "pages")):
        monkeypatch.setattr(TextFormat, f"{what}_from", 1 << 10)
        monkeypatch.setattr(TextFormat, f"{other}_from", 1 << 20)
        text = "\n".join(["op,address,size", *lines])
        for data in (text.encode(), gzip.compress(text.encode())):
            said = rf" bytes stand for [\d,]+ {what} and more; allowed are up to [\d,]+$"
            with pytest.raises(TraceError, match=said):
                Trace.open(write(data))
    packed = gzip.compress(b"op,page\n" + b"r,5\n" * 60_000)
    monkeypatch.setattr(TextFormat, "accesses_per_byte", 1)
    assert Trace.open(write(packed)).accesses == 60_000, "lines may be as alike as they like"
    few = "\n".join(["op,address,size", "w,4096,4194304"])
    assert Trace.open(write(few)).accesses == 1024


def test_an_empty_file_is_refused_without_compiling(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ForeignFormat, "compile", lambda _: pytest.fail("compiles"))
    for name in FORMATS.names():
        foreign = FORMATS.get(name)
        if isinstance(foreign, ForeignFormat):
            with pytest.raises(TraceError, match=r"in\.txt: "):
                foreign.open(Input(write(b"")))


def test_what_is_packed_small_and_unpacks_to_much_is_worth_compiling(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        foreign.engines, "choose", lambda _, size_bytes, *__, **___: str(size_bytes)
    )
    text = b"op,page\n" + b"r,5\n" * (3 << 20)
    for data, guess in (
        (lzma.compress(text, preset=0), str(foreign.COLD_BYTES)),
        (lzma.compress(text[:4000], preset=0), "4000"),
        (text[:4000], "4000"),
        (text, str(len(text))),
    ):
        source = Input(write(data))
        assert FORMATS.get("csv").engine_for(foreign.Reading(source)) == guess  # type: ignore[attr-defined]
