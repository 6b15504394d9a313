# SPDX-License-Identifier: GPL-2.0-only
"""What docs/look.md shows is what happens: its sessions are run, in their order, in one folder."""

from pathlib import Path

import pytest
from pages import FILE_BYTES, ROOT, Page, with_traces

PAGE = Page("docs/look.md", varying=FILE_BYTES)


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    assert len(PAGE.sessions()) >= 6
    with_traces(tmp_path)
    for command, shown in PAGE.sessions():
        PAGE.check(command, shown, tmp_path)


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example()
    assert capsys.readouterr().out == "5302 faults in 798 pages\n"
