# SPDX-License-Identifier: GPL-2.0-only
"""Made-up traces: reproducible, with the statistics that were asked for."""

import hashlib
import zlib
from typing import Any

import numpy as np
import pytest

from zswapsim.errors import InvalidArgument
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.trace.trace import WRITE
from zswapsim.units import PAGE_SIZE


def accesses_of(**changes: Any) -> Any:
    arguments: dict[str, Any] = {"accesses": 20_000, "pages": 100, "seed": 1}
    return np.concatenate(list(zipf(**(arguments | changes)).blocks()))


def test_same_seed_same_trace_other_seed_other_trace() -> None:
    assert (accesses_of() == accesses_of()).all()
    assert (accesses_of() != accesses_of(seed=2)).any()


def test_numbers_stay_the_same_in_all_versions() -> None:
    data = accesses_of().astype("<u4").tobytes() + random_contents(50, 1).tobytes()
    assert hashlib.sha256(data).hexdigest()[:16] == "3b57e827b5deb7c3"


def test_popularity_follows_the_rank() -> None:
    counts = np.sort(np.bincount(accesses_of() & ~np.uint32(WRITE), minlength=100))[::-1]
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.3)
    assert np.ptp(np.bincount(accesses_of(alpha=0) & ~np.uint32(WRITE))) < 120


@pytest.mark.parametrize("percent", [0, 30, 100])
def test_write_percent(percent: int) -> None:
    assert zipf(20_000, 10, write_percent=percent).info()["write_percent"] == pytest.approx(
        percent, abs=1.5
    )


def test_every_write_goes_on_to_the_next_content() -> None:
    trace = zipf(300, 5, seed=4, contents=random_contents(8, zero=0, same_filled=0, text=50))
    holds = {page: page % 8 for page in range(5)}
    changes = {}
    for number, access in enumerate(np.concatenate(list(trace.blocks())).tolist()):
        if access & WRITE:
            page = access & ~WRITE
            holds[page] = (holds[page] + 1) % 8
            changes[number + 1, page] = holds[page]
    at, page, content = (column.tolist() for column in trace.versions)
    assert list(zip(at[:5], page[:5], content[:5], strict=True)) == [(0, n, n) for n in range(5)]
    found = dict(zip(zip(at[5:], page[5:], strict=True), content[5:], strict=True))
    assert found == changes


def test_contents_are_of_the_kinds_asked_for() -> None:
    pages = random_contents(200, 3, zero=10, same_filled=10, text=30, pointers=30, random=20)
    packed = [len(zlib.compress(page.tobytes(), 1)) for page in pages]
    assert sum(not page.any() for page in pages) == 20
    words = [{page.tobytes()[at : at + 8] for at in range(0, PAGE_SIZE, 8)} for page in pages]
    assert sum(len(distinct) == 1 for distinct in words) == 40
    assert sum(length > PAGE_SIZE - 64 for length in packed) == 40
    assert len({length for length in packed if 100 < length < 4000}) > 60


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zipf(-1, 5), "accesses is -1"),
        (lambda: zipf(1, 0), "pages is 0"),
        (lambda: zipf(1, 1, write_percent=101), "write_percent is 101"),
        (lambda: zipf(1, 1, alpha=-1), "alpha is -1"),
        (lambda: zipf(1, 1, seed=-1), "seed is -1"),
        (lambda: random_contents(3, text=50), "text 50.* a sum of 100"),
    ],
)
def test_wrong_argument(call: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        call()
