# SPDX-License-Identifier: GPL-2.0-only
"""check_compressor: pages of many kinds there and back, with all settings."""

from collections.abc import Iterator
from random import Random
from typing import Any

from zswapsim.conformance.damage import damaged, drawn
from zswapsim.conformance.law import Broken, Conformance, Laws, broken, raising_breaks, require
from zswapsim.conformance.pages import sample_pages
from zswapsim.conformance.replays import check_replay
from zswapsim.content.compressors import COMPRESSORS, Compressor
from zswapsim.content.compressors.fit import fit_of
from zswapsim.content.compressors.protocol import prepare
from zswapsim.content.page_store import PageStore
from zswapsim.errors import DataMismatch, InvalidArgument
from zswapsim.units import PAGE_SIZE

KIND = "compressor"
LAWS: Laws = {
    "complete": "it has name, summary, options, settings, version and key",
    "settings": "every option takes its default, lowest and highest value, and no other setting",
    "keys": "the key is one word, and another one for other settings",
    "bytes": "compress takes bytes, bytearray and memoryview, changes none, and returns bytes",
    "round trip": "every page comes back",
    "deterministic": "a page compresses to the same bytes always, in a new object too",
    "length": "compress returns at least a byte, and at most two pages",
    "page size": "what is no page of 4096 bytes is an InvalidArgument",
    "damage": "damaged data are a DataMismatch or a page of 4096 bytes",
    "store": "a page store finds the same lengths, or the error that `fit` tells",
    "machine": "in a whole replay every page comes back as it was stored",
}
DAMAGES = 60


def check_compressor(
    compressor: type[Compressor] | str, *, seed: int = 1, machine: bool = True
) -> Conformance:
    """Try the laws of a compressor, or of the one of that name. LawBroken: one does not hold.

    seed: of pages and damage; machine: whether to make a whole replay too.
    """
    part = COMPRESSORS.get(compressor) if isinstance(compressor, str) else compressor
    name = str(getattr(part, "name", part))
    try:
        _check_complete(part)
        keys: dict[str, dict[str, int]] = {}
        for settings in _settings_of(part):
            with raising_breaks("settings", f"{name} with {settings}"):
                made = part(**settings)
            _check_key(made, keys)
            _check_pages(part, settings, seed)
        _check_wrong_settings(part)
        _check_damage(part(), seed)
        _check_store(part(), seed)
        if machine:
            with COMPRESSORS.shadowed(name, part):
                check_replay("machine", compressor=name)
    except Broken as fault:
        broken(KIND, name, LAWS, fault)
    laws = [text for law, text in LAWS.items() if machine or law != "machine"]
    return Conformance(KIND, name, tuple(laws))


def _check_complete(part: type[Compressor]) -> None:
    with raising_breaks("complete", "the class called without settings"):
        made = part()
    for name, kind in (("name", str), ("summary", str), ("version", str), ("key", str)):
        value = getattr(made, name, None)
        require(isinstance(value, kind) and value, "complete", f"its {name} is {value!r}")
    for name in ("options", "settings"):
        require(hasattr(getattr(made, name, None), "items"), "complete", f"it has no {name}")
    require("\n" not in made.summary, "complete", "its summary has more than one line")


def _settings_of(part: type[Compressor]) -> Iterator[dict[str, int]]:
    """Yield the defaults, and for each option its lowest and highest value."""
    yield {}
    for key, option in part.options.items():
        for value in (option.lowest, option.highest):
            yield {key: value}


def _check_key(made: Compressor, keys: dict[str, dict[str, int]]) -> None:
    require(not set(made.key) & set(" \t\n/"), "keys", f"its key is {made.key!r}")
    other = keys.setdefault(made.key, dict(made.settings))
    told = f"{made.key!r} is the key of {made.settings} and of {other}"
    require(other == made.settings, "keys", told)


def _check_wrong_settings(part: type[Compressor]) -> None:
    wrong: list[dict[str, Any]] = [{"no_such_setting": 1}]
    for key, option in part.options.items():
        wrong += [{key: option.lowest - 1}, {key: option.highest + 1}]
    for settings in wrong:
        try:
            part(**settings)
        except InvalidArgument:
            continue
        except Exception as error:
            told = f"{settings} raise {type(error).__name__}, not InvalidArgument"
            raise Broken("settings", told) from error
        raise Broken("settings", f"{settings} are accepted")


def _check_pages(part: type[Compressor], settings: dict[str, int], seed: int) -> None:
    with_them = f", with {settings}" if settings else ""
    made = part(**settings)
    kept = []
    for what, page in sample_pages(seed):
        told = f"a page of {what}{with_them}"
        with raising_breaks("bytes", f"compressing {told}"):
            data = made.compress(page)
            given = bytearray(page)
            others = [made.compress(given), made.compress(memoryview(given))]
        require(type(data) is bytes, "bytes", f"{told} becomes a {type(data).__name__}")
        require(given == page, "bytes", f"{told} is changed")
        require(0 < len(data) <= 2 * PAGE_SIZE, "length", f"{told} becomes {len(data)} bytes")
        require(others == [data, data], "deterministic", f"{told} becomes other bytes next time")
        with raising_breaks("round trip", f"decompressing {told}"):
            back = made.decompress(data)
        require(back == page, "round trip", f"{told} comes back as another one{_first(back, page)}")
        kept.append((told, page, data))
    for told, page, data in reversed(kept):
        require(
            part(**settings).compress(page) == data, "deterministic", f"{told}, in a new object"
        )
        require(made.compress(page) == data, "deterministic", f"{told}, after others")
    for size in (0, 1, PAGE_SIZE - 1, PAGE_SIZE + 1):
        _require_error("page size", InvalidArgument, f"{size} bytes", made, bytes(size))


def _first(back: bytes, page: bytes) -> str:
    if len(back) != len(page):
        return f", of {len(back)} bytes"
    at = next((at for at in range(len(page)) if back[at] != page[at]), 0)
    return f"; byte {at} is the first that differs"


def _require_error(
    law: str, kind: type[Exception], what: str, made: Compressor, data: bytes
) -> None:
    try:
        made.compress(data)
    except kind:
        return
    except Exception as error:
        raise Broken(law, f"{what} raise {type(error).__name__}, not {kind.__name__}") from error
    raise Broken(law, f"{what} are compressed")


def _check_damage(made: Compressor, seed: int) -> None:
    random = Random(seed)
    pages = list(sample_pages(seed, 1))
    for _ in range(DAMAGES):
        what, page = random.choice(pages)
        data = made.compress(page)
        steps = drawn(random, len(data))
        told = f"the data of a page of {what}, damaged by {steps},"
        try:
            back = made.decompress(damaged(data, steps))
        except DataMismatch:
            continue
        except Exception as error:
            raise Broken("damage", f"{told} raise {type(error).__name__}: {error}") from error
        require(len(back) == PAGE_SIZE, "damage", f"{told} become {len(back)} bytes")


def _check_store(made: Compressor, seed: int) -> None:
    pages = list(sample_pages(seed))
    with raising_breaks("store", "prepare"):
        prepare(made, len(pages))
    with raising_breaks("store", "compressing for a page store"):
        store = PageStore(b"".join(page for _, page in pages), len(pages))
        lengths = store.lengths(made).tolist()
    fit = fit_of(made)
    for (what, page), length in zip(pages, lengths, strict=True):
        expected = fit.length(len(made.compress(page)))
        told = f"a page of {what}: {length}, not {expected}"
        require(length == expected, "store", told)
