# SPDX-License-Identifier: GPL-2.0-only
"""What docs/start.md shows is what happens."""

import re
from pathlib import Path

import lz4
import pytest
from pages import SHOWN_WITH, TIMES, Page, check_try

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = Page("docs/start.md", columns=100, varying=TIMES)


@pytest.mark.parametrize(("command", "shown"), PAGE.sessions())
def test_a_session_prints_what_is_shown(command: str, shown: str) -> None:
    if lz4.library_version_string() != SHOWN_WITH[1]:
        pytest.skip("the library is another one")
    PAGE.check(command, shown)


@pytest.mark.parametrize(("needed", "commands"), PAGE.tries())
def test_the_commands_for_ones_own_workload_end_in_a_replay(
    needed: str, commands: str, tmp_path: Path
) -> None:
    check_try(needed, commands, tmp_path)


def test_the_example_prints_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    (_,) = PAGE.blocks("python")
    PAGE.run_example()
    said = re.search(r"^That prints `(.*)` and `(.*)`\.", PAGE.text, re.M)
    assert said is not None
    assert capsys.readouterr().out.splitlines() == list(said.groups())


def test_there_are_sessions_and_tries() -> None:
    assert len(PAGE.sessions()) == len(PAGE.tries()) == 2
