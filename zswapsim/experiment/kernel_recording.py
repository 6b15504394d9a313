# SPDX-License-Identifier: GPL-2.0-only
"""A recording of a real kernel: what its zswap did, page operation by page operation.

Format zswap-oracle-1: zstd-compressed JSON with the experiment's definition, and per step
[operation, where, changed counters, events]. The events are what crossed the zswap boundary; they
are replayed, and everything that follows from them is compared.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zswapsim.errors import TraceError
from zswapsim.trace.checks import strict_json
from zswapsim.units import MAX_PAGES, PAGE_SIZE

FORMAT = "zswap-oracle-1"
MAX_PAGES_BYTES = 1 << 29
MAX_STEPS_BYTES = 1 << 24
MAX_STEPS_TIMES = 100
MOST_STEPS_BYTES = 1 << 26
"""A recording may unpack to the larger of the first two, of its size, but to no more than the last;
parsed, its steps take 25 times as much memory. Those of a kernel unpack to ten times their size."""
MAX_SLOTS = 1 << 20
"""4 GiB of swap. All have a place in the machine, which takes 200 bytes a slot."""
MAX_DIGITS = 9
MAX_NUMBER = 1 << 62
"""Numbers of the machine have 64 bits, and are added to."""
KNOBS = {
    "same_filled": "same_filled_pages_enabled",
    "non_same_filled": "non_same_filled_pages_enabled",
}
"""Short names of knobs in an experiment's definition."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: `op` as text, where the page was afterwards, changed counters, events.

    verify: what else was read afterwards: of a page written to zram its compr_data_size.
    """

    op: str
    where: str
    changed: list[tuple[int, int]]
    events: list[list[Any]]
    verify: str = ""

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
    pages_sha256: str

    @property
    def has_events(self) -> bool:
        """Whether probes recorded the zswap boundary; if not, only counters can be compared."""
        return bool(self.experiment.get("probes", 1))

    @property
    def is_of_zram(self) -> bool:
        """Whether it is of zram: pages written to a device, and no others."""
        letters = {step.words[0] for step in self.steps}
        return "Z" in letters <= {"Z", "v"}

    def changed(self, step: Step) -> list[str]:
        """Return the names of the counters that a step changed."""
        return [self.columns[column] for column, _ in step.changed]

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
    limit_bytes = max(MAX_STEPS_BYTES, MAX_STEPS_TIMES * path.stat().st_size)
    data = _unpack(path, min(limit_bytes, MOST_STEPS_BYTES))
    try:
        raw = strict_json(data)
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
            totalram_pages=_totalram_pages(path, raw["meta"]["totalram_pages"]),
            columns=[str(column) for column in raw["columns"]],
            steps=_steps(path, raw["steps"], len(raw["columns"])),
            pages=_read_pages(path, raw, pages_folder),
            pages_sha256=str(raw["pages_sha256"]),
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, TraceError):
            raise
        raise TraceError(
            f"{path}: a part of the recording is missing or wrong: {error!r}"
        ) from None
    return recording


OPERANDS = {"f": 2, "s": 1, "r": 1, "w": 1, "d": 1, "k": 1, "x": 0, "Z": 1, "v": 1}
"""Operations of a step, with the number of words that follow the letter."""

NUMBERS = {"S": 3, "L": 2, "I": 1, "K": 1, "k": 1, "E": 1, "e": 1, "W": 2, "F": 0}
"""Events, with the number of integers that follow the letter."""


def _totalram_pages(path: Path, value: Any) -> int:
    if not 0 <= int(value) <= MAX_PAGES:
        raise TraceError(f"{path}: totalram_pages is {value!r:.40}; allowed are 0..{MAX_PAGES}")
    return int(value)


def _steps(path: Path, raw: Any, columns: int) -> list[Step]:
    """Check every step, so that nothing after this has to doubt one."""
    if not isinstance(raw, list) or not raw:
        raise TraceError(f"{path}: steps are no list, or none")
    steps = []
    for number, step in enumerate(raw):
        wrong = _wrong(step, columns)
        if wrong:
            raise TraceError(f"{path}: step {number}: {wrong}")
        more = step[4] if len(step) > 4 and isinstance(step[4], dict) else {}
        op, where, changed, events = step[:4]
        steps.append(Step(op, where, changed, events, str(more.get("verify", ""))))
    return steps


def _wrong(step: Any, columns: int) -> str | None:
    """Return what is wrong with a step, or None."""
    if not isinstance(step, list) or len(step) < 4:
        return "not [operation, where, changed, events]"
    op, where, changed, events = step[:4]
    words = op.split() if isinstance(op, str) else []
    if not words or len(words) - 1 != OPERANDS.get(words[0]) or not isinstance(where, str):
        return f"{str(op)[:40]!r} is no operation"
    if words[0] == "k":
        knob, equals, value = words[1].partition("=")
        is_number = value.isdecimal() and len(value) <= MAX_DIGITS
        if not equals or (knob.endswith("_percent") and not is_number):
            return f"{op[:40]!r} sets nothing"
    elif words[0] == "v":
        if "=" not in words[1]:
            return f"{op[:40]!r} sets nothing"
    elif not all(word.isdecimal() and len(word) <= MAX_DIGITS for word in words[1:]):
        return f"{op[:40]!r} has an operand that is no number"
    if not isinstance(changed, list) or not all(_is_change(pair, columns) for pair in changed):
        return "changed is no list of [column, value]"
    if not isinstance(events, list):
        return "events are no list"
    return next((f"{str(e)[:60]} is no event" for e in events if not _is_event(e)), None)


def _is_change(pair: Any, columns: int) -> bool:
    return _numbers(pair, 2) and 0 <= pair[0] < columns


def _is_event(event: Any) -> bool:
    if not isinstance(event, list) or not event or event[0] not in NUMBERS:
        return False
    count = NUMBERS[event[0]]
    has_slot = event[0] in "SLIEW"
    numbers = event[1 : 1 + count]
    return (
        _numbers(numbers, count)
        and all(abs(number) < MAX_NUMBER for number in numbers)
        and (not has_slot or 0 <= event[1] < MAX_SLOTS)
    )


def _numbers(values: Any, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(type(value) is int for value in values)
    )


def _read_pages(path: Path, raw: dict[str, Any], pages_folder: Path | None) -> bytes:
    name = str(raw["experiment"]["pages"])
    if Path(name).name != name:
        raise TraceError(f"{path}: the page set's name {name!r} is not a plain file name")
    pages_path = (pages_folder or path.parent / "pages") / name
    if not pages_path.exists():
        raise TraceError(f"{pages_path}: no such page set; name its folder with --pages")
    pages = _unpack(pages_path, MAX_PAGES_BYTES)
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
