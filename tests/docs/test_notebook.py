# SPDX-License-Identifier: GPL-2.0-only
"""docs/notebook.ipynb runs from top to bottom, with a live process and without one."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOK = nbformat.read(DOCS / "notebook.ipynb", as_version=4)
LIVE = "process_snapshot(child.pid"
RUN = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.stdin, as_version=4)
nbclient.NotebookClient(notebook, timeout=120).execute()
nbformat.write(notebook, sys.stdout)
"""


def run(notebook: nbformat.NotebookNode, folder: Path) -> list[nbformat.NotebookNode]:
    """Run a notebook in docs/, in a process of its own, and return the outputs."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=nbformat.writes(notebook),
        cwd=DOCS,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(DOCS.parent), "IPYTHONDIR": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    cells = nbformat.reads(done.stdout, as_version=4).cells
    return [output for cell in cells for output in cell.get("outputs", [])]


@pytest.mark.parametrize("process", [LIVE, "process_snapshot(2**22"], ids=["live", "refused"])
def test_the_notebook_runs_to_its_picture(process: str, tmp_path: Path) -> None:
    notebook = nbformat.reads(nbformat.writes(NOTEBOOK).replace(LIVE, process, 1), as_version=4)
    *printed, picture = run(notebook, tmp_path)
    text = "".join(output.get("text", "") for output in printed)
    assert "different contents" in text
    assert "came back and were equal to what was stored" in text
    figure = picture["data"]["application/vnd.plotly.v1+json"]
    assert [line["name"] for line in figure["data"]] == ["zbud", "z3fold", "zsmalloc"]
    assert all(len(line["x"]) == 4 for line in figure["data"])


def test_the_notebook_is_kept_without_outputs() -> None:
    nbformat.validate(NOTEBOOK)
    codes = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    assert len(codes) >= 6
    assert not any(cell.outputs or cell.execution_count for cell in codes)
    assert LIVE in codes[0].source
