# SPDX-License-Identifier: GPL-2.0-only
"""Recordings of a real kernel from contents alone: pages are compressed anew, sizes compared."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from recorded_sizes import GOLDENS, unpacked

from zswapsim.cli import main
from zswapsim.content import size_table
from zswapsim.content.compressors import zstd
from zswapsim.experiment import recording_script
from zswapsim.experiment.kernel_recording import open_recording
from zswapsim.experiment.verify import verify
from zswapsim.profiles import UNKNOWN_SIZE

PAGES = GOLDENS / "pages"
EXACT = [
    path
    for name in ("lz4", "lzo-rle")
    for pattern in (f"[abck]*_{name}", f"[abck]*_{name}_*")
    for path in sorted(GOLDENS.glob(f"{pattern}.json.zst"))
    if "zram" not in path.name
]
WITHOUT_EVENTS = sorted(GOLDENS.glob("d_mem*.json.zst"))
ZSTD = [
    path
    for pattern in ("*_zstd", "*_zstd_*", "f_knobs")
    for path in sorted(GOLDENS.glob(f"{pattern}.json.zst"))
]
"""f_knobs uses lz4 and zstd."""
SMALL = "a_zbud_lz4_nosame"
Recording = dict[str, Any]
Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.skipif(
    not EXACT, reason="no recordings of kernels in ../shared/goldens beside the repository"
)


@pytest.fixture(autouse=True, scope="module")
def sizes_of_this_source(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Lengths that are kept on disk could be those of an older encoder."""
    folder = tmp_path_factory.mktemp("sizes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size_table, "folder", lambda: folder)
        yield


def name_of(path: Path) -> str:
    return path.name.partition(".")[0]


def check_equal(path: Path, engine: str) -> None:
    verdict = verify(path, engine=engine, own_sizes=True)
    assert verdict.difference is None
    assert verdict.engine == engine


@pytest.mark.parametrize("path", [*EXACT, *WITHOUT_EVENTS], ids=name_of)
def test_from_contents_alone_the_machine_is_equal_to_the_kernel_at_every_step(path: Path) -> None:
    check_equal(path, "compiled")


def test_from_contents_alone_the_interpreted_machine_is_equal_too() -> None:
    check_equal(GOLDENS / f"{SMALL}.json.zst", "interpreted")


@pytest.mark.parametrize("path", ZSTD, ids=name_of)
def test_zstd_is_equal_with_the_kernels_library_and_else_said_to_be_near_only(path: Path) -> None:
    kernel = open_recording(path).kernel
    # The kind of machine of f_knobs, with its four pools, would be compiled for this alone.
    engine = "interpreted" if path.name.startswith("f_knobs") else "compiled"
    verdict = verify(path, engine=engine, own_sizes=True)
    if zstd.LIBRARY in zstd.EXACT_LIBRARIES[kernel]:
        assert verdict.difference is None
        return
    assert verdict.difference is not None
    assert verdict.difference.startswith("step ")
    assert "expected store " in verdict.difference
    assert f"(zstd's sizes are near only with zstandard {zstandard.__version__}, " in str(verdict)
    assert verdict.difference.endswith(")")
    assert "\n" not in str(verdict)


def cut(steps: int) -> Recording:
    """The beginning of a recording."""
    raw = json.loads(unpacked(GOLDENS / f"{SMALL}.json.zst"))
    return {**raw, "steps": copy.deepcopy(raw["steps"][:steps])}


def difference_of(raw: Recording, folder: Path, *, own_sizes: bool = True) -> str | None:
    path = folder / "copy.json.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(json.dumps(raw).encode()))
    return verify(path, PAGES, "interpreted", own_sizes=own_sizes).difference


def stores(raw: Recording, outcome: int, *, more: int = 0) -> list[int]:
    """Numbers of the steps that end in a store of that outcome and at least so many bytes."""
    return [
        number
        for number, step in enumerate(raw["steps"])
        if step[3] and step[3][0][0] == "S" and step[3][0][2] == outcome and step[3][0][3] >= more
    ]


def test_a_size_that_differs_is_found_only_with_own_sizes(tmp_path: Path) -> None:
    raw = cut(900)
    # A byte less in the same chunk, so that the object is where it was.
    number = next(n for n in stores(raw, 0, more=100) if raw["steps"][n][3][0][3] % 64 > 1)
    event = raw["steps"][number][3][0]
    event[3] -= 1
    slot, size = event[1], event[3]
    assert difference_of(raw, tmp_path, own_sizes=False) is None
    difference = difference_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith(
        f"step {number} ({raw['steps'][number][0]}): expected store {slot} 0 {size} "
    )
    assert f", got store {slot} 0 {size + 1}" in difference


def test_a_size_that_the_allocator_refused_is_compared(tmp_path: Path) -> None:
    raw = cut(1900)
    number = stores(raw, -28)[0]
    raw["steps"][number][3][0][3] += 1
    difference = difference_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith(f"step {number} (")
    assert "expected store " in difference


@pytest.mark.parametrize("outcome", [0, -28])
def test_a_page_that_failed_in_our_compressor_but_not_in_the_kernels_is_found(
    tmp_path: Path, outcome: int
) -> None:
    """The page that the kernel's compressor refused is said to have been stored, or refused later.

    With own sizes alone, as the recorded length would be believed.
    """
    raw = cut(1900)
    number = stores(raw, -22)[0]
    event = raw["steps"][number][3][0]
    slot = event[1]
    event[2:] = [outcome, 4096 + 8] if outcome else [0, 100, [999, "F", 64]]
    difference = difference_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith(f"step {number} (")
    assert f"expected store {slot} {outcome} " in difference
    assert f"got store {slot} -22 0" in difference


def test_a_page_that_failed_in_the_kernels_compressor_but_not_in_ours_is_found(
    tmp_path: Path,
) -> None:
    raw = cut(900)
    number = stores(raw, 0, more=100)[5]
    event = raw["steps"][number][3][0]
    slot = event[1]
    event[2:] = [-22, 0]
    difference = difference_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith(f"step {number} (")
    assert f"expected store {slot} -22 0, got store {slot} 0 " in difference


def test_each_compressor_compresses_the_page_set_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting(recording_script.PageStore):
        def lengths(self, compressor: Any, progress: Any = None) -> Any:
            asked.append(compressor.key)
            return super().lengths(compressor, progress)

    monkeypatch.setattr(recording_script, "PageStore", Counting)
    path = GOLDENS / f"{SMALL}.json.zst"
    assert verify(path, own_sizes=False).difference is None
    assert asked == []
    assert verify(path, own_sizes=True).difference is None
    assert len(asked) == 1
    assert asked[0].startswith("lz4-kernel-")


# The command


def test_the_command_compares_own_sizes(capsys: Capture) -> None:
    path = GOLDENS / f"{SMALL}.json.zst"
    assert main(["verify", "--own-sizes", str(path)]) == 0
    assert capsys.readouterr().out == f"{SMALL}: equal: 2881 steps\n"


def test_the_command_says_in_one_line_that_sizes_are_near_only(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(zstd, "LIBRARY", "1.9.9")
    monkeypatch.setattr(
        zstd, "_PARAMETERS", {UNKNOWN_SIZE: {**zstd._PARAMETERS[UNKNOWN_SIZE], "min_match": 7}}
    )
    path = GOLDENS / "c_sizes_mixed_zstd.json.zst"
    assert main(["verify", "--own-sizes", str(path)]) == 1
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.startswith("c_sizes_mixed_zstd: step ")
    assert "zstd's sizes are near only with" in out
    assert out.endswith("; all equal with zstandard 0.15.2 or 0.16.0)\n")


def test_a_recording_with_a_compressor_that_there_is_not_exits_2_and_names_both(
    tmp_path: Path, capsys: Capture
) -> None:
    raw = cut(60)
    raw["experiment"]["compressor"] = "842"
    path = tmp_path / "other.json.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(json.dumps(raw).encode()))
    assert main(["verify", "--own-sizes", "--pages", str(PAGES), str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path}: no compressor '842'; there are lz4, ")
    assert error.count("\n") == 1
