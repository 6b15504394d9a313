# SPDX-License-Identifier: GPL-2.0-only
"""What README.md shows is what happens: its sessions are run and its Python is executed."""

from pathlib import Path

import pytest
from pages import ROOT, TIMES, Page, check_try

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = Page("README.md", columns=100, varying=TIMES)


@pytest.mark.parametrize(("command", "shown"), PAGE.sessions())
def test_a_session_prints_what_is_shown(command: str, shown: str, tmp_path: Path) -> None:
    for name in ("docs", "tests", "traces"):
        (tmp_path / name).symlink_to(ROOT / name)
    PAGE.check(command, shown, tmp_path)


@pytest.mark.parametrize("at", range(len(PAGE.blocks("python"))))
def test_an_example_runs(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example(at)


@pytest.mark.parametrize(("needed", "commands"), PAGE.tries())
def test_commands_for_ones_own_workload_end_in_a_replay(
    needed: str, commands: str, tmp_path: Path
) -> None:
    check_try(needed, commands, tmp_path)


def test_the_readme_has_sessions_and_examples() -> None:
    assert len(PAGE.sessions()) >= 6
    assert len(PAGE.blocks("python")) >= 2
    assert len(PAGE.tries()) >= 3
