# SPDX-License-Identifier: GPL-2.0-only
"""The sample of a memory: the windows with the lowest hashes, however they arrive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_files import page, pages

from zswapsim.errors import InvalidArgument
from zswapsim.trace.images.sample import Sample, windows_of
from zswapsim.units import PAGE_SIZE

_BITS = (1 << 64) - 1


def splitmix64(state: int) -> int:
    """As its author, Sebastiano Vigna, gives it: one output for a state."""
    z = (state + 0x9E3779B97F4A7C15) & _BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _BITS
    return z ^ (z >> 31)


def expected(windows: int, most: int, seed: int) -> list[int]:
    """The indexes of the windows that stay, from all hashes at once."""
    base = splitmix64(seed)
    by_hash = sorted(range(windows), key=lambda index: splitmix64(base ^ index))
    return sorted(by_hash[:most])


def fill(sample: Sample, windows: int) -> list[int]:
    """Offer windows of two pages and return the indexes of those kept."""
    for index in range(windows):
        if sample.wants():
            sample.add(np.array([index, index + 1000], np.uint64), page(index) + page(index + 1000))
        else:
            sample.skip()
    found = []
    for numbers, data in sample.kept():
        assert data == page(int(numbers[0])) + page(int(numbers[1]))
        found.append(int(numbers[0]))
    return found


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 2**32 - 1), st.booleans())
def test_the_windows_with_the_lowest_hashes_stay(
    windows: int, most: int, seed: int, told: bool
) -> None:
    sample = Sample(64 * most, seed)
    if told:
        sample.expect(windows)
    assert fill(sample, windows) == expected(windows, most, seed)
    assert sample.windows == windows
    assert sample.kept_windows == min(windows, most)
    assert sample.is_whole == (windows <= most)


def test_what_was_expected_may_be_wrong() -> None:
    for expected_windows in (0, 10, 30, 1000):
        sample = Sample(64 * 5, 1)
        sample.expect(expected_windows)
        kept = fill(sample, 100)
        assert len(kept) <= 5
        if expected_windows <= 100:
            assert kept == expected(100, 5, 1)


def test_every_window_is_drawn_as_often_as_any_other() -> None:
    drawn = np.zeros(40)
    for seed in range(2000):
        drawn[expected(40, 10, seed)] += 1
    assert abs(drawn - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)


def test_a_sample_of_less_than_a_window_has_a_smaller_window() -> None:
    assert Sample(1).window_pages == 1
    assert Sample(63).window_pages == 63
    assert Sample(65).window_pages == 64
    with pytest.raises(InvalidArgument, match="a sample of 0 pages"):
        Sample(0)
    with pytest.raises(InvalidArgument, match="allowed are 1"):
        Sample(1 << 31)


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(1, 8))
def test_windows_are_the_runs_cut_anew(lengths: list[int], window_pages: int) -> None:
    runs = [(100 * at, pages(100 * at, length)) for at, length in enumerate(lengths)]
    flat = [100 * at + page for at, length in enumerate(lengths) for page in range(length)]
    found = list(windows_of(runs, window_pages))
    assert [number for numbers, _ in found for number in numbers.tolist()] == flat
    assert b"".join(data for _, data in found) == b"".join(map(page, flat))
    assert all(len(numbers) == window_pages for numbers, _ in found[:-1])
    assert all(len(numbers) * PAGE_SIZE == len(data) for numbers, data in found)
