# SPDX-License-Identifier: GPL-2.0-only
"""Traces of binary records: oracleGeneral, lcs, ChampSim."""

import struct
from pathlib import Path

import numpy as np
import pytest
from binary_samples import SAMPLES, accesses_of, opened, sample

from zswapsim.errors import TraceError
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.readers import records
from zswapsim.trace.trace import Trace

ORACLE = "sqlite.oracleGeneral.zst"
LCS = {number: f"sqlite-v{number}.lcs.zst" for number in (1, 2, 3, 8)}
CHAMPSIM = "true.champsimtrace.xz"
ALL = {ORACLE: "oracleGeneral", **dict.fromkeys(LCS.values(), "lcs"), CHAMPSIM: "champsim"}

LCS_LAYOUTS = {1: "<IQIq", 2: "<IQIIq", 3: "<IQqIIq", 8: "<IQqIIq64x"}
WRITING = {3, 13}  # set, write: those in the samples
DELETING = 9


@pytest.mark.parametrize(("name", "expected"), ALL.items())
def test_a_sample_is_recognised_by_its_format_alone(name: str, expected: str) -> None:
    source = Input(SAMPLES / name)
    taken = [
        known
        for known in FORMATS.names()
        if FORMATS.get(known).recognises(source.path, source.head)
    ]
    assert taken == [expected]
    assert Trace.open(SAMPLES / name).meta["origin"] == expected


@pytest.fixture(params=["interpreted", "compiled"])
def each_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read samples with each engine, whatever their size."""
    if request.param == "compiled":
        monkeypatch.setattr(records, "WARM_BYTES", 0)
        monkeypatch.setattr(records, "COLD_BYTES", 0)


@pytest.mark.usefixtures("each_engine")
def test_oracle_general_gives_each_object_of_some_size_in_order() -> None:
    requests = struct.iter_unpack("<IQIq", sample(ORACLE))
    expected = [(name, False) for _, name, size, _ in requests if size]
    trace = Trace.open(SAMPLES / ORACLE)
    assert accesses_of(trace) == expected
    assert trace.meta["raw_accesses"] == len(expected) == 2940
    assert "an object of any size is one page" in trace.meta["accesses_from"]
    assert "60 requests of size 0 left out" in trace.meta["accesses_from"]


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize("version", LCS)
def test_lcs_gives_each_object_and_writes_as_its_operations_say(version: int) -> None:
    expected = []
    for record in struct.iter_unpack(LCS_LAYOUTS[version], sample(LCS[version])[8192:]):
        op = record[3] & 0xFF if version > 1 else 0
        if op != DELETING:
            expected.append((record[1], op in WRITING))
    assert accesses_of(Trace.open(SAMPLES / LCS[version])) == expected


@pytest.mark.usefixtures("each_engine")
def test_champsim_reads_before_it_writes_and_joins_accesses_to_one_page() -> None:
    expected: list[tuple[int, bool]] = []
    operands = 0
    for record in struct.iter_unpack("<Q8B2Q4Q", sample(CHAMPSIM)):
        written, read = record[9:11], record[11:]
        for address, write in [(a, False) for a in read] + [(a, True) for a in written]:
            if not address:
                continue
            operands += 1
            page = address >> 12
            if expected and expected[-1][0] == page:
                expected[-1] = (page, expected[-1][1] or write)
            else:
                expected.append((page, write))
    trace = Trace.open(SAMPLES / CHAMPSIM)
    assert accesses_of(trace) == expected
    assert trace.meta["raw_accesses"] == operands


def test_cloudsuite_has_to_be_asked_for_and_has_four_written_addresses(tmp_path: Path) -> None:
    layout = struct.Struct("<QBB4B4B6x4Q4Q2B6x")
    assert layout.size == 96
    one = layout.pack(
        0x401000, 0, 0, *[0] * 8, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0, 0, 0, 7, 7
    )
    trace = opened(one, tmp_path, format="champsim-cloudsuite")
    assert accesses_of(trace) == [(5, False), (1, True), (2, True), (3, True), (4, True)]
    with pytest.raises(TraceError, match="no known trace format"):
        opened(one * 10, tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("truncated.oracleGeneral.zst", "record 3,000 at byte 71,976: ends after 17 bytes; "),
        ("wrong-version.lcs.zst", "byte 8: lcs version 9; known are 1 to 8"),
        ("wrong-flag.champsimtrace.xz", "record 100 at byte 6,336: it has 70 .*; expected 0 or 1"),
    ],
)
def test_a_damaged_sample_is_named_with_place_value_and_expectation(
    name: str, message: str
) -> None:
    with pytest.raises(TraceError, match=f"{name}: {message}"):
        Trace.open(SAMPLES / name)


@pytest.mark.parametrize("name", ["truncated.oracleGeneral.zst", "wrong-flag.champsimtrace.xz"])
def test_a_wrong_record_may_be_passed_over(name: str) -> None:
    trace = Trace.open(SAMPLES / name, InputOptions(skip_bad=1))
    assert trace.meta["bad_lines"] == 1
    whole = Trace.open(SAMPLES / {"t": ORACLE, "w": CHAMPSIM}[name[0]])
    assert 0 < trace.meta["raw_accesses"] <= whole.meta["raw_accesses"]


def test_drawn_writes_are_those_of_the_seed_and_about_as_many_as_asked_for() -> None:
    def writes(**options: object) -> tuple[int, list[tuple[int, bool]]]:
        trace = Trace.open(SAMPLES / ORACLE, InputOptions(**options))  # type: ignore[arg-type]
        return trace.writes, accesses_of(trace)

    count, accesses = writes(write_percent=25, seed=3)
    assert abs(count - 0.25 * 2940) < 150
    assert (count, accesses) == writes(write_percent=25, seed=3)
    assert accesses != writes(write_percent=25, seed=4)[1]
    assert writes(write_percent=100)[0] == 2940
    assert writes(write_percent=0)[0] == writes()[0] == 0
    said = Trace.open(SAMPLES / ORACLE, InputOptions(write_percent=25, seed=3)).meta
    assert "25 % of them, drawn with seed 3, are writes" in said["accesses_from"]


def test_lcs_requests_without_an_operation_are_drawn(tmp_path: Path) -> None:
    data = bytearray(sample(LCS[2]))
    for at in range(8192 + 16, len(data), 28):
        data[at] = 0 if at % 56 else 255
    trace = opened(bytes(data), tmp_path, write_percent=50)
    assert 1300 < trace.writes < 1700
    assert "of 3,000 without an operation, 50 % of them, drawn" in trace.meta["accesses_from"]


def changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize(
    ("at", "new", "message"),
    [
        (8184, b"\0", r"byte 8184 is 00 de .*; expected f0 de "),
        (24, b"\xff" * 8, r"byte 24: -1 requests; expected 0 or more"),
        (24, b"\xff" * 7, r"truncated: has 3,000 requests, but its header says 72,057,594,037,92"),
        (8192 + 28 + 16, b"\x0f", r"record 2 at byte 8,220: it has .*; expected an operation of 0"),
        (8, b"\0", r"byte 8: lcs version 0; known are 1 to 8"),
    ],
)
def test_a_wrong_lcs_header_or_operation_is_named(
    at: int, new: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(TraceError, match=message):
        opened(changed(sample(LCS[2]), at, new), tmp_path)


def test_the_early_lcs_layout_and_a_cut_header_are_refused_by_name(tmp_path: Path) -> None:
    magic = sample(LCS[1])[:8]
    early = magic + b"<IQIq".ljust(1008, b"\0") + magic
    with pytest.raises(TraceError, match="the early layout with a header of 1024 bytes"):
        opened(early + bytes(24 * 400), tmp_path)
    with pytest.raises(TraceError, match="truncated: its header has 4000 bytes of 8192"):
        opened(sample(LCS[1])[:4000], tmp_path)
    with pytest.raises(TraceError, match=r"byte 0 is .*; expected f0 de bc 9a 78 56 34 12"):
        opened(bytes(9000), tmp_path, format="lcs")


@pytest.mark.parametrize("name", ["oracleGeneral", "lcs", "champsim", "damon"])
def test_what_is_no_binary_trace_is_not_taken_for_one(name: str) -> None:
    random = np.random.RandomState(5)
    for data in (
        b"",
        bytes(4096),
        random.bytes(4096),
        b"read 12 4096\n" * 300,
        b'{"target": 1, "snapshot": [{"regions": []}]}',
        np.arange(1024, dtype="<u4").tobytes(),
        np.arange(512, dtype="<u8").tobytes(),
        np.arange(512, dtype="<f8").tobytes(),
        random.randint(0, 1 << 20, 1024).astype("<u4").tobytes(),
        b"\x7fELF\2\1\1" + bytes(4089),
    ):
        assert not FORMATS.get(name).recognises(Path("x"), data)


def test_no_record_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no access in it, read as lcs"):
        opened(changed(sample(LCS[1])[:8192], 24, bytes(8)), tmp_path)


@pytest.mark.parametrize("name", [ORACLE, *LCS.values()])
def test_libcachesim_reads_the_same_requests(name: str, tmp_path: Path) -> None:
    lcs = pytest.importorskip("libcachesim", reason="libcachesim reads these files too: .[bench]")
    path = tmp_path / "sample"
    path.write_bytes(sample(name))
    kind = lcs.TraceType.ORACLE_GENERAL_TRACE if name == ORACLE else lcs.TraceType.LCS_TRACE
    reader = lcs.TraceReader(str(path), kind, lcs.ReaderInitParam())
    theirs = [
        (request.obj_id, request.op in (lcs.ReqOp.OP_SET, lcs.ReqOp.OP_WRITE))
        for request in reader
        if request.op != lcs.ReqOp.OP_DELETE
    ]
    assert accesses_of(Trace.open(path)) == theirs


def test_requests_that_know_no_next_one_are_recognised(tmp_path: Path) -> None:
    for following in (-1, -2, (1 << 63) - 1, 0):
        data = b"".join(struct.pack("<IQIq", at, at % 7, 512, following) for at in range(300))
        assert opened(data, tmp_path).footprint_pages == 7
    wrong = b"".join(struct.pack("<IQIq", at, at % 7, 512, at + 3) for at in range(300))
    with pytest.raises(TraceError, match="no known trace format"):
        opened(wrong, tmp_path)
    assert opened(wrong, tmp_path, format="oracleGeneral").accesses == 300
