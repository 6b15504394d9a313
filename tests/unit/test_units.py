# SPDX-License-Identifier: GPL-2.0-only
"""Sizes as people type and read them."""

import pytest

from zswapsim.errors import InvalidArgument
from zswapsim.units import (
    PAGE_SHIFT,
    PAGE_SIZE,
    format_bytes,
    format_pages,
    format_share,
    parse_pages,
)


def test_a_page_has_4096_bytes() -> None:
    assert PAGE_SIZE == 1 << PAGE_SHIFT == 4096


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("4096", 1),
        ("8191", 1),
        ("8192B", 2),
        ("64k", 16),
        ("64K", 16),
        ("64KiB", 16),
        ("64kb", 16),
        ("64M", 16_384),
        ("1.5GiB", 393_216),
        ("1T", 1 << 28),
        ("300p", 300),
        ("300 pages", 300),
        ("1page", 1),
        ("2.9p", 2),
        (" 50% ", 500),
        ("0.1%", 1),
        ("33.3%", 333),
        ("250 %", 2500),
    ],
)
def test_a_size_is_rounded_down_to_whole_pages(text: str, pages: int) -> None:
    assert parse_pages(text, 1000) == pages


@pytest.mark.parametrize(
    "text", ["", " ", "M", "-1M", "1e3", "1,5G", "0x10", "5 x", "nan", "inf", "1MM", "50%%"]
)
def test_what_is_no_size_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"is no size; allowed are .*64M.*300p.*50%"):
        parse_pages(text, 1000)


@pytest.mark.parametrize("text", ["0", "0%", "0p", "4095", "0.9p", "0.05%", "1k"])
def test_less_than_a_page_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="less than one page of 4096 bytes"):
        parse_pages(text, 1000)


def test_a_percentage_needs_a_whole() -> None:
    with pytest.raises(InvalidArgument, match="a percentage is not allowed here"):
        parse_pages("50%")


@pytest.mark.parametrize("text", ["9" * 400, "9" * 400 + "%", "9" * 400 + "p"])
def test_a_size_beyond_all_measure_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_pages(text, 1000)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (-1536, "-1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (5 << 42, "20.0 TiB"),
    ],
)
def test_bytes_are_written_with_a_binary_unit(size: int, text: str) -> None:
    assert format_bytes(size) == text


def test_pages_are_written_with_their_size() -> None:
    assert format_pages(1596) == "1,596 pages (6.2 MiB)"
    assert format_pages(0) == "0 pages (0 B)"


def test_a_plain_number_is_bytes() -> None:
    assert parse_pages(8192) == 2  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="less than one page"):
        parse_pages(64)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "whole", "digits", "text"),
    [
        (1, 8, 1, "12.5 %"),
        (0, 8, 1, "0.0 %"),
        (0, 8, 2, "0.00 %"),
        (1, 100_000, 1, "<0.1 %"),
        (1, 100_000, 2, "<0.01 %"),
        (1, 1000, 1, "0.1 %"),
        (1, 2000, 1, "0.1 %"),
        (8, 8, 0, "100 %"),
        (3, 0, 1, "0.0 %"),
    ],
)
def test_a_share_that_is_not_nothing_is_not_shown_as_nothing(
    part: int, whole: int, digits: int, text: str
) -> None:
    assert format_share(part, whole, digits) == text
