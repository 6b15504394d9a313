# SPDX-License-Identifier: GPL-2.0-only
"""docs/traces.md names every format and every column, and its example is a format."""

import re
from pathlib import Path

import numpy as np
import pytest

from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import Input
from zswapsim.trace.readers import table
from zswapsim.trace.readers.foreign import ForeignFormat

TEXT = (Path(__file__).parents[2] / "docs" / "traces.md").read_text()
FOREIGN = [name for name in FORMATS.names() if isinstance(FORMATS.get(name), ForeignFormat)]
EXAMPLES = re.findall(r"^```python\n((?:.*\n)*?)```$", TEXT, re.M)


@pytest.mark.parametrize("name", FOREIGN)
def test_every_format_of_other_tools_has_a_row(name: str) -> None:
    assert re.search(rf"^\| (`[\w-]+`, )?`{name}`", TEXT, re.M)


@pytest.mark.parametrize("role", table.NAMES)
def test_every_name_of_a_column_is_listed(role: str) -> None:
    listed = set(re.findall(r"`(\w+)`", TEXT))
    assert set(table.NAMES[role].split()) <= listed


def test_the_rows_of_addresses_are_recognised() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (?!what)", TEXT.partition("### Addresses")[2], re.M)[:5]
    assert len(rows) == 5
    for row in rows:
        assert FORMATS.get("address").recognises(Path("x"), f"{row}\n".encode()), row


def test_the_example_reads_what_it_says(tmp_path: Path) -> None:
    names: dict[str, type[ForeignFormat]] = {}
    exec(compile(EXAMPLES[0], "traces.md", "exec"), names)
    path = tmp_path / "mine"
    path.write_bytes(b"# mine\n17 in 0x7ffe3c10\n18 out 0x1000\n")
    source = Input(path)
    mine = names["MineFormat"]()
    assert mine.recognises(path, source.head)
    trace = mine.open(source)
    assert np.concatenate(list(trace.blocks(10))).tolist() == [0, 1 | 1 << 31]
