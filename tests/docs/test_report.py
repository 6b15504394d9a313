# SPDX-License-Identifier: GPL-2.0-only
"""What docs/report.md shows is what happens: its sessions are run in one folder, in order."""

from pathlib import Path

import pytest
from pages import ROOT, Page, with_traces

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = Page("docs/report.md", columns=100)


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    with_traces(tmp_path)
    assert len(PAGE.sessions()) == 5
    for command, shown in PAGE.sessions():
        PAGE.check(command, shown, tmp_path, codes=(0, 2))
    page = (tmp_path / "report.html").read_text()
    assert page.count('<section class="chapter"') == 3
    assert 4.5e6 < len(page) < 6e6


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example()
    count, start = capsys.readouterr().out.splitlines()
    assert count in ("240 samples", "241 samples")
    assert start == "<!DOCTYPE html>"
