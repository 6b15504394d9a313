# SPDX-License-Identifier: GPL-2.0-only
"""What a replay found: plain numbers under the kernel's names, as JSON and back."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from zswapsim.errors import InvalidArgument
from zswapsim.json_text import json_text

Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Result of one replay.

    zswap: debugfs counters. zram: its mm_stat and bd_stat, empty for another frontend. vmstat:
    zswpin, zswpout, pswpin, pswpout and others, pgmajfault. memory: the limit, what was resident,
    faults, read-ahead. compression: contents, lengths and ratio of what was stored. seconds:
    compile (or load compiled code), compress, decompress, machine (its loop alone), total.
    bytes: what was carried and checked. faults: what was to fail and how often it did, pages that
    were lost by it; see experiment/faults.py. trace, config: what was replayed, and how.
    complete: False if it was stopped before the end. series, pictures: columns over time, and what
    pictures need besides; both empty unless they were asked for, see experiment/pictures.py.
    """

    zswap: Numbers
    zram: Numbers
    vmstat: Numbers
    memory: Numbers
    compression: Numbers
    bytes: Numbers
    seconds: Numbers
    config: Numbers
    trace: Numbers
    complete: bool = True
    series: dict[str, list[int]] = field(default_factory=dict)
    pictures: Numbers = field(default_factory=dict)
    faults: Numbers = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain dictionaries."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the result as JSON text with sorted keys; from_json gives back an equal one."""
        return json_text(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the result that to_json wrote. InvalidArgument if the text is something else."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidArgument(f"not a result: {error}") from None
        names = {field.name for field in fields(cls)}
        may_lack = {"series", "pictures", "faults"}
        if not isinstance(data, dict) or not names - may_lack <= set(data) <= names:
            raise InvalidArgument(f"not a result: it has to have {', '.join(sorted(names))}")
        return cls(**data)
