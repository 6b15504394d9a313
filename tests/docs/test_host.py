# SPDX-License-Identifier: GPL-2.0-only
"""What docs/host.md shows is what happens."""

import pytest
from pages import ROOT, Page

PAGE = Page("docs/host.md")


@pytest.mark.parametrize(("command", "shown"), PAGE.sessions())
def test_a_session_prints_what_is_shown(command: str, shown: str) -> None:
    PAGE.check(command, shown)


def test_there_are_sessions() -> None:
    assert len(PAGE.sessions()) >= 2


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example()
    assert capsys.readouterr().out == "97.5 1.61\n"
