# SPDX-License-Identifier: GPL-2.0-only
"""What docs/sweep.md shows is what happens: its sessions are run in one folder, in order."""

import re
from pathlib import Path

import pytest
from pages import ROOT, Page, skip_with_other_libraries, with_traces

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = Page("docs/sweep.md", columns=100)


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    skip_with_other_libraries()
    (grid,) = PAGE.blocks("toml")
    (with_traces(tmp_path) / "grid.toml").write_text(grid)
    assert len(PAGE.sessions()) == 4
    for command, shown in PAGE.sessions():
        PAGE.check(command, shown, tmp_path)


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example()
    assert re.fullmatch(r"60% 30 [\d,]+ pages written\n", capsys.readouterr().out)
