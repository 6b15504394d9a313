# SPDX-License-Identifier: GPL-2.0-only
"""The own trace file: what comes back, and what is said of files that are not right."""

import json
import lzma
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from zswapsim.errors import InvalidArgument, TraceError
from zswapsim.trace import contents as contents_module
from zswapsim.trace import writer
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.trace.trace import Trace


def read_all(trace: Trace) -> tuple[object, ...]:
    accesses = np.concatenate([np.empty(0, np.uint32), *trace.blocks(64)])
    return (
        accesses.tolist(),
        [column.tolist() for column in trace.versions],
        trace.contents_bytes[:],
        trace.info(),
    )


@pytest.fixture
def trace() -> Trace:
    return zipf(500, 20, seed=3, contents=random_contents(30, 7))


@pytest.fixture
def saved(trace: Trace, tmp_path: Path) -> Path:
    path = tmp_path / "small.ztrace"
    trace.save(path)
    return path


def rewrite(path: Path, **members: Callable[[bytes], bytes]) -> None:
    """Replace members by name without suffix, with correct CRCs."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            change = members.get(name.partition(".")[0])
            archive.writestr(name, change(data) if change else data)


def with_meta(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    def changed(data: bytes) -> bytes:
        document = json.loads(data)
        change(document)
        return json.dumps(document).encode()

    rewrite(path, meta=changed)


def test_round_trip(trace: Trace, saved: Path) -> None:
    assert read_all(Trace.open(saved)) == read_all(trace)
    assert Trace.open(str(saved)).meta == trace.meta


@pytest.mark.parametrize("accesses", [0, 1])
def test_round_trip_of_the_smallest_traces(accesses: int, tmp_path: Path) -> None:
    trace = Trace.from_arrays([7] * accesses, [True] * accesses)
    trace.save(tmp_path / "tiny.ztrace")
    opened = Trace.open(tmp_path / "tiny.ztrace")
    assert read_all(opened)[:3] == read_all(trace)[:3]
    assert opened.name == "tiny"


def test_saving_twice_gives_identical_bytes(trace: Trace, saved: Path, tmp_path: Path) -> None:
    Trace.open(saved).save(tmp_path / "again.ztrace")
    assert (tmp_path / "again.ztrace").read_bytes() == saved.read_bytes()


def test_save_over_itself(saved: Path) -> None:
    expected = read_all(Trace.open(saved).cut(100))
    Trace.open(saved).cut(100).save(saved)
    assert read_all(Trace.open(saved)) == expected


def test_it_is_a_zip_that_other_programs_test_as_good(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["meta.json", "accesses.zst", "versions.zst", "contents.zst"]


def test_failed_save_leaves_no_file_and_keeps_the_old_one(trace: Trace, tmp_path: Path) -> None:
    class Breaks:
        versions = trace._source.versions
        page_numbers = trace._source.page_numbers
        contents = trace._source.contents

        def blocks(self, block_accesses: int) -> Any:
            yield next(trace.blocks(10))
            raise TraceError("broken")

    target = tmp_path / "out.ztrace"
    target.write_bytes(b"old")
    with pytest.raises(TraceError, match="broken"):
        Trace(trace.counts, trace.meta, Breaks()).save(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out.ztrace"]
    assert target.read_bytes() == b"old"


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Trace.open(tmp_path / "none.ztrace")


def test_file_changed_after_opening_is_noticed(saved: Path) -> None:
    trace = Trace.open(saved)
    zipf(10, 2).save(saved)
    with pytest.raises(TraceError, match="has changed since it was opened"):
        list(trace.blocks())


@pytest.mark.parametrize("data", [b"", b"\x7fEL" + bytes(100), b"{}", b"seq,ip,op\n1,2,R\n"])
def test_foreign_file_names_the_formats_there_are(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(data)
    expected = "known are ztrace, recording" if data else "the file is empty"
    with pytest.raises(TraceError, match=expected):
        Trace.open(path)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("name", ["a"], "name is a list; allowed is text"),
        ("contents_from", {"a": 1}, "contents_from is a dict; allowed is text"),
        ("accesses_from", 5, "accesses_from is 5; allowed is text"),
        ("program", None, "program is None; allowed is text"),
        ("recorder_resident_pages", "many", "recorder_resident_pages is 'many'; allowed are int"),
        ("reduction_k", "8" * 99, f"reduction_k is '{'8' * 39}; allowed are integers"),
        ("raw_accesses", 1 << 63, "raw_accesses is 9223372036854775808; allowed are integers 0.."),
        ("bad_lines", 1.5, "bad_lines is 1.5; allowed are integers"),
        ("bad_lines", True, "bad_lines is True; allowed are integers"),
        ("present_pages", "many", "present_pages is 'many'; allowed are integers"),
        ("padded_bytes", [1], "padded_bytes is a list; allowed are integers"),
        ("cut_start", -1, "cut_start is -1; allowed are integers"),
        ("else", [[[[[]]]] * 3] * 20, ""),
    ],
)
def test_meta_that_is_read_again_has_to_be_of_its_kind(
    saved: Path, key: str, value: object, shown: str
) -> None:
    with_meta(saved, lambda document: document["meta"].update({key: value}))
    if not shown:
        assert Trace.open(saved).meta[key] == value
        return
    with pytest.raises(TraceError, match=r"small\.ztrace: meta\.json: ") as caught:
        Trace.open(saved)
    assert f"meta.json: {shown}" in str(caught.value)
    with pytest.raises(InvalidArgument, match=f"meta: {key} is "):
        Trace.from_arrays([], [], meta={key: value})


UNWRITABLE = ["NaN", "-Infinity", "1e999", "[" * 51 + "]" * 51, "[" * 5000 + "]" * 5000]


@pytest.mark.parametrize("text", [*UNWRITABLE, '{"a":' * 300 + "1" + "}" * 300])
def test_meta_that_could_not_be_written_again_is_refused(saved: Path, text: str) -> None:
    rewrite(
        saved, meta=lambda data: data.replace(b'"meta": {', b'"meta": {"x": [%s],' % text.encode())
    )
    with pytest.raises(TraceError, match=r"small\.ztrace: meta\.json: (no JSON|it is nested)"):
        Trace.open(saved)


@pytest.mark.parametrize("field", ["version", "contents_digest", "accesses", "x" * 9999])
def test_a_message_is_short_whatever_meta_holds(saved: Path, field: str) -> None:
    def change(document: dict[str, Any]) -> None:
        document["version" if field == "version" else "x"] = "9" * 9999
        document["counts"][field] = "9" * 9999

    with_meta(saved, change)
    with pytest.raises(TraceError) as caught:
        Trace.open(saved)
    assert len(str(caught.value)) < 600 + len(str(saved))


def test_foreign_zip_with_a_meta_member(saved: Path) -> None:
    rewrite(saved, meta=lambda _: b'{"format": "other"}')
    with pytest.raises(TraceError, match=r"small\.ztrace: meta\.json: does not say"):
        Trace.open(saved)


def test_newer_version_says_which_versions_are_read(saved: Path) -> None:
    with_meta(saved, lambda document: document.update(version=3, counts=None))
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("more.zst", b"")
    with pytest.raises(TraceError, match="version 3; this program reads versions 1 to 2: a newer"):
        Trace.open(saved)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("accesses", -1, "accesses is -1; allowed are integers"),
        ("pages", 1 << 40, "pages is 1099511627776"),
        ("writes", 10**6, "writes is 1000000; allowed are integers 0..500"),
        ("versions", "7", "versions is '7'"),
        ("contents", True, "contents is True"),
        ("contents_digest", None, "contents_digest is None; expected a SHA-256"),
    ],
)
def test_impossible_count(field: str, value: object, message: str, saved: Path) -> None:
    with_meta(saved, lambda document: document["counts"].update({field: value}))
    with pytest.raises(TraceError, match=message):
        Trace.open(saved)


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("accesses", 1, r"accesses\.zst: ends after byte 2,000 of 2,004"),
        ("accesses", -1, r"accesses\.zst: unpacks to more than the 1,996 bytes declared"),
        ("pages", -1, r"accesses\.zst: access\[\d+\] is 19; allowed are 0\.\.18"),
        ("writes", 1, r"accesses\.zst: meta\.json says that writes is"),
        ("footprint_pages", -1, r"meta\.json says that footprint_pages is"),
        ("versions", 1, r"versions\.zst: ends after byte"),
        ("versions", -1, r"versions\.zst: unpacks to more"),
        ("freed", 1, r"versions\.zst: meta\.json says that freed is 1, but it is 0"),
        ("contents", 1, r"contents\.zst: ends after byte"),
        ("contents", -1, r"contents\.zst: unpacks to more|version_content"),
    ],
)
def test_count_that_is_not_true(field: str, change: int, message: str, saved: Path) -> None:
    def wrong(document: dict[str, Any]) -> None:
        document["counts"][field] += change
        if field == "pages":
            document["counts"]["footprint_pages"] -= 1

    with_meta(saved, wrong)
    with pytest.raises(TraceError, match=message):
        read_all(Trace.open(saved))


def test_contents_must_have_the_digest_declared(saved: Path) -> None:
    with_meta(saved, lambda document: document["counts"].update(contents_digest="0" * 64))
    with pytest.raises(TraceError, match=r"contents\.zst: meta\.json says that contents_digest"):
        _ = Trace.open(saved).contents_bytes


@pytest.mark.parametrize("member", ["accesses", "versions", "contents"])
def test_bomb_is_an_error_before_it_fills_memory(member: str, saved: Path) -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 28))
    rewrite(saved, **{member: lambda _: bomb})
    tracemalloc.start()
    with pytest.raises(TraceError, match=rf"{member}\.zst: (unpacks to more|.*says that)"):
        read_all(Trace.open(saved))
    assert tracemalloc.get_traced_memory()[1] < 1 << 26
    tracemalloc.stop()


def test_member_that_is_no_zstd(saved: Path) -> None:
    rewrite(saved, versions=lambda _: b"nonsense")
    with pytest.raises(TraceError, match=r"small\.ztrace: versions\.zst: damaged, near unpacked"):
        _ = Trace.open(saved).versions


def test_unsorted_versions_are_named(saved: Path) -> None:
    def swap(data: bytes) -> bytes:
        raw = bytearray(zstandard.decompress(data))
        raw[:8] = (9).to_bytes(8, "little")
        return zstandard.compress(bytes(raw))

    rewrite(saved, versions=swap)
    with pytest.raises(TraceError, match=r"version_at\[1\] is 0, less than 9 before it"):
        _ = Trace.open(saved).versions


def test_huge_directory_is_not_read(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as archive:
        for number in range(20):
            archive.writestr(zipfile.ZipInfo(f"{number:060000}"), b"")
    with pytest.raises(TraceError, match="directory is larger than"):
        Trace.open(saved)


def test_large_contents_of_a_file_are_mapped(
    trace: Trace, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents_module, "IN_MEMORY_BYTES", 10_000)
    contents = Trace.open(saved).contents_bytes
    assert not isinstance(contents, bytes)
    assert contents[:] == trace.contents_bytes
    contents.close()


def test_page_numbers_are_kept_in_a_fifth_member(tmp_path: Path) -> None:
    trace = Trace.from_arrays([0, 2], [True, False], page_numbers=[5, 1 << 63, 7, 9])
    trace.save(tmp_path / "numbered.ztrace")
    opened = Trace.open(tmp_path / "numbered.ztrace")
    assert opened.page_numbers is not None
    assert opened.page_numbers.tolist() == [5, 1 << 63, 7, 9]
    assert opened.pages == 4
    cut = opened.cut(1)
    assert cut.page_numbers is not None
    assert cut.page_numbers.tolist() == [5]


def test_trace_without_page_numbers_is_written_as_the_first_version(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert json.loads(archive.read("meta.json"))["version"] == 1
    assert Trace.open(saved).page_numbers is None


def test_member_to_keep_may_not_unpack_to_thousands_of_times_its_size(saved: Path) -> None:
    with_meta(saved, lambda document: document["counts"].update(contents=1 << 31))
    with pytest.raises(TraceError, match=r"bytes unpack to 8,796,093,022,208; allowed is up to"):
        _ = Trace.open(saved).contents_bytes


def test_what_is_large_is_packed_fast(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizes(name: str, level: int | None = None) -> list[int]:
        trace.save(tmp_path / name, level=level)
        assert read_all(Trace.open(tmp_path / name))[:3] == read_all(trace)[:3]
        with zipfile.ZipFile(tmp_path / name) as archive:
            return [archive.getinfo(f"{member}.zst").file_size for member in members]

    members = ("accesses", "contents")
    best = sizes("best.ztrace")
    assert sizes("level.ztrace", 19) == best
    monkeypatch.setattr(writer, "FAST", (4 * trace.accesses - 1, 1))
    accesses, contents = sizes("fast.ztrace")
    assert accesses > best[0]
    assert contents == best[1]
    monkeypatch.setattr(writer, "FAST_CONTENTS", (len(trace.contents_bytes) - 1, 3))
    assert sizes("faster.ztrace")[1] > best[1]


@pytest.mark.parametrize("level", [0, 20, -1])
def test_a_level_that_cannot_be_is_refused(trace: Trace, tmp_path: Path, level: int) -> None:
    with pytest.raises(InvalidArgument, match=rf"level is {level}; allowed are 1\.\.19"):
        trace.save(tmp_path / "no.ztrace", level=level)
    assert not list(tmp_path.iterdir())


def test_more_pages_than_a_file_can_tell_of_are_neither_read_nor_written(
    saved: Path, tmp_path: Path
) -> None:
    """What is known of a page takes memory: 800 bytes must not ask for 16 GiB."""
    with_meta(saved, lambda document: document["counts"].update(pages=1 << 31))
    with pytest.raises(
        TraceError, match=r"meta\.json: 2,147,483,648 pages in [\d,]+ bytes; allowed"
    ):
        Trace.open(saved)
    with_meta(saved, lambda document: document["counts"].update(pages=4 << 20))
    assert Trace.open(saved).pages == 4 << 20
    wide = Trace.from_arrays([4 << 20], [True])
    with pytest.raises(InvalidArgument, match=r"4,194,305 pages in \d+ bytes; allowed are up"):
        wide.save(tmp_path / "wide.ztrace")
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


@pytest.mark.parametrize("member", ["meta", "versions", "contents"])
def test_a_packed_file_that_is_damaged_is_named_as_it_was_given(saved: Path, member: str) -> None:
    rewrite(saved, **{member: lambda data: data[:-9] if member != "meta" else b"{"})
    packed = saved.with_name("packed.ztrace.xz")
    packed.write_bytes(lzma.compress(saved.read_bytes()))
    with pytest.raises(TraceError, match=rf"^{packed}: {member}\."):
        read_all(Trace.open(packed))


def test_a_packed_file_without_a_name_is_called_as_it_was_given(tmp_path: Path) -> None:
    Trace.from_arrays([7], [True]).save(tmp_path / "tiny.ztrace")
    packed = tmp_path / "other.ztrace.xz"
    packed.write_bytes(lzma.compress((tmp_path / "tiny.ztrace").read_bytes()))
    assert Trace.open(packed).name == "other"


@pytest.mark.parametrize("member", ["accesses", "versions", "contents"])
@pytest.mark.parametrize("missing_bytes", [1, 2, 3, 4])
def test_a_member_that_ends_within_a_number_is_named(
    saved: Path, member: str, missing_bytes: int
) -> None:
    def shorter(data: bytes) -> bytes:
        return zstandard.compress(zstandard.decompress(data)[:-missing_bytes])

    rewrite(saved, **{member: shorter})
    with pytest.raises(TraceError, match=rf"{member}\.zst: ends after byte "):
        read_all(Trace.open(saved))


def test_a_message_is_short_whatever_the_members_are_called(saved: Path) -> None:
    data = saved.read_bytes()
    name = b"meta.json" + b"\xe9" * 30_000
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr(name.decode("latin-1"), "{}")
    whole = saved.read_bytes()
    for wrong in (whole, whole.replace(b"meta.json", b"meta.jsox", 1), data[:-30] + whole[-200:]):
        saved.write_bytes(wrong)
        with pytest.raises(TraceError) as caught:
            Trace.open(saved)
        assert len(str(caught.value)) < 900 + len(str(saved))
