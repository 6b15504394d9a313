# SPDX-License-Identifier: GPL-2.0-only
"""Files whose names are markup, through every command that writes a page: names stay text."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from opened_pages import Browser, launched, needs_chromium, opening
from report_results import HOST
from writing_commands import COMMANDS, Inputs, make_inputs

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.trace.synthetic import random_contents, zipf

pytestmark = needs_chromium
NAME = "<img src=x onerror=window.__pwned=1>&\"'<script>window.__pwned=2<"
"""A legal name of a file, which is markup where it is not escaped: an image that runs a script."""
META = "</script><script>window.__pwned=3</script><svg onload=window.__pwned=4>{{7*7}}"
INJECTED = """() => [
  window.__pwned === undefined,
  document.querySelectorAll('img, svg[onload], [onerror], [onload]').length,
  [...document.scripts].filter(one => one.text.startsWith('window.__pwned')).length,
  document.documentElement.textContent.includes('<img src=x onerror=')
    || document.documentElement.textContent.includes('<svg onload='),
]"""
PAGES = [name for name, (path, _) in COMMANDS.items() if path.endswith(".html")]


def pages(*short: str) -> pytest.MarkDecorator:
    """Commands that write pages; all but the short ones are of the long run."""
    return pytest.mark.parametrize(
        "command",
        [pytest.param(name, marks=() if name in short else pytest.mark.long) for name in PAGES],
    )


SHOWS_NO_NAME = ("host --html",)
"""A host has no name; its own files are those of others, too."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("inputs"), NAME)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Inputs of harmless names, in which the trace itself says to be called so."""
    inputs = make_inputs(tmp_path_factory.mktemp("told"))
    trace = zipf(3000, 100, 0.8, seed=3, contents=random_contents(100, seed=4))
    trace.meta.update(name=META, program=META, what=META)
    trace.save(inputs.trace)
    result = json.loads(inputs.result.read_text())
    result["trace"].update(name=META, program=META)
    inputs.result.write_text(json.dumps(result))
    return inputs


def look(browser: Browser, path: Path, *, shown: bool) -> None:
    """Open a page: nothing runs, nothing is injected, and the name is read as it is."""
    with opening(browser) as opener:
        opened = opener(path)
        opened.page.wait_for_timeout(200)
        quiet, elements, scripts, is_shown = opened.see(INJECTED)
        assert (quiet, elements, scripts) == (True, 0, 0)
        assert is_shown or not shown


@pages("report", "lesson")
def test_a_file_name_that_is_markup_is_text(
    command: str, inputs: Inputs, browser: Browser, tmp_path: Path
) -> None:
    name, words = COMMANDS[command]
    assert main([*words(inputs), str(tmp_path / name)]) == 0
    look(browser, tmp_path / name, shown=False)


@pages("replay --html", "ratio --html")
def test_what_a_trace_says_of_itself_is_text(
    command: str, told: Inputs, browser: Browser, tmp_path: Path
) -> None:
    assert Trace.open(told.trace).name == META
    name, words = COMMANDS[command]
    assert main([*words(told), str(tmp_path / name)]) == 0
    look(browser, tmp_path / name, shown=command not in SHOWS_NO_NAME)


def test_a_copy_of_a_host_whose_name_is_markup_is_text(browser: Browser, tmp_path: Path) -> None:
    copy = tmp_path / f"{NAME}.tar.gz"
    shutil.copy(HOST, copy)
    assert main(["host", str(copy), "--html", str(tmp_path / "x.html")]) == 0
    look(browser, tmp_path / "x.html", shown=False)
