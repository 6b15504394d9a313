# SPDX-License-Identifier: GPL-2.0-only
"""What docs/curves.md shows is what happens."""

import pytest
from pages import ROOT, Page

PAGE = Page("docs/curves.md")


def test_the_sessions_print_what_is_shown() -> None:
    assert len(PAGE.sessions()) == 3
    for command, shown in PAGE.sessions():
        PAGE.check(command, shown, codes=(0, 2))


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["223 pages", "446 pages", "1117 pages"]
