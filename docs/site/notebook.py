# SPDX-License-Identifier: GPL-2.0-only
"""The notebook as a page: its text and code. Its pictures are made where it is run."""

import json
from pathlib import Path

PATH = Path(__file__).parents[1] / "notebook.ipynb"


def markdown() -> str:
    """Return the cells, those of code fenced."""
    cells = json.loads(PATH.read_text())["cells"]
    return "\n\n".join(
        "".join(cell["source"])
        if cell["cell_type"] == "markdown"
        else f"```python\n{''.join(cell['source'])}\n```"
        for cell in cells
    )
