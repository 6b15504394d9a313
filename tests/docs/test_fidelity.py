# SPDX-License-Identifier: GPL-2.0-only
"""What docs/fidelity.md names is there; its recordings are compared in tests/golden."""

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "fidelity.md").read_text()
FUNCTIONS = re.findall(r"`(machine\.[a-z0-9_.]+)`", PAGE)
RECORDINGS = re.findall(r"^\| (\w[\w-]*) \| ([\d,]+) \| ([\d,]+) \| [-\d,]+ \|$", PAGE, re.M)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_the_page_names_is_there(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert callable(getattr(import_module(f"zswapsim.{module}"), function))


def test_the_page_adds_its_recordings_up() -> None:
    total = sum(int(steps.replace(",", "")) for _, steps, _ in RECORDINGS)
    assert all(steps == equal for _, steps, equal in RECORDINGS)
    assert f"| all {len(RECORDINGS)} | {total:,} | {total:,} | |" in PAGE


def test_the_page_names_functions_and_recordings() -> None:
    assert len(FUNCTIONS) > 20
    assert len(RECORDINGS) > 20
