# SPDX-License-Identifier: GPL-2.0-only
"""What docs/promises.md names as evidence is there, and its promises have some."""

import re

import pytest
from lockstep import KINDS
from lockstep_drivers import DRIVER_KINDS
from pages import ROOT, Page

PAGE = Page("docs/promises.md")
PATHS = sorted(set(re.findall(r"`((?:tests|benchmarks|zswapsim|docs)/[\w./]+)`", PAGE.text)))
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.text.partition("## A million operations")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| promise |")
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


def test_every_promise_has_something_that_shows_it() -> None:
    assert len(ROWS) > 20
    assert [row[0] for row in ROWS if "`" not in row[1] and "](#" not in row[1]] == []


def test_a_test_of_a_promise_has_tests() -> None:
    modules = [path for path in PATHS if path.rpartition("/")[2].startswith("test_")]
    texts = {path: (ROOT / path).read_text() for path in modules}
    assert [path for path, text in texts.items() if not re.search("def test_|TestCase", text)] == []


def test_it_tells_how_many_kinds_of_machine_there_are() -> None:
    assert f"{len(KINDS) + len(DRIVER_KINDS)} kinds of machine" in PAGE.text


def test_what_is_to_be_run_is_there() -> None:
    modules = set(re.findall(r"tests\.\w+", "".join(PAGE.blocks("sh"))))
    assert modules == {"tests.mutation", "tests.interpreted"}
    assert (ROOT / "tests" / "mutation" / "__main__.py").is_file()
    assert (ROOT / "tests" / "interpreted.py").is_file()
