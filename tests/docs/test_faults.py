# SPDX-License-Identifier: GPL-2.0-only
"""What docs/faults.md shows is what happens: its sessions are run in one folder, in order."""

import re
from pathlib import Path

from pages import TIMES, Page, skip_with_other_libraries, with_traces

from zswapsim.experiment.faults import KINDS, parse_fault

PAGE = Page("docs/faults.md", columns=100, varying=TIMES)


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    skip_with_other_libraries()
    with_traces(tmp_path)
    assert len(PAGE.sessions()) == 5
    for command, shown in PAGE.sessions():
        PAGE.check(command, shown, tmp_path)


def test_the_settings_are_plans() -> None:
    (settings,) = PAGE.blocks("toml")
    plans = re.findall(r'"([^"]+)"', settings)
    assert [parse_fault(plan).kind.name for plan in plans] == ["read-error", "bad-slots"]


def test_every_kind_is_told_of() -> None:
    rows = "".join(line for line in PAGE.text.splitlines() if line.startswith("| `"))
    assert [name for name in KINDS if f"`{name}`" not in rows] == []
