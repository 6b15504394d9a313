# SPDX-License-Identifier: GPL-2.0-only
"""What docs/ratio.md shows is what happens."""

import re

import pytest
from pages import ROOT, Page, skip_with_other_libraries

PAGE = Page("docs/ratio.md")


def test_the_session_prints_what_is_shown() -> None:
    skip_with_other_libraries()
    ((command, shown),) = PAGE.sessions()
    PAGE.check(command, shown)


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example()
    stored, pool_pages = map(int, re.findall(r"\d+", capsys.readouterr().out))
    assert 1.9 < stored / pool_pages <= 2
