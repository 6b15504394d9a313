# SPDX-License-Identifier: GPL-2.0-only
"""A recording of a real kernel: what its zswap did, page operation by page operation.

Format zswap-oracle-1: zstd-compressed JSON with the experiment's definition, and per step
[operation, where, changed counters, events]. The events are what crossed the zswap boundary; they
are replayed, and everything that follows from them is compared.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zswapsim.errors import TraceError
from zswapsim.units import PAGE_SIZE

FORMAT = "zswap-oracle-1"
MAX_RECORDING_BYTES = 1 << 29
KNOBS = {
    "same_filled": "same_filled_pages_enabled",
    "non_same_filled": "non_same_filled_pages_enabled",
}
"""Short names of knobs in an experiment's definition."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: `op` as text, where the page was afterwards, changed counters, events."""

    op: str
    where: str
    changed: list[tuple[int, int]]
    events: list[list[Any]]

    @property
    def words(self) -> list[str]:
        """The operation's words: its letter, then what it was done to."""
        return self.op.split()


@dataclass(frozen=True, slots=True)
class KernelRecording:
    """A recording in memory. columns: counter names in index order; pages: the page set."""

    path: Path
    name: str
    kernel: str
    experiment: dict[str, Any]
    totalram_pages: int
    columns: list[str]
    steps: list[Step]
    pages: bytes

    @property
    def has_events(self) -> bool:
        """Whether probes recorded the zswap boundary; if not, only counters can be compared."""
        return bool(self.experiment.get("probes", 1))

    def knobs(self) -> Iterator[tuple[int, str, str]]:
        """Yield every setting as (step, knob, value): the definition's first, at step -1."""
        for key, value in self.experiment.items():
            name = KNOBS.get(key, key)
            if name.endswith(("_percent", "_enabled")) or name in ("zpool", "compressor"):
                yield -1, name, str(value)
        for number, step in enumerate(self.steps):
            if step.words[0] == "k":
                knob, _, value = step.words[1].partition("=")
                yield number, knob, value


def open_recording(path: Path, pages_folder: Path | None = None) -> KernelRecording:
    """Read a recording and its page set.

    pages_folder: where the page set is; the folder `pages` beside the recording unless said.
    TraceError: what is wrong, and where.
    """
    data = _unpack(path, MAX_RECORDING_BYTES)
    try:
        raw = json.loads(data)
    except ValueError as error:
        raise TraceError(f"{path}: not a recording: {error}") from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise TraceError(f"{path}: not a recording of format {FORMAT}")
    try:
        version = raw["meta"]["version"].split()[2]
        recording = KernelRecording(
            path=path,
            name=str(raw["name"]),
            kernel=".".join(version.split("-")[0].split(".")[:2]),
            experiment=dict(raw["experiment"]),
            totalram_pages=int(raw["meta"]["totalram_pages"]),
            columns=[str(column) for column in raw["columns"]],
            steps=[Step(step[0], step[1], step[2], step[3]) for step in raw["steps"]],
            pages=_read_pages(path, raw, pages_folder),
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, TraceError):
            raise
        raise TraceError(
            f"{path}: a part of the recording is missing or wrong: {error!r}"
        ) from None
    return recording


def _read_pages(path: Path, raw: dict[str, Any], pages_folder: Path | None) -> bytes:
    name = str(raw["experiment"]["pages"])
    if Path(name).name != name:
        raise TraceError(f"{path}: the page set's name {name!r} is not a plain file name")
    pages_path = (pages_folder or path.parent / "pages") / name
    if not pages_path.exists():
        raise TraceError(f"{pages_path}: no such page set; name its folder with --pages")
    pages = _unpack(pages_path, MAX_RECORDING_BYTES)
    if hashlib.sha256(pages).hexdigest() != raw["pages_sha256"] or len(pages) % PAGE_SIZE:
        raise TraceError(f"{pages_path}: not the page set of {path.name} (its sha256 differs)")
    return pages


def _unpack(path: Path, limit_bytes: int) -> bytes:
    import zstandard

    try:
        with path.open("rb") as file:
            reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(file)
            data = reader.read(limit_bytes + 1)
    except zstandard.ZstdError as error:
        raise TraceError(f"{path}: not a zstd file, or damaged: {error}") from None
    if len(data) > limit_bytes:
        raise TraceError(f"{path}: unpacks to more than {limit_bytes} bytes")
    return data
