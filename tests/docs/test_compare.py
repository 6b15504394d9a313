# SPDX-License-Identifier: GPL-2.0-only
"""What docs/compare.md shows is what happens."""

import pytest
from pages import ROOT, Page, skip_with_other_libraries

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = Page("docs/compare.md")


@pytest.mark.parametrize(("command", "shown"), PAGE.sessions())
def test_the_sessions_print_what_is_shown(command: str, shown: str) -> None:
    skip_with_other_libraries()
    PAGE.check(command, shown)


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example()
    assert capsys.readouterr().out == "nvme plain swap\nssd zram\n"


def test_three_sessions_are_looked_at() -> None:
    assert len(PAGE.sessions()) == 3
