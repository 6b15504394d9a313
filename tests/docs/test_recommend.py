# SPDX-License-Identifier: GPL-2.0-only
"""What docs/recommend.md shows is what happens: its sessions are run, in order, in one folder."""

from pathlib import Path

import pytest
from pages import FILE_BYTES, Page, skip_with_other_libraries, with_traces

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = Page("docs/recommend.md", varying=FILE_BYTES)


def test_sessions_and_example_print_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    skip_with_other_libraries()
    assert len(PAGE.sessions()) >= 4
    monkeypatch.chdir(with_traces(tmp_path))
    for command, shown in PAGE.sessions():
        PAGE.check(command, shown, tmp_path, codes=(0, 2))
    PAGE.run_example()
    assert capsys.readouterr().out.startswith("zswap lz4 zbud ")
