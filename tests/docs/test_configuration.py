# SPDX-License-Identifier: GPL-2.0-only
"""What docs/configuration.md shows is what happens: its files are written, its sessions are run."""

import re
from pathlib import Path

import pytest
from pages import Page, commands, lines, with_traces

from zswapsim.cli import ASSERTION_FAILED, INTERRUPTED, help_text
from zswapsim.experiment.settings import KERNEL_NAMES, load_settings

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = Page("docs/configuration.md", columns=100)
TEXT = PAGE.text
FILES = PAGE.blocks("toml")


def write_files(folder: Path) -> None:
    with_traces(folder)
    for name, text in zip(("zswapsim.toml", "wrong.toml"), FILES, strict=True):
        (folder / name).write_text(text)


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    write_files(tmp_path)
    assert len(PAGE.blocks("console")) >= 5
    for block in PAGE.blocks("console"):
        exported: dict[str, str] = {}
        for command, shown in commands(block):
            if command.startswith("export "):
                name, _, value = command.removeprefix("export ").partition("=")
                exported[name] = value
                continue
            # What a pipe carries and what stderr says come in no order.
            printed = PAGE.printed(command, tmp_path, **exported)
            assert sorted(lines(printed)) == sorted(lines(shown)), command


def test_the_kernels_spellings_are_those_in_the_table() -> None:
    for table, names in KERNEL_NAMES.items():
        for name in names:
            spelled = name.replace("_", "-") if table == "vm" else name
            assert f"`{table}.{spelled}`" in TEXT or f"`{spelled}`" in TEXT


def test_exit_codes_are_the_programs() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.M)}
    assert listed == {0, 1, 2, ASSERTION_FAILED, INTERRUPTED}
    in_help = re.search(r"Exit codes:\n(.*)\n", help_text())
    assert in_help is not None
    assert {int(code) for code in re.findall(r"\d+", in_help[1])} == listed


def test_the_file_that_is_shown_can_be_loaded(tmp_path: Path) -> None:
    write_files(tmp_path)
    assert load_settings(tmp_path / "zswapsim.toml")["sweep"]["max_pool_percent"] == [10, 20, 40]
