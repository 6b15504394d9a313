# SPDX-License-Identifier: GPL-2.0-only
"""The examples' own tests pass."""

import subprocess
import sys
from pathlib import Path

import pytest
from plugin_folder import ROOT, environment, install

EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/pyproject.toml"))


@pytest.mark.parametrize("project", EXAMPLES, ids=lambda path: path.name)
def test_an_example_passes_its_own_tests(project: Path, tmp_path: Path) -> None:
    install(project, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", str(project)],
        cwd=tmp_path,
        env=environment(tmp_path, project),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_there_is_an_example() -> None:
    assert EXAMPLES
