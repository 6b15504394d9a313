# SPDX-License-Identifier: GPL-2.0-only
"""Snapshots of live processes: of one, or of all those of a cgroup."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from zswapsim.errors import TraceError
from zswapsim.progress import Progress
from zswapsim.trace.images.cgroup import cgroup_folder, cgroup_pids
from zswapsim.trace.images.pagemap import PageCounts
from zswapsim.trace.images.process import Process, ProcessEnded
from zswapsim.trace.images.sample import DEFAULT_PAGES, Sample
from zswapsim.trace.images.snapshot import sampled_snapshot
from zswapsim.trace.trace import Trace
from zswapsim.units import MAX_SPACES


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """How to read live processes.

    sample_pages, seed: as for Sample; swapped: bring in and take what is swapped out; stop: keep
    each process stopped while it is read.
    """

    sample_pages: int = DEFAULT_PAGES
    seed: int = 0
    swapped: bool = False
    stop: bool = False


@dataclass(slots=True)
class _Taken:
    """What was read so far. problems: who could not be read, and why."""

    sample: Sample
    options: LiveOptions
    counts: PageCounts = field(default_factory=PageCounts)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, options: LiveOptions) -> "_Taken":
        """Return one of which nothing was read."""
        return cls(Sample(options.sample_pages, options.seed), options)

    @property
    def state(self) -> str:
        """What the processes did meanwhile."""
        return "stopped while it was read" if self.options.stop else "running while it was read"

    def read(self, process: Process, ordinal: int, progress: Callable[[int], None] | None) -> None:
        """Read one process; TraceError if that fails, with what was read before still there."""
        with process.stopped() if self.options.stop else nullcontext():
            process.read(
                self.sample,
                self.counts,
                swapped=self.options.swapped,
                ordinal=ordinal,
                progress=progress,
            )

    def try_read(self, pid: int, ordinal: int, progress: Callable[[int], None] | None) -> str:
        """Read a process; return its name, or "" if nothing was, and keep the reason."""
        try:
            with Process(pid) as process:
                before = self.sample.windows
                try:
                    self.read(process, ordinal, progress)
                except ProcessEnded as error:
                    if self.sample.windows == before:
                        raise
                    self.problems.append(f"{error}; what was read before is kept")
                return process.comm
        except TraceError as error:
            self.problems.append(str(error))
            return ""

    def snapshot(self, meta: dict[str, Any], progress: Progress | None) -> Trace:
        """Return the trace."""
        counts = self.counts
        present = counts.present + (counts.swapped if self.options.swapped else 0)
        told = {
            "origin": "live",
            "present_pages": present,
            "resident_pages": counts.present,
            "swapped_pages": counts.swapped,
            "swapped_taken": self.options.swapped,
            "untouched_pages": counts.untouched,
            "shared_zero_pages": counts.zero_page,
            "file_pages": counts.file,
            "unreadable_pages": counts.unreadable,
        }
        return sampled_snapshot(self.sample, meta | told, seed=self.options.seed, progress=progress)


def process_snapshot(
    pid: int, options: LiveOptions | None = None, *, progress: Progress | None = None
) -> Trace:
    """Read one process. TraceError if it cannot be read, or ends meanwhile: then there is none."""
    taken = _Taken.begin(options or LiveOptions())
    with Process(pid) as process:
        taken.read(process, 0, _expected(taken, [process.count()], progress))
        comm, who = process.comm, process.who
    return taken.snapshot(
        {
            "name": comm,
            "program": comm,
            "what": f"live memory of {who}",
            "contents_from": f"memory of {who}, {taken.state}",
        },
        progress,
    )


def cgroup_snapshot(
    path: str, options: LiveOptions | None = None, *, progress: Progress | None = None
) -> tuple[Trace, list[str]]:
    """Read all processes of a cgroup; return the trace, and who could not be read, and why.

    Page numbers have the process's ordinal above NUMBER_BITS. What was read of a process that ends
    meanwhile is kept, and said. TraceError if there is no such cgroup, or nothing could be read.
    """
    taken = _Taken.begin(options or LiveOptions())
    folder = cgroup_folder(path)
    pids, taken.problems = cgroup_pids(folder)
    readable: dict[int, PageCounts] = {}
    for pid in pids:
        try:
            with Process(pid) as process:
                readable[pid] = process.count()
        except TraceError as error:
            taken.problems.append(str(error))
    if len(readable) > MAX_SPACES:
        raise TraceError(f"{folder}: {len(readable)} processes; allowed are {MAX_SPACES}")
    tell = _expected(taken, readable.values(), progress)
    names = [taken.try_read(pid, ordinal, tell) for ordinal, pid in enumerate(readable)]
    names = [name for name in names if name]
    if not names:
        why = "; ".join(taken.problems[:3]) or "there is none"
        raise TraceError(f"{folder}: no process could be read: {why}")
    kinds = sorted(set(names))
    meta = {
        "name": folder.name,
        "program": ", ".join(kinds[:8]) + (" and others" if len(kinds) > 8 else ""),
        "what": f"live memory of {len(names)} processes of the cgroup {folder}",
        "contents_from": f"memory of {len(names)} processes of the cgroup {folder.name}, "
        + taken.state,
        "processes": len(names),
        "unreadable_processes": len(pids) - len(names),
    }
    return taken.snapshot(meta, progress), taken.problems


def _expected(
    taken: _Taken, counted: Iterable[PageCounts], progress: Progress | None
) -> Callable[[int], None] | None:
    """Tell the sample how much there is, so that it wants what it keeps; return what to tell of."""
    pages = [counts.present + taken.options.swapped * counts.swapped for counts in counted]
    taken.sample.expect(sum(-(-count // taken.sample.window_pages) for count in pages))
    if progress is None:
        return None
    done, total = 0, sum(pages)

    def tell(passed: int) -> None:
        nonlocal done
        done += passed
        progress("reading", done, max(total, done))

    return tell


__all__ = ["LiveOptions", "cgroup_snapshot", "process_snapshot"]
