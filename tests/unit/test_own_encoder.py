# SPDX-License-Identifier: GPL-2.0-only
"""Encoders of our own: when they are compiled, and that nobody sees it from the bytes."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from encoder_driver import pad_zeros, strip_zeros

from zswapsim.content.compressors import Buffer, Option, own_encoder
from zswapsim.content.compressors.own_encoder import OwnEncoder
from zswapsim.content.page_store import PageStore
from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument

PAGE = b"page" * 700 + bytes(4096 - 2800)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(own_encoder, "WARM_PAGES", 3)
    monkeypatch.setattr(own_encoder, "COLD_PAGES", 6)
    return tmp_path / "cache"


def toy(engine: str = "auto") -> OwnEncoder:
    return OwnEncoder(strip_zeros, 8, 4096, engine)


def warm() -> None:
    engines.cache_folder().mkdir(parents=True, exist_ok=True)
    engines.mark_warm("strip_zeros.warm")


def engines_of(encoder: OwnEncoder, pages: int) -> str:
    """The engine after each of so many pages, i or c."""
    said = ""
    for _ in range(pages):
        assert encoder.compress(PAGE, 4096) == PAGE[:2800]
        said += encoder.engine[0]
    return said


class Toy:
    """The toy encoder as a compressor."""

    name: ClassVar[str] = "toy"
    summary: ClassVar[str] = "for tests"
    options: ClassVar[Mapping[str, Option]] = {}

    def __init__(self, **settings: int) -> None:
        self.settings = settings
        self.version = "1"
        self.key = "toy-1"
        self.encoder = toy()
        self.told: list[int] = []

    def prepare(self, pages: int) -> None:
        self.told.append(pages)
        self.encoder.prepare(pages)

    def compress(self, page: Buffer) -> bytes:
        data = self.encoder.compress(page, 4096)
        assert data is not None
        return data

    def decompress(self, data: Buffer) -> bytes:
        raise NotImplementedError


def test_page_by_page_it_is_compiled_once_that_would_have_been_worth_it() -> None:
    assert engines_of(toy(), 8) == "iiiiiccc"


def test_code_that_is_compiled_already_is_worth_it_earlier() -> None:
    warm()
    assert engines_of(toy(), 5) == "iiccc"


def test_compiling_leaves_the_code_and_a_note_in_the_cache() -> None:
    toy().prepare(6)
    assert (engines.cache_folder() / "strip_zeros.warm").is_file()
    again = toy()
    again.prepare(3)
    assert again.engine == "compiled"


@pytest.mark.parametrize(("pages", "engine"), [(0, "i"), (2, "i"), (5, "i"), (6, "c")])
def test_pages_to_come_count(pages: int, engine: str) -> None:
    encoder = toy()
    encoder.prepare(pages)
    assert encoder.engine[0] == engine


def test_pages_that_came_count_too() -> None:
    encoder = toy()
    engines_of(encoder, 4)
    encoder.prepare(1)
    assert encoder.engine == "interpreted"
    encoder.prepare(2)
    assert encoder.engine == "compiled"


def test_a_run_that_was_not_worth_compiling_for_stays_as_it_is() -> None:
    """A child would have to compile for itself, and others than it could not use that."""
    encoder = toy()
    encoder.prepare(5)
    warm()
    assert engines_of(encoder, 5) == "iiiii"


def test_a_named_engine_is_used_from_the_first_page_to_the_last() -> None:
    assert engines_of(toy("compiled"), 2) == "cc"
    encoder = toy("interpreted")
    encoder.prepare(10**9)
    assert engines_of(encoder, 8) == "iiiiiiii"


def test_an_unknown_engine_is_one_clear_error() -> None:
    with pytest.raises(InvalidArgument, match="'jit': allowed are"):
        toy("jit")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer(
    engine: str, kind: type[bytes] | type[bytearray] | type[memoryview]
) -> None:
    assert toy(engine).compress(kind(PAGE), 4096) == PAGE[:2800]
    words = memoryview(PAGE).cast("I", [32, 32])
    assert toy(engine).compress(words, 4096) == PAGE[:2800]


def test_a_page_has_4096_bytes(engine: str) -> None:
    with pytest.raises(InvalidArgument, match="not 4095"):
        toy(engine).compress(PAGE[1:], 4096)


def test_an_encoder_that_fails_gives_none_and_goes_on(engine: str) -> None:
    encoder = toy(engine)
    assert encoder.compress(PAGE, 2799) is None
    assert encoder.compress(PAGE, 2800) == PAGE[:2800]
    assert encoder.compress(bytes(4096), 0) == b""


def test_a_decoder_brings_the_page_back(engine: str) -> None:
    encoder = OwnEncoder(strip_zeros, 8, 4096, engine, pad_zeros)
    for page in (PAGE, bytes(4096), b"x" * 4096):
        data = encoder.compress(page, 4096)
        assert data is not None
        assert encoder.decompress(memoryview(data)) == page
    assert encoder.engine == engine


def test_a_decoder_that_fails_gives_none_and_goes_on(engine: str) -> None:
    encoder = OwnEncoder(strip_zeros, 8, 4096, engine, pad_zeros)
    assert encoder.decompress(b"page\0") is None
    assert encoder.decompress(bytes(4096) + b"p") is None, "more than any page's result"
    assert encoder.decompress(PAGE[:2800]) == PAGE


def test_pages_that_come_back_count_as_well() -> None:
    encoder = OwnEncoder(strip_zeros, 8, 4096, decode=pad_zeros)
    engines_of(encoder, 3)
    for _ in range(3):
        assert encoder.decompress(PAGE[:2800]) == PAGE
    assert encoder.engine == "compiled"
    assert encoder.decompress(PAGE[:2800]) == PAGE


def test_a_store_says_how_many_pages_come_before_it_starts_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forked_with: list[str] = []
    made, fork = Toy(), os.fork

    def noted() -> int:
        forked_with.append(made.encoder.engine)
        return fork()

    monkeypatch.setattr(os, "fork", noted)
    store = PageStore(PAGE * 300, 300, processes=2)
    assert store.lengths(made).tolist() == [2800] * 300
    assert made.told == [300]
    assert forked_with == ["compiled"]
    assert store.prepare_ns > 0


def test_few_pages_import_neither_numpy_nor_numba() -> None:
    code = (
        "import sys; from encoder_driver import strip_zeros\n"
        "from zswapsim.content.compressors.own_encoder import OwnEncoder\n"
        "encoder = OwnEncoder(strip_zeros, 8, 4096); encoder.prepare(20)\n"
        "print(encoder.compress(bytes(4096), 99), sorted({'numpy', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "b'' []"
